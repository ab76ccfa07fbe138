"""Finding by hash, a whole column at once: a table of hashes, and rows of a frame by their key.

A join builds its table anew each time; what stays the same for many steps is built once here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
SECOND_SEED = 97


class HashTable:
    """Different hashes, none 0, each at a place of its own (open addressing).

    Attributes:
        hashes: by place; 0 where nothing stands.
        count: how many stand in it.
    """

    def __init__(self, expected: int = 1 << 15) -> None:
        room = 1 << 10
        while room < 2 * expected:
            room *= 2
        self.hashes = np.zeros(room, dtype=np.uint64)
        self.count = 0

    def full(self, more: int) -> bool:
        """Whether so many more would make it slow."""
        return 2 * (self.count + more) > len(self.hashes)

    def places(self, hashes: Hashes) -> Places:
        """Where each hash stands, or the free place where it would."""
        last = len(self.hashes) - 1
        at = (hashes & np.uint64(last)).astype(np.int64)
        there = self.hashes[at]
        astray = np.flatnonzero((there != hashes) & (there != 0))
        while len(astray):
            at[astray] = (at[astray] + 1) & last
            there = self.hashes[at[astray]]
            astray = astray[(there != hashes[astray]) & (there != 0)]
        return at

    def take(self, hashes: Hashes) -> Places:
        """The same for different hashes, each of which stands there afterwards."""
        at = self.places(hashes)
        while True:
            new = np.flatnonzero(self.hashes[at] != hashes)
            if not len(new):
                return at
            self.hashes[at[new]] = hashes[new]  # of several for one place one gets it
            got = self.hashes[at[new]] == hashes[new]
            self.count += int(got.sum())
            at[new[~got]] = self.places(hashes[new[~got]])


class Keyed:
    """The rows of a frame by some columns, which name each row once.

    Args:
        frame: the rows.
        on: its key columns; none: it has one row, which is everybody's.

    A key is known by two hashes of 64 bits: comparing the keys themselves costs as much as a join.
    """

    def __init__(self, frame: pl.DataFrame, on: Sequence[str]) -> None:
        self.frame, self.on = frame, list(on)
        self._kinds = [frame.schema[name] for name in self.on]
        self._seed, hashes = 0, np.zeros(0, dtype=np.uint64)
        if not self.on:
            return
        for self._seed in range(8):
            hashes = hashes_of(frame.select(self.on), self._seed)
            if len(np.unique(hashes)) == frame.height:
                break
        else:
            raise ValueError(f"{'、'.join(self.on)} 不能唯一确定一行")
        self._table = HashTable(frame.height)
        self._rows = np.zeros(len(self._table.hashes), dtype=np.uint32)
        self._rows[self._table.take(hashes)] = np.arange(frame.height, dtype=np.uint32)
        self._second = hashes_of(frame.select(self.on), SECOND_SEED)

    def rows(self, keys: pl.DataFrame) -> pl.Series:
        """The number of the row of each key, null where there is none; a null equals a null.

        Args:
            keys: columns in the order of `on`.
        """
        if not self.on:
            return pl.repeat(0, keys.height, dtype=pl.UInt32, eager=True)
        asked = keys.select(
            pl.col(name).cast(kind).alias(own)
            for name, own, kind in zip(keys.columns, self.on, self._kinds, strict=True)
        )
        at = self._table.places(hashes_of(asked, self._seed))
        rows = self._rows[at]
        there = self._table.hashes[at] != 0
        if there.any():
            there &= self._second[rows] == hashes_of(asked, SECOND_SEED)
        return pl.Series(rows).set(pl.Series(~there), None)

    def beside(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The frame's other columns for each key, null where it has no row."""
        others = [name for name in self.frame.columns if name not in self.on]
        return self.frame.select(pl.col(others).gather(self.rows(keys)))


def hashes_of(keys: pl.DataFrame, seed: int) -> Hashes:
    """One hash a row over all columns, none 0."""
    one = pl.first() if keys.width == 1 else pl.struct(pl.all())
    return np.asarray(np.maximum(keys.select(one.hash(seed=seed)).to_series().to_numpy(), 1))
