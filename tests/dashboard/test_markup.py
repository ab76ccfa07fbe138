"""Tables travel as markup: everything is escaped, and what is no HTML stays a component."""

from dash import dcc, html

from dashboard.markup import markup, plain
from dashboard.parts import attrs


def test_text_and_attributes_are_escaped_and_named_as_html_names_them() -> None:
    row = html.Tr(
        [
            html.Th("<b>&", scope="row", className="name"),
            html.Td([html.A('甲"乙', href='/exec?by=d&tab="v"', title="<x>"), None, 3]),
            html.Td(html.Span(style={"width": "4%"}, **attrs({"aria-label": "支出"})), tabIndex=0),
        ],
        hidden=False,
    )
    assert markup(row) == (
        '<tr><th class="name" scope="row">&lt;b&gt;&amp;</th>'
        '<td><a href="/exec?by=d&amp;tab=&quot;v&quot;" title="&lt;x&gt;">甲&quot;乙</a>3</td>'
        '<td tabindex="0"><span style="width:4%" aria-label="支出"></span></td></tr>'
    )


def test_a_table_becomes_one_component_and_a_chart_stays() -> None:
    table = html.Div(html.Table(html.Tbody(html.Tr(html.Td("1"))), className="listed"))
    drawn = html.Details([html.Summary("图"), dcc.Graph(figure={})])
    shown = plain([table, drawn])
    made = shown[0].children.to_plotly_json()["props"]
    assert made["data-html"] == "<tbody><tr><td>1</td></tr></tbody>"
    assert made["className"] == "listed"
    assert made.get("children") is None
    assert [type(part).__name__ for part in shown[1].children] == ["Summary", "Graph"]
