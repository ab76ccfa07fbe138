"""Judges values: one whole number per row that names the verdict, and the table of verdicts.

The order is skip → requires → undecided → levels. An unknown level is never clear: it is
`not_applicable` if a divisor is not above zero, else `insufficient_data`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

import polars as pl

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr
from budget_watch.engine.lists import NamedLists
from budget_watch.engine.params import Parameter
from budget_watch.engine.to_polars import Compiler
from budget_watch.engine.units import Column

Outcome = Literal["hit", "clear", "not_applicable", "insufficient_data", "error"]
OVERFLOW = "数值过大，无法精确比较"


@dataclass(frozen=True)
class Verdict:
    """One possible verdict of a rule; `level` is the place of the level that was reached."""

    outcome: Outcome
    because: str = ""
    level: int | None = None


@dataclass(frozen=True)
class Judgement:
    """A rule's verdict as an expression: the place in `verdicts`."""

    expr: pl.Expr
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Setting:
    """What a rule is compiled against: the day, the book's numbers and lists, overrides."""

    as_of: date
    params: Mapping[str, Parameter]
    named: NamedLists
    overrides: Mapping[str, Fraction]


def compiler(
    setting: Setting,
    columns: Mapping[str, Column],
    date_column: str | None,
    names: Mapping[str, str] | None = None,
) -> Compiler:
    """A compiler for rows with these columns, placed in time and region by them."""
    day = period_end(columns, date_column)
    return Compiler(
        columns=columns,
        as_of=setting.as_of,
        params=setting.params,
        named=setting.named,
        overrides=setting.overrides,
        day=None if day is None else day.fill_null(pl.lit(setting.as_of)),
        region=pl.col("mof_div_code") if "mof_div_code" in columns else None,
        year=pl.col("fiscal_year") if "fiscal_year" in columns else None,
        names=names or {},
    )


def period_end(columns: Mapping[str, Column], date_column: str | None) -> pl.Expr | None:
    """The end of a row's period: its business date, else its month, quarter or year."""
    date_known = date_column is not None and date_column in columns
    if date_known and "fiscal_year" in columns and columns[str(date_column)].nullable:
        return pl.coalesce(pl.col(str(date_column)), period_end(columns, None))
    if date_known:
        return pl.col(str(date_column))
    if "fiscal_year" not in columns:
        return None
    year, month = pl.col("fiscal_year"), pl.lit(12)
    if "month" in columns:
        month = pl.col("month")
    elif "quarter" in columns:
        month = pl.col("quarter") * 3
    month = pl.when(month.is_between(1, 12)).then(month).otherwise(12)
    possible = year.is_between(1, 9999)
    return pl.date(pl.when(possible).then(year), month, 1).dt.month_end()


def judgement(rule: CheckedRule, compile_: Compiler) -> Judgement:
    """Compile a rule's predicates, over the rule's columns, into one verdict per row."""
    verdicts: list[Verdict] = [Verdict("clear"), Verdict("error", OVERFLOW)]
    steps: list[tuple[pl.Expr, int]] = []

    def add(when: pl.Expr, verdict: Verdict) -> None:
        verdicts.append(verdict)
        steps.append((when, len(verdicts) - 1))

    def tested(tree: Expr) -> tuple[pl.Expr, list[tuple[str, pl.Expr]]]:
        compile_.overflow.clear()
        compile_.bad_divisors.clear()
        when = compile_.condition(tree)
        for wild in compile_.overflow:
            steps.append((wild & when.is_null(), 1))
        return when, list(compile_.bad_divisors)

    for each in rule.skip:
        add(tested(each.when)[0].fill_null(False), Verdict("not_applicable", each.because))
    for each in rule.requires:
        add(~tested(each.when)[0].fill_null(False), Verdict("insufficient_data", each.because))
    for each in rule.undecided:
        add(tested(each.when)[0].fill_null(False), Verdict("insufficient_data", each.because))
    for at, level in enumerate(rule.levels):
        when, bad = tested(level.when)
        unknown = when.is_null()
        for name, not_positive in bad:
            add(unknown & not_positive, Verdict("not_applicable", f"分母不大于零：{name}"))
        add(unknown, Verdict("insufficient_data", needed(level.when)))
        add(when, Verdict("hit", "", at))
    result: pl.Expr = pl.lit(0, dtype=pl.Int16)
    for when, at in reversed(steps):
        result = pl.when(when).then(pl.lit(at, dtype=pl.Int16)).otherwise(result)
    return Judgement(result, tuple(verdicts))


def needed(tree: Expr) -> str:
    """What a level could not be judged without."""
    names = sorted(tree.names() | tree.names("param"))
    return f"缺数据：{'、'.join(names)}"
