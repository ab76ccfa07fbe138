"""Reads by a driver of Python's database interface (PEP 249) itself, without an engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa

from ingest.sources.database.rows import frame_of, value_of


class DbapiSession:
    """A read by an open connection, whose transaction is set up already. See `Session`."""

    def __init__(self, connection: Any, dialect: sa.Dialect, encoding: str | None) -> None:
        self._connection = connection
        self._dialect = dialect
        self._encoding = encoding

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """See `Session`."""
        with self._asked(statement) as cursor:
            return [str(column[0]) for column in cursor.description]

    def one(self, statement: sa.Select[Any]) -> Any:
        """See `Session`."""
        with self._asked(statement) as cursor:
            row = cursor.fetchone()
            return None if row is None else value_of(row[0], self._encoding)

    def frames(self, statement: sa.Select[Any], rows: int) -> Iterator[pl.DataFrame]:
        """See `Session`."""
        with self._asked(statement) as cursor:
            while part := cursor.fetchmany(rows):
                yield frame_of(part, self._encoding)

    def mark(self) -> None:
        """See `Session`. An error does not spoil the transaction here."""

    def forget(self) -> None:
        """See `Session`."""

    def cancel(self) -> None:
        """See `Session`. The driver cannot: the statement's own time limit ends it."""

    def close(self) -> None:
        """See `Session`."""
        with contextlib.suppress(Exception):  # a broken connection cannot be closed politely
            self._connection.rollback()
        with contextlib.suppress(Exception):
            self._connection.close()

    @contextlib.contextmanager
    def _asked(self, statement: sa.Select[Any]) -> Iterator[Any]:
        compiled = statement.compile(dialect=self._dialect)
        # names in the order of the question marks
        order = getattr(compiled, "positiontup", None) or ()
        values = [compiled.params[name] for name in order]
        cursor = self._connection.cursor()
        try:
            cursor.execute(str(compiled), values)
            yield cursor
        finally:
            with contextlib.suppress(Exception):
                cursor.close()
