"""One finding explained for a reader: law, parameters, measures, evidence under their grant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.checking import law_texts, rule_book
from budget_watch.casework.findings import Finding, list_findings
from budget_watch.casework.hiding import hidden
from budget_watch.engine import Book
from budget_watch.engine.errors import EngineError
from budget_watch.engine.explain import Explanation, explain
from budget_watch.engine.names import Names
from budget_watch.engine.render import default_format, show
from budget_watch.engine.wording import evaluator, setting_of, stored_values
from budget_watch.lake import Home, Reader
from budget_watch.views import formats as fmt

# Whose number a limit is.
AUTHORITIES = {
    "law": "法定",
    "regulation": "法定",
    "ministry": "文件",
    "party": "文件",
    "local": "地方",
    "customary": "经验",
}


@dataclass(frozen=True)
class Shown:
    """A finding's measured value and limit as text; None where the rule displays none."""

    value: str | None
    limit: str | None


def explained(home: Home, reader: Reader, book: Book, finding: Finding) -> Explanation | None:
    """Everything a finding stands on; None where its rule is no longer in the book."""
    if finding.rule not in book.rules:
        return None
    seen = {**finding.observation, "values": hidden(finding.values)}
    day = _day(seen.get("as_of")) or finding.last_seen
    names = Names(reader, day)
    return explain(reader, book, seen, law_texts(home.root, book.laws), names, _state(finding))


def _state(finding: Finding) -> Any:
    known = ("新触发", "初核", "初核成立", "复核认定")
    return finding.work_state if finding.work_state in known else "新触发"


def shown(book: Book, finding: Finding, names: Names | None = None) -> Shown:
    """Value and limit of one finding, by the display expressions of its rule."""
    if finding.rule not in book.rules:
        return Shown(None, None)
    rule = book.rules[finding.rule]
    seen = finding.observation
    values = stored_values(rule, hidden(finding.values))
    values |= {k: v for k, v in stored_values(rule, finding.grain).items() if k not in values}
    end = _day(seen.get("period_end"))
    values["__period_end"] = end
    found = evaluator(
        book, rule, values, setting_of(book, _day(seen.get("as_of")) or date.max), end
    )

    def text(tree: Any) -> str | None:
        if tree is None:
            return None
        try:
            form = default_format(tree)
            value = found.value(tree)
            if value is None:
                return None
            said = show(value, tree, form, names)
            return said + (_unit_word(tree) if form == "int" else "")
        except (EngineError, ArithmeticError):
            return None

    both = Shown(text(rule.value), text(rule.limit))
    if both.value is None or both.value != both.limit or seen.get("value") == seen.get("limit"):
        return both
    return _told_apart(both, seen.get("value"), seen.get("limit"))


def _told_apart(both: Shown, value: Any, limit: Any) -> Shown:
    """Two different amounts or rates that rounding would print alike, with more decimals."""
    if not isinstance(value, int) or not isinstance(limit, int) or both.value is None:
        return both
    if both.value.endswith("元"):
        return Shown(f"{fmt.yuan(value)}元", f"{fmt.yuan(limit)}元")
    if both.value.endswith("%"):
        places = next((n for n in (2, 3) if fmt.rate(value, n) != fmt.rate(limit, n)), 4)
        return Shown(fmt.rate(value, places), fmt.rate(limit, places))
    return both


def _unit_word(tree: Any) -> str:
    """天, 个工作日, 个月 behind a plain number whose unit is one of these."""
    words = {"day": "天", "workday": "个工作日", "month": "个月"}
    unit = tree.type.unit
    return words.get(unit[0][0], "") if len(unit) == 1 and unit[0][1] == 1 else ""


def limit_authority(explanation: Explanation) -> str:
    """法定, 文件, 地方 or 经验: whose number the limit of the level reached is."""
    return AUTHORITIES.get(explanation.limit_authority or "customary", "经验")


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
