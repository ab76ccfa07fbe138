"""Computes the measures of all rules: one query for every source and grain they share (fused).

A fused query groups the source once and aggregates conditionally for every rule. Cumulative
measures group by month first and are summed up afterwards. Each measure brings the number of rows
it counted, the number of nulls it met, and whether a row was 快报, 初步 or 第三方.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import polars as pl

from budget_watch.engine.check import Aggregate
from budget_watch.engine.expression import Expr
from budget_watch.engine.frames import YEAR, Frames, provisional_row
from budget_watch.engine.pieces import of_years, pieces
from budget_watch.engine.sources import Source
from budget_watch.engine.wordmarks import Marks

COARSE = frozenset(
    [
        "fiscal_year",
        "month",
        "quarter",
        "mof_div_code",
        "scope_kind",
        "stage",
        "book",
        "side",
        "code",
        "dept_code",
        "agency_code",
        "fund_type_code",
        "exp_func_code",
        "dep_bgt_eco_code",
        "gov_bgt_eco_code",
        "kind",
        "fund_kind",
        "debt_kind",
        "rev_code",
        "level_flag",
        "item",
        "tax_kind",
    ]
)
ROWS_A_PART = 4_500_000
GROUPS_TOGETHER = 2_000_000
VALUES_SHARED = 200_000  # groupings by a column of more values take passes of their own
MOST_ROWS_SHARED = 30_000_000  # of so long a source each grouping takes passes of its own


Signature = tuple[str, tuple[tuple[str, str], ...], str]


@dataclass
class Fused:
    """One query: a source grouped by some keys, with the aggregates of many rules.

    Attributes:
        waiting: how many measures have not taken their values yet; the frame is let go after the
            last of them.
    """

    source: Source
    keys: Mapping[str, Expr]
    step: Expr | None
    items: dict[str, Aggregate] = field(default_factory=dict)
    frame: pl.DataFrame | None = None
    waiting: int = 0


def signature(measure: Aggregate) -> Signature:
    """What two measures must share to be computed in one query."""
    keys = tuple(sorted((name, tree.key) for name, tree in measure.keys.items()))
    return (measure.source.name, keys, measure.cumulative[0].key if measure.cumulative else "")


def item_key(measure: Aggregate) -> str:
    """What two measures must share to be the same column."""
    argument = measure.argument.key if measure.argument else ""
    condition = measure.condition.key if measure.condition else ""
    return f"{measure.function}|{argument}|{condition}"


@dataclass
class Plan:
    """All fused queries of a run, computed when first asked for, kept while someone waits."""

    frames: Frames
    fused: dict[Signature, Fused] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)

    def add(self, measures: Iterable[Aggregate]) -> None:
        """Take measures into the plan, before any is computed."""
        for measure in measures:
            if measure.at_condition is not None:
                continue
            step = measure.cumulative[0] if measure.cumulative else None
            place = self.fused.setdefault(
                signature(measure), Fused(measure.source, measure.keys, step)
            )
            place.items.setdefault(item_key(measure), measure)
            place.waiting += 1

    def let_go(self, measures: Iterable[Aggregate]) -> None:
        """Measures that nobody will ask for: their frame need not wait for them."""
        for measure in measures:
            if measure.at_condition is None:
                fused = self.fused[signature(measure)]
                fused.waiting -= 1
                fused.frame = fused.frame if fused.waiting > 0 else None

    def ask_again(self, measures: Iterable[Aggregate], times: int) -> None:
        """Measures that will be asked for so many times more."""
        for measure in measures:
            if measure.at_condition is None:
                self.fused[signature(measure)].waiting += times

    def ready(self, measures: Iterable[Aggregate]) -> None:
        """Compute measures of few groups ahead, before a pass that holds rows of its own.

        A query over a long source takes much memory for a moment; its few groups take none.
        """
        for measure in measures:
            if measure.at_condition is None and not set(measure.keys) - COARSE:
                fused = self.fused[signature(measure)]
                if fused.frame is None:
                    with suppress(
                        pl.exceptions.PolarsError, ArithmeticError, ValueError, TypeError
                    ):
                        fused.frame = self.computed(fused)  # else it fails for its rule

    def grouped(self, measure: Aggregate) -> tuple[pl.DataFrame, int]:
        """The computed groups for a measure and the place of its columns in them."""
        fused = self.fused[signature(measure)]
        frame = fused.frame if fused.frame is not None else self.computed(fused)
        fused.waiting -= 1
        fused.frame = frame if fused.waiting > 0 else None
        return frame, list(fused.items).index(item_key(measure))

    def computed(self, fused: Fused) -> pl.DataFrame:
        """The groups of a query, with those of other queries in passing where that pays."""
        self._together(fused)
        return fused.frame if fused.frame is not None else compute(self.frames, fused)

    def _together(self, asked: Fused) -> None:
        """Compute the query with all others that may share its pass over a long source."""
        if asked.source.name in self.passed or not _shareable(self.frames, asked):
            return
        self.passed.add(asked.source.name)
        several = [
            each
            for each in self.fused.values()
            if each.source is asked.source and each.waiting > 0 and _shareable(self.frames, each)
        ]
        if len(several) > 1:
            # whatever fails here fails again for the rule that causes it, and only for that
            with suppress(pl.exceptions.PolarsError, ArithmeticError, ValueError, TypeError):
                _compute_together(self.frames, several)


def _shareable(frames: Frames, fused: Fused) -> bool:
    """Whether a query is over a long source, by year, and has few groups however many the rows."""
    if not ROWS_A_PART < frames.rows(fused.source) <= MOST_ROWS_SHARED or not _by_year(fused):
        return False
    return _few(frames, fused, VALUES_SHARED)


def _few(frames: Frames, fused: Fused, most: int) -> bool:
    """Whether all keys but at most one are coarse, and that one has few different values."""
    fine = {name for tree in fused.keys.values() for name in tree.names()} - COARSE
    return not fine or (len(fine) == 1 and frames.different(fused.source, min(fine)) <= most)


@dataclass
class Conditions:
    """The conditions of measures over one source as columns, each worked out once a row."""

    frames: Frames
    source: Source
    marks: Marks
    found: dict[str, pl.Expr] = field(default_factory=dict)

    def column(self, tree: Expr) -> pl.Expr:
        """The column that holds the condition; unknown counts as false."""
        if tree.key not in self.found:
            made = self.frames.condition(self.source, tree, self.marks)
            self.found[tree.key] = made.alias(f"__c_{len(self.found)}")
        return pl.col(self.found[tree.key].meta.output_name())

    def add(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows with the columns; call when all is compiled."""
        marked = rows.with_columns(self.marks.columns())
        return marked.with_columns(self.found.values())


@dataclass(frozen=True)
class _Query:
    """A fused query compiled over rows that have the conditions' columns."""

    keys: list[pl.Expr]
    aggregates: list[pl.Expr]
    wanted: pl.Expr | None

    def plain(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows that any aggregate counts, with the keys as columns `__k_…`."""
        kept = rows if self.wanted is None else rows.filter(self.wanted)
        return kept.with_columns(key.alias(f"__k_{key.meta.output_name()}") for key in self.keys)

    def grouped(self, plain: pl.LazyFrame) -> pl.LazyFrame:
        """One row a group."""
        if not self.keys:
            return plain.select(self.aggregates)
        names = [key.meta.output_name() for key in self.keys]
        group = [pl.col(f"__k_{name}").alias(name) for name in names]
        return plain.group_by(group).agg(self.aggregates)


def _compiled(frames: Frames, fused: Fused, conditions: Conditions) -> _Query:
    build = frames.compiler(fused.source, conditions.marks)
    keys = [build.any(tree).alias(name) for name, tree in fused.keys.items()]
    if fused.step is not None:
        keys.append(build.any(fused.step).alias("__step"))
    aggregates = [
        column
        for at, measure in enumerate(fused.items.values())
        for column in columns(frames, measure, at, conditions)
    ]
    wanted = {
        each.condition.key: conditions.column(each.condition)
        for each in fused.items.values()
        if each.condition is not None
    }
    every = all(each.condition is not None for each in fused.items.values())
    return _Query(keys, aggregates, pl.any_horizontal(wanted.values()) if every else None)


def compute(frames: Frames, fused: Fused, share: pl.Expr | None = None) -> pl.DataFrame:
    """One fused query on its own, piece by piece.

    share: a condition that keeps whole groups, over the rows with their keys `__k_…`; what it keeps
        is few enough to need no pieces.
    """
    conditions = Conditions(frames, fused.source, frames.marks(fused.source))
    query = _compiled(frames, fused, conditions)
    plain = query.plain(conditions.add(frames.scan(fused.source)))
    if share is not None:
        pieces = [share]
    else:
        pieces = _pieces(frames, fused) if query.keys else [pl.lit(True)]
    results = [query.grouped(plain.filter(each)).collect(engine="streaming") for each in pieces]
    return _finished(results, fused)


def _finished(results: list[pl.DataFrame], fused: Fused) -> pl.DataFrame:
    frame = results[0] if len(results) == 1 else pl.concat(results)
    return _summed_up(frame, list(fused.keys), fused) if fused.step is not None else frame


def _compute_together(frames: Frames, several: list[Fused]) -> None:
    """Fused queries of one long source, all of whose groups are of one year, in one pass a year."""
    source = several[0].source
    conditions = Conditions(frames, source, frames.marks(source))
    queries = [_compiled(frames, each, conditions) for each in several]
    rows = conditions.add(frames.scan(source))
    results: list[list[pl.DataFrame]] = [[] for _ in several]
    for inside, _ in of_years(frames, source):
        here = rows.filter(inside)
        found = pl.collect_all([each.grouped(each.plain(here)) for each in queries],
                               engine="streaming")  # fmt: skip
        for known, more in zip(results, found, strict=True):
            known.append(more)
    for each, parts in zip(several, results, strict=True):
        each.frame = _finished(parts, each)


def _pieces(frames: Frames, fused: Fused) -> list[pl.Expr]:
    """The pieces of a grouping; where groups are few whatever the rows, it is not cut."""
    alone = len(fused.keys) == 1 and fused.step is None
    if frames.rows(fused.source) <= ROWS_A_PART:
        return [pl.lit(True)]
    if _few(frames, fused, GROUPS_TOGETHER if alone else 0):
        return [pl.lit(True)]
    keys = [pl.col(f"__k_{name}") for name in fused.keys]
    return pieces(frames, fused.source, keys, _by_year(fused), ROWS_A_PART)


def _by_year(fused: Fused) -> bool:
    """Whether no group has rows of two fiscal years."""
    year = fused.keys.get(YEAR)
    return year is not None and year.op == "col" and year.value == YEAR


def columns(
    frames: Frames, measure: Aggregate, at: int, conditions: Conditions | None = None
) -> list[pl.Expr]:
    """The aggregates of one measure: value a, rows n, nulls z, provisional p.

    conditions: whose columns the rows will have.
    """
    source = measure.source
    build = frames.compiler(source, conditions.marks if conditions is not None else None)
    counted: pl.Expr = pl.lit(True)
    if measure.condition is not None:
        tree = measure.condition
        counted = conditions.column(tree) if conditions else frames.condition(source, tree)
    rows = pl.len() if measure.condition is None else counted.sum()
    found = [rows.cast(pl.Int64).alias(f"n{at}")]
    if frames.doubtful(source):
        found.append((provisional_row(source) & counted).any().alias(f"p{at}"))
    if measure.argument is None:
        return [*found, rows.cast(pl.Int64).alias(f"a{at}")]
    value = build.scaled(measure.argument)[0] if _numeric(measure) else build.any(measure.argument)
    taken = value if measure.condition is None else pl.when(counted).then(value)
    found.append(_aggregate(measure.function, taken).alias(f"a{at}"))
    if measure.function not in ("count", "distinct") and _nullable(measure):
        blanks = (value.is_null() & counted).sum()
        found.append(blanks.cast(pl.Int64).alias(f"z{at}"))
    return found


def _numeric(measure: Aggregate) -> bool:
    return measure.argument is not None and measure.argument.type.base == "num"


def _nullable(measure: Aggregate) -> bool:
    tree = measure.argument
    if tree is None:
        return False
    return tree.op != "col" or measure.source.columns[tree.value].nullable


def _aggregate(function: str, value: pl.Expr) -> pl.Expr:
    if function == "sum":
        return value.cast(pl.Int128).sum()
    if function == "count":
        return value.count().cast(pl.Int64)
    if function == "distinct":
        return value.drop_nulls().n_unique().cast(pl.Int64)
    if function in ("any", "all"):
        value = value.cast(pl.Int8)
    return value.min() if function in ("min", "all") else value.max()


def _summed_up(frame: pl.DataFrame, keys: list[str], fused: Fused) -> pl.DataFrame:
    """Month by month sums become sums up to the month."""
    ordered = frame.filter(pl.col("__step").is_not_null()).sort("__step")
    changes: list[pl.Expr] = []
    for at, measure in enumerate(fused.items.values()):
        value = pl.col(f"a{at}")
        if measure.function in ("min", "all"):
            running = value.cum_min()
        elif measure.function in ("max", "any"):
            running = value.cum_max()
        else:
            running = value.cum_sum()
        if measure.function in ("min", "max", "any", "all"):
            running = running.forward_fill()
        made = [running, pl.col(f"n{at}").cum_sum()]
        made += [pl.col(f"z{at}").cum_sum()] if f"z{at}" in frame.columns else []
        made += [pl.col(f"p{at}").cum_max()] if f"p{at}" in frame.columns else []
        changes += [each.over(keys) for each in made] if keys else made
    return ordered.with_columns(changes)
