"""execution_month 预算执行月报: the four budgets' monthly execution in one shape.

FIN-01, 02, 04, 05 as delivered; FIN-06 (社会保险基金) with its pool in `fund_kind` and its executed
amount as `ytd_amt`. Figures stay as they were published: rounding unit and status travel along.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    3,
    "execution_month",
    "预算执行月报",
    "period",
    ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "book", "side", "code"],
    "区划×年×月×预算×科目",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
book str 预算 !
side str 收支 !
code str 科目编码 !
item_name str 科目名称
level_flag str 本级支出或对下转移
fund_kind str 社保险种
fund_item str 基金项目
budget_amt money 年初预算
adj_amt money 调整预算
mtd_amt money 当月数
ytd_amt money 累计数
ly_ytd money 上年同期累计
data_status str 数据状态
round_fen int 金额舍入单位（分）
biz_date date 业务日期
""",
    period=("fiscal_year", "month"),
)
_SIDES = {"R": "收入", "E": "支出", "B": "结余"}


def build(frames: Frames) -> pl.LazyFrame:
    """The five tables one under the other."""
    income = frames["general_revenue"].with_columns(
        book=pl.lit("一般公共预算"), side=pl.lit("收入"), code=pl.col("rev_code")
    )
    expense = frames["general_expenditure"].with_columns(
        book=pl.lit("一般公共预算"), side=pl.lit("支出"), code=pl.col("exp_func_code")
    )
    funds = frames["gov_fund"].with_columns(book=pl.lit("政府性基金"))
    capital = frames["state_capital"].with_columns(book=pl.lit("国有资本经营"))
    social = frames["social_insurance_budget"].with_columns(
        book=pl.lit("社会保险基金"),
        side=pl.col("row_code").str.slice(0, 1).replace_strict(_SIDES, default=None),
        code=pl.col("row_code"),
        item_name=pl.col("row_name"),
        ytd_amt=pl.col("exec_amt"),
    )
    return pl.concat([_in_shape(rows) for rows in (income, expense, funds, capital, social)])


def _in_shape(rows: pl.LazyFrame) -> pl.LazyFrame:
    known = rows.collect_schema()
    types = {"str": pl.String, "money": pl.Int64, "int": pl.Int64, "date": pl.Date}
    return rows.select(
        (pl.col(c.name) if c.name in known else pl.lit(None)).cast(types[c.type]).alias(c.name)
        for c in CONTRACT.columns
    )


_INPUTS = (
    "general_revenue",
    "general_expenditure",
    "gov_fund",
    "state_capital",
    "social_insurance_budget",
)
EXECUTION_MONTH = Mart(CONTRACT, _INPUTS, _INPUTS, build)
