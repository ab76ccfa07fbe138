"""What can be changed in the SQL of a query rule: the same things as in expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

SIGNS: dict[type, tuple[type, ...]] = {
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GTE),
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LTE),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
}
TWINS: dict[type, type] = {
    exp.Min: exp.Max,
    exp.Max: exp.Min,
    exp.Sum: exp.Count,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
    exp.Least: exp.Greatest,
    exp.Greatest: exp.Least,
}


@dataclass(frozen=True)
class SqlChange:
    """One changed query: the part's text before and after, and the whole SQL."""

    original: str
    mutant: str
    sql: str


def changed(sql: str, texts: frozenset[str] = frozenset()) -> Iterator[SqlChange]:
    """All changes of a query. `texts`: columns of which min and max only carry a code along."""
    tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    for at, node in enumerate(tree.walk()):
        carried = isinstance(node, exp.Min | exp.Max) and node.this.name in texts
        for change in () if carried else _changes(node):
            copy = tree.copy()
            there = next(each for place, each in enumerate(copy.walk()) if place == at)
            shown = _shown(there)
            before = shown.sql(dialect="duckdb")
            marked = shown.parent
            key = shown.arg_key, shown.index
            change(there)
            now = _at(marked, key) if marked is not None else copy
            after = now.sql(dialect="duckdb") if now is not None else "（无）"
            yield SqlChange(before, after, copy.sql(dialect="duckdb"))


def _at(parent: Any, key: tuple[str, int | None]) -> Any:
    found = parent.args.get(key[0])
    return found[key[1]] if isinstance(found, list) and key[1] is not None else found


def _shown(node: Any) -> Any:
    """The smallest condition or output column around a node."""
    while node.parent is not None and not isinstance(
        node, exp.Predicate | exp.Connector | exp.Alias | exp.Where | exp.Having
    ):
        node = node.parent
    return node


def _changes(node: Any) -> Iterator[Callable[[Any], None]]:
    kind = type(node)
    for other in SIGNS.get(kind, ()):
        if not isinstance(node.parent, exp.Join) and not _in_join(node):
            yield lambda there, other=other: _turn(there, other)  # type: ignore[misc]
    if kind in TWINS:
        yield lambda there: _turn(there, TWINS[type(there)])
    if isinstance(node, exp.And | exp.Or):
        yield from _connected(node)
    elif isinstance(node, exp.Not):
        yield lambda there: there.replace(there.this)
    elif isinstance(node, exp.Where | exp.Having):
        yield lambda there: there.parent.set(there.arg_key, None)
    elif isinstance(node, exp.Literal):
        yield from _literals(node)
    elif isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
        yield lambda there: there.set("this", there.this.expressions[0])


def _in_join(node: Any) -> bool:
    join, where = node.find_ancestor(exp.Join), node.find_ancestor(exp.Select)
    return join is not None and join.find_ancestor(exp.Select) is where


def _turn(there: Any, other: type) -> None:
    """The node as another kind, its parts kept."""
    args = {name: there.args.get(name) for name in ("this", "expression", "expressions", "offset")}
    given = {name: value for name, value in args.items() if value not in (None, [])}
    there.replace(other(**given))


def _connected(node: Any) -> Iterator[Callable[[Any], None]]:
    if _in_join(node):
        return
    other = exp.Or if isinstance(node, exp.And) else exp.And
    if type(node.parent) is not type(node):
        yield lambda there: there.replace(exp.paren(_chain(list(there.flatten()), other)))
    if type(node.this) is not type(node):
        yield lambda there: there.replace(there.expression)
    yield lambda there: there.replace(there.this)


def _chain(parts: list[Any], kind: type) -> Any:
    found = parts[0].copy()
    for part in parts[1:]:
        found = kind(this=found, expression=part.copy())
    return found


def _literals(node: Any) -> Iterator[Callable[[Any], None]]:
    if node.find_ancestor(exp.WindowSpec) is not None:
        return
    if node.is_string:
        if isinstance(node.parent, exp.Coalesce | exp.Cast):
            return
        yield lambda there: there.replace(exp.Literal.string(f"{there.this}#"))
        return
    for step in (1, -1):
        yield lambda there, step=step: there.replace(  # type: ignore[misc]
            exp.Literal.number(int(there.this) + step)
        )
