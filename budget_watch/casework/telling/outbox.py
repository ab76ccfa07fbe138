"""Writing notices down, inside the transaction of what causes them.

The same cause tells a person once: a second `tell` of it adds what it is about, and no notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework.stored import iso
from budget_watch.casework.telling import tables as t
from budget_watch.casework.telling.audience import Reader

NEW, WORSE = "new", "worse"
TURN, CONFIRM, CALLED = "turn", "confirm", "called"
SOON, OVERDUE = "soon", "overdue"
ESCALATED, REPLIED, ENDED = "escalated", "replied", "ended"
EXEMPTION = "exemption"
APPROVE, ISSUED = "approve", "issued"
REGISTERED, SENT, UNSATISFIED = "registered", "sent", "unsatisfied"
VOTE, TALK = "vote", "talk"
MOVED = "moved"
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
    APPROVE: "季刊待审批",
    ISSUED: "新季刊",
    REGISTERED: "已登记",
    SENT: "已交办",
    UNSATISFIED: "评价不满意",
    VOTE: "请表决",
    MOVED: "改期",
    TALK: "请讨论",
}
# what is asked of its reader; news is the rest
ASKING = frozenset((TURN, CONFIRM, CALLED, SOON, OVERDUE, EXEMPTION, APPROVE, VOTE, TALK))


@dataclass(frozen=True)
class Cause:
    """Why somebody is told.

    Attributes:
        kind: one of KINDS.
        key: of the act; with the kind it makes the cause, of which a person is told once.
        refs: what it is about: numbers of cases, opinions, topics, projects or exemptions;
            periods of them; rules of a run; issues of a report (`digest/12`). One room's alone: who
            words it is known by them.
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


def was_told(connection: sa.Connection, user: str, kind: str, ref: str) -> bool:
    """Whether a person was told of a thing in a notice of this kind, whatever its cause."""
    notice, subject = t.notice, t.notice_subject
    query = (
        sa.select(notice.c.seq)
        .join(subject, subject.c.notice == notice.c.seq)
        .where(subject.c.ref == ref, notice.c.user == user, notice.c.kind == kind)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def tell_periods(
    connection: sa.Connection,
    key: str,
    found: Iterable[tuple[str, str, Iterable[Reader]]],
    at: datetime,
) -> int:
    """Tell of periods that come due or are over, one notice a person and kind; how many were new.

    Args:
        key: of the day and room: all that falls on it is one cause.
        found: kind, period (`2026-0001/2/2026-12-01`), whom it concerns. Known ones are left out.
    """
    fresh: dict[tuple[str, Reader], list[str]] = {}
    for kind, ref, whom in found:
        once: dict[str, Reader] = {}
        for each in whom:
            once.setdefault(each.user, each)
        for each in once.values():
            if not was_told(connection, each.user, kind, ref):
                fresh.setdefault((kind, each), []).append(ref)
    for (kind, reader), refs in fresh.items():
        tell(connection, Cause(kind, key, tuple(refs)), [reader], at)
    return len(fresh)


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
