"""Light elements are the library's own to everybody but the clock."""

import pytest
from dash import html as heavy
from dash.development.base_component import Component

from dashboard import elements as html

LIGHT = sorted(name for name in vars(html) if name[0].isupper() and hasattr(heavy, name))


@pytest.mark.parametrize("name", LIGHT)
def test_every_element_is_written_as_the_library_writes_it(name: str) -> None:
    given = {"id": "one", "className": "a b", "title": "甲", "data-x": "1", "aria-label": "乙"}
    light = getattr(html, name)(["内容"], **given)
    assert light.to_plotly_json() == getattr(heavy, name)(["内容"], **given).to_plotly_json()
    assert isinstance(light, Component)
    assert isinstance(light, getattr(heavy, name))


def test_a_name_that_html_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="<div> has no attribute classname"):
        html.Div("x", classname="y")


def test_what_others_hang_on_an_element_does_not_leave_with_it() -> None:
    table = html.Table([])
    table.listed = object()
    assert table.to_plotly_json()["props"] == {"children": []}
    assert html.Div("x").to_plotly_json()["props"] == {"children": "x"}
