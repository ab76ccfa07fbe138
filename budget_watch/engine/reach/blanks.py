"""Takes away each measure that a level uses: the result must be insufficient_data.

Where a rule says itself what a missing measure means (it asks for null, or puts another value in
its place), its author states a case without that measure instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.mutate.bench import FramedCase, JudgedCase
from budget_watch.engine.mutate.exact import verdict
from budget_watch.engine.reach.demand import Demand


def blanked(rule: CheckedRule, cases: Sequence[JudgedCase]) -> Iterator[Demand]:
    """One demand a measure that a level uses."""
    used = {name for level in rule.levels for name in level.when.names()}
    measures = set(rule.measures) | set(rule.window.values if rule.window else ())
    exact = [each for each in cases if not isinstance(each, FramedCase)]
    hits = [each for each in exact if verdict(each.seen, rule, {}).outcome == "hit"]
    for name in sorted(used & measures):
        stated = any(each.seen.values.get(name) is None for each in cases)
        yield Demand(
            f"缺 {name} 时数据不足", stated or any(_unsure(rule, each, name) for each in hits)
        )


def _unsure(rule: CheckedRule, case: JudgedCase, name: str) -> bool:
    seen = replace(case.seen, values={**case.seen.values, name: None}, known={})
    return verdict(seen, rule, {}).outcome == "insufficient_data"
