"""Which opinions are on the same matter, by the likeness of their texts: a suggestion, no verdict.

Titles and texts are cut into pairs of neighbouring signs (Chinese has no spaces between words), and
rapidfuzz compares the two sets, in whatever order the pairs stand. A person decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import get_opinion, list_opinions, submitted

_SIGNS = re.compile(r"[\W_]+")


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 100."""
    return float(fuzz.token_set_ratio(pairs(one), pairs(other)))


def pairs(text: str) -> str:
    """A text as pairs of neighbouring signs, set apart by spaces; punctuation does not count."""
    signs = _SIGNS.sub("", text.lower())
    return " ".join(signs[at : at + 2] for at in range(max(1, len(signs) - 1)))


def similar(home: Home, actor: Actor, number: str) -> list[tuple[Opinion, int]]:
    """Opinions like this one among those that the reader sees, the most alike first.

    Raises:
        UnknownOpinionError: no such opinion, or not theirs to see.
    """
    desk = OpinionDesk.of(home)
    one = get_opinion(home, actor, number)
    others = [
        each
        for each in list_opinions(home, actor)
        if each.id != one.id and submitted(desk, each) and not _gone(desk, each)
    ]
    return ranked(desk, one, others)


def ranked(desk: OpinionDesk, one: Opinion, others: Sequence[Opinion]) -> list[tuple[Opinion, int]]:
    """Those alike enough, the most alike first; as many as the file says at most."""
    found = process.extract(
        _text(one),
        [_text(each) for each in others],
        scorer=fuzz.token_set_ratio,
        limit=desk.flow.similar.most,
        score_cutoff=desk.flow.similar.least,
    )
    return [(others[at], round(score)) for _, score, at in found]


def _text(one: Opinion) -> str:
    return pairs(f"{one.title} {one.text}")


def _gone(desk: OpinionDesk, one: Opinion) -> bool:
    state = desk.state(one)
    return state.final and not state.registered
