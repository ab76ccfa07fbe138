"""A page's chart as Excel's own chart, drawn from cells that stand beside the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from budget_watch.digest.page_book import Measured, Plot, Series

_INK = "#24425F"
_DASHES = {"solid": "solid", "dot": "round_dot", "dash": "dash"}
_FORMS = {"line": "line", "column": "column", "bar": "bar", "waterfall": "column"}


class Writes(Protocol):
    """What puts cells into a sheet."""

    def text(self, sheet: Any, at: tuple[int, int], words: str, kind: str = "") -> None:
        """A text."""

    def number(self, sheet: Any, at: tuple[int, int], found: Measured, kind: str = "") -> None:
        """A number."""


def add_chart(book: Any, sheet: Any, plot: Plot, at: tuple[int, int], pen: Writes) -> None:
    """Put the chart's numbers from a cell on, and the chart to the right of them."""
    line, column = at
    series = steps(plot) if plot.form == "waterfall" else plot.series
    pen.text(sheet, (line - 1, column), f"绘图数据：{plot.sub}", "note")
    pen.text(sheet, at, "分类", "head")
    for row, name in enumerate(plot.categories, line + 1):
        pen.text(sheet, (row, column), name)
    stacked = plot.stacked or plot.form == "waterfall"
    kind = {"type": _FORMS[plot.form]} | ({"subtype": "stacked"} if stacked else {})
    chart = book.add_chart(kind)
    last = line + len(plot.categories)
    for offset, each in enumerate(series, column + 1):
        pen.text(sheet, (line, offset), each.name, "head")
        for row, value in enumerate(each.values, line + 1):
            if value is not None:
                pen.number(sheet, (row, offset), Measured(float(value), "#,##0.00"))
        chart.add_series(
            {
                "name": [sheet.name, line, offset],
                "categories": [sheet.name, line + 1, column, last, column],
                "values": [sheet.name, line + 1, offset, last, offset],
                **_dress(plot, each),
            }
        )
    chart.set_title({"name": plot.title, "name_font": {"size": 11, "bold": True}, "overlay": False})
    legend: dict[str, Any] = {"position": "bottom"} if len(series) > 1 else {"none": True}
    unseen = [at for at, each in enumerate(series) if not each.colour]
    chart.set_legend(legend | ({"delete_series": unseen} if unseen else {}))
    grid = {"visible": True, "line": {"color": "#D5DAE0"}}
    chart.set_y_axis({"major_gridlines": grid, "num_format": "#,##0.##", "min": _floor(series)})
    chart.show_blanks_as("gap")
    chart.set_size({"width": 640, "height": 340})
    sheet.insert_chart(line, column + len(series) + 2, chart)


def steps(plot: Plot) -> tuple[Series, ...]:
    """A waterfall as stacked columns: an unseen base, what stands, what is added, what is taken."""
    first = plot.series[0]
    base: list[float | None] = []
    stands: list[float | None] = []
    added: list[float | None] = []
    taken: list[float | None] = []
    running = 0.0
    for value, kind in zip(first.values, first.steps, strict=True):
        step = value or 0.0
        before = running
        running = running + step if kind == "relative" else step
        whole = kind != "relative"
        base.append(None if whole else min(before, running))
        stands.append(step if whole else None)
        added.append(step if not whole and step >= 0 else None)
        taken.append(-step if not whole and step < 0 else None)
    return (
        Series("起点", tuple(base), fill=False, colour=""),
        Series("数额", tuple(stands), colour=_INK),
        Series("增加", tuple(added), colour="#B4C0CC"),
        Series("减少", tuple(taken), fill=False),
    )


def _dress(plot: Plot, each: Series) -> dict[str, Any]:
    if plot.form == "line":
        line = {"color": each.colour, "width": 2, "dash_type": _DASHES.get(each.dash, "solid")}
        return {"line": line, "marker": {"type": "none"}}
    if not each.colour:
        return {"fill": {"none": True}, "border": {"none": True}}
    if each.fill:
        return {"fill": {"color": each.colour}, "border": {"color": "#7D8793"}, "gap": 60}
    return {"fill": {"none": True}, "border": {"color": _INK}, "gap": 60}


def _floor(series: Sequence[Series]) -> float | None:
    """Columns and lines of amounts start at zero, unless something is below it."""
    low = min((v for each in series for v in each.values if v is not None), default=0.0)
    return 0.0 if low >= 0 else None
