"""Every level, skip, requires and undecided reached; something clear; something unknown."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.reach.demand import Demand


def reached(rule: CheckedRule, labels: Collection[str]) -> Iterator[Demand]:
    """What the verdicts of the tests should contain.

    Args:
        labels: `level[0]` for a hit, else outcome and reason, of every test.
    """
    for at, level in enumerate(rule.levels):
        text = f"levels[{at}]（{level.level}）有用例命中"
        yield Demand(text, f"level[{at}]" in labels)
    said = " ".join(labels)
    for kind, outcome, reasons in (
        ("skip", "not_applicable", rule.skip),
        ("requires", "insufficient_data", rule.requires),
        ("undecided", "insufficient_data", rule.undecided),
    ):
        for at, each in enumerate(reasons):
            text = f"{kind}[{at}]（{each.because}）有用例"
            yield Demand(text, f"{outcome}：{each.because}" in said)
    for outcome, title in (("clear", "未触发"), ("insufficient_data", "数据不足")):
        yield Demand(f"有{title}的用例", any(each.startswith(outcome) for each in labels))
