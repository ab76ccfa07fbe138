"""Loads the nodes of the supervision year: the product's packs and, on top, a home's own.

A home adds nodes and puts those of practice off; what the law sets stays. Whatever is wrong is told
with file, line and what to write instead, and that node alone is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from budget_watch.engine.errors import BookError
from budget_watch.engine.laws import Texts, check_citation
from budget_watch.engine.listed import Listed, Mistakes, merged
from budget_watch.engine.load import Book
from budget_watch.engine.yaml_file import read_items
from budget_watch.engine.year_model import Node, Off, is_monthday
from budget_watch.tables import contracts

FOLDER = "calendar"
TABLE = "procedure_node"
_OF_LAW = {"法定": ("law", "regulation"), "地方法规": ("local",)}
_UNITS = {"days": ("day",), "workdays": ("workday", "day"), "months": ("count", "month")}


@dataclass(frozen=True)
class Nodes:
    """The nodes that hold, in the order of the year, and what is wrong with the files.

    Attributes:
        places: node → file and line. off: node put off by the home → its note.
    """

    nodes: tuple[Node, ...]
    places: Mapping[str, str]
    off: Mapping[str, str]
    mistakes: tuple[BookError, ...]

    def of(self, region: str) -> tuple[Node, ...]:
        """The nodes that hold in a region."""
        return tuple(node for node in self.nodes if region.startswith(node.jurisdiction))


def load_nodes(
    folders: Sequence[Path], book: Book, *, texts: Texts | None = None, strict: bool = False
) -> Nodes:
    """Read and check all nodes.

    Args:
        folders: as the book's: the product's first, then a home's overlay.
        texts: loaded law texts; articles and quotes of laws that have one are checked.
        strict: raise at the first mistake.

    Raises:
        BookError: file, line and what to write instead.
    """
    mistakes = Mistakes(strict)
    listed, offs = _read(folders, mistakes)
    known = merged("节点", listed, mistakes)
    good = {}
    places = {}
    for each in listed:
        node = each.said
        if known[node.id] is not node:
            continue
        wrong = next(flaws(node, book, texts or {}), None)
        if wrong is not None:
            mistakes.add(BookError(f"{each.where()}（{node.id}）", wrong, "calendar"))
            continue
        good[node.id], places[node.id] = node, each.where()
    off = _put_off(offs, good, mistakes)
    held = [node for name, node in good.items() if name not in off]
    held.sort(key=lambda node: (node.around, node.id))
    return Nodes(tuple(held), places, off, tuple(mistakes.found))


def _read(
    folders: Sequence[Path], mistakes: Mistakes
) -> tuple[list[Listed[Node]], list[Listed[Off]]]:
    nodes: list[Listed[Node]] = []
    offs: list[Listed[Off]] = []
    for at_folder, folder in enumerate(folders):

        def chosen(entry: Any, home: int = at_folder) -> type[Node] | type[Off]:
            return Off if home and isinstance(entry, dict) and "off" in entry else Node

        for path in sorted((folder / FOLDER).glob("*.yaml")):
            for at, said in read_items(path, chosen, mistakes.add):
                if isinstance(said, Node):
                    nodes.append(Listed(path, at, said))
                elif isinstance(said, Off):
                    offs.append(Listed(path, at, said))
    return nodes, offs


def _put_off(
    offs: Sequence[Listed[Off]], good: Mapping[str, Node], mistakes: Mistakes
) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in offs:
        node = good.get(each.said.id)
        if node is None:
            said = f"没有节点 {each.said.id}；请核对编号"
        elif node.certainty in _OF_LAW:
            said = f"{node.id} 是{node.certainty}的节点，不能停用"
        else:
            found[node.id] = each.said.note
            continue
        mistakes.add(BookError(each.where(), said, "calendar"))
    return found


def flaws(node: Node, book: Book, texts: Texts) -> Iterator[str]:
    """What is wrong with a node that reads well: names that are not there, law that is none."""
    yield from _of_basis(node, book, texts)
    yield from _of_times(node, book)
    items = set(contracts()[TABLE].column("item").values)
    named = [node.anchor.item] if node.anchor else []
    for item in [*named, *([node.done.item] if node.done else [])]:
        if item not in items:
            yield f"FIN-29 没有事项“{item}”；可写 {'、'.join(sorted(items))}"
    codes = {contract.code for contract in contracts().values()}
    for code in node.documents:
        if code not in codes:
            yield f"没有报表 {code}；documents 写报表代码，如 FIN-09"
    for rule in node.rules:
        if rule not in book.rules and rule not in book.broken:
            yield f"规则库中没有 {rule}；请核对 rules"


def _of_basis(node: Node, book: Book, texts: Texts) -> Iterator[str]:
    for citation in node.basis:
        wrong = check_citation(citation, book.laws, texts, (date.min, None))
        if wrong:
            yield wrong
            continue
        text = texts.get(citation.law, {}).get(citation.article or "")
        if text is not None and citation.quote and citation.quote not in text.replace("\n", ""):
            yield f"引文“{citation.quote}”与该条原文不符"
        law, able = book.laws[citation.law], _OF_LAW.get(node.certainty)
        if able and law.authority not in able:
            yield f"{law.quoted}不是{node.certainty}的依据；请改 certainty"


def _of_times(node: Node, book: Book) -> Iterator[str]:
    if node.term is not None and isinstance(node.term.length, str):
        kind = next(name for name in _UNITS if getattr(node.term, name) is not None)
        yield from _of_param(node, node.term.length, _UNITS[kind], book)
    if node.window is not None:
        for text in (node.window.since, node.window.until):
            if text is None:
                continue
            if not is_monthday(text):
                yield from _of_param(node, text, ("monthday",), book)
            elif not _exists(text):
                yield f"没有 {text} 这一天；请写 03-31 这样的月日"


def _of_param(node: Node, name: str, units: Sequence[str], book: Book) -> Iterator[str]:
    found = book.params.get(name)
    if found is None:
        yield f"没有参数 {name}；写日数，或 rules/params 里的参数名"
    elif found.param.unit not in units:
        yield f"参数 {name} 的单位是 {found.param.unit}，这里要 {'、'.join(units)}"
    elif node.certainty == "法定" and not found.param.statutory:
        yield f"参数 {name} 不是法定的数，节点不能写“法定”"


def _exists(text: str) -> bool:
    try:
        date.fromisoformat(f"2025-{text}")
    except ValueError:
        return False
    return True
