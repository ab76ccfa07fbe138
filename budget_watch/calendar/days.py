"""The calendar table: one row a day, with the ordinal of its working day.

Source of announced days: the chinesecalendar package (notices of the General Office of the State
Council, 2004 to the last announced year). Later years: `expected_holidays.csv`, the days of
《全国年节及纪念日放假办法》(2024 revision) without shifted working days. Both give way to a file.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import polars as pl

ANNOUNCED = "公布"
RECKONED = "推算"
EPOCH = date(2000, 1, 1)
LAST = date(2035, 12, 31)

_EXPECTED = Path(__file__).parent / "expected_holidays.csv"
_KINDS = {"工作日": True, "节假日": False, "休息日": False}
_LIBRARY_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


class CalendarError(ValueError):
    """A day lies outside the calendar, or a calendar file or a due text cannot be read."""


@dataclass(frozen=True)
class Day:
    """What is known of one day. `name` is the holiday, None on ordinary days."""

    is_workday: bool
    is_holiday: bool
    announced: bool
    name: str | None = None


def calendar_frame(start: date, end: date, overrides: Path | None = None) -> pl.DataFrame:
    """Return the days from start to end (both included), one row each, in order.

    Columns: date · wd Int64 (working days since 2000-01-01 up to and with this day, so that a day
    off carries the ordinal before it, whatever range is asked for) · weekday Int64 (Monday 1) ·
    is_workday · is_holiday (a holiday or a day off granted with it; plain weekends are not) ·
    announced 公布/推算 · name.
    Raises CalendarError outside 2000—2035 or if the override file is wrong.
    """
    if not EPOCH <= start <= end <= LAST:
        raise CalendarError(
            f"日历只覆盖 {EPOCH} 至 {LAST}，收到 {start} 至 {end}；请改用范围内的日期"
        )
    changes = read_overrides(overrides) if overrides else {}
    days = [EPOCH + timedelta(n) for n in range((end - EPOCH).days + 1)]
    known = [changes.get(day) or _known(day) for day in days]
    frame = pl.DataFrame(
        {
            "date": days,
            "weekday": [day.isoweekday() for day in days],
            "is_workday": [day.is_workday for day in known],
            "is_holiday": [day.is_holiday for day in known],
            "announced": [ANNOUNCED if day.announced else RECKONED for day in known],
            "name": [day.name for day in known],
        },
        schema_overrides={"weekday": pl.Int64, "name": pl.String},
    )
    ordinal = pl.col("is_workday").cast(pl.Int64).cum_sum().alias("wd")
    columns = ["date", "wd", "weekday", "is_workday", "is_holiday", "announced", "name"]
    return frame.with_columns(ordinal).select(columns).filter(pl.col("date") >= start)


def read_overrides(path: Path) -> dict[date, Day]:
    """Read a calendar file: CSV with the columns date, kind (工作日/节假日/休息日), name.

    Every day in it counts as announced. Raises CalendarError with file and line.
    """
    days: dict[date, Day] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"date", "kind"} <= set(reader.fieldnames or ()):
            raise CalendarError(f"{path}:1: 首行应为 date,kind,name")
        for number, row in enumerate(reader, start=2):
            day, kind = _day_and_kind(path, number, row)
            if day in days:
                raise CalendarError(f"{path}:{number}: {day} 写了两次；请只保留一行")
            name = (row.get("name") or "").strip() or None
            days[day] = Day(_KINDS[kind], kind == "节假日", announced=True, name=name)
    return days


@dataclass(frozen=True)
class WorkCalendar:
    """The calendar as a lookup, for reckoning single dates. `frame` is that of calendar_frame."""

    frame: pl.DataFrame
    start: date
    ordinals: tuple[int, ...]
    workdays: tuple[bool, ...]
    announced: tuple[bool, ...]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> WorkCalendar:
        """Build the lookup from a calendar table without gaps."""
        days: list[date] = frame["date"].to_list()
        if not days or (days[-1] - days[0]).days + 1 != len(days):
            raise CalendarError("日历表应逐日连续；请用 calendar_frame 重新生成")
        return cls(
            frame=frame,
            start=days[0],
            ordinals=tuple(frame["wd"]),
            workdays=tuple(frame["is_workday"]),
            announced=tuple(frame["announced"] == ANNOUNCED),
        )

    def index(self, day: date) -> int:
        """Return the row of a day. Raises CalendarError outside the calendar."""
        number = (day - self.start).days
        if not 0 <= number < len(self.ordinals):
            last = self.start + timedelta(len(self.ordinals) - 1)
            raise CalendarError(f"{day} 不在日历（{self.start} 至 {last}）内；请扩展日历")
        return number

    def is_workday(self, day: date) -> bool:
        """Whether people work on this day."""
        return self.workdays[self.index(day)]

    def wd(self, day: date) -> int:
        """The ordinal of the last working day up to and with this day."""
        return self.ordinals[self.index(day)]

    def is_announced(self, first: date, last: date) -> bool:
        """Whether no day from first to last is merely reckoned (推算)."""
        low, high = sorted((self.index(first), self.index(last)))
        return all(self.announced[low : high + 1])


@cache
def standard_calendar(overrides: Path | None = None) -> WorkCalendar:
    """Return the calendar 2000—2035, with the days of an override file if one is given."""
    return WorkCalendar.of(calendar_frame(EPOCH, LAST, overrides))


def _known(day: date) -> Day:
    announced_years = range(2004, _last_announced_year() + 1)
    if day.year in announced_years:
        off, name = chinese_calendar.get_holiday_detail(day)
        holiday = off and day in chinese_calendar.constants.holidays
        title = _LIBRARY_NAMES.get(str(name), str(name)) if holiday else None
        return Day(not off, holiday, announced=True, name=title)
    name = _expected().get(day)
    return Day(day.isoweekday() < 6 and name is None, name is not None, announced=False, name=name)


@cache
def _last_announced_year() -> int:
    return int(max(day.year for day in chinese_calendar.constants.holidays))


@cache
def _expected() -> Mapping[date, str]:
    with _EXPECTED.open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]): row["name"] for row in csv.DictReader(file)}


def _day_and_kind(path: Path, number: int, row: Mapping[str, str]) -> tuple[date, str]:
    kind = (row["kind"] or "").strip()
    if kind not in _KINDS:
        raise CalendarError(f"{path}:{number}: kind 为“{kind}”；应为 {'、'.join(_KINDS)} 之一")
    try:
        return date.fromisoformat((row["date"] or "").strip()), kind
    except ValueError as error:
        raise CalendarError(f"{path}:{number}: 日期应写成 2027-01-01 的样子") from error
