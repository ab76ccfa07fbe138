"""Files laid down as departments do, and a source that reads them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from budget_watch.lake import Home
from ingest.settings import read_as
from ingest.source import Errand, Fetched
from ingest.sources.drop.intake import Intake
from ingest.sources.drop.place import LocalPlace, Place
from ingest.sources.drop.settings import DropSettings
from ingest.spool import Parcel, Spool
from tests.ingest.parcels import csv, voucher

DAY = date(2026, 10, 12)
NAME = "医保局"


def lay(folder: Path, name: str, content: bytes | None = None, on: str = "2026-10-08") -> Path:
    """Write a file as of noon of a day in China."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(csv([voucher(1)]) if content is None else content)
    age(path, on)
    return path


def age(path: Path, on: str) -> None:
    """Give a file the time of noon of a day in China."""
    moment = datetime.fromisoformat(f"{on}T04:00:00").replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


def errand(home: Home, day: date = DAY, stop: threading.Event | None = None) -> Errand:
    spool = Spool(home, NAME)
    memory = spool.folder / "memory"
    memory.mkdir(parents=True, exist_ok=True)
    return Errand(day, spool, memory, stop or threading.Event())


def settings(path: Path | str, **told: Any) -> DropSettings:
    return read_as(
        DropSettings,
        {"name": NAME, "kind": "folder", "path": str(path), "stable_seconds": 0, **told},
    )


def fetch(
    home: Home,
    path: Path,
    day: date = DAY,
    clock: Callable[[], float] | None = None,
    place: Place | None = None,
    patience: float = 5.0,
    **told: Any,
) -> Fetched:
    """One fetch from a folder."""
    given = settings(path, **told)
    return Intake(
        place or LocalPlace(path, NAME),
        given,
        errand(home, day),
        clock=clock or time.time,
        patience=patience,
    ).run()


def said(parcels: tuple[Parcel, ...]) -> list[tuple[str, str, str]]:
    """Table, period and business date of parcels."""
    return [(one.table, one.period, one.biz_date.isoformat()) for one in parcels]
