"""A fetch killed at any step of putting and remembering loses no row and doubles none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from budget_watch.lake import Home
from tests.ingest.database.made import Desk, row, section
from tests.ingest.database.test_types import sqlite

HOUSE = Path(__file__).parents[3]
TABLE = {"business_date": "pay_date", "deleted": "is_deleted"}


def run(home: Home, url: str, step: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.ingest.database.killed", str(home.root), url, str(step)]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=HOUSE, env=environment, check=False
    )


def deliveries(desk: Desk) -> list[tuple[str, int, str]]:
    return sorted((one.period, one.revision, one.sha256) for one in desk.parcels())


@pytest.mark.slow
def test_killed_at_any_step_the_next_fetch_brings_the_same(tmp_path) -> None:
    days = ("2026-11-16", "2026-11-17", "2026-11-18")
    rows = [row(n, pay_date=days[n % 3], is_deleted=int(n == 7)) for n in range(30)]
    url = sqlite(tmp_path, *rows)
    undisturbed = Desk(Home(tmp_path / "0"), section(url, TABLE))
    done = run(undisturbed.home, url, 0)
    steps = int(done.stdout)
    assert steps >= 20, done.stderr
    wanted = undisturbed.lake()
    assert wanted.height == 29
    for step in range(1, steps + 1, 4):
        home = Home(tmp_path / str(step))
        died = run(home, url, step)
        assert died.returncode == -signal.SIGKILL, (step, died.stderr)
        desk = Desk(home, section(url, TABLE))
        desk.fetch()
        assert desk.lake().equals(wanted), step
        assert desk.fetch().parcels == (), step
        assert deliveries(desk) == deliveries(undisturbed), step
