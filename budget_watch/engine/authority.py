"""Whose number a limit is, and how that is said: 法定, 文件规定, 本级标准, 经验标准.

One set of words for sentences, pages, rule pages and the terminal (pages.md §6): what a committee
has decided for itself (`local`) is its own standard, never custom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from budget_watch.engine.evaluate import Evaluator
from budget_watch.engine.expression import Expr
from budget_watch.engine.laws import cited
from budget_watch.engine.load import Book
from budget_watch.engine.model import ParamValue
from budget_watch.engine.params import Parameter

STANDARDS = {
    "law": "法定",
    "regulation": "法定",
    "ministry": "文件规定",
    "party": "文件规定",
    "local": "本级标准",
    "practice": "经验标准",
    "customary": "经验标准",
}
STATUSES = {"draft": "起草", "trial": "试运行", "active": "在用", "retired": "停用"}
CUSTOM = "经验标准，法律未规定限额"
_BEFORE_NOUN = {
    "law": "法定",
    "regulation": "法定",
    "ministry": "规定",
    "party": "规定",
    "local": "本级",
    "practice": "经验",
    "customary": "经验",
}
_WEAK_FIRST = ("customary", "practice", "local", "party", "ministry", "regulation", "law")


@dataclass(frozen=True)
class Whose:
    """Whose number a limit is.

    Attributes:
        authority: law, regulation, ministry, party, local, practice or customary.
        source: the note or the citations of a committee's own number; empty for others.
    """

    authority: str
    source: str = ""

    @property
    def standard(self) -> str:
        """“本级标准，预算工委2026年会议纪要” or “经验标准，法律未规定限额”."""
        if self.authority != "local":
            return CUSTOM
        return STANDARDS["local"] + (f"，{self.source}" if self.source else "")


def standard(authority: str) -> str:
    """法定, 文件规定, 本级标准 or 经验标准."""
    return STANDARDS.get(authority, authority)


def before_noun(authority: str) -> str:
    """法定, 规定, 本级 or 经验, as in “法定上限”."""
    return _BEFORE_NOUN.get(authority, "")


def weakest(authorities: Iterable[str]) -> str:
    """The weakest authority: a limit is no more statutory than its weakest number."""
    return min(authorities, key=_WEAK_FIRST.index, default="customary")


def strongest(authorities: Iterable[str]) -> str:
    """The strongest authority."""
    return max(authorities, key=_WEAK_FIRST.index, default="customary")


def taken(tree: Expr | None, found: Evaluator) -> set[str]:
    """The parameters of a tree on the branches of CASE that hold for these values."""
    if tree is None:
        return set()
    if tree.op == "param":
        return {tree.value}
    if tree.op != "case":
        return {name for part in tree.args for name in taken(part, found)}
    for when, then in zip(tree.args[:-1:2], tree.args[1:-1:2], strict=True):
        if found.value(when) is True:
            return taken(then, found)
    return taken(tree.args[-1], found)


def values_of(
    names: Iterable[str], params: Mapping[str, Parameter], day: date, region: str | None
) -> list[ParamValue]:
    """The parameters' values as they hold for a day and a region."""
    held = (params[name].at(day, region) for name in sorted(names))
    return [each.said for each in held if each is not None]


def word_for(
    tree: Expr, found: Evaluator, params: Mapping[str, Parameter], day: date, region: str | None
) -> str:
    """法定, 规定, 本级 or 经验 for the parameters that an expression takes."""
    held = values_of(taken(tree, found), params, day, region)
    return before_noun(weakest(each.authority for each in held))


def whose(values: Sequence[ParamValue], book: Book) -> Whose:
    """Whose number is made of these values; custom where there are none."""
    name = weakest(each.authority for each in values)
    own = next((each for each in values if each.authority == name == "local"), None)
    if own is None:
        return Whose(name)
    return Whose(name, source_of(own, book))


def standards_of(names: Iterable[str], book: Book) -> str:
    """What parameters rest on whatever the day and the region, for a rule without a basis."""
    values = [each for name in sorted(names) for each in book.params[name].param.values]
    own = [Whose("local", source_of(each, book)) for each in values if each.authority == "local"]
    said = [each.standard for each in own]
    if len(own) < len(values) or not own:
        said.insert(0, CUSTOM)
    return "；".join(dict.fromkeys(said))


def place_of(value: ParamValue) -> str:
    """Where a value holds: its jurisdiction; 本级 for a committee's own, 各地 for others."""
    return value.jurisdiction or ("本级" if value.authority == "local" else "各地")


def source_of(value: ParamValue, book: Book) -> str:
    """What a value rests on: its citations, else its note."""
    return "、".join(cited(each, book.laws) for each in value.basis) or value.note or ""
