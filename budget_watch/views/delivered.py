"""What is missing under a place's figures: tables never delivered, regions without a budget's rows.

A table that was not delivered makes its figures unknown, not zero; a sum over 全市 in which whole
regions are missing is no 全市.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from budget_watch.lake import Reader
from budget_watch.tables import contracts
from budget_watch.views.cubes import Cube
from budget_watch.views.drill import SCOPES, Scope
from budget_watch.views.span import Span

TABLES = ("indicator", "payment_plan", "payment_voucher")


def undelivered(reader: Reader, span: Span, region: str | None = None) -> Mapping[str, str]:
    """Table → why its figures are unknown: nothing of the year was delivered (for the region)."""
    cover = reader.coverage().filter(
        pl.col("delivered"),
        pl.col("fiscal_year") == span.fiscal_year,
        (pl.col("month") <= span.month),
    )
    if region is not None:
        cover = cover.filter(pl.col("mof_div_code").is_null() | (pl.col("mof_div_code") == region))
    have = set(cover["table"].to_list())
    return {
        name: f"缺 {contracts()[name].code} {contracts()[name].title}（{span.fiscal_year}年）"
        for name in TABLES
        if name not in have and not _any_row(reader, name, span.fiscal_year, region)
    }


def _any_row(reader: Reader, name: str, year: int, region: str | None) -> bool:
    """Rows tell of a delivery too where the ledger has no slice for them."""
    rows = reader.scan(name).filter(pl.col("fiscal_year") == year)
    if region is not None:
        rows = rows.filter(pl.col("mof_div_code") == region)
    return not rows.select("fiscal_year").head(1).collect().is_empty()


def without_rows(cube: Cube, scope: Scope, fund: str, year: int) -> tuple[str, ...]:
    """Regions of a scope that deliver budgets or vouchers, but none of this kind of fund."""
    rows = cube.coarse.filter(
        pl.col("scope_kind").is_in(list(SCOPES[scope])), pl.col("fiscal_year") == year
    )
    every = set(rows["mof_div_code"].drop_nulls().to_list())
    own = rows.filter(pl.col("fund_type_code").str.starts_with(fund))
    return tuple(sorted(every - set(own["mof_div_code"].drop_nulls().to_list())))
