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
from budget_watch.engine.reach.verdicts import reached


def demands(book: Book, rule: CheckedRule, tests: RuleTests) -> list[Demand]:
    """What the tests should reach beyond the verdicts themselves.

    Raises:
        EngineError: a test fails; only passing tests say what is reached.
    """
    return list(_demands(rule, bench(book, rule, tests)))


def all_demands(book: Book, rule: CheckedRule, tests: RuleTests) -> list[Demand]:
    """Everything that the tests should reach, verdicts included; each test is run once.

    Raises:
        EngineError: a test fails.
    """
    found = bench(book, rule, tests)
    return [*reached(rule, labels(found)), *_demands(rule, found)]


def labels(found: Bench) -> set[str]:
    """The verdicts that the tests reach: `level[0]` for a hit, else outcome and reason."""
    seen: set[str] = set()
    for case in found.cases:
        got = case.verdict(found.rule)
        at = got.level
        seen.add(f"{got.outcome}：{got.because}" if at is None else f"level[{at}]")
    for test in found.tables:
        result = found.run(test, found.rule)
        for row in result.observations.iter_rows(named=True):
            hit = row["outcome"] == "hit"
            because = f"{row['outcome']}：{row['because'] or ''}"
            seen.add(f"level[{row['level_at']}]" if hit else because)
        tally = result.per_rule[0]
        seen |= {f"{name}：" for name in ("clear", "not_applicable") if getattr(tally, name)}
    return seen


def _demands(rule: CheckedRule, found: Bench) -> Iterator[Demand]:
    yield from judged(rule, [each.seen for each in found.cases])
    yield from blanked(rule, found.cases)
    yield from on_rows(rule, found)
    yield from measured(rule, found)
