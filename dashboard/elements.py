"""HTML elements that cost little to make: used as `from dashboard import elements as html`.

A page is thousands of elements, most of them written as markup before they leave (see `markup`).
Dash's own classes look at every property three times, which took most of a page's time. These are
the same classes (name, type, namespace, what `isinstance` says) with a short way in: they only look
whether they know the names they are given.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

WILD = ("data-", "aria-")


class Element:
    """The short way in, before the library's own; see the module."""

    _known: frozenset[str]
    _type: str
    _namespace: str

    def __init__(self, children: Any = None, **props: Any) -> None:
        """Take the content and the attributes.

        Raises:
            TypeError: the element has no such attribute.
        """
        if not props.keys() <= self._known:
            for name in props.keys() - self._known:
                if not name.startswith(WILD):
                    raise TypeError(f"<{self._type.lower()}> has no attribute {name}")
        self.children = children
        self.__dict__.update(props)

    @property
    def props(self) -> dict[str, Any]:
        """What it was given, without what others hung on it."""
        known = self._known
        return {k: v for k, v in self.__dict__.items() if k in known or k.startswith(WILD)}

    def to_plotly_json(self) -> dict[str, Any]:
        """As the library writes it for the browser."""
        return {"props": self.props, "type": self._type, "namespace": self._namespace}


def _light(heavy: type[Component], *more: str) -> Any:
    """The library's class with the short way in, and attributes that HTML has and it has not."""
    known = [*heavy()._prop_names, *more]  # type: ignore[no-untyped-call]
    own = {
        "__module__": heavy.__module__,
        "_children_props": heavy._children_props,
        "_prop_names": known,
        "available_properties": known,
        "_known": frozenset(known),
    }
    kind: Any = type(heavy)
    return kind(heavy.__name__, (Element, heavy), own)


A = _light(html.A)
Aside = _light(html.Aside)
B = _light(html.B)
Blockquote = _light(html.Blockquote)
Br = _light(html.Br)
Button = _light(html.Button)
Caption = _light(html.Caption)
Code = _light(html.Code)
Dd = _light(html.Dd)
Details = _light(html.Details)
Div = _light(html.Div)
Dl = _light(html.Dl)
Dt = _light(html.Dt)
Figcaption = _light(html.Figcaption)
Figure = _light(html.Figure)
Footer = _light(html.Footer)
Form = _light(html.Form)
H1 = _light(html.H1)
H2 = _light(html.H2)
H3 = _light(html.H3)
Header = _light(html.Header)
Iframe = _light(html.Iframe)
Img = _light(html.Img)
Label = _light(html.Label)
Li = _light(html.Li)
Main = _light(html.Main)
Mark = _light(html.Mark)
Nav = _light(html.Nav)
Ol = _light(html.Ol)
Option = _light(html.Option)
P = _light(html.P)
Pre = _light(html.Pre)
Section = _light(html.Section)
Select = _light(html.Select)
Small = _light(html.Small)
Span = _light(html.Span)
Strong = _light(html.Strong)
Summary = _light(html.Summary)
Table = _light(html.Table)
Tbody = _light(html.Tbody)
Td = _light(html.Td)
Textarea = _light(html.Textarea)
Tfoot = _light(html.Tfoot)
Th = _light(html.Th)
Thead = _light(html.Thead)
Tr = _light(html.Tr)
Ul = _light(html.Ul)
