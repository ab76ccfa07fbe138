"""The periods that a whole table is read for."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Period:
    """One period: its name in the slot, its days, and its business day as known on the day asked.

    `yearly` tells whether what is delivered stands for the whole year.
    """

    name: str
    first: date
    last: date
    day: date
    yearly: bool


def periods(kind: str, back: int, day: date) -> list[Period]:
    """The period of a day and so many before it, oldest first."""
    if kind == "all":
        return [Period("全部", day, day, day, True)]
    found = []
    at = day
    for _ in range(back + 1):
        period = _period(kind, at, day)
        found.append(period)
        at = period.first - timedelta(days=1)
    return found[::-1]


def _period(kind: str, at: date, day: date) -> Period:
    if kind == "year":
        first, last = date(at.year, 1, 1), date(at.year, 12, 31)
        return Period(f"{at:%Y}", first, last, min(last, day), True)
    if kind == "month":
        end = calendar.monthrange(at.year, at.month)[1]
        first, last = at.replace(day=1), at.replace(day=end)
        return Period(f"{at:%Y-%m}", first, last, min(last, day), False)
    return Period(at.isoformat(), at, at, at, False)
