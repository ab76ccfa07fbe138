"""Cuts a source into pieces that share no group, so that grouping stays within bounded memory.

By fiscal year first, where the groups are of one year: files of other years are then not even read.
Then by a hash of the group's key. Joining the pieces' results gives the whole result.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from budget_watch.engine.frames import YEAR, Frames
from budget_watch.engine.sources import Source


def pieces(
    frames: Frames, source: Source, keys: Sequence[pl.Expr], by_year: bool, most: int
) -> list[pl.Expr]:
    """Conditions over the source's rows; every row fulfils exactly one, every group is in one.

    Args:
        frames: counts the rows.
        source: what is cut.
        keys: what a group has in common, as expressions over the source's rows.
        by_year: whether `fiscal_year` is part of it.
        most: rows that a piece should not have many more of.
    """
    if frames.rows(source) <= most:
        return [pl.lit(True)]
    if not by_year:
        return _hashed(keys, frames.rows(source), most)
    return [
        inside & each
        for inside, count in of_years(frames, source)
        for each in _hashed(keys, count, most)
    ]


def of_years(frames: Frames, source: Source) -> list[tuple[pl.Expr, int]]:
    """For each fiscal year the condition that a row is of it, and how many rows are."""
    return [
        (pl.col(YEAR).is_null() if year is None else pl.col(YEAR) == year, count)
        for year, count in frames.years(source).items()
    ]


def _hashed(keys: Sequence[pl.Expr], rows: int, most: int) -> list[pl.Expr]:
    parts = max(1, -(-rows // most))
    if parts == 1 or not keys:
        return [pl.lit(True)]
    named = [key.alias(f"__h{at}") for at, key in enumerate(keys)]
    return [pl.struct(named).hash(seed=7) % parts == part for part in range(parts)]
