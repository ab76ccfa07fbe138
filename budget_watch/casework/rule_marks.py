"""How sensitive each rule is and how deep its findings lie: what a Grant asks before showing one.

A rule is at least as sensitive as what it reads: tables, marts, and columns more sensitive than
their table. Where it judges grains above the single document, tables with sums count as their
sums do. What a rule declares may raise that, never lower it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from budget_watch.access import Depth, Grant, Sensitivity
from budget_watch.access.levels import depth_of
from budget_watch.casework.book import book_stamp, rule_book
from budget_watch.engine import Book
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.expression import Expr
from budget_watch.engine.sources import COVERAGE, Source, sources
from budget_watch.lake.layout import layout
from budget_watch.lake.letting import SUMS

_KEPT = 4  # so many books are remembered, by what their files are: homes may share one
_held: dict[str, dict[str, RuleMark]] = {}
_lock = Lock()


@dataclass(frozen=True)
class RuleMark:
    """Sensitivity of a rule, and depth of its grain."""

    sensitivity: Sensitivity
    depth: Depth


def rule_marks(book: Book) -> dict[str, RuleMark]:
    """The marks of every rule of a book."""
    return {rule.id: mark(rule) for rule in book.rules.values()}


def mark(rule: CheckedRule) -> RuleMark:
    """One rule's mark."""
    depth = depth_of(rule.grain)
    declared = Sensitivity.of(rule.rule.sensitivity)
    read = [_of(source, depth) for source in _sources(rule)]
    columns = [_column(source, name) for source, name in _columns(rule)]
    return RuleMark(max([declared, *read, *columns]), depth)


def visible_rules(root: Path, grant: Grant) -> frozenset[str] | None:
    """The rules whose findings a grant may see; None where it may see those of every rule.

    Findings of a rule that is no longer in the book are shown to whom nothing is closed.
    """
    if grant.whole:
        return None
    marks = _marks_at(root)
    return frozenset(
        name for name, each in marks.items() if grant.may_rule(name, each.sensitivity, each.depth)
    )


def _marks_at(root: Path) -> dict[str, RuleMark]:
    stamp = book_stamp(root)
    with _lock:
        if stamp not in _held:
            _held[stamp] = rule_marks(rule_book(root))
            while len(_held) > _KEPT:
                del _held[next(iter(_held))]
        return _held[stamp]


def _of(source: Source, depth: Depth) -> Sensitivity:
    if source.name == COVERAGE.name:
        return Sensitivity.OPEN
    sums = SUMS.get(source.name)
    if sums is not None and depth < Depth.APPLICATION:
        return sums.sensitivity
    return Sensitivity.of(layout(source.name).contract.sensitivity)


def _sources(rule: CheckedRule) -> Iterable[Source]:
    if rule.source is not None:
        yield rule.source
    if rule.universe is not None:
        yield rule.universe.source
    if rule.window is not None:
        yield rule.window.source
    if rule.query is not None:
        yield from (sources()[name] for name in rule.query.tables)
    yield from (join.source for join in rule.joins.values())
    yield from (measure.source for measure in rule.measures.values())


def _columns(rule: CheckedRule) -> Iterable[tuple[Source, str]]:
    for measure in rule.measures.values():
        trees = (measure.argument, measure.condition, measure.at_condition, *measure.keys.values())
        yield from ((measure.source, name) for name in _names(trees))
    for join in rule.joins.values():
        yield from ((join.source, name) for name in join.take.values())
        yield from ((join.source, name) for name in _names((join.condition,)))
    if rule.source is not None:
        yield from ((rule.source, name) for name in rule.needs)


def _names(trees: Iterable[Expr | None]) -> Iterable[str]:
    return (name for tree in trees if tree is not None for name in tree.names())


def _column(source: Source, name: str) -> Sensitivity:
    if source.name == COVERAGE.name:
        return Sensitivity.OPEN
    columns = {column.name: column for column in layout(source.name).contract.columns}
    declared = columns[name].sensitivity if name in columns else None
    return Sensitivity.of(declared) if declared else Sensitivity.OPEN
