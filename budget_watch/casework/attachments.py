"""Files attached to cases: listed case by case, read under a grant, their bytes in `file_store`."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.casework.attaching import Shelf, put_up, take_down
from budget_watch.casework.cases import Actor, Case, Desk, find, may_see
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.casework.file_store import Attachment
from budget_watch.lake import Home
from budget_watch.lake.state import engine

SHELF = Shelf(t.case_attachment, "case", "case", "办理")


def attach(
    home: Home, actor: Actor, target: str, name: str, content: bytes, now: datetime | None = None
) -> Attachment:
    """Attach a file to a case that has been taken.

    Raises:
        FileRefusedError: type, size or content is not taken.
        UnknownCaseError: no such case, or not theirs to see.
        ActError: nobody has taken the finding yet, or they are nobody who acts.
    """
    desk = Desk.of(home)

    def able(connection: sa.Connection) -> str:
        return _theirs(connection, desk, actor, target).id

    return put_up(home, actor, SHELF, able, name, content, now)


def attachments(home: Home, actor: Actor, target: str) -> list[Attachment]:
    """The files of a case, oldest first.

    Raises:
        UnknownCaseError: no such case, or not theirs to see.
    """
    desk = Desk.of(home)
    with engine(home).connect() as connection:
        case = find(connection, target)
        if case is None or not may_see(connection, desk, actor, case):
            raise UnknownCaseError(target)
        return SHELF.files(connection, case.id)


def read_file(home: Home, actor: Actor, target: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of a case, checked against its hash; that it was read is written down.

    Raises:
        UnknownCaseError: no such case or file, or not theirs to see.
        FileLostError: it is not on disk, or not what it was.
    """
    files = attachments(home, actor, target)
    return take_down(home, actor, SHELF, target, files, digest, UnknownCaseError(target))


def known_files(connection: sa.Connection, case: str, hashes: list[str]) -> None:
    """Refuse hashes that are no files of the case.

    Raises:
        ActError: names the first of them.
    """
    own = {each.hash for each in SHELF.files(connection, case)}
    for each in hashes:
        if each not in own:
            raise ActError(f"这一件没有附件 {each[:16]}；请先传文件。")


def _theirs(connection: sa.Connection, desk: Desk, actor: Actor, target: str) -> Case:
    case = find(connection, target)
    if case is None or not may_see(connection, desk, actor, case):
        raise UnknownCaseError(target)
    if not case.id:
        raise ActError("疑点还没有受理，不能加附件。")
    if actor.role not in desk.flow.party:
        raise ActError(f"{actor.role or '（无角色）'}不办理疑点，不能加附件。")
    return case
