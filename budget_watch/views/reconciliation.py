"""The reconciliation (调节表) as people read it: one statement a month report's class.

From what vouchers say to what the report says: the parts that the tables know, the lines that 财政
signed, and what nobody has explained. Figures are those of one snapshot; money is fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from budget_watch.lake import Reader

# column of the mart → how the line is called
PARTS = (
    ("central_amt", "国库集中支付"),
    ("returned_amt", "减：退回"),
    ("allocated_amt", "加：实拨"),
    ("direct_amt", "加：总会计直接列支"),
    ("accrual_amt", "加：权责发生制列支"),
    ("in_transit_amt", "加：在途"),
)
AGREES, ROUNDED, EXPLAINED = "相符", "舍入以内", "已说明"
PARTLY, OVER, OPEN, NO_REPORT = "部分说明", "说明过头", "待说明", "没有月报数"
NEEDS_WORK = (OPEN, PARTLY, OVER)


@dataclass(frozen=True)
class Statement:
    """One class of one month report. open = reported − parts; left = open − signed."""

    fiscal_year: int
    month: int
    mof_div_code: str
    scope_kind: str
    func_class: str
    reported: int | None
    parts: tuple[int, ...]
    open: int | None
    signed: int
    signed_lines: int
    left: int | None
    round_fen: int

    @property
    def period(self) -> str:
        """The month, 2026-09."""
        return f"{self.fiscal_year}-{self.month:02}"

    @property
    def told(self) -> int:
        """What the tables' parts add up to."""
        return sum(self.parts)

    @property
    def state(self) -> str:
        """Whether the two sides agree, and if not, how much of it somebody has explained."""
        if self.reported is None or self.left is None or self.open is None:
            return NO_REPORT
        if self.left == 0:
            return EXPLAINED if self.signed_lines else AGREES
        if self.round_fen > 1 and abs(self.left) <= self.round_fen:
            return ROUNDED
        if self.signed_lines and self.left * self.open <= 0:
            return OVER
        return PARTLY if abs(self.left) < abs(self.open) else OPEN

    def record(self) -> dict[str, Any]:
        """The statement as a JSON-ready mapping."""
        return {
            "period": self.period,
            "mof_div_code": self.mof_div_code,
            "scope_kind": self.scope_kind,
            "func_class": self.func_class,
            "reported": self.reported,
            **{
                name.removesuffix("_amt"): amount
                for (name, _), amount in zip(PARTS, self.parts, strict=True)
            },
            "open": self.open,
            "signed": self.signed,
            "signed_lines": self.signed_lines,
            "left": self.left,
            "round_fen": self.round_fen,
            "state": self.state,
        }


def months(reader: Reader) -> list[tuple[int, int]]:
    """The months that have a month report to reconcile, ascending."""
    rows = _reports(reader).select("fiscal_year", "month").unique().sort("fiscal_year", "month")
    return [(int(year), int(month)) for year, month in rows.collect().iter_rows()]


def statements(reader: Reader, fiscal_year: int, month: int) -> list[Statement]:
    """The statements of a month, by region and class, as the reader's grant lets through."""
    rows = (
        _reports(reader)
        .filter(pl.col("fiscal_year") == fiscal_year, pl.col("month") == month)
        .sort("mof_div_code", "func_class")
        .collect()
    )
    return [_statement(row) for row in rows.iter_rows(named=True)]


def signed_lines(reader: Reader, fiscal_year: int, month: int) -> pl.DataFrame:
    """The signed lines that the snapshot's statements of a month hold."""
    rows = reader.scan("recon_line").filter(
        pl.col("fiscal_year") == fiscal_year, pl.col("month") == month
    )
    return rows.sort("mof_div_code", "func_class", "line").collect()


def _reports(reader: Reader) -> pl.LazyFrame:
    return reader.scan("recon").filter(pl.col("stage") == "月报")


def _statement(row: dict[str, Any]) -> Statement:
    return Statement(
        fiscal_year=row["fiscal_year"],
        month=row["month"],
        mof_div_code=row["mof_div_code"],
        scope_kind=row["scope_kind"],
        func_class=row["func_class"],
        reported=row["reported_ytd"],
        parts=tuple(int(row[name]) for name, _ in PARTS),
        open=row["open_amt"],
        signed=row["signed_amt"],
        signed_lines=row["signed_lines"],
        left=row["difference_amt"],
        round_fen=row["round_fen"] or 1,
    )
