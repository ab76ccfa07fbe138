"""What is taken away of a page: its head, its key figures, its tables and charts as plain data.

`page_sheets` writes it as a workbook, `page_csv` one of its tables as text, `page_plot` a chart as
a drawing. Money is exact fen; every other cell is the text that the page shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from budget_watch.views.formats import UNIT_TITLES, Unit

FEN: dict[Unit, int] = {"yuan": 100, "wan": 1_000_000, "yi": 10_000_000_000}
_NUMBER = re.compile(r"([+-]?)([0-9]{1,3}(?:,[0-9]{3})*|[0-9]+)(\.[0-9]+)?(%|倍|个百分点|天|笔)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Cell:
    """One cell as the page shows it.

    Attributes:
        fen: the exact amount, where the cell is money.
        unit: the unit its text is written in.
    """

    text: str
    fen: int | None = None
    unit: Unit = "yuan"


@dataclass(frozen=True)
class Measured:
    """A cell that is a number or a day: its value, and how a spreadsheet shows it.

    Attributes:
        value: money in its unit, a share as a part of one, otherwise the number itself.
    """

    value: float | date
    format: str


@dataclass(frozen=True)
class Title:
    """A column's head; a column of numbers is read as numbers."""

    text: str
    number: bool = False


@dataclass(frozen=True)
class Row:
    """One row: its cells, what kind of row it is (``total``, ``gap`` …), how deep it stands."""

    cells: tuple[Cell, ...]
    kind: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Series:
    """One trace of a chart.

    Attributes:
        values: in the chart's unit, one a category; None = nothing there.
        steps: of a waterfall: ``absolute``, ``relative`` or ``total``, one a category.
        dash: solid, dot or dash.
        fill: of bars; None = outline only.
    """

    name: str
    values: tuple[float | None, ...]
    steps: tuple[str, ...] = ()
    colour: str = "#24425F"
    dash: str = "solid"
    fill: bool = True


@dataclass(frozen=True)
class Plot:
    """A chart: its form (line, column, bar, waterfall), its categories and traces."""

    title: str
    sub: str
    form: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    stacked: bool = False


@dataclass(frozen=True)
class Sheet:
    """One table of a page with what stands around it.

    Attributes:
        title: unique within the page. sub, unit, source: as printed at the block.
        terms: its 口径, name and words.
        plot: the chart whose numbers the table holds.
    """

    title: str
    columns: tuple[Title, ...]
    rows: tuple[Row, ...]
    sub: str = ""
    unit: str = ""
    source: str = ""
    terms: tuple[tuple[str, str], ...] = ()
    plot: Plot | None = None


@dataclass(frozen=True)
class KeyFigure:
    """A figure of a page that stands outside its tables."""

    block: str
    label: str
    text: str
    notes: str
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PageBook:
    """A page as it is taken away.

    Attributes:
        lead: its conclusion. address: with the snapshot, so that it shows the same again.
        told: what a block says instead of figures (block, sentence).
        extent: 当前页 or 全部n行, as chosen.
    """

    title: str
    lead: str
    address: str
    as_of: date
    snapshot: str
    unit: Unit
    figures: tuple[KeyFigure, ...]
    sheets: tuple[Sheet, ...]
    told: tuple[tuple[str, str], ...] = ()
    extent: str = ""

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {sheet.title: len(sheet.rows) for sheet in self.sheets}

    @property
    def money(self) -> str:
        """The unit of money."""
        return UNIT_TITLES[self.unit]


def measured(cell: Cell, number: bool) -> Measured | None:
    """A cell as a number or a day; None where it is text, or would be misread as a number."""
    if cell.fen is not None:
        return Measured(cell.fen / FEN[cell.unit], "#,##0.00")
    if _DAY.fullmatch(cell.text):
        try:
            return Measured(date.fromisoformat(cell.text), "yyyy-mm-dd")
        except ValueError:
            return None
    found = _NUMBER.fullmatch(cell.text)
    if found is None or not (number or found[4] == "%"):
        return None
    sign, whole, part, mark = found[1], found[2].replace(",", ""), found[3] or "", found[4] or ""
    shape = ("0" if mark == "%" else "#,##0") + ("." + "0" * (len(part) - 1) if part else "")
    shape += mark if mark in ("", "%") else f'"{mark}"'
    if sign == "+":
        shape = f"+{shape};-{shape};{shape}"
    value = Decimal(f"{'-' if sign == '-' else ''}{whole}{part}")
    return Measured(float(value / 100 if mark == "%" else value), shape)
