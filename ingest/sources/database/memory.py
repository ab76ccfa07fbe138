"""What a source remembers of a table between fetches. Losing it only costs reading again.

<memory>/<table>.json                   cursor, turn, last comparison
<memory>/<table>-<turn>.seen.parquet    hashes of the rows within the overlap
<memory>/putting.json                   see `putting`
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ingest.sources.database.marks import Clock, Value, read, written
from ingest.spool import Spool

_HASHES = {"a": pl.UInt64(), "b": pl.UInt64()}


@dataclass(frozen=True)
class Memory:
    """One table's memory.

    Attributes:
        turn: number of the last read whose parcels were put: every read has its own slots, and a
            later one is a later revision. A read that was cut off put nothing; its number is free.
        high: largest mark of what was put; None before the first time.
        compared: day of the last comparison of keys.
        whole: period → hash of its last version that was put.
        answered: last day of which the source has said that it has rows or none.
        seen: name of the file of the overlap's rows.
    """

    turn: int = 0
    clock: Clock | None = None
    high: Value | None = None
    compared: date | None = None
    whole: dict[str, str] = field(default_factory=dict)
    seen: str | None = None
    answered: date | None = None


def recall(folder: Path, name: str, spool: Spool, table: str) -> Memory:
    """The memory of a table. Where it is lost, turns go on after those that the spool holds."""
    try:
        return remembered(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        known = (parcel.revision for parcel in spool.parcels() if parcel.table == table)
        return Memory(turn=max(known, default=0))


def remembered(told: Mapping[str, Any]) -> Memory:
    """The memory of a `record`.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    clock = Clock(**told["clock"]) if told["clock"] else None
    return Memory(
        int(told["turn"]),
        clock,
        read(told["high"], clock) if clock else None,
        _date(told["compared"]),
        dict(told["whole"]),
        told["seen"],
        _date(told.get("answered")),
    )


def record(memory: Memory) -> dict[str, Any]:
    """JSON-ready. See `remembered`."""
    told = asdict(memory)
    for name in ("high", "compared", "answered"):
        told[name] = written(told[name])
    return told


def lay_seen(folder: Path, name: str, memory: Memory, seen: pl.DataFrame | None) -> Memory:
    """Write the rows of the overlap beside those of the turn before; return the memory with it."""
    if seen is None:
        return memory
    folder.mkdir(parents=True, exist_ok=True)
    memory = replace(memory, seen=f"{name}-{memory.turn}.seen.parquet")
    half = folder / f"{memory.seen}.half"
    seen.write_parquet(half)
    settle(half, folder / str(memory.seen))
    return memory


def keep(folder: Path, name: str, memory: Memory) -> None:
    """Write the memory; from then on the rows of the overlap before it are not needed."""
    write(folder / f"{name}.json", record(memory))
    for old in folder.glob(f"{name}-*.seen.parquet"):
        if old.name != memory.seen:
            old.unlink(missing_ok=True)


def write(path: Path, told: Mapping[str, Any]) -> None:
    """Write a file of the memory, whole and durably or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    settle(half, path)


def settle(half: Path, path: Path) -> None:
    """Give a written file its name once its content is on disk."""
    with half.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(half, path)


def seen_rows(folder: Path, memory: Memory) -> pl.DataFrame:
    """The hashes of the rows within the overlap that were put before."""
    if memory.seen is None or not (folder / memory.seen).exists():
        return pl.DataFrame(schema=_HASHES)
    try:
        return pl.read_parquet(folder / memory.seen)
    except pl.exceptions.PolarsError:  # damaged: they are read again
        return pl.DataFrame(schema=_HASHES)


def hashes(frame: pl.DataFrame) -> pl.DataFrame:
    """128 bits for each row, over all its columns."""
    row = pl.struct(frame.columns)
    return frame.select(a=row.hash(7), b=row.hash(23))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
