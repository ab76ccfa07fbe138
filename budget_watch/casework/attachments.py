"""Files attached to cases: listed case by case, read under a grant, their bytes in `file_store`."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework import tables as t
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor, Case, Desk, find, may_see
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.casework.file_check import checked_file
from budget_watch.casework.file_store import COLUMNS, Attachment, bytes_of, keep
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing


def attach(
    home: Home, actor: Actor, target: str, name: str, content: bytes, now: datetime | None = None
) -> Attachment:
    """Attach a file to a case that has been taken.

    The bytes are on disk before the row says so; killed in between they lie unnamed and are used
    again when the same file comes.

    Raises:
        FileRefusedError: type, size or content is not taken.
        UnknownCaseError: no such case, or not theirs to see.
        ActError: nobody has taken the finding yet, or they are nobody who acts.
    """
    plain, kind = checked_file(name, content)
    desk = Desk.of(home)
    at = (now or datetime.now(UTC)).astimezone(UTC)
    with engine(home).connect() as connection:
        _theirs(connection, desk, actor, target)
    digest = keep(home, content)
    with writing(home) as connection:
        case = _theirs(connection, desk, actor, target)
        before = _of_case(connection, case.id)
        same = next((each for each in before if (each.hash, each.name) == (digest, plain)), None)
        if same is not None:
            return same
        details = {"hash": digest, "name": plain, "size": len(content)}
        note = Note(actor.who, "case.attach", "case", case.id, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        made = Attachment(
            digest, plain, kind.media, len(content), actor.user, actor.role, at.isoformat()
        )
        last = connection.execute(sa.select(sa.func.max(t.case_attachment.c.seq))).scalar()
        connection.execute(
            t.case_attachment.insert().values(
                seq=(last or 0) + 1, case=case.id, audit_seq=entry.seq, **made.__dict__
            )
        )
    return made


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
        return _of_case(connection, case.id)


def read_file(home: Home, actor: Actor, target: str, digest: str) -> tuple[Attachment, bytes]:
    """A file of a case, checked against its hash; that it was read is written down.

    Raises:
        UnknownCaseError: no such case or file, or not theirs to see.
        FileLostError: it is not on disk, or not what it was.
    """
    found = next((e for e in attachments(home, actor, target) if e.hash == digest), None)
    if found is None:
        raise UnknownCaseError(target)
    content = bytes_of(home, found)
    noted(home, Note(actor.who, "attachment.read", "attachment", digest, {"case": target}))
    return found, content


def known_files(connection: sa.Connection, case: str, hashes: list[str]) -> None:
    """Refuse hashes that are no files of the case.

    Raises:
        ActError: names the first of them.
    """
    own = {each.hash for each in _of_case(connection, case)}
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


def _of_case(connection: sa.Connection, case: str) -> list[Attachment]:
    table = t.case_attachment
    query = sa.select(table).where(table.c.case == case).order_by(table.c.seq)
    rows = connection.execute(query).mappings()
    return [Attachment(**{name: row[name] for name in COLUMNS}) for row in rows]
