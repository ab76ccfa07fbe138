"""The grains a rule judges: given by a source and periods, never by what happens to have rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from budget_watch.engine.check import Aggregate, CheckedUniverse
from budget_watch.engine.frames import YEAR, Frames
from budget_watch.engine.judge import compiler
from budget_watch.engine.measures import Plan
from budget_watch.engine.pieces import pieces
from budget_watch.engine.units import NUMBER, Column


def members(universe: CheckedUniverse) -> Aggregate:
    """The universe as a measure: how many rows make a grain. So it shares the measures' query."""
    column = Column("__members", NUMBER)
    return Aggregate(
        "__members",
        universe.source,
        universe.columns,
        "rows",
        None,
        universe.condition,
        None,
        None,
        {},
        "missing",
        column,
        "",
    )


def grains(universe: CheckedUniverse, plan: Plan) -> pl.DataFrame:
    """Distinct grains, in no order; with periods multiplied in if the rule says so.

    Args:
        plan: has been given the universe's `members`.
    """
    groups, at = plan.grouped(members(universe))
    found = groups.filter(pl.col(f"n{at}") > 0).select(list(universe.columns))
    if universe.periods is None:
        return found
    as_of = plan.frames.setting.as_of
    ended = periods(universe.periods, found["fiscal_year"], as_of)
    return found.join(ended, on="fiscal_year", how="inner")


def periods(kind: str, years: pl.Series, as_of: date) -> pl.DataFrame:
    """fiscal_year with month or quarter: the periods of these years that have ended or begun."""
    started = kind.endswith("_started")
    length = {"months": 12, "quarters": 4, "years": 1}[kind.partition("_")[0]]
    rows: list[tuple[int, int]] = []
    for year in sorted({year for year in years.to_list() if year is not None}):
        for at in range(1, length + 1):
            first, last = _span(year, at, length)
            if (first if started else last) <= as_of:
                rows.append((year, at))
    column = {12: "month", 4: "quarter", 1: "__whole"}[length]
    frame = pl.DataFrame(rows, schema={"fiscal_year": pl.Int64, column: pl.Int64}, orient="row")
    return frame.drop("__whole") if length == 1 else frame


def _span(year: int, at: int, length: int) -> tuple[date, date]:
    months = 12 // length
    first = date(year, (at - 1) * months + 1, 1)
    after = date(year + 1, 1, 1) if at == length else date(year, at * months + 1, 1)
    return first, after - timedelta(days=1)


def parts_of(universe: CheckedUniverse, frames: Frames, most: int) -> Iterator[pl.DataFrame]:
    """Distinct grains without periods, in no order, in parts of at most about `most` rows."""
    keys = list(universe.columns.values())
    build = compiler(frames.setting, universe.source.columns, universe.source.date_column)
    by_year = any(tree.op == "col" and tree.value == YEAR for tree in keys)
    cut = pieces(frames, universe.source, [build.any(tree) for tree in keys], by_year, most)
    for piece in cut:
        yield _columns(universe, frames, piece).unique().collect(engine="streaming")


def _columns(universe: CheckedUniverse, frames: Frames, piece: pl.Expr) -> pl.LazyFrame:
    source = universe.source
    rows = frames.scan(source).filter(piece)
    if universe.condition is not None:
        rows = rows.filter(frames.condition(source, universe.condition))
    build = compiler(frames.setting, source.columns, source.date_column)
    return rows.select(build.any(tree).alias(name) for name, tree in universe.columns.items())
