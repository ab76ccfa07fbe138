"""Messages: the figure, the standard, and units once."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here

UNITS = (("yuan", "元"), ("money", "元"), ("pp", "个百分点"), ("%", "%"), ("times", "倍"))


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Flaws of a rule's message."""
    text = rule.rule.message
    for form, unit in UNITS:
        if f":{form}}}{unit}" in text:
            said = f"格式 {form} 已带单位“{unit}”，后面不要再写"
            yield here.of(rule, "message-unit", said, "message")
    mentioned = {name for tree in rule.message.trees for name in tree.names()}
    mentioned |= {name for tree in rule.message.trees for name in tree.names("param")}
    judged = {name for level in rule.levels for name in level.when.names()}
    facts = judged - set(rule.grain)
    if facts and not facts & mentioned:
        yield here.of(rule, "message-value", "message 没有写出判断所用的数", "message")
    if rule.klass in ("法", "规") and rule.limit is not None:
        wanted = rule.limit.names() | rule.limit.names("param")
        digits = any(char.isdigit() for char in text)
        if wanted and not wanted & mentioned and not digits:
            yield here.of(rule, "message-limit", "message 没有写出标准（限额）", "message")
