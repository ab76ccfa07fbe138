"""Gathers the rows that a published table gives, with what was wrong in single cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl

from budget_watch.tables import contract as contract_of
from budget_watch.tables import polars_schema
from ingest.bind.words import FEN
from ingest.sources.grid import Cell, label, number

REASON = "_reason"
ROUND = "round_fen"


@dataclass
class Records:
    """Rows of one table, gathered from one sheet. Money is fen."""

    table: str
    sheet: str
    form: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: dict[str, Any], src_row: int, reasons: list[str] | None = None) -> None:
        """Add one row; `src_row` is the sheet's row counted from 1."""
        self.rows.append({**values, "src_row": src_row, REASON: "；".join(reasons or []) or None})

    def frame(self, constants: dict[str, Any]) -> pl.DataFrame:
        """Return the rows with the contract's columns, src_row, data_status, round_fen, reason."""
        wanted = polars_schema(contract_of(self.table), technical=False)
        schema = pl.Schema(
            {
                **wanted,
                "src_row": pl.Int32(),
                "data_status": pl.String(),
                ROUND: pl.Int64(),
                REASON: pl.String(),
                "_sheet": pl.String(),
            }
        )
        rows = [
            {name: {**constants, **row, "_sheet": self.sheet}.get(name) for name in schema}
            for row in self.rows
        ]
        return pl.DataFrame(rows, schema=schema, strict=True)


@dataclass
class Money:
    """Reads money cells of one sheet into fen, and watches how many digits they show."""

    unit: str
    digits: int = 0

    def read(self, cell: Cell, what: str, row: int, reasons: list[str]) -> int | None:
        """Return fen; None for a blank. Text that is no number adds a reason (row from 1)."""
        try:
            value = number(cell)
        except ValueError as error:
            reasons.append(f"第{row}行“{what}”{_complaint(error, cell)}")
            return None
        return None if value is None else self.fen(value)

    def fen(self, value: Decimal) -> int:
        """Return an amount in the sheet's unit as fen, rounded half up, and note its digits."""
        shown = value.quantize(Decimal("1e-10"), rounding=ROUND_HALF_UP).normalize()
        exponent = shown.as_tuple().exponent
        self.digits = max(self.digits, -exponent if isinstance(exponent, int) else 0)
        fen = (value * FEN[self.unit]).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return int(fen)

    @property
    def round_fen(self) -> int:
        """Return the rounding unit of what was read: 1 万元 for whole 万元, 1 when exact."""
        return max(1, FEN[self.unit] // int(10 ** min(self.digits, 12)))


def _complaint(error: ValueError, cell: Cell) -> str:
    return "不是数字" + f"（“{label(cell)[:20]}”）" if "数字" in str(error) else str(error)
