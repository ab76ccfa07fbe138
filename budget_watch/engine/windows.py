"""Window rules (`within`): rows of one group close together in order, judged window by window.

Rows are first added up per group and order value, then over windows (o − length, o]; overlapping
windows that hit become one observation. Groups are cut into hash parts to bound memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from budget_watch.engine.check import Aggregate, CheckedRule, CheckedWindow
from budget_watch.engine.errors import RunError
from budget_watch.engine.frames import YEAR, Frames
from budget_watch.engine.judge import Judgement, judgement, period_end
from budget_watch.engine.measures import columns
from budget_watch.engine.pieces import pieces
from budget_watch.engine.result import RuleTally, observed
from budget_watch.engine.run import (
    NOT_VALID,
    OUT_OF_SCOPE,
    Run,
    key_hash,
    rule_compiler,
    shown,
    valid,
)

ROWS_A_PART = 1_000_000
ROWS_READ_ASIDE = 12_000_000  # some numbers a row: 250 MB
ROWS_A_PART_ASIDE = 4_000_000
_ORDER = "__order"
_KEY = (
    "__key"  # a hash of a group's key: 64 bits, so that two of 10 million meet once in 400 000 runs
)


def judge_windows(run: Run, rule: CheckedRule, tally: RuleTally) -> None:
    """Judge the windows of a rule and count groups."""
    window = rule.window
    if window is None:
        raise RunError(f"{rule.id} 没有 within")
    total = run.frames.rows(window.source)
    if window.groups is not None and _datable(rule):
        used = _judge_hopeful(run, rule, window, tally)
    else:
        used = 0
        all_rows, by = run.frames.scan(window.source), [pl.col(name) for name in window.by]
        for piece in pieces(run.frames, window.source, by, YEAR in window.by, ROWS_A_PART):
            steps = _steps(run.frames, window, _rows(run.frames, window, all_rows.filter(piece)))
            used += int(steps["__rows"].sum() or 0)
            if steps.height:
                _judge_part(run, rule, window, steps, tally)
    outside = total - used
    if outside:
        tally.excluded[OUT_OF_SCOPE] = tally.excluded.get(OUT_OF_SCOPE, 0) + outside


def _judge_hopeful(run: Run, rule: CheckedRule, window: CheckedWindow, tally: RuleTally) -> int:
    """Set aside the groups that cannot hit, judge the windows of the others.

    Returns:
        how many rows stand in groups.
    """
    keyed = run.frames.scan(window.source).with_columns(key_hash(window.by).alias(_KEY))
    rows = _rows(run.frames, window, keyed)
    values = {name: window.values[name] for name in _deciding(rule, window)}
    aggregates = [
        column
        for at, value in enumerate(values.values())
        for column in columns(run.frames, value, at)
    ]
    read = {_KEY} | {name for each in aggregates for name in each.meta.root_names()}
    every, hopeful, kept = 0, [], 0
    outer = _parts(run.frames.rows(window.source), ROWS_READ_ASIDE)
    for part in outer:
        held = rows.filter(part).select(sorted(read)).collect(engine="streaming")
        every += held.height
        for piece in _parts(held.height, ROWS_A_PART_ASIDE, len(outer)):
            grouped = held.lazy().filter(piece).group_by(_KEY)
            groups = grouped.agg(pl.len().alias("__rows"), *aggregates).collect(engine="streaming")
            some = _set_aside(run, rule, window, _whole(values, groups), tally)
            kept += int(some["__rows"].sum() or 0)
            hopeful.append(some.select(_KEY))
        del held
    found = pl.concat(hopeful)
    for part in _parts(kept, ROWS_A_PART):
        wanted = found.lazy().filter(part)
        some_rows = keyed.join(wanted, on=_KEY, how="semi")
        steps = _steps(run.frames, window, _rows(run.frames, window, some_rows))
        if steps.height:
            _judge_part(run, rule, window, steps, tally)
    return every


def _parts(rows: int, most: int, cut: int = 1) -> list[pl.Expr]:
    """Conditions over a group's hash that cut so many rows into parts of about `most`.

    cut: in how many parts such conditions have cut the rows before.
    """
    count = max(1, -(-rows // most))
    if count == 1:
        return [pl.lit(True)]
    return [pl.col(_KEY) // cut % count == part for part in range(count)]


def _rows(frames: Frames, window: CheckedWindow, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Those of the source's rows that stand in windows, with their order."""
    source, marks = window.source, frames.marks(window.source)
    if window.condition is not None:
        inside = frames.condition(source, window.condition, marks)
        rows = rows.with_columns(marks.columns()).filter(inside)
    build = frames.compiler(source)
    rows = rows.with_columns(build.whole(window.order).cast(pl.Int64).alias(_ORDER))
    return rows.filter(pl.col(_ORDER).is_not_null())


def _steps(frames: Frames, window: CheckedWindow, rows: pl.LazyFrame) -> pl.DataFrame:
    """One row a group and order value: the values' aggregates."""
    aggregates = [
        column
        for at, value in enumerate(window.values.values())
        for column in columns(frames, value, at)
    ]
    grouped = rows.group_by(*window.by, _ORDER).agg(pl.len().alias("__rows"), *aggregates)
    return grouped.collect(engine="streaming").sort(*window.by, _ORDER, nulls_last=True)


# ---- groups that have no window that could hit
def _datable(rule: CheckedRule) -> bool:
    """Whether a group's last date tells if any of its windows falls into the rule's validity."""
    name = _date_value(rule)
    value = rule.window.values.get(name) if rule.window and name else None
    return value is not None and value.function == "max" and rule.rule.valid.until is None


def _deciding(rule: CheckedRule, window: CheckedWindow) -> list[str]:
    """The values that decide whether a group is set aside: what `groups` names, and the date."""
    wanted = window.groups.names() if window.groups is not None else set()
    return [name for name in window.values if name in wanted | {_date_value(rule)}]


def _whole(values: Mapping[str, Aggregate], groups: pl.DataFrame) -> pl.DataFrame:
    """One row a group: the deciding values over all its rows, as the rule sees them."""
    return groups.with_columns(
        _settled(value, at, pl.col(f"a{at}"), groups.columns, rolling=False)
        for at, value in enumerate(values.values())
    )


def _set_aside(
    run: Run, rule: CheckedRule, window: CheckedWindow, groups: pl.DataFrame, tally: RuleTally
) -> pl.DataFrame:
    """Count the groups that cannot hit as clear; return the others."""
    if window.groups is None:
        return groups
    end = pl.col(str(_date_value(rule))).fill_null(pl.lit(run.setting.as_of))
    build = rule_compiler(rule, run.setting)
    build.day = pl.col("__period_end")
    hopeful = build.condition(window.groups).fill_null(True)
    marked = (
        groups.lazy()
        .with_columns(end.alias("__period_end"))
        .with_columns(hopeful.alias("__hopeful"), valid(rule, pl.col("__period_end")).alias("__in"))
        .collect()
    )
    aside = marked.filter(~pl.col("__hopeful"))
    tally.exclude(NOT_VALID, aside.height - int(aside["__in"].sum()))
    clear = aside.filter("__in")
    tally.rows += clear.height
    tally.judged += clear.height
    tally.clear += clear.height
    if clear.height:
        tally.quiet("clear", int(clear[_KEY].sum()))
    return marked.filter("__hopeful").select(_KEY, "__rows")


def _settled(
    value: Aggregate, at: int, total: pl.Expr, present: list[str], rolling: bool
) -> pl.Expr:
    """A value as the rule sees it: null if a blank was among what it sums."""
    blank = pl.lit(False)
    if f"z{at}" in present:
        blank = (pl.col(f"z{at}").sum() if rolling else pl.col(f"z{at}")) > 0
    if value.function in ("any", "all"):
        total = total == 1
    if value.function in ("sum", "count", "rows"):
        total = total.cast(pl.Int64, strict=False)
    return pl.when(~blank).then(total).alias(value.name)


def _windows(window: CheckedWindow, steps: pl.DataFrame) -> pl.DataFrame:
    """One row a window: `by`, its first and last order value, its values."""
    ids = steps.with_columns(pl.struct(window.by).rle_id().alias("__group"))
    made: list[pl.Expr] = []
    for at, value in enumerate(window.values.values()):
        column = pl.col(f"a{at}")
        total = {
            "sum": column.sum,
            "count": column.sum,
            "rows": column.sum,
            "min": column.min,
            "max": column.max,
            "any": column.max,
            "all": column.min,
        }[value.function]()
        made.append(_settled(value, at, total, steps.columns, rolling=True))
    rolled = ids.rolling(index_column=_ORDER, period=f"{window.length}i", group_by="__group").agg(
        pl.col(window.by).first(),
        pl.col(_ORDER).first().alias("__first"),
        *made,
        *(
            [pl.any_horizontal(_provisional(steps)).any().alias("__p_row")]
            if _provisional(steps)
            else []
        ),
    )
    return rolled.with_columns(
        pl.col("__first").alias("first_order"), pl.col(_ORDER).alias("last_order")
    )


def _provisional(steps: pl.DataFrame) -> list[str]:
    return [name for name in steps.columns if name.startswith("p") and name[1:].isdigit()]


def _judge_part(
    run: Run, rule: CheckedRule, window: CheckedWindow, steps: pl.DataFrame, tally: RuleTally
) -> None:
    frame = _windows(window, steps)
    end = period_end({name: rule.columns[name] for name in rule.columns}, _date_value(rule))
    day = pl.lit(run.setting.as_of) if end is None else end.fill_null(pl.lit(run.setting.as_of))
    frame = frame.with_columns(day.alias("__period_end"))
    kept = frame.filter(valid(rule, pl.col("__period_end")))
    lost = frame["__group"].n_unique() - kept["__group"].n_unique()
    tally.exclude(NOT_VALID, lost)
    from budget_watch.engine.attaching import attach
    from budget_watch.engine.lookups import look_up, table

    for measure in rule.measures.values():
        kept = attach(kept, measure, run.plan)
    for join in rule.joins.values():
        kept = look_up(kept.lazy(), join, table(join, run.frames)).collect()
    verdict = judgement(rule, rule_compiler(rule, run.setting))
    judged = kept.lazy().with_columns(verdict.expr.alias("__v")).collect()
    _count_groups(rule, window, judged, verdict, tally)
    merged = _merged(judged, verdict)
    run.observations.append(
        observed(rule, merged, verdict.verdicts, tally, shown(rule, run.setting))
    )


def _date_value(rule: CheckedRule) -> str | None:
    """The value that dates a window: its last date, if the rule takes one."""
    dates = [name for name, column in rule.columns.items() if column.type.base == "date"]
    return "last_date" if "last_date" in dates else dates[-1] if dates else None


_ORDER_OF = {"error": 4, "hit": 3, "insufficient_data": 2, "clear": 1, "not_applicable": 0}


def _rank(verdict: Judgement) -> pl.Expr:
    """How weighty a verdict is: higher levels first, then missing data, then nothing."""
    count = len(verdict.verdicts)
    ranks = [
        _ORDER_OF[each.outcome] * 1000 + (count - each.level if each.level is not None else 0)
        for each in verdict.verdicts
    ]
    return pl.col("__v").replace_strict(list(range(count)), ranks, return_dtype=pl.Int32)


def _count_groups(
    rule: CheckedRule,
    window: CheckedWindow,
    judged: pl.DataFrame,
    verdict: Judgement,
    tally: RuleTally,
) -> None:
    groups = (
        judged.with_columns(_rank(verdict).alias("__rank"))
        .sort("__rank", maintain_order=True)
        .group_by("__group")
        .agg(pl.col("__v").last(), pl.col(window.by).first())
        .with_columns(key_hash(window.by).alias("__key"))
    )
    for at, count, key in sorted(
        groups.group_by("__v").agg(pl.len(), pl.col("__key").sum()).iter_rows()
    ):
        each = verdict.verdicts[at]
        if each.outcome in ("hit", "clear", "not_applicable"):
            tally.count(rule, each, count)
        else:  # observations of a group may be several: counted where they are made
            tally.rows += count
            tally.judged += count
            setattr(tally, each.outcome, getattr(tally, each.outcome) + count)
        if each.outcome in ("clear", "not_applicable"):
            tally.quiet(each.outcome, key)


def _merged(judged: pl.DataFrame, verdict: Judgement) -> pl.DataFrame:
    """Overlapping windows of one outcome become one row: the highest level's last one."""
    loud = {
        at: each.outcome
        for at, each in enumerate(verdict.verdicts)
        if each.outcome not in ("clear", "not_applicable")
    }
    kept = judged.filter(pl.col("__v").is_in(list(loud)))
    if kept.height == 0:
        return kept
    kept = kept.with_columns(
        pl.col("__v")
        .replace_strict(list(loud), list(loud.values()), return_dtype=pl.String)
        .alias("__outcome"),
        _rank(verdict).alias("__rank"),
    ).sort("__group", "__outcome", _ORDER)
    apart = (pl.col("__first") > pl.col(_ORDER).shift(1)).over("__group", "__outcome")
    kept = kept.with_columns(
        apart.fill_null(True).cast(pl.Int32).cum_sum().over("__group", "__outcome").alias("__run")
    )
    start = pl.col("__first").min().over("__group", "__outcome", "__run")
    return (
        kept.with_columns(start.alias("first_order"))
        .sort("__group", "__outcome", "__run", "__rank", _ORDER)
        .unique(["__group", "__outcome", "__run"], keep="last", maintain_order=True)
        .drop("__outcome", "__rank", "__run")
    )
