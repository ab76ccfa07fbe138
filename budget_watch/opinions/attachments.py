"""Files attached to opinions: by the author, the office, the addressee; checked as those of cases.

Who works on an opinion, and its author, list and read them; whoever only reads it as one that was
opened or published does not. What a department attached while it drafts is its own until it gives
its answer or asks for comments.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework.attaching import Shelf, put_up, take_down
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.file_store import Attachment
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions import tables as t
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.opinion import Opinion, OpinionDesk, get
from budget_watch.opinions.seeing import addressed, inside, mine, sees

SHELF = Shelf(t.opinion_attachment, "opinion", "opinion", "意见", most=50)


def attach(
    home: Home, actor: Actor, number: str, name: str, content: bytes, now: datetime | None = None
) -> Attachment:
    """Attach a file to an opinion that has not ended; the same file again changes nothing.

    Raises:
        FileRefusedError: type, size or content is not taken.
        UnknownOpinionError: no such opinion, or not theirs to see.
        ActError: it has ended, or they are nobody who works on it.
    """
    desk = OpinionDesk.of(home)

    def able(connection: sa.Connection) -> str:
        return _theirs(connection, desk, actor, number).id

    return put_up(home, actor, SHELF, able, name, content, now)


def attachments(home: Home, actor: Actor, number: str) -> list[Attachment]:
    """The files of an opinion that the reader may have, oldest first.

    Raises:
        UnknownOpinionError: no such opinion, or not theirs to see.
    """
    desk = OpinionDesk.of(home)
    with engine(home).connect() as connection:
        one = get(connection, desk, number)
        if one is None or not sees(desk, actor, one):
            raise UnknownOpinionError(number)
        return _shown(desk, actor, one, SHELF.files(connection, one.id))


def read_file(home: Home, actor: Actor, number: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of an opinion, checked against its hash; that it was read is written down.

    Raises:
        UnknownOpinionError: no such opinion or file, or not theirs to see.
        FileLostError: it is not on disk, or not what it was.
    """
    files = attachments(home, actor, number)
    return take_down(home, actor, SHELF, number, files, digest, UnknownOpinionError(number))


def may_attach(desk: OpinionDesk, actor: Actor, one: Opinion) -> bool:
    """Whether somebody adds files to an opinion as it stands."""
    if desk.state(one).final or not actor.grant.business:
        return False
    if mine(actor, one):
        return True
    party = desk.party(actor)
    if party not in ("office", "department") or actor.role not in desk.flow.party:
        return False
    return inside(desk, actor, one) and (party == "office" or addressed(actor, one))


def _theirs(connection: sa.Connection, desk: OpinionDesk, actor: Actor, number: str) -> Opinion:
    one = get(connection, desk, number)
    if one is None or not sees(desk, actor, one):
        raise UnknownOpinionError(number)
    if not may_attach(desk, actor, one):
        state = desk.state(one)
        why = "已经结束" if state.final else f"不是您办的，您的角色是{actor.role or '（无）'}"
        raise ActError(f"意见 {one.id} {why}，不能加附件。")
    return one


def _shown(
    desk: OpinionDesk, actor: Actor, one: Opinion, files: Sequence[Attachment]
) -> list[Attachment]:
    if not (mine(actor, one) or inside(desk, actor, one)):
        return []
    if desk.party(actor) == "department":
        return list(files)
    given = max((act.at for act in one.acts if _hands_in(desk, act.step)), default="")
    return [
        each for each in files if desk.flow.party.get(each.role) != "department" or each.at <= given
    ]


def _hands_in(desk: OpinionDesk, name: str) -> bool:
    """Whether with this step a department gives out what it drafted."""
    step = desk.flow.step.get(name)
    if step is None or step.inner:
        return False
    sides = {desk.flow.party.get(role) for role in step.who}
    return step.answers or (sides == {"department"} and "text" in step.needs)
