"""Tables and cards go to the browser as markup, not as components.

Dash keeps a subscriber for every component, and each that mounts wakes all others: a list of a
hundred rows (some 5,000 components) took over a minute to appear. `plain` writes the inside of
such parts as HTML into one attribute, `data-html`, which `assets/markup.js` sets as the element's
content. All text and every attribute is escaped here; nothing else ever fills that attribute.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from dash.development.base_component import Component

from dashboard.elements import Element

_WHOLE = frozenset({"Table", "Details", "Dl", "Aside"})
_HTML = "dash_html_components"
_VOID = frozenset({"br", "hr", "img", "col", "wbr", "input"})
_NAMES = {"className": "class"}
_CAPITAL = re.compile(r"[A-Z]")


class Input(Component):
    """An `<input>`, which the HTML components do not have; only inside what `plain` writes."""

    _namespace = _HTML
    _type = "Input"
    _prop_names: list[str] = [  # noqa: RUF012
        *("name", "type", "value", "min", "max", "maxLength", "required", "placeholder"),
    ]
    _children_props: list[str] = []  # noqa: RUF012
    _base_nodes: list[str] = []  # noqa: RUF012
    _valid_wildcard_attributes: list[str] = ["data-", "aria-"]  # noqa: RUF012
    available_properties = _prop_names
    available_wildcard_properties = _valid_wildcard_attributes

    def __init__(self, **props: Any) -> None:
        super().__init__(**props)  # type: ignore[no-untyped-call]


def plain(tree: Any) -> Any:
    """The tree with the inside of every table, card and sidebar as markup, where it is all HTML."""
    if isinstance(tree, list | tuple):
        return [plain(part) for part in tree]
    if not isinstance(tree, Component):
        return tree
    children = getattr(tree, "children", None)
    if children is None:
        return tree
    if type(tree).__name__ in _WHOLE and tree._namespace == _HTML:
        try:
            written = markup(children)
        except _OtherComponentError:
            pass
        else:
            made: type[Any] = type(tree)
            given = {name: value for name, value in _props(tree).items() if name != "children"}
            return made(None, **given, **{"data-html": written})
    tree.children = plain(children)
    return tree


def markup(node: Any) -> str:
    """A node as HTML, everything escaped."""
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts)


class _OtherComponentError(Exception):
    """A component that is no HTML."""


def _write(node: Any, parts: list[str]) -> None:
    if node is None:
        return
    if isinstance(node, str):
        parts.append(escape(node))
    elif isinstance(node, list | tuple):
        for part in node:
            _write(part, parts)
    elif isinstance(node, Component):
        if node._namespace != _HTML:
            raise _OtherComponentError
        tag = node._type.lower()
        props = _props(node)
        children = props.pop("children", None)
        written = "".join(_attribute(name, value) for name, value in props.items())
        parts.append(f"<{tag}{written}>")
        if tag not in _VOID:
            _write(children, parts)
            parts.append(f"</{tag}>")
    else:
        parts.append(escape(str(node)))


def _props(node: Any) -> dict[str, Any]:
    if isinstance(node, Element):
        return node.props
    return dict(node.to_plotly_json()["props"])


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if name == "style":
        value = ";".join(f"{_dashed(key)}:{part}" for key, part in value.items())
    shown = "" if value is True else str(value)
    return f' {_NAMES.get(name, name if "-" in name else name.lower())}="{escape(shown)}"'


def _dashed(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"-{found[0].lower()}", name)
