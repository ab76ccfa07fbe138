"""Backs up or restores, and kills itself without warning at the named point. Run as a script."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from budget_watch.lake import Home
from budget_watch.lake.backup import make, restore, store
from ingest.spool_backup import spool_files
from tests.lake.killed_writer import after, before


def arm(point: str, nth: int) -> None:
    """Set the trap."""
    match point:
        case "put":
            store.FolderStore.put = before(store.FolderStore.put, nth)
        case "durable":  # 1: contents; 2: the manifest, not yet renamed; 3: renamed
            store.make_durable = before(store.make_durable, nth)
        case "half":
            restore._write = after(restore._write, nth)
        case "rename":
            os.rename = before(os.rename, nth)
        case "renamed":
            os.rename = after(os.rename, nth)


if __name__ == "__main__":
    what, home, place, kill_at, kill_nth = sys.argv[1:]
    arm(kill_at, int(kill_nth))
    there = store.FolderStore(Path(place))
    if what == "backup":
        make.back_up(Home(home), there, spool_files)
    else:
        restore.restore(there, there.manifest(there.numbers()[-1]), Home(home), {})
