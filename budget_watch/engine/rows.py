"""Row rules: all rules over one source judged in one pass over its rows.

The pass reads the source once, in steps of bounded size. A step works out for every rule which of
its rows the rule judges; only those meet the rule's measures, look-ups and levels. A rule that
judges few rows collects them over many steps and judges them together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

import polars as pl

from budget_watch.engine.attaching import attach
from budget_watch.engine.check import Aggregate, CheckedJoin, CheckedRule
from budget_watch.engine.frames import apart, provisional_row
from budget_watch.engine.hashed import Keyed
from budget_watch.engine.judge import Judgement, compiler, judgement
from budget_watch.engine.lookups import look_up, table
from budget_watch.engine.measures import MOST_ROWS_SHARED
from budget_watch.engine.result import observed
from budget_watch.engine.run import (
    NOT_VALID,
    OUT_OF_SCOPE,
    UNKNOWN_SCOPE,
    Run,
    by_year,
    key_hash,
    noteworthy,
    rule_compiler,
    shown,
    valid,
)
from budget_watch.engine.sources import Source
from budget_watch.engine.wordmarks import Marks

ROWS_A_STEP = 150_000
ROWS_TOGETHER = 60_000  # a rule judges its rows when so many have come together
LONG, OF_LONG = MOST_ROWS_SHARED, 2  # over so many rows steps are shorter, so is what waits
COUNTED_BY_YEAR = MOST_ROWS_SHARED  # of sources of up to so many rows
ROWS_A_LOOK = 1_500_000
RULES_AT_ONCE = 2
DAY = "__period_end"
INSIDE, OUT, UNKNOWN, INVALID = 0, -1, -2, -3
REASONS = {OUT: OUT_OF_SCOPE, UNKNOWN: UNKNOWN_SCOPE, INVALID: NOT_VALID}
PLACES = ("mof_div_code", "dept_code", "agency_code")


@dataclass
class _Source:
    """The rows of the pass, and the different keys that occur in them.

    Attributes:
        keys: columns → their different values over all rows, found when first asked for.
        count: how many rows there are.
        alone: held by the rule that works out what its rows will meet: plan and frames are shared.
    """

    run: Run
    rows: pl.LazyFrame
    count: int
    keys: dict[tuple[str, ...], pl.DataFrame] = field(default_factory=dict)
    alone: Lock = field(default_factory=Lock)

    def every(self, on: tuple[str, ...]) -> pl.DataFrame:
        """The different values of some columns over all rows, looked for part by part."""
        if on not in self.keys:
            found = self.rows.clear().select(on).collect()
            for start in range(0, self.count, ROWS_A_LOOK):
                part = self.rows.slice(start, ROWS_A_LOOK).select(on).unique()
                found = pl.concat([found, part.collect(engine="in-memory")]).unique()
            self.keys[on] = found
        return self.keys[on]


@dataclass
class Beside:
    """What a rule's rows meet: measures and look-ups by the columns that decide them.

    Attributes:
        measured: columns of the row → one row a key, with values and whatever hangs on that key.
        tables: the look-ups that hang on other columns.
    """

    measured: dict[tuple[str, ...], Keyed]
    tables: list[tuple[CheckedJoin, Keyed]]

    def added(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with all that hangs on them."""
        for on, values in self.measured.items():
            rows = rows.hstack(values.beside(rows.select(on)))
        for join, values in self.tables:
            found = values.beside(rows.select(join.on.values()))
            rows = rows.hstack(found.with_columns(pl.col(f"{join.name}_found").fill_null(False)))
        return rows


@dataclass
class _Row:
    """One rule in the pass: how it judges, the rows that wait, what came out so far."""

    rule: CheckedRule
    judgement: Judgement
    columns: list[str]
    waiting: list[pl.DataFrame] = field(default_factory=list)
    many: bool = False
    beside: Beside | None = None
    kept: list[pl.DataFrame] = field(default_factory=list)
    outside: dict[int, int] = field(default_factory=dict)
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)
    years: dict[tuple[int | None, int], int] = field(default_factory=dict)
    seconds: float = 0.0


def judge_rows(run: Run, rules: list[CheckedRule]) -> None:
    """Judge row rules over one source in one pass; adds observations and counts."""
    begun = time.perf_counter()
    source = rules[0].source
    if source is None:
        return
    needed = _needed(rules, source)
    rows = run.frames.scan(source).select(sorted(needed))
    marks = run.frames.marks(source)
    total = run.frames.rows(source)
    part = OF_LONG if total > LONG else 1
    length, together = ROWS_A_STEP // part, ROWS_TOGETHER // part
    in_pass = [_prepared(run, rule, source, needed, marks) for rule in rules]
    keys = sorted({tuple(rule.grain) for rule in rules})
    scopes = [_scope(run, each, source, marks) for each in in_pass]
    words = marks.columns()

    def step(start: int) -> pl.DataFrame:
        part = rows.slice(start, length).with_columns(words)
        return (
            part.with_columns(_day(run, source).alias(DAY))
            .with_columns(
                *scopes,
                provisional_row(source).alias("__p_row"),
                *(key_hash(key).alias(_hash_name(key)) for key in keys),
            )
            .collect(engine="in-memory")  # small: cheaper than a stream
        )

    all_rows = _Source(run, rows, total)
    if total > LONG:
        run.plan.ready(measure for rule in rules for measure in rule.measures.values())
    with ThreadPoolExecutor(RULES_AT_ONCE, "judging") as judging:
        for batch in _ahead(step, range(0, max(total, 1), length)):
            _all(judging, [partial(_take, each, batch, all_rows, together) for each in in_pass])
        _all(judging, [partial(_judge_waiting, each, all_rows) for each in in_pass])
    for each in in_pass:
        _finish(run, each)
    spent = time.perf_counter() - begun
    busy = sum(each.seconds for each in in_pass)
    shared = max(0.0, spent - busy) / len(rules)
    for each in in_pass:  # what rules did at once is counted once
        own = each.seconds * min(1.0, spent / busy) if busy else 0.0
        run.tallies[each.rule.id].seconds += own + shared


def _all(workers: ThreadPoolExecutor, tasks: Sequence[Callable[[], None]]) -> None:
    """Do the tasks, some at once, each with the day and calendar of the run."""
    for done in [workers.submit(copy_context().run, task) for task in tasks]:
        done.result()


def _ahead(step: Callable[[int], pl.DataFrame], starts: Sequence[int]) -> Iterator[pl.DataFrame]:
    """The steps in order; while one is judged the next is read."""
    with ThreadPoolExecutor(1, "rows") as reading:
        coming = reading.submit(step, starts[0])
        for start in [*starts[1:], None]:
            batch = coming.result()
            if start is not None:
                coming = reading.submit(step, start)
            yield batch
            del batch


def _needed(rules: list[CheckedRule], source: Source) -> set[str]:
    """The columns of the source that the rules, or their observations, take."""
    needed = set(source.key) | {name for rule in rules for name in rule.needs}
    needed |= {
        name
        for name in ("data_status", "stage", "fiscal_year", "month", "quarter", *PLACES)
        if name in source.columns
    }
    return needed | ({source.date_column} if source.date_column else set())


def _prepared(run: Run, rule: CheckedRule, source: Source, needed: set[str], marks: Marks) -> _Row:
    build = rule_compiler(rule, run.setting)
    build.day = pl.col(DAY)  # worked out once a row, for all rules
    build.marks = marks
    verdict = judgement(rule, build)
    own = {name for name in rule.needs | set(PLACES) | set(rule.grain) if name in needed}
    own |= {name for name in ("fiscal_year", "month", "quarter") if name in needed}
    own |= {source.date_column} if source.date_column else set()
    return _Row(rule, verdict, [*sorted(own), DAY, "__p_row", _hash_name(tuple(rule.grain))])


def _hash_name(key: tuple[str, ...]) -> str:
    return "__h_" + "/".join(key)


def _scope(run: Run, each: _Row, source: Source, marks: Marks) -> pl.Expr:
    """Whether the rule judges the row, and why not."""
    rule = each.rule
    build = compiler(run.setting, source.columns, source.date_column)
    build.day, build.marks = pl.col(DAY), marks
    inside: pl.Expr = pl.lit(INSIDE, dtype=pl.Int8)
    if rule.condition is not None:
        met = build.condition(rule.condition)
        inside = (
            pl.when(met)
            .then(inside)
            .when(met.is_null())
            .then(pl.lit(UNKNOWN, dtype=pl.Int8))
            .otherwise(pl.lit(OUT, dtype=pl.Int8))
        )
    held = valid(rule, build.day).fill_null(True)
    return (
        pl.when(held | (inside != INSIDE))
        .then(inside)
        .otherwise(pl.lit(INVALID, dtype=pl.Int8))
        .alias(_scope_name(rule))
    )


def _scope_name(rule: CheckedRule) -> str:
    return f"__s_{rule.id}"


def _day(run: Run, source: Source) -> pl.Expr:
    """The end of a row's period; the day of the run where it has none."""
    day = compiler(run.setting, source.columns, source.date_column).day
    return pl.lit(run.setting.as_of) if day is None else day


# ---- step by step
def _take(each: _Row, batch: pl.DataFrame, source: _Source, together: int) -> None:
    """Take from a step the rows that the rule judges; judge them when they are many."""
    begun = time.perf_counter()
    scope = batch[_scope_name(each.rule)]
    counted = dict(scope.value_counts().iter_rows())
    for state, count in counted.items():
        if state != INSIDE:
            each.outside[state] = each.outside.get(state, 0) + count
    if counted.get(INSIDE):
        marks = [name for name in batch.columns if name.startswith("__w_")]
        own = batch.select(*each.columns, *marks)
        own = own if len(counted) == 1 else own.filter(scope == INSIDE)
        each.waiting.append(own if own.height >= together else apart(own))
        if sum(part.height for part in each.waiting) >= together:
            each.many = True
            _judge_waiting(each, source)
    each.seconds += time.perf_counter() - begun


def _judge_waiting(each: _Row, source: _Source) -> None:
    """Measures, look-ups and verdicts of the rows that wait; the noteworthy are kept."""
    if not each.waiting:
        return
    frame = pl.concat(each.waiting) if len(each.waiting) > 1 else each.waiting[0]
    each.waiting.clear()
    beside = each.beside
    if beside is None:
        with source.alone:
            beside = _beside(each, frame, source)
    each.beside = beside if each.many else None
    # lazy, so that what several predicates share is worked out once
    met = beside.added(frame).lazy()
    frame = met.with_columns(each.judgement.expr.alias("__v")).collect(engine="in-memory")
    hashed = pl.col(_hash_name(tuple(each.rule.grain))).sum().alias("key")
    for at, count, key in frame.group_by("__v").agg(pl.len(), hashed).iter_rows():
        old = each.counts.get(at, (0, 0))
        each.counts[at] = (old[0] + count, (old[1] + (key or 0)) & (2**64 - 1))
    if source.count <= COUNTED_BY_YEAR:  # of documents by the million only the sum is counted
        for year, at, count in by_year(frame):
            each.years[year, at] = each.years.get((year, at), 0) + count
    loud = frame.filter(pl.col("__v").is_in(noteworthy(each.judgement)))
    if loud.height:
        plain = [name for name in loud.columns if not name.startswith(("__w_", "__h_"))]
        each.kept.append(apart(loud.select(plain)))


def _beside(each: _Row, frame: pl.DataFrame, source: _Source) -> Beside:
    """What the rule's rows will meet: for a rule with few rows, for those; else for all.

    All that hangs on the same columns stands in one frame, so that the rows meet it in one join.
    """
    run = source.run
    measured: dict[tuple[str, ...], pl.DataFrame] = {}
    tables: list[tuple[CheckedJoin, Keyed]] = []
    for measure in each.rule.measures.values():
        on = tuple(sorted(_keys(measure, frame.columns)))
        if on not in measured:
            measured[on] = source.every(on) if each.many else frame.select(on).unique()
        values = attach(measured[on].select(on), measure, run.plan)
        measured[on] = measured[on].hstack(values.select(pl.exclude(on)))
    for join in each.rule.joins.values():
        on, rows = tuple(sorted(join.on.values())), table(join, run.frames)
        if on in measured:
            measured[on] = look_up(measured[on].lazy(), join, rows).collect()
        else:
            tables.append((join, Keyed(rows, [f"__on_{at}" for at in range(len(join.on))])))
    return Beside({on: Keyed(values, on) for on, values in measured.items()}, tables)


def _keys(measure: Aggregate, present: list[str]) -> list[str]:
    """The columns of the row that decide a measure's value."""
    bound = [measure.cumulative[1]] if measure.cumulative else []
    if measure.at_condition is not None:
        bound = sorted(measure.at_condition.names("at") - set(measure.keys))
    periods = ("fiscal_year", "month", "quarter") if measure.shift else ()
    wanted = [*measure.keys, *bound, *(name for name in periods if name in present)]
    return list(dict.fromkeys(wanted))


def _finish(run: Run, each: _Row) -> None:
    rule, tally = each.rule, run.tallies[each.rule.id]
    if not each.counts:
        run.plan.let_go(rule.measures.values())
    for state, count in sorted(each.outside.items()):
        tally.exclude(REASONS[state], count)
    for (year, at), count in each.years.items():
        tally.of_year(year, each.judgement.verdicts[at], count)
    for at, (count, key) in sorted(each.counts.items()):
        verdict = each.judgement.verdicts[at]
        tally.count(rule, verdict, count)
        if verdict.outcome in ("clear", "not_applicable"):
            tally.quiet(verdict.outcome, key)
    if each.kept:
        frame = pl.concat(each.kept)
        run.observations.append(
            observed(rule, frame, each.judgement.verdicts, tally, shown(rule, run.setting))
        )
