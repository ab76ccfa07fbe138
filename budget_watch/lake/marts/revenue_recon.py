"""revenue_recon 财政税务国库对账 (SJ06): one revenue subject as three offices count it.

Per region, month and 款 of taxes and other own revenue, cumulative since January: the month report
(FIN-01, a region's own scope), the tax office's figures (TAX-01, taxes only) and the treasury's
daily reports up to the month's end (TRE-01), the latter two of the region's own budget level.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.places import own_level, scope_kind

CONTRACT = mart_contract(
    43,
    "revenue_recon",
    "财政税务国库对账",
    "period",
    ["fiscal_year", "month", "mof_div_code", "code"],
    "区划×年×月×收入款",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
code str 收入科目款级 !
item_name str 科目名称
is_tax bool 税收 !
finance_amt money 财政月报累计
tax_amt money 税务累计
treasury_amt money 国库累计
largest_amt money 两两差额的最大值
data_status str 数据状态
round_fen int 金额舍入单位（分）
""",
    period=("fiscal_year", "month"),
)
_KEY = ["fiscal_year", "month", "mof_div_code", "code"]


def build(frames: Frames) -> pl.LazyFrame:
    """The report's rows, with the two others' figures joined to them."""
    code = pl.col("rev_code")
    own = code.str.starts_with("101") | code.str.starts_with("103")
    finance = (
        frames["general_revenue"]
        .filter(
            (pl.col("stage") == "月报")
            & ~pl.col("scope_kind").is_in(["全市", "抵销"])
            & own
            & (code.str.len_chars() == 5)
        )
        .select(
            *_KEY[:3],
            "item_name",
            "data_status",
            "round_fen",
            code=code,
            finance_amt=pl.col("ytd_amt"),
        )
    )
    both = finance.join(_tax(frames["tax_revenue"]), on=_KEY, how="left").join(
        _treasury(frames["treasury_revenue_day"]), on=_KEY, how="left"
    )
    sides = [("finance", "treasury"), ("tax", "treasury"), ("finance", "tax")]
    apart = [(pl.col(f"{one}_amt") - pl.col(f"{other}_amt")).abs() for one, other in sides]
    return both.with_columns(
        scope_kind=scope_kind(pl.col("mof_div_code")),
        is_tax=pl.col("code").str.starts_with("101"),
        largest_amt=pl.max_horizontal(apart),
        round_fen=pl.max_horizontal("round_fen", "tax_round"),
        data_status=pl.when(pl.col("tax_status") == "快报")
        .then(pl.col("tax_status"))
        .otherwise("data_status"),
    ).select(CONTRACT.names)


def _tax(rows: pl.LazyFrame) -> pl.LazyFrame:
    amount = pl.col("ytd_amt")
    return (
        rows.filter(pl.col("level") == own_level(pl.col("mof_div_code")))
        .group_by(*_KEY[:3], code=pl.col("rev_code").str.slice(0, 5))
        .agg(
            tax_amt=pl.when(amount.is_null().any()).then(None).otherwise(amount.sum()),
            tax_round=pl.col("round_fen").max(),
            tax_status=pl.when((pl.col("data_status") == "快报").any()).then(pl.lit("快报")),
        )
    )


def _treasury(days: pl.LazyFrame) -> pl.LazyFrame:
    """Sums to the end of each month; a day without a figure makes its months unknown."""
    slot = [*_KEY[:1], *_KEY[2:]]
    monthly = (
        days.filter(pl.col("level") == own_level(pl.col("mof_div_code")))
        .with_columns(
            month=pl.col("book_date").dt.month().cast(pl.Int64),
            code=pl.col("rev_code").str.slice(0, 5),
        )
        .group_by(_KEY)
        .agg(day=pl.col("day_amt").sum(), blank=pl.col("day_amt").is_null().any())
    )
    months = pl.LazyFrame({"month": list(range(1, 13))}, schema={"month": pl.Int64})
    grid = monthly.select(slot).unique().join(months, how="cross")
    summed = grid.join(monthly, on=_KEY, how="left").sort(*slot, "month")
    known = pl.col("blank").fill_null(False).cast(pl.Int8).cum_max().over(slot) == 0
    return summed.select(
        *_KEY,
        treasury_amt=pl.when(known).then(pl.col("day").fill_null(0).cum_sum().over(slot)),
    )


REVENUE_RECON = Mart(
    CONTRACT,
    ("general_revenue", "tax_revenue", "treasury_revenue_day"),
    ("general_revenue",),
    build,
)
