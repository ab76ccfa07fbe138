"""The ledger: which batch brought what, and what was delivered at all.

A batch is one delivery of one table for one business date. What is written here is written in the
publishing transaction, so the ledger never names rows that nobody can read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
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
    """

    id: str
    table: str
    source: str
    source_hash: str
    biz_date: date
    coverage: tuple[Coverage, ...] = ()
    src_dept: str | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the ledger: a batch and what became of its rows.

    delivered = stored + quarantined + refused.
    """

    batch: Batch
    loaded_at: datetime
    delivered: int
    stored: int
    quarantined: int = 0
    refused: int = 0
    reason: str | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the delivery as a whole was turned away."""
        return self.reason is not None and self.stored + self.quarantined == 0

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


def is_current(connection: sa.Connection, batch: Batch) -> bool:
    """Whether this delivery needs nothing done.

    True for a delivery made before (same slot, content and business date: a replay), and for
    content that is in the lake under whatever name, with nothing come in its place since. A later
    delivery that takes a correction back is neither.
    """
    table = records.batch
    same = connection.execute(
        sa.select(table.c.seq, table.c.id, table.c.biz_date)
        .where(
            table.c.table_name == batch.table,
            table.c.source_hash == batch.source_hash,
            sa.or_(table.c.reason.is_(None), table.c.stored + table.c.quarantined > 0),
        )
        .order_by(table.c.seq.desc())
    ).all()
    if any(row.id == batch.id and row.biz_date == batch.biz_date for row in same):
        return True
    for row in same:
        later = sa.select(table.c.seq).where(
            table.c.table_name == batch.table, table.c.id == row.id, table.c.seq > row.seq
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
    t = records.batch
    query = sa.select(t).order_by(t.c.seq)
    if table is not None:
        query = query.where(t.c.table_name == table)
    with engine(home).connect() as connection:
        return [_entry(row) for row in connection.execute(query).mappings()]


@dataclass(frozen=True)
class Lines:
    """The ledger as it will be after a publication.

    Attributes:
        home: whose published lines come first.
        coming: what the publication adds, in its order.
    """

    home: Home
    coming: Sequence[Entry] = ()

    @property
    def changed(self) -> bool:
        """Whether the publication adds a line."""
        return bool(self.coming)

    def frame(self) -> pl.DataFrame:
        """table_name, id, biz_date, delivered, quarantined, refused; oldest first."""
        rows = [
            (e.batch.table, e.batch.id, e.batch.biz_date, e.delivered, e.quarantined, e.is_refusal)
            for e in (*entries(self.home), *self.coming)
        ]
        return pl.DataFrame(rows, schema=LINES, orient="row")


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
    batch = Batch(row["id"], row["table_name"], row["source"], row["source_hash"], row["biz_date"])
    counts = {name: row[name] for name in ("delivered", "stored", "quarantined", "refused")}
    return Entry(batch, row["loaded_at"], reason=row["reason"], **counts)


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
        }
        for entry in entries
    ]
    if rows:
        connection.execute(sa.insert(records.batch), rows)


def write_coverage(connection: sa.Connection, seq: int, entries: Iterable[Entry]) -> None:
    """Add the slices delivered for the first time, with the snapshot that shows them first."""
    table = records.coverage
    wanted = {
        (entry.batch.table, one.fiscal_year, one.month, one.mof_div_code)
        for entry in entries
        if not entry.is_refusal
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
