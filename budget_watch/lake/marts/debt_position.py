"""debt_position 债务限额余额: FIN-24 in long form, one row a kind of debt (合计, 一般, 专项)."""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    4,
    "debt_position",
    "债务限额余额",
    "period",
    ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "debt_kind"],
    "区划×年×月×债务类型",
    """
fiscal_year int 预算年度 !
month int 月份 !
period_end date 期末 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
debt_kind str 债务类型 !
limit_amt money 限额
balance_amt money 余额
comprehensive_fiscal money 综合财力 敏感
gdp money 地区生产总值
risk_grade str 风险等级 敏感
source_grade str 来源等级
region_name str 地区名称
round_fen int 金额舍入单位（分）
data_status str 数据状态
biz_date date 业务日期
""",
    period=("fiscal_year", "month"),
)
_KINDS = {"合计": "total", "一般": "general", "专项": "special"}


def build(frames: Frames) -> pl.LazyFrame:
    """Three rows for one of debt_limit; a kind without both figures keeps its row of blanks."""
    rows = frames["debt_limit"].with_columns(
        period_end=pl.date(pl.col("fiscal_year"), pl.col("month").clip(1, 12), 1).dt.month_end()
    )
    return pl.concat(
        rows.with_columns(
            debt_kind=pl.lit(kind),
            limit_amt=pl.col(f"limit_{suffix}"),
            balance_amt=pl.col(f"balance_{suffix}"),
        ).select(CONTRACT.names)
        for kind, suffix in _KINDS.items()
    )


DEBT_POSITION = Mart(CONTRACT, ("debt_limit",), ("debt_limit",), build)
