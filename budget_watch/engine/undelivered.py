"""Tells a rule that had nothing to judge from one whose data never came (数据未送达)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.frames import Frames
from budget_watch.engine.result import RuleTally
from budget_watch.engine.sources import Source, sources

NAMED = 3
A_YEAR = 12  # months
EMPTY = "没有判断任何对象：来源为空或范围写错；确属正常的写 may_be_empty: true"
YOUNG = "没有判断任何对象：送达的数据还不满一年，其中没有可判断的。"


def settle_empty(
    rules: Iterable[CheckedRule], tallies: dict[str, RuleTally], frames: Frames
) -> None:
    """What it means that a rule judged nothing: its data never came, it may be so, or an error.

    A home whose data is young has no fault yet: the rule waits for more of the same tables.
    """
    for rule in rules:
        tally = tallies[rule.id]
        if tally.judged or tally.error:
            continue
        missing = () if tally.rows else undelivered(rule, frames)
        if missing:
            tally.undelivered = missing
            tally.message = message(missing)
        elif rule.rule.may_be_empty:
            continue
        elif young := begun(rule, frames):
            tally.undelivered, tally.message = young, YOUNG
        else:
            tally.error, tally.message = 1, EMPTY


def begun(rule: CheckedRule, frames: Frames) -> tuple[str, ...]:
    """The tables that a rule's grains or rows come from, while they have come for a year at most.

    In a home that was set up lately a rule may find nothing to judge; later that is a fault.
    """
    source = judged_source(rule)
    if source is None:
        return ()
    came = frames.coverage.filter("delivered", pl.col("table").is_in(source.tables))
    periods = came.select("fiscal_year", "month").unique()
    months = periods.select(pl.when(pl.col("month") == 0).then(A_YEAR).otherwise(1)).sum().item()
    return source.tables if months <= A_YEAR else ()


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
