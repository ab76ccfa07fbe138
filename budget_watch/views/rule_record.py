"""What a rule has done and how it is proved: its runs, its back-tests, its tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.casework import tables
from budget_watch.casework.experiments import kept, read
from budget_watch.engine import Book
from budget_watch.engine.cases import RuleTests
from budget_watch.engine.errors import EngineError
from budget_watch.engine.testing import test_file
from budget_watch.engine.yaml_file import read_one
from budget_watch.lake import Home
from budget_watch.lake.snapshot import CHINA
from budget_watch.lake.state import engine


@dataclass(frozen=True)
class RuleRun:
    """What one recorded run counted for one rule.

    Attributes:
        run: its id. recorded: when, by the clock of China.
        partial: made with some rules only.
        tally: judged, hit, levels, clear, not_applicable, insufficient_data, error.
    """

    run: str
    as_of: date
    recorded: str
    snapshot: str
    partial: bool
    tally: Mapping[str, Any]


@dataclass(frozen=True)
class BackTest:
    """One kept back-test, cut to one rule.

    Attributes:
        days: its records of this rule, one a day, in order.
        total: its record over all days.
    """

    id: str
    snapshot: str
    sets: tuple[str, ...]
    days: tuple[Mapping[str, Any], ...]
    total: Mapping[str, Any]


def runs_of(home: Home, rule: str, most: int = 24) -> list[RuleRun]:
    """The last recorded runs that ran a rule, the latest first."""
    query = sa.select(tables.run).order_by(tables.run.c.seq.desc()).limit(most)
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        RuleRun(
            row["run"],
            row["as_of"],
            _clock(row["recorded_at"]),
            row["snapshot"],
            row["partial"],
            tally,
        )
        for row in rows
        for tally in json.loads(row["tallies"])
        if tally["rule"] == rule
    ]


def _clock(stamp: str) -> str:
    """A recorded time (UTC) by the clock of China, to the minute."""
    return datetime.fromisoformat(stamp).astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def backtests_of(root: Path, rule: str) -> list[BackTest]:
    """The kept back-tests in which a rule ran, the latest period first."""
    found = []
    for head in kept(root):
        total = next((each for each in head["totals"] if each["rule"] == rule), None)
        if total is None:
            continue
        days = tuple(each for each in read(root, head["id"])["days"] if each["rule"] == rule)
        found.append(BackTest(head["id"], head["snapshot"], tuple(head["sets"]), days, total))
    return found


def tests_of(book: Book, rule: str) -> RuleTests | None:
    """The tests of a rule; None where it has none that can be read."""
    path = test_file(book, rule)
    try:
        return read_one(path, RuleTests) if path.is_file() else None
    except EngineError:
        return None
