"""Puts one delivery through the gate into the lake: `deliver(writer, contract, frame, batch)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from budget_watch.lake import Batch, Writer, quarantine
from budget_watch.lake.intake import Intake
from budget_watch.lake.quarantine import Kept
from budget_watch.tables import Contract
from ingest.errors import Refused
from ingest.gate.classified import note
from ingest.gate.secrets import person_key
from ingest.gate.split import (
    PROBLEMS,
    SRC_ROW,
    Gate,
    Sieve,
    Split,
    gate_for,
    outline,
    split_frame,
)

PIECE_ROWS = 100_000

Filled = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Counts:
    """What became of a delivery. rows = stored + quarantined + refused.

    `repeated`: it, or something newer, was there already and nothing was looked at; `note` says
    which. `refused` are rows of which a newer version is there, and rows marked as state secrets.
    """

    rows: int
    stored: int
    quarantined: int
    batch: Batch
    repeated: bool = False
    refused: int = 0
    note: str | None = None
    violations: dict[str, int] = field(default_factory=dict)
    bad: pl.DataFrame = field(default_factory=pl.DataFrame)
    warned: dict[str, int] = field(default_factory=dict)  # noticed and let through


def deliver(
    writer: Writer,
    contract: Contract,
    frame: pl.DataFrame | pl.LazyFrame,
    batch: Batch,
    *,
    stored: frozenset[str] = frozenset(),
    by: tuple[str, ...] | None = None,
    predicate: pl.Expr | None = None,
    check_codes: bool = True,
    describe: Callable[[pl.DataFrame | pl.LazyFrame], Batch] | None = None,
    filled: Filled | None = None,
    slot_by_rows: bool = True,
    declared: int | None = None,
) -> Counts:
    """Check the rows, store the good ones in place of older ones, keep the bad ones aside.

    Args:
        frame: columns with the contract's names, delivered types; `src_row` is the row in the file.
            A lazy frame goes through in pieces; a frame in memory is split there.
        batch: the delivery. Published before with the same hash, nothing is done.
        stored: the columns already in stored units (fen), as our Parquet metadata declares.
        by: columns that identify what a new row replaces; the contract's key (see `replaces`) if
            neither this nor `predicate` is given.
        predicate: the slice that the delivery stands for and replaces.
        check_codes: whether membership of code lists keeps a row out (not for published forms).
        describe: makes the batch's final slot, coverage and date out of the good rows. A lazy frame
            is looked through beforehand for the slot, which its rows carry.
        slot_by_rows: whether the slot that `describe` gives depends on the rows.
        declared: how many rows the source says it delivers; None where it says nothing.
        filled: applied to each piece of a lazy frame before the gate sees it: leaves out rows
            without content and columns that are nobody's.
    """
    if writer.known(batch):
        return Counts(0, 0, 0, batch, repeated=True)
    schema = frame.collect_schema() if isinstance(frame, pl.LazyFrame) else frame.schema
    if SRC_ROW not in schema:
        frame = _numbered(frame)
        schema = pl.Schema({**schema, SRC_ROW: pl.Int32()})
    gate = gate_for(contract, schema, person_key(writer.home.root), stored, check_codes)
    replaced_by = by if by is not None or predicate is not None else replaces(contract)
    known = [n for n in (replaced_by or ()) if n in gate.stored_columns] or None
    rows: pl.DataFrame | Intake
    if isinstance(frame, pl.DataFrame):
        result = split_frame(gate, frame)
        batch = describe(result.good) if describe else batch
        rows = result.good
    else:
        if describe and slot_by_rows:
            batch = describe(outline(gate, frame))
        rows, result = _streamed(writer, gate, frame, batch, filled)
        if describe:  # what was stored: more may be kept out than the outline told
            batch = dataclasses.replace(batch, coverage=describe(rows.scan()).coverage)
    if declared is not None and result.rows != declared:
        if isinstance(rows, Intake):
            rows.close()
        raise Refused(
            f"“{batch.source}”（{contract.code} {contract.title}）声明 {declared:,} 行，"
            f"读出 {result.rows:,} 行，可能没有传完整；整批未入库，请重新送达。",
            contract.code,
        )
    kept = keep(writer, contract, result.bad, codes=check_codes)
    put = writer.replace(
        contract.name,
        rows,
        batch,
        predicate=predicate,
        by=known,
        quarantined=result.quarantined,
        repeated=result.counts.get("key.unique", 0),
        kept=kept,
        left_out=(result.secret, note(result.secret)),
    )
    return Counts(
        result.rows,
        result.stored - put.outrun,
        result.quarantined,
        batch,
        refused=put.outrun + result.secret,
        note=put.note,
        violations=result.counts,
        bad=result.bad,
        warned=result.warned,
    )


def keep(
    writer: Writer, contract: Contract, bad: pl.DataFrame, whole: bool = False, codes: bool = True
) -> Kept | None:
    """Write the rows kept out to the quarantine; they belong to it once the batch is published."""
    reasons: dict[str, int] = {}
    if bad.height and PROBLEMS in bad.columns:
        counted = bad.select(pl.col(PROBLEMS).explode()).unnest(PROBLEMS)["problem"].value_counts()
        reasons = {problem: rows for problem, rows in counted.iter_rows() if problem}
    elif bad.height:
        reasons = dict(bad["reason"].value_counts().iter_rows())
    return quarantine.keep(writer.home, contract.name, bad, reasons, whole, codes)


def replaces(contract: Contract) -> tuple[str, ...]:
    """Return the columns by which a row takes an older one's place: the key, with the year first.

    The year lets the lake pass over the files of other years.
    """
    year = ("fiscal_year",) if "fiscal_year" in contract.names else ()
    return tuple(dict.fromkeys((*year, *contract.key)))


def _streamed(
    writer: Writer, gate: Gate, frame: pl.LazyFrame, batch: Batch, filled: Filled | None
) -> tuple[Intake, Split]:
    """Let the rows through piece by piece, each written once; then look for repeated keys."""
    intake, sieve = writer.intake(gate.contract.name, batch), Sieve(gate)
    try:
        for piece in pieces(frame, filled):
            intake.add(sieve.split(piece))
        again = sieve.repeated(intake.scan())
        if again is not None:
            out = pl.col(SRC_ROW).is_in(again.implode())
            intake.keep(lambda rows: rows.filter(~out))
    except BaseException:
        intake.close()
        raise
    return intake, sieve.result(intake.rows)


def pieces(frame: pl.LazyFrame, filled: Filled | None = None) -> Iterator[pl.DataFrame]:
    """The rows piece by piece, in order; the next is read while one is looked at.

    A piece is one chunk: of two dozen, all would be joined at every column put beside them.
    """
    coming = frame.collect_batches(chunk_size=PIECE_ROWS, maintain_order=True)

    def read() -> pl.DataFrame | None:
        piece = next(coming, None)
        return None if piece is None else piece.rechunk()

    with ThreadPoolExecutor(1, thread_name_prefix="pieces") as reader:
        following = reader.submit(read)
        while (piece := following.result()) is not None:
            following = reader.submit(read)
            yield piece if filled is None else filled(piece)


def _numbered(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame | pl.LazyFrame:
    return frame.with_row_index(SRC_ROW, offset=1).with_columns(pl.col(SRC_ROW).cast(pl.Int32))
