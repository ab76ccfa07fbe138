"""One consistent, read-only read of a database, by SQLAlchemy or by ADBC.

Both give polars frames in the database's own types: exact numbers as text or integers, moments as
they are. A session is opened, asked, and closed; nothing of it outlives a fetch.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import polars as pl
import sqlalchemy as sa

from ingest.sources.database.adbc import AdbcSession, adbc_is_here
from ingest.sources.database.alchemy import AlchemySession
from ingest.sources.database.dameng import open_dameng
from ingest.sources.database.dialects import dialect_of
from ingest.sources.database.settings import DatabaseSettings


class Session(Protocol):
    """An open read. Drivers' errors come through as they are; see `faults`."""

    def names(self, statement: sa.Select[Any]) -> list[str]:
        """The columns of a statement, as the database writes them."""

    def one(self, statement: sa.Select[Any]) -> Any:
        """The single value of a statement."""

    def frames(self, statement: sa.Select[Any], rows: int) -> Iterator[pl.DataFrame]:
        """The rows in frames of about so many, in bounded memory, columns by position."""

    def mark(self) -> None:
        """Begin a part that may fail without spoiling the rest."""

    def forget(self) -> None:
        """Go back to the beginning of the part."""

    def cancel(self) -> None:
        """End what is being asked, from another thread."""

    def close(self) -> None:
        """End the read."""


def open_session(settings: DatabaseSettings, password: str | None) -> Session:
    """Connect and open the read. Raises what the driver raises, ImportError without one."""
    if dialect_of(settings.address).adbc and settings.driver == "auto" and adbc_is_here():
        return AdbcSession(settings, password)
    if settings.address.get_backend_name() == "dm":
        return open_dameng(settings, password)
    return AlchemySession(settings, password)


@contextmanager
def cancelled_by(stop: threading.Event, session: Session) -> Iterator[None]:
    """Let the stop of a run end also a statement that the database still works at."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            if stop.is_set():
                session.cancel()
                return

    watcher = threading.Thread(target=watch, daemon=True, name="database-stop")
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
