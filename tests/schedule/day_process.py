"""Runs one business day as the schedule does, telling every step. Run as a script: home, day.

The rule book is cut down to a few rules, and Great Expectations stays out: both take longer to read
than such a day takes to run.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import ingest.day
from budget_watch.casework import book as rule_books
from budget_watch.lake import Home
from budget_watch.lake.day_runs import DayRun
from ingest.schedule.recorded import run_recorded
from ingest.schedule.work import work

RULES = ("PZ02", "PZ11", "PZ14", "SJ01", "SJ05", "SJ08", "ZX06")
BOOK = "book"


def make_book(folder: Path) -> Path:
    """A rule book of a few rules, with all their laws, parameters, groups and words."""
    whole = rule_books.rules_dir()
    for name in ("params", "groups", "words", "data"):
        shutil.copytree(whole / name, folder / name, ignore=_unwanted)
    shutil.copy(whole / "laws.yaml", folder)
    for rule in RULES:
        found = next(whole.rglob(f"{rule}.yaml"))
        (folder / found.parent.name).mkdir(exist_ok=True)
        shutil.copy(found, folder / found.parent.name)
    return folder


def _unwanted(folder: str, names: list[str]) -> list[str]:
    rules = [name for name in names if name.startswith("SJ") and name[:4] not in RULES]
    return [*rules, *(name for name in names if ".test." in name)]


def run(
    root: Path, day: str, book: Path, show: Callable[[Mapping[str, Any]], None] = lambda told: None
) -> DayRun | None:
    """Run a day with a small rule book; afterwards the process has the whole one again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_books, "rules_dir", lambda: book)
        patch.setattr(ingest.day, "validated_beside", lambda *given: nullcontext())
        return run_recorded(Home(root), date.fromisoformat(day), work, reason="定时", show=show)


def _tell(told: Mapping[str, Any]) -> None:
    # one write a line: sources speak from threads of their own
    sys.stdout.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), _tell)
