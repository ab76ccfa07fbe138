"""Loads the rule book: the product's `rules/` and, over it, a home's own.

A home may add rules, words, groups, laws and parameters, and say what is otherwise with it in the
product's own parameters and lists (see `local`); it never overrides silently, and a local value
never loosens a number set by law.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from budget_watch.engine.check import CheckedRule, checked
from budget_watch.engine.errors import BookError, RunError
from budget_watch.engine.exempting import CheckedExemption, checked_exemption
from budget_watch.engine.functions import Lists
from budget_watch.engine.listed import (
    Mistakes,
    entries,
    groups_of,
    laws_of,
    merged,
    params_of,
    words_of,
)
from budget_watch.engine.lists import NamedLists
from budget_watch.engine.local import Local
from budget_watch.engine.model import AREAS, Exemption, Law, Rule
from budget_watch.engine.params import Parameter
from budget_watch.engine.sources import Source
from budget_watch.engine.strays import strays
from budget_watch.engine.yaml_file import place_keys, read_one
from budget_watch.tables.strict_yaml import line_of

RULE_ID = re.compile(r"[A-Z]{2}\d{2}[A-Z]?")


@dataclass(frozen=True)
class Book:
    """A loaded and checked rule book.

    Attributes:
        hash: SHA-256 over the files' names and bytes, product and home alike.
        files: rule id → its file.
        mistakes: what is wrong, where loading was asked to go on (`strict=False`).
        broken: of these, the rules that could not be loaded.
        local: what a home changes of the product's parameters and lists.
        registered: SHA-256 over the exemptions that do not stand in the files; empty for none.
    """

    rules: Mapping[str, CheckedRule]
    params: Mapping[str, Parameter]
    laws: Mapping[str, Law]
    named: NamedLists
    hash: str
    files: Mapping[str, Path]
    folders: tuple[Path, ...]
    mistakes: tuple[BookError, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    exemptions: tuple[CheckedExemption, ...] = ()
    broken: Mapping[str, BookError] = field(default_factory=dict)
    local: tuple[Local, ...] = ()
    registered: str = ""

    @property
    def lists(self) -> Lists:
        """The names that expressions may use."""
        return names_of(self.params, self.named)


def known_rules(book: Book, names: Iterable[str]) -> list[str]:
    """These rules, each once, by id; those that could not be loaded among them.

    Raises:
        RunError: the book has no such rule.
    """
    wanted = sorted(set(names))
    unknown = [name for name in wanted if name not in book.rules and name not in book.broken]
    if unknown:
        raise RunError(
            f"规则库里没有 {'、'.join(unknown)}。请用 budget-watch rules list 查看编号。"
        )
    return wanted


def names_of(params: Mapping[str, Parameter], named: NamedLists) -> Lists:
    """Parameters with their types and the ids of words, groups and code tables."""
    return Lists(
        {name: each.type for name, each in params.items()},
        frozenset(named.words),
        frozenset(named.groups),
        frozenset(named.codes),
    )


def load_book(
    paths: Sequence[Path] | Path,
    sources: Mapping[str, Source] | None = None,
    *,
    strict: bool = True,
    only: Iterable[str] | None = None,
) -> Book:
    """Load and check the book.

    Args:
        paths: the product's rules folder first, then the overlays of a home, if they exist.
        sources: what rules may read; default the contracts and marts.
        strict: raise at the first mistake; otherwise leave the rule out and keep the mistake.
        only: rule ids to load (for quick work on one rule).

    Raises:
        BookError: file, line and what to write instead.
    """
    folders = [Path(each) for each in ([paths] if isinstance(paths, Path | str) else paths)]
    folders = [each for at, each in enumerate(folders) if at == 0 or each.is_dir()]
    if not folders or not folders[0].is_dir():
        raise BookError(
            str(folders[0] if folders else ""), "没有规则文件夹；安装不完整，或 --book 写错", "book"
        )
    if sources is None:
        from budget_watch.engine.sources import sources as all_sources

        sources = all_sources()
    mistakes = Mistakes(strict)
    local: list[Local] = []
    laws = merged("法规", laws_of(folders, mistakes), mistakes)
    params = params_of(folders, mistakes, local)
    words = words_of(folders, mistakes, local)
    groups = groups_of(folders, mistakes, local)
    named = NamedLists(words, groups, _code_tables())
    lists = names_of(params, named)
    rules: dict[str, CheckedRule] = {}
    files: dict[str, Path] = {}
    broken: dict[str, BookError] = {}
    wanted = None if only is None else set(only)
    rule_files = _rule_files(folders)
    taken = {path.stem: path for path in reversed(rule_files)}
    for path in rule_files:
        if wanted is not None and path.stem not in wanted:
            continue
        try:
            rule = read_one(path, Rule)
            _named_right(path, rule, files, taken)
            rules[rule.id] = checked(rule, sources, lists)
            files[rule.id] = path
        except BookError as error:
            broken.setdefault(path.stem, _in_file(path, error))
            mistakes.add(broken[path.stem], error)
    if wanted is None:
        for path, stray in (each for folder in folders for each in strays(folder)):
            mistakes.add(stray)
            if RULE_ID.fullmatch(path.stem):
                broken.setdefault(path.stem, stray)
    whole = wanted is None and not mistakes.found
    exemptions = _exemptions(folders, rules, laws, whole, mistakes)
    return Book(
        dict(sorted(rules.items())),
        params,
        laws,
        named,
        book_hash(folders),
        files,
        tuple(folders),
        tuple(mistakes.found),
        exemptions=exemptions,
        broken={name: error for name, error in broken.items() if name not in rules},
        local=tuple(local),
    )


def registered(folders: Sequence[Path]) -> dict[str, Law]:
    """The laws register alone: what of it can be read, whatever else does not load."""
    mistakes = Mistakes(strict=False)
    return merged("法规", laws_of(folders, mistakes), mistakes)


def book_hash(folders: Sequence[Path]) -> str:
    """SHA-256 over relative names and bytes of all files of the book but its tests."""
    digest = hashlib.sha256()
    for at, folder in enumerate(folders):
        for path in sorted(folder.rglob("*.yaml")):
            if path.name.endswith(".test.yaml"):
                continue
            content = path.read_bytes()
            name = f"{at}/{path.relative_to(folder).as_posix()}\0{len(content)}\0"
            digest.update(name.encode())
            digest.update(content)
    return digest.hexdigest()


def _in_file(path: Path, error: BookError) -> BookError:
    """The mistake with its file, and the line of the place in the rule that it names."""
    if str(path) in error.where:
        return error
    line = line_of(path, place_keys(error.where))
    return BookError(f"{path}:{line}（{error.where}）", error.message, error.code)


def _rule_files(folders: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in folders:
        for area in AREAS:
            found += [
                path
                for path in sorted((folder / area).glob("*.yaml"))
                if not path.name.endswith(".test.yaml")
            ]
    return found


def _named_right(
    path: Path, rule: Rule, files: Mapping[str, Path], taken: Mapping[str, Path]
) -> None:
    if path.stem != rule.id:
        here = f"{path}:{line_of(path, ('id',))}"
        if rule.id in taken:
            said = f"id 写的是 {rule.id}，已用于 {taken[rule.id]}；请把 id 改为 {path.stem}"
        else:
            said = f"文件名应与 id 相同，请改名为 {rule.id}.yaml，或把 id 改为 {path.stem}"
        raise BookError(here, said, "name")
    if path.parent.name != rule.area:
        said = f"area 是 {rule.area}，文件应放在 {rule.area}/ 中"
        raise BookError(f"{path}:{line_of(path, ('area',))}", said, "name")
    if rule.id in files:
        raise BookError(
            f"{path}:{line_of(path, ('id',))}",
            f"{rule.id} 已在 {files[rule.id]}；规则不能悄悄覆盖，请另取编号",
            "override",
        )


def _exemptions(
    folders: Sequence[Path],
    rules: Mapping[str, CheckedRule],
    laws: Mapping[str, Law],
    whole: bool,
    mistakes: Mistakes,
) -> tuple[CheckedExemption, ...]:
    """The exemptions of the loaded rules; of an unknown rule only where the book is whole."""
    listed = entries(folders, "exemptions", Exemption, mistakes)
    known = merged("例外情形登记", listed, mistakes)
    found: list[CheckedExemption] = []
    for each in listed:
        said = each.said
        if known[said.id] is not said:
            continue
        try:
            if said.rule in rules:
                found.append(checked_exemption(said, rules[said.rule], laws, each.where()))
            elif whole:
                where = f"{each.where()}（{said.id}）"
                raise BookError(where, f"规则库中没有 {said.rule}；请核对 rule", "exemption")
        except BookError as error:
            mistakes.add(error)
    return tuple(sorted(found, key=lambda each: each.said.id))


def _code_tables() -> Mapping[str, Mapping[int, frozenset[str]]]:
    """Code tables by list and year, for known_code()."""
    from budget_watch.engine.codelists import code_lists

    return code_lists()
