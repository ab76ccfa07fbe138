"""A small log to tamper with, and ways round the guards of its table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from budget_watch.audit import AuditKey, Note, Who, append, key_of, verify
from budget_watch.audit.anchor import own_anchors
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing

START = datetime(2026, 11, 27, 1, 2, 3, 456789, UTC)


def fill(home: Home, count: int) -> AuditKey:
    """Entries 1 … count, each a minute after the one before."""
    key = key_of(home.root)
    with writing(home) as connection:
        for at in range(count):
            who = Who(f"u{at}", "经办", f"s{at}", "日常办理")
            when = START + timedelta(minutes=at)
            note = Note(who, "case.verify", "case", f"c{at}", {"说明": "已核", "n": at}, when)
            append(connection, key, note)
    return key


@contextmanager
def unguarded(home: Home) -> Iterator[sa.Connection]:
    """A transaction of somebody who may do everything with the database; guards back at the end."""
    with writing(home) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER USER")
            yield connection
            connection.exec_driver_sql("ALTER TABLE audit_entry ENABLE TRIGGER USER")
            return
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
        guards = connection.exec_driver_sql(query, ("audit_entry",)).all()
        for name, _ in guards:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        for _, statement in guards:
            connection.exec_driver_sql(statement)


def checked(home: Home, key: AuditKey | None = None) -> list[tuple[str, int, int]]:
    """What `verify` finds: kind, first, last."""
    with engine(home).connect() as connection:
        found = verify(connection, key or key_of(home.root), own_anchors(home.root))
    return [(one.kind, one.first, one.last) for one in found.damages]
