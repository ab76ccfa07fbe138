"""The grains a rule judges: given by a source and periods, never by what happens to have rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from budget_watch.engine.check import CheckedUniverse
from budget_watch.engine.judge import compiler
from budget_watch.engine.measures import Frames
from budget_watch.engine.pieces import YEAR, pieces


def grains(universe: CheckedUniverse, frames: Frames) -> pl.DataFrame:
    """Distinct grains in a stable order; with periods multiplied in if the rule says so."""
    names = list(universe.columns)
    found = _columns(universe, frames).unique().collect(engine="streaming")
    if universe.periods is not None:
        found = found.join(
            periods(universe.periods, found["fiscal_year"], frames.setting.as_of),
            on="fiscal_year",
            how="inner",
        )
        names = [name for name in found.columns]
    return found.sort(names, nulls_last=True)


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


def _columns(
    universe: CheckedUniverse, frames: Frames, piece: pl.Expr | None = None
) -> pl.LazyFrame:
    source = universe.source
    rows = frames.scan(source)
    if piece is not None:
        rows = rows.filter(piece)
    if universe.condition is not None:
        rows = rows.filter(frames.condition(source, universe.condition))
    build = compiler(frames.setting, source.columns, source.date_column)
    return rows.select(build.any(tree).alias(name) for name, tree in universe.columns.items())
