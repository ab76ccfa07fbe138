"""A contract compiled to polars expressions, each true for the rows that break one of its rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Literal

import polars as pl

from budget_watch.codes import SYSTEMS, valid_codes, years
from budget_watch.tables import Contract
from budget_watch.tables.contract import Column
from ingest.gate import quick
from ingest.gate.typing import RAW

Kind = Literal[
    "type", "required", "values", "codes", "range", "digits", "key", "bound",
    "holds", "balance", "uscc",
]  # fmt: skip
REPEATED = "_repeated"
BOUND = "_reason"
_YEARS = (1990, 2100)
_NOT_READ = {
    "money": "不是数字",
    "int": "不是整数",
    "date": "不是日期",
    "bool": "不是“是/否”",
    "ratio": "不是数字",
    "number": "不是数字",
}


@dataclass(frozen=True)
class Glance:
    """Some rows, and the different values of columns where they are known already."""

    rows: pl.DataFrame
    seen: Mapping[str, pl.Series] = field(default_factory=dict)

    def values(self, name: str) -> pl.Series:
        """The different values of a column, perhaps with some of rows taken out meanwhile."""
        known = self.seen.get(name)
        return self.rows[name].unique() if known is None else known


Spared = Callable[[Glance], bool]


def _never(at: Glance) -> bool:
    return False


@dataclass(frozen=True)
class Violation:
    """One rule: `expr` is true (never null) for rows that break it; `reason` says so in Chinese.

    `spared` tells from counts, extremes or different values of some rows that none of them can
    break it, so that the expression need not be worked out.
    """

    id: str
    column: str
    kind: Kind
    reason: str
    expr: pl.Expr
    spared: Spared = _never


def compile_contract(
    contract: Contract,
    given: pl.Schema,
    raw: frozenset[str] = frozenset(),
    check_codes: bool = True,
) -> list[Violation]:
    """Return the rules that apply to a frame of these columns (stored types, `raw:` texts beside).

    `raw` are columns delivered as text. With `check_codes` false (published forms, which use the
    codes of their own year and place) membership of code lists is not a reason to keep a row out.
    """
    found: list[Violation] = []
    for column in contract.columns:
        if column.name not in given:
            if column.required:
                found.append(_rule(column, "required", "缺少", pl.lit(True)))
            continue
        found += _of_column(contract, column, column.name in raw, check_codes, given)
    if all(name in given for name in contract.key):
        titles = "、".join(contract.column(name).title for name in contract.key)
        found.append(
            Violation(
                "key.unique",
                contract.key[0],
                "key",
                f"主键重复（{titles}）",
                pl.col(REPEATED).fill_null(False),
            )
        )
    return found


def _of_column(
    contract: Contract, column: Column, raw: bool, check_codes: bool, given: pl.Schema
) -> list[Violation]:
    name, value = column.name, pl.col(column.name)
    found: list[Violation] = []
    if raw:
        text = pl.col(RAW + name).str.strip_chars()
        unread = value.is_null() & (text != "") & ~text.is_in(["-", "—", "/"])
        found.append(_rule(column, "type", _NOT_READ[column.type], unread, _all_read(name)))
        if column.type == "money" and column.unit == "元":
            found.append(
                _rule(column, "digits", "有不足一分的小数", below_fen(text), _in_fen(name))
            )
        if column.required:
            missing = text.is_null() | (text == "")
            found.append(_rule(column, "required", "为空", missing, _all_filled(name)))
    elif column.required:
        found.append(_rule(column, "required", "为空", value.is_null(), _all_filled(name)))
    if column.values:
        outside = ~value.is_in(list(column.values))
        listed = "、".join(str(item) for item in column.values[:8])
        among = _all_among(name, frozenset(column.values))
        found.append(_rule(column, "values", f"不在规定取值（{listed}）内", outside, among))
    if column.codes and check_codes:
        unknown = _unknown_code(contract, column, given)
        if unknown is not None:
            among = _all_among(name, codes_of_every_year(column.codes))
            found.append(_rule(column, "codes", "不在当年代码表内", unknown, among))
    if name == "fiscal_year":
        outside = ~value.is_between(*_YEARS)
        found.append(_rule(column, "range", "不是合理年度", outside, _all_within(name, *_YEARS)))
    if name == "month":
        outside = ~value.is_between(1, 12)
        found.append(_rule(column, "range", "不在1至12月", outside, _all_within(name, 1, 12)))
    if column.type == "date":
        outside = ~value.dt.year().is_between(*_YEARS)
        within = _all_within(name, date(_YEARS[0], 1, 1), date(_YEARS[1], 12, 31))
        found.append(_rule(column, "range", "不是合理日期", outside, within))
    return found


def _all_read(name: str) -> Spared:
    return lambda at: at.rows[name].null_count() == at.rows[RAW + name].null_count()


def _in_fen(name: str) -> Spared:
    return lambda at: quick.ends_with_the_fen(at.rows[RAW + name], 100)


def _all_filled(name: str) -> Spared:
    return lambda at: not at.rows[name].null_count()


def _all_within(name: str, first: int | date, last: int | date) -> Spared:
    def within(at: Glance) -> bool:
        least, most = at.rows[name].min(), at.rows[name].max()
        return least is None or bool(least >= first and most <= last)  # type: ignore[operator]

    return within


def _all_among(name: str, known: Collection[object]) -> Spared:
    return lambda at: all(one is None or one in known for one in at.values(name).to_list())


def below_fen(text: pl.Expr) -> pl.Expr:
    """Return whether an amount in 元 has digits below the fen (a sign that it is 万元)."""
    return text.str.contains(r"^[^.]*\.\d\d0*[1-9]\d*\s*\)?\s*$")


def _rule(
    column: Column, kind: Kind, problem: str, expr: pl.Expr, spared: Spared = _never
) -> Violation:
    return Violation(
        f"{column.name}.{kind}",
        column.name,
        kind,
        f"“{column.title}”{problem}",
        expr.fill_null(False),
        spared,
    )


def _unknown_code(contract: Contract, column: Column, given: pl.Schema) -> pl.Expr | None:
    """Return whether a filled code is in none of the column's lists in the row's year."""
    value = pl.col(column.name)
    accepted = value.is_in(["T", "S"]) | value.str.starts_with("~")
    if "uscc" in column.codes:
        return None  # form is checked by rule SJ…; a wrong digit is a finding, not a refusal
    if "region" in column.codes:
        known = region_codes()
        return (~value.is_in(known)) & ~accepted if known else None
    per_year = [(year, codes_of(column.codes, year)) for year in code_years(column.codes)]
    per_year = [(year, codes) for year, codes in per_year if codes]
    if not per_year:
        return None
    if "fiscal_year" not in given or len({tuple(codes) for _, codes in per_year}) == 1:
        every = sorted({code for _, codes in per_year for code in codes})
        return ~value.is_in(every) & ~accepted
    unknown = pl.lit(False)
    for year, codes in per_year:
        unknown = (
            pl.when(pl.col("fiscal_year") == year).then(~value.is_in(codes)).otherwise(unknown)
        )
    return unknown & ~accepted


@cache
def code_years(systems: tuple[str, ...]) -> tuple[int, ...]:
    """Return the years for which any of the code lists is kept."""
    return tuple(sorted({year for name in systems if name in SYSTEMS for year in years(name)}))


@cache
def codes_of(systems: tuple[str, ...], year: int) -> tuple[str, ...]:
    """Return all codes of the lists in a year."""
    found: set[str] = set()
    for name in systems:
        if name in SYSTEMS and year in years(name):
            found |= valid_codes(name, year)
    return tuple(sorted(found))


@cache
def codes_of_every_year(systems: tuple[str, ...]) -> frozenset[str]:
    """Return the codes that are good in whatever year; those of divisions among them."""
    if "region" in systems:
        return frozenset(region_codes())
    lists = [set(found) for year in code_years(systems) if (found := codes_of(systems, year))]
    return frozenset(set.intersection(*lists)) if lists else frozenset()


@cache
def region_codes() -> list[str]:
    """Return all division codes: those of the house's own list and those of GB/T 2260."""
    from ingest.bind.places import places

    own = {code for year in code_years(("region",)) for code in codes_of(("region",), year)}
    return sorted(own | {place.code for place in places()})
