"""spending_class 支出分类月报: own-level spending of the general budget by function and by economy.

FIN-02 by 项 (本级支出 only: what is handed down is not spent here) and FIN-03 by 款, one under the
other. The two classify the same money, so their rows are never summed together; codes of seven
digits are functional, of five economic. FIN-03 states no adjusted budget: it stays blank.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    47,
    "spending_class",
    "支出分类月报",
    "period",
    ["fiscal_year", "month", "mof_div_code", "scope_kind", "stage", "classification", "code"],
    "区划×年×月×分类×科目",
    """
fiscal_year int 预算年度 !
month int 月份 !
mof_div_code str 财政区划代码 ! region
scope_kind str 范围口径 !
stage str 阶段口径 !
classification str 支出分类 !
code str 科目编码 !
item_name str 科目名称
budget_amt money 年初预算
adj_amt money 调整预算
ytd_amt money 累计数
data_status str 数据状态
round_fen int 金额舍入单位（分）
biz_date date 业务日期
""",
    period=("fiscal_year", "month"),
)
_ITEM, _TYPE = 7, 5  # digits of 功能项 and 经济款
_INPUTS = ("general_expenditure", "general_expenditure_economic")


def build(frames: Frames) -> pl.LazyFrame:
    """The finest rows of both tables."""
    functional = (
        frames["general_expenditure"]
        .filter(pl.col("level_flag") == "本级支出")
        .with_columns(classification=pl.lit("功能分类"), code=pl.col("exp_func_code"))
        .filter(pl.col("code").str.len_chars() == _ITEM)
    )
    economic = (
        frames["general_expenditure_economic"]
        .with_columns(
            classification=pl.lit("政府经济分类"),
            code=pl.col("gov_bgt_eco_code"),
            adj_amt=pl.lit(None, pl.Int64),
        )
        .filter(pl.col("code").str.len_chars() == _TYPE)
    )
    return pl.concat([functional.select(CONTRACT.names), economic.select(CONTRACT.names)])


SPENDING_CLASS = Mart(CONTRACT, _INPUTS, _INPUTS, build)
