"""Brings a delivered frame into the stored shape, or says why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from budget_watch.lake.errors import FrameError
from budget_watch.lake.layout import Layout
from budget_watch.lake.ledger import Batch
from budget_watch.tables import TECHNICAL

_DEFAULT_STATUS = "正式"


def shaped(frame: pl.LazyFrame, layout: Layout, batch: Batch, now: datetime) -> pl.LazyFrame:
    """The frame with exactly the stored columns, in order.

    Missing optional columns become null. Technical columns that the frame has are kept, but
    `batch_id` and `load_time` are always this batch's.

    Raises:
        FrameError: a required column is missing, one is unknown, or a type does not fit.
    """
    given = frame.collect_schema()
    unknown = [name for name in given if name not in layout.schema]
    if unknown:
        raise FrameError(
            f"批次 {batch.id}：报表 {layout.name} 的约定没有列 {'、'.join(unknown)}。"
            "请在约定里加上，或在送入前去掉。"
        )
    lacking = [c.name for c in layout.contract.columns if c.required and c.name not in given]
    if lacking:
        raise FrameError(
            f"批次 {batch.id}：报表 {layout.name} 缺少必填列 {'、'.join(lacking)}。请补齐后再送。"
        )
    technical = _technical(layout, batch, now)
    wanted = []
    for name, dtype in layout.schema.items():
        if name in given and name not in ("batch_id", "load_time"):
            value = _fitting(name, given[name], dtype, layout, batch)
            if name in technical:
                value = value.fill_null(technical[name])
        else:
            value = technical.get(name, pl.lit(None))
        wanted.append(value.cast(dtype).alias(name))
    return frame.select(wanted) if len(given) else pl.LazyFrame(schema=layout.schema)


def in_order(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The frame sorted by these columns, nulls last, equal rows as they came.

    Rows mostly come by day: where all columns but the first are in order already, sorting by the
    first alone gives the same.
    """
    if not by:
        return frame
    enough = by[:1] if _is_in_order(frame, by[1:]) else by
    return frame.sort(enough, nulls_last=True, maintain_order=True)


def _is_in_order(frame: pl.DataFrame, by: Sequence[str]) -> bool:
    if any(frame[name].null_count() for name in by):
        return False
    ordered = pl.lit(True)
    for name in reversed(by):
        value, before = pl.col(name), pl.col(name).shift(1)
        ordered = (value > before) | ((value == before) & ordered)
    return bool(frame.select(ordered.all()).item())


def _fitting(
    name: str, given: pl.DataType, wanted: pl.DataType, layout: Layout, batch: Batch
) -> pl.Expr:
    fits = (
        given in (wanted, pl.Null)
        or (given.is_integer() and wanted.is_integer())
        or (isinstance(given, pl.Datetime) and isinstance(wanted, pl.Datetime))
        or (wanted == pl.String and isinstance(given, (pl.Categorical, pl.Enum)))
    )
    if not fits:
        raise FrameError(
            f"批次 {batch.id}：报表 {layout.name} 的列 {name} 应为 {wanted}，送来的是 {given}。"
            "金额以分为单位的整数入库，请在送入前换算。"
        )
    return pl.col(name)


def _technical(layout: Layout, batch: Batch, now: datetime) -> dict[str, pl.Expr]:
    if not set(TECHNICAL) <= set(layout.schema):
        return {}
    department = batch.src_dept or layout.contract.delivering_dept
    return {
        "src_dept": pl.lit(department),
        "batch_id": pl.lit(batch.id),
        "biz_date": pl.lit(batch.biz_date),
        "load_time": pl.lit(now).cast(pl.Datetime("us", "UTC")),
        "data_status": pl.lit(_DEFAULT_STATUS),
        "secret_flag": pl.lit(False),
        "round_fen": pl.lit(1),
    }
