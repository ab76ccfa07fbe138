"""Computes the measures of all rules: one query for every source and grain they share (fused).

A fused query groups the source once and aggregates conditionally for every rule. Cumulative
measures group by month first and are summed up afterwards. Each measure brings the number of rows
it counted, the number of nulls it met, and whether a row was 快报, 初步 or 第三方.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import polars as pl

from budget_watch.engine.check import Aggregate
from budget_watch.engine.coverage import delivered
from budget_watch.engine.errors import RunError
from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Setting, compiler
from budget_watch.engine.pieces import YEAR, pieces
from budget_watch.engine.sources import Reader, Source
from budget_watch.engine.to_polars import Compiler
from budget_watch.engine.units import Column
from budget_watch.engine.wordmarks import FEW_ROWS, Looked, Marks

PROVISIONAL = ("快报", "初步", "第三方")
OK, NOT_DELIVERED, BLANK, NO_ROW, OVERFLOW, FEW = range(6)
STATES = {
    NOT_DELIVERED: "未送达",
    BLANK: "有空值",
    NO_ROW: "没有记录",
    OVERFLOW: "合计过大",
}
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
ROWS_A_PART = 3_000_000
VALUES_SHARED = 200_000  # groupings by a column of more values take passes of their own


@dataclass
class Frames:
    """The reader's frames, the ledger, and what has been computed of them in this run."""

    reader: Reader
    setting: Setting
    coverage: pl.DataFrame = field(init=False)
    counted: dict[str, int] = field(default_factory=dict)
    counted_years: dict[str, dict[int | None, int]] = field(default_factory=dict)
    doubted: dict[str, bool] = field(default_factory=dict)
    values: dict[tuple[str, str], int] = field(default_factory=dict)
    looked: Looked = field(init=False)

    def __post_init__(self) -> None:
        self.coverage = self.reader.coverage()
        self.looked = Looked(self.setting.named)

    def scan(self, source: Source) -> pl.LazyFrame:
        """The rows of a source."""
        if source.name == "ledger_coverage":
            return self.coverage.lazy()
        return self.reader.scan(source.name)

    def rows(self, source: Source) -> int:
        """How many rows a source has."""
        if source.name not in self.counted:
            count = self.scan(source).select(pl.len()).collect(engine="streaming").item()
            self.counted[source.name] = int(count)
        return self.counted[source.name]

    def compiler(self, source: Source, marks: Marks | None = None) -> Compiler:
        """A compiler over the rows of a source, to which the marks will be added."""
        build = compiler(self.setting, source.columns, source.date_column)
        build.marks = marks
        return build

    def marks(self, source: Source) -> Marks:
        """An empty collection of word tests over a source."""
        rows = self.scan(source) if self.rows(source) > FEW_ROWS else None
        return Marks(self.looked, source.name, source.columns, rows)

    def condition(self, source: Source, tree: Expr, marks: Marks | None = None) -> pl.Expr:
        """A condition over the rows of a source; unknown counts as false."""
        return self.compiler(source, marks).condition(tree).fill_null(False)

    def doubtful(self, source: Source) -> bool:
        """Whether any row of a source is provisional; mostly none is, and nobody need ask on."""
        if source.name not in self.doubted:
            found = self.scan(source).select(provisional_row(source).any())
            self.doubted[source.name] = bool(found.collect(engine="streaming").item())
        return self.doubted[source.name]

    def different(self, source: Source, column: str) -> int:
        """About how many different values a column has."""
        place = (source.name, column)
        if place not in self.values:
            about = self.scan(source).select(pl.col(column).approx_n_unique())
            self.values[place] = int(about.collect(engine="streaming").item())
        return self.values[place]

    def years(self, source: Source) -> dict[int | None, int]:
        """How many rows a source has of each fiscal year, in the order of the years."""
        if source.name not in self.counted_years:
            rows = self.scan(source).group_by(YEAR).len().collect(engine="streaming")
            self.counted_years[source.name] = dict(rows.sort(YEAR).iter_rows())
        return self.counted_years[source.name]


def provisional_row(source: Source) -> pl.Expr:
    """Whether a row's figures are 快报, 初步 or a third party's, of whatever kind its table is."""
    found = pl.lit(False)
    if "data_status" in source.columns:
        found = found | pl.col("data_status").is_in(PROVISIONAL).fill_null(False)
    if "stage" in source.columns:
        found = found | (pl.col("stage") == "快报").fill_null(False)
    return found


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

    def grouped(self, measure: Aggregate) -> tuple[pl.DataFrame, int]:
        """The computed groups for a measure and the place of its columns in them."""
        fused = self.fused[signature(measure)]
        if fused.frame is None:
            self._together(fused)
        frame = fused.frame if fused.frame is not None else _compute(self.frames, fused)
        fused.waiting -= 1
        fused.frame = frame if fused.waiting > 0 else None
        return frame, list(fused.items).index(item_key(measure))

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
    if frames.rows(fused.source) <= ROWS_A_PART or not _by_year(fused):
        return False
    names = {name for tree in fused.keys.values() for name in tree.names()} - COARSE
    return not names or (
        len(names) == 1 and frames.different(fused.source, names.pop()) <= VALUES_SHARED
    )


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


def _compute(frames: Frames, fused: Fused) -> pl.DataFrame:
    """One fused query on its own, piece by piece."""
    conditions = Conditions(frames, fused.source, frames.marks(fused.source))
    query = _compiled(frames, fused, conditions)
    plain = query.plain(conditions.add(frames.scan(fused.source)))
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
    for year in frames.years(source):
        inside = pl.col(YEAR).is_null() if year is None else pl.col(YEAR) == year
        here = rows.filter(inside)
        found = pl.collect_all([each.grouped(each.plain(here)) for each in queries],
                               engine="streaming")  # fmt: skip
        for known, more in zip(results, found, strict=True):
            known.append(more)
    for each, parts in zip(several, results, strict=True):
        each.frame = _finished(parts, each)


def _pieces(frames: Frames, fused: Fused) -> list[pl.Expr]:
    """The pieces of a grouping; coarse groups are few whatever the rows, and are not cut."""
    if {name for tree in fused.keys.values() for name in tree.names()} <= COARSE:
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
