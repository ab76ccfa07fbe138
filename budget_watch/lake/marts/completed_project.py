"""completed_project 竣工项目: what was accepted as built, and when its accounts were settled.

Projects of NDRC-02 and the assets of FIN-28 that bear a day of acceptance (竣工验收日期). Both
tables come period by period; a day written down once stays, so a later blank clears nothing.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract

CONTRACT = mart_contract(
    31,
    "completed_project",
    "竣工项目",
    "event",
    ["source", "object_id"],
    "项目或单位资产类",
    """
source str 来源 !
object_id str 项目或资产编号 !
project_name str 项目名称
fiscal_year int 预算年度 !
mof_div_code str 财政区划代码 ! region
dept_code str 部门代码
agency_code str 单位代码
accept_date date 竣工验收日期 !
final_account_date date 竣工财务决算日期
in_construction bool 是否在建
data_status str 数据状态
biz_date date 业务日期
""",
    date_column="accept_date",
)
_DATES = ("accept_date", "final_account_date")
_LAST = (
    "project_name",
    "fiscal_year",
    "mof_div_code",
    "dept_code",
    "agency_code",
    "in_construction",
    "data_status",
    "biz_date",
)


def build(frames: Frames) -> pl.LazyFrame:
    """One row a project: its last report, with the last days written down."""
    both = [_projects(frames["investment_project"]), _assets(frames["admin_asset"])]
    return (
        pl.concat(both)
        .sort("source", "object_id", "order")
        .group_by("source", "object_id", maintain_order=True)
        .agg(
            *(pl.col(name).last() for name in _LAST),
            *(pl.col(name).drop_nulls().last() for name in _DATES),
        )
        .filter(pl.col("accept_date").is_not_null())
        .select(CONTRACT.names)
    )


def _projects(rows: pl.LazyFrame) -> pl.LazyFrame:
    return _shaped(
        rows,
        source=pl.lit("政府投资项目"),
        object_id=pl.col("pro_code"),
        project_name=pl.coalesce("pro_name", "pro_code"),
        accept_date=pl.col("accept_date"),
        in_construction=pl.lit(None, pl.Boolean),
        order=pl.col("fiscal_year") * 100 + pl.col("month"),
    )


def _assets(rows: pl.LazyFrame) -> pl.LazyFrame:
    own = pl.concat_str("agency_code", "asset_class")
    return _shaped(
        rows,
        source=pl.lit("行政事业资产"),
        object_id=own,
        project_name=pl.concat_str(pl.lit("单位"), "agency_code", "asset_class"),
        accept_date=pl.col("done_accept_date"),
        in_construction=pl.col("in_construction"),
        order=pl.col("fiscal_year") * 100 + 12,
    )


def _shaped(rows: pl.LazyFrame, **given: pl.Expr) -> pl.LazyFrame:
    names = [name for name in CONTRACT.names if name not in given]
    return rows.select(*names, **given).select(*CONTRACT.names, "order")


COMPLETED_PROJECT = Mart(
    CONTRACT, ("investment_project", "admin_asset"), ("investment_project",), build
)
