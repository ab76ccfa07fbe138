"""Notices of periods: one before it is due, one when it is overdue, to those whose turn it is.

`sweep` may run at any time, as often as one likes and in several processes: what was told is known
by person, kind, case, period and last day. All that comes due on a day is one notice a person.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.casework import tables as cases
from budget_watch.casework.cases import Actor, Case, Desk, load, may_see, today_of
from budget_watch.casework.clocks import OVERDUE, SOON
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.of_cases import waited_for
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing

KINDS = {SOON: outbox.SOON, OVERDUE: outbox.OVERDUE}


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of periods that are nearly due or overdue today; returns how many were told anew."""
    at = now or datetime.now(UTC)
    people = readers(home, at)
    if not people:
        return 0
    desk, today = Desk.of(home), today_of(at)
    with engine(home).connect() as connection:
        if not _due(connection, desk, at):
            return 0
    with writing(home) as connection:
        found = []
        for case, kind, ref in _due(connection, desk, at):
            seen = [each for each in people if may_see(connection, desk, _actor(each), case)]
            found.append((kind, ref, _concerned(desk, seen, case, kind)))
        return outbox.tell_periods(connection, f"clock:{today}", found, at)


def _due(connection: sa.Connection, desk: Desk, at: datetime) -> list[tuple[Case, str, str]]:
    """Cases with a period that is nearly due or overdue: kind, and the period by its last day."""
    clocks, table, today = cases.case_clock, cases.case_file, today_of(at)
    query = (
        sa.select(table)
        .join(clocks, clocks.c.case == table.c.id)
        .where(clocks.c.stopped.is_(None), clocks.c.paused.is_(None))
        .where(table.c.merged_into.is_(None))
        .distinct()
        .order_by(table.c.seq)
    )
    found = []
    for row in connection.execute(query).mappings().all():
        case = load(connection, row)
        for one in case.clocks:
            kind = KINDS.get(desk.reckoning.mark(one, today)["mark"])
            if kind is not None:
                found.append((case, kind, f"{case.id}/{one.number}/{one.due}"))
    return found


def _concerned(desk: Desk, people: list[Reader], case: Case, kind: str) -> list[Reader]:
    """Those whose turn it is; of what is overdue also the committee's people who worked on it."""
    found = waited_for(desk, people, case)
    if kind == outbox.OVERDUE:
        worked = {act.user for act in case.acts}
        found += [e for e in people if e.user in worked and not desk.department(e.title)]
    return found


def _actor(reader: Reader) -> Actor:
    return Actor(reader.grant, reader.title)
