"""Puts measures beside the grains that are judged, and tells zero from unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from budget_watch.engine.check import Aggregate
from budget_watch.engine.coverage import delivered
from budget_watch.engine.errors import RunError
from budget_watch.engine.expression import Expr
from budget_watch.engine.frames import Frames
from budget_watch.engine.judge import compiler
from budget_watch.engine.measures import Plan, columns
from budget_watch.engine.units import Column

OK, NOT_DELIVERED, BLANK, NO_ROW, OVERFLOW, FEW = range(6)
STATES = {
    NOT_DELIVERED: "未送达",
    BLANK: "有空值",
    NO_ROW: "没有记录",
    OVERFLOW: "合计过大",
}


def attach(frame: pl.DataFrame, measure: Aggregate, plan: Plan) -> pl.DataFrame:
    """Join a measure onto the grains: its value, and how sure it is (`__s_name`, `__p_name`).

    Raises:
        RunError: the result has more rows than there are grains.
    """
    if measure.at_condition is not None:
        groups, at = _bound(frame, measure, plan.frames), 0
        joined = _joined(frame, groups, measure, list(groups.columns[: _bound_width(measure)]))
    else:
        groups, at = plan.grouped(measure)
        joined = _joined(frame, groups, measure, None)
    return _settled(joined, frame, measure, at, plan.frames)


def _shifted(frame: pl.DataFrame, measure: Aggregate) -> dict[str, pl.Expr]:
    """For each key column the grain's value to look up, with the shift applied."""
    shift = measure.shift
    found = {name: pl.col(name) for name in frame.columns}
    if not shift:
        return found
    years = shift.get("fiscal_year", 0)
    found["fiscal_year"] = pl.col("fiscal_year") + years
    for name, length in (("month", 12), ("quarter", 4)):
        if name in shift and name in frame.columns:
            at = (pl.col("fiscal_year") + years) * length + pl.col(name) - 1 + shift[name]
            found["fiscal_year"], found[name] = at // length, at % length + 1
    return found


def _joined(
    frame: pl.DataFrame, groups: pl.DataFrame, measure: Aggregate, on: list[str] | None
) -> pl.DataFrame:
    """Frame rows, in order, with the group's columns (a, n, z, p) beside them."""
    shifted = _shifted(frame, measure)
    names = on if on is not None else list(measure.keys)
    left = frame.select(
        pl.int_range(pl.len()).alias("__row"),
        *(shifted[name].alias(name) for name in names),
        *([shifted[measure.cumulative[1]].alias("__at")] if measure.cumulative else []),
    )
    if measure.cumulative:
        asof = left.sort("__at").join_asof(
            groups.sort("__step"),
            left_on="__at",
            right_on="__step",
            by=names or None,
            strategy="backward",
            check_sortedness=False,
        )
        return asof.sort("__row").drop(names)
    if not names:
        return left.join(groups, how="cross")
    return left.join(
        groups, on=names, how="left", maintain_order="left", nulls_equal=True, validate="m:1"
    ).drop(names)


def _settled(
    joined: pl.DataFrame, frame: pl.DataFrame, measure: Aggregate, at: int, frames: Frames
) -> pl.DataFrame:
    """Tell zero from unknown."""
    if joined.height != frame.height:
        raise RunError(f"计量 {measure.name} 与判断单元不是多对一")
    name = measure.name
    has = pl.col(f"n{at}").fill_null(0) > 0
    blanks = pl.col(f"z{at}").fill_null(0) > 0 if f"z{at}" in joined.columns else pl.lit(False)
    raw = pl.col(f"a{at}")
    empty_value: pl.Expr = pl.lit(None)
    if measure.function in ("any", "all"):
        settled = raw == 1
        blanks = blanks & (~settled if measure.function == "any" else settled).fill_null(True)
        empty_value = pl.lit(measure.function == "all")
    elif measure.function in ("sum", "count", "rows", "distinct"):
        settled = raw.cast(pl.Int64, strict=False)
        empty_value = pl.lit(0, dtype=pl.Int64)
    else:
        settled = raw
    too_big = has & raw.is_not_null() & settled.is_null()
    nothing = _nothing(joined, frame, measure, frames)
    state = (
        pl.when(too_big)
        .then(OVERFLOW)
        .when(has & blanks)
        .then(BLANK)
        .when(has)
        .then(OK)
        .otherwise(nothing)
    )
    zero = measure.function not in ("min", "max")
    provisional = pl.col(f"p{at}").fill_null(False) if f"p{at}" in joined.columns else pl.lit(False)
    made = joined.select(
        state.cast(pl.Int8).alias(f"__s_{name}"),
        provisional.alias(f"__p_{name}"),
        settled.alias("__value"),
        has.alias("__has"),
    )
    value = (
        pl.when(pl.col(f"__s_{name}") != OK)
        .then(None)
        .when(pl.col("__has"))
        .then(pl.col("__value"))
    )
    made = made.with_columns((value.otherwise(empty_value) if zero else value).alias(name))
    return frame.hstack(made.select(name, f"__s_{name}", f"__p_{name}"))


def _nothing(
    joined: pl.DataFrame, frame: pl.DataFrame, measure: Aggregate, frames: Frames
) -> pl.Series:
    """The state of a grain without rows: zero if it was delivered, else unknown."""
    if measure.function in ("min", "max") or measure.empty == "missing":
        return pl.Series([NO_ROW] * frame.height, dtype=pl.Int64)
    shifted = _shifted(frame, measure)
    # the period asked for: year (shifted) and month of the grain, where it has them
    year = [shifted["fiscal_year"].alias("fiscal_year")] if "fiscal_year" in frame.columns else []
    by_year = "fiscal_year" in measure.keys
    region = ["mof_div_code"] if "mof_div_code" in measure.keys else []
    asked = frame.select(*(year if by_year else []), *region, *_month_of(frame, shifted, measure))
    as_of = frames.setting.as_of
    need = pl.col("__month") if "__month" in asked.columns else pl.lit(12)
    if by_year:
        ended = as_of.month - 1
        need = (
            pl.when(pl.col("fiscal_year") < as_of.year)
            .then(need)
            .when(pl.col("fiscal_year") == as_of.year)
            .then(pl.min_horizontal(need, pl.lit(ended)))
            .otherwise(13)
        )
    if asked.width == 0:
        asked = pl.DataFrame({"__row": [0] * frame.height})
    came = delivered(asked, frames.coverage, measure.source.tables, need.cast(pl.Int64))
    return came.replace_strict([True, False], [OK, NOT_DELIVERED], return_dtype=pl.Int64)


def _month_of(
    frame: pl.DataFrame, shifted: Mapping[str, pl.Expr], measure: Aggregate
) -> list[pl.Expr]:
    bound = set(measure.keys) | ({measure.cumulative[1]} if measure.cumulative else set())
    if "month" in frame.columns and "month" in bound:
        return [shifted["month"].alias("__month")]
    if "quarter" in frame.columns and "quarter" in bound:
        return [(shifted["quarter"] * 3).alias("__month")]
    return []


def _bound_width(measure: Aggregate) -> int:
    names = measure.at_condition.names("at") if measure.at_condition else set()
    return len(set(measure.keys) | names)


def _bound(frame: pl.DataFrame, measure: Aggregate, frames: Frames) -> pl.DataFrame:
    """Groups of a measure whose rows are chosen by the grain's own values: grains × rows."""
    source, condition = measure.source, measure.at_condition
    if condition is None:
        raise RunError(f"计量 {measure.name} 没有 @ 条件")
    compared = sorted(condition.names("at"))
    names = list(measure.keys) + [name for name in compared if name not in measure.keys]
    shifted = _shifted(frame, measure)
    grains = frame.select(shifted[name].alias(f"__g_{name}") for name in names).unique()
    build = compiler(frames.setting, source.columns, source.date_column)
    rows = frames.scan(source)
    if measure.condition is not None:
        rows = rows.filter(frames.condition(source, measure.condition))
    rows = rows.with_columns(
        build.any(tree).alias(f"__k_{name}") for name, tree in measure.keys.items()
    )
    left = [f"__g_{name}" for name in measure.keys]
    right = [f"__k_{name}" for name in measure.keys]
    pairs = (
        grains.lazy().join(rows, left_on=left, right_on=right, how="inner", nulls_equal=True)
        if left
        else grains.lazy().join(rows, how="cross")
    )
    test = compiler(frames.setting, source.columns, source.date_column)
    test.at = {name: f"__g_{name}" for name in compared}
    test.at_columns = {
        name: measure.source.columns.get(name) or _grain_column(name, condition)
        for name in compared
    }
    kept = pairs.filter(test.condition(condition).fill_null(False))
    unconditional = replace(measure, condition=None)
    grouped = kept.group_by([pl.col(f"__g_{name}").alias(name) for name in names]).agg(
        columns(frames, unconditional, 0)
    )
    return grouped.collect(engine="streaming")


def _grain_column(name: str, condition: Expr) -> Column:
    node = next(each for each in condition.walk() if each.op == "at" and each.value == name)
    return Column(name, node.type)
