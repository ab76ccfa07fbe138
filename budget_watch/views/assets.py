"""国有资产: enterprises month by month, administrative assets and natural resources year by year.

Each class has a date of its own and is never brought to another's; what a class has no money for
(natural resources) stays without. Rates are those of rules GZ01 (负债率 against the industry's
benchmark), GZ02 (保值增值率 = (年末 − 客观增加 + 客观减少) ÷ 年初), GZ03 (收益 due and unpaid) and
GZ06 (idle area over area). Money in fen, ratios in millionths, areas in hundredths of 平方米.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import polars as pl

from budget_watch.views.query import Desk
from budget_watch.views.span import Span

MONTHLY, YEARLY, GAINS = "soe_monthly", "soe_annual", "state_capital_gain"
ADMIN, NATURE = "admin_asset", "natural_asset"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Month:
    """An enterprise's month, 合并 report."""

    year: int
    month: int
    asset: int | None
    liab: int | None
    equity: int | None
    revenue: int | None
    profit: int | None
    benchmark: int | None

    @property
    def leverage(self) -> Fraction | None:
        """资产负债率."""
        if not self.asset or self.liab is None:
            return None
        return Fraction(self.liab, self.asset)

    @property
    def above(self) -> Fraction | None:
        """资产负债率 above the industry's benchmark, in parts of one."""
        if self.leverage is None or self.benchmark is None:
            return None
        return self.leverage - Fraction(self.benchmark, _MILLION)


@dataclass(frozen=True)
class Enterprise:
    """An enterprise as last told.

    Attributes:
        preserved: 保值增值率 of `preserved_year`, None where a part of it was not filled.
        due, paid: 国有资本收益 whose day of payment had passed, and what of it was paid by the day.
    """

    uscc: str
    name: str
    industry: str
    region: str
    months: tuple[Month, ...]
    preserved: Fraction | None
    preserved_year: int | None
    due: int | None
    paid: int | None

    @property
    def last(self) -> Month:
        """Its last month."""
        return self.months[-1]


@dataclass(frozen=True)
class AdminAssets:
    """行政事业性国有资产 of some units at a year's end. None = not filled in some row."""

    key: str
    year: int
    book: int | None
    net: int | None
    area: int | None
    idle_area: int | None
    idle_amount: int | None
    rent_due: int | None
    rent_paid: int | None
    uncertified: int | None
    vehicles: int | None
    quota: int | None
    unsettled: int

    @property
    def idle(self) -> Fraction | None:
        """Idle area over area."""
        if not self.area or self.idle_area is None:
            return None
        return Fraction(self.idle_area, self.area)


@dataclass(frozen=True)
class Resource:
    """One natural resource of a region at a year's end; quantity in hundredths of its unit."""

    region: str
    year: int
    kind: str
    quantity: int | None
    unit: str
    change: int | None
    value: int | None


def enterprises(desk: Desk, span: Span, as_of: date) -> tuple[Enterprise, ...]:
    """Enterprises with a month in the span's year, the highest above their benchmark first."""
    at = pl.col("fiscal_year") * 12 + pl.col("month")
    end = span.fiscal_year * 12 + span.closed_month
    rows = desk.rows(MONTHLY, ("report_scope", "=", "合并")).filter(at.is_between(end - 23, end))
    yearly = {row["uscc"]: row for row in _latest(desk, YEARLY, span.fiscal_year, ["uscc"])}
    gains: dict[str, list[dict[str, Any]]] = {}
    for row in desk.rows(GAINS).filter(pl.col("due_date") < as_of).iter_rows(named=True):
        gains.setdefault(row["uscc"], []).append(row)
    made = []
    for (uscc,), own in rows.sort("fiscal_year", "month").group_by("uscc", maintain_order=True):
        last = own.row(-1, named=True)
        if last["fiscal_year"] != span.fiscal_year:
            continue
        year = yearly.get(uscc)
        due, paid = _gain(gains.get(str(uscc), []), as_of)
        made.append(
            Enterprise(
                str(uscc),
                last["name"] or str(uscc),
                last["industry"] or "",
                last["mof_div_code"],
                tuple(_month(row) for row in own.iter_rows(named=True)),
                _preserved(year),
                None if year is None else year["fiscal_year"],
                due,
                paid,
            )
        )
    low = Fraction(-10)
    return tuple(
        sorted(made, key=lambda e: (-(low if e.last.above is None else e.last.above), e.uscc))
    )


def admin_assets(desk: Desk, year: int, column: str, *regions: str) -> list[AdminAssets]:
    """Administrative assets by a column (mof_div_code, dept_code, agency_code) of the last year."""
    found = _newest(desk, ADMIN, year, [])
    if found.is_empty():
        return []
    if regions:
        found = found.filter(pl.col("mof_div_code").is_in(list(regions)))
    groups = found.sort(column).group_by(column, maintain_order=True)
    return [_admin(str(key), own) for (key,), own in groups]


def admin_total(desk: Desk, year: int, *regions: str) -> AdminAssets | None:
    """All administrative assets of some regions (all without any); None where none came."""
    found = _newest(desk, ADMIN, year, [])
    if regions and found.height:
        found = found.filter(pl.col("mof_div_code").is_in(list(regions)))
    return None if found.is_empty() else _admin("", found)


def resources(desk: Desk, year: int) -> tuple[Resource, ...]:
    """Natural resources of the last year told, by region and kind."""
    rows = _latest(desk, NATURE, year, [])
    return tuple(
        sorted(
            (
                Resource(
                    row["mof_div_code"],
                    row["fiscal_year"],
                    row["resource"],
                    row["area_qty"],
                    row["qty_unit"] or "",
                    row["change_qty"],
                    row["value_est"],
                )
                for row in rows
            ),
            key=lambda one: (one.region, one.kind),
        )
    )


def added(values: Iterable[int | None]) -> int | None:
    """The sum; None where one is not known, or there is none."""
    known = list(values)
    return None if not known or None in known else sum(value or 0 for value in known)


def _latest(desk: Desk, table: str, year: int, by: list[str]) -> list[dict[str, Any]]:
    """The rows of the last year up to this one; with `by` the last year of each."""
    return _newest(desk, table, year, by).to_dicts()


def _newest(desk: Desk, table: str, year: int, by: list[str]) -> pl.DataFrame:
    rows = desk.rows(table).filter(pl.col("fiscal_year") <= year)
    if by:
        rows = rows.sort("fiscal_year").unique(by, keep="last", maintain_order=True)
    elif rows.height:
        rows = rows.filter(pl.col("fiscal_year") == pl.col("fiscal_year").max())
    return rows


def _month(row: dict[str, Any]) -> Month:
    def of(name: str) -> int | None:
        value = row[name]
        return value if isinstance(value, int) else None

    figures = ("asset", "liab", "equity", "revenue", "profit", "benchmark")
    return Month(of("fiscal_year") or 0, of("month") or 0, *(of(name) for name in figures))


def _preserved(row: dict[str, Any] | None) -> Fraction | None:
    if row is None:
        return None
    names = ("state_capital_begin", "state_capital_end", "objective_plus", "objective_minus")
    values = [row[name] for name in names]
    if not all(isinstance(value, int) for value in values):
        return None
    begin, end, plus, minus = (int(str(value)) for value in values)
    return Fraction(end - plus + minus, begin) if begin > 0 else None


def _gain(rows: list[dict[str, Any]], as_of: date) -> tuple[int | None, int | None]:
    if not rows:
        return None, None
    due = added(_fen(row["due_amt"]) for row in rows)
    paid = added(_paid(row, as_of) for row in rows)
    return due, paid


def _paid(row: dict[str, Any], as_of: date) -> int | None:
    day = row["paid_date"]
    return 0 if isinstance(day, date) and day > as_of else _fen(row["paid_amt"])


def _fen(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _admin(key: str, rows: pl.DataFrame) -> AdminAssets:
    def total(column: str, where: pl.Expr | None = None) -> int | None:
        some = rows if where is None else rows.filter(where)
        values = some[column]
        return None if values.is_empty() or values.null_count() else int(values.sum())

    land = pl.col("asset_class") == "土地房屋"
    rented = pl.col("lease_income_due").is_not_null()
    cars = pl.col("asset_class") == "车辆"
    delivered = rows.filter(
        pl.col("done_accept_date").is_not_null() & pl.col("final_account_date").is_null()
    )
    return AdminAssets(
        key,
        int(rows["fiscal_year"][0]),
        total("book_amt"),
        total("net_amt"),
        total("area_m2", land),
        total("idle_area", land),
        total("idle_amt", ~pl.col("asset_class").is_in(["对外投资", "在建工程"])),
        total("lease_income_due", rented),
        total("lease_income_paid", rented),
        total("no_cert_area", land),
        total("vehicles_real", cars),
        total("vehicles_quota", cars),
        delivered.height,
    )
