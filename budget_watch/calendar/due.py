"""Due dates of deliveries, as contracts write them: T+1工作日, 次月12日, 次年3-31 …"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from budget_watch.calendar.days import CalendarError, WorkCalendar, standard_calendar
from budget_watch.calendar.periods import add_days, add_workdays

Base = Literal["day", "event", "approval", "month", "quarter", "year"]
Span = Literal["day", "month", "quarter", "year"]

_WORDS: dict[str, Base] = {"T+": "day", "事件后": "event", "批准后": "approval"}
_ORDER: dict[Span, tuple[Base, ...]] = {
    "day": ("day", "event", "approval"),
    "month": ("month", "quarter", "year"),
    "quarter": ("quarter", "month", "year"),
    "year": ("year", "approval", "quarter", "month"),
}


@dataclass(frozen=True)
class Reckoned:
    """A due date, and whether every day it rests on is announced (公布) or some only 推算."""

    day: date
    announced: bool


@dataclass(frozen=True)
class Due:
    """When a delivery is due, counted from a base: a business day, an event, a period's end."""

    text: str
    base: Base
    days: int = 0
    workdays: bool = False
    month: int = 0
    day: int = 0

    def reckon(
        self, base: date, *, roll_over: bool = False, calendar: WorkCalendar | None = None
    ) -> Reckoned:
        """Return the due date for a base date (business day, event, or last day of the period)."""
        known = calendar or standard_calendar()
        if self.workdays:
            end = add_workdays(base, self.days, known)
            return Reckoned(end, known.is_announced(base, end))
        last = add_days(self._plain(base), 0, roll_over=roll_over, calendar=known)
        return Reckoned(last, not roll_over or known.is_announced(base, last))

    def _plain(self, base: date) -> date:
        if self.base == "month":
            year, month = divmod(base.year * 12 + base.month, 12)
            return date(year, month + 1, min(self.day, monthrange(year, month + 1)[1]))
        if self.base == "year":
            return date(base.year + 1, self.month, self.day)
        return add_days(base, self.days)


def parse_due(text: str) -> Due:
    """Read a due text. Raises CalendarError with the forms that are understood."""
    plain = text.strip()
    if match := re.fullmatch(r"(T\+|事件后|批准后)(\d+)(个?工作日|日)", plain):
        word, number, unit = match.groups()
        return Due(plain, _WORDS[word], days=int(number), workdays=unit.endswith("工作日"))
    if match := re.fullmatch(r"季后(\d+)(个?工作日|日)", plain):
        number, unit = match.groups()
        return Due(plain, "quarter", days=int(number), workdays=unit.endswith("工作日"))
    if (match := re.fullmatch(r"次月(\d+)日", plain)) and 1 <= int(match[1]) <= 31:
        return Due(plain, "month", day=int(match[1]))
    if match := re.fullmatch(r"次年(\d+)(?:-|月)(\d+)日?", plain):
        month, day = int(match[1]), int(match[2])
        if 1 <= month <= 12 and 1 <= day <= monthrange(2001, month)[1]:
            return Due(plain, "year", month=month, day=day)
    raise CalendarError(
        f"看不懂报送期限“{text}”；可写 T+1工作日、事件后5工作日、批准后20日、季后20日、"
        "次月12日、次年3-31"
    )


def due_date(
    texts: Sequence[str],
    base: date,
    span: Span,
    *,
    roll_over: bool = False,
    calendar: WorkCalendar | None = None,
) -> Reckoned:
    """Return the due date of a delivery that covers a day, month, quarter or year ending on base.

    A contract may state several texts (monthly figures and a final account); the one that fits the
    span counts, and the first one where none does.
    """
    known = [parse_due(text) for text in texts]
    for wanted in _ORDER[span]:
        for due in known:
            if due.base == wanted:
                return due.reckon(base, roll_over=roll_over, calendar=calendar)
    return known[0].reckon(base, roll_over=roll_over, calendar=calendar)
