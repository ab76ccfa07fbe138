"""A sheet as a grid of cells, with what its layout says: merged ranges, hidden rows and columns.

Values are what Excel last calculated and stored (no formula is run, no link followed).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from budget_watch.money import plain_figure

Cell = str | int | float | bool | datetime | date | time | None

_SPACES = re.compile(r"[\s\u3000\u200b\ufeff]+")
_DASHES = frozenset({"-", "—", "——", "－", "–", "/", "…", "……", "无", "*"})


@dataclass(frozen=True)
class Grid:
    """Rows of cells; row and column numbers count from 0, as in the sheet from its first cell."""

    workbook: str
    sheet: str
    rows: list[list[Cell]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # r0, c0, r1, c1
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    laid_out: bool = False  # False: merged and hidden are unknown
    first_row: int = 0  # sheet row of rows[0]
    hidden: bool = False  # the sheet itself: nobody who opens the workbook sees it

    @property
    def width(self) -> int:
        """Return the number of columns of the widest row."""
        return max((len(row) for row in self.rows), default=0)

    def at(self, row: int, column: int) -> Cell:
        """Return a cell; None outside the grid."""
        if row < 0 or row >= len(self.rows) or column >= len(self.rows[row]):
            return None
        return self.rows[row][column]

    def text(self, row: int, column: int) -> str:
        """Return a cell as normalised text, '' for nothing."""
        return squeeze(self.at(row, column))

    def is_blank(self, row: int) -> bool:
        """Tell whether no cell of the row holds anything."""
        return all(squeeze(cell) == "" for cell in self.rows[row])


def squeeze(cell: Cell) -> str:
    """Return the cell as text without any spaces or line breaks, full-width forms folded (NFKC)."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return _SPACES.sub("", unicodedata.normalize("NFKC", str(cell)))


def label(cell: Cell) -> str:
    """Return the cell as text for people: outer blanks and line breaks gone, inner kept single."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return " ".join(unicodedata.normalize("NFC", str(cell)).replace("\u3000", " ").split())


def indent(cell: Cell) -> int:
    """Return how many blanks stand before the text (a full-width blank counts two)."""
    if not isinstance(cell, str):
        return 0
    count = 0
    for char in cell:
        if char == "\u3000":
            count += 2
        elif char in " \t\xa0":
            count += 1
        else:
            break
    return count


def number(cell: Cell) -> Decimal | None:
    """Return the exact decimal value of a cell; None where it holds nothing or a dash.

    Raises ValueError when it holds other text. Percent signs and text numbers are read.
    """
    if cell is None or isinstance(cell, bool):
        return None
    if isinstance(cell, int):
        return Decimal(cell)
    if isinstance(cell, float):
        return Decimal(f"{cell:.15g}") if math.isfinite(cell) else None  # Excel keeps 15 digits
    if isinstance(cell, datetime | date | time):
        raise ValueError(f"“{cell}”是日期，不是数字")
    text = squeeze(cell)
    if text == "" or text in _DASHES:
        return None
    shown = unicodedata.normalize("NFKC", str(cell)).strip()
    negative = shown.startswith("(") and shown.endswith(")")
    body = shown[1:-1].strip() if negative else shown
    percent = body.endswith("%")
    plain = plain_figure(body.removesuffix("%"))
    if plain is None:
        raise ValueError(f"“{label(cell)}”不是数字")
    value = Decimal(plain)
    if percent:
        value /= 100
    return -value if negative else value
