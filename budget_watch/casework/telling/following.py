"""Following (关注): whoever may see a finding or a case may ask to be told what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import Actor, Case, Desk, find, may_see
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.casework.stored import iso
from budget_watch.casework.telling import tables as t
from budget_watch.lake import Home
from budget_watch.lake.state import writing


def follow(home: Home, actor: Actor, target: str, on: bool, now: datetime | None = None) -> Case:
    """Follow a case or a finding, or follow it no more; doing it again changes nothing.

    Raises:
        UnknownCaseError: no such case, or not theirs to see.
        ActError: nobody is signed in, who could be told.
    """
    desk, at = Desk.of(home), now or datetime.now(UTC)
    if actor.grant.role is None:
        raise ActError("本机操作员没有消息；请登录后关注。")
    table = t.notice_follow
    with writing(home) as connection:
        case = find(connection, target)
        if case is None or not may_see(connection, desk, actor, case):
            raise UnknownCaseError(target)
        mine = followed(connection, actor.user, case)
        if on:
            last = connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0
            fresh = [finding for finding in case.findings if finding not in mine]
            for seq, finding in enumerate(fresh, last + 1):
                row = {"seq": seq, "user": actor.user, "finding": finding, "at": iso(at)}
                connection.execute(table.insert().values(**row))
        elif mine:
            own = (table.c.user == actor.user) & table.c.finding.in_(sorted(mine))
            ended = table.update().where(own, table.c.ended_at.is_(None))
            connection.execute(ended.values(ended_at=iso(at)))
    return case


def followed(connection: sa.Connection, user: str, case: Case) -> set[str]:
    """The findings of a case that a person follows."""
    table = t.notice_follow
    query = sa.select(table.c.finding).where(
        table.c.user == user, table.c.finding.in_(case.findings), table.c.ended_at.is_(None)
    )
    return set(connection.execute(query).scalars())
