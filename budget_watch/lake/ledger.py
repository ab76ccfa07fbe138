"""The ledger: which batch brought what, and what was delivered at all.

A batch is one delivery of one table for one business date. What is written here is written in the
publishing transaction, so the ledger never names rows that nobody can read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.lake import quarantine, records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
from budget_watch.lake.quarantine import CLOSED, STORED, Kept
from budget_watch.lake.state import engine

WHOLE_YEAR = 0


@dataclass(frozen=True, order=True)
class Coverage:
    """One delivered slice of a table, whether or not it has rows.

    Attributes:
        fiscal_year: budget year.
        month: 1 to 12, 0 for the whole year.
        mof_div_code: region, 9 digits.
    """

    fiscal_year: int
    month: int
    mof_div_code: str


@dataclass(frozen=True)
class Batch:
    """One delivery (批次), before it is stored.

    Attributes:
        id: stable name of the delivery's slot, such as `FIN-15/2026-09`; the same delivery
            corrected may keep it, and then replaces its own rows.
        table: contract name.
        source: where it came from (file, sheet, query), for people.
        source_hash: SHA-256 of what was delivered; a published one is not loaded again.
        biz_date: business date of the delivery.
        coverage: the slices delivered, also those without rows.
        src_dept: who delivered; the contract's department where not given.
        origin: name of the configured source; None where loaded by hand.
        revision: grows with each correction of the slot, as the source numbers or dates them.
        fetched_at: when the source was read, UTC.
        parcel: id of its slip in the spool.
        declared: how many rows the source said it delivers; None where it said nothing.
        by_key: whether it stands for the rows of its own keys only (an increment). Of one origin's
            increments the larger revision is newer, whatever their business dates.
    """

    id: str
    table: str
    source: str
    source_hash: str
    biz_date: date
    coverage: tuple[Coverage, ...] = ()
    src_dept: str | None = None
    origin: str | None = None
    revision: int = 0
    fetched_at: datetime | None = None
    parcel: str | None = None
    declared: int | None = None
    by_key: bool = False

    def before(self, other: Batch) -> bool:
        """Whether another batch of the table is newer: by business date, revision and, so that the
        order of arrival makes no difference, name."""
        if self.by_key and other.by_key and self.origin == other.origin:
            mine = (self.revision, self.biz_date, self.id)
            return mine < (other.revision, other.biz_date, other.id)
        mine_by_day = (self.biz_date, self.revision, self.id)
        return mine_by_day < (other.biz_date, other.revision, other.id)


Outcome = Literal["stored", "refused", "repeated", "superseded"]
# The lines that brought something, or should have; the others came twice or too late to count.
COUNTED = ("stored", "refused")


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: a batch and what became of its rows.

    delivered = stored + quarantined + refused. What came twice (repeated) or after a newer revision
    (superseded) is refused as a whole, and no fault of the delivery.
    """

    batch: Batch
    loaded_at: datetime
    delivered: int
    stored: int
    quarantined: int = 0
    refused: int = 0
    reason: str | None = None
    outcome: Outcome = "stored"
    kept: Kept | None = None  # the rows kept out, where they can be released

    @property
    def is_refusal(self) -> bool:
        """Whether the delivery as a whole was turned away."""
        return self.outcome == "refused"

    @property
    def counts(self) -> bool:
        """Whether it was stored or refused; False for what came twice or too late."""
        return self.outcome in COUNTED

    def check(self) -> None:
        """Rows in must equal rows out.

        Raises:
            LakeError: they do not.
        """
        out = self.stored + self.quarantined + self.refused
        if self.delivered != out:
            raise LakeError(
                f"批次 {self.batch.id}：送达 {self.delivered} 行，入库 {self.stored}、"
                f"隔离 {self.quarantined}、拒收 {self.refused}，合计 {out} 行，对不上。"
                "没有发布；请把这个文件和日志交给开发人员。"
            )


@dataclass(frozen=True)
class Slot:
    """What a slot holds: by which delivery, and how new that is.

    Attributes:
        content: the source_hash of what is in the lake.
        revision: the newest that came, also where its content was there already.
    """

    content: str
    origin: str | None
    revision: int
    biz_date: date

    @property
    def rank(self) -> tuple[int, date]:
        """Deliveries of one source and slot in order of their age."""
        return self.revision, self.biz_date

    def after(self, batch: Batch, outcome: Outcome) -> Slot:
        """The slot after one more line."""
        if outcome == "stored":
            return Slot(batch.source_hash, batch.origin, batch.revision, batch.biz_date)
        if outcome == "repeated" and (batch.revision, batch.biz_date) > self.rank:
            return replace(self, revision=batch.revision, biz_date=batch.biz_date)
        return self


def slot_of(connection: sa.Connection, batch: Batch) -> Slot | None:
    """What the batch's slot holds as published; None where nothing was ever stored in it."""
    t = records.batch
    query = (
        sa.select(t)
        .where(
            t.c.id == batch.id,
            t.c.table_name == batch.table,
            t.c.outcome.in_(("stored", "repeated")),
        )
        .order_by(t.c.seq)
    )
    found: Slot | None = None
    for row in connection.execute(query).mappings():
        line = _entry(row)
        start = found or Slot(
            line.batch.source_hash, line.batch.origin, line.batch.revision, line.batch.biz_date
        )
        found = start.after(line.batch, line.outcome)
    return found


def newer_ids(connection: sa.Connection, batch: Batch) -> set[str]:
    """The slots of the batch's table whose rows are newer than the batch's, see `Batch.before`."""
    t = records.batch
    maybe = t.c.biz_date >= batch.biz_date
    if batch.by_key:
        maybe = maybe | (t.c.by_key & (t.c.revision >= batch.revision))
    columns = (t.c.id, t.c.source, t.c.source_hash, t.c.biz_date, t.c.origin, t.c.revision)
    query = sa.select(*columns, t.c.by_key).where(
        t.c.table_name == batch.table, t.c.outcome == "stored", maybe
    )
    others = (Batch(table=batch.table, **row) for row in connection.execute(query).mappings())
    return {other.id for other in others if other.id != batch.id and batch.before(other)}


def known_parcels(home: Home, parcels: Iterable[str]) -> dict[str, bool]:
    """Which of these slips the ledger knows, and whether something was stored or set aside for
    them (False: refused)."""
    t, found = records.batch, dict[str, bool]()
    wanted = list(parcels)
    if not home.exists:
        return found
    with engine(home).connect() as connection:
        for at in range(0, len(wanted), 500):
            some = wanted[at : at + 500]
            query = sa.select(t.c.parcel, t.c.outcome).where(t.c.parcel.in_(some))
            for row in connection.execute(query):
                found[row.parcel] = found.get(row.parcel, False) or row.outcome != "refused"
    return found


def is_current(
    connection: sa.Connection, batch: Batch, overtaken: Collection[str] = frozenset()
) -> bool:
    """Whether this delivery needs nothing done. `overtaken`: slots that hold something new since.

    True for a delivery made before (same slot, content, revision and business date: a replay), and
    for content that is in the lake under whatever name, with nothing come in its place since. A
    later delivery that takes a correction back is neither.
    """
    table = records.batch
    same = connection.execute(
        sa.select(table.c.seq, table.c.id, table.c.biz_date, table.c.revision)
        .where(
            table.c.table_name == batch.table,
            table.c.source_hash == batch.source_hash,
            table.c.outcome == "stored",
        )
        .order_by(table.c.seq.desc())
    ).all()
    slot = (batch.id, batch.biz_date, batch.revision)
    if any((row.id, row.biz_date, row.revision) == slot for row in same):
        return True
    for row in same:
        if row.id in overtaken:
            continue
        later = sa.select(table.c.seq).where(
            table.c.table_name == batch.table,
            table.c.id == row.id,
            table.c.seq > row.seq,
            table.c.outcome.in_(COUNTED),
        )
        if connection.execute(later.limit(1)).first() is None:
            return True
    return False


def stored_hashes(connection: sa.Connection, table: str) -> set[str]:
    """The hashes of all that was ever delivered for a table."""
    column = records.batch.c
    query = sa.select(column.source_hash).where(column.table_name == table).distinct()
    return set(connection.execute(query).scalars())


def stored_ids(connection: sa.Connection, table: str) -> set[str]:
    """The batch ids whose rows a table may hold."""
    column = records.batch.c
    query = sa.select(column.id).where(column.table_name == table).distinct()
    return set(connection.execute(query).scalars())


def entries(home: Home, table: str | None = None) -> list[Entry]:
    """The published ledger lines, oldest first; of one table where given. Without coverage."""
    if not home.exists:
        return []
    t = accounted()
    query = sa.select(t).order_by(t.c.seq)
    if table is not None:
        query = query.where(t.c.table_name == table)
    with engine(home).connect() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


def accounted(seq: int | None = None) -> sa.Subquery:
    """The ledger's lines with what became of quarantined rows counted in, and `snapshot_seq`.

    A row released (as it is or corrected) counts as stored, one discarded or superseded as
    refused: delivered = stored + quarantined + refused at any time, and what counts as quarantined
    waits for somebody. As of a snapshot's number; default: now.
    """
    b, q, a, s = records.batch, records.quarantine, records.quarantine_act, records.snapshot
    later = s.alias("later")

    def moved(actions: tuple[str, ...], name: str) -> sa.Label[int]:
        rows = sa.case((a.c.action.in_(actions), a.c.row_count), else_=0)
        return sa.func.sum(rows).label(name)

    acts = (
        sa.select(q.c.batch_seq, moved(STORED, "released"), moved(CLOSED, "closed"))
        .join(a, a.c.bundle == q.c.number)
        .join(later, later.c.id == a.c.snapshot)
        .group_by(q.c.batch_seq)
    )
    if seq is not None:
        acts = acts.where(later.c.seq <= seq)
    done = acts.subquery()
    released = sa.func.coalesce(done.c.released, 0)
    closed = sa.func.coalesce(done.c.closed, 0)
    moves = {
        "stored": b.c.stored + released,
        "quarantined": b.c.quarantined - released - closed,
        "refused": b.c.refused + closed,
    }
    query = (
        sa.select(
            *(moves[c.name].label(c.name) if c.name in moves else c for c in b.c),
            s.c.seq.label("snapshot_seq"),
        )
        .join(s, s.c.id == b.c.snapshot)
        .outerjoin(done, done.c.batch_seq == b.c.seq)
    )
    return (query if seq is None else query.where(s.c.seq <= seq)).subquery()


@dataclass(frozen=True)
class Lines:
    """The ledger as it will be after a publication.

    Attributes:
        home: whose published lines come first.
        coming: what the publication adds, in its order.
        leaving: rows that leave quarantine with it, by (table, slot).
    """

    home: Home
    coming: Sequence[Entry] = ()
    leaving: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the publication adds or changes a line."""
        return bool(self.coming or self.leaving)

    def frame(self) -> pl.DataFrame:
        """table_name, id, biz_date, delivered, quarantined, refused; oldest first."""
        rows = []
        waiting = dict(self.leaving)  # the newest line of a slot is the one they leave
        for e in reversed([*entries(self.home), *self.coming]):
            place = (e.batch.table, e.batch.id)
            gone = min(e.quarantined, waiting.get(place, 0)) if e.counts else 0
            if gone:
                waiting[place] -= gone
            left = e.quarantined - gone
            line = (*place, e.batch.biz_date, e.delivered, left, e.is_refusal)
            if e.counts:
                rows.append(line)
        return pl.DataFrame(rows[::-1], schema=LINES, orient="row")


LINES = pl.Schema(
    {
        "table_name": pl.String(),
        "id": pl.String(),
        "biz_date": pl.Date(),
        "delivered": pl.Int64(),
        "quarantined": pl.Int64(),
        "refused": pl.Boolean(),
    }
)


def _entry(row: sa.RowMapping) -> Entry:
    batch = Batch(
        row["id"],
        row["table_name"],
        row["source"],
        row["source_hash"],
        row["biz_date"],
        origin=row["origin"],
        revision=row["revision"],
        fetched_at=row["fetched_at"],
        parcel=row["parcel"],
        declared=row["declared"],
        by_key=row["by_key"],
    )
    counts = {name: row[name] for name in ("delivered", "stored", "quarantined", "refused")}
    return Entry(batch, row["loaded_at"], reason=row["reason"], outcome=row["outcome"], **counts)


def write_entries(
    connection: sa.Connection,
    snapshot: str,
    entries: Sequence[Entry],
    versions: dict[str, int],
) -> None:
    """Add the batches of a publishing to the ledger."""
    rows = [
        {
            "id": entry.batch.id,
            "table_name": entry.batch.table,
            "source": entry.batch.source,
            "source_hash": entry.batch.source_hash,
            "biz_date": entry.batch.biz_date,
            "loaded_at": entry.loaded_at,
            "delivered": entry.delivered,
            "stored": entry.stored,
            "quarantined": entry.quarantined,
            "refused": entry.refused,
            "reason": entry.reason,
            "version": versions.get(entry.batch.table),
            "snapshot": snapshot,
            "origin": entry.batch.origin,
            "revision": entry.batch.revision,
            "fetched_at": entry.batch.fetched_at,
            "parcel": entry.batch.parcel,
            "declared": entry.batch.declared,
            "by_key": entry.batch.by_key,
            "outcome": entry.outcome,
        }
        for entry in entries
    ]
    if not rows:
        return
    insert = sa.insert(records.batch).returning(records.batch.c.seq, sort_by_parameter_order=True)
    seqs = list(connection.execute(insert, rows).scalars())
    kept_of = quarantine.tables(connection)
    for seq, entry in zip(seqs, entries, strict=True):
        one = entry.batch
        told = (one.table, one.id, one.source, one.origin, one.biz_date)
        if entry.kept is not None:
            quarantine.write_bundle(connection, snapshot, seq, told, entry.kept)
            kept_of.add(one.table)
        closes = entry.outcome == "stored" or entry.kept is not None
        if closes and one.table in kept_of:
            quarantine.close_older(connection, snapshot, seq, told)


def write_coverage(connection: sa.Connection, seq: int, entries: Iterable[Entry]) -> None:
    """Add the slices delivered for the first time, with the snapshot that shows them first."""
    table = records.coverage
    wanted = {
        (entry.batch.table, one.fiscal_year, one.month, one.mof_div_code)
        for entry in entries
        if entry.outcome == "stored"
        for one in entry.batch.coverage
    }
    names = sorted({key[0] for key in wanted})
    keys = (table.c.table_name, table.c.fiscal_year, table.c.month, table.c.mof_div_code)
    known = connection.execute(sa.select(*keys).where(table.c.table_name.in_(names))).all()
    fresh = sorted(wanted - {tuple(row) for row in known})
    if fresh:
        columns = [key.name for key in keys]
        rows = [{**dict(zip(columns, key, strict=True)), "snapshot_seq": seq} for key in fresh]
        connection.execute(sa.insert(table), rows)
