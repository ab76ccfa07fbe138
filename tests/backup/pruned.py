"""A home in whose later years nobody ran a rule, and a prune that kills itself. Run as a script."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from budget_watch.lake import Home, Writer, pruning, writer
from budget_watch.lake.retention import Retention
from tests.lake.killed_writer import after, before
from tests.lake.made import batch, rows

LATER = tuple(
    date.fromisoformat(text)
    for text in (
        "2026-12-05", "2026-12-15", "2026-12-31", "2027-01-10", "2027-01-20", "2028-05-10",
        "2028-06-30",
    )
)  # fmt: skip
KEEP = Retention(days=400, last=1, grace_hours=24)
NOW = datetime(2028, 7, 1, tzinfo=UTC)


def grow_old(home: Home) -> None:
    """Publish a changed table on each later day."""
    with Writer.open(home, "load") as loading:
        for number, day in enumerate(LATER):
            frame = rows("general_revenue", {"ytd_amt": number + 1})
            loading.replace(
                "general_revenue", frame, batch("general_revenue", "only", str(day), day)
            )
            loading.publish(day)


def prune(home: Home, now: datetime = NOW, compact: bool = False) -> pruning.Pruned:
    """As the command does, at a time that the test says."""
    return pruning.prune(home, KEEP, "test", compact, now=lambda: now)


def arm(point: str, nth: int) -> None:
    """Set the trap."""
    match point:
        case "marked":
            pruning.mark = after(pruning.mark, nth)
        case "unlink":
            Path.unlink = after(Path.unlink, nth)
        case "joined":  # Delta has the joined files, nobody knows of them
            writer.record = before(writer.record, nth)


if __name__ == "__main__":
    arm(sys.argv[2], int(sys.argv[3]))
    at = datetime.fromisoformat(sys.argv[4])
    prune(Home(sys.argv[1]), at, compact=sys.argv[2] == "joined")
