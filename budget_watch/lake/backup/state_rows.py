"""The state database, row by row: how it is copied off a server and onto one.

JSON lines: first the schema's revision, then for each table its columns and its rows in the order
of their key. Times are in UTC. Read in one transaction that sees one moment (REPEATABLE READ);
written in one, so that a database holds all of it or nothing. Equal content gives equal bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.lake.errors import BackupError
from budget_watch.lake.state import upgrade

_ALEMBIC, _JOBS, _LEASE = "alembic_version", "schedule_job", "lake_lease"
_PIECE = 1_000


@contextmanager
def one_moment(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that reads the whole database as of one moment, and writes nothing."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


def rows(connection: sa.Connection) -> Iterator[bytes]:
    """The database's lines.

    Left out: the scheduler's jobs, which name a home's folder and are made anew. A lease is told as
    run out: its holder does not hold what is restored.
    """
    meta = sa.MetaData()
    meta.reflect(connection)
    yield _line({"revision": revision(connection)})
    for table in meta.sorted_tables:
        if table.name in (_ALEMBIC, _JOBS):
            continue
        names = [column.name for column in table.columns]
        yield _line({"table": table.name, "columns": names})
        query = sa.select(table).order_by(*table.primary_key.columns)
        streamed = connection.execution_options(stream_results=True, max_row_buffer=_PIECE)
        for row in streamed.execute(query).mappings():
            told = dict(row)
            if table.name == _LEASE:
                told["expires_at"] = told["taken_at"]
            yield _line([_plain(told[name]) for name in names])


def revision(connection: sa.Connection) -> str:
    """The revision of the schema; `` where the database has none."""
    if not sa.inspect(connection).has_table(_ALEMBIC):
        return ""
    return str(connection.exec_driver_sql(f"SELECT version_num FROM {_ALEMBIC}").scalar() or "")


def put(engine: sa.Engine, lines: Iterable[bytes], where: str) -> None:
    """Fill an empty database; one that holds exactly these rows is left as it is.

    Args:
        where: how people know the database.

    Raises:
        BackupError: it holds something else.
    """
    given = list(lines)
    with one_moment(engine) as connection:
        if _holds_anything(connection):
            if _hash(rows(connection)) == _hash(given):
                return
            raise BackupError(
                f"状态数据库 {where} 不是空的，没有恢复。请新建一个空的数据库，用 --state 给出。"
            )
    upgrade(engine, to=str(json.loads(given[0])["revision"]))
    with engine.begin() as connection:
        meta = sa.MetaData()
        meta.reflect(connection)
        with _unguarded(connection, meta):
            for table, piece in _pieces(meta, given[1:]):
                connection.execute(sa.insert(table), piece)
        if connection.dialect.name == "postgresql":
            _count_on(connection, meta)


@contextmanager
def _unguarded(connection: sa.Connection, meta: sa.MetaData) -> Iterator[None]:
    """Without the triggers that let rows come only as acts: what comes here was acts once."""
    if connection.dialect.name == "postgresql":
        for word in ("DISABLE", "ENABLE"):
            if word == "ENABLE":
                yield
            for table in meta.sorted_tables:
                name = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"ALTER TABLE {name} {word} TRIGGER USER")
        return
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    triggers = connection.exec_driver_sql(query).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def _holds_anything(connection: sa.Connection) -> bool:
    meta = sa.MetaData()
    meta.reflect(connection)
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        for table in meta.sorted_tables
        if table.name != _ALEMBIC
    )


def _pieces(
    meta: sa.MetaData, lines: Iterable[bytes]
) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
    table, columns, piece = None, [], list[dict[str, Any]]()
    for line in lines:
        told = json.loads(line)
        if isinstance(told, dict):
            if table is not None and piece:
                yield table, piece
            table, columns, piece = meta.tables[told["table"]], told["columns"], []
            continue
        piece.append(dict(zip(columns, map(_value, told), strict=True)))
        if table is not None and len(piece) == _PIECE:
            yield table, piece
            piece = []
    if table is not None and piece:
        yield table, piece


def _count_on(connection: sa.Connection, meta: sa.MetaData) -> None:
    """Let numbers that the server gives go on after those that were put."""
    for table in meta.sorted_tables:
        for column in table.primary_key.columns:
            given = sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
            sequence = connection.execute(given).scalar()
            newest = sequence and connection.execute(sa.select(sa.func.max(column))).scalar()
            if newest:
                connection.execute(sa.select(sa.func.setval(sequence, newest)))


def _hash(lines: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def _line(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return {"time": aware.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    return value


_READ: dict[str, Callable[[str], Any]] = {
    "time": datetime.fromisoformat,
    "day": date.fromisoformat,
    "bytes": base64.b64decode,
}


def _value(told: Any) -> Any:
    if isinstance(told, dict):
        ((kind, text),) = told.items()
        return _READ[kind](text)
    return told
