"""How the deliveries stand: per table the last business date, lateness, rows, what was kept out."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any, Literal

import polars as pl
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.calendar import due_date, standard_calendar
from budget_watch.lake import records
from budget_watch.lake.home import Home
from budget_watch.lake.reader import Reader
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine
from budget_watch.tables import Contract, contracts

_DAILY, _MONTHLY, _YEARLY = "日", "月", "年"


def table_status(
    home: Home, grant: Grant, snapshot: Snapshot | None = None
) -> list[dict[str, Any]]:
    """One record a contract, in the order of their codes; of the latest snapshot if none is given.

    Keys: table (code), name, title, department, last_biz_date (ISO, None = never delivered), reach
    (last period covered, `2026-10` or `2025`), late_workdays (0 = in time or no fixed deadline;
    counted to the snapshot's business date), rows (within the grant), quarantined, refused.
    """
    snapshot = snapshot or Snapshot.latest(home)
    ledger = _ledger(home, snapshot)
    reader = Reader(home, grant, snapshot)
    reach = _reach(reader.coverage())
    records_ = []
    for name, contract in contracts().items():
        last, quarantined, refused = ledger.get(name, (None, 0, 0))
        until = reach.get(name)
        late = _late(contract, snapshot, last, until) if snapshot else 0
        records_.append(
            {
                "table": contract.code,
                "name": name,
                "title": contract.title,
                "department": contract.delivering_dept,
                "last_biz_date": last.isoformat() if last else None,
                "reach": _written(until),
                "late_workdays": late,
                "rows": _rows(reader, snapshot, name),
                "quarantined": quarantined,
                "refused": refused,
            }
        )
    return records_


def _ledger(home: Home, snapshot: Snapshot | None) -> dict[str, tuple[date, int, int]]:
    if snapshot is None:
        return {}
    t, s = records.batch, records.snapshot
    query = (
        sa.select(
            t.c.table_name,
            sa.func.max(t.c.biz_date),
            sa.func.sum(t.c.quarantined),
            sa.func.sum(t.c.refused),
        )
        .join(s, s.c.id == t.c.snapshot)
        .where(s.c.seq <= snapshot.seq)
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


def _late(
    contract: Contract, snapshot: Snapshot, last: date | None, reach: tuple[int, int] | None
) -> int:
    """Working days since the delivery after the last one was due."""
    if last is None:
        return 0
    today, days = snapshot.biz_date, standard_calendar()
    following = _following(contract, last, reach, today)
    if following is None:
        return 0
    span, end = following
    due = due_date(contract.due, end, span, calendar=days).day
    return max(0, days.wd(today) - days.wd(due)) if today > due else 0


def _following(
    contract: Contract, last: date, reach: tuple[int, int] | None, today: date
) -> tuple[Literal["day", "month", "year"], date] | None:
    """The period whose delivery comes next, by its last day; None while it has not ended."""
    if contract.frequency == _DAILY:
        days = standard_calendar()
        span = range(last.toordinal() + 1, today.toordinal())
        return next(
            (("day", day) for day in map(date.fromordinal, span) if days.is_workday(day)), None
        )
    if reach is None:
        return None
    year, month = reach
    if contract.frequency.startswith(_MONTHLY) and month:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        end = date(year, month, monthrange(year, month)[1])
        return ("month", end) if end < today else None
    if contract.frequency.startswith(_YEARLY) and not month:
        end = date(year + 1, 12, 31)
        return ("year", end) if end < today else None
    return None


def _written(reach: tuple[int, int] | None) -> str | None:
    if reach is None:
        return None
    return f"{reach[0]}-{reach[1]:02}" if reach[1] else str(reach[0])
