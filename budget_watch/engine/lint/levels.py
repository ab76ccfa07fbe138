"""Levels: their order, their ceiling, and whether each can ever be reached."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.lint.reasoning import Reasoner
from budget_watch.engine.model import LEVELS


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Flaws of a rule's levels."""
    places = [LEVELS.index(level.level) for level in rule.levels]
    if places != sorted(places):
        yield here.of(rule, "level-order", "levels 先写重的：red、orange、yellow、blue", "levels")
    for at, level in enumerate(rule.levels):
        if level.cap != level.level:
            said = f"{level.klass}（信度{level.confidence}）的 red，机器只给到 orange；请写 orange"
            yield here.of(rule, "level-cap", said, "levels", at)
    yield from _possible(here, rule)


def _possible(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    reasoner = Reasoner(rule, here.book.params)
    before = [(each.when, True) for each in rule.requires]
    before += [(each.when, False) for each in (*rule.skip, *rule.undecided)]
    for at, level in enumerate(rule.levels):
        if not reasoner.possible([(level.when, True)]):
            said = f"levels[{at}]（{level.level}）的条件互相矛盾，永远不会成立"
            yield here.of(rule, "level-impossible", said, "levels", at)
        elif not reasoner.possible([*before, (level.when, True)]):
            said = f"levels[{at}]（{level.level}）能成立的，前面的 skip、requires 或级别都已占去"
            yield here.of(rule, "level-unreachable", said, "levels", at)
        before.append((level.when, False))
