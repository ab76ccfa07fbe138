"""Tells a rule that had nothing to judge from one whose data never came (数据未送达)."""

from __future__ import annotations

from collections.abc import Iterable

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.frames import Frames
from budget_watch.engine.result import RuleTally
from budget_watch.engine.sources import Source, sources

NAMED = 3
EMPTY = "没有判断任何对象：来源为空或范围写错；确属正常的写 may_be_empty: true"


def settle_empty(
    rules: Iterable[CheckedRule], tallies: dict[str, RuleTally], frames: Frames
) -> None:
    """What it means that a rule judged nothing: its data never came, it may be so, or an error."""
    for rule in rules:
        tally = tallies[rule.id]
        if tally.judged or tally.error:
            continue
        missing = () if tally.rows else undelivered(rule, frames)
        if missing:
            tally.undelivered = missing
            tally.message = message(missing)
        elif not rule.rule.may_be_empty:
            tally.error, tally.message = 1, EMPTY


def undelivered(rule: CheckedRule, frames: Frames) -> tuple[str, ...]:
    """The tables that a rule's grains or rows come from and that were never delivered.

    For a mart, those of its tables; empty if the ledger has deliveries enough for the rule to run.
    """
    source = judged_source(rule)
    if source is None or not source.tables:
        return ()
    came = set(frames.coverage.filter("delivered")["table"].to_list())
    if came & set(source.tables):
        return ()
    from budget_watch.lake.marts import MARTS

    mart = MARTS.get(source.name)
    if mart is None:
        return source.tables
    if mart.covers:
        missing = tuple(name for name in mart.covers if name not in came)
        return missing if missing or frames.rows(source) else mart.covers
    # made of whatever came: without rows it waits for the rest
    return () if frames.rows(source) else tuple(name for name in mart.inputs if name not in came)


def judged_source(rule: CheckedRule) -> Source | None:
    """Where the grains, rows or windows that a rule judges come from."""
    if rule.window is not None:
        return rule.window.source
    return rule.universe.source if rule.universe is not None else rule.source


def message(tables: tuple[str, ...]) -> str:
    """Which tables are missing, in Chinese; of many the first few."""
    known = sources()
    named = "、".join(known[name].title for name in tables[:NAMED])
    more = f"等 {len(tables)} 张报表" if len(tables) > NAMED else ""
    return f"数据未送达：{named}{more}。送达后自动判断。"
