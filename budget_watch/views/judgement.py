"""One finding explained for a reader: law, parameters, measures, evidence under their grant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from budget_watch.access import Grant, Mask
from budget_watch.casework.checking import law_texts, rule_book
from budget_watch.casework.evidence_outside import with_outside
from budget_watch.casework.findings import VERIFIED, Finding, get_finding, list_findings
from budget_watch.casework.hiding import hidden
from budget_watch.engine import Book
from budget_watch.engine.authority import standard, strongest, taken, values_of, weakest
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import EngineError
from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.explain import Explanation, difference_said, explain
from budget_watch.engine.names import Names
from budget_watch.engine.render import WorkState, default_format, show, told_apart
from budget_watch.engine.wording import evaluator, observed_values, render, setting_of
from budget_watch.lake import Home, Reader


@dataclass(frozen=True)
class Shown:
    """A finding's measured value and limit as text; None where the rule displays none.

    Attributes:
        difference: “超出3.20万元”, “低于3天”. whose: 法定, 文件规定, 本级标准 or 经验标准.
    """

    value: str | None
    limit: str | None
    difference: str | None = None
    whose: str = ""


def explained(home: Home, reader: Reader, book: Book, finding: Finding) -> Explanation | None:
    """Everything a finding stands on; None where its rule is no longer in the book.

    Evidence that the reader's grant does not let through is counted beside it.
    """
    if finding.rule not in book.rules:
        return None
    seen = {**finding.observation, "values": hidden(finding.values)}
    day = _day(seen.get("as_of")) or finding.last_seen
    names = Names(reader, day)
    said = explain(reader, book, seen, law_texts(home.root, book.laws), names, _state(finding))
    if reader.grant.whole:
        return said
    stored = get_finding(home, replace(reader.grant, mask=Mask.NONE), finding.finding).observation
    return with_outside(home, reader.grant, book, said, stored, reader.snapshot)


def _state(finding: Finding) -> WorkState:
    """The wording that a work state allows (domain §4.4): once held, “疑似”, never “不符合”.

    “不符合” (复核认定) is a person's finding, which no work state stands for.
    """
    if finding.work_state in VERIFIED or finding.work_state == "办结":
        return "初核成立"
    return "初核" if finding.work_state == "初核" else "新触发"


def worded(book: Book, finding: Finding, names: Names) -> str:
    """The sentence of a finding as its work state allows; the stored one where its rule is gone."""
    if finding.rule not in book.rules:
        return finding.message
    seen = {**finding.observation, "values": finding.values}
    return render(book, seen, names, _state(finding))


def shown(book: Book, finding: Finding, names: Names | None = None) -> Shown:
    """Value and limit of one finding, by the display expressions of its rule."""
    if finding.rule not in book.rules:
        return Shown(None, None)
    rule = book.rules[finding.rule]
    seen = finding.observation
    values = observed_values(rule, {**seen, "grain": finding.grain}, hidden(finding.values))
    end = _day(seen.get("period_end"))
    values["__period_end"] = end
    found = evaluator(
        book, rule, values, setting_of(book, _day(seen.get("as_of")) or date.max), end
    )

    def said(tree: Any) -> tuple[str, Any, str] | None:
        if tree is None:
            return None
        try:
            form, value = default_format(tree), found.value(tree)
        except (EngineError, ArithmeticError):
            return None
        if value is None:
            return None
        return form, value, show(value, tree, form, names)

    both = [said(rule.value), said(rule.limit)]
    texts = iter(told_apart([each for each in both if each is not None]))
    units = (_unit_word(tree) if tree is not None else "" for tree in (rule.value, rule.limit))
    value, limit = (
        None if each is None else next(texts) + (unit if each[0] == "int" else "")
        for each, unit in zip(both, units, strict=True)
    )
    if limit is None:
        return Shown(value, limit)
    try:
        apart = difference_said(rule, found)
    except (EngineError, ArithmeticError):
        apart = None
    return Shown(value, limit, apart, _whose(book, rule, finding, found, end))


def _whose(
    book: Book, rule: CheckedRule, finding: Finding, found: Evaluator, end: date | None
) -> str:
    """Whose number the limit is: its parameters', else that of what the level rests on."""
    day = end or _day(finding.observation.get("as_of")) or date.max
    held = values_of(taken(rule.limit, found), book.params, day, finding.mof_div_code)
    if held:
        return standard(weakest(each.authority for each in held))
    level = rule.levels[int(finding.observation.get("level_at") or 0)]
    known = [book.laws[each.law].authority for each in level.basis if each.law in book.laws]
    if level.klass not in ("法", "规") or not known:
        return standard("customary")
    return standard(strongest(known))


def _unit_word(tree: Any) -> str:
    """天, 个工作日, 个月 behind a plain number whose unit is one of these."""
    words = {"day": "天", "workday": "个工作日", "month": "个月"}
    unit = tree.type.unit
    return words.get(unit[0][0], "") if len(unit) == 1 and unit[0][1] == 1 else ""


def limit_authority(explanation: Explanation) -> str:
    """法定, 文件规定, 本级标准 or 经验标准: whose number the limit of the level reached is."""
    return standard(explanation.limit_authority or "customary")


def same_rule(home: Home, grant: Grant, finding: Finding) -> list[Finding]:
    """Other open findings of the rule, in the reader's scope."""
    return [
        f for f in list_findings(home, grant, rule=finding.rule) if f.finding != finding.finding
    ]


def book_of(home: Home) -> Book:
    """The rule book with the home's overlay."""
    return rule_book(home.root)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) else value
