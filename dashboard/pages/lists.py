"""四张清单 /lists: 工作、问题、建议、成果, live, with export to Excel."""

from __future__ import annotations

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import actor_of, today_of
from budget_watch.views import formats as fmt
from budget_watch.views.four_lists import FourList, Row, four_lists
from dashboard import elements as html
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.forms import export_form
from dashboard.parts import Node, block, empty, link, segments, source_line
from dashboard.table import Column, Line, table

TABS = {"work": "工作", "problems": "问题", "advice": "建议", "outcomes": "成果"}
_NONE = {
    "工作": "没有正在办理的疑点、意见和抽查。",
    "问题": "还没有初核成立的疑点，抽查也没有记下“否”。",
    "建议": "还没有意见和建议。",
    "成果": "还没有办结的疑点、意见和抽查。",
}
_LONG = ("事项", "问题", "标题", "事实", "说明", "针对")
_MINOR = ("类别", "数据状态", "议题", "种类")


def page(context: Context) -> Page:
    """One of the lists; the others are a tab away."""
    actor = actor_of(context.home, context.grant)
    made = four_lists(context.home, actor, today_of())
    tab = context.address.get("tab") or "work"
    shown = next((each for each in made if each.name == TABS.get(tab)), made[0])
    tabs = [
        (f"{each.name} {len(each.rows)}", context.address.with_query(tab=key))
        for key, each in zip(TABS, made, strict=True)
    ]
    told = "，".join(f"{each.name}{len(each.rows)}项" for each in made)
    body: list[Node] = [_listed(context, shown)]
    if may(store_of(context.home), context.grant.role, "export"):
        body.append(export_form("导出四张清单", "lists"))
    return Page(
        "四张清单",
        [html.Div(body, className="rows")],
        lead=f"{told}。",
        tools=[segments("哪一张", tabs, context.address.with_query(tab=tab))],
        tab_title=f"{shown.name}清单",
    )


def _listed(context: Context, found: FourList) -> Node:
    title = f"{found.name}清单"
    if not found.rows:
        scope = "" if context.grant.whole else "在您的范围内，"
        return empty(f"{scope}{_NONE[found.name]}")
    columns = [Column(each, long=each in _LONG, minor=each in _MINOR) for each in found.columns]
    lines = [_line(context, found, row) for row in found.rows]
    source = source_line("疑点库", "意见库", "抽查", "随办理实时变化")
    return block(title, table(title, columns, lines), flush=True, source=source)


def _line(context: Context, found: FourList, row: Row) -> Line:
    cells: list[Node] = [row.cells[each] or fmt.NOT_APPLICABLE for each in found.columns]
    if row.page:
        cells[0] = link(cells[0], context.address.at(row.page, row.part))
    return Line(cells)
