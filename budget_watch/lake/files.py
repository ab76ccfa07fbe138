"""Parquet files of the lake: written once, never changed, made durable before they are published.

A file is written by polars (zstd, level 1: a twentieth larger than level 3 and a tenth quicker to
write; row groups of at most 250 000 rows, 50 000 in a clustered table, 20 000 in a clustered mart:
who looks for one document reads one group) under a name that nobody has
used, measured (rows, sums of money) and registered with Delta by `lake.delta`. Files that were
written but never registered are rubbish without effect.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import faults
from budget_watch.lake.errors import LakeError

ROW_GROUP_ROWS = 250_000
ZSTD_LEVEL = 1
# Pages ask a mart for one unit's rows of a month: short groups let the reader pass over the rest.
CLUSTERED_MART_ROWS = 20_000
CLUSTERED_TABLE_ROWS = 50_000


@dataclass(frozen=True)
class File:
    """One data file of one table.

    Attributes:
        path: relative to the table's folder, with forward slashes.
        rows: how many.
        size: bytes.
        part: the fiscal year and month it holds (`2026-09`), `` where it may hold any.
        money: sum of each money column, fen.
    """

    path: str
    rows: int
    size: int
    part: str = ""
    money: Mapping[str, int] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """What the ledger keeps; sums as text, since they may pass 64 bits."""
        return {**asdict(self), "money": {k: str(v) for k, v in self.money.items()}}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> File:
        """Read back what `record` gave."""
        money = {name: int(text) for name, text in record["money"].items()}
        return cls(record["path"], record["rows"], record["size"], record["part"], money)


def fresh_path(part: str) -> str:
    """A relative path that no file has had: `2026-09/…parquet`."""
    name = f"{secrets.token_hex(8)}.parquet"
    return f"{part}/{name}" if part else name


def write(
    folder: Path,
    frame: pl.DataFrame | pl.LazyFrame,
    part: str,
    money: Sequence[str],
    group_rows: int = ROW_GROUP_ROWS,
) -> File:
    """Write one file into the table's folder and measure it; see `make_durable`."""
    path = fresh_path(part)
    target = folder / path
    store(frame, target, group_rows)
    rows, sums = _sums(pl.scan_parquet(target) if isinstance(frame, pl.LazyFrame) else frame, money)
    return File(path, rows, target.stat().st_size, part, sums)


def store(
    frame: pl.DataFrame | pl.LazyFrame, target: Path, group_rows: int = ROW_GROUP_ROWS
) -> None:
    """Write one Parquet file.

    Raises:
        LakeError: the disk would not take it; nothing is left behind.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(frame, pl.DataFrame):
            frame.write_parquet(target, compression_level=ZSTD_LEVEL, row_group_size=group_rows)
        else:
            frame.sink_parquet(target, compression_level=ZSTD_LEVEL, row_group_size=group_rows)
    except (OSError, pl.exceptions.PolarsError) as error:
        said = faults.told(error, target) or faults.full(target.parent)
        if said is None and not isinstance(error, OSError):
            raise
        with suppress(OSError):
            target.unlink(missing_ok=True)
        raise LakeError(
            said or f"写文件 {target} 失败：{error}。{faults.SAFE}。请检查磁盘，然后重新运行。"
        ) from error


def add_up(files: Iterable[File]) -> tuple[int, dict[str, int]]:
    """Rows and sums of money of several files."""
    rows, sums = 0, dict[str, int]()
    for file in files:
        rows += file.rows
        for name, value in file.money.items():
            sums[name] = sums.get(name, 0) + value
    return rows, dict(sorted(sums.items()))


def measure(
    paths: Sequence[str], schema: pl.Schema, money: Sequence[str]
) -> tuple[int, dict[str, int]]:
    """Count and add up what the files hold now, for comparison with the ledger."""
    frame = pl.scan_parquet(
        list(paths), schema=schema, missing_columns="insert", extra_columns="ignore"
    )
    return _sums(frame, money)


def make_durable(paths: Iterable[Path]) -> None:
    """Flush these files and the folders that name them to the disk."""
    folders = set()
    for path in paths:
        _flush(path)
        folders.add(path.parent)
    for folder in sorted(folders | {folder.parent for folder in folders}):
        _flush(folder)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sums(frame: pl.DataFrame | pl.LazyFrame, money: Sequence[str]) -> tuple[int, dict[str, int]]:
    wanted = [pl.len().alias(".rows"), *(pl.col(name).cast(pl.Int128).sum() for name in money)]
    added = frame.select(wanted)
    told = added.collect(engine="streaming") if isinstance(added, pl.LazyFrame) else added
    row = told.row(0, named=True)
    return int(row[".rows"]), {name: int(row[name] or 0) for name in money}
