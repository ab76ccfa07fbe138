"""Reads 达梦 DM8 by its own driver: dmSQLAlchemy does not go with SQLAlchemy 2.1.

达梦 understands what Oracle does, so statements are written in Oracle's dialect.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import oracle

from ingest.sources.database.dbapi import DbapiSession
from ingest.sources.database.settings import DatabaseSettings

PORT = 5236


def dialect() -> sa.Dialect:
    """The dialect that statements for 达梦 are written in."""
    return oracle.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call, no-any-return]


def open_dameng(settings: DatabaseSettings, password: str | None) -> DbapiSession:
    """Connect and open a read. Raises what the driver raises, ImportError without one."""
    import dmPython

    return DbapiSession(
        dmPython.connect(**_told(settings, password, dmPython)), dialect(), settings.encoding
    )


def _told(settings: DatabaseSettings, password: str | None, driver: Any) -> dict[str, Any]:
    url = settings.address
    return {
        "user": url.username,
        "password": password,
        "server": url.host or "localhost",
        "port": url.port or PORT,
        "autoCommit": False,
        "access_mode": driver.DSQL_MODE_READ_ONLY,
        # every statement of the transaction sees what the first one saw
        "txn_isolation": driver.ISO_LEVEL_SERIALIZABLE,
        "login_timeout": settings.connect_seconds,
        "connection_timeout": max(1, int(settings.statement_minutes * 60)),  # of a statement
        "local_code": driver.PG_UTF8,
        "lang_id": driver.LANGUAGE_CN,
    }
