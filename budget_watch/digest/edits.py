"""What a person changed in a report by hand, told by holding it against the report as built.

Words may be edited freely. Told are figures that print something else, figures that are gone, and
numbers that no machine wrote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from budget_watch.digest.numerals import numbers, sentence_at
from budget_watch.digest.printed import Passage


@dataclass(frozen=True)
class Altered:
    """A figure that prints something else than the machine wrote there."""

    key: str
    place: str
    sentence: str
    printed: str
    built: str


@dataclass(frozen=True)
class Added:
    """A number that a person wrote."""

    number: str
    place: str
    sentence: str


@dataclass(frozen=True)
class Missing:
    """A figure that was taken out at a place."""

    key: str
    place: str
    sentence: str
    built: str


@dataclass(frozen=True)
class Edits:
    """Everything, in the order of the report."""

    altered: tuple[Altered, ...]
    added: tuple[Added, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True)
class _Changed:
    """Passages of one place that are not what they were."""

    before: Sequence[Passage]
    after: Sequence[Passage]


def edits(built: Sequence[Passage], found: Sequence[Passage]) -> Edits:
    """Hold a report against itself as built."""
    same, changed = _matched(built, found)
    texts = _texts(built)
    altered = [one for before, after in same for one in _altered(before, after)]
    added: list[Added] = []
    for group in changed:
        for after in group.after:
            altered += _unknown(after, texts)
        added += _added(group)
    return Edits(tuple(altered), tuple(added), tuple(_missing(built, found, changed)))


def _matched(
    built: Sequence[Passage], found: Sequence[Passage]
) -> tuple[list[tuple[Passage, Passage]], list[_Changed]]:
    """Passages that are one but for what their figures print; and the rest, place by place."""
    same: list[tuple[Passage, Passage]] = []
    groups: list[tuple[list[Passage], list[Passage]]] = []
    shapes = [p.shape for p in built], [p.shape for p in found]
    for tag, a, b, c, d in SequenceMatcher(None, *shapes, autojunk=False).get_opcodes():
        if tag == "equal":
            same += zip(built[a:b], found[c:d], strict=True)
        else:
            groups.append((list(built[a:b]), list(found[c:d])))
    moved: dict[tuple[str, ...], list[Passage]] = defaultdict(list)
    for before, _ in groups:
        for each in before:
            moved[each.shape].append(each)
    kept: dict[int, None] = {}
    for _, after in groups:
        for each in list(after):
            if moved[each.shape]:
                origin = moved[each.shape].pop()
                kept[id(origin)] = None
                same.append((origin, each))
                after.remove(each)
    left = [([p for p in before if id(p) not in kept], after) for before, after in groups]
    return same, [_Changed(before, after) for before, after in left if before or after]


def _texts(built: Iterable[Passage]) -> Mapping[str, set[str]]:
    texts: dict[str, set[str]] = defaultdict(set)
    for each in built:
        for part in each.parts:
            if part.key:
                texts[part.key].add(part.text)
    return texts


def _altered(before: Passage, after: Passage) -> list[Altered]:
    return [
        Altered(new.key, after.place, _around(after, at), new.text, old.text)
        for at, (old, new) in enumerate(zip(before.parts, after.parts, strict=True))
        if new.key and old.text != new.text
    ]


def _unknown(after: Passage, texts: Mapping[str, set[str]]) -> list[Altered]:
    """Figures of a changed passage whose text the machine wrote nowhere."""
    return [
        Altered(p.key, after.place, _around(after, at), p.text, "、".join(sorted(texts[p.key])))
        for at, p in enumerate(after.parts)
        if p.key and p.text not in texts[p.key]
    ]


def _around(passage: Passage, part: int) -> str:
    """The sentence in which a part stands."""
    before = sum(len(p.text) for p in passage.parts[:part])
    return sentence_at(passage.text, before)


def _added(group: _Changed) -> list[Added]:
    """Numbers of the new words that the old words there do not have."""
    old = [number for p in group.before for number in numbers(p.words)]
    known = Counter(number.text for number in old)
    fresh = []
    for each in group.after:
        for number in numbers(each.words):
            if known[number.text]:
                known[number.text] -= 1
            else:
                fresh.append((number, each))
    lost = {number.text for number in old if number.names and known[number.text]}
    return [
        Added(number.text, each.place, sentence_at(each.text, _at(each, number.at)))
        for number, each in fresh
        if lost or not number.names
    ]


def _at(passage: Passage, place: int) -> int:
    """Where a place of the words lies in the whole text, figures written out."""
    at, left = 0, place
    for part in passage.parts:
        length = 1 if part.key else len(part.text)
        if left < length:
            return at + (0 if part.key else left)
        left -= length
        at += len(part.text)
    return at


def _missing(
    built: Sequence[Passage], found: Sequence[Passage], changed: Sequence[_Changed]
) -> list[Missing]:
    """Figures printed less often than built, where they went."""
    lost = Counter(_keys(built))
    lost.subtract(_keys(found))
    told = []
    for group in changed:
        here = Counter(_keys(group.after))
        for each in group.before:
            for at, part in enumerate(each.parts):
                if not part.key or lost[part.key] <= 0:
                    continue
                if here[part.key]:
                    here[part.key] -= 1
                    continue
                lost[part.key] -= 1
                told.append(Missing(part.key, each.place, _around(each, at), part.text))
    return told


def _keys(passages: Iterable[Passage]) -> Iterable[str]:
    return [part.key for each in passages for part in each.parts if part.key]
