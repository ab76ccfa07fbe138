"""The inbox (我的消息): a person's notices in the role they act in, worded as they may read them.

Each room words its own, under the reader's Grant; what they may not see is not counted either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.access.roles import roles
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.livelihood import PREFIX as PROJECT
from budget_watch.casework.stored import iso
from budget_watch.casework.telling import outbox, wording
from budget_watch.casework.telling import tables as t
from budget_watch.casework.telling.of_digests import OF_DIGESTS, of_digests
from budget_watch.casework.telling.of_livelihood import of_projects
from budget_watch.casework.telling.told import Noted, Told, Wording
from budget_watch.congress.session import PREFIX as CONGRESS
from budget_watch.congress.telling import of_congress
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.meetings.agenda import PREFIX as ITEM
from budget_watch.meetings.agenda_telling import of_agenda
from budget_watch.meetings.demands import PREFIX as DEMAND
from budget_watch.meetings.node_sweep import PREFIX as NODE
from budget_watch.meetings.node_sweep import of_nodes
from budget_watch.meetings.telling import of_demands
from budget_watch.opinions.opinion import PREFIX as OPINION
from budget_watch.opinions.topics import TOPIC
from budget_watch.opinions.wording import of_opinions, of_topics

_LARGEST = 2**31 - 1
MOST = 200  # so many of the latest are looked through
BY_NUMBER: Mapping[str, Wording] = {
    OPINION: of_opinions,
    TOPIC: of_topics,
    PROJECT: of_projects,
    DEMAND: of_demands,
    NODE: of_nodes,
    ITEM: of_agenda,
    CONGRESS: of_congress,
}


def inbox(
    home: Home, actor: Actor, *, unseen: bool = False, now: datetime | None = None
) -> list[Told]:
    """The latest notices of the reader in their role, newest first."""
    with engine(home).connect() as connection:
        rows = _rows(connection, actor, unseen)
        return worded(connection, home, actor, rows, today_of(now))


def count_unseen(home: Home, actor: Actor) -> int:
    """How many of them are unread and not settled meanwhile; counted as far as `MOST`."""
    if not actor.grant.role or not home.exists:
        return 0
    with engine(home).connect() as connection:
        rows = _rows(connection, actor, unseen=True)
        found = worded(connection, home, actor, rows, today_of()) if rows else []
        return sum(not each.settled for each in found)


def mark_seen(
    home: Home, actor: Actor, upto: int | None = None, now: datetime | None = None
) -> int:
    """Mark notices of the reader, in their role, as read: all, or those up to a number.

    Returns how many."""
    table = t.notice
    mine = [table.c.user == actor.user, table.c.role == actor.grant.role, table.c.seen_at.is_(None)]
    if upto is not None:
        mine.append(table.c.seq <= min(upto, _LARGEST))
    with writing(home) as connection:
        seen = iso(now or datetime.now(UTC))
        return connection.execute(table.update().where(*mine).values(seen_at=seen)).rowcount


def other_roles(home: Home, actor: Actor) -> list[str]:
    """Titles of the reader's other roles in which something is unread."""
    table = t.notice
    query = (
        sa.select(table.c.role)
        .where(table.c.user == actor.user, table.c.seen_at.is_(None))
        .where(table.c.role != actor.grant.role)
        .distinct()
    )
    known = roles(home.root)
    with engine(home).connect() as connection:
        found = sorted(connection.execute(query).scalars())
    return [known[role].title for role in found if role in known]


def _rows(connection: sa.Connection, actor: Actor, unseen: bool) -> list[dict[str, Any]]:
    table = t.notice
    query = sa.select(table).where(table.c.user == actor.user, table.c.role == actor.grant.role)
    if unseen:
        query = query.where(table.c.seen_at.is_(None))
    rows = connection.execute(query.order_by(table.c.seq.desc()).limit(MOST)).mappings()
    return [dict(row) for row in rows]


def worded(
    connection: sa.Connection,
    home: Home,
    actor: Actor,
    rows: Sequence[Mapping[str, Any]],
    today: date,
) -> list[Told]:
    """These notices as the reader may read them now, in their order."""
    refs = _refs(connection, [row["seq"] for row in rows])
    rooms: dict[Wording, list[Noted]] = {}
    for row in rows:
        about = tuple(refs[row["seq"]])
        noted = Noted(row["seq"], row["kind"], row["at"], row["seen_at"] is not None, about)
        rooms.setdefault(_room(noted), []).append(noted)
    found = {
        each.seq: each
        for words, noted in rooms.items()
        for each in words(connection, home, actor, noted, today)
    }
    return [found[row["seq"]] for row in rows if row["seq"] in found]


def _room(noted: Noted) -> Wording:
    """Who words a notice."""
    if noted.kind == outbox.EXEMPTION:
        return wording.of_exemptions
    if noted.kind in OF_DIGESTS:
        return of_digests
    if noted.kind in wording.OF_RUNS:
        return wording.of_runs
    return BY_NUMBER.get(noted.refs[0][:2] if noted.refs else "", wording.of_cases)


def _refs(connection: sa.Connection, notices: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {seq: [] for seq in notices}
    table = t.notice_subject
    query = sa.select(table).where(table.c.notice.in_(sorted(found))).order_by(table.c.ref)
    for row in connection.execute(query).mappings():
        found[row["notice"]].append(row["ref"])
    return found
