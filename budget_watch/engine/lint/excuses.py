"""Excuses: `excuse: [{code, because}]` in a rule, a parameter or a word list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.model import Excuse


def excused(here: Here, flaws: Sequence[Flaw]) -> list[Flaw]:
    """The flaws that nobody excuses, and the excuses that excuse nothing."""
    given = {owner: [each.code for each in said] for owner, said in _given(here)}
    raised = {(each.owner, each.code) for each in flaws}
    left = [each for each in flaws if each.code not in given.get(each.owner, ())]
    for owner, codes in given.items():
        for code in codes:
            if (owner, code) not in raised:
                left.append(_stale(here, owner, code))
    return left


def _given(here: Here) -> Iterator[tuple[str, Sequence[Excuse]]]:
    book = here.book
    for rule in book.rules.values():
        yield rule.id, rule.rule.excuse
    for name, parameter in book.params.items():
        yield name, parameter.param.excuse
    for name, words in book.named.words.items():
        yield name, words.excuse
    for name, group in book.named.groups.items():
        yield name, group.excuse


def _stale(here: Here, owner: str, code: str) -> Flaw:
    text = f"excuse 中的 {code} 没有发现对应的问题；请删去"
    if owner in here.book.rules:
        return here.of(here.book.rules[owner], "stale-excuse", text, "excuse")
    return here.at(owner, "stale-excuse", f"{owner}：{text}")
