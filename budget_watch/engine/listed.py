"""The list files of a book: entries with their places, and a home's word on the product's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from budget_watch.engine.errors import BookError
from budget_watch.engine.local import (
    Local,
    LocalGroup,
    LocalParam,
    LocalWords,
    list_changes,
    value_changes,
    with_codes,
    with_values,
    with_words,
)
from budget_watch.engine.model import Exemption, Group, Law, Param, Words
from budget_watch.engine.params import Parameter, loosened, parameter
from budget_watch.engine.yaml_file import read_items
from budget_watch.engine.year_model import Node
from budget_watch.tables.strict_yaml import line_of

Entry = TypeVar("Entry", Words, Group, Param, Law, Exemption, Node)
Said = TypeVar("Said", bound=BaseModel)
Dated = TypeVar("Dated", bound=Words | Group)


@dataclass(frozen=True)
class Listed(Generic[Said]):
    """An entry of a list file: its place, and what it says."""

    path: Path
    at: int
    said: Said

    def where(self, *keys: str | int) -> str:
        """File and line of the entry, or of what stands in it under these keys."""
        return f"{self.path}:{line_of(self.path, (self.at, *keys))}"


@dataclass
class Mistakes:
    """What was found wrong so far; the first is raised where loading is strict."""

    strict: bool
    found: list[BookError] = field(default_factory=list)

    def add(self, mistake: BookError, cause: BookError | None = None) -> None:
        """Keep a mistake, or raise it."""
        if self.strict:
            raise mistake from cause
        self.found.append(mistake)


def laws_of(folders: Sequence[Path], mistakes: Mistakes) -> list[Listed[Law]]:
    """The entries of the laws registers, the product's first."""
    return [
        Listed(path, at, law)
        for folder in folders
        if (path := folder / "laws.yaml").is_file()
        for at, law in read_items(path, lambda _: Law, mistakes.add)
    ]


def entries(
    folders: Sequence[Path], name: str, model: type[Entry], mistakes: Mistakes
) -> list[Listed[Entry]]:
    """The entries of a kind of list that a home only adds to, the product's first."""
    return _split(folders, name, model, model, mistakes)[0]


def _split(
    folders: Sequence[Path],
    name: str,
    model: type[Entry],
    local: type[Said],
    mistakes: Mistakes,
) -> tuple[list[Listed[Entry]], list[Listed[Said]]]:
    """The entries of a kind of list; apart, what a home says of an entry that the product has."""
    plain: list[Listed[Entry]] = []
    said_of: list[Listed[Said]] = []
    known: frozenset[str] = frozenset()
    for home, folder in enumerate(folders):

        def chosen(entry: Any, theirs: frozenset[str] = known) -> type[BaseModel]:
            return local if isinstance(entry, dict) and entry.get("id") in theirs else model

        for path in sorted((folder / name).glob("*.yaml")):
            for at, said in read_items(path, chosen, mistakes.add):
                if isinstance(said, model):
                    plain.append(Listed(path, at, said))
                elif isinstance(said, local):
                    said_of.append(Listed(path, at, said))
        if not home:
            known = frozenset(each.said.id for each in plain)
    return plain, said_of


def merged(what: str, listed: Sequence[Listed[Entry]], mistakes: Mistakes) -> dict[str, Entry]:
    """Entries by id; one whose id is taken is a mistake."""
    found: dict[str, Listed[Entry]] = {}
    for each in listed:
        first = found.setdefault(each.said.id, each)
        if first is not each:
            said = f"{what} {each.said.id} 已在 {first.where()} 写过；请另取名称"
            mistakes.add(BookError(each.where(), said, "override"))
    return {name: each.said for name, each in found.items()}


def params_of(
    folders: Sequence[Path], mistakes: Mistakes, local: list[Local]
) -> dict[str, Parameter]:
    """Parameters by id; a home's values stand beside the product's where they may."""
    listed, said_of = _split(folders, "params", Param, LocalParam, mistakes)
    first = {each.said.id: each for each in reversed(listed)}
    made: dict[str, Parameter] = {}
    for name, param in merged("参数", listed, mistakes).items():
        try:
            made[name] = parameter(param, _values_of(first[name]))
            _not_loosened(made[name], first[name].where)
        except BookError as error:
            made.pop(name, None)
            mistakes.add(error)
    for each in said_of:
        if each.said.id not in made:
            continue  # the product's own entry is wrong, and told of
        known = made[each.said.id].param
        try:
            param = with_values(known, each.said, each.where())
            changed = parameter(param, _values_of(each, len(known.values)))
            _not_loosened(changed, each.where)
        except BookError as error:
            mistakes.add(error)
            continue
        made[each.said.id] = changed
        local.append(_told("参数", each, known.title, value_changes(each.said)))
    return made


def _values_of(entry: Listed[Param] | Listed[LocalParam], before: int = 0) -> Callable[[int], str]:
    """The places of an entry's values, which stand after this many others."""
    return lambda at: entry.where("values", max(at - before, 0))


def _not_loosened(made: Parameter, where: Callable[[], str]) -> None:
    lax = loosened(made)
    if lax:
        raise BookError(
            where(),
            f"参数 {made.param.id} 是法定标准，{lax[0].jurisdiction} 的值 {lax[0].value} "
            "更宽；只能更严",
            "loosened",
        )


def words_of(folders: Sequence[Path], mistakes: Mistakes, local: list[Local]) -> dict[str, Words]:
    """Word lists by id, with what a home says of the product's."""
    listed, said_of = _split(folders, "words", Words, LocalWords, mistakes)
    return _changed("词表", merged("词表", listed, mistakes), said_of, with_words, mistakes, local)


def groups_of(folders: Sequence[Path], mistakes: Mistakes, local: list[Local]) -> dict[str, Group]:
    """Code groups by id, with what a home says of the product's."""
    listed, said_of = _split(folders, "groups", Group, LocalGroup, mistakes)
    product = merged("代码组", listed, mistakes)
    return _changed("代码组", product, said_of, with_codes, mistakes, local)


def _changed(
    kind: str,
    product: Mapping[str, Dated],
    said_of: Sequence[Listed[Any]],
    changed: Callable[[Dated, list[Any], str], Dated],
    mistakes: Mistakes,
    local: list[Local],
) -> dict[str, Dated]:
    """The product's lists with a home's sets, all that it says of one list together."""
    found: dict[str, Dated] = dict(product)
    sets: dict[str, list[Any]] = {}
    for each in said_of:
        name = each.said.id
        both = [*sets.get(name, ()), *each.said.sets]
        try:
            found[name] = changed(product[name], both, each.where())
        except BookError as error:
            mistakes.add(error)
            continue
        sets[name] = both
        changes = list_changes(product[name], each.said)
        local.append(_told(kind, each, found[name].title, changes))
    return found


def _told(
    kind: str,
    each: Listed[LocalParam] | Listed[LocalWords] | Listed[LocalGroup],
    title: str,
    changes: tuple[str, ...],
) -> Local:
    said = each.said
    note = None if isinstance(said, LocalParam) else said.note
    line = int(each.where().rpartition(":")[2])
    return Local(kind, said.id, title, str(each.path), line, changes, note)
