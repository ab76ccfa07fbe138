"""Charts (pages.md §1.5): ink and outline, labels at the data, one axis, the table beside it.

Every chart comes with the same numbers as a table, which is its text alternative.
Ticks are made here in 万元/亿元, for d3 knows neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc

from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.parts import Node, attrs
from dashboard.table import Column, Line, table, unit_of

FACE = (
    '-apple-system, "Segoe UI", "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", '
    '"Microsoft YaHei", sans-serif'
)


@dataclass(frozen=True)
class Ink:
    """Colours of one theme; none of them is a level."""

    surface: str
    text: str
    note: str
    line: str
    actual: str
    last: str
    last_line: str


LIGHT = Ink("#FFFFFF", "#1B2430", "#5C6774", "#D5DAE0", "#24425F", "#B4C0CC", "#7D8793")
DARK = Ink("#1A2129", "#E8ECF0", "#929DA9", "#323C47", "#C9DDF0", "#4B5763", "#7C8794")


@dataclass
class Drawing:
    """A plotly figure as plain data: its classes would spend most of a page's time on checks."""

    traces: list[dict[str, Any]]
    layout: dict[str, Any]

    def add(self, kind: str, **trace: Any) -> None:
        """Put a trace on the drawing."""
        self.traces.append({"type": kind, **trace})

    def set(self, **layout: Any) -> None:
        """Change the layout; settings of an axis are added to those it has."""
        for name, value in layout.items():
            kept = self.layout.get(name)
            both = isinstance(kept, dict) and isinstance(value, dict)
            self.layout[name] = {**kept, **value} if both and kept else value

    @property
    def data(self) -> dict[str, Any]:
        """What the browser gets."""
        return {"data": self.traces, "layout": self.layout}


def ink(dark: bool) -> Ink:
    """The colours of a theme."""
    return DARK if dark else LIGHT


def unit_for(largest: int) -> fmt.Unit:
    """亿元 when the largest amount reaches one 亿, else 万元."""
    return "yi" if abs(largest) >= 10_000_000_000 else "wan"


def scaled(fen: int | None, unit: fmt.Unit) -> float | None:
    """Fen in a chart's unit. Only for drawing: texts are made from the exact amount."""
    return None if fen is None else fen / {"yuan": 1e2, "wan": 1e6, "yi": 1e10}[unit]


def shown(
    figure: Drawing,
    title: str,
    sub: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Node]],
    *,
    height: int = 220,
) -> html.Figure:
    """A chart with its sentence, its subtitle and its table."""
    figure.set(height=height)
    lines = [Line(row) for row in rows]
    unit = unit_of(lines)
    return html.Figure(
        [
            html.Figcaption(
                [html.Strong(title), html.Span(sub, className="note")], className="chart-title"
            ),
            html.Div(
                dcc.Graph(
                    figure=figure.data,
                    responsive=True,
                    config={"displayModeBar": False, "scrollZoom": False, "staticPlot": False},
                    style={"height": f"{height}px", "width": "100%"},
                ),
                className="chart",
                role="img",
                **attrs({"aria-label": f"{title} {sub}"}),
            ),
            html.Details(
                [
                    html.Summary(f"查看数据表（{unit}）" if unit else "查看数据表"),
                    table(title, columns, lines),
                ],
                className="data",
            ),
        ]
    )


def base(colours: Ink, left: int = 56, right: int = 16, top: int = 12, bottom: int = 28) -> Drawing:
    """An empty figure in our dress."""
    axis = {
        "gridcolor": colours.line,
        "zerolinecolor": colours.last_line,
        "linecolor": colours.last_line,
        "tickfont": {"size": 12, "color": colours.note},
        "fixedrange": True,
        "automargin": True,
    }
    drawing = Drawing([], {})
    drawing.set(
        paper_bgcolor=colours.surface,
        plot_bgcolor=colours.surface,
        font={"family": FACE, "size": 12, "color": colours.text},
        margin={"l": left, "r": right, "t": top, "b": bottom, "pad": 0},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        separators=".,",
        hoverlabel={
            "bgcolor": colours.surface,
            "bordercolor": colours.last_line,
            "font": {"family": FACE, "size": 12, "color": colours.text},
        },
        xaxis={**axis, "showgrid": False},
        yaxis={**axis, "showline": False},
        uirevision="kept",
    )
    return drawing


def money_axis(figure: Drawing, largest: int, unit: fmt.Unit, axis: str = "yaxis") -> None:
    """Ticks in the chart's unit, from zero."""
    step = nice_step(abs(scaled(largest, unit) or 0))
    values = [step * i for i in range(6) if step * i <= (scaled(largest, unit) or 0) * 1.12 + 1e-9]
    figure.set(
        **{
            axis: {
                "tickvals": values,
                "ticktext": [plain(v) for v in values],
                "range": [0, max((scaled(largest, unit) or 0) * 1.12, step)],
            }
        }
    )


def nice_step(largest: float) -> float:
    """A round step that makes about four ticks up to the largest value."""
    if largest <= 0:
        return 1.0
    rough, power = largest / 4, 1.0
    while rough >= 10:
        rough, power = rough / 10, power * 10
    while rough < 1:
        rough, power = rough * 10, power / 10
    return next(nice for nice in (1, 2, 2.5, 5, 10) if nice >= rough) * power


def plain(value: float) -> str:
    """A tick's number, without decimals that say nothing."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def cumulated(months: Sequence[int | None]) -> list[int | None]:
    """Running sums; nothing after the first unknown month."""
    total = 0
    result: list[int | None] = []
    for value in months:
        if value is None:
            result.append(None)
            continue
        total += value
        result.append(total)
    return result
