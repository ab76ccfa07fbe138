"""The whole sentence of an observation, by class and work state: `render(book, observation, …)`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.engine.authority import Whose, taken, values_of, whose, word_for
from budget_watch.engine.check import CheckedLevel, CheckedRule
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.expression import Expr
from budget_watch.engine.judge import Setting
from budget_watch.engine.load import Book
from budget_watch.engine.names import Aliased
from budget_watch.engine.render import Names, WorkState, worded


def setting_of(book: Book, as_of: date) -> Setting:
    """The book's numbers and lists for a day."""
    return Setting(as_of, book.params, book.named, {})


def stored_values(rule: CheckedRule, values: str | Mapping[str, Any]) -> dict[str, Any]:
    """An observation's values as stored Python values (dates read back from text)."""
    found: dict[str, Any] = dict(json.loads(values) if isinstance(values, str) else values)
    for name, value in found.items():
        column = rule.columns.get(name)
        if column is not None and column.type.base == "date" and isinstance(value, str):
            found[name] = date.fromisoformat(value)
    return found


def observed_values(
    rule: CheckedRule, observation: Mapping[str, Any], values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An observation's values, its grain, and its region: parameters may be a region's own.

    Args:
        values: to be used in place of the observation's own (persons hidden).
    """
    found = stored_values(rule, observation["values"] if values is None else values)
    for name, value in stored_values(rule, observation.get("grain") or {}).items():
        found.setdefault(name, value)
    if found.get("mof_div_code") is None and observation.get("mof_div_code") is not None:
        found["mof_div_code"] = observation["mof_div_code"]
    return found


def evaluator(
    book: Book,
    rule: CheckedRule,
    values: Mapping[str, Any],
    setting: Setting,
    period_end: date | None = None,
) -> Evaluator:
    """An exact evaluator over stored values of a rule's columns."""
    return Evaluator(
        values,
        rule.columns,
        setting.as_of,
        book.params,
        book.named,
        setting.overrides,
        period_end,
        values.get("mof_div_code"),
        values.get("fiscal_year"),
    )


def fact(
    book: Book,
    rule: CheckedRule,
    values: Mapping[str, Any],
    setting: Setting,
    names: Names | None = None,
    period_end: date | None = None,
) -> str:
    """The rule's message with its values: the fact, without head and tail."""
    found = evaluator(book, rule, values, setting, period_end)
    day, region = period_end or setting.as_of, values.get("mof_div_code")

    def of(tree: Expr) -> str:
        return word_for(tree, found, book.params, day, region)

    return rule.message.fill(found.value, aliased(rule, names), of)


def limit_of(
    book: Book,
    rule: CheckedRule,
    level: CheckedLevel,
    values: Mapping[str, Any],
    setting: Setting,
    period_end: date | None = None,
) -> Whose:
    """Whose number the limit of a level is: the limit's parameters, else the condition's."""
    found = evaluator(book, rule, values, setting, period_end)
    day, region = period_end or setting.as_of, values.get("mof_div_code")
    names = taken(rule.limit, found) or level.when.names("param")
    return whose(values_of(names, book.params, day, region), book)


def aliased(rule: CheckedRule, names: Names | None) -> Names | None:
    """The names, found also for the columns that the rule's joins take under another name."""
    alias = {new: own for join in rule.joins.values() for new, own in join.take.items()}
    return Aliased(names, alias) if names is not None and alias else names


def render(
    book: Book,
    observation: Mapping[str, Any],
    names: Names | None = None,
    state: WorkState = "新触发",
) -> str:
    """The sentence of an observation (a row of the observations, as a mapping).

    Hits are worded by the class and basis of the level reached and by the work state; what could
    not be judged says so and why.
    """
    rule = book.rules[observation["rule"]]
    if observation["outcome"] != "hit":
        because = observation.get("because") or "原因不明"
        if observation["outcome"] == "not_applicable":
            return f"{rule.title}：不适用（{because}）。"
        return f"{rule.title}：数据不足，无法判断（{because}）。"
    as_of = _day(observation.get("as_of")) or _day(observation.get("period_end"))
    setting = setting_of(book, as_of or date.max)
    values = observed_values(rule, observation)
    held = observation.get("because")  # a hit has a reason of its own only while it is held open
    said = f"“{rule.title}”此前触发，{held}" if held else ""
    said = said or fact(book, rule, values, setting, names, _day(observation.get("period_end")))
    level = rule.levels[int(observation.get("level_at") or 0)]
    limit = limit_of(book, rule, level, values, setting, _day(observation.get("period_end")))
    # beyond a committee's own tighter number is not yet beyond the statute's
    own = limit.authority == "local" and level.klass in ("法", "规")
    return worded(
        said,
        "规" if own else level.klass,
        () if own else level.basis,
        book.laws,
        level.confidence,
        state,
        bool(observation.get("provisional")),
        limit.standard,
    )


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
