"""How acts are stored: the next number of a table, times and values as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa


def next_seq(connection: sa.Connection, table: sa.Table) -> int:
    """The next number of a table; safe, as one transaction writes at a time."""
    return int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0) + 1


def iso(at: datetime) -> str:
    """A time as it is stored: UTC, comparable as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def as_json(value: object) -> str:
    """A value as it is stored: equal values have equal texts."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
