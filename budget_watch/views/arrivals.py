"""数据到达: what each table delivered, how far it reaches, what was kept out.

“Not delivered” is a state of its own and never reads as “nothing happened”. Lateness is the
lake's own reckoning (`lake.status`): working days since the next delivery was due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.lake import Home, Snapshot
from budget_watch.lake.ledger import COUNTED, accounted
from budget_watch.lake.state import engine
from budget_watch.lake.status import table_status
from budget_watch.tables import Contract, contracts

if TYPE_CHECKING:
    from budget_watch.lake import Reader

State = Literal["arrived", "quarantined", "late", "never"]
STATES: dict[State, tuple[str, str]] = {
    "arrived": ("✓", "到齐"),
    "quarantined": ("◐", "有隔离"),
    "late": ("△", "迟到"),
    "never": ("✕", "未到"),
}


@dataclass(frozen=True)
class Arrival:
    """One table as a snapshot has it.

    Attributes:
        rows: stored rows. delivered, quarantined, refused: over all batches of the table.
        last: last business date delivered. reach: last period covered, (year, month); month 0 =
            the whole year. behind: what is missing, in words; empty when nothing is.
    """

    contract: Contract
    state: State
    rows: int
    batches: int
    delivered: int
    quarantined: int
    refused: int
    last: date | None
    reach: tuple[int, int] | None
    behind: str = ""

    @property
    def reach_title(self) -> str:
        """2026年10月, 2025年, or — where nothing was delivered."""
        if self.reach is None:
            return "—"
        year, month = self.reach
        return f"{year}年{month}月" if month else f"{year}年"


def arrivals(home: Home, reader: Reader, snapshot: Snapshot) -> list[Arrival]:
    """Every table of the contracts, in their order."""
    ledger = _ledger(home, snapshot)
    reach = _reach(reader)
    late = {
        record["name"]: int(record["late_workdays"])
        for record in table_status(home, reader.grant, snapshot)
    }
    return [
        _arrival(contract, snapshot, ledger.get(name), reach.get(name), late.get(name, 0))
        for name, contract in contracts().items()
    ]


def _arrival(
    contract: Contract,
    snapshot: Snapshot,
    entry: Mapping[str, int | date] | None,
    reach: tuple[int, int] | None,
    late: int,
) -> Arrival:
    if entry is None:
        return Arrival(contract, "never", 0, 0, 0, 0, 0, None, None, "从未送达")
    last = entry["last"]
    last_day = last if isinstance(last, date) else None
    behind = f"缺的期最久已迟到{late}个工作日" if late else ""
    kept_out = int(str(entry["quarantined"])) + int(str(entry["refused"]))
    state: State = "late" if behind else "quarantined" if kept_out else "arrived"
    return Arrival(
        contract,
        state,
        snapshot.rows(contract.name),
        int(str(entry["batches"])),
        int(str(entry["delivered"])),
        int(str(entry["quarantined"])),
        int(str(entry["refused"])),
        last_day,
        reach,
        behind,
    )


def _ledger(home: Home, snapshot: Snapshot) -> dict[str, Mapping[str, int | date]]:
    b = accounted(snapshot.seq)
    query = (
        sa.select(
            b.c.table_name,
            sa.func.count().label("batches"),
            sa.func.sum(b.c.delivered).label("delivered"),
            sa.func.sum(b.c.quarantined).label("quarantined"),
            sa.func.sum(b.c.refused).label("refused"),
            sa.func.max(b.c.biz_date).label("last"),
        )
        .where(b.c.outcome.in_(COUNTED))
        .group_by(b.c.table_name)
    )
    with engine(home).connect() as connection:
        return {row["table_name"]: dict(row) for row in connection.execute(query).mappings()}


def _reach(reader: Reader) -> dict[str, tuple[int, int]]:
    frame = (
        reader.coverage()
        .filter(pl.col("delivered"))
        .group_by("table")
        .agg((pl.col("fiscal_year") * 100 + pl.col("month")).max().alias("last"))
    )
    return {
        table: (int(last) // 100, int(last) % 100)
        for table, last in frame.select("table", "last").drop_nulls().iter_rows()
    }


@dataclass(frozen=True)
class Delivery:
    """One batch as the ledger keeps it; delivered = stored + quarantined + refused."""

    id: str
    source: str
    biz_date: date
    delivered: int
    stored: int
    quarantined: int
    refused: int
    reason: str
    snapshot: str


def deliveries(home: Home, snapshot: Snapshot, table: str, limit: int = 200) -> list[Delivery]:
    """The batches of one table, newest first."""
    b = accounted(snapshot.seq)
    query = sa.select(b).where(b.c.table_name == table).order_by(b.c.seq.desc()).limit(limit)
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Delivery(
            row["id"],
            row["source"],
            row["biz_date"],
            row["delivered"],
            row["stored"],
            row["quarantined"],
            row["refused"],
            row["reason"] or "",
            row["snapshot"],
        )
        for row in rows
    ]
