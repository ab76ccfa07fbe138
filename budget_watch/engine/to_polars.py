"""Compiles checked trees to polars, exactly.

A number is a fraction of whole-number expressions; comparisons are cross-multiplied in Int128,
whose bound is watched: where the static bound exceeds 126 bits a float estimate of the magnitude
guards it (ring operations wrap, so a result inside the bound is right whatever happened in
between). Int128 was chosen over Decimal(38, 0) because polars' decimal overflow fails the whole
query, not the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any

import numpy as np
import polars as pl

from budget_watch.engine import lists
from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.expression import Expr
from budget_watch.engine.params import Parameter
from budget_watch.engine.units import Column
from budget_watch.engine.wordmarks import Marks

LIMIT_BITS = 126
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Divisor:
    """One expression that a fraction is divided by; known > 0 where not null."""

    key: str
    expr: pl.Expr
    bits: int
    size: Callable[[], pl.Expr]


@dataclass(frozen=True)
class Rational:
    """num ÷ (den × divisors). `num` is an int for constants; `size` bounds |num| in floats."""

    num: pl.Expr | int
    bits: int
    size: Callable[[], pl.Expr]
    den: int = 1
    divisors: tuple[Divisor, ...] = ()


@dataclass
class Compiler:
    """Turns trees into polars expressions over a frame.

    Attributes:
        columns: how each column is stored.
        params: parameters by id; `overrides` fixes some for a test.
        day, region, year: expressions that place the row in time and space for parameters, groups.
        at: name of @col → column that holds the grain's own value, or that value.
        names: name in the rule → column of the frame, where they differ.
        overflow: filled while compiling: TRUE where a comparison could not be made exactly.
        marks: where word tests over a source's own columns are collected, to be made once a step.
        bad_divisors: filled while compiling: (name, TRUE where that divisor is not above 0).
    """

    columns: Mapping[str, Column]
    as_of: date
    params: Mapping[str, Parameter] = field(default_factory=dict)
    named: lists.NamedLists = field(default_factory=lists.NamedLists)
    overrides: Mapping[str, Fraction] = field(default_factory=dict)
    day: pl.Expr | None = None
    region: pl.Expr | None = None
    year: pl.Expr | None = None
    at: Mapping[str, str | pl.Expr] = field(default_factory=dict)
    at_columns: Mapping[str, Column] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    overflow: list[pl.Expr] = field(default_factory=list)
    bad_divisors: list[tuple[str, pl.Expr]] = field(default_factory=list)
    reached: pl.Expr | None = None
    marks: Marks | None = None

    # ---- truth -------------------------------------------------------------------------------
    def condition(self, expr: Expr) -> pl.Expr:
        """A boolean tree; null where unknown."""
        return self.any(expr).cast(pl.Boolean)

    def any(self, expr: Expr) -> pl.Expr:
        """Any tree as one expression: truth, text, date, or a whole number where it is one."""
        if expr.type.base == "num":
            return self.whole(expr)
        method: Callable[[Expr], pl.Expr] = getattr(self, f"_{expr.op}")
        return method(expr)

    def _lit(self, expr: Expr) -> pl.Expr:
        value = expr.value
        if value is None:
            kinds = {"text": pl.String(), "date": pl.Date(), "bool": pl.Boolean()}
            return pl.lit(None, dtype=kinds.get(expr.type.base))
        return pl.lit(value)

    def _col(self, expr: Expr) -> pl.Expr:
        return pl.col(self.names.get(expr.value, expr.value))

    def _at(self, expr: Expr) -> pl.Expr:
        found = self.at[expr.value]
        return pl.col(found) if isinstance(found, str) else found

    def _and(self, expr: Expr) -> pl.Expr:
        return reduce(lambda left, right: left & right, [self.condition(arg) for arg in expr.args])

    def _or(self, expr: Expr) -> pl.Expr:
        return reduce(lambda left, right: left | right, [self.condition(arg) for arg in expr.args])

    def _not(self, expr: Expr) -> pl.Expr:
        return ~self.condition(expr.args[0])

    def _isnull(self, expr: Expr) -> pl.Expr:
        inner = expr.args[0]
        if inner.type.base == "num":
            return self._blank(self.number(inner))
        return self.any(inner).is_null()

    def _blank(self, number: Rational) -> pl.Expr:
        parts = [each.expr.is_null() for each in number.divisors]
        parts += [number.num.is_null()] if isinstance(number.num, pl.Expr) else []
        return reduce(lambda left, right: left | right, parts) if parts else pl.lit(False)

    def _compare(self, expr: Expr) -> pl.Expr:
        left, right = expr.args
        if "num" not in (left.type.base, right.type.base):
            return _OPERATORS[expr.op](self.any(left), self.any(right))
        return self.compare(expr.op, self.number(left), self.number(right))

    _lt = _le = _eq = _ne = _gt = _ge = _compare

    def compare(self, op: str, left: Rational, right: Rational) -> pl.Expr:
        """Cross-multiply and compare in whole numbers."""
        one, other, bits, sizes = self._level(left, right)
        result = _OPERATORS[op](one, other)
        if bits > LIMIT_BITS:
            wild = reduce(
                lambda a, b: a | b, [size() > 2.0**LIMIT_BITS for size in sizes]
            ).fill_null(False)
            self.overflow.append(wild)
            result = pl.when(wild).then(None).otherwise(result)
        return result

    def _level(
        self, left: Rational, right: Rational
    ) -> tuple[pl.Expr, pl.Expr, int, list[Callable[[], pl.Expr]]]:
        """Both numerators over one common denominator."""
        den = lcm(left.den, right.den)
        divisors = _union(left.divisors, right.divisors)
        one, other = _over(left, den, divisors), _over(right, den, divisors)
        bits = max(one.bits, other.bits)
        return _expr(one, bits), _expr(other, bits), bits, [one.size, other.size]

    def _in(self, expr: Expr) -> pl.Expr:
        tested, *values = expr.args
        if tested.type.base == "num":
            number = self.number(tested)
            parts = [self.compare("eq", number, self.number(value)) for value in values]
            return reduce(lambda left, right: left | right, parts)
        present = [value.value for value in values if value.value is not None]
        found = self.any(tested).is_in(present)
        if len(present) < len(values):  # x in (…, null) is never false
            return pl.when(found).then(True).otherwise(None)
        return found

    def _like(self, expr: Expr) -> pl.Expr:
        return self.any(expr.args[0]).str.contains(like_pattern(expr.value))

    def _words(self, expr: Expr) -> pl.Expr:
        first, *later = self.named.editions(expr.value)
        found = self._has(expr.args[0], first[0])
        for name, since, _ in later:
            holds = self._year() >= since
            found = pl.when(holds).then(self._has(expr.args[0], name)).otherwise(found)
        return found

    def _has(self, text: Expr, edition: str) -> pl.Expr:
        marked = self.marks.test(text, edition) if self.marks is not None else None
        if marked is not None:
            return marked
        return lists.has_words(self.any(text), self.named.edition(edition))

    def _group(self, expr: Expr) -> pl.Expr:
        code = self.any(expr.args[0])
        return lists.in_group(code, self.named.groups[expr.value], self._year())

    def _known(self, expr: Expr) -> pl.Expr:
        year = self.whole(expr.args[1])
        return lists.known_code(self.any(expr.args[0]), self.named.codes[expr.value], year)

    def _year(self) -> pl.Expr:
        return self.year if self.year is not None else pl.lit(self.as_of.year)

    def _starts(self, expr: Expr) -> pl.Expr:
        return self.any(expr.args[0]).str.starts_with(self.any(expr.args[1]))

    def _ends(self, expr: Expr) -> pl.Expr:
        return self.any(expr.args[0]).str.ends_with(self.any(expr.args[1]))

    def _contains(self, expr: Expr) -> pl.Expr:
        return self.any(expr.args[0]).str.contains(self.any(expr.args[1]), literal=True)

    def _any(self, expr: Expr) -> pl.Expr:
        raise ExpressionError("any() 只能写在计量的 value 中")

    # ---- text and dates -----------------------------------------------------------------------
    def _substr(self, expr: Expr) -> pl.Expr:
        start, length = expr.value
        return self.any(expr.args[0]).str.slice(start - 1, length)

    def _concat(self, expr: Expr) -> pl.Expr:
        return pl.concat_str([self.any(arg) for arg in expr.args])

    def _as_of(self, expr: Expr) -> pl.Expr:
        return pl.lit(self.as_of)

    def _period_end(self, expr: Expr) -> pl.Expr:
        return self.day if self.day is not None else pl.lit(self.as_of)

    def _add_days(self, expr: Expr) -> pl.Expr:
        days = self.whole(expr.args[1])
        return (self.any(expr.args[0]).cast(pl.Int32) + days.cast(pl.Int32)).cast(pl.Date)

    def _add_months(self, expr: Expr) -> pl.Expr:
        return self.any(expr.args[0]).dt.offset_by(f"{expr.value}mo")

    def _make_date(self, expr: Expr) -> pl.Expr:
        return _date(*[self.whole(arg) for arg in expr.args])

    def _date_in(self, expr: Expr) -> pl.Expr:
        year, monthday = (self.whole(arg) for arg in expr.args)
        return _date(year, monthday // 100, monthday % 100)

    # ---- values of any type -------------------------------------------------------------------
    def _case(self, expr: Expr) -> pl.Expr:
        *branches, default = expr.args
        result = self.any(default)
        for at in range(len(branches) - 2, -1, -2):
            when, then = self.condition(branches[at]), self.any(branches[at + 1])
            result = pl.when(when).then(then).otherwise(result)
        return result

    def _coalesce(self, expr: Expr) -> pl.Expr:
        return pl.coalesce([self.any(arg) for arg in expr.args])

    def _least(self, expr: Expr) -> pl.Expr:
        return self._extreme(expr, least=True)

    def _greatest(self, expr: Expr) -> pl.Expr:
        return self._extreme(expr, least=False)

    def _extreme(self, expr: Expr, least: bool) -> pl.Expr:
        result = self.any(expr.args[0])
        for arg in expr.args[1:]:
            other = self.any(arg)
            better = result <= other if least else result >= other
            result = (
                pl.when(better).then(result).when(better.is_not_null()).then(other).otherwise(None)
            )
        return result

    # ---- numbers --------------------------------------------------------------------------------
    def whole(self, expr: Expr) -> pl.Expr:
        """A number that must be whole, as Int64. Raises ExpressionError otherwise."""
        number = self.number(expr)
        if number.den != 1 or number.divisors:
            raise ExpressionError("此处要整数；比率和除法的结果不能用在这里", "type")
        return _expr(number, min(number.bits, 63))

    def scaled(self, expr: Expr) -> tuple[pl.Expr, int]:
        """A number without division by columns, as (whole numbers, their denominator)."""
        number = self.number(expr)
        if number.divisors:
            raise ExpressionError("这里不能除以列；先分别求和，再在 levels 中相除", "type")
        return _expr(number, number.bits), number.den

    def rounded(self, expr: Expr, scale: int) -> pl.Expr:
        """A number times `scale`, rounded half away from zero to Int64; null if it does not fit."""
        number = self._n_mul_by(self.number(expr), Fraction(scale))
        bits = max(number.bits + 2, 64)
        num = _expr(number, bits)
        den = pl.lit(number.den, dtype=pl.Int128) * _one_divisor(number.divisors)
        half = (num.abs() * 2 + den) // (den * 2)
        signed = pl.when(num < 0).then(half * -1).otherwise(half)
        return signed.cast(pl.Int64, strict=False)

    def number(self, expr: Expr) -> Rational:
        """The fraction a numeric tree stands for."""
        method: Callable[[Expr], Rational] = getattr(self, f"_n_{expr.op}", self._n_whole)
        return method(expr)

    def _n_lit(self, expr: Expr) -> Rational:
        if expr.value is None:
            return _column(pl.lit(None, dtype=pl.Int64), 1)
        return constant(expr.value)

    def _n_col(self, expr: Expr) -> Rational:
        column = self.columns[expr.value]
        return _column(pl.col(self.names.get(expr.value, expr.value)), column.bits, column.den)

    def _n_at(self, expr: Expr) -> Rational:
        column = self.at_columns[expr.value]
        return _column(self._at(expr), column.bits, column.den)

    def _n_param(self, expr: Expr) -> Rational:
        if expr.value in self.overrides:
            return constant(self.overrides[expr.value])
        return self._dated(self.params[expr.value])

    def _dated(self, parameter: Parameter) -> Rational:
        den = lcm(*[value.value.denominator for value in parameter.values])
        day = self.day if self.day is not None else pl.lit(self.as_of)
        result: pl.Expr = pl.lit(None, dtype=pl.Int64)
        for value in reversed(parameter.values):
            holds = day >= value.since
            if value.until is not None:
                holds = holds & (day <= value.until)
            if value.jurisdiction:
                region = self.region if self.region is not None else pl.lit("")
                holds = holds & region.str.starts_with(value.jurisdiction)
            result = pl.when(holds).then(pl.lit(int(value.value * den))).otherwise(result)
        largest = max(abs(int(value.value * den)) for value in parameter.values)
        return _column(result, largest.bit_length() + 1, den)

    def _n_add(self, expr: Expr) -> Rational:
        return self._plus(self.number(expr.args[0]), self.number(expr.args[1]))

    def _n_sub(self, expr: Expr) -> Rational:
        return self._plus(self.number(expr.args[0]), _negative(self.number(expr.args[1])))

    def _plus(self, left: Rational, right: Rational) -> Rational:
        den = lcm(left.den, right.den)
        divisors = _union(left.divisors, right.divisors)
        one, other = _over(left, den, divisors), _over(right, den, divisors)
        return Rational(_add(one, other), _sum_bits(one, other), _both(one, other), den, divisors)

    def _n_neg(self, expr: Expr) -> Rational:
        return _negative(self.number(expr.args[0]))

    def _n_mul(self, expr: Expr) -> Rational:
        left, right = self.number(expr.args[0]), self.number(expr.args[1])
        bits = left.bits + right.bits
        return _reduced(
            Rational(
                _times(left, right, bits),
                bits,
                lambda: left.size() * right.size(),
                left.den * right.den,
                left.divisors + right.divisors,
            )
        )

    def _n_div(self, expr: Expr) -> Rational:
        left, right = self.number(expr.args[0]), self.number(expr.args[1])
        if isinstance(right.num, int) and not right.divisors:
            return self._n_mul_by(left, Fraction(right.den, right.num))
        numerator = left
        for divisor in right.divisors:
            bits = numerator.bits + divisor.bits
            other = Rational(divisor.expr, divisor.bits, divisor.size)
            numerator = Rational(
                _times(numerator, other, bits),
                bits,
                _product(numerator.size, divisor.size),
                numerator.den,
                numerator.divisors,
            )
        numerator = self._n_mul_by(numerator, Fraction(right.den))
        raw = _expr(right, right.bits)
        bad = (raw <= 0).fill_null(False)
        reached = bad if self.reached is None else bad & self.reached.fill_null(False)
        self.bad_divisors.append((describe(expr.args[1]), reached))
        divisor = Divisor(expr.args[1].key, pl.when(raw > 0).then(raw), right.bits, right.size)
        return Rational(
            numerator.num,
            numerator.bits,
            numerator.size,
            numerator.den,
            (*numerator.divisors, divisor),
        )

    def _n_mul_by(self, number: Rational, factor: Fraction) -> Rational:
        other = constant(factor)
        bits = number.bits + other.bits
        return _reduced(
            Rational(
                _times(number, other, bits),
                bits,
                lambda: number.size() * other.size(),
                number.den * other.den,
                number.divisors,
            )
        )

    def _n_abs(self, expr: Expr) -> Rational:
        inner = self.number(expr.args[0])
        num = abs(inner.num) if isinstance(inner.num, int) else inner.num.abs()
        if inner.bits > LIMIT_BITS:
            self.overflow.append((inner.size() > 2.0**LIMIT_BITS).fill_null(False))
        return Rational(num, inner.bits, inner.size, inner.den, inner.divisors)

    def _n_mod(self, expr: Expr) -> Rational:
        left, right = self.whole(expr.args[0]), self.whole(expr.args[1])
        return _column(pl.when(right > 0).then(left % right), 63)

    def _n_case(self, expr: Expr) -> Rational:
        *branches, default = expr.args
        before = outer = self.reached
        conditions, values = [], []
        for at in range(0, len(branches), 2):
            condition = self.condition(branches[at])
            conditions.append(condition)
            self.reached = condition if before is None else before & condition
            values.append(self.number(branches[at + 1]))
            missed = ~condition.fill_null(False)
            before = missed if before is None else before & missed
        self.reached = before
        values.append(self.number(default))
        self.reached = outer
        return self._choose(conditions, values)

    def _choose(self, conditions: list[pl.Expr], values: list[Rational]) -> Rational:
        """One fraction that equals the value of the first true condition, the last one otherwise.

        Divisors stay with their own branch: the others are multiplied by 1 instead.
        """
        den = lcm(*[value.den for value in values])
        level = [_over(value, den, value.divisors) for value in values]
        bits = max(value.bits for value in level)
        num = _expr(level[-1], bits)
        divisor = _one_divisor(level[-1].divisors)
        for condition, value in zip(reversed(conditions), reversed(level[:-1]), strict=True):
            num = pl.when(condition).then(_expr(value, bits)).otherwise(num)
            divisor = pl.when(condition).then(_one_divisor(value.divisors)).otherwise(divisor)
        size = _largest([value.size for value in level])
        divided = [each for value in level for each in value.divisors]
        if not divided:
            return Rational(num, bits, size, den)
        joined = Divisor(
            f"case({','.join(each.key for each in divided)})#{len(self.bad_divisors)}",
            divisor,
            max(sum(each.bits for each in value.divisors) for value in level),
            _largest([_sizes(value.divisors) for value in level]),
        )
        return Rational(num, bits, size, den, (joined,))

    def _n_coalesce(self, expr: Expr) -> Rational:
        values = [self.number(arg) for arg in expr.args]
        return self._choose([~self._blank(value) for value in values[:-1]], values)

    def _n_least(self, expr: Expr) -> Rational:
        return self._n_extreme(expr, "le")

    def _n_greatest(self, expr: Expr) -> Rational:
        return self._n_extreme(expr, "ge")

    def _n_extreme(self, expr: Expr, op: str) -> Rational:
        result = self.number(expr.args[0])
        unknown = _column(pl.lit(None, dtype=pl.Int64), 1)
        for arg in expr.args[1:]:
            other = self.number(arg)
            better = self.compare(op, result, other)
            result = self._choose([better, better.is_not_null()], [result, other, unknown])
        return result

    def _n_length(self, expr: Expr) -> Rational:
        return _column(self.any(expr.args[0]).str.len_chars().cast(pl.Int64), 31)

    def _n_days_between(self, expr: Expr) -> Rational:
        first, second = (self.any(arg).cast(pl.Int32).cast(pl.Int64) for arg in expr.args)
        return _column(second - first, 33)

    def _n_workdays_between(self, expr: Expr) -> Rational:
        from budget_watch.engine.workdays import ordinal

        first, second = (ordinal(self.any(arg)) for arg in expr.args)
        return _column(second - first, 33)

    def _n_day_no(self, expr: Expr) -> Rational:
        return _column(self.any(expr.args[0]).cast(pl.Int32).cast(pl.Int64), 32)

    def _n_year_of(self, expr: Expr) -> Rational:
        return _column(self.any(expr.args[0]).dt.year().cast(pl.Int64), 20)

    def _n_month_of(self, expr: Expr) -> Rational:
        return _column(self.any(expr.args[0]).dt.month().cast(pl.Int64), 4)

    def _n_day_of(self, expr: Expr) -> Rational:
        return _column(self.any(expr.args[0]).dt.day().cast(pl.Int64), 5)

    def _n_whole(self, expr: Expr) -> Rational:
        raise ExpressionError(f"这里不能使用 {expr.op}", "node")


_OPERATORS: dict[str, Callable[[Any, Any], pl.Expr]] = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


def like_pattern(pattern: str) -> str:
    """A LIKE pattern (`%` and `_`) as an anchored regular expression."""
    import re

    parts = {"%": ".*", "_": "."}
    return "(?s)^" + "".join(parts.get(char, re.escape(char)) for char in pattern) + "$"


def describe(expr: Expr) -> str:
    """A short name of a tree for a reason shown to people."""
    if expr.op in ("col", "at", "param"):
        return str(expr.value)
    names = sorted(expr.names() | expr.names("param"))
    return "、".join(names) or expr.op


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date; null where year, month and day name none."""
    # one call: as expressions each part, often a dated parameter, would be worked out ten times
    return pl.map_batches([year, month, day], _dates, return_dtype=pl.Date, is_elementwise=True)


def _dates(parts: Sequence[pl.Series]) -> pl.Series:
    year, month, day = (part.cast(pl.Int64).fill_null(0).to_numpy() for part in parts)
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1) & (year <= 9999)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[D]").astype(np.int64) - first
    found = pl.Series(parts[0].name, first + np.where(possible, day, 1) - 1, dtype=pl.Int64)
    return found.set(pl.Series(~(possible & (day <= length))), None).cast(pl.Int32).cast(pl.Date)


def constant(value: Fraction) -> Rational:
    """A literal as a fraction."""
    size = float(abs(value.numerator))
    return Rational(
        value.numerator, value.numerator.bit_length(), lambda: pl.lit(size), value.denominator
    )


def _column(expr: pl.Expr, bits: int, den: int = 1) -> Rational:
    return Rational(expr, bits, lambda: expr.cast(pl.Float64).abs(), den)


def _expr(number: Rational, bits: int) -> pl.Expr:
    """The numerator in a width that holds `bits`."""
    kind = pl.Int64() if bits <= 63 else pl.Int128()
    if isinstance(number.num, int):
        return pl.lit(_wrapped(number.num), dtype=kind)
    return number.num if bits <= 63 else number.num.cast(pl.Int128)


def _wrapped(value: int) -> int:
    """A constant as Int128 holds it; beyond its range the guard reports the row."""
    return (value + 2**127) % 2**128 - 2**127


def _times(left: Rational, right: Rational, bits: int) -> pl.Expr | int:
    if isinstance(left.num, int) and isinstance(right.num, int):
        return left.num * right.num
    if isinstance(left.num, int) and left.num == 1:
        return right.num
    if isinstance(right.num, int) and right.num == 1:
        return left.num
    return _expr(left, bits) * _expr(right, bits)


def _add(left: Rational, right: Rational) -> pl.Expr | int:
    if isinstance(left.num, int) and isinstance(right.num, int):
        return left.num + right.num
    bits = _sum_bits(left, right)
    return _expr(left, bits) + _expr(right, bits)


def _sum_bits(left: Rational, right: Rational) -> int:
    return max(left.bits, right.bits) + 1


def _both(left: Rational, right: Rational) -> Callable[[], pl.Expr]:
    return lambda: left.size() + right.size()


def _product(left: Callable[[], pl.Expr], right: Callable[[], pl.Expr]) -> Callable[[], pl.Expr]:
    return lambda: left() * right()


def _largest(sizes: list[Callable[[], pl.Expr]]) -> Callable[[], pl.Expr]:
    return lambda: pl.max_horizontal([size() for size in sizes])


def _sizes(divisors: tuple[Divisor, ...]) -> Callable[[], pl.Expr]:
    return lambda: reduce(
        lambda left, right: left * right, [each.size() for each in divisors], pl.lit(1.0)
    )


def _negative(number: Rational) -> Rational:
    num = -number.num if isinstance(number.num, int) else number.num * -1  # i128 has no negation
    return Rational(num, number.bits, number.size, number.den, number.divisors)


def _reduced(number: Rational) -> Rational:
    """A constant fraction in lowest terms."""
    if isinstance(number.num, int) and not number.divisors:
        return constant(Fraction(number.num, number.den))
    return number


def _union(left: tuple[Divisor, ...], right: tuple[Divisor, ...]) -> tuple[Divisor, ...]:
    """The least multiset of divisors that contains both."""
    rest = [each.key for each in left]
    extra: list[Divisor] = []
    for each in right:
        if each.key in rest:
            rest.remove(each.key)
        else:
            extra.append(each)
    return (*left, *extra)


def _over(number: Rational, den: int, divisors: tuple[Divisor, ...]) -> Rational:
    """The same fraction written over a larger denominator."""
    missing = list(divisors)
    for each in number.divisors:
        missing.remove(next(other for other in missing if other.key == each.key))
    factor = den // number.den
    num, bits, size = number.num, number.bits, number.size
    if factor != 1:
        other = constant(Fraction(factor))
        bits += other.bits
        num = _times(Rational(num, number.bits, size), other, bits)
        size = _product(size, other.size)
    for each in missing:
        before = Rational(num, bits, size)
        bits += each.bits
        num = _times(before, Rational(each.expr, each.bits, each.size), bits)
        size = _product(size, each.size)
    return Rational(num, bits, size, den, divisors)


def _one_divisor(divisors: tuple[Divisor, ...]) -> pl.Expr:
    """The product of divisors as one expression; 1 of none."""
    bits = sum(each.bits for each in divisors)
    if bits <= 63:
        return reduce(
            lambda left, right: left * right,
            [each.expr for each in divisors],
            pl.lit(1, dtype=pl.Int64),
        ).cast(pl.Int128)
    return reduce(
        lambda left, right: left * right,
        [each.expr.cast(pl.Int128) for each in divisors],
        pl.lit(1, dtype=pl.Int128),
    )
