"""`lake prune`: brings small files together, and lets go what retention does not keep.

Under the writer's lease. Killed at any instant, nothing is lost: joined files count from their
publishing on, marks are one transaction, and what leaves the disk is needed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from budget_watch.lake import delta
from budget_watch.lake.home import Home
from budget_watch.lake.layout import table_folders
from budget_watch.lake.retention import Plan, Retention, mark, plan
from budget_watch.lake.sweeping import sweep
from budget_watch.lake.writer import Writer

MANY_RUNS = 64  # so many small files of an appended table are joined


@dataclass(frozen=True)
class Pruned:
    """What was done.

    Attributes:
        plan: what was marked, and what of earlier marks was due.
        joined: files that were joined; into: how many they are now; snapshot: where they count.
        freed_files, freed: what left the disk.
    """

    plan: Plan
    joined: int
    into: int
    snapshot: str | None
    freed_files: int
    freed: int


def prune(
    home: Home,
    retention: Retention,
    by: str,
    compact: bool = True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[str], None] = lambda text: None,
) -> Pruned:
    """Join small files of closed months, mark what goes, remove what may leave the disk.

    Raises:
        LeaseError: somebody is writing.
    """
    with Writer.open(home, "lake prune") as writer:
        joined, into, snapshot = 0, 0, None
        if compact:
            progress("合并小文件")
            joined, into, made = writer.compact(progress)
            snapshot = made.id if made else None
            _join_appended(home, retention)
        progress("清理")
        moment = now()
        planned = plan(home, retention, moment)
        mark(home, retention, by, moment)
        files, size = sweep(home, now() - timedelta(hours=retention.grace_hours))
    return Pruned(planned, joined, into, snapshot, files, size)


def _join_appended(home: Home, retention: Retention) -> None:
    """Observations: a file a run becomes one a few years; their rows stay as they are."""
    own = {folder.name for folder in table_folders(home)}
    for folder in sorted(home.lake.iterdir()):
        if folder.name not in own and (folder / "_delta_log").is_dir():
            delta.join_appended(folder, MANY_RUNS, retention.grace_hours)
