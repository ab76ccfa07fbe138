"""Keeps the pages of a listing on disk, so that none is asked for twice after a kill.

<memory>/<listing>/pass-<n>/<page>.parquet and .json; a page counts when its .json is there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ingest.sources.http.page import Page


@dataclass(frozen=True)
class Kept:
    """A page on disk, with what the interface said beside its rows; `again`: read off the disk."""

    path: Path
    rows: int
    total: int | None
    next: str | None
    snapshot: str | None
    extra: tuple[str, ...]
    size: int
    again: bool = False

    def frame(self, *columns: str) -> pl.DataFrame:
        """Its rows, or some of their columns."""
        return pl.read_parquet(self.path, columns=list(columns) or None)


@dataclass(frozen=True)
class Shelf:
    """The pages of one pass over a listing."""

    folder: Path

    def load(self, number: int) -> Kept | None:
        """A page that was kept before; None where it was not, or not whole."""
        path, told = self._paths(number)
        try:
            found = json.loads(told.read_text(encoding="utf-8"))
            if path.stat().st_size != found["size"] or not pl.read_parquet_schema(path):
                return None
            return Kept(path=path, again=True, **{**found, "extra": tuple(found["extra"])})
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            return None  # after a power cut it may be there by name alone

    def keep(self, number: int, page: Page) -> Kept:
        """Put a page on disk."""
        path, told = self._paths(number)
        self.folder.mkdir(parents=True, exist_ok=True)
        _written(path, lambda half: page.frame.write_parquet(half, compression="zstd"))
        size = path.stat().st_size
        kept = Kept(path, page.rows, page.total, page.next, page.snapshot, page.extra, size)
        record = asdict(kept)
        del record["path"], record["again"]
        text = json.dumps(record, ensure_ascii=False)
        _written(told, lambda half: half.write_text(text, encoding="utf-8"))
        return kept

    def clear(self) -> None:
        """Forget the pass."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self, number: int) -> tuple[Path, Path]:
        path = self.folder / f"{number:06}.parquet"
        return path, path.with_suffix(".json")


def _written(path: Path, write: Callable[[Path], object], durable: bool = False) -> None:
    """Write beside, rename: under its name a file is whole, whenever the process dies."""
    half = path.with_name(path.name + ".half")
    write(half)
    if durable:
        with half.open("rb") as file:
            os.fsync(file.fileno())
    os.replace(half, path)


def remembered(path: Path) -> dict[str, object]:
    """A small JSON file of the memory; empty where there is none or it was damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(path: Path, told: dict[str, object]) -> None:
    """Write a small JSON file of the memory, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(told, ensure_ascii=False)
    _written(path, lambda half: half.write_text(text, encoding="utf-8"), durable=True)
