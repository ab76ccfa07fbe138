"""carryover_position 结转结余: positions of carried-over indicators, with their age."""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.places import scope_kind

CONTRACT = mart_contract(
    5,
    "carryover_position",
    "结转结余",
    "event",
    ["bgt_id", "kind", "as_of_date"],
    "指标×类型×日期",
    """
bgt_id str 指标主键 !
kind str 结转或结余 !
as_of_date date 日期 !
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
dept_code str 部门代码
agency_code str 单位代码
pro_code str 项目代码
pro_attr str 项目属性
ori_year int 资金所属年度 !
age_years int 结转年数 !
exp_func_code str 支出功能分类科目编码 functional
fund_type_code str 资金性质代码 fund_type
carry_amt money 结转结余金额 !
used_amt money 已用金额
balance money 余额 !
recover_flag bool 已收回
recover_date date 收回日期
is_latest bool 是否本年最新 !
data_status str 数据状态
biz_date date 业务日期
""",
    date_column="as_of_date",
)


def build(frames: Frames) -> pl.LazyFrame:
    """Every reading, with the last of its fiscal year marked."""
    newest = pl.col("as_of_date").max().over("fiscal_year", "bgt_id", "kind")
    return (
        frames["carryover"]
        .with_columns(
            month=pl.col("as_of_date").dt.month().cast(pl.Int64),
            scope_kind=scope_kind(pl.col("mof_div_code")),
            age_years=pl.col("fiscal_year") - pl.col("ori_year"),
            is_latest=pl.col("as_of_date") == newest,
        )
        .select(CONTRACT.names)
    )


CARRYOVER_POSITION = Mart(CONTRACT, ("carryover",), ("carryover",), build)
