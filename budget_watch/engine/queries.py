"""Query rules: checked SQL run by polars over base tables with extra columns, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import polars as pl
import sqlglot
from sqlglot import exp

from budget_watch.engine.check import CheckedRule, CheckedUniverse
from budget_watch.engine.errors import RunError
from budget_watch.engine.firm import firm_frames, marked
from budget_watch.engine.frames import YEAR, Frames, apart
from budget_watch.engine.judge import Verdict
from budget_watch.engine.pieces import pieces
from budget_watch.engine.result import RuleTally
from budget_watch.engine.run import (
    Run,
    judge_frame,
    key_hash,
    with_period_end,
    within_validity,
)
from budget_watch.engine.sources import Source, sources
from budget_watch.engine.sql import CheckedQuery, CheckedRepeats
from budget_watch.engine.universe import parts_of

ROWS_A_PART = 1_250_000
ROWS_A_STEP = 500_000
ROWS_HASHED = 12_000_000  # 100 MB
_ALIKE = "__alike"
_SILENT = Verdict("clear")


def judge_query(run: Run, rule: CheckedRule, tally: RuleTally) -> None:
    """Judge the returned rows; members of the universe that were not returned are clear."""
    query, universe = rule.query, rule.universe
    if query is None or universe is None:
        raise RunError(f"{rule.id} 没有 query 或 universe")
    returned = answer(query, run.frames)
    twice = returned.height - returned.select(pl.struct(rule.grain).n_unique()).item()
    if twice:
        raise RunError(f"query 对 {twice} 个判断单元返回了多行；GROUP BY {'、'.join(rule.grain)}")
    if set(universe.columns) == set(universe.source.key) and all(
        name == tree.value for name, tree in universe.columns.items() if tree.op == "col"
    ):
        _clear_the_silent_rows(universe, returned, run.frames, tally)
    else:
        for members in parts_of(universe, run.frames, ROWS_A_PART):
            _clear_the_silent(members, returned, tally)
    frame = with_period_end(rule, returned, run.setting)
    without = firm_frames(query, run.frames)
    if without is not None:
        flags = marked(returned, answer(query, without)).select("__p_row")
        frame = frame.hstack(flags)
    judge_frame(run, rule, within_validity(rule, frame, tally), tally)


def _clear_the_silent(members: pl.DataFrame, returned: pl.DataFrame, tally: RuleTally) -> None:
    """Count the members of the universe that the query did not return."""
    columns = members.columns
    silent = members.join(
        returned.select(columns).unique(), on=columns, how="anti", nulls_equal=True
    )
    if silent.height:
        tally.rows += silent.height
        tally.judged += silent.height
        tally.clear += silent.height
        if YEAR in columns:
            for year, count in silent.group_by(YEAR).agg(pl.len()).sort(YEAR).iter_rows():
                tally.of_year(year, _SILENT, count)
        tally.quiet("clear", int(silent.select(key_hash(columns).sum()).item()))


def _clear_the_silent_rows(
    universe: CheckedUniverse, returned: pl.DataFrame, frames: Frames, tally: RuleTally
) -> None:
    """The same where every row is a member of its own: all rows less those returned."""
    names = list(universe.columns)
    rows = frames.scan(universe.source)
    if universe.condition is not None:
        rows = rows.filter(frames.condition(universe.source, universe.condition))
    keys = rows.select(names)
    spoken = keys.join(returned.lazy().select(names).unique(), on=names, how="semi")
    summed = [pl.len(), key_hash(names).sum().alias("key")]
    counts = [each.select(summed).collect(engine="streaming").row(0) for each in (keys, spoken)]
    (every, key), (loud, less) = counts
    if every > loud:
        tally.rows += every - loud
        tally.judged += every - loud
        tally.clear += every - loud
        tally.quiet("clear", (key - less) & (2**64 - 1))


def answer(query: CheckedQuery, frames: Frames) -> pl.DataFrame:
    """The rows a query gives, part by part of its partition columns."""
    steps = _steps(query.sql)
    results: list[pl.DataFrame] = []
    alike = _alike(query, frames)
    for piece in [pl.lit(True)] if alike is not None else _pieces(query, frames):
        context = pl.SQLContext(
            {name: _table(query, name, frames, piece, alike) for name in query.tables}
        )
        for name, sql in steps[:-1]:
            context.register(name, context.execute(sql).collect(engine="streaming"))
        results.append(context.execute(steps[-1][1]).collect(engine="streaming"))
    return _cast(pl.concat(results) if len(results) > 1 else results[0], query)


def _pieces(query: CheckedQuery, frames: Frames) -> list[pl.Expr]:
    """The pieces of all tables alike; years are told apart only where there is one table."""
    if not query.partition:
        return [pl.lit(True)]
    largest = max((_source(name) for name in query.tables), key=frames.rows)
    by_year = YEAR in query.partition and len(query.tables) == 1
    keys = [pl.col(name) for name in query.partition]
    return pieces(frames, largest, keys, by_year, ROWS_A_PART)


def _source(name: str) -> Source:
    return sources()[name]


def _alike(query: CheckedQuery, frames: Frames) -> pl.DataFrame | None:
    """The hashes of what several rows have in common, each once.

    None if the query does not ask for them, or where too many rows are alike to stand in one piece.
    Two groups of one hash, each of one row, are taken for alike; the query itself tells them apart.
    """
    said = query.repeats
    if said is None:
        return None
    rows = frames.scan(said.source)
    if said.condition is not None:
        rows = rows.filter(frames.condition(said.source, said.condition))
    hashed = rows.select(_hash(said, frames))
    parts = max(1, -(-frames.rows(said.source) // ROWS_HASHED))
    most, found = ROWS_A_PART, []
    for part in range(parts):
        mine = hashed if parts == 1 else hashed.filter(pl.col(_ALIKE) % parts == part)
        ordered = mine.collect(engine="streaming").to_series().sort()
        again = ordered.filter(ordered == ordered.shift(1))  # the second and later of a group
        groups = again.unique()
        most -= len(again) + len(groups)
        if most < 0:
            return None
        found.append(groups)
    return pl.concat(found).to_frame()


def _hash(said: CheckedRepeats, frames: Frames) -> pl.Expr:
    """What a row has in common with others, as a number of 64 bits."""
    build = frames.compiler(said.source)
    by = pl.struct(build.any(tree).alias(f"k{at}") for at, tree in enumerate(said.by))
    return by.hash(seed=29).alias(_ALIKE)


def _table(
    query: CheckedQuery, name: str, frames: Frames, piece: pl.Expr, alike: pl.DataFrame | None
) -> pl.LazyFrame:
    source, said = _source(name), query.repeats
    rows = frames.scan(source).filter(piece)
    if said is not None and alike is not None and said.source.name == name:
        rows = _gathered(query, said, frames, alike).lazy()
    return _with_extras(query, name, frames, rows)


def _gathered(
    query: CheckedQuery, said: CheckedRepeats, frames: Frames, alike: pl.DataFrame
) -> pl.DataFrame:
    """The rows of the hashes, few of all, with the columns that the query takes.

    Read step by step, each step's rows on memory of their own: else the texts of all rows would
    stay in memory with those of a few.
    """
    taken = _columns_named(query.sql) & set(said.source.columns)
    taken |= {each for tree in query.extras.get(said.source.name, {}).values()
              for each in tree.names()}  # fmt: skip
    rows = frames.scan(said.source).with_columns(_hash(said, frames)).select(*sorted(taken), _ALIKE)
    found = []
    for start in range(0, max(frames.rows(said.source), 1), ROWS_A_STEP):
        step = rows.slice(start, ROWS_A_STEP).join(alike.lazy(), on=_ALIKE, how="semi")
        found.append(apart(step.drop(_ALIKE).collect(engine="in-memory")))
    return pl.concat(found)


@lru_cache(maxsize=256)
def _columns_named(sql: str) -> frozenset[str]:
    tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    return frozenset(column.name for column in tree.find_all(exp.Column))


def _with_extras(
    query: CheckedQuery, name: str, frames: Frames, rows: pl.LazyFrame
) -> pl.LazyFrame:
    """The rows with the columns that expressions of the query ask for."""
    source = _source(name)
    marks = frames.marks(source)
    build = frames.compiler(source, marks)
    extras = [build.any(tree).alias(column) for column, tree in query.extras.get(name, {}).items()]
    return rows.with_columns(marks.columns()).with_columns(extras)


@lru_cache(maxsize=256)
def _steps(sql: str) -> tuple[tuple[str, str], ...]:
    """The query as statements to run in order: (name of the result, SQL); the last is the answer.

    A CTE that is used more than once is a step of its own; polars would work it out each time.
    """
    tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    uses = Counter(table.name for table in tree.find_all(exp.Table))
    steps: list[tuple[str, str]] = []
    once: list[exp.CTE] = []
    for cte in tree.ctes:
        if uses[cte.alias] > 1:
            steps.append((cte.alias, _with(once, cte.this)))
        else:
            once.append(cte)
    body = tree.copy()
    body.set("with_", None)
    return (*steps, ("", _with(once, body)))


def _with(ctes: Sequence[exp.CTE], body: Any) -> str:
    """A statement with those CTEs before it, for polars."""
    found = body.copy()
    own = found.ctes
    if ctes or own:
        every = [each.copy() for each in (*ctes, *own)]
        found.set("with_", exp.With(expressions=every))
    return str(found.sql(dialect="postgres"))


def _cast(frame: pl.DataFrame, query: CheckedQuery) -> pl.DataFrame:
    """Results in the types the rule was checked with; sums that do not fit become null."""
    kinds = {"num": pl.Int64, "date": pl.Date, "text": pl.String, "bool": pl.Boolean}
    return frame.select(
        pl.col(name).cast(kinds[column.type.base], strict=False)
        if column.type.base in kinds
        else pl.col(name)
        for name, column in query.columns.items()
    )
