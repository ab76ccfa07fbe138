"""Loads CSV and Parquet files: contract-shaped ones, and published forms saved as CSV."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from budget_watch.tables import Contract, contracts
from ingest.bind.contract_file import Binding, bind
from ingest.deliver import Filled
from ingest.errors import Refused, Unreadable, Unrecognised
from ingest.gate.quick import blank_rows
from ingest.gate.split import SRC_ROW
from ingest.gate.typing import typed
from ingest.gate.units import against_known, sub_fen_columns, too_small
from ingest.job import Job
from ingest.load_line import LoadLine
from ingest.sources.grid import Grid
from ingest.sources.text import TextFile, look_through, open_text, ragged_line, rows_of
from ingest.workbook_file import finish, load_grids

_FORM_BYTES = 40 << 20  # a published form saved as CSV is small
_SAMPLE = 5_000
_MEMORY_BYTES = 48 << 20


def load_text(job: Job, path: Path, name: str) -> Iterator[LoadLine]:
    """Yield the line of a CSV file (several if it is a form that feeds several tables)."""
    text = open_text(path, job.scratch, Path(name).name)
    try:
        binding = bind(text.preview, text.name, job.table)
    except Unrecognised as unknown:
        if job.table is not None or path.stat().st_size > _FORM_BYTES:
            raise
        rows: list[list[object]] = [list(row) for row in rows_of(text)]
        grid = Grid(workbook=text.name, sheet="", rows=rows)  # type: ignore[arg-type]
        lines = list(load_grids(job, [grid], name, job.digest(path), single=True))
        if all(line.refused and line.form is None for line in lines):
            raise unknown from None
        yield from lines
        return
    yield load_bound_text(job, text, binding, name, job.digest(path))


def load_bound_text(job: Job, text: TextFile, binding: Binding, name: str, digest: str) -> LoadLine:
    """Load a contract-shaped CSV."""
    width = len(text.preview[binding.header])
    scan = pl.scan_csv(
        text.path,
        separator=text.delimiter,
        has_header=False,
        skip_lines=binding.start,
        schema={f"c{position}": pl.String for position in range(width)},
        encoding="utf8",
        truncate_ragged_lines=False,
        row_index_name=SRC_ROW,
        row_index_offset=binding.start + 1,
    )
    bound = {column: f"c{at}" for column, at in binding.columns.items()}
    others = [f"c{at}" for at in range(width) if at not in binding.columns.values()]
    named = [pl.col(cell).alias(column) for column, cell in bound.items()]
    frame = scan.select(pl.col(SRC_ROW).cast(pl.Int32), *named, *others)
    filled = partial(_filled, columns=[SRC_ROW, *bound])
    try:
        size = text.path.stat().st_size
        return load_frame(job, binding, frame, size, name, digest, filled=filled)
    except pl.exceptions.ComputeError as error:
        look_through(text)
        place = ragged_line(text, width)
        if place is None:
            raise Unreadable(
                f"“{text.name}”的内容读不出（{str(error).splitlines()[0][:80]}）；"
                "请核对引号和分隔符后重新送达，本文件未入库。"
            ) from error
        raise Unreadable(
            f"“{text.name}”第{place[0]}行有 {place[1]} 格，表头只有 {width} 格；"
            "请检查多余的分隔符或缺少的引号，本文件未入库。"
        ) from error


def _once(first: Filled, others: Filled | None) -> Filled:
    """Apply `first` to the first piece that comes and `others` to all that follow."""
    coming = itertools.chain([first], itertools.repeat(others or _whole))

    def each(rows: pl.DataFrame) -> pl.DataFrame:
        return next(coming)(rows)

    return each


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


def _filled(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of the rows in which any cell of the file holds something."""
    blank = blank_rows(rows.drop(SRC_ROW).get_columns())
    return (rows.filter(~blank) if blank.any() else rows).select(columns)


def load_parquet(job: Job, path: Path, name: str) -> LoadLine:
    """Load a contract-shaped Parquet file; money is fen where the field's metadata says so."""
    try:
        schema = pq.read_schema(path)
        scan = pl.scan_parquet(path)
        given = scan.collect_schema()
    except Exception as error:  # pyarrow and polars each have their own
        raise Unreadable(
            f"“{Path(name).name}”不完整或已损坏，读不出 Parquet 内容；请重新送达。"
        ) from error
    table = job.table or declared_table(schema)
    binding = bind([list(given)], Path(name).name, table)
    positions = list(given)
    frame = scan.select(
        *(pl.col(positions[at]).alias(column) for column, at in binding.columns.items())
    )
    fen = stored_columns(schema)
    stored = frozenset(c for c, at in binding.columns.items() if positions[at] in fen)
    return load_frame(job, binding, frame, path.stat().st_size, name, job.digest(path), stored)


def declared_table(schema: object) -> Contract | None:
    """Return the contract that a Parquet file's own metadata names."""
    metadata = getattr(schema, "metadata", None) or {}
    code = metadata.get(b"table", b"").decode()
    return next((one for one in contracts().values() if one.code == code), None)


def stored_columns(schema: object) -> frozenset[str]:
    """Return the columns whose field metadata says that they are in stored units."""
    found = []
    for field in schema:  # type: ignore[attr-defined]
        unit = (field.metadata or {}).get(b"unit", b"").decode()
        if unit in ("fen", "1e-6") or (field.metadata or {}).get(b"scale"):
            found.append(field.name)
    return frozenset(found)


def load_frame(
    job: Job,
    binding: Binding,
    frame: pl.LazyFrame,
    size: int,
    name: str,
    digest: str,
    stored: frozenset[str] = frozenset(),
    filled: Filled | None = None,
) -> LoadLine:
    """Check units on a sample, then put the rows through the gate; return the file's line.

    `filled` leaves out of each piece what is not for the gate (see `deliver`).
    """
    contract = binding.contract

    def looked(rows: pl.DataFrame) -> pl.DataFrame:
        given = rows if filled is None else filled(rows)
        check_units(job, contract, given, Path(name).name, stored)
        return given

    if size <= _MEMORY_BYTES:
        counts = job.deliver(contract, looked(frame.collect()), name, digest, stored)
    else:
        counts = job.deliver(contract, frame, name, digest, stored, filled=_once(looked, filled))
    return finish(contract, name, None, None, counts, unknown_note(binding))


def check_units(
    job: Job,
    contract: Contract,
    rows: pl.DataFrame,
    name: str,
    stored: frozenset[str],
) -> None:
    """Refuse the file when its amounts cannot be in the declared unit.

    Where the file's own metadata says that all of them are fen, there is nothing to doubt.
    """
    if stored and {column.name for column in contract.money_columns} <= stored:
        return
    sample = rows.head(_SAMPLE)
    read = sample.select(typed(contract, sample.schema, stored))
    problem = (
        sub_fen_columns(contract, sample)
        or too_small(contract, read)
        or against_known(contract, read, job.known_means(contract))
    )
    if problem:
        raise Refused(f"“{name}”（{contract.code} {contract.title}）{problem}", contract.code)


def unknown_note(binding: Binding) -> str | None:
    """Say which columns the contract does not have."""
    if not binding.unknown:
        return None
    return f"列“{'、'.join(binding.unknown[:5])}”不在约定中，未载入"
