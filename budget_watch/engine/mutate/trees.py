"""What can be changed in an expression: numbers, signs, parts left out, functions, texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

from budget_watch.engine.expression import Expr
from budget_watch.engine.units import BOOL, RATIO

SIGNS = {
    "lt": ("le", "gt"),
    "le": ("lt", "ge"),
    "gt": ("ge", "lt"),
    "ge": ("gt", "le"),
    "eq": ("ne",),
    "ne": ("eq",),
}
TWINS = {
    "and": "or",
    "or": "and",
    "starts": "contains",
    "ends": "contains",
    "contains": "starts",
    "least": "greatest",
    "greatest": "least",
}
AGGREGATES = {
    "sum": "count",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "distinct": "count",
}
TRUE = Expr("lit", (), BOOL, True)
FALSE = Expr("lit", (), BOOL, False)


@dataclass(frozen=True)
class Change:
    """A node of a tree and what stands there instead."""

    node: Expr
    instead: Expr


def changes(tree: Expr) -> Iterator[Change]:
    """All changes of a tree's nodes, each node once."""
    seen: set[int] = set()
    blanks = {id(each) for node in tree.walk() if node.op == "coalesce" for each in node.args[1:]}
    for node in tree.walk():
        if id(node) in seen or (id(node) in blanks and node.value == ""):
            continue  # '' for a missing text is like any other text that is no code
        seen.add(id(node))
        for instead in _instead(node):
            yield Change(node, instead)


def put(tree: Expr, change: Change) -> Expr:
    """The tree with the node changed wherever that very node stands; itself if nowhere."""
    if tree is change.node:
        return change.instead
    args = tuple(put(arg, change) for arg in tree.args)
    if all(new is old for new, old in zip(args, tree.args, strict=True)):
        return tree
    return replace(tree, args=args)


def enclosing(tree: Expr, node: Expr) -> Expr:
    """The smallest condition in the tree around a node: what a reader recognises."""
    path = _path(tree, node)
    return next(
        (each for each in reversed(path) if each.type.base == "bool" and each.op != "lit"), tree
    )


def _path(tree: Expr, node: Expr) -> list[Expr]:
    if tree is node:
        return [tree]
    for arg in tree.args:
        below = _path(arg, node)
        if below:
            return [tree, *below]
    return []


def _instead(node: Expr) -> Iterator[Expr]:
    op = node.op
    for other in SIGNS.get(op, ()):
        yield replace(node, op=other)
    if op in TWINS:
        yield replace(node, op=TWINS[op])
    if op in ("and", "or"):
        yield from _without_a_part(node)
    elif op == "not":
        yield node.args[0]
    elif op in ("words", "group", "known"):
        yield TRUE
        yield FALSE
    elif op == "lit":
        yield from (replace(node, value=value) for value in _values(node))
    elif op == "substr":
        start, length = node.value
        yield replace(node, value=(start + 1, length))
        yield replace(node, value=(start, length + 1))
        if length > 1:
            yield replace(node, value=(start, length - 1))
    elif op == "add_months":
        yield from (replace(node, value=node.value + step) for step in (1, -1))
    elif op == "like":
        yield replace(node, value=f"#{node.value}")


def _without_a_part(node: Expr) -> Iterator[Expr]:
    for at in range(len(node.args)):
        left = node.args[:at] + node.args[at + 1 :]
        yield left[0] if len(left) == 1 else replace(node, args=left)


def _values(node: Expr) -> Iterator[Any]:
    value = node.value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, Fraction):
        step = unit(node, value)
        yield value + step
        yield value - step
    elif isinstance(value, str):
        yield f"{value}#"
    elif value is not None:
        yield value + timedelta(days=1)
        yield value - timedelta(days=1)


def unit(node: Expr, value: Fraction) -> Fraction:
    """One unit of a number: a fen, a day, one; a hundredth of ratios and of parts of one."""
    part = node.type.shown == RATIO.shown or (not node.type.unit and value.denominator != 1)
    return Fraction(1, 100) if part else Fraction(1)
