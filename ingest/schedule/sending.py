"""Sends notices beside the scheduler: looks every half minute, and at periods every ten minutes.

In a thread of its own: a mail server that does not answer holds up no business day, and a business
day no mail. Two machines may do so at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from budget_watch.access.errors import AccessError
from budget_watch.lake import Home, LakeError
from ingest.errors import IngestError
from ingest.schedule.clock import ClockWatch, steady, wall
from ingest.schedule.plan import read_settings
from ingest.schedule.recorded import Show

LOOK_EVERY, SWEEP_EVERY = 30.0, 600.0  # seconds


@dataclass
class Sender:
    """One sender of one home. `end` ends it; a message on its way is given up by its time limit."""

    home: Home
    show: Show = lambda told: None
    clock: Callable[[], datetime] = wall
    seconds: Callable[[], float] = steady
    _over: threading.Event = field(default_factory=threading.Event)
    _swept: float | None = None
    _said: str = ""

    def __post_init__(self) -> None:
        settle = timedelta(minutes=read_settings(self.home).settle_minutes)
        self._watch = ClockWatch(settle, None, self.clock, self.seconds)
        self._thread = threading.Thread(target=self._run, daemon=True, name="notices")

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def end(self) -> None:
        """Send no more."""
        self._over.set()

    def look(self) -> None:
        """Send what is due; what goes wrong is said, once, and nothing else stops for it."""
        from budget_watch.casework.errors import CaseworkError

        try:
            self._look()
        except (AccessError, CaseworkError, IngestError, LakeError, OSError) as error:
            self._say(f"通知没有发送：{error}")
        except SQLAlchemyError as error:  # the database is away for a moment
            self._say(f"通知没有发送：{type(error).__name__}")

    def _look(self) -> None:
        from budget_watch.notices.sending import send
        from budget_watch.notices.sweeping import sweep

        if self._watch.doubt() or not self.home.exists:
            return
        now = self.seconds()
        if self._swept is None or now - self._swept >= SWEEP_EVERY:
            sweep(self.home, self.clock())
            self._swept = now
            self._reports()
        done = send(self.home, self.clock)
        if done.sent or done.put_off or done.failed:
            self._say(done.sentence, {"sent": len(done.sent), "failed": len(done.failed)})

    def _reports(self) -> None:
        """Begin a report that a node of the supervision year waits for."""
        from budget_watch.digest.year_reports import build_due

        issue = build_due(self.home, self.clock())
        if issue is not None:
            said = f"监督日历：开始生成 {issue.report} {issue.period}（第{issue.number}号）"
            self._say(said, {"issue": issue.number})

    def _run(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(LOOK_EVERY)

    def _say(self, words: str, more: dict[str, Any] | None = None) -> None:
        if more or words != self._said:
            self._said = words
            self.show({"event": "notices", "message": words, **(more or {})})
