"""Checks the SQL of a query rule: a closed subset that polars and DuckDB read alike.

Functions of the expression language and unit literals are computed before as extra columns of the
base tables, so what either engine gets is plain SQL over whole numbers, texts and dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from budget_watch.engine.errors import BookError, ExpressionError
from budget_watch.engine.expression import Expr
from budget_watch.engine.functions import FUNCTIONS, Lists
from budget_watch.engine.model import Rule
from budget_watch.engine.parse import Scope, parse, prepare
from budget_watch.engine.sources import Source
from budget_watch.engine.units import DATE, NUMBER, TEXT, Column, literal

_ALLOWED = [
    "Select",
    "Star",
    "From",
    "Where",
    "Group",
    "Having",
    "With",
    "CTE",
    "TableAlias",
    "Union",
    "Join",
    "Table",
    "Identifier",
    "Column",
    "Alias",
    "Literal",
    "Boolean",
    "Null",
    "Neg",
    "Not",
    "And",
    "Or",
    "Paren",
    "LT",
    "LTE",
    "EQ",
    "NEQ",
    "GT",
    "GTE",
    "Add",
    "Sub",
    "Mul",
    "Is",
    "In",
    "Between",
    "Case",
    "If",
    "Like",
    "Coalesce",
    "Abs",
    "Least",
    "Greatest",
    "Sum",
    "Count",
    "Distinct",
    "Min",
    "Max",
    "RowNumber",
    "Lag",
    "Lead",
    "Window",
    "WindowSpec",
    "Order",
    "Ordered",
    "Subquery",
    "Anonymous",
    "Cast",
    "DataType",
    "StartsWith",
    "EndsWith",
    "Contains",
    "Length",
    "Substring",
    "AddMonths",
    "DateFromParts",
    "Concat",
]
ALLOWED = tuple(getattr(exp, name) for name in _ALLOWED)
MAX_NODES = 1_200


@dataclass(frozen=True)
class CheckedRepeats:
    """Rows of a table that agree with another in all of `by`; others do not matter to the query."""

    source: Source
    condition: Expr | None
    by: tuple[Expr, ...]


@dataclass(frozen=True)
class CheckedQuery:
    """A query: SQL text over base tables with extra columns.

    Attributes:
        sql: the text both engines run.
        extras: base table → new column → tree over that table.
        tables: base tables read.
        columns: the result's columns.
        repeats: which rows of one table alone can matter.
    """

    sql: str
    extras: Mapping[str, Mapping[str, Expr]]
    tables: tuple[str, ...]
    columns: Mapping[str, Column]
    partition: tuple[str, ...]
    repeats: CheckedRepeats | None = None


def check_query(rule: Rule, sources: Mapping[str, Source], lists: Lists) -> CheckedQuery:
    """Check the SQL of a rule. Raises BookError with what is not allowed and what to write."""
    try:
        return _Query(rule, sources, lists).run()
    except ExpressionError as error:
        raise BookError(f"{rule.id} query", str(error), error.code) from error


class _Query:
    def __init__(self, rule: Rule, sources: Mapping[str, Source], lists: Lists) -> None:
        self.rule, self.sources, self.lists = rule, sources, lists
        self.extras: dict[str, dict[str, Expr]] = {}

    def run(self) -> CheckedQuery:
        text = prepare(self.rule.query or "")
        if "@" in text or "at_." in text:
            raise ExpressionError("query 中没有 @", "query")
        try:
            trees = sqlglot.parse(text, dialect="duckdb")
        except SqlglotError as error:
            raise ExpressionError(f"读不懂（{str(error).splitlines()[0]}）", "syntax") from error
        if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.Union):
            raise ExpressionError("应是一个 SELECT", "query")
        tree: Any = trees[0]
        self.refuse(tree)
        tables = self.base_tables(tree)
        for select in list(tree.find_all(exp.Select)):
            self.lift(select)
        columns = self.result(tree)
        partition = self.partition(tree)
        sql = tree.sql(dialect="duckdb")
        return CheckedQuery(sql, self.extras, tables, columns, partition)

    def refuse(self, tree: Any) -> None:
        nodes = list(tree.walk())
        if len(nodes) > MAX_NODES:
            raise ExpressionError(f"超过 {MAX_NODES} 个节点；请分成两条规则", "size")
        for node in nodes:
            if not isinstance(node, ALLOWED):
                raise ExpressionError(
                    f"不能使用 {type(node).__name__}（{node.sql()[:60]}）", "node"
                )
            if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
                raise ExpressionError("请写出列名，不用 *", "node")
            if isinstance(node, exp.Union) and (
                node.args.get("distinct") or type(node) is not exp.Union
            ):
                raise ExpressionError("只能用 UNION ALL", "node")
            if isinstance(node, exp.Cast) and not isinstance(node.this, exp.Literal):
                raise ExpressionError("不能转换类型（CAST）", "node")
            if isinstance(node, exp.Join):
                self.join(node)
            if isinstance(node, exp.Window):
                _window(node)
            if isinstance(node, exp.Subquery) and not isinstance(node.parent, exp.From | exp.Join):
                raise ExpressionError("子查询只能写在 FROM 之后", "node")
            if isinstance(node, exp.In) and node.args.get("query") is not None:
                raise ExpressionError("in 之后只能是列出的值", "node")

    def join(self, node: Any) -> None:
        kind = (node.args.get("side") or "", node.args.get("kind") or "")
        if kind not in (("LEFT", ""), ("", "INNER"), ("", "")) or node.args.get("on") is None:
            raise ExpressionError("只能用 JOIN … ON 或 LEFT JOIN … ON", "node")
        for part in (
            node.args["on"].flatten() if isinstance(node.args["on"], exp.And) else [node.args["on"]]
        ):
            if not isinstance(part, exp.EQ | exp.Paren):
                raise ExpressionError("ON 中只能是 a.x = b.x，用 and 相连", "node")

    def base_tables(self, tree: Any) -> tuple[str, ...]:
        named = {cte.alias for cte in tree.find_all(exp.CTE)}
        found: list[str] = []
        for select in tree.find_all(exp.Select):
            tables = [node for node in _inputs(select).values() if isinstance(node, exp.Table)]
            here = [table.name for table in tables if table.name not in named]
            if len(set(here)) < len(here):
                raise ExpressionError("不能把一张表与自己连接；请用 lag/lead 或 within", "node")
            found += here
        for name in found:
            if name not in self.sources:
                raise ExpressionError(f"没有名为 {name} 的报表或主题表", "source")
        return tuple(dict.fromkeys(found))

    def lift(self, select: Any) -> None:
        """Replace unit literals by whole numbers and our functions by extra base columns."""
        for node in list(select.walk()):
            if not isinstance(node, _COMPUTED) or node.find_ancestor(exp.Select) is not select:
                continue
            if isinstance(node, exp.Anonymous) and node.this == "u_":
                value, _ = literal(node.expressions[0].this, node.expressions[1].this)
                if value.denominator != 1:
                    raise ExpressionError("query 中不能写比率；请在 levels 中比较", "unit")
                node.replace(exp.Literal.number(int(value)))
                continue
            if isinstance(node, exp.Anonymous) and str(node.this).lower() not in FUNCTIONS:
                raise ExpressionError(f"不能使用函数 {node.this}", "node")
            self.extra(node, _inputs(select))

    def extra(self, node: Any, inputs: Mapping[str, Any]) -> None:
        columns = list(node.find_all(exp.Column))
        owners = {column.table for column in columns}
        alias = next(iter(owners)) if len(owners) == 1 else ""
        if not alias and len(inputs) == 1:
            alias = next(iter(inputs))
        base = inputs.get(alias)
        if not isinstance(base, exp.Table) or base.name not in self.sources:
            raise ExpressionError(
                f"{node.sql()} 只能用于原始报表或主题表的列；请在最里层的 SELECT 中写", "query"
            )
        table = base.name
        plain = node.copy()
        for column in plain.find_all(exp.Column):
            column.set("table", None)
        tree = parse(
            plain.sql(dialect="duckdb"), Scope(self.sources[table].columns, {}, {}, self.lists)
        )
        if any(each.op in ("param", "period_end") for each in tree.walk()):
            raise ExpressionError(
                "query 中不能用 param()、period_end()；请在 levels 中使用", "query"
            )
        extras = self.extras.setdefault(table, {})
        name = next((each for each, known in extras.items() if known.key == tree.key), None)
        if name is None:
            name = f"x_{table}_{len(extras)}"
            extras[name] = tree
        node.replace(exp.column(name, table=alias if owners != {""} else None))

    def result(self, tree: Any) -> dict[str, Column]:
        found = self.output(tree, {})
        missing = [name for name in self.rule.grain if name not in found]
        if missing:
            raise ExpressionError(f"结果中没有判断单元的列 {missing[0]}", "column")
        return found

    def output(self, tree: Any, known: Mapping[str, dict[str, Column]]) -> dict[str, Column]:
        """The typed columns a SELECT gives; `known` are the CTEs in sight."""
        ctes = dict(known)
        for cte in tree.ctes:
            ctes[cte.alias] = self.output(cte.this, ctes)
        if isinstance(tree, exp.Union):
            self.output(tree.expression, ctes)
            return self.output(tree.this, ctes)
        inputs: dict[str, Mapping[str, Column]] = {}
        for name, node in _inputs(tree).items():
            if not isinstance(node, exp.Table):
                inputs[name] = self.output(node.this, ctes)
            elif node.name in ctes:
                inputs[name] = ctes[node.name]
            else:
                base = self.sources[node.name].columns
                inputs[name] = {**base, **self.extra_columns(node.name)}
        self.names(tree, inputs)
        found: dict[str, Column] = {}
        for item in tree.selects:
            name = item.alias_or_name
            if not name:
                raise ExpressionError(f"{item.sql()} 要有 AS 名称", "query")
            found[name] = _typed(item.unalias(), inputs, name)
        return found

    def names(self, select: Any, inputs: Mapping[str, Mapping[str, Column]]) -> None:
        """Every column that a SELECT mentions must exist in one of its inputs."""
        given = {item.alias_or_name for item in select.selects}
        for column in select.find_all(exp.Column):
            if column.find_ancestor(exp.Select) is not select:
                continue
            places = [inputs[column.table]] if column.table in inputs else list(inputs.values())
            if not any(column.name in each for each in places) and column.name not in given:
                raise ExpressionError(f"没有列 {column.sql()}", "column")

    def extra_columns(self, table: str) -> dict[str, Column]:
        return {name: Column(name, tree.type) for name, tree in self.extras.get(table, {}).items()}

    def partition(self, tree: Any) -> tuple[str, ...]:
        wanted = set(self.rule.partition)
        for window in tree.find_all(exp.Window):
            names = {column.name for column in window.args.get("partition_by") or []}
            if not wanted <= names:
                raise ExpressionError(
                    f"窗口的 PARTITION BY 未含 {'、'.join(wanted - names)}", "query"
                )
        for group in tree.find_all(exp.Group):
            names = {column.name for column in group.expressions}
            if not wanted <= names:
                raise ExpressionError(f"GROUP BY 未含 {'、'.join(wanted - names)}", "query")
        return self.rule.partition


_COMPUTED = (
    exp.Anonymous,
    exp.StartsWith,
    exp.EndsWith,
    exp.Contains,
    exp.Length,
    exp.Substring,
    exp.AddMonths,
    exp.DateFromParts,
    exp.Concat,
)


def _inputs(select: Any) -> dict[str, Any]:
    """What a SELECT reads: alias → Table or Subquery."""
    places = [select.args.get("from_") or select.args.get("from")]
    places += select.args.get("joins") or []
    return {place.this.alias_or_name: place.this for place in places if place is not None}


def _window(node: Any) -> None:
    ranked = isinstance(node.this, exp.RowNumber | exp.Lag | exp.Lead)
    if ranked and node.args.get("order") is None:
        raise ExpressionError(f"{node.sql()} 要有 ORDER BY，以主键结尾", "query")
    spec = node.args.get("spec")
    if spec is not None:
        ends = (spec.args.get("start"), spec.args.get("end"))
        if spec.args.get("kind") != "ROWS" or ends != ("UNBOUNDED", "CURRENT ROW"):
            raise ExpressionError(
                "窗口范围只能是 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", "query"
            )
    elif node.args.get("order") is not None and not ranked:
        raise ExpressionError(
            f"{node.sql()}：累计要写 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", "query"
        )


def _typed(  # noqa: PLR0911 - one line a kind of node
    node: Any, inputs: Mapping[str, Mapping[str, Column]], name: str
) -> Column:
    """The type of an output expression: that of the first column that carries its value."""
    if isinstance(node, exp.Count | exp.RowNumber):
        return Column(name, NUMBER, bits=40)
    if isinstance(
        node, exp.Window | exp.Sum | exp.Min | exp.Max | exp.Lag | exp.Lead | exp.Paren | exp.Neg
    ):
        return _typed(node.this, inputs, name)
    if isinstance(node, exp.Case):
        branches = [each.args["true"] for each in node.args["ifs"]]
        branches += [node.args["default"]] if node.args.get("default") is not None else []
        typed = [each for each in branches if not isinstance(each, exp.Literal | exp.Null)]
        return _typed((typed or branches)[0], inputs, name)
    if isinstance(node, exp.Literal):
        return Column(name, TEXT if node.is_string else NUMBER)
    if isinstance(node, exp.Cast):
        return Column(name, DATE)
    if isinstance(node, exp.Boolean | exp.Predicate | exp.Connector | exp.Not):
        from budget_watch.engine.units import BOOL

        return Column(name, BOOL)
    if isinstance(node, exp.Column):
        places = [inputs[node.table]] if node.table in inputs else list(inputs.values())
        for columns in places:
            if node.name in columns:
                known = columns[node.name]
                return Column(
                    name, known.type, known.den, True, known.personal, known.title, known.bits
                )
        raise ExpressionError(f"没有列 {node.sql()}", "column")
    for inner in (node.args.get("this"), node.args.get("expression"), *node.expressions):
        if inner is not None and not isinstance(inner, exp.Literal | exp.Null):
            return _typed(inner, inputs, name)
    return Column(name, NUMBER)
