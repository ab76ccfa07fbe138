"""table_coverage 报送情况: which period tables came for which period, and how full they are.

One row a table and period, from the table's first delivered year to the end of the latest year in
the lake, so that what is missing has a row too. Tables never delivered, and monthly tables of
which fewer than three calendar months ever came (published forms loaded by hand), are not
connected yet and have none; event tables have no period of their own (a day without a payment is
no gap). The due date is the contract's, without roll-over.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Literal

import polars as pl

from budget_watch.calendar import due_date
from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.tables import Contract, contracts

CONTRACT = mart_contract(
    10,
    "table_coverage",
    "报送情况",
    "reference",
    ["table_code", "period"],
    "报表×期",
    """
table_code str 报表编号 !
title str 报表名称 !
delivering_dept str 送数部门 !
fiscal_year int 预算年度 !
month int 月份 !
period str 期 !
due date 报送期限 !
arrived bool 已送达 !
rows int 行数 !
required_cells int 必填格数 !
null_cells int 必填空格数 !
""",
)


_CONNECTED = 3  # calendar months that show a table to come month by month


def monthly(contract: Contract) -> bool:
    """Whether a contract is delivered month by month."""
    return "month" in contract.period and any(text.startswith("次月") for text in contract.due)


def yearly(contract: Contract) -> bool:
    """Whether a contract is delivered year by year; what is due after an approval is not here."""
    return not monthly(contract) and any(text.startswith("次年") for text in contract.due)


def watched() -> list[Contract]:
    """The period tables with a due date of their own, whose every period has rows.

    Ledgers of cases (AUD-03, NR-01: the key begins with a case's number) may have an empty month.
    """
    return [
        contract
        for contract in contracts().values()
        if contract.kind == "period"
        and contract.key[0] == "fiscal_year"
        and (monthly(contract) or yearly(contract))
    ]


def build(frames: Frames) -> pl.LazyFrame:
    """Expected periods of every watched table, with what came joined to them."""
    tables = watched()
    found = pl.collect_all([_arrived(frames[contract.name], contract) for contract in tables])
    seen = [frame["fiscal_year"].max() for frame in found if frame.height]
    last = max((year for year in seen if isinstance(year, int)), default=0)
    parts = [
        _periods(contract, frame, last)
        for contract, frame in zip(tables, found, strict=True)
        if frame.height and (not monthly(contract) or frame["month"].n_unique() >= _CONNECTED)
    ]
    if not parts:
        return pl.LazyFrame(schema=_SCHEMA)
    return pl.concat(parts).lazy()


def _arrived(rows: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    keys = ["fiscal_year", "month"] if monthly(contract) else ["fiscal_year"]
    required = [c.name for c in contract.columns if c.required and c.name not in contract.key]
    blank = [pl.col(name).is_null().sum().cast(pl.Int64) for name in required]
    return (
        rows.group_by(keys)
        .agg(
            rows=pl.len().cast(pl.Int64),
            required_cells=pl.len().cast(pl.Int64) * (len(required) + len(contract.key)),
            null_cells=pl.sum_horizontal(pl.lit(0, pl.Int64), *blank),
        )
        .sort(keys)
    )


def _periods(contract: Contract, came: pl.DataFrame, last: int) -> pl.DataFrame:
    first = came["fiscal_year"].min()
    assert isinstance(first, int)
    by_month = monthly(contract)
    spans = [
        (year, month)
        for year in range(first, last + 1)
        for month in (range(1, 13) if by_month else (12,))
    ]
    span: Literal["month", "year"] = "month" if by_month else "year"
    expected = pl.DataFrame(
        {
            "table_code": [contract.code] * len(spans),
            "title": [contract.title] * len(spans),
            "delivering_dept": [contract.delivering_dept] * len(spans),
            "fiscal_year": [year for year, _ in spans],
            "month": [month for _, month in spans],
            "period": [f"{y}-{m:02}" if by_month else str(y) for y, m in spans],
            "due": [
                due_date(contract.due, date(y, m, monthrange(y, m)[1]), span).day for y, m in spans
            ],
        },
        schema_overrides={"fiscal_year": pl.Int64, "month": pl.Int64, "due": pl.Date},
    )
    on = ["fiscal_year", "month"] if by_month else ["fiscal_year"]
    return expected.join(came, on=on, how="left").select(
        *expected.columns,
        arrived=pl.col("rows").is_not_null(),
        rows=pl.col("rows").fill_null(0),
        required_cells=pl.col("required_cells").fill_null(0),
        null_cells=pl.col("null_cells").fill_null(0),
    )


_SCHEMA = {
    "table_code": pl.String,
    "title": pl.String,
    "delivering_dept": pl.String,
    "fiscal_year": pl.Int64,
    "month": pl.Int64,
    "period": pl.String,
    "due": pl.Date,
    "arrived": pl.Boolean,
    "rows": pl.Int64,
    "required_cells": pl.Int64,
    "null_cells": pl.Int64,
}
_INPUTS = tuple(contract.name for contract in watched())
TABLE_COVERAGE = Mart(CONTRACT, _INPUTS, (), build)
