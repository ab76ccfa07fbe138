"""Which row groups of a table's files may hold a key: a Bloom filter a row group, in the cache.

A document is asked for by its number, and the files lie by month and unit: without this every
file's column of numbers would be read. A filter says for certain that a row group holds a key not,
and is mistaken about one in several hundred otherwise (16 bits for each different key, 4 probes;
B. H. Bloom, Space/time trade-offs in hash coding with allowable errors, 1970). Files of the lake
never change, so a filter is made once a file; where there is none yet, the whole file is read.

    <home>/cache/bloom/<table>/<file>.<column>.<form>.npy      one row a row group
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from budget_watch.lake.beside import thin, written
from budget_watch.lake.home import Home
from budget_watch.lake.layout import layout
from budget_watch.lake.snapshot import Snapshot

COLUMNS = ("pay_cert_id", "pay_app_id", "bgt_id")
_BITS, _PROBES = 16, 4
_HEAD = 8  # bytes before a group's bits: its number of rows
_FORM = f"1-{pl.__version__}"  # polars promises no hash of strings beyond its version

Words = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Piece:
    """Rows of a file that are to be read: `length` from `offset` on, all of them where None."""

    path: str
    offset: int = 0
    length: int | None = None


def columns_of(name: str) -> list[str]:
    """The columns of a table or mart that have filters: its numbers of documents."""
    shape = layout(name)
    return [column for column in COLUMNS if shape.clustered and column in shape.schema]


def build(home: Home, snapshot: Snapshot) -> None:
    """Make the filters that a snapshot's files lack, and let those of files go that it has not."""
    for name in snapshot.tables:
        wanted = {
            _place(home, name, path, column): (path, column)
            for path in snapshot.files(name)
            for column in columns_of(name)
        }
        for place, (path, column) in wanted.items():
            if not place.exists():
                written(place, partial(_save, path=path, column=column))
        thin(_folder(home, name), wanted)


def pieces(home: Home, name: str, paths: list[str], column: str, value: str) -> list[Piece]:
    """The rows of these files that may hold the value, in the order of the files."""
    found: list[Piece] = []
    hashed = _hashed(pl.Series([value], dtype=pl.String))
    for path in paths:
        bits = _read(str(_place(home, name, path, column)))
        found += [Piece(path)] if bits is None else _hits(path, bits, hashed)
    return found


def _hits(path: str, bits: Words, hashed: Hashes) -> Iterator[Piece]:
    rows = bits[:, :_HEAD].copy().view(np.uint64)[:, 0].astype(int).tolist()
    at = _positions(hashed, (bits.shape[1] - _HEAD) * 8)[0]
    held = ((bits[:, _HEAD + (at >> 3)] >> (at & 7).astype(np.uint8)) & 1).all(axis=1)
    if held.all():
        yield Piece(path)
        return
    offset = 0
    for length, holds in zip(rows, held.tolist(), strict=True):
        if holds:
            yield Piece(path, offset, length)
        offset += length


def _filter(path: str, column: str) -> Words:
    """The filters of a file's row groups, all as long as the group of most keys needs."""
    file = pq.ParquetFile(path)
    counts = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
    values = pl.read_parquet(path, columns=[column])[column]
    keys, offset = [], 0
    for count in counts:
        keys.append(values.slice(offset, count).drop_nulls().unique())
        offset += count
    size = max([len(each) for each in keys] + [1]) * _BITS // 8 + 1
    bits = np.zeros((len(counts), _HEAD + size), dtype=np.uint8)
    for at, (count, each) in enumerate(zip(counts, keys, strict=True)):
        bits[at, :_HEAD] = np.array([count], dtype=np.uint64).view(np.uint8)
        where = _positions(_hashed(each), size * 8).ravel()
        np.bitwise_or.at(
            bits[at], _HEAD + (where >> 3), np.uint8(1) << (where & 7).astype(np.uint8)
        )
    return bits


def _hashed(keys: pl.Series) -> Hashes:
    return keys.hash(seed=1).to_numpy()


def _positions(hashed: Hashes, size: int) -> npt.NDArray[np.int64]:
    """The bits of each key, `_PROBES` a key, among so many bits."""
    low, high = hashed & np.uint64(0xFFFFFFFF), hashed >> np.uint64(32)
    probes = np.arange(_PROBES, dtype=np.uint64)
    at = (low[:, None] + probes * (high[:, None] | np.uint64(1))) % np.uint64(size)
    return at.astype(np.int64)


def _folder(home: Home, name: str) -> Path:
    return home.root / "cache" / "bloom" / name


def _place(home: Home, name: str, path: str, column: str) -> Path:
    return _folder(home, name) / f"{Path(path).stem}.{column}.{_FORM}.npy"


def _save(place: Path, *, path: str, column: str) -> None:
    with place.open("wb") as file:
        np.save(file, _filter(path, column))


@lru_cache(4096)
def _opened(place: str, size: int) -> Words:
    found: Words = np.load(place, mmap_mode="r")
    return found


def _read(place: str) -> Words | None:
    """A file's filters, mapped; None where there are none, or what is there cannot be read."""
    try:
        return _opened(place, os.stat(place).st_size)
    except (OSError, EOFError, ValueError):
        return None
