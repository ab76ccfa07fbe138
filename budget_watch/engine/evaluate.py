"""Evaluates a checked tree in Python with exact fractions, three-valued.

For messages, explanations and as an independent judge in tests: it clears nothing of division and
shares no line with the polars compiler. None is unknown.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from budget_watch.engine.expression import Expr
from budget_watch.engine.lists import GAP, NamedLists, alternation, spellings
from budget_watch.engine.model import Group, WordSet
from budget_watch.engine.params import Parameter
from budget_watch.engine.units import Column


class DivisorError(ArithmeticError):
    """A divisor is not above zero."""


@dataclass
class Evaluator:
    """Values of one row or grain, as stored (fen, millionths), with their columns.

    Attributes:
        bad_divisor: set when a divisor that was reached is not above zero.
    """

    values: Mapping[str, Any]
    columns: Mapping[str, Column]
    as_of: date
    params: Mapping[str, Parameter] = field(default_factory=dict)
    named: NamedLists = field(default_factory=NamedLists)
    overrides: Mapping[str, Fraction] = field(default_factory=dict)
    day: date | None = None
    region: str | None = None
    year: int | None = None
    bad_divisor: bool = False

    def value(self, expr: Expr) -> Any:
        """The value: Fraction, date, str, bool or None."""
        method: Callable[[Expr], Any] | None = getattr(self, f"_{expr.op}", None)
        if method is not None:
            return method(expr)
        args = [self.value(arg) for arg in expr.args]
        if any(arg is None for arg in args):
            return None
        return _STRICT[expr.op](*args)

    def _lit(self, expr: Expr) -> Any:
        return expr.value

    def _col(self, expr: Expr) -> Any:
        value, column = self.values.get(expr.value), self.columns[expr.value]
        if value is None or column.type.base != "num":
            return value
        return Fraction(value, column.den)

    _at = _col

    def _param(self, expr: Expr) -> Any:
        if expr.value in self.overrides:
            return self.overrides[expr.value]
        found = self.params[expr.value].at(self.day or self.as_of, self.region)
        return None if found is None else found.value

    def _as_of(self, expr: Expr) -> date:
        return self.as_of

    def _period_end(self, expr: Expr) -> date:
        return self.day or self.as_of

    def _and(self, expr: Expr) -> bool | None:
        values = [self.value(arg) for arg in expr.args]
        return False if False in values else None if None in values else True

    def _or(self, expr: Expr) -> bool | None:
        values = [self.value(arg) for arg in expr.args]
        return True if True in values else None if None in values else False

    def _isnull(self, expr: Expr) -> bool:
        return self.value(expr.args[0]) is None

    def _in(self, expr: Expr) -> bool | None:
        tested, *values = (self.value(arg) for arg in expr.args)
        if tested is None:
            return None
        return True if tested in values else None if None in values else False

    def _case(self, expr: Expr) -> Any:
        *branches, default = expr.args
        for at in range(0, len(branches), 2):
            if self.value(branches[at]) is True:
                return self.value(branches[at + 1])
        return self.value(default)

    def _coalesce(self, expr: Expr) -> Any:
        return next((found for arg in expr.args if (found := self.value(arg)) is not None), None)

    def _div(self, expr: Expr) -> Fraction | None:
        left, right = self.value(expr.args[0]), self.value(expr.args[1])
        if right is not None and right <= 0 and expr.args[1].op != "lit":
            self.bad_divisor = True
            return None
        return None if left is None or right is None else left / right

    def _like(self, expr: Expr) -> bool | None:
        text = self.value(expr.args[0])
        return None if text is None else re.match(_like(expr.value), text, re.S) is not None

    def _words(self, expr: Expr) -> bool | None:
        text = self.value(expr.args[0])
        if text is None:
            return None
        year = self.year if self.year is not None else self.as_of.year
        first, *later = self.named.editions(expr.value)
        fitting = [words for _, since, words in later if since <= year]
        return _has_words(text, fitting[-1] if fitting else first[2])

    def _group(self, expr: Expr) -> bool | None:
        code = self.value(expr.args[0])
        year = self.year if self.year is not None else self.as_of.year
        return None if code is None else _in_group(code, self.named.groups[expr.value], year)

    def _known(self, expr: Expr) -> bool | None:
        code, year = self.value(expr.args[0]), self.value(expr.args[1])
        if code is None or year is None:
            return None
        years = self.named.codes[expr.value]
        fitting = [each for each in sorted(years) if each <= year]
        return code in years[fitting[-1] if fitting else min(years)]

    def _substr(self, expr: Expr) -> str | None:
        text, (start, length) = self.value(expr.args[0]), expr.value
        return None if text is None else text[start - 1 : start - 1 + length]

    def _add_months(self, expr: Expr) -> date | None:
        day = self.value(expr.args[0])
        return None if day is None else add_months(day, expr.value)


def add_months(day: date, months: int) -> date:
    """The same day some months on; the month's last day where it has no such day."""
    at = day.year * 12 + day.month - 1 + months
    year, month = at // 12, at % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _make_date(year: Fraction, month: Fraction, day: Fraction) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _workdays(first: date, second: date) -> Fraction:
    from budget_watch.engine.workdays import number

    return Fraction(number(second) - number(first))


def _like(pattern: str) -> str:
    parts = {"%": ".*", "_": "."}
    return "^" + "".join(parts.get(char, re.escape(char)) for char in pattern) + r"\Z"


def _has_words(text: str, words: WordSet) -> bool:
    exclude = spellings(words.exclude)
    left = re.sub(alternation(exclude), GAP, text) if exclude else text
    also = not words.require_also or any(word in left for word in spellings(words.require_also))
    return also and any(word in left for word in spellings(words.include))


def _in_group(code: str, group: Group, year: int) -> bool:
    ordered = sorted(group.sets, key=lambda each: each.since)
    if len(ordered) == 1:
        codes = ordered[0].codes
    else:
        fitting = [each for each in ordered if each.since.year <= year]
        if not fitting:
            return False
        codes = fitting[-1].codes
    return code in codes if group.match == "exact" else code.startswith(codes)


_STRICT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "mod": lambda a, b: a % b if b > 0 else None,
    "abs": abs,
    "least": min,
    "greatest": max,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "not": lambda a: not a,
    "length": lambda text: Fraction(len(text)),
    "starts": lambda text, part: text.startswith(part),
    "ends": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
    "concat": lambda *parts: "".join(parts),
    "days_between": lambda a, b: Fraction((b - a).days),
    "workdays_between": _workdays,
    "add_days": lambda day, n: day + timedelta(days=int(n)),
    "make_date": _make_date,
    "date_in": lambda year, md: _make_date(year, md // 100, md % 100),
    "year_of": lambda day: Fraction(day.year),
    "month_of": lambda day: Fraction(day.month),
    "day_of": lambda day: Fraction(day.day),
    "day_no": lambda day: Fraction((day - date(1970, 1, 1)).days),
}
