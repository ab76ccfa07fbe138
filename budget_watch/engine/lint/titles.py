"""Titles: every value that a rule makes has a Chinese name, and no two rules share one."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Every value that a rule makes has a name of its own."""
    known = set(rule.window.source.columns) if rule.window else set()
    seen: dict[str, str] = {}
    for name, place in _made(rule).items():
        title = rule.title_of(name)
        own = name in rule.rule.titles or (name in rule.measures and title != name)
        if not own and name not in known:
            said = f"{name} 没有中文名；计量写 title，其他写在 titles"
            yield here.of(rule, "no-title", said, *place)
        elif own and title in seen:
            said = f"{name} 和 {seen[title]} 的中文名都是“{title}”"
            yield here.of(rule, "no-title", said, *place)
        seen.setdefault(title, name)


def _made(rule: CheckedRule) -> dict[str, tuple[str | int, ...]]:
    made: dict[str, tuple[str | int, ...]] = {name: ("measures", name) for name in rule.measures}
    made |= {name: ("let", name) for name in rule.let}
    made |= {
        name: ("within", "values", name) for name in (rule.window.values if rule.window else ())
    }
    for key, join in rule.joins.items():
        made |= {new: ("join", key) for new, own in join.take.items() if new != own}
    return made


def of_book(here: Here) -> Iterator[Flaw]:
    """No two rules of one title."""
    seen: dict[str, str] = {}
    for rule in here.book.rules.values():
        first = seen.setdefault(rule.title, rule.id)
        if first != rule.id:
            said = f"名称“{rule.title}”与 {first} 相同"
            yield here.of(rule, "duplicate-title", said, "title")
