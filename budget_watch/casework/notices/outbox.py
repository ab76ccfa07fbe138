"""Writing notices down, inside the transaction of what causes them.

The same cause tells a person once: a second `tell` of it adds what it is about, and no notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework.notices import tables as t
from budget_watch.casework.notices.audience import Reader
from budget_watch.casework.stored import iso

NEW, WORSE = "new", "worse"
TURN, CONFIRM, CALLED = "turn", "confirm", "called"
SOON, OVERDUE = "soon", "overdue"
ESCALATED, REPLIED, ENDED = "escalated", "replied", "ended"
EXEMPTION = "exemption"
KINDS = {
    NEW: "新增疑点",
    WORSE: "疑点加重",
    TURN: "待办",
    CONFIRM: "待确认",
    CALLED: "催办",
    SOON: "临期",
    OVERDUE: "逾期",
    ESCALATED: "升级监督",
    REPLIED: "已反馈",
    ENDED: "办完",
    EXEMPTION: "例外待批准",
}


@dataclass(frozen=True)
class Cause:
    """Why somebody is told.

    Attributes:
        kind: one of KINDS.
        key: of the act; with the kind it makes the cause, of which a person is told once.
        refs: what it is about: numbers of cases, periods of cases, rules of a run,
            numbers of exemptions.
    """

    kind: str
    key: str
    refs: tuple[str, ...]


def tell(
    connection: sa.Connection, cause: Cause, readers: Iterable[Reader], at: datetime
) -> list[str]:
    """Tell these people, each once in the first of their roles; returns who was told anew.

    Must be called inside the transaction of the act.
    """
    key = f"{cause.key}:{cause.kind}"
    table = t.notice
    last = int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0)
    once: dict[str, Reader] = {}
    for each in readers:
        once.setdefault(each.user, each)
    known = _known(connection, key, once)
    told = []
    for user, reader in once.items():
        if user in known:
            _add(connection, known[user], cause.refs)
            continue
        last += 1
        row = {"seq": last, "user": user, "role": reader.role, "kind": cause.kind, "cause": key}
        connection.execute(table.insert().values(**row, at=iso(at)))
        _insert(connection, last, cause.refs)
        told.append(user)
    return told


def _known(connection: sa.Connection, key: str, users: Iterable[str]) -> dict[str, int]:
    table = t.notice
    query = sa.select(table.c.user, table.c.seq).where(table.c.cause == key)
    wanted = set(users)
    return {user: seq for user, seq in connection.execute(query) if user in wanted}


def _add(connection: sa.Connection, notice: int, refs: Iterable[str]) -> None:
    """Add what a known notice is about; if that is more than was seen, it is unseen again."""
    subject, table = t.notice_subject, t.notice
    query = sa.select(subject.c.ref).where(subject.c.notice == notice)
    have = set(connection.execute(query).scalars())
    more = [ref for ref in dict.fromkeys(refs) if ref not in have]
    if more:
        _insert(connection, notice, more)
        unseen = table.update().where(table.c.seq == notice).values(seen_at=None)
        connection.execute(unseen)


def _insert(connection: sa.Connection, notice: int, refs: Iterable[str]) -> None:
    rows = [{"notice": notice, "ref": ref} for ref in dict.fromkeys(refs)]
    if rows:
        connection.execute(t.notice_subject.insert(), rows)
