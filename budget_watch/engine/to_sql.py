"""Compiles checked trees to DuckDB SQL, naively: for the oracle and to show what was asked.

Fractions are pairs of HUGEINT texts; DuckDB raises on overflow instead of wrapping. Shares nothing
with the polars compiler but the tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import reduce

from budget_watch.engine.expression import Expr
from budget_watch.engine.lists import GAP, NamedLists, alternation, spellings
from budget_watch.engine.model import Group, WordSet
from budget_watch.engine.params import Parameter
from budget_watch.engine.units import Column

Pair = tuple[str, str]  # numerator, denominator (> 0 or NULL)


def text(value: str) -> str:
    """A text constant."""
    return "'" + value.replace("'", "''") + "'"


def name(column: str) -> str:
    """A quoted identifier."""
    return '"' + column.replace('"', '""') + '"'


@dataclass
class SqlCompiler:
    """Turns trees into SQL over columns of one row.

    Attributes:
        prefix: alias and dot before column names.
        at: @col → SQL.
        day, region, year: SQL that places the row for parameters and groups.
        bad_divisors: filled while compiling: (name, SQL that is true where it is not > 0).
    """

    columns: Mapping[str, Column]
    as_of: date
    params: Mapping[str, Parameter] = field(default_factory=dict)
    named: NamedLists = field(default_factory=NamedLists)
    overrides: Mapping[str, Fraction] = field(default_factory=dict)
    prefix: str = ""
    at: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    day: str | None = None
    region: str | None = None
    year: str | None = None
    bad_divisors: list[tuple[str, str]] = field(default_factory=list)
    reached: str | None = None

    def sql(self, expr: Expr) -> str:
        """Any tree but a fraction."""
        if expr.type.base == "num":
            num, den = self.pair(expr)
            return num if den == "1" else f"({num} / {den})"
        method: Callable[[Expr], str] | None = getattr(self, f"_{expr.op}", None)
        if method is not None:
            return method(expr)
        return _TEMPLATES[expr.op].format(*[self.sql(arg) for arg in expr.args])

    def _lit(self, expr: Expr) -> str:
        value = expr.value
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return f"DATE '{value.isoformat()}'" if isinstance(value, date) else text(value)

    def _col(self, expr: Expr) -> str:
        return self.prefix + name(expr.value)

    def _at(self, expr: Expr) -> str:
        return self.at[expr.value][0]

    def _as_of(self, expr: Expr) -> str:
        return f"DATE '{self.as_of.isoformat()}'"

    def _period_end(self, expr: Expr) -> str:
        return self.day or self._as_of(expr)

    def _and(self, expr: Expr) -> str:
        return "(" + " AND ".join(self.sql(arg) for arg in expr.args) + ")"

    def _or(self, expr: Expr) -> str:
        return "(" + " OR ".join(self.sql(arg) for arg in expr.args) + ")"

    def _isnull(self, expr: Expr) -> str:
        if expr.args[0].type.base == "num":
            num, den = self.pair(expr.args[0])
            return f"({num} IS NULL OR {den} IS NULL)"
        return f"({self.sql(expr.args[0])} IS NULL)"

    def _compare(self, expr: Expr) -> str:
        sign = {"lt": "<", "le": "<=", "eq": "=", "ne": "<>", "gt": ">", "ge": ">="}[expr.op]
        left, right = expr.args
        if "num" not in (left.type.base, right.type.base):
            return f"({self.sql(left)} {sign} {self.sql(right)})"
        return self._cross(self.pair(left), sign, self.pair(right))

    _lt = _le = _eq = _ne = _gt = _ge = _compare

    def _cross(self, left: Pair, sign: str, right: Pair) -> str:
        return f"({times(left[0], right[1])} {sign} {times(right[0], left[1])})"

    def _in(self, expr: Expr) -> str:
        tested, *values = expr.args
        if tested.type.base == "num":
            pair = self.pair(tested)
            return (
                "(" + " OR ".join(self._cross(pair, "=", self.pair(each)) for each in values) + ")"
            )
        return f"({self.sql(tested)} IN ({', '.join(self.sql(each) for each in values)}))"

    def _like(self, expr: Expr) -> str:
        return f"({self.sql(expr.args[0])} LIKE {text(expr.value)})"

    def _case(self, expr: Expr) -> str:
        *branches, default = expr.args
        whens = " ".join(
            f"WHEN {self.sql(branches[at])} THEN {self.sql(branches[at + 1])}"
            for at in range(0, len(branches), 2)
        )
        return f"(CASE {whens} ELSE {self.sql(default)} END)"

    def _coalesce(self, expr: Expr) -> str:
        return f"coalesce({', '.join(self.sql(arg) for arg in expr.args)})"

    def _least(self, expr: Expr) -> str:
        return self._extreme(expr, "least")

    def _greatest(self, expr: Expr) -> str:
        return self._extreme(expr, "greatest")

    def _extreme(self, expr: Expr, function: str) -> str:
        parts = [self.sql(arg) for arg in expr.args]
        known = " AND ".join(f"{part} IS NOT NULL" for part in parts)
        return f"(CASE WHEN {known} THEN {function}({', '.join(parts)}) END)"

    def _concat(self, expr: Expr) -> str:
        return "(" + " || ".join(self.sql(arg) for arg in expr.args) + ")"

    def _words(self, expr: Expr) -> str:
        inner = self.sql(expr.args[0])
        first, *later = self.named.editions(expr.value)
        if not later:
            return _has_words(inner, first[2])
        year = self.year or str(self.as_of.year)
        whens = " ".join(
            f"WHEN {year} >= {since} THEN {_has_words(inner, words)}"
            for _, since, words in reversed(later)
        )
        return f"(CASE {whens} ELSE {_has_words(inner, first[2])} END)"

    def _group(self, expr: Expr) -> str:
        group, code = self.named.groups[expr.value], self.sql(expr.args[0])
        sets = sorted(group.sets, key=lambda each: each.since)
        if len(sets) == 1:
            return _within(code, sets[0].codes, group)
        year = self.year or str(self.as_of.year)
        whens = " ".join(
            f"WHEN {year} >= {each.since.year} THEN {_within(code, each.codes, group)}"
            for each in reversed(sets)
        )
        return f"(CASE {whens} ELSE FALSE END)"

    def _known(self, expr: Expr) -> str:
        code, year = self.sql(expr.args[0]), self.sql(expr.args[1])
        years = self.named.codes[expr.value]
        first = min(years)
        whens = " ".join(
            f"WHEN {year} >= {each} "
            f"THEN {code} IN ({', '.join(text(one) for one in sorted(years[each]))})"
            for each in sorted(years, reverse=True)
            if each != first
        )
        rest = f"{code} IN ({', '.join(text(one) for one in sorted(years[first]))})"
        return f"(CASE {whens} ELSE {rest} END)" if whens else f"({rest})"

    def _substr(self, expr: Expr) -> str:
        return f"substr({self.sql(expr.args[0])}, {expr.value[0]}, {expr.value[1]})"

    def _add_days(self, expr: Expr) -> str:
        return f"({self.sql(expr.args[0])} + CAST({self.sql(expr.args[1])} AS INTEGER))"

    def _add_months(self, expr: Expr) -> str:
        return f"CAST({self.sql(expr.args[0])} + INTERVAL {expr.value} MONTH AS DATE)"

    def _make_date(self, expr: Expr) -> str:
        return _made_date(*[self.sql(arg) for arg in expr.args])

    def _date_in(self, expr: Expr) -> str:
        year, monthday = (self.sql(arg) for arg in expr.args)
        return _made_date(year, f"({monthday} // 100)", f"({monthday} % 100)")

    # ---- numbers ---------------------------------------------------------------------------------
    def pair(self, expr: Expr) -> Pair:
        """A numeric tree as numerator and denominator."""
        method: Callable[[Expr], Pair] | None = getattr(self, f"_n_{expr.op}", None)
        if method is not None:
            return method(expr)
        return (_NUMERIC[expr.op].format(*[self.sql(arg) for arg in expr.args]), "1")

    def _n_lit(self, expr: Expr) -> Pair:
        if expr.value is None:
            return ("NULL", "1")
        return (huge(expr.value.numerator), str(expr.value.denominator))

    def _n_col(self, expr: Expr) -> Pair:
        column = self.columns[expr.value]
        return (f"{self.prefix}{name(expr.value)}::HUGEINT", str(column.den))

    def _n_at(self, expr: Expr) -> Pair:
        sql, den = self.at[expr.value]
        return (f"{sql}::HUGEINT", str(den))

    def _n_param(self, expr: Expr) -> Pair:
        if expr.value in self.overrides:
            value = self.overrides[expr.value]
            return (huge(value.numerator), str(value.denominator))
        day = self.day or f"DATE '{self.as_of.isoformat()}'"
        common = 10**9
        whens = []
        for dated in self.params[expr.value].values:
            test = f"{day} >= DATE '{dated.since.isoformat()}'"
            if dated.until is not None:
                test += f" AND {day} <= DATE '{dated.until.isoformat()}'"
            if dated.jurisdiction:
                test += f" AND starts_with({self.region or text('')}, {text(dated.jurisdiction)})"
            whens.append(f"WHEN {test} THEN {huge(int(dated.value * common))}")
        return (f"(CASE {' '.join(whens)} END)", str(common))

    def _n_add(self, expr: Expr) -> Pair:
        return self._sum(expr, "+")

    def _n_sub(self, expr: Expr) -> Pair:
        return self._sum(expr, "-")

    def _sum(self, expr: Expr, sign: str) -> Pair:
        (one, over), (other, under) = self.pair(expr.args[0]), self.pair(expr.args[1])
        if over == under:
            return (f"({one} {sign} {other})", over)
        return (f"({times(one, under)} {sign} {times(other, over)})", times(over, under))

    def _n_neg(self, expr: Expr) -> Pair:
        num, den = self.pair(expr.args[0])
        return (f"(-{num})", den)

    def _n_mul(self, expr: Expr) -> Pair:
        (one, over), (other, under) = self.pair(expr.args[0]), self.pair(expr.args[1])
        return (times(one, other), times(over, under))

    def _n_div(self, expr: Expr) -> Pair:
        left, right = self.pair(expr.args[0]), self.pair(expr.args[1])
        if expr.args[1].op == "lit":
            value = 1 / expr.args[1].value
            return (times(left[0], huge(value.numerator)), times(left[1], str(value.denominator)))
        bad = f"({right[0]} <= 0)"
        reached = bad if self.reached is None else f"({bad} AND {self.reached})"
        from budget_watch.engine.to_polars import describe

        self.bad_divisors.append((describe(expr.args[1]), reached))
        positive = f"(CASE WHEN {right[0]} > 0 THEN {right[0]} END)"
        return (times(left[0], right[1]), times(left[1], positive))

    def _n_abs(self, expr: Expr) -> Pair:
        num, den = self.pair(expr.args[0])
        return (f"abs({num})", den)

    def _n_mod(self, expr: Expr) -> Pair:
        left, right = self.sql(expr.args[0]), self.sql(expr.args[1])
        return (f"(CASE WHEN {right} > 0 THEN (({left} % {right}) + {right}) % {right} END)", "1")

    def _n_case(self, expr: Expr) -> Pair:
        *branches, default = expr.args
        outer, missed = self.reached, self.reached
        whens: list[tuple[str, Pair]] = []
        for at in range(0, len(branches), 2):
            condition = self.sql(branches[at])
            self.reached = condition if missed is None else f"({missed} AND {condition})"
            whens.append((condition, self.pair(branches[at + 1])))
            not_here = f"NOT coalesce({condition}, FALSE)"
            missed = not_here if missed is None else f"({missed} AND {not_here})"
        self.reached = missed
        last = self.pair(default)
        self.reached = outer
        return self._choice(whens, last)

    def _choice(self, whens: list[tuple[str, Pair]], last: Pair) -> Pair:
        sides: list[str] = []
        for side in (0, 1):
            body = " ".join(f"WHEN {when} THEN {pair[side]}" for when, pair in whens)
            sides.append(f"(CASE {body} ELSE {last[side]} END)")
        if all(pair[1] == last[1] for _, pair in whens):
            return (sides[0], last[1])
        return (sides[0], f"{sides[1]}::HUGEINT")  # two of them multiplied leave INTEGER

    def _n_coalesce(self, expr: Expr) -> Pair:
        pairs = [self.pair(arg) for arg in expr.args]
        whens = [(f"({num} IS NOT NULL AND {den} IS NOT NULL)", (num, den)) for num, den in pairs]
        return self._choice(whens[:-1], pairs[-1])

    def _n_least(self, expr: Expr) -> Pair:
        return self._n_extreme(expr, "<=")

    def _n_greatest(self, expr: Expr) -> Pair:
        return self._n_extreme(expr, ">=")

    def _n_extreme(self, expr: Expr, sign: str) -> Pair:
        def better(one: Pair, other: Pair) -> Pair:
            test = self._cross(one, sign, other)
            return self._choice([(test, one), (f"{test} IS NOT NULL", other)], ("NULL", "1"))

        return reduce(better, [self.pair(arg) for arg in expr.args])


def times(left: str, right: str) -> str:
    """A product, without ones."""
    if left == "1":
        return right
    if right == "1":
        return left
    if left.isdigit() and right.isdigit():
        return str(int(left) * int(right))
    return f"({left} * {right})"


def huge(value: int) -> str:
    """A whole number as HUGEINT."""
    return f"{value}::HUGEINT" if value >= 0 else f"({value})::HUGEINT"


def _has_words(inner: str, words: WordSet) -> str:
    """Whether a text in SQL has the words of one edition of a list."""
    include, exclude = spellings(words.include), spellings(words.exclude)
    if exclude:
        inner = f"regexp_replace({inner}, {text(alternation(exclude))}, {text(GAP)}, 'g')"
    found = f"regexp_matches({inner}, {text(alternation(include))})"
    if words.require_also:
        also = alternation(spellings(words.require_also))
        found += f" AND regexp_matches({inner}, {text(also)})"
    return f"({found})"


def _within(code: str, codes: tuple[str, ...], group: Group) -> str:
    if group.match == "exact":
        return f"({code} IN ({', '.join(text(each) for each in codes)}))"
    return "(" + " OR ".join(f"starts_with({code}, {text(each)})" for each in codes) + ")"


def _made_date(year: str, month: str, day: str) -> str:
    y, m, d = (f"CAST({part} AS BIGINT)" for part in (year, month, day))
    first = f"make_date({y}, {m}, 1)"
    return (
        f"(CASE WHEN {m} BETWEEN 1 AND 12 AND {y} BETWEEN 1 AND 9999 AND {d} >= 1 THEN "
        f"CASE WHEN {d} <= day(last_day({first})) THEN make_date({y}, {m}, {d}) END END)"
    )


_TEMPLATES = {
    "not": "(NOT {0})",
    "starts": "starts_with({0}, {1})",
    "ends": "ends_with({0}, {1})",
    "contains": "contains({0}, {1})",
}
_NUMERIC = {
    "length": "length({0})::HUGEINT",
    "days_between": "({1} - {0})::HUGEINT",
    "workdays_between": (
        "((SELECT d.wd FROM __days d WHERE d.date = {1}) - "
        "(SELECT d.wd FROM __days d WHERE d.date = {0}))::HUGEINT"
    ),
    "day_no": "({0} - DATE '1970-01-01')::HUGEINT",
    "year_of": "year({0})::HUGEINT",
    "month_of": "month({0})::HUGEINT",
    "day_of": "day({0})::HUGEINT",
}
