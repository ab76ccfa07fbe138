"""social_receipt 社保费征收与入账: what the tax office collected beside what the funds booked.

TAX-04 ⟷ premiums of HRSS-01 and NHSA-01, a row an insurance, region and month. Both sides are put
under one name of the insurance: one fee fills both funds of 职工医保, and 生育 too where no fee of
its own is collected. A county's fee goes to the city where only the city keeps that fund.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    32,
    "social_receipt",
    "社保费征收与入账",
    "period",
    ["fiscal_year", "month", "mof_div_code", "insurance"],
    "险种×统筹区×月",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
insurance str 险种 !
collected_amt money 税务征收
received_amt money 基金保险费收入
round_fen int 金额舍入单位（分）
data_status str 数据状态
""",
    period=("fiscal_year", "month"),
)
_PLACE = ["fiscal_year", "month", "mof_div_code"]
_KEY = [*_PLACE, "insurance"]
# what the names of fees and funds have in common; the first that fits counts
_NAMES = (
    (("机关事业",), "机关事业单位养老"),
    (("城乡居民", "养老"), "城乡居民养老"),
    (("居民", "养老"), "城乡居民养老"),
    (("养老",), "企业职工养老"),
    (("大病",), None),
    (("居民", "医"), "城乡居民医保"),
    (("医",), "职工医保"),
    (("失业",), "失业"),
    (("工伤",), "工伤"),
    (("生育",), "生育"),
)
# figures that give no red; they mark the row they went into
_PROVISIONAL = ["快报", "初步", "第三方"]


def build(frames: Frames) -> pl.LazyFrame:
    """Full outer: what only one side tells keeps its row."""
    funds = _funds(frames)
    fees = _at_home(_named(frames["social_fee"], "fee_kind"), funds)
    own_fee = fees.filter(pl.col("insurance") == "生育").select(*_PLACE, own=pl.lit(True)).unique()
    funds = funds.join(own_fee, on=_PLACE, how="left").with_columns(
        insurance=pl.when((pl.col("insurance") == "生育") & pl.col("own").is_null())
        .then(pl.lit("职工医保"))
        .otherwise("insurance")
    )
    collected = _summed(fees, "paid", "collected_amt")
    received = _summed(funds, "premium", "received_amt")
    return (
        collected.join(received, on=_KEY, how="full", coalesce=True, suffix="_fund")
        .with_columns(
            round_fen=pl.max_horizontal("round_fen", "round_fen_fund"),
            data_status=pl.when(pl.col("data_status_fund").is_in(_PROVISIONAL))
            .then("data_status_fund")
            .otherwise(pl.coalesce("data_status", "data_status_fund")),
        )
        .select(CONTRACT.names)
        .sort(_KEY)
    )


def _funds(frames: Frames) -> pl.LazyFrame:
    return _named(
        pl.concat(
            frames[name].select(*_PLACE, "fund_kind", "premium", "round_fen", "data_status")
            for name in ("social_fund_month", "medical_fund_month")
        ),
        "fund_kind",
    )


def _named(rows: pl.LazyFrame, column: str) -> pl.LazyFrame:
    name = pl.lit(None, pl.String)
    for words, insurance in reversed(_NAMES):
        fits = pl.all_horizontal(pl.col(column).str.contains(word, literal=True) for word in words)
        name = pl.when(fits).then(pl.lit(insurance, pl.String)).otherwise(name)
    return rows.with_columns(insurance=name).filter(pl.col("insurance").is_not_null())


def _at_home(fees: pl.LazyFrame, funds: pl.LazyFrame) -> pl.LazyFrame:
    """Fees under the region that keeps the fund: their own, or else the city above it."""
    kept = funds.select("mof_div_code", "insurance", kept=pl.lit(True)).unique()
    city = pl.col("mof_div_code").str.slice(0, 4) + "00000"
    return fees.join(kept, on=["mof_div_code", "insurance"], how="left").with_columns(
        mof_div_code=pl.when(pl.col("kept").is_null()).then(city).otherwise("mof_div_code")
    )


def _summed(rows: pl.LazyFrame, amount: str, name: str) -> pl.LazyFrame:
    """Sums a key; a blank among the amounts makes the sum blank."""
    value, status = pl.col(amount), pl.col("data_status")
    return rows.group_by(_KEY).agg(
        pl.when(value.is_null().any()).then(None).otherwise(value.sum()).alias(name),
        round_fen=pl.col("round_fen").max(),
        data_status=pl.coalesce(
            status.filter(status.is_in(_PROVISIONAL)).sort().first(), status.sort().first()
        ),
    )


SOCIAL_RECEIPT = Mart(
    CONTRACT,
    ("social_fee", "social_fund_month", "medical_fund_month"),
    ("social_fee",),
    build,
)
