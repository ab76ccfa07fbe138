"""budget_line 预算流水: dated entries whose sums up to a month are the three budget figures.

An indicator enters on its document's date with its first amount, every adjustment on its own
date. initial 年初预算 = indicators of the opening budget; approved 调整预算 = initial + what the
standing committee approved; current 变动预算 = everything. Void indicators are left out with
their adjustments.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.places import scope_kind

CONTRACT = mart_contract(
    2,
    "budget_line",
    "预算流水",
    "event",
    ["entry_id"],
    "指标或调整明细",
    """
entry_id str 流水主键 !
fiscal_year int 预算年度 !
month int 月份 !
eff_date date 生效日期 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
dept_code str 部门代码 !
agency_code str 单位代码 !
pro_code str 项目代码
bgt_id str 指标主键 !
fund_type_code str 资金性质代码 fund_type
exp_func_code str 支出功能分类科目编码 functional
gov_bgt_eco_code str 政府支出经济分类编码 gov_economic
dep_bgt_eco_code str 部门支出经济分类编码 dept_economic
found_type_code str 资金来源
entry str 流水类别 !
adj_type str 调整类型
cause str 原因
doc_no str 文号
approve_body str 批准机关
approve_date date 批准日期
initial_amt money 年初预算 !
approved_amt money 调整预算 !
current_amt money 变动预算 !
data_status str 数据状态
biz_date date 业务日期
""",
    date_column="eff_date",
)

_ENTRIES = {"年初预算": "年初", "上年结转": "结转"}
_COMMITTEE = "常委会|常务委员会|人代会|人民代表大会"


def build(frames: Frames) -> pl.LazyFrame:
    """indicator ∪ indicator_adjustment, in one shape."""
    indicators = frames["indicator"].filter(~pl.col("is_deleted").fill_null(False))
    both = [_opened(indicators), _adjusted(frames["indicator_adjustment"], indicators)]
    return pl.concat(both, how="vertical_relaxed")


def _opened(indicators: pl.LazyFrame) -> pl.LazyFrame:
    source = pl.col("found_type_code")
    initial = pl.when(source == "年初预算").then("amount").otherwise(0)
    return _finished(
        indicators.with_columns(
            entry_id="I" + pl.col("bgt_id"),
            eff_date=pl.col("doc_date"),
            entry=source.replace_strict(_ENTRIES, default="追加"),
            adj_type=pl.lit(None, pl.String),
            cause=source,
            doc_no=pl.col("cor_bgt_doc_no"),
            approve_body=pl.lit(None, pl.String),
            approve_date=pl.lit(None, pl.Date),
            initial_amt=initial,
            approved_amt=initial,
            current_amt=pl.col("amount"),
        )
    )


def _adjusted(adjustments: pl.LazyFrame, indicators: pl.LazyFrame) -> pl.LazyFrame:
    of_indicator = ["pro_code", "fund_type_code", "gov_bgt_eco_code", "found_type_code"]
    own = indicators.select(
        "bgt_id",
        *of_indicator,
        own_func=pl.col("exp_func_code"),
        own_eco=pl.col("dep_bgt_eco_code"),
    )
    kind = pl.col("adj_type")
    approved = pl.col("approve_body").str.contains(_COMMITTEE).fill_null(False)
    return _finished(
        adjustments.join(own, on="bgt_id", how="inner").with_columns(
            entry_id="A" + pl.col("adj_sub_id"),
            eff_date=pl.col("adj_date"),
            exp_func_code=pl.coalesce("exp_func_code", "own_func"),
            dep_bgt_eco_code=pl.coalesce("dep_bgt_eco_code", "own_eco"),
            entry=pl.when(pl.col("cause") == "上年结转")
            .then(pl.lit("结转"))
            .when(kind.is_in(["追加", "追减"]))
            .then(kind)
            .otherwise(pl.lit("调剂")),
            initial_amt=pl.lit(0),
            approved_amt=pl.when(approved).then("amt").otherwise(0),
            current_amt=pl.col("amt"),
        )
    )


def _finished(rows: pl.LazyFrame) -> pl.LazyFrame:
    # A document of the December before belongs to January of its budget year.
    year = pl.col("eff_date").dt.year()
    month = (
        pl.when(year < pl.col("fiscal_year"))
        .then(1)
        .when(year > pl.col("fiscal_year"))
        .then(12)
        .otherwise(pl.col("eff_date").dt.month())
    )
    return rows.with_columns(
        month=month.cast(pl.Int64), scope_kind=scope_kind(pl.col("mof_div_code"))
    ).select(CONTRACT.names)


BUDGET_LINE = Mart(CONTRACT, ("indicator", "indicator_adjustment"), ("indicator",), build)
