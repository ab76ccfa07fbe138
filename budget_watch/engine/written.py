"""Writes a checked tree the way a rule says it: for reports on a part of an expression."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from budget_watch.engine.expression import Expr
from budget_watch.engine.units import Type

_INFIX = {
    "or": (1, " or "),
    "and": (2, " and "),
    "lt": (4, " < "),
    "le": (4, " <= "),
    "eq": (4, " = "),
    "ne": (4, " <> "),
    "gt": (4, " > "),
    "ge": (4, " >= "),
    "add": (5, " + "),
    "add_days": (5, " + "),
    "sub": (5, " - "),
    "mul": (6, " * "),
    "div": (6, " / "),
}
_NAMES = {
    "starts": "starts_with",
    "ends": "ends_with",
    "words": "has_words",
    "group": "in_group",
    "known": "known_code",
    "rows": "count",
}


def written(expr: Expr, names: Mapping[int, str] | None = None) -> str:
    """The text of a tree.

    Args:
        names: id of a tree → what it is called there (a rule's `let`s), so that it is not unfolded.
    """
    return _text(expr, names or {}, 0)


def _text(expr: Expr, names: Mapping[int, str], outer: int) -> str:
    if id(expr) in names:
        return names[id(expr)]
    if expr.op == "lit":
        return literal(expr.value, expr.type)
    if expr.op in ("col", "at"):
        return f"@{expr.value}" if expr.op == "at" else str(expr.value)
    if expr.op in _INFIX:
        level, sign = _INFIX[expr.op]
        last = level + (expr.op in ("sub", "div"))
        parts = [_text(arg, names, last if at else level) for at, arg in enumerate(expr.args)]
        text = sign.join(parts)
        return f"({text})" if level < outer else text
    return _other(expr, names, outer)


def _other(  # noqa: PLR0911 - one line a kind of node
    expr: Expr, names: Mapping[int, str], outer: int
) -> str:
    args = [_text(arg, names, 0) for arg in expr.args]
    if expr.op == "not":
        inner = expr.args[0]
        if inner.op == "isnull" and id(inner) not in names:
            return f"{_text(inner.args[0], names, 4)} is not null"
        return f"not {_text(inner, names, 3)}"
    if expr.op == "isnull":
        return f"{_text(expr.args[0], names, 4)} is null"
    if expr.op == "in":
        return f"{args[0]} in ({', '.join(args[1:])})"
    if expr.op == "like":
        return f"{args[0]} like '{expr.value}'"
    if expr.op == "neg":
        return f"-{_text(expr.args[0], names, 7)}"
    if expr.op == "case":
        branches = [f"when {args[at]} then {args[at + 1]}" for at in range(0, len(args) - 1, 2)]
        return f"case {' '.join(branches)} else {args[-1]} end"
    return _call(expr, args)


def _call(expr: Expr, args: list[str]) -> str:
    name = _NAMES.get(expr.op, expr.op)
    if expr.op == "rows":
        return "count(*)"
    if expr.op == "distinct":
        return f"count(distinct {args[0]})"
    if expr.op in ("param", "words", "group"):
        args = [*args, f"'{expr.value}'"]
    elif expr.op == "known":
        args = [args[0], f"'{expr.value}'", args[1]]
    elif expr.op == "substr":
        args = [*args, *(str(each) for each in expr.value)]
    elif expr.op == "add_months":
        args = [*args, f"{expr.value}月"]
    return f"{name}({', '.join(args)})"


def literal(value: object, kind: Type) -> str:
    """A constant with its unit."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if kind.base == "date":
        return f"date '{value}'"
    if not isinstance(value, Fraction):
        return f"'{value}'"
    if kind.unit == (("money", 1),):
        return f"{_plain(value / 100)}元"
    if kind.unit in ((("day", 1),), (("workday", 1),)):
        return f"{_plain(value)}{'日' if kind.unit[0][0] == 'day' else '工作日'}"
    return f"{_plain(value * 100)}%" if kind.shown == "%" else _plain(value)


def _plain(value: Fraction) -> str:
    """A fraction as a decimal without trailing zeros."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(value):.10f}".rstrip("0")
    return text if Fraction(text) == value else f"{value.numerator}/{value.denominator}"
