"""Lists cut by key: how many at once, and the way on."""

from __future__ import annotations

from dashboard import elements as html
from dashboard.address import Address
from dashboard.parts import Node, link

AT_ONCE = 100


def pager(at: Address, more: str | None) -> Node:
    """The way to the next page, and back to the first; nothing where the list is whole."""
    ways: list[Node] = []
    if at.get("after"):
        ways.append(link("‹ 第一页", at.with_query(after=None)))
    if more is not None:
        ways.append(link("下一页 ›", at.with_query(after=more)))
    return html.Nav(ways, className="pager") if ways else None
