"""Files in the cache made from files of the lake, one for each: made once, for those never change.

Several processes may make the same at once; the last one wins, and all are alike.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Container
from contextlib import suppress
from pathlib import Path

from budget_watch.lake.files import make_durable


def written(place: Path, write: Callable[[Path], None]) -> None:
    """Let a file be written whole, on the disk, or not at all: half a filter would hide rows.

    Raises:
        OSError: the disk would not take it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{secrets.token_hex(8)}.half")
    try:
        write(half)
        make_durable([half])
        os.replace(half, place)
    finally:
        half.unlink(missing_ok=True)


def thin(folder: Path, wanted: Container[Path]) -> None:
    """Delete the folder's files that are not wanted, but none that is being written."""
    for place in folder.glob("[!.]*"):
        if place not in wanted:
            with suppress(OSError):
                place.unlink()
