"""What a home says of the product's own parameters, word lists and code groups.

One form for all three: an entry with the product's id and dated sets of the home's own. A
parameter's values stand beside the product's, for the home's jurisdiction; a list's sets hold in
the whole home from their year on, as the product's list with more and fewer entries (`add`, `drop`)
or as a list of its own. All else (title, unit, …) is the product's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from pydantic import Field, model_validator

from budget_watch.engine.errors import BookError
from budget_watch.engine.model import (
    Checked,
    Confidence,
    Group,
    GroupSet,
    Param,
    ParamValue,
    Strict,
    Words,
    WordSet,
)

ALWAYS = date(1900, 1, 1)
FIELDS = {"include": "", "require_also": "同时要有的", "exclude": "排除词"}


class LocalParam(Strict):
    """A home's values of the product's parameter; other keys may be left out or repeated."""

    id: str
    values: tuple[ParamValue, ...] = Field(min_length=1)
    title: str | None = None
    unit: str | None = None
    statutory: bool | None = None
    tighter: str | None = None
    confidence: Confidence | None = None
    last_checked: Checked | None = None


class WordChange(Strict):
    """Phrases that are added to, or dropped from, the lists of a word list."""

    include: tuple[str, ...] = ()
    require_also: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class LocalWordSet(Strict):
    """A home's words from a year on: the product's with changes, or a whole list."""

    since: date = Field(alias="from")
    include: tuple[str, ...] = ()
    require_also: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    add: WordChange = WordChange()
    drop: WordChange = WordChange()

    @property
    def whole(self) -> bool:
        """Whether it takes the place of the product's list."""
        return bool(self.include)

    @model_validator(mode="after")
    def _one_form(self) -> LocalWordSet:
        nothing = WordChange()
        changed = self.add != nothing or self.drop != nothing
        listed = bool(self.include or self.require_also or self.exclude)
        if changed == listed or (listed and not self.include):
            raise ValueError(
                "写 add、drop（在产品的词表上增减），或写 include（整张换掉），只能写一种"
            )
        return self


class LocalWords(Strict):
    """A home's dated sets of the product's word list."""

    id: str
    sets: tuple[LocalWordSet, ...] = Field(min_length=1)
    title: str | None = None
    note: str | None = None


class LocalGroupSet(Strict):
    """A home's codes from a year on: the product's with changes, or a whole list."""

    since: date = Field(alias="from")
    codes: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it takes the place of the product's list."""
        return bool(self.codes)

    @model_validator(mode="after")
    def _one_form(self) -> LocalGroupSet:
        if bool(self.codes) == bool(self.add or self.drop):
            raise ValueError(
                "写 add、drop（在产品的代码组上增减），或写 codes（整组换掉），只能写一种"
            )
        return self


class LocalGroup(Strict):
    """A home's dated sets of the product's code group."""

    id: str
    sets: tuple[LocalGroupSet, ...] = Field(min_length=1)
    title: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Local:
    """A change that a home makes, for people: what of the product's holds no longer, and why."""

    kind: str
    id: str
    title: str
    file: str
    line: int
    changes: tuple[str, ...]
    note: str | None = None

    def record(self) -> dict[str, Any]:
        """The JSON object in the summaries of `rules check` and `check`."""
        return {
            "kind": self.kind,
            "id": self.id,
            "title": self.title,
            "file": self.file,
            "line": self.line,
            "changes": list(self.changes),
            "note": self.note,
        }

    @property
    def sentence(self) -> str:
        """One line for people."""
        why = f"（{self.note}）" if self.note else ""
        return f"{self.kind} {self.id} {self.title}：{'；'.join(self.changes)}{why}"


# ---- parameters
def with_values(known: Param, said: LocalParam, where: str) -> Param:
    """The product's parameter with a home's values.

    Raises:
        BookError: a value without a jurisdiction, or a key that says otherwise than the product.
    """
    for key in ("unit", "statutory", "tighter"):
        mine, product = getattr(said, key), getattr(known, key)
        if mine is not None and mine != product:
            shown = str(product).lower() if isinstance(product, bool) else product
            words = f"参数 {said.id} 的 {key} 是 {shown}，本地不能改；请删去这一行"
            raise BookError(where, words, "override")
    if any(not value.jurisdiction for value in said.values):
        raise BookError(
            where, f"参数 {said.id} 的本地值要写 jurisdiction（本辖区代码）", "override"
        )
    return known.model_copy(update={"values": (*known.values, *said.values)})


def value_changes(said: LocalParam) -> tuple[str, ...]:
    """What a home's values say, in words."""
    return tuple(f"{each.jurisdiction} 自 {each.since} 起用 {each.value}" for each in said.values)


# ---- lists
Set = TypeVar("Set", WordSet, GroupSet)
LocalSet = TypeVar("LocalSet", LocalWordSet, LocalGroupSet)


def with_words(known: Words, sets: Sequence[LocalWordSet], where: str) -> Words:
    """The product's word list with a home's sets. Raises BookError for what cannot be done."""
    first, *later = known.editions
    made = _dated((_always(first), *later), sets, _words_of, f"词表 {known.id}", where)
    return Words(id=known.id, title=known.title, sets=made, note=known.note, excuse=known.excuse)


def with_codes(known: Group, sets: Sequence[LocalGroupSet], where: str) -> Group:
    """The product's group with a home's sets. Raises BookError for what cannot be done."""
    product = sorted(known.sets, key=lambda each: each.since)
    if len(product) == 1:  # one set holds in all years
        product = [_always(product[0])]
    made = _dated(product, sets, _codes_of, f"代码组 {known.id}", where)
    return known.model_copy(update={"sets": made})


def _always(each: Set) -> Set:
    return each.model_copy(update={"since": ALWAYS})


def _dated(
    product: Sequence[Set],
    sets: Sequence[LocalSet],
    made: Callable[[Set, LocalSet], Set],
    name: str,
    where: str,
) -> tuple[Set, ...]:
    """The product's sets up to the home's first; from then on, at each change, what both say.

    A home's changes apply to the product's list of the year, also to one that begins later; a
    whole list of the home's holds until its next.
    """
    mine: dict[int, LocalSet] = {each.since.year: each for each in sets}
    if len(mine) < len(sets):
        raise BookError(where, f"{name} 的本地 sets 中有两项自同一年起；一年只能有一项", "override")
    _fits(product, sets, name, where)
    theirs: dict[int, Set] = {each.since.year: each for each in product}
    first = min(mine)
    found: list[Set] = []
    for year in sorted({*theirs, *mine}):
        base = theirs[max((each for each in theirs if each <= year), default=min(theirs))]
        if year < first:
            found.append(base)
            continue
        local = mine[max(each for each in mine if each <= year)]
        if year in mine or not local.whole:
            since = mine[year].since if year in mine else theirs[year].since
            try:
                found.append(made(base, local).model_copy(update={"since": since}))
            except ValueError as error:
                raise BookError(where, f"{name}：{error}", "override") from error
    return tuple(found)


def _fits(product: Sequence[Set], sets: Sequence[LocalSet], name: str, where: str) -> None:
    """Refuse to drop what the product does not have, and to leave nothing."""
    for local in sets:
        for field, added, dropped in _changes(local):
            known = {each for base in product for each in getattr(base, field)}
            unknown = [each for each in dropped if each not in known]
            if unknown:
                said = f"{name} 里没有{_quoted(unknown)}，不能 drop；请核对用字"
                raise BookError(where, said, "override")
            there = [each for each in added if all(each in getattr(b, field) for b in product)]
            if there:
                said = f"{name} 里已有{_quoted(there)}，不必 add；请删去"
                raise BookError(where, said, "override")


def _changes(
    local: LocalWordSet | LocalGroupSet,
) -> Iterable[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    if isinstance(local, LocalGroupSet):
        return [("codes", local.add, local.drop)]
    return [(each, getattr(local.add, each), getattr(local.drop, each)) for each in FIELDS]


def _words_of(base: WordSet, local: LocalWordSet) -> WordSet:
    lists = {each: getattr(local, each) for each in FIELDS}
    if not local.whole:
        lists = {
            field: _both(getattr(base, field), added, dropped)
            for field, added, dropped in _changes(local)
        }
    if not lists["include"]:
        raise ValueError("减去之后一个词也不剩")
    return WordSet.model_validate({"from": local.since, **lists})


def _codes_of(base: GroupSet, local: LocalGroupSet) -> GroupSet:
    codes = local.codes or _both(base.codes, local.add, local.drop)
    if not codes:
        raise ValueError("减去之后一个代码也不剩")
    return GroupSet.model_validate({"from": local.since, "codes": codes})


def _both(base: Sequence[str], added: Sequence[str], dropped: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([each for each in base if each not in dropped] + list(added)))


def list_changes(known: Words | Group, local: LocalWords | LocalGroup) -> tuple[str, ...]:
    """What a home's sets change of the product's list, in words."""
    sets: list[LocalWordSet | LocalGroupSet] = [*local.sets]
    return tuple(_said(known, each) for each in sorted(sets, key=lambda each: each.since))


def _said(known: Words | Group, local: LocalWordSet | LocalGroupSet) -> str:
    parts: list[str] = []
    titles = {**FIELDS, "codes": ""}
    if local.whole:
        product = known.editions if isinstance(known, Words) else known.sets
        base = max(
            (each for each in product if each.since.year <= local.since.year),
            key=lambda each: each.since,
            default=product[0],
        )
        for field, _, _ in _changes(local):
            old, new = getattr(base, field), getattr(local, field)
            parts += _moved(titles[field], [each for each in new if each not in old], "增")
            parts += _moved(titles[field], [each for each in old if each not in new], "减")
        return f"自 {local.since.year} 年起整张换掉（{'，'.join(parts) or '内容相同'}）"
    for field, added, dropped in _changes(local):
        parts += _moved(titles[field], added, "增") + _moved(titles[field], dropped, "减")
    return f"自 {local.since.year} 年起{'，'.join(parts)}"


def _moved(title: str, words: Sequence[str], sign: str) -> list[str]:
    return [f"{sign}{title}{_quoted(words)}"] if words else []


def _quoted(words: Sequence[str]) -> str:
    return "、".join(f"“{each}”" for each in words)
