"""A home, a clock that only the test moves, and a day's work that writes down that it was done."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from budget_watch.lake import Home
from budget_watch.lake.day_runs import SourceResult
from budget_watch.lake.snapshot import CHINA
from ingest.schedule import plan
from ingest.schedule.recorded import Ended, run_recorded
from ingest.schedule.service import DONE, FAILED, LOOK, Service, due_turn


@dataclass
class Clock:
    """Wall time and seconds that go on; `passes` moves both, `jumps` only the wall."""

    now: datetime
    seconds: float = 0.0

    def passes(self, **more: float) -> None:
        self.now += timedelta(**more)
        self.seconds += timedelta(**more).total_seconds()

    def jumps(self, **more: float) -> None:
        self.now += timedelta(**more)


@dataclass
class Days:
    """Runs days in this process: a list of what was run, and what shall go wrong."""

    clock: Clock
    ran: list[date] = field(default_factory=list)
    fail: dict[date, int] = field(default_factory=dict)  # how often a day still fails
    fault: set[date] = field(default_factory=set)  # days on which a source fails

    def work(self, home, day, tell):
        if self.fail.get(day, 0):
            self.fail[day] -= 1
            raise OSError("磁盘已满")
        tell.phase("取数")
        failed = day in self.fault
        tell.source(
            "财政", SourceResult("failed" if failed else "done", "连不上" if failed else "")
        )
        self.clock.passes(minutes=2)
        tell.phase("疑点")
        self.ran.append(day)
        return Ended("好了。", {}, look=failed)

    def __call__(self, home, day, reason, show, halt):
        def still_due():
            turn = due_turn(home, self.clock.now, plan.read_settings(home))
            return turn is not None and turn.day == day

        run = run_recorded(
            home, day, self.work, reason=reason, show=show, halt=halt,
            clock=lambda: self.clock.now, still_due=still_due,
        )  # fmt: skip
        return {"done": DONE, "look": LOOK}.get(run.outcome, FAILED)


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def clock():
    return Clock(china("2026-11-21 02:00:00"))


@pytest.fixture
def days(clock):
    return Days(clock)


@pytest.fixture
def told():
    return []


@pytest.fixture
def service(home, clock, days, told):
    home.root.mkdir()
    return Service(home, told.append, lambda: clock.now, lambda: clock.seconds, days)
