"""How the deliveries stand: per table the last business date, lateness, rows, what was kept out."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.lake.home import Home
from budget_watch.lake.ledger import COUNTED, accounted
from budget_watch.lake.owing import WORDS, Owing, approvals, owing
from budget_watch.lake.reader import Reader
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine
from budget_watch.tables import contracts


def table_status(
    home: Home, grant: Grant, snapshot: Snapshot | None = None, today: date | None = None
) -> list[dict[str, Any]]:
    """One record a contract, in the order of their codes; of the latest snapshot if none is given.

    Keys: table (code), name, title, department, last_biz_date (ISO, None = never delivered), reach
    (last period covered, `2026-10` or `2025`), late_workdays (of what is missing longest; 0 where
    nothing is missing), arrival (a word of WORDS), period (the latest that is over), due (of it),
    missing (periods that are due and have not come), rows (within the grant), quarantined, refused.

    Args:
        today: the day of asking, for what is due; the snapshot's business date by default.
    """
    snapshot = snapshot or Snapshot.latest(home)
    ledger = _ledger(home, snapshot)
    reader = Reader(home, grant, snapshot)
    reach = _reach(reader.coverage())
    owed = _owed(home, reader, snapshot, today)
    records_ = []
    for name, contract in contracts().items():
        last, quarantined, refused = ledger.get(name, (None, 0, 0))
        until = reach.get(name)
        records_.append(
            {
                "table": contract.code,
                "name": name,
                "title": contract.title,
                "department": contract.delivering_dept,
                "last_biz_date": last.isoformat() if last else None,
                "reach": _written(until),
                **_arrival(owed.get(name, [])),
                "rows": _rows(reader, snapshot, name),
                "quarantined": quarantined,
                "refused": refused,
            }
        )
    return records_


def _ledger(home: Home, snapshot: Snapshot | None) -> dict[str, tuple[date, int, int]]:
    if snapshot is None:
        return {}
    t = accounted(snapshot.seq)
    query = (
        sa.select(
            t.c.table_name,
            sa.func.max(t.c.biz_date),
            sa.func.sum(t.c.quarantined),
            sa.func.sum(t.c.refused),
        )
        .where(t.c.outcome.in_(COUNTED))
        .group_by(t.c.table_name)
    )
    with engine(home).connect() as connection:
        return {row[0]: (row[1], int(row[2]), int(row[3])) for row in connection.execute(query)}


def _reach(coverage: pl.DataFrame) -> dict[str, tuple[int, int]]:
    latest = coverage.sort("fiscal_year", "month").group_by("table").last()
    return {
        name: (year, month)
        for name, year, month in latest.select("table", "fiscal_year", "month").iter_rows()
    }


def _rows(reader: Reader, snapshot: Snapshot | None, name: str) -> int:
    scope = reader.grant.scope
    if snapshot is None or (scope.regions is None and scope.departments is None):
        return snapshot.rows(name) if snapshot else 0
    return int(reader.scan(name).select(pl.len()).collect().item())


def _owed(
    home: Home, reader: Reader, snapshot: Snapshot | None, today: date | None
) -> dict[str, list[Owing]]:
    found: dict[str, list[Owing]] = {}
    if snapshot is not None:
        everybody = Reader(home, Grant.system("status"), snapshot)  # what is due is no secret
        for one in owing(home, snapshot, today, approvals(everybody)):
            found.setdefault(one.contract.name, []).append(one)
    return found


def _arrival(owed: list[Owing]) -> dict[str, Any]:
    """The table's arrival in one word, with what is missing of all its lengths of period."""
    missing = sorted((m for one in owed for m in one.missing), key=lambda m: m.due)
    order = ("late", "today", "waiting", "arrived", "never", "hand", "event")
    told = min(owed, key=lambda one: order.index(one.state), default=None)
    return {
        "late_workdays": missing[0].late if missing else 0,
        "arrival": WORDS[told.state] if told else WORDS["never"],
        "period": told.last.period.name if told and told.last else None,
        "due": told.last.due.isoformat() if told and told.last else None,
        "missing": [m.period.name + (f"（{m.after}后）" if m.after else "") for m in missing],
    }


def _written(reach: tuple[int, int] | None) -> str | None:
    if reach is None:
        return None
    return f"{reach[0]}-{reach[1]:02}" if reach[1] else str(reach[0])
