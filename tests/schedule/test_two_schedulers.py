"""Two schedulers on one home, in two real processes: every day once, in order, one at a time."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from budget_watch.lake import day_runs
from budget_watch.lake.day_runs import BROKEN, DONE
from budget_watch.lake.state import engine
from ingest.schedule.clock import wall
from ingest.schedule.plan import Settings, last_due

HERE = Path(__file__).parents[2]
DAYS = 12


@pytest.fixture
def start(home):
    """Starts schedulers that do not outlive the test."""
    started = []

    def begin(out, takes, root=None, *machine, **environment):
        words = [str(root or home.root), str(out), str(takes), "60", *machine]
        command = [sys.executable, "-m", "tests.schedule.scheduler_process", *words]
        started.append(subprocess.Popen(command, cwd=HERE, env={**os.environ, **environment}))
        return started[-1]

    yield begin
    for each in started:
        each.kill()
        each.wait()


@pytest.fixture
def due(home):
    """The days due in a home that has never been run, by the real clock."""
    last = last_due(wall(), Settings())
    home.root.mkdir()
    since = last - timedelta(DAYS - 1)
    (home.root / "budget_watch.toml").write_text(f"[schedule]\nsince = {since}\n")
    return [since + timedelta(n) for n in range(DAYS)]


def lines(out):
    found = [
        re.fullmatch(r"(\w+) (\S+) (\d+)", each).groups()
        for each in out.read_text().split("\n")
        if each
    ]
    return [(what, date.fromisoformat(day)) for what, day, _ in found], {pid for *_, pid in found}


def wait_for(what, seconds=120):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_every_day_is_run_once(home, due, start, tmp_path):
    out = tmp_path / "out"
    both = [start(out, 0.1) for _ in range(2)]
    wait_for(lambda: len(day_runs.day_runs(home)) == DAYS and not day_runs.running(home))
    time.sleep(0.5)  # if one of them runs a day again, it is now
    for each in both:
        each.send_signal(signal.SIGTERM)
    for each in both:
        each.wait()
    said, _ = lines(out)
    assert said == [(what, day) for day in due for what in ("begin", "end")]
    assert Counter(run.outcome for run in day_runs.day_runs(home)) == {DONE: DAYS}


def test_when_one_is_killed_in_a_day_the_other_takes_over(home, due, start, tmp_path):
    out = tmp_path / "out"
    first = start(out, 0.4)
    wait_for(lambda: out.exists() and len(lines(out)[0]) >= 3)
    start(out, 0.1)
    wait_for(lambda: day_runs.running(home) is not None)
    first.kill()
    first.wait()
    wait_for(
        lambda: (
            (found := day_runs.day_runs(home, limit=1))
            and found[0].biz_date == due[-1]
            and found[0].outcome == DONE
        )
    )
    said, pids = lines(out)
    assert len(pids) == 2
    assert [day for what, day in said if what == "end"] == due
    runs = Counter((run.biz_date, run.outcome) for run in day_runs.day_runs(home))
    assert {key: n for key, n in runs.items() if key[1] == DONE} == {(day, DONE): 1 for day in due}
    assert sum(n for (_, outcome), n in runs.items() if outcome == BROKEN) <= 1


def test_two_machines_on_one_postgresql_run_every_day_once_though_one_dies(
    home, due, start, tmp_path, postgres, monkeypatch
):
    """Two homes, two host names, one state database: nothing but its row is between them."""
    state = postgres.state_url(postgres.new_database())
    monkeypatch.setenv("BUDGET_WATCH_STATE", state)
    out, second = tmp_path / "out", tmp_path / "second"
    shutil.copytree(home.root, second)
    first = start(out, 0.3, home.root, "eins", BUDGET_WATCH_STATE=state)
    start(out, 0.3, second, "zwei", BUDGET_WATCH_STATE=state)
    wait_for(lambda: out.exists() and len(lines(out)[0]) >= 5)
    first.kill()
    first.wait()
    wait_for(
        lambda: len({r.biz_date for r in day_runs.day_runs(home) if r.outcome == DONE}) == DAYS
    )
    time.sleep(0.5)
    said, _ = lines(out)
    assert [day for what, day in said if what == "end"] == due
    runs = day_runs.day_runs(home)
    assert Counter(run.biz_date for run in runs if run.outcome == DONE) == dict.fromkeys(due, 1)
    assert {run.outcome for run in runs} <= {DONE, BROKEN}
    engine(home).dispose()
