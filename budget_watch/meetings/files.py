"""Files attached to 决议事项: the document itself, a department's report; checked as all files are.

The office and addressees attach while it is open; deputies have the files once it is reported.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.file_check import checked_file
from budget_watch.casework.file_store import COLUMNS, Attachment, bytes_of, keep
from budget_watch.casework.stored import iso, next_seq
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.meetings import tables as t
from budget_watch.meetings.demands import (
    Demand,
    DemandDesk,
    addressed,
    find_demand,
    opened,
    sees_demand,
)
from budget_watch.meetings.errors import UnknownDemandError

MOST_FILES = 50  # of one demand


def attach(
    home: Home, actor: Actor, number: str, name: str, content: bytes, now: datetime | None = None
) -> Attachment:
    """Attach a file to a demand that has not ended; the same file again changes nothing.

    Raises:
        FileRefusedError: type, size or content is not taken.
        UnknownDemandError: no such demand, or not theirs to see.
        ActError: it has ended, or they are nobody who works on it.
    """
    plain, kind = checked_file(name, content)
    desk, at = DemandDesk.of(home), now or datetime.now(UTC)
    with engine(home).connect() as connection:
        _theirs(connection, desk, actor, number)
    digest = keep(home, content)
    with writing(home) as connection:
        one = _theirs(connection, desk, actor, number)
        before = _of_demand(connection, one.id)
        same = next((each for each in before if (each.hash, each.name) == (digest, plain)), None)
        if same is not None:
            return same
        if len(before) >= MOST_FILES:
            raise ActError(f"{one.id} 已有 {len(before)} 个附件，最多 {MOST_FILES} 个。")
        details = {"hash": digest, "name": plain, "size": len(content)}
        note = Note(actor.who, "resolution.attach", "resolution", one.id, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        made = Attachment(digest, plain, kind.media, len(content), actor.user, actor.role, iso(at))
        table = t.demand_attachment
        row = {"seq": next_seq(connection, table), "demand": one.id, "audit_seq": entry.seq}
        connection.execute(table.insert().values(**row, **made.__dict__))
    return made


def attachments(home: Home, actor: Actor, number: str) -> list[Attachment]:
    """The files of a demand that the reader may have, oldest first.

    Raises:
        UnknownDemandError: no such demand, or not theirs to see.
    """
    desk = DemandDesk.of(home)
    with engine(home).connect() as connection:
        one = find_demand(connection, number)
        if one is None or not sees_demand(desk, actor, one):
            raise UnknownDemandError(number)
        return _of_demand(connection, one.id) if opened(desk, actor, one) else []


def read_file(home: Home, actor: Actor, number: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of a demand, checked against its hash; that it was read is written down.

    Raises:
        UnknownDemandError: no such demand or file, or not theirs to see.
        FileLostError: it is not on disk, or not what it was.
    """
    found = next((e for e in attachments(home, actor, number) if e.hash == digest), None)
    if found is None:
        raise UnknownDemandError(number)
    content = bytes_of(home, found)
    noted(home, Note(actor.who, "attachment.read", "attachment", digest, {"resolution": number}))
    return found, content


def may_attach(desk: DemandDesk, actor: Actor, one: Demand) -> bool:
    """Whether somebody adds files to a demand as it stands."""
    if desk.state(one).final or not actor.grant.business or not actor.role:
        return False
    party = desk.party(actor)
    return party == "office" or (party == "department" and addressed(actor, one))


def _theirs(connection: sa.Connection, desk: DemandDesk, actor: Actor, number: str) -> Demand:
    one = find_demand(connection, number)
    if one is None or not sees_demand(desk, actor, one):
        raise UnknownDemandError(number)
    if not may_attach(desk, actor, one):
        ended = desk.state(one).final
        why = "已经办结" if ended else f"不是您办的，您的角色是{actor.role or '（无）'}"
        raise ActError(f"决议事项 {one.id} {why}，不能加附件。")
    return one


def _of_demand(connection: sa.Connection, number: str) -> list[Attachment]:
    table = t.demand_attachment
    query = sa.select(table).where(table.c.demand == number).order_by(table.c.seq)
    rows = connection.execute(query).mappings()
    return [Attachment(**{name: row[name] for name in COLUMNS}) for row in rows]
