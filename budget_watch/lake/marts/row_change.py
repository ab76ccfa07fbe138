"""row_change 数据改写记录 (SJ03, SJ08): what a delivery changed of what was there before.

Not derived from the tables, which hold the last delivery alone: written down by the writer when a
delivery takes the place of rows (`lake.changes`), and published with them. One row a changed row
(改写), a row that is gone (消失), and one a delivery whose key occurred twice (重复); of a delivery
that changed very many rows the first few hundred, each with the whole number in `rows`.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Mart, mart_contract

CONTRACT = mart_contract(
    46,
    "row_change",
    "数据改写记录",
    "event",
    ["change_id"],
    "送达×行",
    """
change_id str 记录编号 !
table_code str 报表编号 !
title str 报表名称 !
delivering_dept str 送数部门 !
slot str 送达批次 !
changed_on date 送达日期 !
fiscal_year int 年度 !
mof_div_code str 财政区划代码 region
kind str 类别 !
corrected bool 有更正说明 !
row_key str 业务键
column_title str 改写的字段
old_value str 原值
new_value str 新值
old_amt money 原金额
new_amt money 新金额
rows int 该类行数 !
""",
    date_column="changed_on",
)


class RecordedMart(Mart):
    """A mart that is written down as deliveries come, and never made anew."""

    recorded = True


ROW_CHANGE = RecordedMart(CONTRACT, (), (), lambda frames: pl.LazyFrame())
