"""Judges the values of a test case exactly, without a frame: fast enough for thousands of mutants.

It follows `judge.judgement` step by step with the exact evaluator. What the unchanged rule says
of a case is compared with the expected result first; a case on which it differs is left to polars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from budget_watch.engine.authority import word_for
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Outcome, Setting, Verdict, needed
from budget_watch.engine.params import Parameter
from budget_watch.engine.to_polars import describe


@dataclass
class Divided(Evaluator):
    """An evaluator that keeps the names of divisors that were not above zero."""

    divisors: list[str] = field(default_factory=list)

    def _div(self, expr: Expr) -> Any:
        before, self.bad_divisor = self.bad_divisor, False
        result = super()._div(expr)
        if self.bad_divisor:
            self.divisors.append(describe(expr.args[1]))
        self.bad_divisor = before or self.bad_divisor
        return result


@dataclass
class Seen:
    """The stored values of one case and what is known of the unchanged rule's trees there."""

    values: Mapping[str, Any]
    setting: Setting
    day: date | None
    known: dict[int, tuple[Any, tuple[str, ...]]] = field(default_factory=dict)

    def truth(
        self, rule: CheckedRule, tree: Expr, params: Mapping[str, Parameter]
    ) -> tuple[Any, tuple[str, ...]]:
        """The tree's truth, and the names of divisors that were not above zero."""
        cached = self.known.get(id(tree))
        if cached is not None and not (params and tree.names("param") & set(params)):
            return cached
        found = self._evaluator(rule, params)
        return found.value(tree), tuple(found.divisors)

    def sentence(self, rule: CheckedRule, params: Mapping[str, Parameter]) -> str:
        """The rule's message on these values."""
        found = self._evaluator(rule, params)
        day, region = self.day or self.setting.as_of, self.values.get("mof_div_code")
        known = {**self.setting.params, **params}

        def of(tree: Expr) -> str:
            return word_for(tree, found, known, day, region)

        return rule.message.fill(found.value, None, of)

    def _evaluator(self, rule: CheckedRule, params: Mapping[str, Parameter]) -> Divided:
        return Divided(
            self.values,
            rule.columns,
            self.setting.as_of,
            {**self.setting.params, **params} if params else self.setting.params,
            self.setting.named,
            self.setting.overrides,
            self.day,
            self.values.get("mof_div_code"),
            self.values.get("fiscal_year"),
        )

    def remember(self, rule: CheckedRule) -> None:
        """Keep the truth of every tree of the unchanged rule."""
        for tree in predicates(rule):
            self.known[id(tree)] = self.truth(rule, tree, {})


def predicates(rule: CheckedRule) -> Iterator[Expr]:
    """The conditions of a rule's judgement."""
    for each in (*rule.skip, *rule.requires, *rule.undecided):
        yield each.when
    for level in rule.levels:
        yield level.when


def verdict(seen: Seen, rule: CheckedRule, params: Mapping[str, Parameter]) -> Verdict:
    """The verdict on the values of a case."""
    for part, outcome, stops in _BEFORE:
        for each in getattr(rule, part):
            if (seen.truth(rule, each.when, params)[0] is True) == stops:
                return Verdict(outcome, each.because)
    for at, level in enumerate(rule.levels):
        truth, divisors = seen.truth(rule, level.when, params)
        if truth is None:
            if divisors:
                return Verdict("not_applicable", f"分母不大于零：{divisors[0]}")
            return Verdict("insufficient_data", needed(level.when))
        if truth:
            return Verdict("hit", "", at)
    return Verdict("clear")


_BEFORE: tuple[tuple[str, Outcome, bool], ...] = (
    ("skip", "not_applicable", True),
    ("requires", "insufficient_data", False),
    ("undecided", "insufficient_data", True),
)
