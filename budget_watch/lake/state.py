"""The state database: its engine, its tables, its migrations.

`engine(home)` is for every room: it opens `<home>/state.sqlite` (or PostgreSQL, see
`Home.state_url`) and brings the schema up to date by the Alembic migrations in
`lake/migrations/versions`. A room that needs tables adds a migration file there (next number, DDL
written out) and keeps its own MetaData for queries.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.lake import faults
from budget_watch.lake.errors import LakeError, StateError
from budget_watch.lake.home import Home
from budget_watch.lake.records import metadata

__all__ = ["MIGRATIONS", "engine", "metadata", "newest_revision", "upgrade", "writing"]

MIGRATIONS = Path(__file__).parent / "migrations"
WRITERS = 0x62775F7374617465  # number of PostgreSQL's lock that a writing transaction holds

# By address, with the database file's inode: a home removed and made anew is another database.
_engines: dict[str, tuple[sa.Engine, int]] = {}
_lock = threading.Lock()


def engine(home: Home) -> sa.Engine:
    """The engine of this home's state database, its schema up to date; one a process and home."""
    url = home.state_url
    with _lock:
        found = _engines.get(url)
        if found is not None and found[1] == _inode(url, home):
            return found[0]
        if found is not None:
            found[0].dispose()
        home.root.mkdir(parents=True, exist_ok=True)
        made = _opened(url)
        _engines[url] = (made, _inode(url, home))
        return made


def writing(home: Home) -> AbstractContextManager[sa.Connection]:
    """A transaction that holds the write lock from its start; commits at the end of the block."""
    return _immediate(engine(home))


@contextmanager
def _immediate(target: sa.Engine) -> Iterator[sa.Connection]:
    with target.connect().execution_options(immediate=True) as connection, connection.begin():
        _lock_writers(connection)
        yield connection


def _lock_writers(connection: sa.Connection) -> None:
    """Let no other writing transaction run beside this one; SQLite has seen to it at its BEGIN."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS)))


def newest_revision() -> str:
    """The revision of the newest migration file: its number."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def upgrade(target: sa.Engine, to: str | None = None) -> None:
    """Bring the schema to the newest revision; returns at once where it is there already.

    Args:
        to: an older revision, for rows that were written under it.

    Raises:
        LakeError: the database was written by a newer budget_watch.
    """
    current, newest = _revision(target), newest_revision()
    if current == (to or newest):
        return
    if max(current or "", to or "") > newest:
        raise LakeError(
            f"状态数据库 {target.url} 由更新版本的程序写成"
            f"（结构 {to or current}，本程序 {newest}）。请升级 budget_watch 后再运行。"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # immediate: one upgrader at a time, and all or nothing
    with _immediate(target) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to or "head")


def _inode(url: str, home: Home) -> int:
    if not url.startswith("sqlite"):
        return 0
    return home.state.stat().st_ino if home.state.exists() else -1


def _revision(target: sa.Engine) -> str | None:
    with target.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first()
        return None if row is None else str(row[0])


def _opened(url: str) -> sa.Engine:
    """The engine with its schema up to date.

    Raises:
        LakeError: the server does not answer, refuses us, or its driver is not installed.
    """
    try:
        made = _connect(url)
        upgrade(made)
        return made
    except ModuleNotFoundError as error:
        raise LakeError(
            f"状态数据库的驱动 {error.name} 没有安装；请安装 budget-watch[postgresql] 后再运行。"
        ) from error
    except (sa.exc.OperationalError, sa.exc.ArgumentError) as error:
        if url.startswith("sqlite"):
            raise
        told = " ".join(str(getattr(error, "orig", None) or error).split())
        raise LakeError(
            f"状态数据库 {_shown(url)} 连不上：{told}。请核对 budget_watch.toml 的 [state] url"
            "（或环境变量 BUDGET_WATCH_STATE）、服务是否开着、账号和密码。"
        ) from error


def _shown(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "（地址写错）"


def _connect(url: str) -> sa.Engine:
    made = _made(url)
    sa.event.listen(made, "handle_error", partial(_tell_fault, url))
    return made


def _tell_fault(url: str, context: sa.engine.ExceptionContext) -> None:
    """Let what a disk or a server does to us be one sentence, from whatever statement it comes."""
    if context.is_pre_ping:  # the pool asks whether a connection still lives, and opens another
        return
    error = context.original_exception
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        file = Path(str(address.database))
        if "unable to open database file" in str(error):
            code = errno.EROFS if os.access(file, os.R_OK) else errno.EACCES
            raise StateError(faults.sentence(code, file, file.parent)) from error
        told = faults.told(error, file)
    else:
        told = faults.told(error, Path(_shown(url)))
        if told is None and context.is_disconnect:
            said = " ".join(str(error).split())
            told = (
                f"状态数据库 {_shown(url)} 断开了：{said}。{faults.SAFE}。"
                "请检查数据库服务和网络，然后重新运行。"
            )
    if told is not None:
        raise StateError(told) from error


def _made(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True)
    made = sa.create_engine(url, connect_args={"timeout": 60, "check_same_thread": False})
    sa.event.listen(made, "connect", _durable)
    sa.event.listen(made, "begin", _begin)
    return made


def _durable(connection: Any, _record: Any) -> None:
    # pysqlite must not begin transactions on its own: DDL and BEGIN IMMEDIATE would escape ours.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
