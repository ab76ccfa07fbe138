"""kill -9 at random instants of a business day, in real processes; the next run makes it whole."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework import tables as casework
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, Snapshot, day_runs, records
from budget_watch.lake.content import fingerprint
from budget_watch.lake.day_runs import PHASES, WHOLE
from budget_watch.lake.state import engine
from tests.lake.made import content
from tests.schedule.day_process import make_book, run
from tests.schedule.made_source import DAYS, make_database, make_inbox, settings

HERE = Path(__file__).parents[2]
INSTANTS = 50 if os.environ.get("BUDGET_WATCH_CI") == "1" else 8
FIRST, SECOND = DAYS[0].isoformat(), DAYS[1].isoformat()
_one_finishes = threading.Lock()


def everything(home):
    """All that must be the same: lake, snapshots, ledger, quarantine, observations, findings."""
    t, r, e = records.batch, casework.run, casework.finding_event
    with engine(home).connect() as connection:
        ledger = connection.execute(
            sa.select(
                t.c.id, t.c.source_hash, t.c.biz_date, t.c.delivered, t.c.stored, t.c.quarantined,
                t.c.refused, t.c.reason, t.c.snapshot, t.c.origin, t.c.outcome,
            ).order_by(t.c.seq)
        ).all()  # fmt: skip
        checks = connection.execute(sa.select(r.c.run, r.c.seq, r.c.as_of).order_by(r.c.seq)).all()
        events = connection.execute(sa.select(e).order_by(e.c.finding, e.c.seq)).all()
    observed = pl.read_delta(str(home.lake / "observations"))
    return {
        "content": content(home),
        "snapshots": [
            (i, d, fingerprint(home, Snapshot.get(home, i))) for i, d, _ in Snapshot.all(home)
        ],
        "ledger": ledger,
        "quarantine": quarantine(home),
        "checks": checks,
        "observations": sorted(observed.rows(), key=repr),
        "findings": [f.record() for f in list_findings(home, Grant.system("test"), outcome=None)],
        "events": events,
    }


def quarantine(home):
    files = sorted(path for path in home.quarantine.rglob("*") if path.is_file())
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for path in files
        if path.suffix == ".csv"
    }


def child(root, book, day=SECOND):
    command = [sys.executable, "-m", "tests.schedule.day_process", str(root), day, str(book)]
    return subprocess.Popen(
        command,
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A home after its first day, the rule book, and how long each phase of the second takes."""
    folder = tmp_path_factory.mktemp("killed")
    book = make_book(folder / "book")
    (folder / "base").mkdir()
    told = settings(folder / "city.db", folder / "inbox")
    (folder / "base" / "budget_watch.toml").write_text(told, encoding="utf-8")
    make_database(folder / "city.db", DAYS[0])
    make_inbox(folder / "inbox", DAYS[0])
    assert run(folder / "base", FIRST, book).whole
    make_database(folder / "city.db", DAYS[1])
    make_inbox(folder / "inbox", DAYS[1])
    return folder, book


@pytest.fixture(scope="module")
def calm(base):
    """The second day undisturbed: what it leaves, and how long each phase lasts."""
    folder, book = base
    shutil.copytree(folder / "base", folder / "calm")
    began: dict[str, float] = {}
    with child(folder / "calm", book) as process:
        for line in process.stdout:
            told = json.loads(line)
            if told["event"] in ("phase", "end"):
                began[told["phase"] if told["event"] == "phase" else "end"] = time.monotonic()
    assert process.returncode == 0
    assert list(began) == [*PHASES, "end"]
    order = list(began.values())
    lasts = {phase: after - at for phase, at, after in zip(PHASES, order, order[1:], strict=False)}
    return everything(Home(folder / "calm")), lasts


def kill_at(root, book, phase, wait):
    """Run the second day and kill it so long after it came to a phase; return whether it ran."""
    with child(root, book) as process:
        for line in process.stdout:
            told = json.loads(line)
            if told["event"] == "phase" and told["phase"] == phase:
                time.sleep(wait)
                process.kill()
                break
        process.stdout.read()
    return process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_random_instants_a_day_ends_as_if_it_had_not_been(base, calm):
    folder, book = base
    whole, lasts = calm
    came = {line.outcome for line in whole["ledger"] if line.origin == "收件"}
    assert came == {"stored", "repeated", "refused"}
    chance = random.Random(20261120)
    instants = [
        (number, phase := PHASES[number % len(PHASES)], chance.uniform(0, 0.9 * lasts[phase]))
        for number in range(INSTANTS)
    ]

    def one(instant):
        number, phase, wait = instant
        root = folder / f"killed{number}"
        shutil.copytree(folder / "base", root)
        killed = kill_at(root, book, phase, wait)
        home = Home(root)
        with _one_finishes:
            left = day_runs.get(home, SECOND)
            ended = run(root, SECOND, book)
            found = everything(home)
        runs = [(r.attempt, r.outcome) for r in reversed(day_runs.day_runs(home, day=DAYS[1]))]
        engine(home).dispose()
        shutil.rmtree(root)
        return instant, killed, left, ended.outcome, runs, found

    died = 0
    with ThreadPoolExecutor(2) as pool:
        for instant, killed, left, outcome, runs, found in pool.map(one, instants):
            # what was quarantined before the kill is no news to the run after it
            assert outcome in WHOLE, instant
            assert runs == [(1, left.outcome), (2, outcome)], instant
            assert left.outcome == "broken" or left.phase == PHASES[-1], instant
            for what, value in whole.items():
                assert found[what] == value, (instant, left.phase, what)
            died += killed and left.outcome == "broken"
    # a day that was over before it was killed tells nothing; how many depends on the machine
    assert died >= INSTANTS // 2
