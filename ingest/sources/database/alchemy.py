"""Reads by SQLAlchemy with a cursor of the server: every database that has a driver."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa

from ingest.sources.database.dialects import dialect_of
from ingest.sources.database.rows import decoded, frame_of, value_of
from ingest.sources.database.settings import DatabaseSettings


class AlchemySession:
    """A read by SQLAlchemy. See `Session`."""

    def __init__(self, settings: DatabaseSettings, password: str | None) -> None:
        url, dialect = settings.address, dialect_of(settings.address)
        self._encoding = settings.encoding
        self._savepoints = dialect.savepoints
        self._engine = sa.create_engine(
            _address(url, dialect.driver, password),
            connect_args=dialect.connect(settings.connect_seconds),
            poolclass=sa.pool.NullPool,
        )
        if url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", self._plain_sqlite)
        if url.get_backend_name() == "oracle":
            milliseconds = int(settings.statement_minutes * 60_000)
            sa.event.listen(self._engine, "connect", _call_timeout(milliseconds))
        self._connection = self._engine.connect()
        try:
            limit = {"ms": int(settings.statement_minutes * 60_000)}
            limit["s"] = max(1, limit["ms"] // 1000)
            for statement in dialect.opening:
                self._connection.exec_driver_sql(statement.format(**limit))
        except BaseException:
            self.close()
            raise

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """See `Session`."""
        with self._connection.execute(statement) as result:
            return [str(name) for name in result.keys()]  # noqa: SIM118 - not a mapping

    def one(self, statement: sa.Select[Any]) -> Any:
        """See `Session`."""
        return value_of(self._connection.execute(statement).scalar(), self._encoding)

    def frames(self, statement: sa.Select[Any], rows: int) -> Iterator[pl.DataFrame]:
        """See `Session`."""
        options = {"stream_results": True, "max_row_buffer": rows, "yield_per": rows}
        streaming = self._connection.execution_options(**options)
        with streaming.execute(statement) as result:
            for part in result.partitions(rows):
                yield frame_of(part, self._encoding)

    def mark(self) -> None:
        """See `Session`."""
        if self._savepoints:
            self._connection.exec_driver_sql("SAVEPOINT part")

    def forget(self) -> None:
        """See `Session`."""
        if self._savepoints:
            self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT part")

    def cancel(self) -> None:
        """See `Session`."""
        driver = self._connection.connection.driver_connection
        for name in ("cancel_safe", "interrupt", "cancel"):
            end = getattr(driver, name, None)
            if end is not None:
                with contextlib.suppress(Exception):  # it has ended by itself meanwhile
                    end()
                return

    def close(self) -> None:
        """See `Session`."""
        with contextlib.suppress(Exception):  # a broken connection cannot be closed politely
            self._connection.close()
        self._engine.dispose()

    def _plain_sqlite(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        connection.text_factory = lambda content: decoded(content, self._encoding)


def _address(url: sa.URL, driver: str, password: str | None) -> sa.URL:
    if url.get_backend_name() == "sqlite":
        path = f"file:{url.database}"
        return sa.URL.create(driver, database=path, query={"mode": "ro", "uri": "true"})
    return url.set(drivername=driver, password=password)


def _call_timeout(milliseconds: int) -> Any:
    def limit(connection: Any, _record: Any) -> None:
        connection.call_timeout = milliseconds

    return limit
