"""delivery 送达记录 (SJ01): when each delivery came, beside when it was due.

One row a table and slot (报表×期), read from the ledger: the day of its first and last arrival, how
often it came, and what became of its rows. A slot's period is what its name says (2026, 2026-09,
2026-11-18; a file's own name may stand behind an @); what was loaded by hand has none and no row.
The due date is reckoned from the period's end by the contract, without roll-over, and only where
the delivery is as fine as the contract's due asks for: a whole year of a daily table is old data
brought in later, and what is due after an approval has no date of its own.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from functools import cache
from typing import Literal

import polars as pl

from budget_watch.calendar import due_date
from budget_watch.lake.marts.mart import Inputs, Mart, mart_contract
from budget_watch.tables import contracts

CONTRACT = mart_contract(
    45,
    "delivery",
    "送达记录",
    "reference",
    ["table_code", "period"],
    "报表×期",
    """
table_code str 报表编号 !
title str 报表名称 !
delivering_dept str 送数部门 !
fiscal_year int 年度 !
month int 月份
period str 期 !
span str 期的长短 !
due date 报送期限
first_on date 首次送达日期
last_on date 最近送达日期
deliveries int 送达次数 !
rows int 最近送达行数 !
quarantined int 最近隔离行数 !
refused int 拒收次数 !
""",
)
_PERIOD = r"/(\d{4}(?:-Q[1-4]|-(?:0[1-9]|1[0-2])(?:-\d{2})?)?)(?:@.*)?$"
_SPANS = {4: "年", 7: "月", 10: "日"}
_LENGTHS: dict[str, Literal["year", "quarter", "month", "day"]] = {
    "年": "year", "季": "quarter", "月": "month", "日": "day",
}  # fmt: skip
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
# the spans that a due text speaks of
_FITS = {
    "T+": ("日", "月"), "次月": ("月",), "次年": ("年",), "事件": ("日", "月"), "季后": ("季",),
}  # fmt: skip


def build(ledger: pl.DataFrame) -> pl.LazyFrame:
    """One row a slot of the ledger's lines."""
    known = {contract.name: contract for contract in contracts().values()}
    lines = ledger.with_columns(period=pl.col("id").str.extract(_PERIOD)).filter(
        pl.col("period").is_not_null() & pl.col("table_name").is_in(list(known))
    )
    came = ~pl.col("refused")
    slots = lines.group_by("table_name", "period", maintain_order=True).agg(
        first_on=pl.col("biz_date").filter(came).min(),
        last_on=pl.col("biz_date").filter(came).max(),
        deliveries=came.sum().cast(pl.Int64),
        rows=pl.col("delivered").filter(came).last().fill_null(0),
        quarantined=pl.col("quarantined").filter(came).last().fill_null(0),
        refused=pl.col("refused").sum().cast(pl.Int64),
    )
    named = slots.with_columns(
        pl.struct("table_name", "period")
        .map_elements(lambda slot: due_of(known[slot["table_name"]].due, slot["period"]), pl.Date)
        .alias("due"),
        span=pl.when(pl.col("period").str.contains("Q"))
        .then(pl.lit("季"))
        .otherwise(pl.col("period").str.len_chars().cast(pl.Int64).replace_strict(_SPANS)),
        fiscal_year=pl.col("period").str.slice(0, 4).cast(pl.Int64),
        month=pl.col("period").str.slice(5, 2).cast(pl.Int64, strict=False),
        table_code=pl.col("table_name").replace_strict({n: c.code for n, c in known.items()}),
        title=pl.col("table_name").replace_strict({n: c.title for n, c in known.items()}),
        delivering_dept=pl.col("table_name").replace_strict(
            {n: c.delivering_dept for n, c in known.items()}
        ),
    )
    return named.lazy().select(CONTRACT.names)


@cache
def due_of(due: tuple[str, ...], period: str) -> date | None:
    """The day on which a slot is due, if its table has a day for slots of this length."""
    span = "季" if "Q" in period else _SPANS[len(period)]
    texts = [text for text in due if span in _fits(text)]
    if not texts:
        return None
    try:
        end = _end(period)
    except ValueError:  # 2026-02-30
        return None
    return due_date(texts, end, _LENGTHS[span]).day


def _fits(text: str) -> tuple[str, ...]:
    return next((spans for start, spans in _FITS.items() if text.startswith(start)), ())


def _end(period: str) -> date:
    if quarter := _QUARTER.fullmatch(period):
        period = f"{quarter[1]}-{int(quarter[2]) * 3:02}"
    year, month, day = ([int(part) for part in period.split("-")] + [0, 0])[:3]
    if day:
        return date(year, month, day)
    month = month or 12
    return date(year, month, monthrange(year, month)[1])


class LedgerMart(Mart):
    """A mart made of the ledger's lines, those of the coming publication with them."""

    uses_ledger = True

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """All slots that ever came."""
        return self.build(inputs.ledger())


DELIVERY = LedgerMart(CONTRACT, (), (), build)
