"""Writes what is read to Parquet before it is put: one file a business day, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from ingest.sources.database.shaping import text
from ingest.spool import Spool

GROUP_ROWS = 50_000


class Sheet:
    """One coming file. Rows wait until there are enough for a row group."""

    def __init__(self, path: Path, metadata: dict[str, str]) -> None:
        self.path = path
        self.rows = 0
        self._metadata = metadata
        self._waiting: list[pl.DataFrame] = []
        self._schema: dict[str, pl.DataType] = {}
        self._writer: pq.ParquetWriter | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Take in rows; columns and order are the same in every frame."""
        self.rows += frame.height
        self._waiting.append(frame)
        if sum(one.height for one in self._waiting) >= GROUP_ROWS:
            self._write(keep=True)

    def close(self) -> None:
        """Write the rest and end the file."""
        self._write(keep=False)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, keep: bool) -> None:
        if not self._waiting:
            return
        schema = dict(self._schema)
        for frame in self._waiting:
            schema = _wider(schema, dict(frame.schema))
        if self._schema and schema != self._schema:
            self._widen(schema)
        self._schema = schema
        rows = pl.concat([_cast(frame, schema) for frame in self._waiting])
        whole = rows.height // GROUP_ROWS * GROUP_ROWS if keep else rows.height
        for at in range(0, whole, GROUP_ROWS):
            self._group(rows.slice(at, min(GROUP_ROWS, whole - at)))
        if not whole and not keep:
            self._group(rows)
        self._waiting = [rows.slice(whole)] if whole < rows.height else []

    def _group(self, rows: pl.DataFrame) -> None:
        # a column without any value is text: the gate reads it as nothing
        nulls = [name for name, dtype in rows.schema.items() if dtype == pl.Null]
        table = rows.with_columns(pl.col(nulls).cast(pl.String)).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )
        if self._writer is None:
            schema = table.schema.with_metadata(self._metadata)
            self._writer = pq.ParquetWriter(self.path, schema, compression="zstd")
            self._written = schema
        self._writer.write_table(table.cast(self._written), row_group_size=GROUP_ROWS)

    def _widen(self, schema: dict[str, pl.DataType]) -> None:
        """A value does not fit its column's type: write anew what is written, as text."""
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        old = self.path.with_suffix(".narrow")
        self.path.rename(old)
        with pq.ParquetFile(old) as file:
            for batch in file.iter_batches(GROUP_ROWS):
                frame = pl.from_arrow(batch)
                if isinstance(frame, pl.DataFrame):
                    self._group(_cast(frame, schema))
        old.unlink()


@dataclass
class Sheets:
    """The coming files of one read of one table, one a business day.

    Rows come ordered by day, so only the last day's file is open, and that of `last`, where rows
    without a day or of a later one go.
    """

    spool: Spool
    last: date
    metadata: dict[str, str]
    sheets: list[tuple[date, Sheet]] = field(default_factory=list)
    _open: dict[date, Sheet] = field(default_factory=dict)

    def add(self, frame: pl.DataFrame, days: pl.Series | None) -> None:
        """Take in rows, each with its business day."""
        if days is None:
            self._sheet(self.last).add(frame)
            return
        day = days.cast(pl.Date).fill_null(self.last).clip(upper_bound=self.last).alias("_at")
        for (at,), rows in (
            frame.with_columns(day).partition_by("_at", as_dict=True, maintain_order=True).items()
        ):
            self._sheet(at).add(rows.drop("_at"))

    def add_empty(self, day: date, frame: pl.DataFrame) -> None:
        """Make a file without rows for a day."""
        self._sheet(day).add(frame)

    def ended(self) -> list[tuple[date, Sheet]]:
        """The files, whole, by day; a day has several where the database's order is not ours."""
        for _, sheet in self.sheets:
            sheet.close()
        return sorted(self.sheets, key=lambda one: one[0])

    def drop(self) -> None:
        """Remove what was written: the read did not come to its end."""
        for _, sheet in self.sheets:
            sheet.close()
            sheet.path.unlink(missing_ok=True)
        self.sheets, self._open = [], {}

    def _sheet(self, day: date) -> Sheet:
        if day not in self._open:
            for ended in [one for one in self._open if one != self.last]:
                self._open.pop(ended).close()
            self._open[day] = Sheet(self.spool.staged(".parquet"), self.metadata)
            self.sheets.append((day, self._open[day]))
        return self._open[day]


def _wider(known: dict[str, pl.DataType], given: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
    """The schema that holds both: text where types differ."""
    if not known:
        return given
    merged = {}
    for name, dtype in given.items():
        before = known.get(name, dtype)
        if dtype in (before, pl.Null):
            merged[name] = before
        else:
            merged[name] = dtype if before == pl.Null else pl.String()
    return merged


def _cast(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            pl.Series(series.name, [None] * len(series), dtype=schema[series.name])
            if series.null_count() == len(series)
            else text(series)
            if schema[series.name] == pl.String
            else series.cast(schema[series.name])
            for series in frame
        ]
    )
