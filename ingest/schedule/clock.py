"""Whether the wall clock can be believed: it is held against a clock that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=10)


def wall() -> datetime:
    """The machine's time, UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Seconds since the machine was started, sleep included; cannot be set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ClockWatch:
    """Notices jumps of the wall clock, and how long ago the last one was.

    Args:
        history: the latest time that the records name; a clock that starts before it has gone back.
        settle: how long the clock must stand after a jump before days are run by it.
    """

    def __init__(
        self,
        settle: timedelta,
        history: datetime | None = None,
        now: Callable[[], datetime] = wall,
        seconds: Callable[[], float] = steady,
    ) -> None:
        self._settle = settle.total_seconds()
        self._now, self._seconds = now, seconds
        self._last = (now(), seconds())
        self._jumped: float | None = None
        self._said = ""
        if history is not None and history > self._last[0] + TOLERANCE:
            self._jumped = self._last[1]
            self._said = f"系统时间早于最近一次运行的时间 {history.astimezone():%Y-%m-%d %H:%M}"

    def doubt(self) -> str:
        """Why no day is run just now; empty where the clock is believed."""
        now, seconds = self._now(), self._seconds()
        went = (now - self._last[0]).total_seconds() - (seconds - self._last[1])
        self._last = (now, seconds)
        if abs(went) > TOLERANCE.total_seconds():
            self._jumped = seconds
            word = "前进" if went > 0 else "后退"
            self._said = f"系统时间突然{word}了 {_length(abs(went))}"
        if self._jumped is None or seconds - self._jumped >= self._settle:
            self._jumped = None
            return ""
        left = _length(self._settle - (seconds - self._jumped))
        return f"{self._said}，暂不运行；请核对系统时间，{left}后仍如此即以它为准。"


def _length(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} 分钟"
    hours = round(minutes / 60)
    return f"{hours} 小时" if hours < 48 else f"{round(hours / 24)} 天"
