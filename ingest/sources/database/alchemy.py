"""Reads by SQLAlchemy with a cursor of the server: every database that has a driver."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import sqlalchemy as sa

from ingest.sources.database.dialects import dialect_of
from ingest.sources.database.marks import plain
from ingest.sources.database.settings import DatabaseSettings

_INT64 = 2**63


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
        value = self._connection.execute(statement).scalar()
        return plain(self._decoded(value))

    def frames(self, statement: sa.Select[Any], rows: int) -> Iterator[pl.DataFrame]:
        """See `Session`."""
        options = {"stream_results": True, "max_row_buffer": rows, "yield_per": rows}
        streaming = self._connection.execution_options(**options)
        with streaming.execute(statement) as result:
            names = [str(at) for at in range(len(result.keys()))]
            for part in result.partitions(rows):
                columns = zip(*part, strict=True)
                yield pl.DataFrame(
                    [
                        self._series(name, values)
                        for name, values in zip(names, columns, strict=True)
                    ]
                )

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

    def _series(self, name: str, values: Sequence[Any]) -> pl.Series:
        """A column in the one type that all its values have, else as text."""
        kinds = {type(value) for value in values} - {type(None)}
        if not kinds:
            return pl.Series(name, values, dtype=pl.Null)
        if kinds == {int} and all(v is None or -_INT64 <= v < _INT64 for v in values):
            return pl.Series(name, values, dtype=pl.Int64)
        if kinds == {bool}:
            return pl.Series(name, values, dtype=pl.Boolean)
        if kinds == {date}:
            return pl.Series(name, values, dtype=pl.Date)
        if kinds == {datetime}:
            return pl.Series(name, [plain(value) for value in values], dtype=pl.Datetime("us"))
        texts = [None if value is None else self._text(value) for value in values]
        return pl.Series(name, texts, dtype=pl.String)

    def _text(self, value: Any) -> str:  # noqa: PLR0911 (one way out a type)
        """A value as exact text: a Decimal without exponent, a float by its shortest form."""
        value = self._decoded(value)
        if isinstance(value, str):
            return value
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, datetime):
            return str(plain(value).isoformat(" "))
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return format(Decimal(repr(value)), "f")
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return str(value.read() if hasattr(value, "read") else value)  # an Oracle LOB

    def _decoded(self, value: Any) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            return decoded(bytes(value), self._encoding)
        return value

    def _plain_sqlite(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin on its own
        connection.text_factory = lambda content: decoded(content, self._encoding)


def decoded(content: bytes, encoding: str | None) -> str:
    """Text of bytes: in the encoding told, else UTF-8, else GB18030; what is neither is shown."""
    for name in (encoding,) if encoding else ("utf-8", "gb18030"):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode(encoding or "utf-8", errors="replace")


def _address(url: sa.URL, driver: str, password: str | None) -> sa.URL:
    if url.get_backend_name() == "sqlite":
        path = f"file:{url.database}"
        return sa.URL.create(driver, database=path, query={"mode": "ro", "uri": "true"})
    return url.set(drivername=driver, password=password)


def _call_timeout(milliseconds: int) -> Any:
    def limit(connection: Any, _record: Any) -> None:
        connection.call_timeout = milliseconds

    return limit
