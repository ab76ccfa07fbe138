"""Reads PostgreSQL by ADBC: Arrow batches straight from COPY, several times faster than by rows."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ingest.sources.database.dialects import dialect_of
from ingest.sources.database.marks import plain
from ingest.sources.database.rows import decoded
from ingest.sources.database.settings import DatabaseSettings

_BATCH_BYTES = 8 << 20  # of COPY data at once
_CENTS = 2  # decimals of PostgreSQL's type money, which comes as a whole number


def adbc_is_here() -> bool:
    """Whether the driver is installed."""
    return importlib.util.find_spec("adbc_driver_postgresql") is not None


class AdbcSession:
    """A read by ADBC. See `Session`."""

    def __init__(self, settings: DatabaseSettings, password: str | None) -> None:
        from adbc_driver_postgresql import dbapi

        self._encoding = settings.encoding
        url = settings.address.set(drivername="postgresql", password=password)
        url = url.update_query_dict({"connect_timeout": str(settings.connect_seconds)})
        # The driver must not begin on its own: it does not go back to a savepoint.
        address = url.render_as_string(hide_password=False)
        self._connection = dbapi.connect(address, autocommit=True)
        try:
            limit = {"ms": int(settings.statement_minutes * 60_000)}
            self._run("BEGIN")
            for statement in dialect_of(settings.address).opening:
                self._run(statement.format(**limit))
            if settings.encoding is None:
                self._run("SET LOCAL client_encoding = 'UTF8'")
        except BaseException:
            self.close()
            raise

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """See `Session`."""
        with self._asked(statement) as reader:
            return [str(name) for name in reader.schema.names]

    def one(self, statement: sa.Select[Any]) -> Any:
        """See `Session`."""
        with self._asked(statement) as reader:
            column = reader.read_all().column(0)
            value = column[0].as_py() if len(column) else None
            if _is_numeric(column.type) and value is not None:
                return plain(Decimal(value))
            return plain(value)

    def frames(self, statement: sa.Select[Any], rows: int) -> Iterator[pl.DataFrame]:
        """See `Session`."""
        with self._asked(statement) as reader:
            for batch in reader:
                for at in range(0, batch.num_rows, rows):
                    yield self._frame(batch.slice(at, rows))

    def mark(self) -> None:
        """See `Session`."""
        self._run("SAVEPOINT part")

    def forget(self) -> None:
        """See `Session`."""
        self._run("ROLLBACK TO SAVEPOINT part")

    def cancel(self) -> None:
        """See `Session`."""
        with contextlib.suppress(Exception):  # it has ended by itself meanwhile
            self._connection.adbc_cancel()

    def close(self) -> None:
        """See `Session`."""
        with contextlib.suppress(Exception):  # a broken connection cannot be closed politely
            self._run("ROLLBACK")
        with contextlib.suppress(Exception):
            self._connection.close()

    def _run(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    @contextlib.contextmanager
    def _asked(self, statement: sa.Select[Any]) -> Iterator[pa.RecordBatchReader]:
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}
            )
            cursor.execute(literal(statement))
            with cursor.fetch_record_batch() as reader:
                yield reader

    def _frame(self, batch: pa.RecordBatch) -> pl.DataFrame:
        columns = {
            str(at): self._column(batch.column(at), batch.schema.field(at))
            for at in range(batch.num_columns)
        }
        return cast(pl.DataFrame, pl.from_arrow(pa.table(columns)))

    def _column(  # noqa: PLR0911 (one way out a type)
        self, values: pa.Array, field: pa.Field
    ) -> pa.Array:
        """A column in a type that polars has, exact."""
        declared = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
        kind = values.type
        if isinstance(kind, pa.BaseExtensionType):
            values, kind = values.storage, values.storage.type
            if declared == "uuid":
                return _texts(values, lambda v: str(UUID(bytes=v)))
        if declared == "money":
            return _texts(values, lambda v: format(Decimal(v).scaleb(-_CENTS), "f"))
        if pa.types.is_floating(kind):
            return _texts(values, lambda v: format(Decimal(repr(v)), "f"))
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return _texts(values, lambda v: decoded(v, self._encoding))
        if self._encoding is not None and (
            pa.types.is_string(kind) or pa.types.is_large_string(kind)
        ):
            return _texts(pc.cast(values, pa.binary()), lambda v: decoded(v, self._encoding))
        kept = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_string, pa.types.is_date32)
        if pa.types.is_timestamp(kind) or any(one(kind) for one in kept):
            return values
        return _texts(values, str)


def literal(statement: sa.Select[Any]) -> str:
    """The SQL with its values in it: with values apart the driver would not stream."""
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _texts(values: pa.Array, tell: Any) -> pa.Array:
    found = [None if value is None else tell(value) for value in values.to_pylist()]
    return pa.array(found, pa.string())


def _is_numeric(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType) and getattr(kind, "type_name", "") == "numeric"
