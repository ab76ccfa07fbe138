"""Puts what one read of a database brought: all of it, or, killed before, nothing of it.

Content is laid into the spool first; then one file names all parcels and memories of the read; then
their slips and the memories are written and the file goes. Killed before that file is there the
read put nothing, and the next one has its number; killed after it the next fetch ends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.database.memory import Memory, keep, record, remembered, write
from ingest.spool import Parcel, Spool
from ingest.spool import record as parcel_record

_NAME = "putting.json"


@dataclass(frozen=True)
class Laid:
    """What one table's read brought: parcels whose content is laid, the memory it leaves."""

    memory: Memory
    parcels: tuple[Parcel, ...]


def put(folder: Path, spool: Spool, laid: Mapping[str, Laid]) -> list[Parcel]:
    """Enter the parcels and keep the memories of a read, by the name of each table's memory."""
    told = {
        name: {
            "memory": record(one.memory),
            "parcels": [parcel_record(parcel) for parcel in one.parcels],
        }
        for name, one in laid.items()
    }
    write(folder / _NAME, told)
    return _end(folder, spool, laid)


def end_what_was_begun(folder: Path, spool: Spool) -> list[Parcel]:
    """Put what a fetch that was killed while putting had laid; return its parcels.

    Where the file is damaged, the read is made again instead: its number is free.
    """
    try:
        told = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        laid = {
            name: Laid(remembered(one["memory"]), tuple(map(spool.told, one["parcels"])))
            for name, one in told.items()
        }
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError):
        (folder / _NAME).unlink()
        return []
    return _end(folder, spool, laid)


def _end(folder: Path, spool: Spool, laid: Mapping[str, Laid]) -> list[Parcel]:
    parcels = [spool.enter(parcel) for one in laid.values() for parcel in one.parcels]
    for name, one in laid.items():
        keep(folder, name, one.memory)
    (folder / _NAME).unlink()
    return parcels
