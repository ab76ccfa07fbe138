"""What was given in a session, brought together: likely the same matter, and how it stands.

Likeness of texts is a suggestion; a person merges. Counts are of opinions, by delegation, topic
and state of the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process

from budget_watch.congress.flow import Similar
from budget_watch.congress.session import Given, Question
from budget_watch.opinions.similar import pairs

ALONE = "未归并"


@dataclass(frozen=True)
class Group:
    """Opinions that are likely on the same matter; `score`: the likeness that joined the last."""

    given: tuple[Given, ...]
    score: int


def groups(given: Sequence[Given], rule: Similar) -> list[Group]:
    """Of the opinions not merged yet: those alike, largest group first, as many as the file says.

    An opinion joins the group of whose first member it is most alike, if alike enough: groups do
    not grow by chains of neighbours.
    """
    free = sorted((e for e in given if not e.opinion.topic), key=lambda e: (e.at, e.opinion.id))
    texts = [pairs(each.opinion.text) for each in free]
    taken: set[int] = set()
    found = []
    for at, text in enumerate(texts):
        if at in taken:
            continue
        rest = {n: texts[n] for n in range(at + 1, len(texts)) if n not in taken}
        like = process.extract(
            text, rest, scorer=fuzz.token_set_ratio, limit=None, score_cutoff=rule.least
        )
        if like:
            own = [at, *sorted(n for _, _, n in like)]
            taken.update(own)
            score = round(min(score for _, score, _ in like))
            found.append(Group(tuple(free[n] for n in own), score))
    return sorted(found, key=lambda e: -len(e.given))[: rule.most]


@dataclass(frozen=True)
class Tally:
    """How a session stands: opinions by delegation, questions by state.

    Attributes:
        given: number of opinions. merged: those in a topic.
        by_delegation: delegation → (opinions, people who gave them).
        by_state: state of the answer → opinions; `未归并` for those in no topic.
    """

    given: int
    merged: int
    by_delegation: dict[str, tuple[int, int]]
    by_state: dict[str, int]


def tally(
    delegations: Sequence[str],
    given: Sequence[Given],
    questions: Sequence[Question],
    now: datetime,
) -> Tally:
    """Count a session; every delegation stands in it, also one that gave nothing."""
    counts = Counter(each.delegation for each in given)
    people: dict[str, set[str]] = {name: set() for name in delegations}
    for each in given:
        people.setdefault(each.delegation, set()).add(each.opinion.author)
    states: Counter[str] = Counter()
    for question in questions:
        states[question.state(now)] += len(question.given)
    merged = sum(each.opinion.topic is not None for each in given)
    states[ALONE] = len(given) - merged
    by_delegation = {name: (counts[name], len(people[name])) for name in people}
    return Tally(len(given), merged, by_delegation, dict(states))
