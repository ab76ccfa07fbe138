"""Which time and which place a view speaks of: the span and the scope.

A comparison is only ever made between two equal spans: 时间进度 is the share of the year gone at
the end of the same span (months ÷ 12 where it ends with a month, as rule ZX06 judges, else
days ÷ days of the year).
"""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from budget_watch.views.figure import Figure, Origin, Unit
from budget_watch.views.query import Desk, Term

CITY = ("本级", "全市")


@dataclass(frozen=True)
class Span:
    """From the first of January to the end of a month, or to a day within it.

    Attributes:
        fiscal_year: 财政年度.
        month: last month of the span, 1–12.
        until: the last day, where the span ends inside `month`; None = it ends with the month.
    """

    fiscal_year: int
    month: int
    until: date | None = None

    @classmethod
    def to_day(cls, day: date) -> Span:
        """The span from new year to a day; a month's last day gives the whole month."""
        whole = day.day == monthrange(day.year, day.month)[1]
        return cls(day.year, day.month, None if whole else day)

    @property
    def end(self) -> date:
        """The last day."""
        last = monthrange(self.fiscal_year, self.month)[1]
        return self.until or date(self.fiscal_year, self.month, last)

    @property
    def closed_month(self) -> int:
        """The last month that is over (0 in an unfinished January): what monthly tables can say."""
        return self.month - 1 if self.until else self.month

    @property
    def pace(self) -> Fraction:
        """时间进度, the share of the year gone."""
        if self.until is None:
            return Fraction(self.month, 12)
        days = (self.until - date(self.fiscal_year, 1, 1)).days + 1
        return Fraction(days, 366 if isleap(self.fiscal_year) else 365)

    @property
    def label(self) -> str:
        """1月, 1—9月, 2026年, 截至2026年11月20日."""
        if self.until is not None:
            return f"截至{self.until.year}年{self.until.month}月{self.until.day}日"
        if self.month == 12:
            return f"{self.fiscal_year}年"
        return "1月" if self.month == 1 else f"1—{self.month}月"

    @property
    def as_of(self) -> str:
        """The span with its year: 2026年1—9月."""
        return (
            self.label if self.until or self.month == 12 else (f"{self.fiscal_year}年{self.label}")
        )

    def last_year(self) -> Span:
        """The same span of the year before (29 February becomes 28 February)."""
        year = self.fiscal_year - 1
        if self.until is None:
            return Span(year, self.month)
        day = min(self.until.day, monthrange(year, self.until.month)[1])
        return Span(year, self.month, date(year, self.until.month, day))

    def terms(self, day_column: str) -> tuple[Term, ...]:
        """The condition on a dated table: fiscal year, and month or day."""
        year: Term = ("fiscal_year", "=", self.fiscal_year)
        if self.until is None:
            return (year, ("month", "<=", self.month))
        return (year, (day_column, "<=", self.until))

    def pace_figure(self, origin: Origin) -> Figure:
        """时间进度 as a figure."""
        pace = self.pace
        formula = "已过月份 ÷ 12" if self.until is None else "已过天数 ÷ 全年天数"
        return Figure(
            "pace",
            "时间进度",
            Unit.SHARE,
            pace.numerator,
            origin,
            formula,
            (),
            over=pace.denominator,
            denominator="全年",
        )


@dataclass(frozen=True)
class Place:
    """A region under one scope kind (范围口径).

    Attributes:
        region: ``mof_div_code``; the city's own code for 本级 and 全市.
        scope_kind: 本级, 全市, 县区 or 开发区.
        name: as printed, e.g. 示范市.
    """

    region: str
    scope_kind: str
    name: str

    @property
    def terms(self) -> tuple[Term, ...]:
        """The condition on report tables: this region and this scope kind, nothing else."""
        return (("mof_div_code", "=", self.region), ("scope_kind", "=", self.scope_kind))

    @property
    def event_terms(self) -> tuple[Term, ...]:
        """The condition on vouchers and indicators, which have no 全市 rows: 全市 = all of them."""
        return () if self.scope_kind == "全市" else self.terms

    @property
    def called(self) -> str:
        """The subject of a sentence: 全市, 市本级, 清河县."""
        named = {"全市": "全市", "本级": "市本级"}
        return named.get(self.scope_kind, self.name)


def home_place(desk: Desk, scope_kind: str = "本级", region: str | None = None) -> Place | None:
    """The city (or whatever government) of this installation.

    `region` where the installation's settings name one; else read from the data: the region whose
    report rows say 全市 or 本级, None where nothing has been delivered. A county that stands alone
    (rows of 县区 only) is its own place.
    """
    if region:
        return Place(region, scope_kind, region_name(desk, region))
    for table in ("execution_month", "debt_position"):
        for kind in (*CITY, "县区", "开发区"):
            found = desk.distinct(table, "mof_div_code", ("scope_kind", "=", kind))
            if found:
                region = str(found[0])
                kind_here = scope_kind if kind in CITY else kind
                return Place(region, kind_here, region_name(desk, region))
    return None


def places(desk: Desk, year: int) -> tuple[Place, ...]:
    """本级, 县区 and 开发区 that have report rows in a year, in order of code."""
    found: dict[tuple[str, str], None] = {}
    for kind in ("本级", "县区", "开发区"):
        for region in desk.distinct(
            "execution_month",
            "mof_div_code",
            ("scope_kind", "=", kind),
            ("fiscal_year", "=", year),
        ):
            found[(str(region), kind)] = None
    return tuple(Place(region, kind, region_name(desk, region)) for region, kind in found)


def region_name(desk: Desk, region: str) -> str:
    """The region's name as its debt rows give it, else its code."""
    named: Term = ("mof_div_code", "=", region)
    for terms in ((named, ("scope_kind", "in", ("本级", "县区", "开发区"))), (named,)):
        names = desk.distinct("debt_position", "region_name", *terms)
        if names:
            return str(names[-1])
    return region
