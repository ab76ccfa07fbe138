"""Fetches from all sources at once: `fetch_all`. Whoever fails, hangs or is late holds nobody.

Each source has a thread, a spool, a memory of its own and a lock, so that no two processes fetch
from it at once. What it has put whole stays, whatever becomes of the rest.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from polars.exceptions import PolarsError

from budget_watch.lake import Home, faults
from ingest.errors import IngestError
from ingest.registry import Configured
from ingest.source import Errand, SourceFault, Stopped, Tell
from ingest.spool import Parcel, Spool

GRACE_SECONDS = 20.0  # for a source to end by itself after its time is over
_LOOK_SECONDS = 0.1


@dataclass
class SourceReport:
    """What one source brought.

    Attributes:
        outcome: done; failed (see `fault`); stopped (its time was over, or the run cancelled).
        fault: one sentence; None where it went well.
        parcels: how many it handed over, those known before with them; fresh: not known before.
        tables: codes of their tables.
        notes: what was odd, but survived.
    """

    name: str
    outcome: Literal["done", "failed", "stopped"] = "done"
    fault: str | None = None
    parcels: int = 0
    fresh: int = 0
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "source": self.name,
            "outcome": self.outcome,
            "fault": self.fault,
            "parcels": self.parcels,
            "fresh": self.fresh,
            "tables": list(self.tables),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 2),
        }


class _Counting(Spool):
    """A spool that counts what is put; a source that fails can say nothing of it any more."""

    def __init__(self, home: Home, source: str) -> None:
        super().__init__(home, source)
        self.seen: dict[str, str] = {}
        self.fresh = 0

    def enter(self, laid: Parcel) -> Parcel:
        """Write its slip, see `Spool.enter`, and remember that."""
        kept = super().enter(laid)
        if kept.slip_id not in self.seen:
            self.seen[kept.slip_id] = kept.table
            self.fresh += self.last_was_new
        return kept


@dataclass
class _Turn:
    """One source's thread and what it does."""

    configured: Configured
    errand: Errand
    spool: _Counting
    report: SourceReport
    deadline: float
    started: float = field(default_factory=time.monotonic)
    late: bool = False
    thread: threading.Thread | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Fetch; whatever goes wrong becomes the report's fault."""
        report = self.report
        try:
            with _locked(self.spool):
                self.spool.sweep()
                fetched = self.configured.source.fetch(self.errand)
            report.notes = fetched.notes
            report.parcels = len(fetched.parcels)
        except Stopped as error:
            report.outcome, report.fault = "stopped", str(error)
        except IngestError as error:
            report.outcome, report.fault = "failed", str(error)
        except (OSError, PolarsError) as error:
            self._of_the_disk(error)
        except Exception as error:
            self._unforeseen(error)
        finally:
            self.over.set()

    def _of_the_disk(self, error: Exception) -> None:
        said = faults.told(error, self.spool.folder)
        if said is not None:
            self.report.outcome = "failed"
            self.report.fault = f"数据源“{self.report.name}”没有取到。{said}"
        elif not isinstance(error, OSError):
            self._unforeseen(error)
        else:
            report = self.report
            what = f"{error.strerror or error}{f'（{error.filename}）' if error.filename else ''}"
            report.outcome, report.fault = "failed", f"数据源“{report.name}”读写失败：{what}。"

    def _unforeseen(self, error: Exception) -> None:
        logging.getLogger(__name__).exception("数据源 %s 取数出错", self.report.name)
        self.report.outcome = "failed"
        self.report.fault = (
            f"数据源“{self.report.name}”取数时程序出错（{type(error).__name__}：{error}）；"
            "其他数据源不受影响，请把日志交给开发人员。"
        )

    def settled(self) -> SourceReport:
        """The report, with what the spool saw."""
        report = self.report
        report.seconds = time.monotonic() - self.started
        report.parcels = max(report.parcels, len(self.spool.seen))
        report.fresh = self.spool.fresh
        report.tables = tuple(sorted({table for table in self.spool.seen.values() if table}))
        return report


def fetch_all(
    home: Home,
    day: date,
    sources: Sequence[Configured],
    stop: threading.Event,
    told: Callable[[SourceReport], None] = lambda report: None,
    tell: Tell = lambda text: None,
) -> list[SourceReport]:
    """Let all sources fetch up to a business date at once; return when the last has ended.

    Args:
        stop: set from outside to end all of them.
        told: is given each source's report as soon as it has ended.
        tell: is told what sources are doing.
    """
    turns = [_turn(home, day, one, tell) for one in sources]
    for turn in turns:
        turn.thread = threading.Thread(
            target=turn.run, daemon=True, name=f"source {turn.report.name}"
        )
        turn.thread.start()
    waiting = list(turns)
    while waiting:
        for turn in list(waiting):
            if turn.over.wait(_LOOK_SECONDS / len(waiting)) or _given_up(turn, stop):
                waiting.remove(turn)
                told(turn.settled())
    return [turn.report for turn in turns]


def _turn(home: Home, day: date, one: Configured, tell: Tell) -> _Turn:
    spool = _Counting(home, one.name)
    memory = spool.folder / "memory"
    memory.mkdir(parents=True, exist_ok=True)

    def said(text: str) -> None:
        tell(f"{one.name}：{text}")

    errand = Errand(day, spool, memory, threading.Event(), said)
    deadline = time.monotonic() + one.timeout_seconds
    return _Turn(one, errand, spool, SourceReport(one.name), deadline)


def _given_up(turn: _Turn, stop: threading.Event) -> bool:
    """Ask a source to stop when it is time; True once it will not listen."""
    now = time.monotonic()
    if not turn.errand.stop.is_set():
        turn.late = now > turn.deadline
        if not (turn.late or stop.is_set()):
            return False
        turn.errand.stop.set()
        turn.deadline = now + GRACE_SECONDS
        return False
    if now < turn.deadline:
        return False
    # The thread goes on by itself and ends with the process. What it still puts is whole, too.
    minutes = turn.configured.timeout_seconds / 60
    why = f"超过时限 {minutes:g} 分钟" if turn.late else "运行被取消"
    report = SourceReport(turn.report.name, "stopped")
    report.fault = f"数据源“{report.name}”{why}且没有回应，本次不再等它；下次运行继续。"
    turn.report = report
    return True


@contextmanager
def _locked(spool: Spool) -> Iterator[None]:
    """One fetch of a source at a time, among all processes of this machine.

    Raises:
        SourceFault: another one is at it.
    """
    spool.folder.mkdir(parents=True, exist_ok=True)
    with (spool.folder / "fetching.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SourceFault(
                f"数据源“{spool.source}”正由另一个进程取数，或上一次取数还没有结束；"
                "已取到的照常入库，下次运行再取。"
            ) from error
        yield
