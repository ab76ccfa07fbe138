"""Whether conditions can hold together: interval reasoning on constants and parameters.

Conditions are taken apart into alternatives (each a list of comparisons); a comparison becomes a
sum of terms against a number. Two comparisons of the same sum bound it from both sides; where no
number is left, the alternative is impossible. Everything else counts as possible: the answer
“impossible” is sure, “possible” is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr
from budget_watch.engine.params import Parameter

MOST = 600
OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
MIRROR = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
COUNTS = frozenset({"count", "rows", "distinct"})
PERIODS = {"month": (1, 12), "quarter": (1, 4)}

Literals = list[tuple[Expr, bool]]


@dataclass(frozen=True)
class Sum:
    """Terms with their factors, and what is added: a number between low and high."""

    terms: Mapping[str, Fraction]
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)


@dataclass
class Range:
    """What is left of a sum: bounds (open: the bound itself left out) and values ruled out."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    never: set[Fraction] = field(default_factory=set)

    def above(self, bound: Fraction, is_open: bool) -> None:
        """The sum is above the bound."""
        if self.low is None or (bound, is_open) > (self.low, self.low_open):
            self.low, self.low_open = bound, is_open

    def below(self, bound: Fraction, is_open: bool) -> None:
        """The sum is below the bound."""
        if self.high is None or (-bound, is_open) > (-self.high, self.high_open):
            self.high, self.high_open = bound, is_open

    @property
    def empty(self) -> bool:
        """Whether no number is left."""
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.never
        return self.low > self.high


@dataclass
class Reasoner:
    """Reasons about the conditions of one rule."""

    rule: CheckedRule
    params: Mapping[str, Parameter]

    def possible(self, wanted: Sequence[tuple[Expr, bool]]) -> bool:
        """Whether all conditions can have these truths at once (true, or not true)."""
        alternatives: list[Literals] = [[]]
        for tree, truth in wanted:
            ways = self._ways(tree, truth)
            if len(alternatives) * len(ways) > MOST:
                continue  # what is left out only makes more possible
            alternatives = [one + other for one, other in product(alternatives, ways)]
            alternatives = [each for each in alternatives if self._consistent(each)]
            if not alternatives:
                return False
        return True

    def _ways(self, tree: Expr, truth: bool) -> list[Literals]:
        """The alternatives in which a tree has a truth; one is enough."""
        if tree.op == "not":
            return self._ways(tree.args[0], not truth)
        if tree.op in ("and", "or"):
            parts = [self._ways(arg, truth) for arg in tree.args]
            if (tree.op == "and") != truth:
                return [way for part in parts for way in part]
            ways: list[Literals] = [[]]
            for part in parts:
                if len(ways) * len(part) > MOST:
                    continue
                ways = [one + other for one, other in product(ways, part)]
            return ways
        return [[(tree, truth)]]

    def _consistent(self, literals: Literals) -> bool:
        said: dict[str, bool] = {}
        for tree, truth in literals:
            if tree.op == "lit" and tree.value is not None and tree.value != truth:
                return False
            if said.setdefault(tree.key, truth) != truth:
                return False
        return self._bounded(literals, False) and self._bounded(literals, True)

    def _bounded(self, literals: Literals, exactly: bool) -> bool:
        """Whether each sum has a number left.

        Args:
            exactly: parameters are terms of their own (the same one is always the same number);
                otherwise they are anything between their smallest and largest value.
        """
        ranges: dict[tuple[tuple[str, Fraction], ...], Range] = {}
        for tree, truth in literals:
            if tree.op in OPPOSITE and tree.args[0].type.base == "num":
                op = tree.op if truth else OPPOSITE[tree.op]
                self._take(ranges, op, tree, exactly)
        return not any(each.empty for each in ranges.values())

    def _take(
        self,
        ranges: dict[tuple[tuple[str, Fraction], ...], Range],
        op: str,
        tree: Expr,
        exactly: bool,
    ) -> None:
        left, right = (self._sum(each, exactly) for each in tree.args)
        whole = _plus(left, right, Fraction(-1))
        key, factor = _scaled(whole.terms)
        op = MIRROR[op] if factor < 0 else op
        # terms × factor + [low, high] op 0
        bounds = sorted((-whole.low / factor, -whole.high / factor))
        found = ranges.get(key)
        if found is None:
            found = ranges[key] = self._known(key)
        if op in ("gt", "ge", "eq"):
            found.above(bounds[0], op == "gt")
        if op in ("lt", "le", "eq"):
            found.below(bounds[1], op == "lt")
        if op == "ne" and bounds[0] == bounds[1]:
            found.never.add(bounds[0])

    def _known(self, key: tuple[tuple[str, Fraction], ...]) -> Range:
        """What is known of a sum beforehand: counts are not negative, months are 1 to 12."""
        found = Range()
        if not key:
            found.above(Fraction(0), False)
            found.below(Fraction(0), False)
        elif len(key) == 1 and key[0][1] == 1:
            name = key[0][0]
            if name in PERIODS and name in self.rule.columns:
                found.above(Fraction(PERIODS[name][0]), False)
                found.below(Fraction(PERIODS[name][1]), False)
            elif name.startswith("abs(") or self._counted(name):
                found.above(Fraction(0), False)
        return found

    def _counted(self, name: str) -> bool:
        measures = {**self.rule.measures, **(self.rule.window.values if self.rule.window else {})}
        return name in measures and measures[name].function in COUNTS

    def _sum(self, tree: Expr, exactly: bool) -> Sum:
        if tree.op == "lit" and isinstance(tree.value, Fraction):
            return Sum({}, tree.value, tree.value)
        if tree.op == "param" and not exactly:
            return Sum({}, *self._span(self.params[tree.value]))
        if tree.op in ("add", "sub"):
            left, right = (self._sum(arg, exactly) for arg in tree.args)
            return _plus(left, right, Fraction(1 if tree.op == "add" else -1))
        if tree.op == "neg":
            return _plus(Sum({}), self._sum(tree.args[0], exactly), Fraction(-1))
        if tree.op in ("mul", "div"):
            return self._product(tree, exactly)
        return Sum({tree.value if tree.op == "col" else tree.key: Fraction(1)})

    def _span(self, parameter: Parameter) -> tuple[Fraction, Fraction]:
        """The smallest and largest value; a switch of 0 or 1 may be turned by a home."""
        values = {each.value for each in parameter.values}
        if parameter.param.unit == "count":
            values |= {Fraction(0), Fraction(1)} if values <= {0, 1} else set()
        return min(values), max(values)

    def _product(self, tree: Expr, exactly: bool) -> Sum:
        left, right = (self._sum(arg, exactly) for arg in tree.args)
        for one, other in ((left, right), (right, left)):
            number = not other.terms and other.low == other.high
            if number and tree.op == "mul":
                return _plus(Sum({}), one, other.low)
            if number and tree.op == "div" and other is right and other.low:
                return _plus(Sum({}), one, 1 / other.low)
        return Sum({tree.key: Fraction(1)})


def _plus(left: Sum, right: Sum, factor: Fraction) -> Sum:
    terms = dict(left.terms)
    for name, count in right.terms.items():
        terms[name] = terms.get(name, Fraction(0)) + count * factor
    low, high = sorted((right.low * factor, right.high * factor))
    return Sum(
        {name: count for name, count in terms.items() if count}, left.low + low, left.high + high
    )


def _scaled(terms: Mapping[str, Fraction]) -> tuple[tuple[tuple[str, Fraction], ...], Fraction]:
    """Terms with the first one's factor made 1, and that factor."""
    ordered = sorted(terms.items())
    factor = ordered[0][1] if ordered else Fraction(1)
    return tuple((name, count / factor) for name, count in ordered), factor
