"""code_error 代码核对: rows whose code is in no list of its year, per table, column, year, region.

Also where nothing is wrong, so that a rule can tell “looked at” from “not looked at”. Only stored
rows are here. Classification codes of delivered files are kept out by the gate already, those of
published forms (which use codes of their own place) are not; credit codes (GB 32100) always stay.
Regions and the daily payment tables are left out: the gate checks them row by row.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from budget_watch.codes import SYSTEMS, valid_codes, years
from budget_watch.codes.uscc import is_valid_expr
from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.tables import Column, Contract, contracts

CONTRACT = mart_contract(
    9,
    "code_error",
    "代码核对",
    "reference",
    ["table_code", "column_name", "fiscal_year", "mof_div_code"],
    "报表×字段×年×区划",
    """
table_code str 报表编号 !
column_name str 字段 !
column_title str 字段名称 !
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
judged int 核对行数 !
wrong int 代码不合法行数 !
sample_code str 不合法代码示例
""",
)
_DAILY = frozenset(
    {
        "payment_application",
        "payment_detail",
        "payment_plan",
        "payment_voucher",
        "treasury_payment_day",
    }
)
_BY = ("fiscal_year", "mof_div_code")


def checked_columns() -> Iterator[tuple[Contract, Column]]:
    """The coded columns that are looked at."""
    for contract in contracts().values():
        if contract.name in _DAILY or not set(_BY) <= set(contract.names):
            continue
        for column in contract.columns:
            if column.codes and "region" not in column.codes:
                yield contract, column


def build(frames: Frames) -> pl.LazyFrame:
    """One group-by a column, over counts of distinct codes."""
    parts = [
        _of_column(frames[contract.name], contract, column)
        for contract, column in checked_columns()
    ]
    return pl.concat(parts)


def _of_column(rows: pl.LazyFrame, contract: Contract, column: Column) -> pl.LazyFrame:
    filled = rows.select(*_BY, code=pl.col(column.name)).filter(
        pl.col("code").is_not_null() & (pl.col("code") != "")
    )
    counted = filled.group_by(*_BY, "code").agg(n=pl.len().cast(pl.Int64))
    if "uscc" in column.codes:
        known = counted.with_columns(right=is_valid_expr("code").fill_null(False))
    else:
        systems = [name for name in column.codes if name in SYSTEMS]
        covered = sorted({year for name in systems for year in years(name)})
        known = counted.filter(pl.col("fiscal_year").is_in(covered)).join(
            _codes(systems, covered), on=["fiscal_year", "code"], how="left"
        )
        # Totals and sums (T, S) and rows that a form has no code for (~) are no codes.
        free = pl.col("code").is_in(["T", "S"]) | pl.col("code").str.starts_with("~")
        known = known.with_columns(right=pl.col("right").fill_null(False) | free)
    wrong = pl.col("right").not_()
    return (
        known.group_by(_BY)
        .agg(
            judged=pl.col("n").sum(),
            wrong=pl.col("n").filter(wrong).sum(),
            sample_code=pl.col("code").filter(wrong).min(),
        )
        .with_columns(
            table_code=pl.lit(contract.code),
            column_name=pl.lit(column.name),
            column_title=pl.lit(column.title),
        )
        .select(CONTRACT.names)
    )


def _codes(systems: list[str], covered: list[int]) -> pl.LazyFrame:
    pairs = {
        (year, code)
        for name in systems
        for year in covered
        if year in years(name)
        for code in valid_codes(name, year)
    }
    return pl.LazyFrame(
        {
            "fiscal_year": [year for year, _ in sorted(pairs)],
            "code": [code for _, code in sorted(pairs)],
        },
        schema={"fiscal_year": pl.Int64, "code": pl.String},
    ).with_columns(right=pl.lit(True))


_INPUTS = tuple(dict.fromkeys(contract.name for contract, _ in checked_columns()))
CODE_ERROR = Mart(CONTRACT, _INPUTS, (), build)
