"""What a source remembers of a table between fetches. Losing it only costs reading again.

<memory>/<table>.json                   cursor, turn, last comparison
<memory>/<table>-<turn>.seen.parquet    hashes of the rows within the overlap
"""

from __future__ import annotations

import json
import os
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
        turn: number of the last attempt to read it. Kept before reading, so that every attempt has
            its own slots and a later one is a later revision.
        high: largest mark of what was put; None before the first time.
        compared: day of the last comparison of keys.
        whole: period → hash of its last version that was put.
        seen: name of the file of the overlap's rows.
    """

    turn: int = 0
    clock: Clock | None = None
    high: Value | None = None
    compared: date | None = None
    whole: dict[str, str] = field(default_factory=dict)
    seen: str | None = None


def recall(folder: Path, name: str, spool: Spool, table: str) -> Memory:
    """The memory of a table. Where it is lost, turns go on after those that the spool holds."""
    path = folder / f"{name}.json"
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        clock = Clock(**told["clock"]) if told["clock"] else None
        return Memory(
            int(told["turn"]),
            clock,
            read(told["high"], clock) if clock else None,
            date.fromisoformat(told["compared"]) if told["compared"] else None,
            dict(told["whole"]),
            told["seen"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        known = (parcel.revision for parcel in spool.parcels() if parcel.table == table)
        return Memory(turn=max(known, default=0))


def keep(folder: Path, name: str, memory: Memory, seen: pl.DataFrame | None = None) -> Memory:
    """Write the memory; the rows of the overlap first, so that both move at once."""
    folder.mkdir(parents=True, exist_ok=True)
    if seen is not None:
        memory = replace(memory, seen=f"{name}-{memory.turn}.seen.parquet")
        seen.write_parquet(folder / str(memory.seen))
    told = asdict(memory)
    told["high"] = written(memory.high)
    told["compared"] = written(memory.compared)
    half = folder / f"{name}.half"
    half.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    with half.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(half, folder / f"{name}.json")
    for old in folder.glob(f"{name}-*.seen.parquet"):
        if old.name != memory.seen:
            old.unlink(missing_ok=True)
    return memory


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
