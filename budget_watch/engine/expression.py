"""The checked tree of an expression: what the closed language is made of.

`Expr.op` is one of the words below; everything else has been refused by the parser. The tree is
what polars, the DuckDB oracle and the exact evaluator each compile in their own way.

lit col at param as_of period_end · add sub mul div neg mod abs least greatest coalesce case ·
lt le eq ne gt ge and or not isnull in like · words group known length substr starts ends contains
concat · days_between workdays_between add_days add_months make_date date_in year_of month_of day_of
day_no · sum count rows distinct min max any all (in a measure only)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from budget_watch.engine.units import Type

AGGREGATES = frozenset({"sum", "count", "rows", "distinct", "min", "max", "any", "all"})


@dataclass(frozen=True)
class Expr:
    """One node: what it does, on what, with which constant, and its type."""

    op: str
    args: tuple[Expr, ...]
    type: Type
    value: Any = None

    def walk(self) -> Iterator[Expr]:
        """This node and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()

    def names(self, op: str = "col") -> set[str]:
        """The columns (or, with `op`, the @columns or parameters) that the tree mentions."""
        return {node.value for node in self.walk() if node.op == op}

    @property
    def key(self) -> str:
        """A stable text of the tree: equal keys compute the same."""
        inner = ",".join(arg.key for arg in self.args)
        return (
            f"{self.op}[{self.value!r}]({inner})"
            if self.value is not None
            else f"{self.op}({inner})"
        )


def conjuncts(expr: Expr | None) -> list[Expr]:
    """The parts of a condition joined by AND."""
    if expr is None:
        return []
    if expr.op == "and":
        return [part for arg in expr.args for part in conjuncts(arg)]
    return [expr]


def conjunction(parts: list[Expr]) -> Expr | None:
    """One condition from parts; none of nothing."""
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return Expr("and", tuple(parts), parts[0].type)
