"""social_fund 社保基金: monthly income, expense and balance of every pool, pensions and medical
alike.

HRSS-01 ∪ NHSA-01. Flows are of the month, not cumulative. What only one of the two tables tells is
blank for the other.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    6,
    "social_fund",
    "社保基金月报",
    "period",
    ["fiscal_year", "month", "mof_div_code", "fund_kind"],
    "险种×统筹区×月",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
fund_kind str 险种 !
source str 来源报表 !
pooling_level str 统筹层次
has_personal_account bool 有无个人账户
income money 收入合计
premium money 保险费收入
interest money 利息收入
subsidy_income money 财政补贴收入
superior_income money 上级补助收入
other_income money 其他收入
expense money 支出合计
benefit money 待遇支出
other_expense money 其他支出
balance_begin money 期初结余
balance_end money 期末结余
special_acct_bal money 财政专户余额
subsidy_due money 应到位财政补贴
subsidy_paid money 实到位财政补贴
round_fen int 金额舍入单位（分）
data_status str 数据状态
biz_date date 业务日期
""",
    period=("fiscal_year", "month"),
)
_INPUTS = ("social_fund_month", "medical_fund_month")
_TYPES = {"str": pl.String, "money": pl.Int64, "int": pl.Int64, "date": pl.Date, "bool": pl.Boolean}


def build(frames: Frames) -> pl.LazyFrame:
    """The two tables one under the other."""
    return pl.concat(_in_shape(frames[name], name) for name in _INPUTS)


def _in_shape(rows: pl.LazyFrame, source: str) -> pl.LazyFrame:
    known = rows.collect_schema()
    return rows.with_columns(source=pl.lit(source)).select(
        (pl.col(c.name) if c.name in known or c.name == "source" else pl.lit(None))
        .cast(_TYPES[c.type])
        .alias(c.name)
        for c in CONTRACT.columns
    )


SOCIAL_FUND = Mart(CONTRACT, _INPUTS, _INPUTS, build)
