"""Reads a rendered page the way a person would: its words, tables, links and blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def nodes(tree: Any) -> Iterator[Any]:
    """Every component of a tree, outermost first."""
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from nodes(part)
    elif tree is not None:
        yield tree
        yield from nodes(getattr(tree, "children", None))


def words(tree: Any) -> str:
    """All text of a tree."""
    return "".join(str(node) for node in nodes(tree) if isinstance(node, str | int | float))


def kinds(tree: Any, kind: str) -> list[Any]:
    """Components of one HTML kind, such as ``Tr``."""
    return [node for node in nodes(tree) if type(node).__name__ == kind]


def classed(tree: Any, name: str) -> list[Any]:
    """Components that carry a class."""
    return [n for n in nodes(tree) if name in (getattr(n, "className", None) or "").split()]


def cells(row: Any) -> list[str]:
    """The texts of a row's cells, without the labels that only a phone shows."""
    found = []
    for cell in kinds(row, "Th") + kinds(row, "Td"):
        hidden = "".join(words(label) for label in classed(cell, "cell-label"))
        found.append(words(cell).removeprefix(hidden))
    return found


def links(tree: Any) -> list[str]:
    """Addresses of all links within the site."""
    return [node.href for node in kinds(tree, "A") if str(node.href).startswith("/")]
