"""Query rules: checked SQL run by polars over base tables with extra columns, part by part."""

from __future__ import annotations

import polars as pl
import sqlglot

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import RunError
from budget_watch.engine.judge import compiler
from budget_watch.engine.measures import Frames
from budget_watch.engine.pieces import YEAR, pieces
from budget_watch.engine.result import RuleTally
from budget_watch.engine.run import (
    Run,
    judge_frame,
    key_hash,
    with_period_end,
    within_validity,
)
from budget_watch.engine.sources import Source, sources
from budget_watch.engine.sql import CheckedQuery
from budget_watch.engine.universe import parts_of

ROWS_A_PART = 2_000_000


def judge_query(run: Run, rule: CheckedRule, tally: RuleTally) -> None:
    """Judge the returned rows; members of the universe that were not returned are clear."""
    query, universe = rule.query, rule.universe
    if query is None or universe is None:
        raise RunError(f"{rule.id} 没有 query 或 universe")
    returned = answer(query, run.frames)
    twice = returned.height - returned.select(pl.struct(rule.grain).n_unique()).item()
    if twice:
        raise RunError(f"query 对 {twice} 个判断单元返回了多行；GROUP BY {'、'.join(rule.grain)}")
    for members in parts_of(universe, run.frames, ROWS_A_PART):
        _clear_the_silent(members, returned, tally)
    frame = with_period_end(rule, returned, run.setting)
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
        tally.quiet("clear", int(silent.select(key_hash(columns).sum()).item()))


def answer(query: CheckedQuery, frames: Frames) -> pl.DataFrame:
    """The rows a query gives, part by part of its partition columns."""
    sql = _for_polars(query.sql)
    results: list[pl.DataFrame] = []
    for piece in _pieces(query, frames):
        context = pl.SQLContext({name: _table(query, name, frames, piece) for name in query.tables})
        results.append(context.execute(sql).collect(engine="streaming"))
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


def _table(query: CheckedQuery, name: str, frames: Frames, piece: pl.Expr) -> pl.LazyFrame:
    source = _source(name)
    build = compiler(frames.setting, source.columns, source.date_column)
    rows = frames.scan(source).with_columns(
        build.any(tree).alias(column) for column, tree in query.extras.get(name, {}).items()
    )
    return rows.filter(piece)


def _for_polars(sql: str) -> str:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return tree.sql(dialect="postgres")


def _cast(frame: pl.DataFrame, query: CheckedQuery) -> pl.DataFrame:
    """Results in the types the rule was checked with; sums that do not fit become null."""
    kinds = {"num": pl.Int64, "date": pl.Date, "text": pl.String, "bool": pl.Boolean}
    return frame.select(
        pl.col(name).cast(kinds[column.type.base], strict=False)
        if column.type.base in kinds
        else pl.col(name)
        for name, column in query.columns.items()
    )
