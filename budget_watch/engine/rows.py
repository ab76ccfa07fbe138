"""Row rules: all rules over one source judged in one streaming pass.

Only rows that hit, lack data or fail are kept; the rest is counted batch by batch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from budget_watch.engine.check import Aggregate, CheckedJoin, CheckedRule
from budget_watch.engine.judge import Judgement, compiler, judgement
from budget_watch.engine.lookups import look_up, table
from budget_watch.engine.measures import PROVISIONAL, attach
from budget_watch.engine.result import observed
from budget_watch.engine.run import (
    NOT_VALID,
    OUT_OF_SCOPE,
    UNKNOWN_SCOPE,
    Run,
    key_hash,
    noteworthy,
    rule_compiler,
    shown,
    valid,
)
from budget_watch.engine.sources import Source

ROWS_A_STEP = 250_000
DAY = "__period_end"
OUT, UNKNOWN, INVALID = -1, -2, -3
REASONS = {OUT: OUT_OF_SCOPE, UNKNOWN: UNKNOWN_SCOPE, INVALID: NOT_VALID}
PLACES = ("mof_div_code", "dept_code", "agency_code")


@dataclass
class _Row:
    """One rule in the pass: its verdict column, its renamed columns, what was kept of it."""

    rule: CheckedRule
    judgement: Judgement
    names: dict[str, str]
    column: str
    kept: list[pl.DataFrame] = field(default_factory=list)
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)


def judge_rows(run: Run, rules: list[CheckedRule]) -> None:
    """Judge row rules over one source in one pass; adds observations and counts."""
    begun = time.perf_counter()
    source = rules[0].source
    if source is None:
        return
    needed = set(source.key) | {name for rule in rules for name in rule.needs}
    needed |= {name for name in ("data_status", "stage", *PLACES) if name in source.columns}
    needed |= {name for name in ("fiscal_year", "month", "quarter") if name in source.columns}
    needed |= {source.date_column} if source.date_column else set()
    rows = run.frames.scan(source).select(sorted(needed))
    in_pass = [_prepared(run, rule) for rule in rules]
    beside = _measured(run, rows, rules)
    looked_up = _looked_up(run, rules, beside)
    verdicts = _verdicts(run, in_pass)
    keys = sorted({tuple(each.rule.grain) for each in in_pass})
    kept = sorted(needed) + [name for each in in_pass for name in _own(each)]

    def build(part: pl.LazyFrame) -> pl.LazyFrame:
        for on, found in beside.items():
            part = part.join(found.lazy(), on=on, how="left", nulls_equal=True)
        for own, join, found in looked_up:
            part = look_up(part, join, found, own, in_order=False)
        return part.with_columns(_day(run, source).alias(DAY)).select(
            *kept,
            *verdicts,
            DAY,
            _provisional(source.columns).alias("__p_row"),
            *(key_hash(key).alias(_hash_name(key)) for key in keys),
        )

    total = run.frames.rows(source)
    for start in range(0, max(total, 1), ROWS_A_STEP):
        batch = build(rows.slice(start, ROWS_A_STEP)).collect(engine="in-memory")  # small: cheaper
        for each in in_pass:
            _take(each, batch)
    share = (time.perf_counter() - begun) / len(rules)
    for each in in_pass:
        _finish(run, each)
        run.tallies[each.rule.id].seconds += share


def _hash_name(key: tuple[str, ...]) -> str:
    return "__h_" + "/".join(key)


def _prepared(run: Run, rule: CheckedRule) -> _Row:
    own = f"{rule.id}."
    names = {name: own + name for name in rule.measures}
    for join in rule.joins.values():
        names |= {name: own + name for name in (*join.take, f"{join.name}_found")}
    build = rule_compiler(rule, run.setting, names)
    build.day = pl.col(DAY)  # worked out once a row, for all rules
    verdict = judgement(rule, build)
    return _Row(rule, verdict, names, f"__v_{rule.id}")


def _own(each: _Row) -> list[str]:
    """The columns that look-ups and measures add for one rule."""
    marks = [
        f"{mark}{each.rule.id}.{name}" for name in each.rule.measures for mark in ("__s_", "__p_")
    ]
    return [*each.names.values(), *marks]


Beside = dict[tuple[str, ...], pl.DataFrame]


def _measured(run: Run, rows: pl.LazyFrame, rules: list[CheckedRule]) -> Beside:
    """What the rules measure for their rows, by the columns of the row that decide it.

    All that hangs on the same columns, of whatever rule, stands in one frame, one row for each key
    that occurs; so the rows meet it in one join.
    """
    found: Beside = {}
    for rule in rules:
        own = f"{rule.id}."
        for measure in rule.measures.values():
            on = tuple(sorted(_keys(measure, rows)))
            if on not in found:
                found[on] = rows.select(on).unique().collect(engine="streaming")
            values = attach(found[on].select(on), measure, run.plan).select(
                pl.col(measure.name).alias(own + measure.name),
                pl.col(f"__s_{measure.name}").alias(f"__s_{own}{measure.name}"),
                pl.col(f"__p_{measure.name}").alias(f"__p_{own}{measure.name}"),
            )
            found[on] = found[on].hstack(values)
    return found


def _looked_up(
    run: Run, rules: list[CheckedRule], beside: Beside
) -> list[tuple[str, CheckedJoin, pl.DataFrame]]:
    """The look-ups left for the rows themselves; those by the key of a measure join its frame."""
    left = []
    for rule in rules:
        for join in rule.joins.values():
            on, own, rows = tuple(sorted(join.on.values())), f"{rule.id}.", table(join, run.frames)
            if on in beside:
                beside[on] = look_up(beside[on].lazy(), join, rows, own).collect()
            else:
                left.append((own, join, rows))
    return left


def _keys(measure: Aggregate, rows: pl.LazyFrame) -> list[str]:
    """The columns of the row that decide a measure's value."""
    bound = [measure.cumulative[1]] if measure.cumulative else []
    if measure.at_condition is not None:
        bound = sorted(measure.at_condition.names("at") - set(measure.keys))
    periods = ("fiscal_year", "month", "quarter") if measure.shift else ()
    present = rows.collect_schema().names()
    wanted = [*measure.keys, *bound, *(name for name in periods if name in present)]
    return list(dict.fromkeys(wanted))


def _provisional(columns: Mapping[str, object]) -> pl.Expr:
    doubtful: pl.Expr = pl.lit(False)
    if "data_status" in columns:
        doubtful = pl.col("data_status").is_in(PROVISIONAL).fill_null(False)
    if "stage" in columns:
        doubtful = doubtful | (pl.col("stage") == "快报").fill_null(False)
    return doubtful


def _day(run: Run, source: Source) -> pl.Expr:
    """The end of a row's period; the day of the run where it has none."""
    day = compiler(run.setting, source.columns, source.date_column).day
    return pl.lit(run.setting.as_of) if day is None else day


def _verdicts(run: Run, rules: list[_Row]) -> list[pl.Expr]:
    found: list[pl.Expr] = []
    for each in rules:
        rule = each.rule
        source = rule.source
        if source is None:
            continue
        build = compiler(run.setting, source.columns, source.date_column)
        build.day = pl.col(DAY)
        result = (
            pl.when(~valid(rule, build.day).fill_null(True))
            .then(pl.lit(INVALID, dtype=pl.Int16))
            .otherwise(each.judgement.expr)
        )
        if rule.condition is not None:
            inside = build.condition(rule.condition)
            result = (
                pl.when(inside)
                .then(result)
                .when(inside.is_null())
                .then(pl.lit(UNKNOWN, dtype=pl.Int16))
                .otherwise(pl.lit(OUT, dtype=pl.Int16))
            )
        found.append(result.cast(pl.Int16).alias(each.column))
    return found


def _take(each: _Row, batch: pl.DataFrame) -> None:
    """Count a batch by verdict and keep the rows that must be seen."""
    grouped = batch.group_by(each.column).agg(
        pl.len(), pl.col(_hash_name(tuple(each.rule.grain))).sum().alias("key")
    )
    for at, count, key in grouped.iter_rows():
        old = each.counts.get(at, (0, 0))
        each.counts[at] = (old[0] + count, (old[1] + (key or 0)) & (2**64 - 1))
    wanted = noteworthy(each.judgement)
    if not any(at in wanted for at in grouped[each.column].to_list()):
        return
    rows = batch.filter(pl.col(each.column).is_in(wanted))
    each.kept.append(_renamed(each, rows))


def _renamed(each: _Row, rows: pl.DataFrame) -> pl.DataFrame:
    """The rule's own columns under its own names."""
    rule = each.rule
    plain = {name for name in rule.needs | set(PLACES) | set(rule.grain) if name in rows.columns}
    plain |= {name for name in ("fiscal_year", "month", "quarter") if name in rows.columns}
    if rule.source is not None and rule.source.date_column:
        plain.add(rule.source.date_column)
    marks = [
        pl.col(f"{mark}{rule.id}.{name}").alias(f"{mark}{name}")
        for name in rule.measures
        for mark in ("__s_", "__p_")
    ]
    return rows.select(
        *sorted(plain),
        *(pl.col(theirs).alias(ours) for ours, theirs in each.names.items()),
        *marks,
        pl.col("__p_row"),
        pl.col(each.column).alias("__v"),
        pl.col(DAY),
    )


def _finish(run: Run, each: _Row) -> None:
    rule, tally = each.rule, run.tallies[each.rule.id]
    for at, (count, key) in sorted(each.counts.items()):
        if at < 0:
            tally.exclude(REASONS[at], count)
            continue
        verdict = each.judgement.verdicts[at]
        tally.count(rule, verdict, count)
        if verdict.outcome in ("clear", "not_applicable"):
            tally.quiet(verdict.outcome, key)
    if each.kept:
        frame = pl.concat(each.kept)
        run.observations.append(
            observed(rule, frame, each.judgement.verdicts, tally, shown(rule, run.setting))
        )
