"""The table of the audit log: adding entries inside the act's own transaction, and reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit.entry import GENESIS, Entry, Note, canonical, code, plain
from budget_watch.audit.errors import AuditError
from budget_watch.audit.key import AuditKey, fingerprint

metadata = sa.MetaData()

# DDL and triggers are in the migration; here for queries. Text without limits: no entry is cut.
entry_table = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("act", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("key", sa.String(16), nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("mac", sa.String(64), nullable=False),
)


def append(connection: sa.Connection, key: AuditKey, *notes: Note) -> list[Entry]:
    """Add entries at the end of the chain.

    Args:
        connection: a transaction that holds the write lock (`lake.state.writing`); the entries
            stand or fall with what else it does.
        key: makes itself with the very first entry.
        notes: what to write down, in this order.

    Raises:
        AuditError: the key is missing or is not the one that the chain was made with.
    """
    last = head(connection)
    if last is None:
        key.make()
    secret = key.read()
    own = fingerprint(secret)
    if last is not None and last.key != own:
        raise AuditError(
            f"审计日志是用另一把密钥（{last.key}）写成的，{key.path} 是 {own}。"
            "没有写入任何内容；请由审计管理员放回原来的密钥文件。"
        )
    made: list[Entry] = []
    for note in notes:
        entry = _entry(note, last, own)
        entry = replace(entry, mac=code(entry, secret))
        made.append(entry)
        last = entry
    if made:
        connection.execute(sa.insert(entry_table), [entry.__dict__ for entry in made])
    return made


def head(connection: sa.Connection) -> Entry | None:
    """The last entry; None while there is none."""
    query = sa.select(entry_table).order_by(entry_table.c.seq.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else stored(row)


def read(
    connection: sa.Connection,
    *,
    user: str | None = None,
    act: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    since: str | None = None,
    until: str | None = None,
    after: int = 0,
    before: int | None = None,
    limit: int | None = None,
    newest: bool = False,
) -> Iterator[Entry]:
    """Entries in their order, or the newest first.

    Args:
        act: an act's code, or a room with a dot (`case.`) for all its acts.
        since: ISO time, UTC, included; `until` is not.
        after: only entries behind this one; before: only those in front of this one.
    """
    table = entry_table
    wanted = {table.c.user: user, table.c.kind: kind, table.c.subject: subject}
    where = [table.c.seq > after]
    where += [column == value for column, value in wanted.items() if value is not None]
    if act is not None and act.endswith("."):
        where.append(table.c.act.startswith(act, autoescape=True))
    elif act is not None:
        where.append(table.c.act == act)
    if before is not None:
        where.append(table.c.seq < before)
    if since is not None:
        where.append(table.c.at >= since)
    if until is not None:
        where.append(table.c.at < until)
    order = table.c.seq.desc() if newest else table.c.seq
    query = sa.select(table).where(*where).order_by(order).limit(limit)
    rows = connection.execute(query, execution_options={"yield_per": 2000}).mappings()
    return (stored(row) for row in rows)


def stored(row: Mapping[Any, Any]) -> Entry:
    """A row of the table as an entry."""
    return Entry(**{column.name: row[column.name] for column in entry_table.columns})


def _entry(note: Note, last: Entry | None, own: str) -> Entry:
    at = (note.at or datetime.now(UTC)).astimezone(UTC)
    who = note.who
    return Entry(
        seq=1 if last is None else last.seq + 1,
        at=at.isoformat(timespec="microseconds"),
        user=plain(who.user, "用户"),
        role=plain(who.role, "角色"),
        session=plain(who.session, "会话"),
        purpose=plain(who.purpose, "目的"),
        act=plain(note.act, "动作"),
        kind=plain(note.kind, "对象种类"),
        subject=plain(note.subject, "对象"),
        details=canonical(note.details),
        key=own,
        prev=GENESIS if last is None else last.mac,
        mac="",
    )
