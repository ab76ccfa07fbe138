"""The functions of the expression language: arguments, types, and the lists they may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.expression import Expr
from budget_watch.engine.units import BOOL, DATE, DAY, NULL, NUMBER, TEXT, WORKDAY, Type, same


@dataclass(frozen=True)
class Lists:
    """Names that functions may refer to: parameters with their types, words, groups, code lists."""

    params: Mapping[str, Type] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()


def _name(args: list[Expr], at: int, known: Any, what: str) -> str:
    if len(args) <= at or args[at].op != "lit" or args[at].type != TEXT:
        raise ExpressionError(f"{what}的名称要写在引号中", "type")
    name: str = args[at].value
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, list(known), n=3)
        hint = f"；是否指 {'、'.join(near)}" if near else ""
        raise ExpressionError(f"没有{what} {name}{hint}", "name")
    return name


def _need(name: str, args: list[Expr], *wanted: Type) -> None:
    if len(args) != len(wanted):
        raise ExpressionError(f"{name} 要 {len(wanted)} 个参数，这里有 {len(args)} 个", "type")
    for arg, kind in zip(args, wanted, strict=True):
        if not same(arg.type, kind):
            raise ExpressionError(f"{name} 的参数应是{kind}，这里是{arg.type}", "type")


def _param(args: list[Expr], lists: Lists) -> Expr:
    name = _name(args, 0, lists.params, "参数")
    return Expr("param", (), lists.params[name], name)


def _words(args: list[Expr], lists: Lists) -> Expr:
    name = _name(args, 1, lists.words, "词表")
    _need("has_words", args[:1], TEXT)
    return Expr("words", (args[0],), BOOL, name)


def _group(args: list[Expr], lists: Lists) -> Expr:
    name = _name(args, 1, lists.groups, "代码组")
    _need("in_group", args[:1], TEXT)
    return Expr("group", (args[0],), BOOL, name)


def _known(args: list[Expr], lists: Lists) -> Expr:
    name = _name(args, 1, lists.codes, "代码表")
    _need("known_code", [args[0], *args[2:]], TEXT, NUMBER)
    return Expr("known", (args[0], args[2]), BOOL, name)


def _spread(op: str) -> Callable[[list[Expr], Lists], Expr]:
    def build(args: list[Expr], lists: Lists) -> Expr:
        if len(args) < 2:
            raise ExpressionError(f"{op} 至少要两个参数", "type")
        kind = next((arg.type for arg in args if arg.type.base != "null"), NULL)
        for arg in args:
            if not same(arg.type, kind):
                raise ExpressionError(f"{op} 的参数类型不同：{kind}与{arg.type}", "unit")
        if op != "coalesce" and kind.base not in ("num", "date"):
            raise ExpressionError(f"{op} 只用于数和日期", "type")
        return Expr(op, tuple(args), kind)

    return build


def _abs(args: list[Expr], lists: Lists) -> Expr:
    if len(args) != 1 or args[0].type.base != "num":
        raise ExpressionError("abs 要一个数", "type")
    return Expr("abs", tuple(args), args[0].type)


def _literal_text(op: str) -> Callable[[list[Expr], Lists], Expr]:
    def build(args: list[Expr], lists: Lists) -> Expr:
        _need(op, args, TEXT, TEXT)
        return Expr(op, tuple(args), BOOL)

    return build


def _plain(op: str, result: Type, *wanted: Type) -> Callable[[list[Expr], Lists], Expr]:
    def build(args: list[Expr], lists: Lists) -> Expr:
        _need(op, args, *wanted)
        return Expr(op, tuple(args), result)

    return build


def _substr(args: list[Expr], lists: Lists) -> Expr:
    _need("substr", args, TEXT, NUMBER, NUMBER)
    if any(arg.op != "lit" or arg.value.denominator != 1 or arg.value < 1 for arg in args[1:]):
        raise ExpressionError("substr(文字, 从第几个字, 几个字) 的后两个要写正整数", "type")
    return Expr("substr", (args[0],), TEXT, (int(args[1].value), int(args[2].value)))


def _concat(args: list[Expr], lists: Lists) -> Expr:
    _need("concat", args, *[TEXT] * len(args))
    return Expr("concat", tuple(args), TEXT)


def _add_months(args: list[Expr], lists: Lists) -> Expr:
    _need("add_months", args, DATE, NUMBER)
    if args[1].op != "lit" or args[1].value.denominator != 1:
        raise ExpressionError("add_months 的月数要写整数，如 6月", "type")
    return Expr("add_months", (args[0],), DATE, int(args[1].value))


FUNCTIONS: dict[str, Callable[[list[Expr], Lists], Expr]] = {
    "param": _param,
    "has_words": _words,
    "in_group": _group,
    "known_code": _known,
    "coalesce": _spread("coalesce"),
    "least": _spread("least"),
    "greatest": _spread("greatest"),
    "abs": _abs,
    "length": _plain("length", NUMBER, TEXT),
    "substr": _substr,
    "starts_with": _literal_text("starts"),
    "ends_with": _literal_text("ends"),
    "contains": _literal_text("contains"),
    "concat": _concat,
    "days_between": _plain("days_between", DAY, DATE, DATE),
    "workdays_between": _plain("workdays_between", WORKDAY, DATE, DATE),
    "add_months": _add_months,
    "make_date": _plain("make_date", DATE, NUMBER, NUMBER, NUMBER),
    "date_in": _plain("date_in", DATE, NUMBER, NUMBER),
    "year_of": _plain("year_of", NUMBER, DATE),
    "month_of": _plain("month_of", NUMBER, DATE),
    "day_of": _plain("day_of", NUMBER, DATE),
    "day_no": _plain("day_no", NUMBER, DATE),
    "as_of": _plain("as_of", DATE),
    "period_end": _plain("period_end", DATE),
}


def call(name: str, args: list[Expr], lists: Lists) -> Expr:
    """Build the checked node of a function call."""
    return FUNCTIONS[name](args, lists)
