"""All that the tests of one rule should reach."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.cases import RuleTests
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.load import Book
from budget_watch.engine.mutate.bench import Bench, bench
from budget_watch.engine.reach.atoms import judged
from budget_watch.engine.reach.blanks import blanked
from budget_watch.engine.reach.demand import Demand
from budget_watch.engine.reach.rows import measured, on_rows


def demands(book: Book, rule: CheckedRule, tests: RuleTests) -> list[Demand]:
    """What the tests should reach beyond the verdicts themselves.

    Raises:
        EngineError: a test fails; only passing tests say what is reached.
    """
    return list(_demands(rule, bench(book, rule, tests)))


def _demands(rule: CheckedRule, found: Bench) -> Iterator[Demand]:
    yield from judged(rule, [each.seen for each in found.cases])
    yield from blanked(rule, found.cases)
    yield from on_rows(rule, found)
    yield from measured(rule, found)
