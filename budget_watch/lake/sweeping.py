"""Removes data files that no published version needs any more, or that a killed writer left."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from budget_watch.lake import quarantine
from budget_watch.lake.home import Home
from budget_watch.lake.layout import table_folders
from budget_watch.lake.retention import needed_files
from budget_watch.lake.state import engine

NEVER = datetime.min.replace(tzinfo=UTC)


def sweep(home: Home, marked_before: datetime = NEVER) -> tuple[int, int]:
    """Delete unneeded data files and staging files under the lease; return how many, and bytes.

    Heads must have been restored.

    Args:
        marked_before: files of snapshots that were marked up to then go, too; by default none.
    """
    with engine(home).connect() as connection:
        needed = needed_files(connection, marked_before)
    gone = size = 0
    for folder in table_folders(home):
        keep = needed.get(folder.name, set())
        for path in list(folder.rglob("*.parquet")):
            inside = path.relative_to(folder).as_posix()
            if inside not in keep and not inside.startswith("_delta_log/"):
                size += path.stat().st_size
                path.unlink()
                gone += 1
                with suppress(OSError):  # the month's folder, where it was the last in it
                    if path.parent != folder:
                        path.parent.rmdir()
    return gone + quarantine.sweep(home), size
