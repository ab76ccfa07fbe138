"""A city's tables with rows missing and values changed, as hypothesis chooses."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import polars as pl

from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.sources import COVERAGE, Source, sources

KEPT_ALWAYS = ("calendar", "unit")


def disturbed(
    tables: Mapping[str, pl.DataFrame], seed: int, rows: int, changed: float
) -> MadeReader:
    """At most `rows` rows of each table; a share of the values of non-key columns is changed.

    A change empties a cell (where the contract allows it), moves it to another row, or shifts an
    amount or a day a little, so that thresholds and days are met from both sides.
    """
    dice = Random(seed)
    found = {}
    for name, frame in sorted(tables.items()):
        source = sources()[name]
        some = (
            frame
            if name in KEPT_ALWAYS
            else frame.sample(min(rows, frame.height), seed=dice.randrange(2**32))
        )
        if name not in (*KEPT_ALWAYS, COVERAGE.name):
            some = some.with_columns(
                _changed(column, source, dice, changed)
                for column in some.iter_columns()
                if column.name in source.columns and column.name not in source.key
            )
        found[name] = some
    return MadeReader(found)


def _changed(column: pl.Series, source: Source, dice: Random, share: float) -> pl.Series:
    """The column with some of its cells emptied, exchanged or shifted."""
    if not len(column):
        return column
    values = column.to_list()
    about = source.columns[column.name]
    for at in range(len(values)):
        if dice.random() >= share:
            continue
        kind = dice.choice(("empty", "other", "other", "shift"))
        if kind == "empty" and about.nullable:
            values[at] = None
        elif kind == "shift" and column.dtype == pl.Int64 and values[at] is not None:
            values[at] += dice.choice((-1, 1, 100)) if about.type.base == "num" else 0
        else:
            other = dice.choice(values)
            values[at] = values[at] if other is None and not about.nullable else other
    return pl.Series(column.name, values, dtype=column.dtype)
