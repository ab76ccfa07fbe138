"""Which deliveries a table owes: the periods of its due texts, each with the day it is due.

T+n owes every working day (a day off has no delivery of its own), 次月 every month, 季后 every
quarter, 次年 every year. What is due after an event or an approval has no period here: nobody can
say beforehand that there will be one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from budget_watch.calendar.days import CalendarError, WorkCalendar, standard_calendar
from budget_watch.calendar.due import Base, Due, Reckoned, Span, parse_due

DAY = timedelta(days=1)
_OWED: dict[Base, Span] = {"day": "day", "month": "month", "quarter": "quarter", "year": "year"}
_MONTHS: dict[Span, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, order=True)
class Period:
    """A day, month, quarter or year, by its first and last day."""

    first: date
    last: date
    span: Span

    @property
    def name(self) -> str:
        """As slots are named: 2026-11-18, 2026-11, 2026-Q4, 2026."""
        match self.span:
            case "day":
                return self.first.isoformat()
            case "month":
                return f"{self.first:%Y-%m}"
            case "quarter":
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"
            case _:
                return str(self.first.year)

    @property
    def title(self) -> str:
        """For people: 2026年11月18日, 2026年11月, 2026年第4季度, 2026年."""
        first = self.first
        match self.span:
            case "day":
                return f"{first.year}年{first.month}月{first.day}日"
            case "month":
                return f"{first.year}年{first.month}月"
            case "quarter":
                return f"{first.year}年第{(first.month + 2) // 3}季度"
            case _:
                return f"{first.year}年"


@dataclass(frozen=True)
class Owed:
    """A period and the day its delivery is due."""

    period: Period
    due: Reckoned


def period_of(span: Span, day: date) -> Period:
    """The period of this length that a day lies in."""
    if span == "day":
        return Period(day, day, span)
    months = _MONTHS[span]
    start = (day.month - 1) // months * months + 1
    end = date(day.year + (start + months > 12), (start + months - 1) % 12 + 1, 1) - DAY
    return Period(date(day.year, start, 1), end, span)


def spans(texts: Sequence[str]) -> tuple[tuple[Span, Due], ...]:
    """The lengths of period that due texts owe, with their due, the finest first."""
    known = [parse_due(text) for text in texts]
    owed = {_OWED[due.base]: due for due in known if due.base in _OWED}
    order: tuple[Span, ...] = ("day", "month", "quarter", "year")
    return tuple((span, owed[span]) for span in order if span in owed)


def owed(
    span: Span,
    due: Due,
    since: date,
    until: date,
    *,
    roll_over: bool = True,
    calendar: WorkCalendar | None = None,
) -> Iterator[Owed]:
    """The periods of a span that begin on `since` or later and were over by `until`, in order."""
    known = calendar or standard_calendar()
    period = period_of(span, since)
    if period.first < since:
        period = period_of(span, period.last + DAY)
    while period.last <= until:
        if span != "day" or known.is_workday(period.first):
            yield Owed(period, _reckon(due, period.last, roll_over, known))
        period = period_of(span, period.last + DAY)


def _reckon(due: Due, base: date, roll_over: bool, calendar: WorkCalendar) -> Reckoned:
    try:
        return due.reckon(base, roll_over=roll_over, calendar=calendar)
    except CalendarError:  # beyond the calendar: reckoned without days off
        return Reckoned(due.reckon(base, calendar=calendar).day, announced=False)


@cache
def parse_period(text: str) -> Period | None:
    """A period as a slot's name says it; None where it is no period's name."""
    try:
        match len(text):
            case 4:
                return period_of("year", date(int(text), 1, 1))
            case 7 if text[5] == "Q":
                return period_of("quarter", date(int(text[:4]), int(text[6]) * 3, 1))
            case 7:
                return period_of("month", date(int(text[:4]), int(text[5:]), 1))
            case 10:
                return period_of("day", date.fromisoformat(text))
    except ValueError:
        pass
    return None
