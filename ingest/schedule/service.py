"""The scheduler: waits, runs the days that are due in order, each in a process of its own.

APScheduler wakes it at the hour and keeps the next hour in the state database; what is due is
reckoned from the records at every look, so that an hour slept through, a clock that jumped or a
second scheduler on the same home make no difference. Two schedulers look, one gets the lease.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import ingest
from budget_watch.lake import Home, Snapshot, day_runs, lease
from budget_watch.lake.snapshot import CHINA
from ingest.errors import IngestError
from ingest.schedule.clock import ClockWatch, steady, wall
from ingest.schedule.plan import Settings, Turn, due_at, last_due, next_turn, read_settings
from ingest.schedule.recorded import Halt, Show
from ingest.schedule.reporting import Reporter
from ingest.schedule.sending import Sender

LOOK_EVERY = 30.0  # seconds, by a clock that nobody can set
KNOWN = 500  # so many of the latest attempts tell what is due
DONE, LOOK, FAILED, BUSY, NOT_DUE = 0, 10, 11, 75, 76  # statuses of a child
GRACE = 60.0  # seconds for a child to come to a safe point when the service ends

RunDay = Callable[[Home, date, str, Show, Halt], int]


@dataclass
class Service:
    """One scheduler of one home.

    Attributes:
        run_day: runs a day and returns a status (DONE … NOT_DUE); a process of its own by default.
        clock, seconds: the wall clock, and seconds that go on whatever the wall clock does.
        show: is given what happens, as records with an `event`.
        sender: sends notices while the service runs.
        reporter: builds reports of periods that are over.
    """

    home: Home
    show: Show = lambda told: None
    clock: Callable[[], datetime] = wall
    seconds: Callable[[], float] = steady
    run_day: RunDay = field(default_factory=lambda: in_a_process)
    halt: Halt = field(default_factory=Halt)
    _woken: threading.Event = field(default_factory=threading.Event)
    _said: str = ""

    def __post_init__(self) -> None:
        self.sender = Sender(self.home, self.show, self.clock, self.seconds)
        self.reporter = Reporter(self.home, self.show, self.halt, seconds=self.seconds)
        self._watch = self._clock_watch(read_settings(self.home))

    def look(self) -> list[date]:
        """Run whatever is due, the oldest day first; return the days that were run here."""
        ran: list[date] = []
        while not self.halt.event.is_set():
            settings = read_settings(self.home)
            doubt = self._watch.doubt()
            if doubt:
                self._say(doubt)
                break
            turn = due_turn(self.home, self.clock(), settings)
            if turn is None or turn.held or self._early(turn):
                self._waiting(turn, settings)
                break
            if lease.held(self.home, lease.RUNNER):
                self._say("另一处正在运行业务日，等它结束。")
                break
            self._said = ""
            status = self.run_day(self.home, turn.day, turn.reason, self.show, self.halt)
            if status in (DONE, LOOK):
                ran.append(turn.day)
            elif status not in (FAILED, NOT_DUE):
                break
        return ran

    def left(self) -> date | None:
        """The oldest day that is due and was not run yet."""
        settings = read_settings(self.home)
        turn = due_turn(self.home, self.clock(), settings)
        return None if turn is None or turn.again else turn.day

    def run_for_ever(self) -> None:
        """Look at once, at the hour, and every half minute, until `end` is called."""
        hours = self._hours()
        self.sender.start()
        try:
            while not self.halt.event.is_set():
                try:
                    self.look()
                    self.reporter.look()
                except (IngestError, OSError) as error:  # settings being edited, a disk away
                    self._say(str(error))
                self._woken.wait(LOOK_EVERY)
                self._woken.clear()
        finally:
            self.sender.end()
            hours.shutdown(wait=False)

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def end(self, why: str = "服务停止") -> None:
        """End the service; a running day stops at its next safe point."""
        self.halt.ask(why)
        self._woken.set()

    def _early(self, turn: Turn) -> bool:
        return turn.not_before is not None and self.clock() < turn.not_before

    def _waiting(self, turn: Turn | None, settings: Settings) -> None:
        if turn is not None and turn.held:
            self._say(turn.held)
        elif turn is not None and turn.not_before is not None:
            at = turn.not_before.astimezone(CHINA)
            self._say(f"业务日 {turn.day} 将于 {at:%Y-%m-%d %H:%M} 重试。")
        else:
            day = last_due(self.clock(), settings) + timedelta(days=1)
            self._say(f"业务日 {day} 将于 {due_at(day, settings):%Y-%m-%d %H:%M} 运行。")

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self.show({"event": "wait", "message": words})

    def _clock_watch(self, settings: Settings) -> ClockWatch:
        latest = day_runs.day_runs(self.home, limit=1)
        times = [moment for run in latest for moment in (run.started_at, run.finished_at) if moment]
        settle = timedelta(minutes=settings.settle_minutes)
        return ClockWatch(settle, max(times, default=None), self.clock, self.seconds)

    def _hours(self) -> Any:
        """What wakes this one at the hour, started; its job is kept in the state database."""
        from apscheduler.jobstores.base import JobLookupError
        from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.triggers.cron import CronTrigger

        from budget_watch.lake.records import schedule_job
        from budget_watch.lake.state import engine

        at = read_settings(self.home).at
        store = SQLAlchemyJobStore(engine=engine(self.home), tablename=schedule_job.name)
        made = BackgroundScheduler(
            jobstores={"default": store},
            timezone=CHINA,
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        _services[str(self.home.root)] = self
        made.start(paused=True)
        name = f"nightly {at:%H:%M}"
        for job in made.get_jobs():  # of another hour: the setting was changed
            if job.id != name:
                with suppress(JobLookupError):  # another scheduler was quicker
                    job.remove()
        trigger = CronTrigger(hour=at.hour, minute=at.minute, timezone=CHINA)
        job, next_hour = made.get_job(name), trigger.get_next_fire_time(None, datetime.now(CHINA))
        if job is None or job.next_run_time > next_hour:  # the clock had run ahead
            made.add_job(
                wake_service,
                trigger,
                args=[str(self.home.root)],
                id=name,
                name=name,
                replace_existing=True,
            )
        made.resume()
        return made


_services: dict[str, Service] = {}


def wake_service(root: str) -> None:
    """What the stored job calls: wake the service of a home in this process."""
    found = _services.get(root)
    if found is not None:
        found.wake()


def due_turn(home: Home, now: datetime, settings: Settings) -> Turn | None:
    """The next day to run in a home, by its records."""
    latest = Snapshot.latest(home)
    runs = day_runs.day_runs(home, limit=KNOWN)
    return next_turn(runs, now, settings, latest.biz_date if latest else None)


def in_a_process(home: Home, day: date, reason: str, show: Show, halt: Halt) -> int:
    """Run a day in a process of its own and pass on what it tells.

    When `halt` is set the child is told (SIGTERM) and ends at its next safe point; one that does
    not within a minute is killed, which loses nothing either.
    """
    source = str(Path(ingest.__file__).parents[1])
    paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    command = [
        sys.executable,
        "-m",
        "ingest.schedule.child",
        str(home.root),
        day.isoformat(),
        reason,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
    ) as child:
        over = threading.Event()
        ender = threading.Thread(target=_end_child, args=(child, halt, over), daemon=True)
        ender.start()
        try:
            for line in child.stdout or ():
                if line.startswith("{"):
                    show(json.loads(line))
            status = child.wait()
        finally:
            over.set()
    if status not in (DONE, LOOK, FAILED, BUSY, NOT_DUE):
        show({"event": "wait", "message": f"业务日 {day} 的进程意外结束（{status}），稍后重试。"})
    return status


def _end_child(child: subprocess.Popen[str], halt: Halt, over: threading.Event) -> None:
    while not over.wait(0.2):
        if halt.event.is_set():
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
            return
