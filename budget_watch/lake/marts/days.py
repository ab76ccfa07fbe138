"""The calendar as marts need it: one row a day, with the ordinal of the working day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import chinese_calendar
import polars as pl

FIRST, LAST = date(2010, 1, 1), date(2030, 12, 31)
FINGERPRINT = f"{chinese_calendar.__name__}-{max(chinese_calendar.holidays).year}"


@cache
def days() -> pl.DataFrame:
    """day, wd (working days since 2010-01-01, a day off carries the one before), weekday (1 = Monday),
    is_workday, wd_to_year_end (working days left in the year after this day)."""
    span = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    known = max(chinese_calendar.holidays).year
    works = [
        chinese_calendar.is_workday(day) if day.year <= known else day.weekday() < 5 for day in span
    ]
    frame = pl.DataFrame({"day": span, "is_workday": works})
    return frame.with_columns(
        wd=pl.col("is_workday").cast(pl.Int64).cum_sum(),
        weekday=pl.col("day").dt.weekday().cast(pl.Int64),
    ).with_columns(
        wd_to_year_end=pl.col("wd").max().over(pl.col("day").dt.year()) - pl.col("wd"),
    )
