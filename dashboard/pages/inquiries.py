"""问询清单 /inquiries: what each unit is asked in a month, as one list to take out and hand in."""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.casework.cases import Case, Desk, actor_of, list_cases
from budget_watch.casework.inquiries import months_of
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.forms import labelled, place_text, role_field
from dashboard.parts import Node, attrs, block, empty, link, source_line
from dashboard.table import Column, Line, table

_HOW = (
    "下载清单，在 Excel 里逐行填“答复”；对口径、数据有异议的选“异议”，"
    "不是本单位的事在“非本单位”填“是”。"
    "填好后在这里交回：没有填的行不处理，同一文件交两次只办一次。"
)


@dataclass(frozen=True)
class Listed:
    """One list: of a unit and a month, with its cases."""

    unit: str
    month: str
    cases: tuple[Case, ...]


def page(context: Context) -> Page:
    """The lists, the newest month first, and the form to hand one in."""
    desk = Desk.of(context.home)
    lists = _lists(context, desk)
    waiting = sum(not desk.state(case).answered for each in lists for case in each.cases)
    blocks: list[Node] = [_table(context, desk, lists)]
    roles = _roles(context, desk)
    if roles and lists:
        blocks.append(_form(context, roles))
    return Page(
        "问询清单",
        [html.Div(blocks, className="rows")],
        lead=f"{len(lists)}份清单，{waiting}件还没有答复。" if lists else "还没有转交的事项。",
        crumbs=[("我的待办", context.address.at("todo")), ("问询清单", None)],
        tab_title="问询清单",
    )


def _lists(context: Context, desk: Desk) -> list[Listed]:
    found: dict[tuple[str, str], list[Case]] = {}
    for case in list_cases(context.home, actor_of(context.home, context.grant)):
        for month in months_of(desk.flow, case):
            if case.addressee is not None:
                found.setdefault((month, case.addressee), []).append(case)
    ordered = sorted(found.items(), key=lambda each: each[0][1])
    ordered.sort(key=lambda each: each[0][0], reverse=True)
    return [Listed(unit, month, tuple(cases)) for (month, unit), cases in ordered]


def _table(context: Context, desk: Desk, lists: list[Listed]) -> Node:
    if not lists:
        way_out = link("我的待办", context.address.at("todo"))
        return block("清单", empty("疑点转交以后，这里按单位和月份列出清单。", way_out), flush=True)
    columns = [
        Column("单位", long=True),
        Column("月份"),
        Column("事项", number=True),
        Column("已答复", number=True),
        Column("最近期限"),
        Column("清单"),
    ]
    lines = [_line(context, desk, each) for each in lists]
    return block(
        "清单", table("问询清单", columns, lines), flush=True, source=source_line("疑点库")
    )


def _line(context: Context, desk: Desk, each: Listed) -> Line:
    answered = sum(desk.state(case).answered for case in each.cases)
    due = min((one.due for case in each.cases for one in case.clocks if one.open), default=None)
    sheet = html.A(
        "下载 Excel",
        className="s",
        href=f"/inquiry/{each.unit}/{each.month}",
        download="",
        **attrs({"aria-label": f"下载 {each.unit} {each.month} 的问询清单"}),
    )
    return Line(
        [
            place_text(context, each.unit),
            each.month,
            str(len(each.cases)),
            str(answered),
            due.isoformat() if due else "—",
            sheet,
        ]
    )


def _roles(context: Context, desk: Desk) -> tuple[str, ...]:
    """The department roles in which the reader may hand a list in."""
    answering = {
        role for step in desk.flow.transitions if step.id == "draft_answer" for role in step.who
    }
    mine = tuple(each for each in desk.flow.party if each in answering)
    if chooses_role(context.grant):
        return mine
    role = actor_of(context.home, context.grant).role
    return (role,) if role in mine else ()


def _form(context: Context, roles: tuple[str, ...]) -> html.Section:
    form = html.Form(
        [
            html.P(_HOW, className="note"),
            role_field(context, roles),
            labelled("填好的清单（xlsx）", Input(type="file", name="file")),
            html.P("", className="form-said", role="alert"),
            html.Button("交回清单", className="button main", type="submit"),
        ],
        className="step-form plain-form",
        **attrs({"data-upload": "/inquiry", "aria-label": "交回问询清单"}),
    )
    inside = html.Details([html.Summary("交回填好的清单"), form], className="step-form", open=True)
    return block("交回", inside)
