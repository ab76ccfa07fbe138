"""What a finding is, and which periods are judged."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Flaws of identity and universe."""
    years = "fiscal_year" in rule.grain and "fiscal_year" not in rule.identity
    if rule.rule.identity and years:
        said = "identity 不含 fiscal_year，各年会并成一个疑点"
        yield here.of(rule, "identity", said, "identity")
    universe = rule.universe
    if universe is None or universe.periods is not None:
        return
    # A universe of the measure's own source judges acts in the months in which they happened.
    cumulative = [each for each in rule.measures.values() if each.cumulative]
    own = universe.source.name in {each.source.name for each in cumulative}
    if cumulative and not own and "month" in rule.grain and universe.source.kind == "event":
        said = f"{cumulative[0].name} 按月累计，universe 应写 periods，否则没有发生额的月份不判断"
        yield here.of(rule, "periods", said, "universe")
