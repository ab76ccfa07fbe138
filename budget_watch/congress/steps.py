"""What every step in a session is made of: who may take it, one transaction, its act and entry.

A request that comes twice is one act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.congress import tables as t
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.session import (
    DESK,
    Congress,
    CongressDesk,
    find_congress,
    sees_congress,
)
from budget_watch.lake import Home
from budget_watch.lake.state import writing


@dataclass(frozen=True)
class CongressDone:
    """What a step came to."""

    congress: str
    audit_seq: int
    repeated: bool


Check = Callable[[sa.Connection, CongressDesk, Actor, str, date], Congress]
After = Callable[[sa.Connection, int], object]
Work = Callable[[sa.Connection, Congress], tuple[dict[str, Any], After | None]]


def take_step(
    home: Home,
    desk: CongressDesk,
    actor: Actor,
    number: str,
    step: str,
    check: Check,
    work: Work,
    request: str | None,
    at: datetime,
) -> CongressDone:
    """Take a step on a session.

    Args:
        check: finds the session and refuses whoever may not take it.
        work: what is written down of it, and what else to do with the act's number, all in the
            step's transaction.
    """
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        one = check(connection, desk, actor, number, today_of(at))
        before = done_before(connection, actor, request)
        if before is not None:
            return before
        said, after = work(connection, one)
        act, entry = written(connection, home, actor, number, step, said, request, at)
        if after is not None:
            after(connection, act)
    return CongressDone(number, entry, False)


def seen_congress(
    connection: sa.Connection, desk: CongressDesk, actor: Actor, number: str, day: date
) -> Congress:
    """A session that is theirs to see. Raises UnknownCongressError."""
    one = find_congress(connection, number)
    if one is None or not sees_congress(desk, actor, one, day):
        raise UnknownCongressError(number)
    return one


def kept_congress(
    connection: sa.Connection, desk: CongressDesk, actor: Actor, number: str, day: date
) -> Congress:
    """A session that they look after. Raises UnknownCongressError, ActError."""
    one = seen_congress(connection, desk, actor, number, day)
    if not desk.keeps(actor, one):
        raise ActError(f"这一步由{'、'.join(desk.flow.keepers)}办理。")
    return one


def answering(
    connection: sa.Connection, desk: CongressDesk, actor: Actor, number: str, day: date
) -> Congress:
    """A session in which they answer. Raises UnknownCongressError, ActError."""
    one = seen_congress(connection, desk, actor, number, day)
    member = desk.part(actor, one, day)
    if member is None or member.part != DESK:
        raise ActError(f"解答由会次 {one.id} 的财政解答组在会期内办理。")
    return one


def done_before(
    connection: sa.Connection, actor: Actor, request: str | None
) -> CongressDone | None:
    """What the same request came to before; None where it is new."""
    if request is None:
        return None
    table = t.congress_act
    query = sa.select(table).where(table.c.request == f"{actor.user}\t{request}")
    row = connection.execute(query).mappings().first()
    return None if row is None else CongressDone(row["congress"], row["audit_seq"], True)


def written(
    connection: sa.Connection,
    home: Home,
    actor: Actor,
    number: str,
    step: str,
    said: dict[str, Any],
    request: str | None,
    at: datetime,
) -> tuple[int, int]:
    """The numbers of an act and of its audit entry."""
    note = Note(actor.who, f"congress.{step}", "congress", number, {"given": said}, at)
    (entry,) = append(connection, key_of(home.root), note)
    seq, table = next_seq(connection, t.congress_act), t.congress_act
    row = {"seq": seq, "congress": number, "step": step, "user": actor.user, "role": actor.role}
    row |= {"at": iso(at), "given": as_json(said), "audit_seq": entry.seq}
    row["request"] = None if request is None else f"{actor.user}\t{request}"
    connection.execute(table.insert().values(row))
    return seq, entry.seq
