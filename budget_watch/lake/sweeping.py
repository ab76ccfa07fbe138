"""Removes what a killed writer left behind: data files that no published version names."""

from __future__ import annotations

import json

import sqlalchemy as sa

from budget_watch.lake import quarantine, records
from budget_watch.lake.home import Home
from budget_watch.lake.layout import table_folders
from budget_watch.lake.state import engine


def sweep(home: Home) -> int:
    """Delete unnamed data files and staging files under the lease; return how many.

    Every file of every published version stays, however old. Heads must have been restored.
    """
    named = _named(home)
    gone = 0
    for folder in table_folders(home):
        keep = named.get(folder.name, set())
        for path in folder.rglob("*.parquet"):
            inside = path.relative_to(folder).as_posix()
            if inside not in keep and not inside.startswith("_delta_log/"):
                path.unlink()
                gone += 1
    return gone + quarantine.sweep(home)


def _named(home: Home) -> dict[str, set[str]]:
    t = records.table_version
    named: dict[str, set[str]] = {}
    with engine(home).connect() as connection:
        for row in connection.execute(sa.select(t.c.name, t.c.files)):
            paths = (record["path"] for record in json.loads(row.files))
            named.setdefault(row.name, set()).update(paths)
    return named
