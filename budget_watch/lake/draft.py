"""A table's draft: what it will hold after the next publishing, before anybody can read it.

A draft starts from the published files. Rows leave it by predicate, by key or by batch; rows come
in as frames. Small frames wait in memory and are written together, so that two thousand small
deliveries do not make two thousand files; large ones go to disk at once. Nothing here touches the
Delta log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from budget_watch.lake.files import File, add_up, write
from budget_watch.lake.layout import Layout
from budget_watch.lake.shaping import in_order

BUFFER_ROWS = 100_000
SMALL_FILE_ROWS = 50_000
MANY_SMALL_FILES = 8
FEW_FILES = 3  # so many stay as they are for ever: joining costs a copy of them
MANY_FRAMES = 16

_Keep = Callable[[pl.LazyFrame], pl.LazyFrame]


class TableDraft:
    """The coming content of one table or mart.

    Attributes:
        layout: shape on disk.
        folder: the table's folder.
        published: the files of the last published version.
        files: the files it will hold; those not in `published` are new.
    """

    def __init__(self, layout: Layout, folder: Path, published: Sequence[File]) -> None:
        self.layout = layout
        self.folder = folder
        self.published = tuple(published)
        self.files: list[File] = list(published)
        self._waiting: list[pl.DataFrame] = []
        self._written: list[File] = []

    @property
    def changed(self) -> bool:
        """Whether anything differs from the published version."""
        return bool(self._waiting or self.added or self.removed)

    @property
    def holds_any(self) -> bool:
        """Whether there may be rows."""
        return bool(self.files or self.waiting_rows)

    @property
    def added(self) -> list[File]:
        """Files that the published version does not have."""
        known = set(self._paths(self.published))
        return [file for file in self.files if file.path not in known]

    @property
    def removed(self) -> list[File]:
        """Files of the published version that go."""
        kept = set(self._paths(self.files))
        return [file for file in self.published if file.path not in kept]

    @property
    def waiting_rows(self) -> int:
        """Rows held in memory."""
        return sum(frame.height for frame in self._waiting)

    def scan(self, files: Iterable[File] | None = None) -> pl.LazyFrame:
        """The rows of these files (default: all of the draft's, which must have been flushed)."""
        paths = [str(self.folder / f.path) for f in (self.files if files is None else files)]
        if not paths:
            return pl.LazyFrame(schema=self.layout.schema)
        return pl.scan_parquet(
            paths, schema=self.layout.schema, missing_columns="insert", extra_columns="ignore"
        )

    def held(self) -> Held:
        """What the draft holds now; stays readable until it is discarded."""
        return Held(self, tuple(self.files), tuple(self._waiting))

    def add(self, frame: pl.DataFrame) -> None:
        """Take in rows of the stored schema."""
        if frame.height:
            self._waiting.append(frame)
        if self.waiting_rows >= BUFFER_ROWS:
            self.flush()
        elif len(self._waiting) > MANY_FRAMES:
            self._waiting = [pl.concat(self._waiting)]

    def add_files(self, files: Iterable[File]) -> None:
        """Take in the rows of files written for this draft."""
        self.files += files

    def remove(self, doomed: pl.Expr, only: Iterable[File] | None = None) -> int:
        """Take out the rows for which the expression is true; return how many."""
        gone = doomed.fill_null(False)
        count = self._remove_waiting(gone)
        candidates = list(self.files if only is None else only)
        if not candidates:
            return count
        hits = (self._scan_with_path(candidates).filter(gone).group_by(".file").len()).collect(
            engine="streaming"
        )
        return count + self._rewrite(dict(hits.iter_rows()), lambda rows: rows.filter(~gone))

    def remove_same(self, keys: pl.DataFrame) -> int:
        """Take out the rows that equal some row of `keys` in all its columns; return how many."""
        columns = keys.columns
        count = 0
        for at, frame in enumerate(self._waiting):
            kept = frame.join(keys, on=columns, how="anti", nulls_equal=True, maintain_order="left")
            count += frame.height - kept.height
            self._waiting[at] = kept
        candidates = self._files_of_years(keys)
        if not candidates:
            return count
        hits = (
            self._scan_with_path(candidates)
            .filter(_between(keys))
            .join(keys.lazy(), on=columns, how="semi", nulls_equal=True)
            .group_by(".file")
            .len()
        ).collect(engine="streaming")
        return count + self._rewrite(
            dict(hits.iter_rows()),
            lambda rows: rows.join(keys.lazy(), on=columns, how="anti", nulls_equal=True),
        )

    def same(self, keys: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
        """The keys that some row of the draft has for which the expression is true."""
        columns = keys.columns
        parts = [frame.lazy() for frame in self._waiting if frame.height]
        files = self._files_of_years(keys)
        if files:
            parts.append(self.scan(files).filter(_between(keys)))
        if not parts:
            return keys.clear()
        found = pl.concat([part.filter(where).select(columns) for part in parts])
        return (
            keys.lazy().join(found, on=columns, how="semi", nulls_equal=True).collect(
                engine="streaming"
            )
        )  # fmt: skip

    def replace_parts(self, parts: Iterable[str]) -> None:
        """Take out all files of these parts (for marts, which are made anew part by part)."""
        gone = set(parts)
        self.files = [file for file in self.files if file.part not in gone]

    def flush(self) -> None:
        """Write what waits in memory."""
        frames = [frame for frame in self._waiting if frame.height]
        self._waiting = []
        if not frames:
            return
        whole = pl.concat(frames, rechunk=True)
        if not self.layout.clustered:
            self.files.append(self.write(whole, ""))
            return
        tagged = whole.with_columns(self.layout.part.fill_null("").alias(".part"))
        for (part,), rows in sorted(tagged.partition_by(".part", as_dict=True).items()):
            self.files.append(self.write_sorted(rows.drop(".part"), str(part)))

    def compact(self) -> None:
        """Join many small files of one part into one."""
        small: dict[str, list[File]] = {}
        for file in self.files:
            if file.rows < SMALL_FILE_ROWS:
                small.setdefault(file.part, []).append(file)
        for part, files in small.items():
            if len(files) >= MANY_SMALL_FILES:
                whole = self.scan(files).collect()
                gone = set(self._paths(files))
                self.files = [file for file in self.files if file.path not in gone]
                self.files.append(self.write_sorted(whole, part))

    def join(self, part: str, most_rows: int) -> int:
        """Join all files of a part into one, if they are worth it and have not too many rows.

        Returns how many files go.
        """
        files = [file for file in self.files if file.part == part]
        if len(files) <= FEW_FILES or sum(file.rows for file in files) > most_rows:
            return 0
        whole = self.scan(files).collect()
        gone = set(self._paths(files))
        self.files = [file for file in self.files if file.path not in gone]
        self.files.append(self.write_sorted(whole, part))
        return len(files)

    def discard(self, keep: Iterable[File]) -> None:
        """Delete the files written for this draft, except these."""
        kept = set(self._paths(keep))
        for file in self._written:
            if file.path not in kept:
                (self.folder / file.path).unlink(missing_ok=True)
        self._written = []

    def totals(self) -> tuple[int, dict[str, int]]:
        """Rows and sums of money of the coming version."""
        rows, sums = add_up(self.files)
        return rows, {name: sums.get(name, 0) for name in self.layout.money}

    def write_sorted(self, frame: pl.DataFrame, part: str) -> File:
        """Write a file of this table in its order; it does not belong to the draft yet."""
        return self.write(in_order(frame, self.layout.sort), part)

    def write(self, frame: pl.DataFrame | pl.LazyFrame, part: str) -> File:
        """Write a file of this table; it does not belong to the draft yet."""
        file = write(self.folder, frame, part, self.layout.money, self.layout.group_rows)
        self._written.append(file)
        return file

    def _remove_waiting(self, gone: pl.Expr) -> int:
        before = self.waiting_rows
        self._waiting = [frame.filter(~gone) for frame in self._waiting]
        return before - self.waiting_rows

    def _scan_with_path(self, files: Sequence[File]) -> pl.LazyFrame:
        return pl.scan_parquet(
            [str(self.folder / file.path) for file in files],
            schema=self.layout.schema,
            missing_columns="insert",
            extra_columns="ignore",
            include_file_paths=".file",
        )

    def _rewrite(self, hits: dict[str, int], keep: _Keep) -> int:
        remaining: list[File] = []
        for file in self.files:
            lost = hits.get(str(self.folder / file.path), 0)
            if not lost:
                remaining.append(file)
            elif lost < file.rows:
                rest = keep(self.scan([file])).collect(engine="streaming")
                remaining.append(self.write_sorted(rest, file.part))
        self.files = remaining
        return sum(hits.values())

    def _files_of_years(self, keys: pl.DataFrame) -> list[File]:
        if not self.layout.clustered or "fiscal_year" not in keys.columns:
            return list(self.files)
        years = {f"{year:04}" for year in keys["fiscal_year"].drop_nulls().unique().to_list()}
        return [file for file in self.files if file.part[:4] in years]

    @staticmethod
    def _paths(files: Iterable[File]) -> list[str]:
        return [file.path for file in files]


@dataclass(frozen=True)
class Held:
    """A draft's rows at one moment, in files and in memory."""

    draft: TableDraft
    files: tuple[File, ...]
    waiting: tuple[pl.DataFrame, ...]

    def scan(self, years: Iterable[int] | None = None) -> pl.LazyFrame:
        """All rows, of clustered tables those of the years' files alone."""
        wanted = {f"{year:04}" for year in years} if years is not None else None
        files = [
            file
            for file in self.files
            if wanted is None or not self.draft.layout.clustered or file.part[:4] in wanted
        ]
        parts = [frame.lazy() for frame in self.waiting if frame.height]
        if files or not parts:
            parts.append(self.draft.scan(files))
        return pl.concat(parts)


def _between(keys: pl.DataFrame) -> pl.Expr:
    """A cheap condition that all rows equal to a key meet; skips files by their statistics."""
    first = keys.to_series(0)
    if first.null_count() or first.is_empty() or first.dtype == pl.Boolean:
        return pl.lit(True)
    return pl.col(first.name).is_between(pl.lit(first.min()), pl.lit(first.max()))
