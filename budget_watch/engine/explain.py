"""Explains an observation: article, parameters, measures with their SQL, snapshot, evidence rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.judge import Setting
from budget_watch.engine.load import Book
from budget_watch.engine.render import Names


def evaluator(book: Book, rule: CheckedRule, values: Mapping[str, Any], setting: Setting) -> Evaluator:
    """An exact evaluator over stored values of a rule's columns."""
    region, year = values.get("mof_div_code"), values.get("fiscal_year")
    return Evaluator(
        values,
        rule.columns,
        setting.as_of,
        book.params,
        book.named,
        setting.overrides,
        values.get("__period_end"),
        region,
        year,
    )


def fact(
    book: Book,
    rule: CheckedRule,
    values: Mapping[str, Any],
    setting: Setting,
    names: Names | None = None,
) -> str:
    """The rule's message with its values: the fact, without head and tail."""
    found = evaluator(book, rule, values, setting)
    return rule.message.fill(found.value, names)


def stored_values(rule: CheckedRule, text: str) -> dict[str, Any]:
    """An observation's `values` as stored Python values (dates read back)."""
    values: dict[str, Any] = json.loads(text)
    for name, value in values.items():
        column = rule.columns.get(name)
        if column is not None and column.type.base == "date" and value is not None:
            values[name] = date.fromisoformat(value)
    return values
