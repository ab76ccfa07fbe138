"""From notices to messages: what waits for a person becomes one message, with an id of its own.

A notice goes into one message a channel, in one transaction (`notice_carried`); the message's id is
fixed then. What was asked for and is done by the time that it is sent is left out; a message that
would ask for nothing else is settled, and stays in the outbox as such. Whoever sends claims a
message for some minutes first: of two processes one gets it, and what a killed one had claimed is
free again afterwards, with the same id.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, Who, append, key_of
from budget_watch.casework.cases import HERE, Actor, today_of
from budget_watch.casework.stored import iso
from budget_watch.casework.telling import tables as t
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.told import Told
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.notices.contacts import contacts
from budget_watch.notices.inbox import worded
from budget_watch.notices.message import Message, message
from budget_watch.notices.settings import Settings

WAITING, SENT, FAILED, DROPPED, SETTLED = "waiting", "sent", "failed", "dropped", "settled"
STATES = {
    WAITING: "待发",
    SENT: "已发",
    FAILED: "未能发出",
    DROPPED: "不再需要",
    SETTLED: "已经办过",
}
DONE_BEFORE = "要办的事在发出以前已经办过"
OUT_OF_SIGHT = "所说的事已不在查看范围"
LEASE = timedelta(minutes=10)  # longer than a server can hold a message by its time limits
OLDEST = timedelta(days=7)  # what is older is in the inbox only
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=4)


@dataclass(frozen=True)
class Outgoing:
    """A message that goes out.

    Attributes:
        id: the same however often it is tried.
        attempts: how often it was tried, this time included.
    """

    seq: int
    id: str
    channel: str
    user: str
    address: str
    title: str
    body: str
    made_at: str
    state: str
    attempts: int
    next_at: str
    error: str
    done_at: str | None
    claimed_by: str | None

    def record(self) -> dict[str, Any]:
        """The JSON object of `notices out`; what it said stays in the database."""
        names = ("id", "channel", "user", "address", "made_at", "state", "attempts", "error")
        return {name: getattr(self, name) for name in (*names, "done_at")}


def _claim() -> str:
    """A claim, told from every other: machine, process, and a number of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def gather(home: Home, settings: Settings, now: datetime) -> int:
    """Make messages of what waits and is due; returns how many were made."""
    if not settings.channels or settings.quiet_at(home, now):
        return 0
    with engine(home).connect() as connection:
        if not any(_waiting(connection, each, now) for each in settings.channels):
            return 0
    people = readers(home, now)
    made = 0
    with writing(home) as connection:
        known = contacts(connection)
        for channel in settings.channels:
            for user, rows in _by_user(_waiting(connection, channel, now)).items():
                to = known[user].at(channel) if user in known else None
                if to is None or not _due(connection, settings, channel, user, rows, now):
                    continue
                told = _told(connection, home, people, user, rows, now)
                done = [each for each in told if each.settled]
                if len(done) < len(told):
                    _insert(
                        connection, channel, user, to, message(_live(told), settings), told, now
                    )
                    made += 1
                elif done:
                    said = message(done, settings)
                    out = _insert(connection, channel, user, to, said, done, now, SETTLED)
                    _noted(home, connection, out, SETTLED, DONE_BEFORE, now)
    return made


def _live(told: Sequence[Told]) -> list[Told]:
    """Without what was asked for and is done."""
    return [each for each in told if not each.settled]


def _waiting(connection: sa.Connection, channel: str, now: datetime) -> list[Mapping[Any, Any]]:
    """Unread notices that went into no message of a channel yet, oldest first."""
    n, c = t.notice, t.notice_carried
    carried = sa.select(c.c.notice).where(c.c.channel == channel)
    query = (
        sa.select(n)
        .where(n.c.seen_at.is_(None), n.c.at >= iso(now - OLDEST), n.c.seq.not_in(carried))
        .order_by(n.c.seq)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _by_user(rows: Sequence[Mapping[Any, Any]]) -> dict[str, list[Mapping[Any, Any]]]:
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for row in rows:
        found.setdefault(row["user"], []).append(row)
    return found


def _due(
    connection: sa.Connection,
    settings: Settings,
    channel: str,
    user: str,
    rows: Sequence[Mapping[Any, Any]],
    now: datetime,
) -> bool:
    """Whether it is time for a person's message."""
    if settings.when == "gathered":
        return str(rows[0]["at"]) <= iso(now - timedelta(minutes=settings.gather_minutes))
    local, d = now.astimezone(HERE), t.notice_delivery.c
    if local.time() < settings.daily_at:
        return False
    query = sa.select(d.seq).where(d.user == user, d.channel == channel, d.day == local.date())
    query = query.where(d.state != SETTLED)
    return connection.execute(query.limit(1)).first() is None


def _told(
    connection: sa.Connection,
    home: Home,
    people: Sequence[Reader],
    user: str,
    rows: Sequence[Mapping[Any, Any]],
    now: datetime,
) -> list[Told]:
    """The notices as their reader may read them, each in the role that it was told in."""
    told: list[Told] = []
    for reader in people:
        own = [row for row in rows if row["role"] == reader.role] if reader.user == user else []
        if own:
            actor = Actor(reader.grant, reader.title)
            told += worded(connection, home, actor, own, today_of(now))
    return sorted(told, key=lambda each: each.seq)


def _insert(
    connection: sa.Connection,
    channel: str,
    user: str,
    to: str,
    said: Message,
    told: Sequence[Told],
    now: datetime,
    state: str = WAITING,
) -> Outgoing:
    table, notices = t.notice_delivery, [each.seq for each in told]
    seq = int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0) + 1
    named = f"{channel}\n{user}\n{','.join(map(str, notices))}"
    row = {"seq": seq, "id": hashlib.sha256(named.encode()).hexdigest()[:40], "channel": channel}
    row |= {"user": user, "address": to, "title": said.title, "body": said.body}
    row |= {"day": today_of(now), "made_at": iso(now), "state": state, "attempts": 0}
    row |= {"next_at": iso(now), "error": DONE_BEFORE if state == SETTLED else ""}
    row |= {"done_at": iso(now) if state == SETTLED else None, "claimed_by": None}
    connection.execute(table.insert().values(**row))
    carried = [{"notice": each, "channel": channel, "delivery": seq} for each in notices]
    connection.execute(t.notice_carried.insert(), carried)
    return _outgoing(row)


def claim(
    home: Home, settings: Settings, channels: Collection[str], now: datetime
) -> Outgoing | None:
    """The next message of these channels that is to be tried, claimed for this process.

    None where none is.
    One whose reader has read it in the inbox, or may no longer be told, is dropped; one that asks
    only for what is done is settled; of others the text is that of now.
    """
    if not channels or settings.quiet_at(home, now):
        return None
    table = t.notice_delivery
    free = sa.or_(table.c.claimed_until.is_(None), table.c.claimed_until <= iso(now))
    query = (
        sa.select(table)
        .where(table.c.state == WAITING, table.c.next_at <= iso(now), free)
        .where(table.c.channel.in_(sorted(channels)))
        .order_by(table.c.next_at, table.c.seq)
        .limit(1)
    )
    with engine(home).connect() as connection:
        if connection.execute(query).first() is None:
            return None
    people = readers(home, now)
    with writing(home) as connection:
        while (row := connection.execute(query).mappings().first()) is not None:
            out = _outgoing(row)
            why, state = _needless(connection, people, out), DROPPED
            own = table.update().where(table.c.seq == out.seq)
            told = (
                []
                if why
                else _told(connection, home, people, out.user, _rows(connection, out), now)
            )
            if why is None and not _live(told):
                why, state = (DONE_BEFORE, SETTLED) if told else (OUT_OF_SIGHT, DROPPED)
            if why is None:
                said = message(_live(told), settings)
                mine = {"claimed_by": _claim(), "attempts": out.attempts + 1}
                mine |= {"title": said.title, "body": said.body}
                connection.execute(own.values(**mine, claimed_until=iso(now + LEASE)))
                return _outgoing({**row, **mine})
            connection.execute(own.values(state=state, error=why, done_at=iso(now)))
            _noted(home, connection, out, state, why, now)
    return None


def _rows(connection: sa.Connection, out: Outgoing) -> list[Mapping[Any, Any]]:
    """The notices that a message carries, oldest first."""
    n, c = t.notice, t.notice_carried.c
    query = sa.select(n).join(t.notice_carried, c.notice == n.c.seq)
    query = query.where(c.delivery == out.seq).order_by(n.c.seq)
    return [dict(row) for row in connection.execute(query).mappings()]


def _needless(connection: sa.Connection, people: Sequence[Reader], out: Outgoing) -> str | None:
    n, c = t.notice.c, t.notice_carried.c
    query = (
        sa.select(n.role, n.seen_at)
        .join(t.notice_carried, c.notice == n.seq)
        .where(c.delivery == out.seq)
    )
    carried = connection.execute(query).all()
    if all(seen is not None for _, seen in carried):
        return "已在系统里读过"
    held = {(each.user, each.role) for each in people}
    if any((out.user, role) not in held for role, _ in carried):
        return "账号已停用，或角色已收回"
    return None


def finish(
    home: Home, out: Outgoing, settings: Settings, fault: Fault | None, now: datetime
) -> str:
    """Write down how a try ended; returns the state of the message.

    Where the server was away the tries are not counted: the message waits as long as it is news.
    """
    table = t.notice_delivery
    if fault is None:
        state, error = SENT, ""
    else:
        tried = out.made_at < iso(now - OLDEST) if fault.away else out.attempts >= settings.attempts
        spent = fault.for_good or tried
        state, error = (FAILED if spent else WAITING), fault.said
    wait = min(FIRST_WAIT * 2 ** min(out.attempts - 1, 20), LONGEST_WAIT)
    if fault is not None and fault.wait is not None:
        wait = min(max(wait, fault.wait), LONGEST_WAIT)
    values = {"state": state, "error": error, "claimed_until": None, "claimed_by": None}
    values |= {"next_at": iso(now + wait), "done_at": None if state == WAITING else iso(now)}
    with writing(home) as connection:
        own = table.update().where(table.c.seq == out.seq, table.c.claimed_by == out.claimed_by)
        mine = connection.execute(own.values(**values)).rowcount
        if mine and state != WAITING:
            _noted(home, connection, out, state, error, now)
    return state


@dataclass(frozen=True)
class Fault:
    """Why a message did not go out.

    Attributes:
        for_good: trying again would change nothing.
        wait: how long the server asks us to wait.
        away: the server takes no message now, whichever it is.
    """

    said: str
    for_good: bool = False
    wait: timedelta | None = None
    away: bool = False


def _noted(
    home: Home, connection: sa.Connection, out: Outgoing, state: str, why: str, now: datetime
) -> None:
    """That something was said to somebody outside the system is written down."""
    details = {"channel": out.channel, "user": out.user, "address": out.address}
    details |= {"attempts": str(out.attempts), "why": why}
    who = Who("system", "", "", "通知")
    note = Note(who, f"notice.{state}", "notice", out.id, details, now)
    append(connection, key_of(home.root), note)


def deliveries(home: Home, state: str | None = None, limit: int = 200) -> list[Outgoing]:
    """Messages, the latest first."""
    table = t.notice_delivery
    query = sa.select(table).order_by(table.c.seq.desc()).limit(limit)
    if state is not None:
        query = query.where(table.c.state == state)
    with engine(home).connect() as connection:
        return [_outgoing(row) for row in connection.execute(query).mappings()]


def try_again(home: Home, now: datetime | None = None) -> int:
    """Let what was given up be tried once more, with the ids it had; returns how many."""
    table = t.notice_delivery
    values = {"state": WAITING, "attempts": 0, "next_at": iso(now or datetime.now(UTC))}
    with writing(home) as connection:
        given_up = table.update().where(table.c.state == FAILED)
        return connection.execute(given_up.values(**values, done_at=None)).rowcount


def _outgoing(row: Mapping[Any, Any]) -> Outgoing:
    names = ("seq", "id", "channel", "user", "address", "title", "body", "made_at", "state")
    more = ("attempts", "next_at", "error", "done_at", "claimed_by")
    return Outgoing(**{name: row[name] for name in (*names, *more)})
