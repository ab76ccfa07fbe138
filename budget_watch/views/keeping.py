"""What is slow to make, kept: in memory for this process, in the cache's files for all.

A thing is made once though many ask at once, and who asks for another does not wait.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import polars as pl

T = TypeVar("T")
FILES = 12  # folders of one kind that stay in the cache, those last read


class Kept(Generic[T]):
    """The last so many things asked for, each made once."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._held: dict[Hashable, T] = {}
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of a key; whoever asks while it is made waits for it."""
        with self._lock:
            if key in self._held:
                self._held[key] = self._held.pop(key)
                return self._held[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._held:
                    return self._held[key]
            try:
                made = make()
            except BaseException:
                with self._lock:
                    self._making.pop(key, None)
                raise
            with self._lock:
                while len(self._held) >= self.most:
                    del self._held[next(iter(self._held))]
                self._held[key] = made
                self._making.pop(key, None)
            return made


def filed(
    folder: Path, name: str, make: Callable[[], dict[str, pl.DataFrame]]
) -> dict[str, pl.DataFrame]:
    """The frames of a name: read, or made and written by the first process that asks.

    What another process writes at the moment is waited for. Files that cannot be read or written
    cost time and nothing else.
    """
    place = folder / name
    with suppress(OSError, pl.exceptions.PolarsError):
        return _read(place)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(OSError, pl.exceptions.PolarsError):
                return _read(place)
            made = make()
            with suppress(OSError):
                _write(place, made)
                _thin(folder)
            return made
    except OSError:
        return make()


def _read(place: Path) -> dict[str, pl.DataFrame]:
    files = sorted(place.glob("*.parquet"))
    if not files:
        raise FileNotFoundError(place)
    with suppress(OSError):
        os.utime(place)
    return {file.stem: pl.read_parquet(file, glob=False) for file in files}


def _write(place: Path, frames: dict[str, pl.DataFrame]) -> None:
    half = place.with_name(f"{place.name}.{secrets.token_hex(4)}")
    half.mkdir()
    for name, frame in frames.items():
        frame.write_parquet(half / f"{name}.parquet")
    shutil.rmtree(place, ignore_errors=True)
    half.rename(place)


def _thin(folder: Path) -> None:
    """Only the folders last read stay."""
    there = sorted(
        (each for each in folder.iterdir() if each.is_dir()), key=lambda each: -each.stat().st_mtime
    )
    for old in there[FILES:]:
        shutil.rmtree(old, ignore_errors=True)
        (folder / f"{old.name}.lock").unlink(missing_ok=True)
