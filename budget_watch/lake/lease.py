"""The lease: one writer at a time, on this machine and among several, with an epoch.

On one machine a locked file decides, which the kernel lets go the instant its holder dies. Among
machines the row in the state database decides, which runs out ten minutes after its last renewal.
The epoch grows with every taking and is checked in the publishing transaction, so that a writer
that was thought dead can never publish.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.errors import LeaseError
from budget_watch.lake.home import Home
from budget_watch.lake.state import engine, writing

NAME = "writer"
LASTS = timedelta(minutes=10)
RENEW_SECONDS = 60.0


class Lease:
    """The right to write one home. Taken when made, given back by `release`.

    Attributes:
        epoch: how many-th taking this is.
        was_released: False where the holder before died without giving the lease back.
    """

    def __init__(self, home: Home, owner: str) -> None:
        self.home = home
        self.owner = owner
        self._file = _lock_file(home)
        try:
            self.epoch = self._take()
        except BaseException:
            self._file.close()
            raise
        self._stop = threading.Event()
        self._renewer = threading.Thread(target=self._renew_for_ever, daemon=True, name="lease")
        self._renewer.start()

    def check(self, connection: sa.Connection) -> None:
        """Make sure, inside the caller's transaction, that the lease is still this one's.

        Raises:
            LeaseError: another writer has taken over; nothing may be published.
        """
        row = connection.execute(_query()).mappings().first()
        if row is None or row["epoch"] != self.epoch or row["released"]:
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
        with writing(self.home) as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.name == NAME, table.c.epoch == self.epoch)
                .values(released=True)
            )
        self._file.close()

    def _take(self) -> int:
        now, host = datetime.now(UTC), socket.gethostname()
        with writing(self.home) as connection:
            row = connection.execute(_query()).mappings().first()
            if row is not None and _elsewhere(row, host, now):
                raise LeaseError(_busy(row["owner"], row["host"], row["pid"], row["taken_at"]))
            self.was_released = row is None or bool(row["released"])
            epoch = 1 if row is None else int(row["epoch"]) + 1
            values = {
                "name": NAME,
                "epoch": epoch,
                "owner": self.owner,
                "host": host,
                "pid": os.getpid(),
                "taken_at": now,
                "expires_at": now + LASTS,
                "released": False,
            }
            table = records.lease
            statement = sa.insert(table) if row is None else sa.update(table)
            connection.execute(statement.values(values))
        return epoch

    def _renew_for_ever(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            table = records.lease
            with writing(self.home) as connection:
                connection.execute(
                    sa.update(table)
                    .where(table.c.name == NAME, table.c.epoch == self.epoch)
                    .values(expires_at=datetime.now(UTC) + LASTS)
                )


def _query() -> sa.Select[Any]:
    # The row stays locked to the end of the transaction (SQLite locks the whole database anyway).
    return sa.select(records.lease).where(records.lease.c.name == NAME).with_for_update()


def _elsewhere(row: sa.RowMapping, host: str, now: datetime) -> bool:
    # On this host the locked file has already told that the former holder is gone.
    expires = row["expires_at"]
    if expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return not row["released"] and row["host"] != host and expires > now


def _lock_file(home: Home) -> IO[str]:
    home.root.mkdir(parents=True, exist_ok=True)
    path = home.root / "writer.lock"
    file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - held as long as the lease
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        row = None
        if home.state.exists():
            with engine(home).connect() as connection:
                row = connection.execute(_query()).mappings().first()
        if row is None:
            raise LeaseError(_busy("另一个进程", socket.gethostname(), None, None)) from error
        raise LeaseError(_busy(row["owner"], row["host"], row["pid"], row["taken_at"])) from error
    return file


def _busy(owner: str, host: str, pid: int | None, since: datetime | None) -> str:
    number = f"，进程 {pid}" if pid else ""
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    when = f"，自 {since.astimezone():%Y-%m-%d %H:%M:%S} 起" if since else ""
    return f"另一个写入正在进行：{owner}（{host}{number}{when}）。请等它结束后再运行。"
