"""final_gap 决算与12月执行数对照 (JS07): final accounts beside what was executed by December.

Per region, side and subject of the general public budget. Expenditure by class: 决算批准 (else
决算草案) against December's 月报. Revenue by the 款 of taxes and other own revenue: against the
treasury's daily reports of the region's own level, summed over the year. What was booked for the
year after its end (FIN-17, 决算清理期) reconciles the two and stands in `adjusted_amt`. A 快报 is
no month report: its difference from the final accounts is normal.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.places import own_level

CONTRACT = mart_contract(
    42,
    "final_gap",
    "决算与12月执行数对照",
    "period",
    ["fiscal_year", "mof_div_code", "scope_kind", "side", "code"],
    "区划×年×收支×科目",
    """
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
side str 收支 !
code str 科目编码 !
item_name str 科目名称
final_amt money 决算数
december_amt money 12月累计数
adjusted_amt money 年后列支调节数 !
difference_amt money 未解释差额
data_status str 数据状态
round_fen int 金额舍入单位（分）
""",
    period=("fiscal_year",),
)
_KEY = ["fiscal_year", "mof_div_code", "scope_kind", "code"]


def build(frames: Frames) -> pl.LazyFrame:
    """Both sides one under the other."""
    sides = [_expenditure(frames), _revenue(frames)]
    return (
        pl.concat(sides)
        .with_columns(pl.col("adjusted_amt").fill_null(0))
        .with_columns(
            difference_amt=pl.col("final_amt") - pl.col("december_amt") - pl.col("adjusted_amt")
        )
        .select(CONTRACT.names)
    )


def _finals(rows: pl.LazyFrame, code: str, length: int) -> pl.LazyFrame:
    """The final figures: as approved, or as drafted where nothing is approved yet."""
    return (
        rows.filter(
            pl.col("stage").is_in(["决算批准", "决算草案"])
            & (pl.col("month") == 12)
            & ~pl.col("scope_kind").is_in(["全市", "抵销"])
            & (pl.col(code).str.len_chars() == length)
        )
        .with_columns(code=pl.col(code))
        .sort(pl.col("stage") == "决算批准", descending=True)
        .group_by(_KEY, maintain_order=True)
        .agg(
            pl.col("stage", "item_name", "data_status", "round_fen").first(),
            final_amt=pl.col("ytd_amt").first(),
        )
    )


def _expenditure(frames: Frames) -> pl.LazyFrame:
    own = frames["general_expenditure"].filter(pl.col("level_flag") == "本级支出")
    december = own.filter(
        (pl.col("stage") == "月报")
        & (pl.col("month") == 12)
        & (pl.col("exp_func_code").str.len_chars() == 3)
    ).select(*_KEY[:3], code="exp_func_code", december_amt="ytd_amt")
    after = (
        frames["allocation_voucher"]
        .filter(
            (pl.col("vou_date").dt.year() > pl.col("fiscal_year"))
            & pl.col("fund_type_code").fill_null("11").str.starts_with("11")
            & (pl.col("acct_kind").fill_null("国库") == "国库")
        )
        .group_by("fiscal_year", "mof_div_code", code=pl.col("exp_func_code").str.slice(0, 3))
        .agg(adjusted_amt=pl.col("amt").sum())
    )
    return (
        _finals(own, "exp_func_code", 3)
        .join(december, on=_KEY, how="left")
        .join(after, on=["fiscal_year", "mof_div_code", "code"], how="left")
        .with_columns(side=pl.lit("支出"))
        .select(*_COLUMNS)
    )


def _revenue(frames: Frames) -> pl.LazyFrame:
    level = own_level(pl.col("mof_div_code"))
    treasury = (
        frames["treasury_revenue_day"]
        .filter(pl.col("level") == level)
        .group_by("fiscal_year", "mof_div_code", code=pl.col("rev_code").str.slice(0, 5))
        .agg(
            december_amt=pl.when(pl.col("day_amt").is_null().any())
            .then(None)
            .otherwise(pl.col("day_amt").sum())
        )
    )
    own = pl.col("rev_code").str.starts_with("101") | pl.col("rev_code").str.starts_with("103")
    return (
        _finals(frames["general_revenue"].filter(own), "rev_code", 5)
        .join(treasury, on=["fiscal_year", "mof_div_code", "code"], how="left")
        .with_columns(side=pl.lit("收入"), adjusted_amt=pl.lit(None, pl.Int64))
        .select(*_COLUMNS)
    )


_COLUMNS = (
    *_KEY,
    "side",
    "stage",
    "item_name",
    "data_status",
    "round_fen",
    "final_amt",
    "december_amt",
    "adjusted_amt",
)
FINAL_GAP = Mart(
    CONTRACT,
    ("general_expenditure", "general_revenue", "treasury_revenue_day", "allocation_voucher"),
    ("general_expenditure", "general_revenue"),
    build,
)
