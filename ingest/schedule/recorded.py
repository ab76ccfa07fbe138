"""One business day, run under the lease `runner` and written down as it goes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from budget_watch.lake import Home, LakeError, day_runs, faults
from budget_watch.lake.day_runs import BROKEN, CANCELLED, DONE, FAILED, LOOK, DayRun, SourceResult
from budget_watch.lake.lease import RUNNER, Lease
from ingest.errors import IngestError
from ingest.schedule.clock import wall
from ingest.source import Stopped

EXPECTED = (IngestError, LakeError, OSError, ValueError)
Show = Callable[[Mapping[str, Any]], None]
HALT_SECONDS, LOOK_SECONDS = 0.1, 1.0  # how often a day looks at its halt, and at the database


@dataclass
class Teller:
    """What a running day tells: its phase, its sources, its steps. `stop` is set to end it."""

    home: Home
    run: str
    show: Show
    clock: Callable[[], datetime]
    stop: threading.Event

    def phase(self, name: str) -> None:
        """The day has come to a phase (one of PHASES)."""
        day_runs.enter(self.home, self.run, name, self.clock())
        self.show({"event": "phase", "run": self.run, "phase": name})

    def source(self, name: str, result: SourceResult) -> None:
        """A source has brought what it could."""
        day_runs.note_source(self.home, self.run, name, result)
        self.show({"event": "source", "run": self.run, "source": name, **result.record()})

    def step(self, done: int, total: int, what: str) -> None:
        """So much of the phase is done."""
        self.show({"event": "step", "run": self.run, "done": done, "total": total, "what": what})

    def go_on(self) -> None:
        """A safe point.

        Raises:
            Stopped: the day was cancelled.
        """
        if self.stop.is_set():
            raise Stopped("运行被取消；已完成的部分都在，继续时从停下的地方接着做。")


@dataclass(frozen=True)
class Ended:
    """How a day's work ended: one sentence, figures, and whether a person must look."""

    message: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    look: bool = False


class Work(Protocol):
    """A day's work, from the sources to the findings."""

    def __call__(self, home: Home, day: date, tell: Teller) -> Ended:
        """Do it. Raises Stopped at a safe point after `tell.stop` was set."""


@dataclass
class Halt:
    """A way to end a running day from outside: `why` is written into the record."""

    event: threading.Event = field(default_factory=threading.Event)
    why: str = ""

    def ask(self, why: str) -> None:
        """End the day at its next safe point."""
        if not self.event.is_set():
            self.why = why
            self.event.set()


def run_recorded(
    home: Home,
    day: date,
    work: Work,
    *,
    reason: str,
    owner: str = "每日运行",
    show: Show = lambda told: None,
    clock: Callable[[], datetime] = wall,
    halt: Halt | None = None,
    still_due: Callable[[], bool] = lambda: True,
) -> DayRun | None:
    """Run a day and record it; None where it turned out, with the lease in hand, not to be due.

    Raises:
        LeaseError: another process runs a day; says which and where.
        BaseException: whatever ended the work, after it was recorded; not for IngestError,
            LakeError and other ordinary failures, which are in the record returned.
    """
    lease = Lease(home, owner, RUNNER)
    outer, halt = halt or Halt(), Halt()  # a cancelled day does not end the service that ran it
    try:
        if not still_due():
            return None
        run = day_runs.begin(home, day, reason, clock())
        show({"event": "run", "run": run, "biz_date": day.isoformat(), "reason": reason})
        over = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(home, run, lease, (outer, halt), over), daemon=True, name="cancel"
        )
        watcher.start()
        try:
            outcome, message, counts = _work(
                home, day, work, Teller(home, run, show, clock, halt.event), halt
            )
            day_runs.finish(home, run, outcome, message, counts, clock())
        except BaseException as error:  # Ctrl+C, or the interpreter's end: written down, passed on
            why = halt.why or f"运行被打断（{type(error).__name__}）"
            day_runs.finish(home, run, BROKEN, f"{why}；下次运行接着做。", {}, clock())
            raise
        finally:
            over.set()
            watcher.join()
    finally:
        lease.release()
    ended = day_runs.get(home, run)
    show({"event": "end", **ended.record()})
    return ended


def _work(
    home: Home, day: date, work: Work, tell: Teller, halt: Halt
) -> tuple[str, str, Mapping[str, Any]]:
    try:
        ended = work(home, day, tell)
    except Stopped as stopped:
        if day_runs.cancel_asked(home, tell.run):
            return CANCELLED, str(stopped), {}
        return BROKEN, f"{halt.why or stopped}；下次运行接着做。", {}
    except Exception as error:
        said = faults.told(error, home.root)
        if said is not None:
            return FAILED, said, {}
        if not isinstance(error, EXPECTED):
            logging.getLogger(__name__).exception("业务日 %s 的运行出错", day)
        return FAILED, str(error) or type(error).__name__, {}
    return LOOK if ended.look else DONE, ended.message, ended.counts


def _watch(
    home: Home, run: str, lease: Lease, halts: tuple[Halt, Halt], over: threading.Event
) -> None:
    """Set the halt when somebody has asked for it, here or on another machine."""
    outer, halt = halts
    looked = time.monotonic()
    while not over.wait(HALT_SECONDS):
        if outer.event.is_set():
            halt.ask(outer.why)
        if lease.lost.is_set():
            halt.ask("运行权已被另一台机器接管")
        if time.monotonic() - looked < LOOK_SECONDS:
            continue
        looked = time.monotonic()
        try:
            if day_runs.cancel_asked(home, run):
                halt.ask("运行被取消")
        except SQLAlchemyError:  # the database is away for a moment; ask again
            continue
