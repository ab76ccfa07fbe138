"""Disks of their own: filled to the brim, mounted read-only, not allowed. Run as a script inside a
mount namespace (`unshare -m`), so that nothing is left behind. Prints JSON lines.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from budget_watch.cli.main import main
from budget_watch.lake import Home, LakeError, Snapshot, room
from budget_watch.lake.state import engine
from ingest.errors import IngestError
from tests.backup.conftest import SECOND
from tests.schedule import day_process
from tests.schedule.test_killed_day import everything


def mount(place: Path, megabytes: int) -> None:
    """An empty disk of this size."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    subprocess.run(command, check=True)


def fill(place: Path, leave: int) -> Path:
    """Take all but so many bytes of the disk; the file that takes them."""
    ballast = place / "ballast"
    free = shutil.disk_usage(place).free - leave
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free)
    return ballast


def run_day(root: Path, book: Path) -> dict:
    """The second day, as the schedule runs it."""
    try:
        done = day_process.run(root, SECOND, book)
    except (LakeError, IngestError) as error:
        return {"outcome": "raised", "said": [str(error)]}
    finally:
        engine(Home(root)).dispose()
    faults = [one.message for one in done.sources.values() if one.message]
    return {"outcome": done.outcome, "said": [done.message, *faults]}


def full(base: str, book: str, lived: str, place: str, *spaces: str) -> None:
    """Try the second day with so many bytes free, one after another, then with room."""
    disk = Path(place)
    mount(disk, 64)
    root = disk / "home"
    shutil.copytree(base, root)
    before = Snapshot.latest(Home(root)).id
    guessed, room.needed = room.needed, lambda home: 0  # it would not let the day begin
    for space in spaces:
        ballast = fill(disk, int(space))
        told = run_day(root, Path(book))
        visible = Snapshot.latest(Home(root)).id != before
        print(json.dumps({"space": space, "visible": visible, **told}, ensure_ascii=False))
        ballast.unlink()
    told = run_day(root, Path(book))
    found, whole = everything(Home(root)), everything(Home(Path(lived)))
    same = {what: found[what] == value for what, value in whole.items()}
    print(json.dumps({"space": None, "same": same, **told}, ensure_ascii=False))
    room.needed = guessed
    need = room.needed(Home(root))
    fill(disk, need - 4096)
    print(json.dumps({"need": need, **run_day(root, Path(book))}, ensure_ascii=False))
    backed(root, disk / "backup")


def backed(root: Path, place: Path) -> None:
    """Back up to the full disk, and from it to another."""
    told(root, "backup", "--to", str(place))
    told(root, "backup", "--to", str(place.parent.parent / "elsewhere"))


def told(root: Path, *words: str) -> None:
    """Run a command and print how it ended and what it said."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(["--home", str(root), *words])
        except SystemExit as ended:
            status = int(ended.code or 0)
    said = out.getvalue() + err.getvalue()
    print(json.dumps({"command": words[0], "status": status, "said": [said]}, ensure_ascii=False))


def denied(how: str, base: str, place: str) -> None:
    """Commands on a home that cannot be written: `readonly` disk, or `modes` that do not allow."""
    disk = Path(place)
    mount(disk, 64)
    root = disk / "home"
    shutil.copytree(base, root)
    with contextlib.closing(sqlite3.connect(root / "state.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for beside in root.glob("state.sqlite-*"):  # else SQLite may still read, and so do commands
        beside.unlink()
    if how == "readonly":
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    else:
        subprocess.run(["chmod", "-R", "a-w", str(root)], check=True)
    for words in (
        ("status",),
        ("ingest", "--date", SECOND),
        ("lake", "prune"),
        ("backup", "--to", str(disk.parent / "elsewhere")),
    ):
        told(root, *words)


if __name__ == "__main__":
    {"full": full, "denied": denied}[sys.argv[1]](*sys.argv[2:])
