"""本页内容: on a phone, where a long page is many screens, the way to each of its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dash.development.base_component import Component

from dashboard import elements as html
from dashboard.parts import Node, attrs

FEWEST = 4  # blocks from which a page is long


def contents(body: Sequence[Node]) -> html.Nav | None:
    """Links to the blocks of a page's body, which are given ids; None where there are few.

    Wide screens do not show it (`20_frame.css`).
    """
    blocks = list(_blocks(body))
    if len(blocks) < FEWEST:
        return None
    return html.Nav(
        html.Ul([html.Li(html.A(_title(each), href=f"#{_id(each, at)}"))
                 for at, each in enumerate(blocks, 1)]),
        className="jump",
        **attrs({"aria-label": "本页内容"}),
    )  # fmt: skip


def _blocks(node: Any) -> Iterator[Any]:
    """The framed parts with a heading, none inside of another."""
    if isinstance(node, list | tuple):
        for each in node:
            yield from _blocks(each)
    elif isinstance(node, Component):
        names = (getattr(node, "className", None) or "").split()
        if type(node).__name__ == "Section" and "block" in names:
            if _title(node):
                yield node
        elif type(node).__name__ == "Div":
            yield from _blocks(getattr(node, "children", None))


def _title(section: Any) -> str:
    """The text of a block's heading; empty where it is more than text."""
    header = section.children[0]
    said = header.children[0].children
    return said if isinstance(said, str) else ""


def _id(section: Any, at: int) -> str:
    if getattr(section, "id", None) is None:
        section.id = f"block-{at}"
    return str(section.id)
