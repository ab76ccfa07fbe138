"""Attaching files to what has a table of them: cases, opinions, 决议事项. Rights are theirs to say.

The bytes are on disk before the row says so; killed in between they lie unnamed and are used again
when the same file comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework.auditing import noted
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError, CaseworkError
from budget_watch.casework.file_check import checked_file
from budget_watch.casework.file_store import COLUMNS, Attachment, bytes_of, keep
from budget_watch.casework.stored import iso, next_seq
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing


@dataclass(frozen=True)
class Shelf:
    """Where the files of one kind of thing are listed.

    Attributes:
        table, column: and which of its columns names the thing.
        subject: what the audit log calls the thing. noun: what people do.
        most: files of one thing; None without a limit.
    """

    table: sa.Table
    column: str
    subject: str
    noun: str
    most: int | None = None

    def files(self, connection: sa.Connection, number: str) -> list[Attachment]:
        """The files of a thing, oldest first, whoever asks."""
        table = self.table
        query = sa.select(table).where(table.c[self.column] == number).order_by(table.c.seq)
        rows = connection.execute(query).mappings()
        return [Attachment(**{name: row[name] for name in COLUMNS}) for row in rows]


def put_up(
    home: Home,
    actor: Actor,
    shelf: Shelf,
    able: Callable[[sa.Connection], str],
    name: str,
    content: bytes,
    now: datetime | None,
) -> Attachment:
    """Attach a file; the same file again changes nothing.

    Args:
        able: the thing's number where the actor may attach to it; asked before the bytes are kept
            and again in the transaction. Raises where they may not.

    Raises:
        FileRefusedError: type, size or content is not taken.
        ActError: there are too many.
    """
    plain, kind = checked_file(name, content)
    at = now or datetime.now(UTC)
    with engine(home).connect() as connection:
        able(connection)
    digest = keep(home, content)
    with writing(home) as connection:
        number = able(connection)
        before = shelf.files(connection, number)
        same = next((each for each in before if (each.hash, each.name) == (digest, plain)), None)
        if same is not None:
            return same
        if shelf.most is not None and len(before) >= shelf.most:
            raise ActError(
                f"{shelf.noun} {number} 已有 {len(before)} 个附件，最多 {shelf.most} 个。"
            )
        details = {"hash": digest, "name": plain, "size": len(content)}
        note = Note(actor.who, f"{shelf.subject}.attach", shelf.subject, number, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        made = Attachment(digest, plain, kind.media, len(content), actor.user, actor.role, iso(at))
        row = {"seq": next_seq(connection, shelf.table), shelf.column: number}
        row["audit_seq"] = entry.seq
        connection.execute(shelf.table.insert().values(**row, **made.__dict__))
    return made


def take_down(
    home: Home,
    actor: Actor,
    shelf: Shelf,
    number: str,
    files: Sequence[Attachment],
    digest: str,
    unknown: CaseworkError,
) -> tuple[Attachment, bytes]:
    """A file among those that the reader may have, checked against its hash; that it was read is
    written down.

    Raises:
        CaseworkError: `unknown`, where it is none of them.
        FileLostError: it is not on disk, or not what it was.
    """
    found = next((each for each in files if each.hash == digest), None)
    if found is None:
        raise unknown
    content = bytes_of(home, found)
    details = {shelf.subject: number}
    noted(home, Note(actor.who, "attachment.read", "attachment", digest, details))
    return found, content
