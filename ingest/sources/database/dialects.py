"""What differs between databases: driver, and what opens a read-only, consistent read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

_ZONE = "+08:00"


@dataclass(frozen=True)
class Dialect:
    """One kind of database.

    Attributes:
        title: as people call it.
        driver: SQLAlchemy's name of dialect and driver.
        package: what has to be installed for it.
        opening: SQL that opens a read-only, consistent read; `{ms}` and `{s}` are the time limit.
        connect: arguments of the driver for a limit of seconds to connect.
        savepoints: whether an error spoils the transaction up to a savepoint.
        adbc: whether ADBC can read it.
    """

    title: str
    driver: str
    package: str
    opening: tuple[str, ...]
    connect: Callable[[int], dict[str, Any]] = field(default=lambda seconds: {})
    savepoints: bool = False
    adbc: bool = False


_POSTGRESQL = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL statement_timeout = {ms}",
    "SET LOCAL lock_timeout = {ms}",
    "SET LOCAL TIME ZONE 'Asia/Shanghai'",
    "SET LOCAL DATESTYLE = 'ISO, YMD'",
)
_ORACLE = ("ALTER SESSION SET TIME_ZONE = '+08:00'", "SET TRANSACTION READ ONLY")


def _mysql(limit: str) -> tuple[str, ...]:
    return (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        f"SET SESSION time_zone = '{_ZONE}'",
        limit,
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )


DIALECTS: dict[str, Dialect] = {
    "postgresql": Dialect(
        "PostgreSQL",
        "postgresql+psycopg",
        "budget-watch[postgresql]",
        _POSTGRESQL,
        lambda seconds: {"connect_timeout": seconds, "client_encoding": "utf8"},
        savepoints=True,
        adbc=True,
    ),
    "kingbase": Dialect(
        "人大金仓 KingbaseES",
        "postgresql+psycopg",
        "budget-watch[postgresql]",
        _POSTGRESQL,
        lambda seconds: {"connect_timeout": seconds, "client_encoding": "utf8"},
        savepoints=True,
    ),
    "mysql": Dialect(
        "MySQL",
        "mysql+pymysql",
        "budget-watch[mysql]",
        _mysql("SET SESSION max_execution_time = {ms}"),
        lambda seconds: {"connect_timeout": seconds, "charset": "utf8mb4"},
    ),
    "mariadb": Dialect(
        "MariaDB",
        "mariadb+pymysql",
        "budget-watch[mysql]",
        _mysql("SET SESSION max_statement_time = {s}"),
        lambda seconds: {"connect_timeout": seconds, "charset": "utf8mb4"},
    ),
    "oracle": Dialect(
        "Oracle",
        "oracle+oracledb",
        "budget-watch[oracle]",
        _ORACLE,
        lambda seconds: {"tcp_connect_timeout": seconds},
    ),
    # Read by its driver itself (`dameng.py`), which is told: read only, serializable.
    "dm": Dialect("达梦 DM8", "dmPython", "budget-watch[dameng]", ()),
    "sqlite": Dialect("SQLite", "sqlite+pysqlite", "", ("PRAGMA query_only = ON", "BEGIN")),
}


def dialect_of(url: sa.URL) -> Dialect:
    """The dialect of an address whose beginning the settings have checked."""
    return DIALECTS[url.get_backend_name()]
