"""Working-day ordinals for `workdays_between`, by the calendar of the snapshot that is read.

A snapshot keeps the calendar it was published with (announced days, the home's own file); without
one the standard calendar holds. `counting_by(reader)` sets it for what is compiled or evaluated
inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from budget_watch.calendar import WorkCalendar, standard_calendar


@dataclass(frozen=True)
class _Days:
    calendar: WorkCalendar
    first: int
    ordinals: pl.Series

    @classmethod
    def of(cls, calendar: WorkCalendar) -> _Days:
        first = (calendar.start - date(1970, 1, 1)).days
        return cls(calendar, first, pl.Series("wd", calendar.ordinals, dtype=pl.Int64))


@cache
def _standard() -> _Days:
    return _Days.of(standard_calendar())


_current: ContextVar[_Days | None] = ContextVar("calendar", default=None)


def _days() -> _Days:
    return _current.get() or _standard()


@contextmanager
def counting_by(reader: Any) -> Iterator[WorkCalendar]:
    """Count working days by the calendar of a reader's snapshot."""
    calendar = calendar_of(reader)
    token = _current.set(_Days.of(calendar))
    try:
        yield calendar
    finally:
        _current.reset(token)


def calendar_of(reader: Any) -> WorkCalendar:
    """The calendar a snapshot was published with, whatever the grant; else the standard one."""
    whole = getattr(reader, "whole", reader)
    files = getattr(whole, "files", None)
    paths = files("calendar") if files is not None else []
    if not paths:
        return standard_calendar()
    return WorkCalendar.of(pl.read_parquet(paths).sort("date"))


def ordinal(day: pl.Expr) -> pl.Expr:
    """The ordinal of the last working day up to and with a date; null outside the calendar."""
    return day.map_batches(_looked_up(_days()), return_dtype=pl.Int64, is_elementwise=True)


def _looked_up(known: _Days) -> Callable[[pl.Series], pl.Series]:
    """Ordinals by place in the calendar: replacing value by value would cost a join a batch."""

    def ordinals(days: pl.Series) -> pl.Series:
        at = days.to_physical().cast(pl.Int64) - known.first
        inside = at.is_between(0, len(known.ordinals) - 1)
        return known.ordinals.gather(at.set(~inside, None)).alias(days.name)

    return ordinals


def number(day: date) -> int:
    """The same ordinal of one date."""
    return _days().calendar.wd(day)
