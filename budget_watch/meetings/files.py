"""Files attached to 决议事项: the document itself, a department's report; checked as all files are.

The office and addressees attach while it is open; deputies have the files once it is reported.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework.attaching import Shelf, put_up, take_down
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.file_store import Attachment
from budget_watch.lake import Home
from budget_watch.lake.state import engine
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

SHELF = Shelf(t.demand_attachment, "demand", "resolution", "决议事项", most=50)


def attach(
    home: Home, actor: Actor, number: str, name: str, content: bytes, now: datetime | None = None
) -> Attachment:
    """Attach a file to a demand that has not ended; the same file again changes nothing.

    Raises:
        FileRefusedError: type, size or content is not taken.
        UnknownDemandError: no such demand, or not theirs to see.
        ActError: it has ended, or they are nobody who works on it.
    """
    desk = DemandDesk.of(home)

    def able(connection: sa.Connection) -> str:
        return _theirs(connection, desk, actor, number).id

    return put_up(home, actor, SHELF, able, name, content, now)


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
        return SHELF.files(connection, one.id) if opened(desk, actor, one) else []


def read_file(home: Home, actor: Actor, number: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of a demand, checked against its hash; that it was read is written down.

    Raises:
        UnknownDemandError: no such demand or file, or not theirs to see.
        FileLostError: it is not on disk, or not what it was.
    """
    files = attachments(home, actor, number)
    return take_down(home, actor, SHELF, number, files, digest, UnknownDemandError(number))


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
