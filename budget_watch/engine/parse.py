"""Reads an expression of the rule book into a checked, typed tree.

Unit literals become typed constants before sqlglot (dialect duckdb) sees the text; only the listed
node types pass; depth ≤ 50 and ≤ 500 nodes. Nothing is ever evaluated from text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from budget_watch.engine.errors import ExpressionError
from budget_watch.engine.expression import AGGREGATES, Expr
from budget_watch.engine.functions import FUNCTIONS, Lists, call
from budget_watch.engine.units import (
    BOOL,
    DATE,
    LITERAL,
    MONEY,
    NULL,
    NUMBER,
    RATIO,
    TEXT,
    Column,
    Type,
    literal,
    product,
    same,
)

MAX_DEPTH = 50
MAX_NODES = 500
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_AT = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Scope:
    """What names an expression may use.

    Attributes:
        columns: values of the row or grain.
        at: the grain's own values (`@month`).
        let: named expressions, put in where they are named.
        lists: parameters, word lists, groups and code lists that functions may name.
        aggregates: whether sum(), count() … are allowed (only in a measure's value).
        hint: what to say of an unknown name, e.g. the source it was looked up in.
    """

    columns: Mapping[str, Column]
    at: Mapping[str, Column] = field(default_factory=dict)
    let: Mapping[str, Expr] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    aggregates: bool = False
    hint: str = ""


def prepare(text: str) -> str:
    """Turn unit literals into `u_('n','unit')` and `@name` into `at_.name`, outside of quotes."""
    if "--" in text or "/*" in text or ";" in text:
        raise ExpressionError("表达式中不能有注释（--、/*）和分号")
    pieces: list[str] = []
    last = 0
    for quoted in _QUOTED.finditer(text):
        pieces += [_outside(text[last : quoted.start()]), quoted.group()]
        last = quoted.end()
    pieces.append(_outside(text[last:]))
    return "".join(pieces)


def _outside(text: str) -> str:
    text = LITERAL.sub(lambda found: f"u_('{found['number']}','{found['unit']}')", text)
    return _AT.sub(r"at_.\1", text)


def parse(text: str, scope: Scope, wanted: Type | None = None) -> Expr:
    """Read one expression. Raises ExpressionError in Chinese with what to write instead."""
    tree = _tree(str(text))
    result = _Reader(scope).read(tree, 0)
    if wanted is not None and not same(result.type, wanted):
        raise ExpressionError(f"“{text}”的结果是{result.type}，此处要{wanted}", "type")
    return result


def parse_condition(text: str, scope: Scope) -> Expr:
    """Read an expression that must be true or false."""
    return parse(text, scope, BOOL)


@lru_cache(maxsize=8192)
def _tree(text: str) -> Any:
    """The syntax tree of a text, which nobody changes; a book loaded again has it at once."""
    ready = prepare(text)
    try:
        found = sqlglot.parse(ready, dialect="duckdb")
    except RecursionError as error:
        raise ExpressionError(
            f"表达式嵌套超过 {MAX_DEPTH} 层；请用 let 分成几步", "size"
        ) from error
    except SqlglotError as error:
        raise ExpressionError(
            f"“{text}”读不懂；请检查括号是否成对、运算符两边是否都有值、文字是否在单引号中",
            "syntax",
        ) from error
    if len(found) != 1 or found[0] is None:
        raise ExpressionError(f"“{text}”应是一个表达式", "syntax")
    tree = found[0]
    if sum(1 for _ in tree.walk()) > MAX_NODES:
        raise ExpressionError(f"表达式超过 {MAX_NODES} 个节点；请用 let 分成几步", "size")
    return tree


_COMPARE: dict[type, str] = {
    exp.LT: "lt",
    exp.LTE: "le",
    exp.EQ: "eq",
    exp.NEQ: "ne",
    exp.GT: "gt",
    exp.GTE: "ge",
}
_SWAP = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


class _Reader:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.in_aggregate = False

    def read(self, node: Any, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"表达式嵌套超过 {MAX_DEPTH} 层；请用 let 分成几步", "size")
        kind = type(node)
        if kind in _COMPARE:
            left, right = self.read(node.this, depth + 1), self.read(node.expression, depth + 1)
            return compare(_COMPARE[kind], left, right)
        method: Callable[[Any, int], Expr] | None = getattr(self, f"_{kind.__name__.lower()}", None)
        if method is None:
            return self._function(node, depth)
        return method(node, depth)

    def _paren(self, node: Any, depth: int) -> Expr:
        return self.read(node.this, depth + 1)

    def _column(self, node: Any, depth: int) -> Expr:
        name = node.name
        if node.table == "at_":
            return self._lookup(name, self.scope.at, "at", "@")
        if node.table:
            raise ExpressionError(f"不能写 {node.table}.{name}；直接写列名 {name}", "column")
        if name in self.scope.let:
            return self.scope.let[name]
        return self._lookup(name, self.scope.columns, "col", "")

    def _lookup(self, name: str, columns: Mapping[str, Column], op: str, mark: str) -> Expr:
        if name in columns:
            return Expr(op, (), columns[name].type, name)
        from difflib import get_close_matches

        near = get_close_matches(name, list(columns) + list(self.scope.let), n=3)
        hint = f"；是否指 {'、'.join(near)}" if near else ""
        place = self.scope.hint if op == "col" else "判断单元"
        raise ExpressionError(f"{place or '此处'}没有列 {mark}{name}{hint}", "column")

    def _literal(self, node: Any, depth: int) -> Expr:
        if node.is_string:
            return Expr("lit", (), TEXT, node.this)
        try:
            return Expr("lit", (), NUMBER, Fraction(node.this))
        except ValueError as error:
            raise ExpressionError(
                f"数 {node.this} 写法不对；请写小数，不用指数", "syntax"
            ) from error

    def _null(self, node: Any, depth: int) -> Expr:
        return Expr("lit", (), NULL, None)

    def _boolean(self, node: Any, depth: int) -> Expr:
        return Expr("lit", (), BOOL, bool(node.this))

    def _cast(self, node: Any, depth: int) -> Expr:
        text = node.this
        if node.to.this == exp.DataType.Type.DATE and isinstance(text, exp.Literal):
            try:
                return Expr("lit", (), DATE, date.fromisoformat(text.this))
            except ValueError as error:
                raise ExpressionError(f"日期 {text.this} 不存在；请写 date '2026-03-31'") from error
        raise ExpressionError("不能转换类型（CAST）", "node")

    def _neg(self, node: Any, depth: int) -> Expr:
        inner = self._number(self.read(node.this, depth + 1), "负号")
        if inner.op == "lit":
            return Expr("lit", (), inner.type, -inner.value)
        return Expr("neg", (inner,), inner.type)

    def _not(self, node: Any, depth: int) -> Expr:
        return Expr("not", (self._bool(self.read(node.this, depth + 1)),), BOOL)

    def _and(self, node: Any, depth: int) -> Expr:
        return self._logic("and", node, depth)

    def _or(self, node: Any, depth: int) -> Expr:
        return self._logic("or", node, depth)

    def _logic(self, op: str, node: Any, depth: int) -> Expr:
        parts: list[Expr] = []
        stack = [node.expression, node.this]
        while stack:  # a chain of ORs is one level deep, however long
            part = stack.pop()
            if type(part) is type(node):
                stack += [part.expression, part.this]
            else:
                parts.append(self._bool(self.read(part, depth + 1)))
        return Expr(op, tuple(parts), BOOL)

    def _add(self, node: Any, depth: int) -> Expr:
        return self._sum_of("add", node, depth)

    def _sub(self, node: Any, depth: int) -> Expr:
        return self._sum_of("sub", node, depth)

    def _sum_of(self, op: str, node: Any, depth: int) -> Expr:
        left, right = self.read(node.this, depth + 1), self.read(node.expression, depth + 1)
        if left.type.base == "date" and right.type.unit == (("day", 1),):
            days = right if op == "add" else Expr("neg", (right,), right.type)
            return Expr("add_days", (left, days), DATE)
        if left.type.base == "date":
            raise ExpressionError("日期只能加减日数（30日）；两个日期相差用 days_between", "type")
        self._number(left, op)
        self._number(right, op)
        if not same(left.type, right.type):
            raise ExpressionError(f"{left.type}不能与{right.type}相加减", "unit")
        kind = right.type if left.type.base == "null" else left.type
        return Expr(op, (left, right), kind)

    def _mul(self, node: Any, depth: int) -> Expr:
        left, right = self.read(node.this, depth + 1), self.read(node.expression, depth + 1)
        self._number(left, "乘")
        self._number(right, "乘")
        return Expr("mul", (left, right), product(left.type, right.type))

    def _div(self, node: Any, depth: int) -> Expr:
        left, right = self.read(node.this, depth + 1), self.read(node.expression, depth + 1)
        self._number(left, "除")
        self._number(right, "除")
        if right.op == "lit" and not right.value:
            raise ExpressionError("除数不能是 0", "type")
        return Expr("div", (left, right), product(left.type, right.type, -1))

    def _mod(self, node: Any, depth: int) -> Expr:
        left, right = self.read(node.this, depth + 1), self.read(node.expression, depth + 1)
        return Expr("mod", (self._number(left, "mod"), self._number(right, "mod")), left.type)

    def _is(self, node: Any, depth: int) -> Expr:
        if not isinstance(node.expression, exp.Null):
            raise ExpressionError("is 之后只能是 null 或 not null", "node")
        return Expr("isnull", (self.read(node.this, depth + 1),), BOOL)

    def _in(self, node: Any, depth: int) -> Expr:
        if node.args.get("query") is not None or node.args.get("unnest") is not None:
            raise ExpressionError("in 之后只能是列出的值", "node")
        tested = self.read(node.this, depth + 1)
        values = tuple(self.read(item, depth + 1) for item in node.expressions)
        for value in values:
            if value.op != "lit" or not same(value.type, tested.type):
                raise ExpressionError(f"in (…) 中只能是{tested.type}的常数", "unit")
        return Expr("in", (tested, *values), BOOL)

    def _between(self, node: Any, depth: int) -> Expr:
        tested = self.read(node.this, depth + 1)
        low = self.read(node.args["low"], depth + 1)
        high = self.read(node.args["high"], depth + 1)
        return Expr("and", (compare("ge", tested, low), compare("le", tested, high)), BOOL)

    def _like(self, node: Any, depth: int) -> Expr:
        tested, pattern = self.read(node.this, depth + 1), node.expression
        if tested.type != TEXT or not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise ExpressionError("like 的左边是文字，右边是引号中的样式，如 like '227%'", "type")
        return Expr("like", (tested,), BOOL, pattern.this)

    def _case(self, node: Any, depth: int) -> Expr:
        if node.this is not None:
            raise ExpressionError("请写 case when 条件 then 值 … end", "node")
        args: list[Expr] = []
        for branch in node.args["ifs"]:
            args.append(self._bool(self.read(branch.this, depth + 1)))
            args.append(self.read(branch.args["true"], depth + 1))
        default = node.args.get("default")
        args.append(Expr("lit", (), NULL) if default is None else self.read(default, depth + 1))
        values = [*args[1:-1:2], args[-1]]
        kind = common(values, "case 的各个值")
        return Expr("case", tuple(args), kind)

    def _any(self, node: Any, depth: int) -> Expr:
        return self._aggregate("any", [node.this], depth)

    def _count(self, node: Any, depth: int) -> Expr:
        inner = node.this
        if isinstance(inner, exp.Star):
            return self._aggregate("rows", [], depth)
        if isinstance(inner, exp.Distinct):
            return self._aggregate("distinct", list(inner.expressions), depth)
        return self._aggregate("count", [inner], depth)

    def _sum(self, node: Any, depth: int) -> Expr:
        return self._aggregate("sum", [node.this], depth)

    def _min(self, node: Any, depth: int) -> Expr:
        return self._aggregate("min", [node.this, *node.expressions], depth)

    def _max(self, node: Any, depth: int) -> Expr:
        return self._aggregate("max", [node.this, *node.expressions], depth)

    def _aggregate(self, op: str, inner: list[Any], depth: int) -> Expr:
        if not self.scope.aggregates or self.in_aggregate:
            raise ExpressionError(f"{op}() 只能写在计量的 value 中，且不能套用", "node")
        if len(inner) > 1:
            raise ExpressionError(f"{op}() 只能有一个参数", "node")
        self.in_aggregate = True
        args = tuple(self.read(item, depth + 1) for item in inner)
        self.in_aggregate = False
        kind = args[0].type if args else NUMBER
        if op == "sum":
            self._number(args[0], "sum")
        if op in ("any", "all"):
            self._bool(args[0])
        if op in ("count", "rows", "distinct"):
            kind = NUMBER
        return Expr(op, args, kind)

    def _function(self, node: Any, depth: int) -> Expr:
        if type(node).__name__ in _SIGNS:
            sign, instead = _SIGNS[type(node).__name__]
            raise ExpressionError(f"不能使用“{sign}”；{instead}", "node")
        name, arguments = _called(node)
        if name == "u_":
            value, kind = literal(arguments[0].this, arguments[1].this)
            return Expr("lit", (), kind, value)
        if name == "all" and name in AGGREGATES:
            return self._aggregate("all", arguments, depth)
        if name not in FUNCTIONS:
            from difflib import get_close_matches

            near = get_close_matches(name, list(FUNCTIONS), n=2)
            hint = f"；是否指 {'、'.join(near)}" if near else ""
            raise ExpressionError(
                f"不能使用 {name}{hint}（可用的写法见 docs/rule-format.md）", "node"
            )
        args = [self.read(item, depth + 1) for item in arguments]
        return call(name, args, self.scope.lists)

    def _bool(self, part: Expr) -> Expr:
        if part.type.base not in ("bool", "null"):
            raise ExpressionError(f"and、or、not、when 之间要条件，这里是{part.type}", "type")
        return part

    def _number(self, part: Expr, place: str) -> Expr:
        if part.type.base not in ("num", "null"):
            raise ExpressionError(f"{place}只用于数，这里是{part.type}", "type")
        return part


def compare(op: str, left: Expr, right: Expr) -> Expr:
    """A comparison of two trees of one type; money needs money (`0元`)."""
    if not same(left.type, right.type):
        raise ExpressionError(f"{left.type}不能与{right.type}比较；{_instead(left, right)}", "unit")
    if left.type.base == "bool" and op not in ("eq", "ne"):
        raise ExpressionError("真假只能比较相等", "type")
    return Expr(op, (left, right), BOOL)


def _instead(left: Expr, right: Expr) -> str:
    """What to write where two types may not be compared."""
    if {left.type, right.type} == {MONEY, RATIO}:
        return "请先相除（如 spent / budget），或把比率乘以金额（如 budget * 20%）"
    return "金额常数写 0元，日数写 30日"


def common(values: list[Expr], place: str) -> Type:
    """The one type of several values. Raises ExpressionError if they differ."""
    kind = next((value.type for value in values if value.type.base != "null"), NULL)
    for value in values:
        if not same(value.type, kind):
            raise ExpressionError(f"{place}类型不同：{kind}与{value.type}", "unit")
    return kind


_NAMES: dict[str, str] = {
    "Abs": "abs",
    "Coalesce": "coalesce",
    "Least": "least",
    "Greatest": "greatest",
    "Length": "length",
    "Substring": "substr",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "Contains": "contains",
    "Concat": "concat",
    "AddMonths": "add_months",
    "DateFromParts": "make_date",
}


_SIGNS: dict[str, tuple[str, str]] = {
    "Dot": (".", "直接写列名或函数名，如 length(use_des)"),
    "Bracket": ("[ ]", "取文字的一段用 substr(文字, 1, 3)"),
    "DPipe": ("||", "连接文字用 concat(a, b)"),
    "Pow": ("**", "请写成相乘"),
    "Exists": ("exists", "有没有对应的行用 join 带来的 …_found"),
    "CurrentDate": ("current_date", "判断日用 as_of()"),
}


def _called(node: Any) -> tuple[str, list[Any]]:
    """The name and arguments of a function node, whatever class sqlglot gave it."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower(), list(node.expressions)
    kind = type(node).__name__
    if kind == "Substring":
        parts = [node.this, node.args.get("start"), node.args.get("length")]
        return "substr", [part for part in parts if part is not None]
    if kind == "DateFromParts":
        return "make_date", [node.args["year"], node.args["month"], node.args["day"]]
    if kind == "Concat":
        return "concat", list(node.expressions)
    if kind in _NAMES:
        parts = [node.this, node.args.get("expression"), *node.args.get("expressions", [])]
        return _NAMES[kind], [part for part in parts if part is not None]
    return kind.lower(), []
