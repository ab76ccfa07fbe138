"""预算执行: what a place's budget, plans and payments are, and what they divide into.

A place is a scope plus a path of (letter, code) steps (pages.md §4). Every division adds
up to its place to the fen: what carries no key of the division (a voucher without an
indicator, a line without a project) is the gap, shown as a row of its own.
Money is fen throughout.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal

import polars as pl

from budget_watch.views.cubes import Cube
from budget_watch.views.span import Span

Scope = Literal["local", "all", "county"]
SCOPES: dict[Scope, tuple[str, ...]] = {
    "local": ("本级",),
    "county": ("县区", "开发区"),
    "all": ("本级", "县区", "开发区"),
}
COLUMNS = {
    "z": "mof_div_code",
    "d": "dept_code",
    "u": "agency_code",
    "p": "pro_code",
    "i": "bgt_id",
    "f": "fund_type_code",
    "c": "exp_func_code",
    "e": "dep_bgt_eco_code",
    "o": "found_type_code",
    "m": "month",
}
_STEPS: dict[str, tuple[int, ...]] = {"c": (3, 5, 7), "e": (3, 5)}
LIMIT = 200


@dataclass(frozen=True)
class Place:
    """Where in the budget one stands.

    Attributes:
        scope: 本级, 全市 or 县区; a 区划 step narrows it to one region.
        path: (letter, code) steps in the order they were taken.
    """

    scope: Scope = "local"
    path: tuple[tuple[str, str], ...] = ()

    def get(self, letter: str) -> str | None:
        """The code of one step."""
        return dict(self.path).get(letter)

    def step(self, letter: str, code: str) -> Place:
        """One step further down; a longer code of the same kind replaces the shorter."""
        kept = tuple(part for part in self.path if part[0] != letter)
        if len(kept) == len(self.path):
            return replace(self, path=(*self.path, (letter, code)))
        return replace(self, path=tuple((k, code) if k == letter else (k, v) for k, v in self.path))

    @property
    def detailed(self) -> bool:
        """Whether units, projects or indicators are asked for by the path itself."""
        return any(letter in "upis" for letter, _ in self.path)

    def where(self) -> pl.Expr:
        """The place as a condition on the cube (payees and applications are not in it)."""
        terms = [pl.col("scope_kind").is_in(list(SCOPES[self.scope]))]
        if self.get("z") is not None:
            terms = [~pl.col("scope_kind").is_in(["全市", "抵销"])]
        for letter, code in self.path:
            if letter in "cef":
                terms.append(pl.col(COLUMNS[letter]).str.starts_with(code))
            elif letter in COLUMNS and letter != "m":
                terms.append(pl.col(COLUMNS[letter]) == code)
        return pl.all_horizontal(terms)


@dataclass(frozen=True)
class Amounts:
    """The core figures of one row, fen.

    Attributes:
        initial: 年初预算; approved: 调整预算; current: 变动预算.
        added: Σ追加, the numerator of 追加率.
        plan: 用款计划 of the span; spent: 支出; before: 支出 of last year's same span.
        month: 支出 of the span's last month.
        vouchers: number of payment vouchers of the span.
    """

    initial: int = 0
    approved: int = 0
    current: int = 0
    added: int = 0
    plan: int = 0
    spent: int = 0
    before: int = 0
    month: int = 0
    vouchers: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: Amounts) -> Amounts:
        return Amounts(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))


@dataclass(frozen=True)
class Row:
    """One part of a division: its code and its figures."""

    code: str
    amounts: Amounts


@dataclass(frozen=True)
class Division:
    """A place divided one way.

    Attributes:
        rows: the parts, sorted; not more than were asked for.
        rest: the parts beyond the limit, summed, and how many they are.
        gap: what carries no key of this division; zero when everything does.
        total: the place itself, from its own sum, not from the rows.
    """

    by: str
    rows: list[Row]
    rest: Amounts
    rest_count: int
    gap: Amounts
    total: Amounts


@dataclass(frozen=True)
class Change:
    """One step from 年初预算 to 变动预算."""

    entry: str
    cause: str
    approved: int
    current: int


def span_of(as_of: date, fiscal_year: int | None = None, month: int | None = None) -> Span:
    """The span asked for; by default the as-of day's year up to that day.

    A past year defaults to its twelve months; a month after the as-of day is cut back
    to it, for nothing later is known.
    """
    if (fiscal_year or as_of.year) != as_of.year:
        return Span(fiscal_year or as_of.year, month or 12)
    if month is None or month >= as_of.month:
        return Span.to_day(as_of)
    return Span(as_of.year, month)


def ways(place: Place) -> list[str]:
    """Divisions that still divide the place, the natural next step first."""
    have = {letter for letter, _ in place.path}
    if "s" in have:
        return []
    found: list[str] = []
    if "z" not in have and place.scope != "local":
        found.append("z")
    if "i" in have:
        return ["s", *_codes(place, "e"), "y", "m"]
    spine = ["d", "u", "p", "i"]
    done = max((spine.index(letter) for letter in have if letter in spine), default=-1)
    found += spine[done + 1 : done + (3 if done >= 0 else 2)]
    for letter in "cefo":
        found += _codes(place, letter)
    if done >= 0:
        found.append("y")
    if "m" not in have:
        found.append("m")
    return found


def _codes(place: Place, letter: str) -> list[str]:
    code = place.get(letter)
    if code is None:
        return [letter]
    return [letter] if letter in _STEPS and len(code) < _STEPS[letter][-1] else []


def total(cube: Cube, place: Place, span: Span) -> Amounts:
    """The core figures of a place."""
    frame = _frame(cube, place, None).filter(place.where()).select(_measures(place, span))
    return _amounts(frame.row(0, named=True))


def divide(
    cube: Cube, place: Place, span: Span, by: str, sort: str = "-spent", most: int = LIMIT
) -> Division:
    """Divide a place by a letter of the cube (not ``s`` or ``y``, which need vouchers).

    Beyond ``most`` parts the rest is one sum.
    """
    key = _key(place, by)
    frame = _frame(cube, place, by).filter(place.where())
    grouped = frame.group_by(key.alias("key")).agg(_measures(place, span))
    whole = _amounts(frame.select(_measures(place, span)).row(0, named=True))
    rows = [
        Row(str(row["key"]), _amounts(row))
        for row in grouped.filter(pl.col("key").is_not_null()).iter_rows(named=True)
    ]
    rows = _sorted([row for row in rows if _lives(row.amounts, by)], sort, by)
    shown, over = rows[:most], rows[most:]
    rest = _sum(row.amounts for row in over)
    gap = whole - rest - _sum(row.amounts for row in shown)
    return Division(by, shown, rest, len(over), gap, whole)


def by_month(cube: Cube, place: Place, span: Span, years: int = 2) -> dict[int, list[int | None]]:
    """Spending of each month per fiscal year; None for months after the as-of day."""
    frame = (
        _frame(cube, replace_month(place), None)
        .filter(replace_month(place).where())
        .group_by("fiscal_year", "month")
        .agg(pl.col("spent").sum())
    )
    found = {(r["fiscal_year"], r["month"]): r["spent"] for r in frame.iter_rows(named=True)}
    first = min((year for year, _ in found), default=span.fiscal_year)
    result: dict[int, list[int | None]] = {}
    for year in range(max(first, span.fiscal_year - years), span.fiscal_year + 1):
        result[year] = [
            None
            if (year, month) > (cube.as_of.year, cube.as_of.month)
            else int(found.get((year, month), 0))
            for month in range(1, 13)
        ]
    return result


def changes(cube: Cube, place: Place, span: Span) -> list[Change]:
    """The way from 年初预算 to 变动预算, by entry and cause, largest first."""
    frame = (
        cube.causes.filter(
            replace_month(place).where(),
            pl.col("fiscal_year") == span.fiscal_year,
            pl.col("month") <= span.month,
        )
        .group_by("entry", "cause")
        .agg(
            approved=pl.col("approved_amt").sum(),
            current=pl.col("current_amt").sum(),
            initial=pl.col("initial_amt").sum(),
        )
        .with_columns(
            approved=pl.col("approved") - pl.col("initial"),
            current=pl.col("current") - pl.col("initial"),
        )
        .filter((pl.col("approved") != 0) | (pl.col("current") != 0))
        .sort(pl.col("current").abs(), "entry", "cause", descending=[True, False, False])
    )
    return [
        Change(r["entry"] or "", r["cause"] or "未列明原因", r["approved"], r["current"])
        for r in frame.iter_rows(named=True)
    ]


def months_of(place: Place, span: Span) -> tuple[int, int] | None:
    """First and last month that a place is narrowed to (`m10`, `m7-9`), not beyond the span.

    None where the place is of the whole span.
    """
    code = place.get("m")
    if code is None:
        return None
    first, _, last = code.partition("-")
    return int(first), min(int(last or first), span.month)


def replace_month(place: Place) -> Place:
    """The place without its month step, for questions that run over the months."""
    return replace(place, path=tuple(part for part in place.path if part[0] != "m"))


def _frame(cube: Cube, place: Place, by: str | None) -> pl.DataFrame:
    detailed = place.detailed or by in ("u", "p", "i")
    return cube.of(place.get("d"), detailed)


def _key(place: Place, by: str) -> pl.Expr:
    column = pl.col(COLUMNS[by])
    if by in _STEPS:
        have = len(place.get(by) or "")
        length = next(step for step in _STEPS[by] if step > have)
        return pl.when(column.str.len_chars() >= length).then(column.str.slice(0, length))
    if by == "f":
        return column.str.slice(0, pl.when(column.str.starts_with("1")).then(2).otherwise(1))
    return column.cast(pl.String)


def _measures(place: Place, span: Span) -> list[pl.Expr]:
    year, month = pl.col("fiscal_year"), pl.col("month")
    only = months_of(place, span)
    inside = month.is_between(*only) if only else (month <= span.month)
    now = (year == span.fiscal_year) & inside
    last = (year == span.fiscal_year - 1) & inside
    budget = (year == span.fiscal_year) & (month <= span.month)
    before = pl.col("spent").filter(last).sum()
    if span.until is not None:
        before = before - pl.col("late").filter(last).sum()
    final = only[1] if only else span.month
    latest = (year == span.fiscal_year) & (month == final)

    def cut(name: str, where: pl.Expr) -> pl.Expr:
        """A sum up to the span's day: of an earlier year's month its later days are left out."""
        whole = pl.col(name).filter(where).sum()
        late = {"spent": "late", "vouchers": "late_vouchers"}[name]
        return whole if span.until is None else whole - pl.col(late).filter(where).sum()

    return [
        *(
            pl.col(name).filter(budget).sum()
            for name in ("initial", "approved", "current", "added")
        ),
        pl.col("plan").filter(now).sum(),
        cut("spent", now),
        before.alias("before"),
        cut("spent", latest).alias("last"),
        cut("vouchers", now),
    ]


def _amounts(row: dict[str, int | None]) -> Amounts:
    return Amounts(
        **{f.name: int(row["last" if f.name == "month" else f.name] or 0) for f in fields(Amounts)}
    )


def _lives(amounts: Amounts, by: str) -> bool:
    """Whether a row has anything to show; an indicator lives one year, so last year's has not."""
    return (replace(amounts, before=0) if by == "i" else amounts) != Amounts()


def _sum(parts: Iterable[Amounts]) -> Amounts:
    result = Amounts()
    for part in parts:
        result += part
    return result


def _sorted(rows: list[Row], sort: str, by: str) -> list[Row]:
    name, down = sort.lstrip("-"), sort.startswith("-")
    if by == "m":
        return sorted(rows, key=lambda row: int(row.code))
    if name == "code":
        return sorted(rows, key=lambda row: row.code, reverse=down)
    if name == "progress":

        def ratio(row: Row) -> float:  # order only, never shown
            return row.amounts.spent / row.amounts.current if row.amounts.current > 0 else 9e9

        return sorted(rows, key=lambda row: (ratio(row), row.code), reverse=down)
    if name not in {f.name for f in fields(Amounts)}:
        name, down = "spent", True
    return sorted(
        rows,
        key=lambda row: (
            -getattr(row.amounts, name) if down else getattr(row.amounts, name),
            row.code,
        ),
    )
