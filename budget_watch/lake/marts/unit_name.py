"""unit_name 单位名称: every way a budget unit is written as the holder of an account.

unit, one row a name, written as payees of payments are (`party.party_key`): the names that a unit
has or had, with and without 本级 or 机关, and with what banks add (基本户, 零余额账户 …). A
department and its own unit (本级), and a unit under several codes, share a name: the first and the
last of their codes stand in the row.
"""

from __future__ import annotations

import polars as pl

from budget_watch.lake.marts.mart import Frames, Mart, mart_contract
from budget_watch.lake.marts.party import party_key

CONTRACT = mart_contract(
    21,
    "unit_name",
    "单位名称",
    "reference",
    ["unit_key"],
    "单位名称归并词",
    """
unit_key str 单位名称归并词 !
first_agency str 单位代码（同名的第一个） !
last_agency str 单位代码（同名的最后一个） !
unit_name str 单位名称 !
mof_div_code str 财政区划代码 ! region
data_status str 数据状态
biz_date date 业务日期
""",
)
_SHORTEST = 4  # signs; a shorter name says too little to know a unit by
_OWN_OFFICE = r"(?:机关本级|本级|机关|本部)$"
_ADDED = [
    office + account
    for office in ("", "本级", "机关", "机关本级", "本部")
    for account in (
        "", "账户", "基本户", "基本账户", "基本存款账户", "一般户", "一般存款账户", "专用存款账户",
        "零余额户", "零余额账户", "单位零余额账户", "预算单位零余额账户",
    )
]  # fmt: skip


def build(frames: Frames) -> pl.LazyFrame:
    """The units' names with all that may be added to them, each once."""
    name = party_key(pl.col("agency_name"))
    bare = pl.when(name.str.replace(_OWN_OFFICE, "").str.len_chars() >= _SHORTEST)
    named = frames["unit"].with_columns(
        base=bare.then(name.str.replace(_OWN_OFFICE, "")).otherwise(name)
    )
    return (
        named.filter(pl.col("base").str.len_chars() >= _SHORTEST)
        .join(pl.LazyFrame({"added": _ADDED}), how="cross")
        .with_columns(unit_key=pl.col("base") + pl.col("added"))
        .sort("agency_code", "valid_from", "added")
        .group_by("unit_key", maintain_order=True)
        .agg(
            first_agency=pl.col("agency_code").first(),
            last_agency=pl.col("agency_code").last(),
            unit_name=pl.col("agency_name").last(),
            mof_div_code=pl.col("mof_div_code").first(),
            data_status=pl.col("data_status").last(),
            biz_date=pl.col("biz_date").max(),
        )
        .sort("unit_key")
    )


UNIT_NAME = Mart(CONTRACT, ("unit",), ("unit",), build)
