"""系统管理 /admin/matrix: role × action, and what a role reads of every table, mart and rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.permission_matrix import TITLES, matrix
from budget_watch.views.action_matrix import TITLES as ACTION_TITLES
from budget_watch.views.action_matrix import action_matrix
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_at
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.office import MATRIX, Office
from dashboard.pages.admin_forms import filter_form
from dashboard.pages.forms import export_form, labelled, select
from dashboard.pages.paging import AT_ONCE, pager
from dashboard.parts import Node, block, empty, link, segments, source_line
from dashboard.table import Column, Line, table

ACTS = "acts"
_SOURCE = "permissions.yaml、流程文件；由放行数据的同一段代码算出"


def page(office: Office) -> Page:
    """The roles, what one of them reads, the actions."""
    roles = office.store.roles
    chosen = office.address.get("role") or next(iter(roles))
    if chosen not in roles:
        raise AddressError(f"没有角色 {chosen}；请从列表中选。")
    at = Address("admin", (MATRIX,))
    acts = at.with_query(tab=ACTS)
    doing = office.address.get("tab") == ACTS
    if doing:
        shown: list[Node] = [_actions(office)]
    else:
        shown = [_roles(office, chosen), _reading(office, chosen)]
    tabs = [("能读什么", at), ("能办什么", acts)]
    return Page(
        "权限矩阵",
        [*shown, *_export(office)],
        lead="角色 × 动作 × 范围：每个角色能读什么、能办什么。谁持有、限于哪些行，见各账号。",
        tools=[segments("看哪一面", tabs, acts if doing else at)],
        tab_title="权限矩阵",
    )


def _roles(office: Office, chosen: str) -> Node:
    columns = [
        Column("角色"),
        Column("归口", minor=True),
        Column("报表"),
        Column("规则"),
        Column("深度"),
        Column("疑点"),
        Column("授予时须写明"),
        Column("自然人姓名", minor=True),
        Column("范围外合计", minor=True),
    ]
    words = {"regions": "区划", "departments": "部门", "units": "单位", "matter": "事项"}
    lines = []
    for code, role in office.store.roles.items():
        to = Address("admin", (MATRIX,), (("role", code),))
        must = "、".join(words.get(each, "截止日") for each in role.rows)
        if role.admin:
            cells: list[Node] = ["不查看", "不查看", "—", "—", "—", "—", "—"]
        else:
            cells = [
                f"至{role.tables}",
                f"至{role.rules}",
                role.reach.word,
                role.findings,
                must or "不限",
                "看到" if role.names else "隐去",
                "看到" if role.sums else "不看到",
            ]
        name = link(role.title, to, current=code == chosen)
        lines.append(Line([name, role.group, *cells]))
    return block("角色", table("角色", columns, lines), flush=True, source=source_line(_SOURCE))


def _reading(office: Office, chosen: str) -> Node:
    at, title = office.address, office.store.roles[chosen].title
    text = at.get("q").lower()
    every = [
        each
        for each in matrix(office.home.root, book_at(office.home), chosen)
        if not text or text in f"{each['name']} {each['what']}".lower()
    ]
    names = [each["name"] for each in every]
    start = names.index(at.get("after")) + 1 if at.get("after") in names else 0
    found = every[start : start + AT_ONCE]
    columns = [
        Column(TITLES["what"]),
        Column(TITLES["kind"], minor=True),
        Column(TITLES["sensitivity"]),
        Column(TITLES["reads"]),
        Column(TITLES["depth"], minor=True),
        Column(TITLES["hidden"], minor=True),
        Column(TITLES["why"], minor=True),
    ]
    shown: Node = empty("没有符合条件的报表、主题表、规则。")
    if found:
        shown = table(f"{title}能读什么", columns, [_line(each) for each in found])
    roles = {code: role.title for code, role in office.store.roles.items()}
    fields: list[Node] = [
        labelled("角色", select("role", roles, chosen)),
        labelled("报表、规则", Input(name="q", type="text", value=at.get("q"), maxLength="60")),
    ]
    more = found[-1]["name"] if start + AT_ONCE < len(every) else None
    readable = sum(each["reads"] != "不可读" for each in every)
    return html.Div(
        [
            filter_form("选角色", f"/admin/{MATRIX}", fields),
            block(
                f"{title}能读什么",
                [shown, pager(at, more)],
                sub=f"{len(every)}项，可读{readable}项",
                flush=True,
                source=source_line(_SOURCE),
            ),
        ],
        className="rows",
    )


def _line(each: Mapping[str, Any]) -> Line:
    name: Node = [html.Span(each["what"]), html.Span(each["name"], className="code")]
    return Line(
        [
            name,
            each["kind"],
            each["sensitivity"],
            each["reads"],
            each["depth"] or "—",
            each["hidden"] or "—",
            each["why"] or "—",
        ]
    )


def _actions(office: Office) -> Node:
    columns = [
        Column(ACTION_TITLES["action"]),
        Column(ACTION_TITLES["area"]),
        Column(ACTION_TITLES["roles"], long=True),
        Column(ACTION_TITLES["note"], minor=True),
    ]
    lines = [
        Line([each.action, each.area, "、".join(each.roles) or "没有角色", each.note or "—"])
        for each in action_matrix(office.home)
    ]
    listed = table("动作", columns, lines)
    return block(
        "谁可以办",
        listed,
        sub="还须在本人的行范围之内",
        flush=True,
        source=source_line(_SOURCE),
    )


def _export(office: Office) -> list[Node]:
    if not office.can("matrix"):
        return []
    kinds = {"xlsx": "Excel（含动作一页）", "csv": "CSV（可读部分）"}
    form = export_form(
        "导出权限矩阵",
        "matrix",
        fields=[labelled("格式", select("format", kinds))],
        word="导出",
    )
    return [block("导出", form, source=source_line("全部角色，与 users matrix --out 相同"))]
