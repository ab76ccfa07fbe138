"""Working-day ordinals of the standard calendar, for `workdays_between`."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl

from budget_watch.calendar import standard_calendar


@cache
def _ordinals() -> tuple[int, pl.Series]:
    calendar = standard_calendar()
    first = (calendar.start - date(1970, 1, 1)).days
    return first, pl.Series("wd", calendar.ordinals, dtype=pl.Int64)


def ordinal(day: pl.Expr) -> pl.Expr:
    """The ordinal of the last working day up to and with a date; null outside the calendar."""
    first, ordinals = _ordinals()
    at = day.cast(pl.Int32).cast(pl.Int64) - first
    inside = (at >= 0) & (at < len(ordinals))
    days = pl.int_range(0, len(ordinals), dtype=pl.Int64, eager=True)
    return (
        pl.when(inside).then(at).replace_strict(days, ordinals, default=None, return_dtype=pl.Int64)
    )


def number(day: date) -> int:
    """The same ordinal of one date."""
    return standard_calendar().wd(day)
