"""A clock that jumps, or that stands in another zone, changes nothing that counts."""

import os
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from budget_watch.lake import Snapshot, lease, publishing, writer
from budget_watch.lake.backup import make
from budget_watch.lake.backup.store import FolderStore
from budget_watch.lake.day_runs import day_runs
from ingest.schedule.recorded import run_recorded
from ingest.schedule.work import work
from tests.backup.conftest import SECOND
from tests.backup.test_backup import made
from tests.schedule.test_killed_day import everything

HOUSE = Path(__file__).parents[2]
YEARS = timedelta(days=3 * 365)


@pytest.fixture
def jump(monkeypatch):
    """Let all that ask the time in a run be told another."""

    def by(shift):
        class Jumped(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + shift

        for room in (publishing, writer, make):
            monkeypatch.setattr(room, "datetime", Jumped)
        monkeypatch.setattr(lease, "_now", lambda connection: datetime.now(UTC) + shift)
        return lambda: datetime.now(UTC) + shift

    return by


@pytest.mark.parametrize("shift", [-YEARS, YEARS], ids=["back", "ahead"])
def test_a_day_run_under_a_clock_that_has_jumped_is_the_same_day(
    city, tmp_path, monkeypatch, jump, shift
):
    home = city.copy("base", tmp_path / "home")
    made(home, tmp_path / "b")
    monkeypatch.setattr("budget_watch.casework.book.rules_dir", lambda: city.book)
    monkeypatch.setattr("ingest.day.validated_beside", lambda *given: nullcontext())
    clock = jump(shift)
    done = run_recorded(home, date.fromisoformat(SECOND), work, reason="定时", clock=clock)
    assert done.whole
    made(home, tmp_path / "b")
    assert everything(home) == city.holds("lived")
    assert day_runs(home)[0].biz_date.isoformat() == SECOND
    jump(timedelta(0))  # the clock is put right: backups and snapshots keep their order
    assert Snapshot.latest(home).biz_date.isoformat() == SECOND
    made(home, tmp_path / "b")
    store = FolderStore(tmp_path / "b")
    told = [store.manifest(number).biz_date for number in store.numbers()]
    assert (store.numbers(), told[1:]) == ([1, 2, 3], [SECOND, SECOND])
    with writer.Writer.open(home, "next") as after:
        published = after.publish(date(2026, 11, 20))
    assert Snapshot.latest(home).id == published.id


@pytest.mark.slow
def test_the_machines_zone_makes_no_difference(city, tmp_path):
    home = city.copy("base", tmp_path / "home")
    command = [sys.executable, "-m", "tests.schedule.day_process", home.root, SECOND, city.book]
    zone = {**os.environ, "TZ": "America/Los_Angeles"}
    subprocess.run(command, cwd=HOUSE, env=zone, check=True, stdout=subprocess.DEVNULL)
    assert everything(home) == city.holds("lived")
