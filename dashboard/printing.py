"""A page in its print form (`?print=1`): A4, black on white, head and foot on every sheet.

Everything that only a screen needs falls away (menus, forms, switches); what is folded stands
open; charts are drawn on the server. Who printed and when stands across the page and at its foot.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import flask
from dash.development.base_component import Component

from budget_watch.casework.cases import HERE
from budget_watch.casework.committee import committee
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.page_reading import words
from dashboard.parts import Node, attrs, link
from dashboard.plot_drawing import image_of
from dashboard.plot_reading import plot_of
from dashboard.signin.guard import visitor

UPRIGHT = ("finding", "voucher", "case", "opinion", "topic", "laws", "rules")
MARKS = 12  # how often the watermark stands on a sheet
_GONE = frozenset({"pop", "menu", "pager", "seg", "tools", "step-form", "pick", "many", "past"})
_GONE |= {
    "cell-label",
    "search-form",
    "filter-box",
    "wide-facets",
    "narrow-facets",
    "fold",
    "row-fold",
}
_GONE_KINDS = frozenset({"Form", "Button", "Input"})


def printed(parts: list[Node], product: str, address: Address, context: Context) -> list[Node]:
    """The document body: the page's parts on paper.

    Args:
        parts: heading and blocks, as the screen shows them.
        product: what the system calls itself.
    """
    who, at = _reader(), datetime.now(UTC).astimezone(HERE)
    city = context.city.name if context.city else ""
    head = f"{committee(context.home).issuer(city)} · {product}"
    foot = [
        f"数据截至 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
        f"打印人 {who}",
        f"打印时间 {at:%Y-%m-%d %H:%M}",
    ]
    body = html.Main(on_paper(parts), id="main", className="main", tabIndex="-1")
    sheet = html.Table(
        [
            html.Thead(html.Tr(html.Td(html.Div(head, className="print-head")))),
            html.Tfoot(html.Tr(html.Td(html.Div(" · ".join(foot), className="print-foot")))),
            html.Tbody(html.Tr(html.Td(body, className="print-body"))),
        ],
        className="print-sheet upright" if address.page in UPRIGHT else "print-sheet",
        role="presentation",
    )
    return [_bar(address), _watermark(f"{who} {at:%Y-%m-%d %H:%M}"), sheet]


def on_paper(node: Any, caption: tuple[str, str] = ("", "")) -> Any:
    """A part of a page without what only a screen needs; None where nothing is left of it."""
    if isinstance(node, list | tuple):
        return [part for part in (on_paper(each, caption) for each in node) if part is not None]
    if not isinstance(node, Component):
        return node
    if _gone(node):
        return None
    kind = type(node).__name__
    if kind == "Graph":
        return _picture(node, caption)
    if kind == "A":
        kept = {key: getattr(node, key, None) for key in ("className", "style")}
        return html.Span(on_paper(node.children), **kept)
    return _kept(node, kind, caption)


def _gone(node: Any) -> bool:
    """Whether a part is for the screen only."""
    library = node._namespace == "dash_mantine_components"
    return library or type(node).__name__ in _GONE_KINDS or bool(_names(node) & _GONE)


def _kept(node: Any, kind: str, caption: tuple[str, str]) -> Any:
    """A part that paper has too: what is folded stands open, what is empty by now is left out."""
    if kind == "Figure":
        strong = next((words(part) for part in _deep(node) if _is(part, "Strong")), "")
        note = next((words(part) for part in _deep(node) if "note" in _names(part)), "")
        caption = (strong, note)
    if kind == "Details":
        node.open = True
    if getattr(node, "children", None) is None:
        return node
    node.children = on_paper(node.children, caption)
    if kind == "Summary" and isinstance(node.children, str):
        node.children = node.children.removeprefix("查看")
    return None if kind == "Span" and node.children in (None, []) else node


def _picture(graph: Any, caption: tuple[str, str]) -> Node:
    plot = plot_of(*caption, graph.figure)
    if plot is None:
        return html.P("此图只在屏幕上显示，数字见下表。", className="note")
    ident = f"p{abs(hash(caption)) % 10**8}"
    return html.Img(src=image_of(plot, ident), alt=" ".join(caption), className="print-chart")


def _bar(address: Address) -> html.Div:
    """What the screen shows above the sheet and paper does not."""
    back = address.with_query(print=None)
    return html.Div(
        [
            html.Button("打印", className="button main", **attrs({"data-print": "1"})),
            link("返回页面", back, className="button"),
            html.Span("纸张 A4；页眉页脚由本页给出，打印时不必另选。", className="note"),
        ],
        className="print-bar",
    )


def _watermark(text: str) -> html.Div:
    return html.Div(
        [html.Span(text) for _ in range(MARKS)],
        className="print-mark",
        **attrs({"aria-hidden": "true"}),
    )


def _reader() -> str:
    found = visitor() if flask.has_request_context() else None
    if found is None:
        return "本机操作员"
    return f"{found.name}（{found.account.name}）" if found.account else found.name


def _deep(node: Any) -> list[Any]:
    if isinstance(node, list | tuple):
        return [part for each in node for part in _deep(each)]
    if not isinstance(node, Component):
        return []
    return [node, *_deep(getattr(node, "children", None))]


def _is(node: Any, kind: str) -> bool:
    return type(node).__name__ == kind


def _names(node: Any) -> set[str]:
    return set((getattr(node, "className", None) or "").split())
