"""calendar 日历: every day with the ordinal of its working day, as marts and snapshots need it.

From `budget_watch.calendar`, with the days of the home's own file (`<home>/calendar.csv`) where
there is one. Stored as a mart, so that a snapshot says by which calendar its payments were dated.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from budget_watch.calendar import standard_calendar
from budget_watch.lake.marts.mart import Inputs, Mart, mart_contract

CONTRACT = mart_contract(
    8,
    "calendar",
    "日历",
    "reference",
    ["date"],
    "日",
    """
date date 日期 !
wd int 工作日序号 !
weekday int 星期 !
is_workday bool 是否工作日 !
is_holiday bool 是否节假日 !
announced str 公布或推算 !
name str 节日
""",
)


def days(overrides: Path | None) -> pl.DataFrame:
    """date, wd, weekday, is_workday, is_holiday, announced, name; 2000 to 2035."""
    return standard_calendar(overrides).frame


def calendar_hash(overrides: Path | None) -> str:
    """A hash of every day's ordinal and standing."""
    frame = days(overrides).select("wd", "is_workday", "announced")
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()[:16]


class CalendarMart(Mart):
    """The mart that has no input but the calendar itself."""

    def make(self, inputs: Inputs, part: str, rows: pl.LazyFrame | None = None) -> pl.LazyFrame:
        """All days."""
        return inputs.days().lazy().select(CONTRACT.names)

    def fingerprint(self, calendar: str) -> str:
        """The calendar's hash decides alone."""
        return calendar


CALENDAR = CalendarMart(CONTRACT, (), (), lambda frames: pl.LazyFrame())
