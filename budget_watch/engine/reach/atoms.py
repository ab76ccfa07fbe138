"""Conditions of the judgement: every part seen true and false, every limit from both sides.

A limit is seen from a side if a case lies there and one unit more or less of one of its values (a
fen, a day, one; a hundredth of a ratio) would turn the comparison: at it, and one unit beyond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr
from budget_watch.engine.mutate.exact import Seen, predicates
from budget_watch.engine.reach.demand import Demand
from budget_watch.engine.units import RATIO, Column
from budget_watch.engine.written import written

LIMITS = frozenset({"lt", "le", "gt", "ge"})
WEEKENDS = range(2, 12)  # calendar days to the next working day, holidays included
FAILURES = (ValueError, TypeError, ArithmeticError)


def judged(rule: CheckedRule, cases: Sequence[Seen]) -> Iterator[Demand]:
    """What the cases should show of the rule's judgement."""
    names = {id(tree): name for name, tree in rule.let.items() if tree.args}
    seen: set[str] = set()
    for tree in predicates(rule):
        for atom in atoms(tree):
            if atom.key in seen or not atom.names():
                continue
            seen.add(atom.key)
            yield from _truths(rule, atom, cases, written(atom, _outer(atom, names)))


def _outer(atom: Expr, names: Mapping[int, str]) -> Mapping[int, str]:
    """A `let` that is the atom itself is written out."""
    return {key: name for key, name in names.items() if key != id(atom)}


def atoms(tree: Expr) -> Iterator[Expr]:
    """The parts that and, or and not are made of."""
    if tree.op in ("and", "or", "not"):
        for arg in tree.args:
            yield from atoms(arg)
    elif tree.op != "lit":
        yield tree


def _truths(rule: CheckedRule, atom: Expr, cases: Sequence[Seen], text: str) -> Iterator[Demand]:
    found = [(each, _truth(rule, atom, each)) for each in cases]
    limit = atom.op in LIMITS and _has_steps(rule, atom)
    for wanted, said in ((True, "成立"), (False, "不成立")):
        there = [each for each, truth in found if truth is wanted]
        yield Demand(f"条件 {text}：{said}", bool(there))
        if limit and there:
            tight = any(_turns(rule, atom, each, wanted) for each in there)
            yield Demand(f"界线 {text}：{said}的一侧紧贴界线", tight)


def _truth(rule: CheckedRule, atom: Expr, seen: Seen) -> Any:
    try:
        return seen.truth(rule, atom, {})[0]
    except FAILURES:
        return None


def _has_steps(rule: CheckedRule, atom: Expr) -> bool:
    kinds = {rule.columns[name].type.base for name in atom.names()}
    return bool(kinds & {"num", "date"}) and not any(
        node.op in ("length", "case") for node in atom.walk()
    )


def _turns(rule: CheckedRule, atom: Expr, seen: Seen, truth: bool) -> bool:
    """Whether one unit of one value turns the atom."""
    far = any(node.op == "workdays_between" for node in atom.walk())
    for name in sorted(atom.names()):
        value = seen.values.get(name)
        for other in () if value is None else _beside(value, rule.columns[name], far):
            moved = replace(seen, values={**seen.values, name: other}, known={})
            if _truth(rule, atom, moved) is (not truth):
                return True
    if any(node.op == "as_of" for node in atom.walk()):
        for day in _beside(seen.setting.as_of, None, far):
            moved = replace(seen, setting=replace(seen.setting, as_of=day), known={})
            if _truth(rule, atom, moved) is (not truth):
                return True
    return False


def _beside(value: Any, column: Column | None, far: bool) -> Iterator[Any]:
    """The values one unit away."""
    if isinstance(value, date):
        for step in (1, *(WEEKENDS if far else ())):
            yield value + timedelta(days=step)
            yield value - timedelta(days=step)
    elif isinstance(value, int) and not isinstance(value, bool) and column is not None:
        steps = [1] if column.den == 1 or column.type.unit else [1, column.den]
        if column.type.shown == RATIO.shown and column.den >= 100:
            steps = [1, column.den // 100]
        for step in steps:
            yield value + step
            yield value - step
