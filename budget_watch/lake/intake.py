"""Rows of one delivery on their way into a table: they come in pieces, in bounded memory.

A piece is brought into the stored shape, cut by month where the table lies by month, and waits.
When too many rows wait, the months that the newest piece does not touch are sorted and written to
the files they will stay in: a delivery in order of days is written once, a month a file. One other
thread sorts and writes while the next piece is read; who has to wait for it lends a hand. The files
do not belong to the table before `Writer.replace` takes them in; thrown away, nothing happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial

import polars as pl

from budget_watch.lake import shaping
from budget_watch.lake.draft import BUFFER_ROWS, TableDraft
from budget_watch.lake.files import File
from budget_watch.lake.ledger import Batch

WAITING_ROWS = 150_000
_PART = ".part"


class Intake:
    """The rows of one batch for one table's draft.

    Attributes:
        batch: the delivery; every row carries its id.
        loaded_at: when, for every row.
        rows: how many came in and were not taken out again.
    """

    def __init__(self, draft: TableDraft, batch: Batch, loaded_at: datetime) -> None:
        self.draft = draft
        self.batch = batch
        self.loaded_at = loaded_at
        self.rows = 0
        self._parts: dict[str, list[pl.DataFrame]] = {}
        self._files: list[File] = []
        self._writing: list[tuple[Callable[[], File], Future[File]]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="intake")

    def add(self, piece: pl.DataFrame) -> None:
        """Take in rows of the contract's columns (fen).

        Raises:
            FrameError: they do not fit the contract.
            LakeError: the disk would not take them.
        """
        shape = self.draft.layout
        frame = shaping.shaped(piece.lazy(), shape, self.batch, self.loaded_at).collect()
        if not frame.height:
            return
        self.rows += frame.height
        touched = set()
        for part, rows in self._cut(frame):
            self._parts.setdefault(part, []).append(rows)
            touched.add(part)
        if self._waiting_rows > WAITING_ROWS:
            self._write(part for part in list(self._parts) if part not in touched)
            if self._waiting_rows > WAITING_ROWS // 2:
                self._write(list(self._parts))

    def scan(self) -> pl.LazyFrame:
        """All rows that came in, wherever they are."""
        files = self._written()
        frames = [frame.lazy() for frames in self._parts.values() for frame in frames]
        if files or not frames:
            frames.append(self.draft.scan(files))
        return pl.concat(frames)

    def keep(self, some: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
        """Take rows out again: `some` returns those of a frame that stay."""
        for part, frames in self._parts.items():
            self._parts[part] = [some(frame) for frame in frames]
        kept: list[File] = []
        for file in self._written():
            rest = some(self.draft.scan([file]).collect())
            if rest.height == file.rows:
                kept.append(file)
            elif rest.height:
                kept.append(self.draft.write_sorted(rest, file.part))
        self._files = kept
        self.rows = self._waiting_rows + sum(file.rows for file in kept)

    def small(self) -> pl.DataFrame | None:
        """All rows as one frame, where they are so few that they wait for others; else None."""
        if self._files or self._writing or self.rows > BUFFER_ROWS:
            return None
        frames = [frame for frames in self._parts.values() for frame in frames if frame.height]
        return pl.concat(frames) if frames else pl.DataFrame(schema=self.draft.layout.schema)

    def files(self) -> list[File]:
        """Write what still waits; return the files of all rows."""
        self._write(list(self._parts))
        return self._written()

    def close(self) -> None:
        """Wait for what is being written. The draft knows the files and throws them away."""
        self._pool.shutdown(wait=True)

    @property
    def _waiting_rows(self) -> int:
        return sum(frame.height for frames in self._parts.values() for frame in frames)

    def _cut(self, frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
        shape = self.draft.layout
        if not shape.clustered:
            return [("", frame)]
        part = pl.col("fiscal_year").fill_null(0) * 100 + shape.month.cast(pl.Int64).fill_null(0)
        parts = frame.select(part.alias(_PART)).to_series()
        if parts.is_sorted():  # in order of days, as vouchers mostly come: nothing is moved
            runs = parts.rle().struct.unnest()
            starts = [0, *runs["len"].cum_sum().to_list()]
            return [
                (_name(value), frame.slice(start, length))
                for start, (length, value) in zip(starts, runs.iter_rows(), strict=False)
            ]
        cut = frame.with_columns(parts).partition_by(_PART, as_dict=True, include_key=False)
        return [(_name(value), rows) for (value,), rows in cut.items()]

    def _write(self, parts: Iterable[str]) -> None:
        for part in parts:
            frames = self._parts.pop(part, [])
            if any(frame.height for frame in frames):
                job = partial(self._sorted_file, frames, part)
                self._writing.append((job, self._pool.submit(job)))

    def _sorted_file(self, frames: list[pl.DataFrame], part: str) -> File:
        return self.draft.write_sorted(pl.concat(frames), part)

    def _written(self) -> list[File]:
        """The files in the order in which they were asked for, once all are there."""
        taken = {
            at: job()
            for at, (job, coming) in reversed(list(enumerate(self._writing)))
            if coming.cancel()  # not begun: the other thread goes on from the front
        }
        files = [taken.get(at) or one.result() for at, (_, one) in enumerate(self._writing)]
        self._files += files
        self._writing = []
        return self._files


def _name(part: int) -> str:
    """202609 → `2026-09`; a row without a year lies in no part."""
    year, month = divmod(part, 100)
    return f"{year:04}-{month:02}" if year else ""
