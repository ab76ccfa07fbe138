"""The cursor's values: moments, days, growing numbers, moments written as text.

A mark is what the growing column of a row says. It can be set back by the overlap, made for a
moment (the end of a business day), written into a slot's name and kept in the memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl

from ingest.source import SourceFault

ZONE = ZoneInfo("Asia/Shanghai")
Value = datetime | date | int | str
Kind = Literal["moment", "day", "number", "text"]
_TEXTS = (
    (re.compile(r"\d{14}"), "%Y%m%d%H%M%S", 14),
    (re.compile(r"\d{17,20}"), "%Y%m%d%H%M%S%f", 0),
    (re.compile(r"\d{8}"), "%Y%m%d", 8),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S", 19),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+"), "%Y-%m-%d %H:%M:%S.%f", 0),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"), "%Y-%m-%dT%H:%M:%S", 19),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+"), "%Y-%m-%dT%H:%M:%S.%f", 0),
    (re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d", 10),
    (re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"), "%Y/%m/%d %H:%M:%S", 19),
)


@dataclass(frozen=True)
class Clock:
    """How a growing column tells time: its kind, and the form of its texts.

    `length` is that of a text, which a form with fractions of a second has from its column.
    """

    kind: Kind
    form: str = ""
    length: int = 0

    @property
    def is_time(self) -> bool:
        """Whether it can be held against the end of a day."""
        return self.kind != "number"

    def at(self, moment: datetime) -> Value:
        """The mark of a moment (Asia/Shanghai, naive)."""
        if self.kind == "day":
            return moment.date()
        if self.kind == "text":
            return moment.strftime(self.form)[: self.length]
        return moment

    def back(self, mark: Value, hours: float, numbers: int) -> Value:
        """The mark set back by the overlap."""
        if self.kind == "number":
            return int(mark) - numbers  # type: ignore[arg-type]
        return self.at(self.moment(mark) - timedelta(hours=hours))

    def moment(self, mark: Value) -> datetime:
        """The moment of a mark that is a time."""
        if isinstance(mark, datetime):
            return mark
        if isinstance(mark, date):
            return datetime(mark.year, mark.month, mark.day)
        told = str(mark)
        # more digits than microseconds: Python reads six
        told = told[:20] if self.form.endswith("S%f") else told
        return datetime.strptime(told, self.form)

    def shown(self, mark: Value | None) -> str:
        """The mark in a slot's name."""
        if mark is None:
            return "始"
        if self.kind == "moment":
            return f"{mark:%Y%m%dT%H%M%S.%f}".rstrip("0").rstrip(".")
        return re.sub(r"[^0-9A-Za-z.+-]", "", str(mark))

    def series(self, values: pl.Series) -> pl.Series:
        """A column of marks in a type that compares."""
        if self.kind == "moment":
            return naive(values).cast(pl.Datetime("us"))
        if self.kind == "day":
            return values.cast(pl.Date)
        if self.kind == "number":
            return values.cast(pl.Int64)
        return values.cast(pl.String)


def clock_of(mark: Any, what: str) -> Clock:
    """How a column whose newest value is `mark` tells time.

    Raises:
        SourceFault: it is none of the kinds.
    """
    if isinstance(mark, datetime):
        return Clock("moment")
    if isinstance(mark, date):
        return Clock("day")
    if isinstance(mark, bool) or mark is None:
        pass
    elif isinstance(mark, int) or (isinstance(mark, Decimal) and mark == int(mark)):
        return Clock("number")
    elif isinstance(mark, str):
        for pattern, form, length in _TEXTS:
            if pattern.fullmatch(mark.strip()):
                return Clock("text", form, length or len(mark.strip()))
    raise SourceFault(
        f"{what} 的值“{mark}”不是时间、日期或递增的整数，不能作游标；"
        "请在 since 写更新时间或流水号的列。"
    )


def plain(mark: Any) -> Any:
    """A mark as the driver gave it, without zone and in our types."""
    if isinstance(mark, datetime) and mark.tzinfo is not None:
        return mark.astimezone(ZONE).replace(tzinfo=None)
    if isinstance(mark, Decimal) and mark == int(mark):
        return int(mark)
    return mark.strip() if isinstance(mark, str) else mark


def naive(values: pl.Series) -> pl.Series:
    """Moments of any zone in that of Shanghai, without it."""
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        return values.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
    return values


def written(mark: Value | None) -> Any:
    """A mark as JSON."""
    return mark.isoformat() if isinstance(mark, date) else mark


def read(told: Any, clock: Clock) -> Value | None:
    """A mark from JSON or from the settings (`start`)."""
    if told is None:
        return None
    if clock.kind == "number":
        return int(told)
    if clock.kind == "text":
        return str(told)
    moment = datetime.fromisoformat(str(told))
    return moment.date() if clock.kind == "day" else moment
