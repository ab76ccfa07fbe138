"""Leases: one holder at a time, on this machine and among several, with an epoch.

Two are known: `writer` is the right to write the lake, `runner` the right to run business days.
On one machine a locked file decides, which the kernel lets go the instant its holder dies. Among
machines the row in the state database decides, which runs out ten minutes after its last renewal;
where the database is a server, its clock counts and not the machines' own. The epoch grows with
every taking and is checked in the publishing transaction, so that a writer that was thought dead
can never publish.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.errors import LeaseError
from budget_watch.lake.home import Home
from budget_watch.lake.state import engine, writing

WRITER, RUNNER = "writer", "runner"
LASTS = timedelta(minutes=10)
RENEW_SECONDS = 60.0


class Lease:
    """The right to do one thing in one home. Taken when made, given back by `release`.

    Attributes:
        epoch: how many-th taking this is.
        was_released: False where the holder before died without giving the lease back.
        lost: set when another has taken over, or when it could not be renewed in time.
    """

    def __init__(self, home: Home, owner: str, name: str = WRITER) -> None:
        self.home = home
        self.owner = owner
        self.name = name
        self.lost = threading.Event()
        self._file = _lock_file(home, name)
        try:
            self.epoch = self._take()
        except sa.exc.IntegrityError as error:  # the first taking ever, and another was quicker
            self._file.close()
            raise LeaseError(_busy(name, None)) from error
        except BaseException:
            self._file.close()
            raise
        self._stop = threading.Event()
        self._renewer = threading.Thread(
            target=self._renew_for_ever, daemon=True, name=f"lease {name}"
        )
        self._renewer.start()

    def check(self, connection: sa.Connection) -> None:
        """Make sure, inside the caller's transaction, that the lease is still this one's.

        Raises:
            LeaseError: another writer has taken over; nothing may be published.
        """
        row = connection.execute(_query(self.name)).mappings().first()
        if row is None or row["epoch"] != self.epoch or row["released"]:
            self.lost.set()
            holder = "无" if row is None else f"{row['owner']}（{row['host']}）"
            raise LeaseError(
                f"写入权已被接管（现为 {holder}），本次写入没有发布，也没有留下半份数据。"
                "请重新运行一次。"
            )

    def release(self) -> None:
        """Give the lease back; safe to call twice."""
        if self._file.closed:
            return
        self._stop.set()
        table = records.lease
        try:
            with writing(self.home) as connection:
                connection.execute(
                    sa.update(table)
                    .where(table.c.name == self.name, table.c.epoch == self.epoch)
                    .values(released=True)
                )
        finally:  # where the row could not be written, the next holder sweeps up
            self._file.close()

    def _take(self) -> int:
        host = socket.gethostname()
        with writing(self.home) as connection:
            now = _now(connection)
            row = connection.execute(_query(self.name)).mappings().first()
            if row is not None and _elsewhere(row, host, now):
                raise LeaseError(_busy(self.name, row))
            self.was_released = row is None or bool(row["released"])
            epoch = 1 if row is None else int(row["epoch"]) + 1
            values = {
                "name": self.name,
                "epoch": epoch,
                "owner": self.owner,
                "host": host,
                "pid": os.getpid(),
                "taken_at": now,
                "expires_at": now + LASTS,
                "released": False,
            }
            table = records.lease
            if row is None:
                connection.execute(sa.insert(table).values(values))
            else:
                connection.execute(sa.update(table).where(table.c.name == self.name).values(values))
        return epoch

    def _renew_for_ever(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(RENEW_SECONDS):
            try:
                if not self._renew():
                    self.lost.set()
                    return
                renewed = time.monotonic()
            except sa.exc.SQLAlchemyError:  # the database is away or busy; it may come back in time
                if time.monotonic() - renewed > LASTS.total_seconds():
                    self.lost.set()

    def _renew(self) -> bool:
        table = records.lease
        with writing(self.home) as connection:
            done = connection.execute(
                sa.update(table)
                .where(table.c.name == self.name, table.c.epoch == self.epoch)
                .values(expires_at=_now(connection) + LASTS)
            )
        return done.rowcount == 1


def held(home: Home, name: str) -> bool:
    """Whether somebody seems to hold a lease: it has not run out, and its process lives if here.

    For people to look at; nothing is locked by asking.
    """
    if not home.exists:
        return False
    with engine(home).connect() as connection:
        row = connection.execute(_plain_query(name)).mappings().first()
        if row is None or row["released"] or _aware(row["expires_at"]) <= _now(connection):
            return False
    return row["host"] != socket.gethostname() or _lives(row["pid"])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _now(connection: sa.Connection) -> datetime:
    """The time by which leases run out: the database server's, the machine's for SQLite."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    return _aware(moment)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain_query(name: str) -> sa.Select[Any]:
    return sa.select(records.lease).where(records.lease.c.name == name)


def _query(name: str) -> sa.Select[Any]:
    # The row stays locked to the end of the transaction (SQLite locks the whole database anyway).
    return _plain_query(name).with_for_update()


def _elsewhere(row: sa.RowMapping, host: str, now: datetime) -> bool:
    # On this host the locked file has already told that the former holder is gone.
    return not row["released"] and row["host"] != host and _aware(row["expires_at"]) > now


def _lock_file(home: Home, name: str) -> IO[str]:
    home.root.mkdir(parents=True, exist_ok=True)
    file = open(home.root / f"{name}.lock", "a+", encoding="utf-8")  # noqa: SIM115 - as long as the lease
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        row = None
        if home.exists:
            with engine(home).connect() as connection:
                row = connection.execute(_plain_query(name)).mappings().first()
        raise LeaseError(_busy(name, row)) from error
    return file


def _busy(name: str, row: sa.RowMapping | None) -> str:
    what = "另一处正在运行业务日" if name == RUNNER else "另一个写入正在进行"
    if row is None:
        return f"{what}：另一个进程（{socket.gethostname()}）。请等它结束后再运行。"
    since = _aware(row["taken_at"]).astimezone()
    return (
        f"{what}：{row['owner']}（{row['host']}，进程 {row['pid']}，"
        f"自 {since:%Y-%m-%d %H:%M:%S} 起）。请等它结束后再运行。"
    )
