"""Forms of opinions: writing one, and each step that the reader may take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.casework.cases import Actor, actor_of
from budget_watch.opinions.flow import NEED_WORDS, Step
from budget_watch.opinions.given import YES
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import list_opinions, possible
from budget_watch.opinions.writers import may_write
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_opinions import NEW
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import (
    basis_text,
    clock_length,
    folded,
    labelled,
    places,
    role_field,
    select,
)
from dashboard.parts import Node, block, link, source_line

_LONG = ("reason", "text", "remark")
_NO = "否"


def writing_roles(context: Context, desk: OpinionDesk, actor: Actor) -> tuple[str, ...]:
    """The roles in which the reader may write an opinion now."""
    if not context.latest or not may_write(context.home, context.grant):
        return ()
    return desk.flow.authors if chooses_role(context.grant) else (actor.role,)


def writing(
    context: Context,
    desk: OpinionDesk,
    roles: tuple[str, ...],
    about: Mapping[str, str],
    *,
    open_: bool = False,
) -> html.Details:
    """The form for a new opinion on a given thing; on a report or on nothing where none is."""
    kinds = [each.id for each in desk.flow.kinds if set(each.starts) & set(roles)]
    hidden: list[Node] = [
        Input(type="hidden", name=name, value=value) for name, value in about.items()
    ]
    fields: list[Node] = [role_field(context, roles), *hidden]
    if len(kinds) > 1:
        fields.append(labelled("种类", select("kind", {each: each for each in kinds}, kinds[0])))
    fields += [
        labelled("标题", Input(name="title", type="text", maxLength="60", required=True)),
        labelled("您的意见", html.Textarea(name="text", rows=5, required=True, maxLength=20_000)),
    ]
    if not about:
        choices = {"free": "不针对具体事项", "report": "一份报告"}
        fields += [
            labelled("针对", select("about", choices, "free")),
            labelled("报告和期次（针对报告时填）", Input(name="about_id", type="text")),
        ]
    asks = {"": "不选", **{each: each for each in desk.flow.asks}}
    fields += [
        labelled("建议怎么办（可不填）", select("ask", asks, "")),
        labelled("登记后供其他代表查看", select("open", {_NO: _NO, YES: YES}, _NO)),
    ]
    if any(desk.flow.kind[each].signers for each in kinds):
        fields.append(labelled("联名人（用顿号分开，可不填）", Input(name="signers", type="text")))
    now = {YES: "立即提交", _NO: "先存为草稿"}
    fields.append(labelled("提交", select("submit", now, YES)))
    if "代表" in roles:
        note = "代表的意见先作线上评论；登记为代表建议等其他种类，由预算工作机构提出、经您同意。"
        fields.append(html.P(note, className="note"))
    return folded("写意见", "write", NEW, 0, fields, word="写好", open_=open_)


def beside_finding(context: Context, finding: str, title: str) -> list[html.Section]:
    """审议意见 on the page of a finding: those the reader sees, and the form for their own."""
    desk, actor = OpinionDesk.of(context.home), actor_of(context.home, context.grant)
    found = list_opinions(context.home, actor, finding=finding)
    items = [
        html.Li(
            [
                link(f"{one.id} {one.title}", context.address.at("opinion", one.id)),
                html.Div(f"{one.author_name} · {desk.state(one).title}", className="note"),
            ]
        )
        for one in found
    ]
    body: list[Node] = [html.Ol(items, className="acts-list")] if items else []
    roles = writing_roles(context, desk, actor)
    if roles:
        about = {"about": "finding", "about_id": finding}
        body.append(writing(context, desk, roles, about))
    if not body:
        return []
    head = f"审议意见 {len(found)}" if found else "审议意见"
    return [block(head, body, source=source_line("意见库", title))]


def steps(
    context: Context, desk: OpinionDesk, actor: Actor, one: Opinion, today: date
) -> list[Node]:
    """A form for every step that the reader may take now."""
    if not context.latest:
        return [html.P("正在查看以前的数据；办理请返回最新。", className="note")]
    forms: list[Node] = []
    for step in desk.flow.transitions:
        roles = _roles(context, desk, actor, one, step, today)
        if roles:
            forms.append(_form(context, desk, one, step, roles))
    return [html.H3("接下来", className="steps-head"), *forms] if forms else []


def _roles(
    context: Context, desk: OpinionDesk, actor: Actor, one: Opinion, step: Step, today: date
) -> tuple[str, ...]:
    if not chooses_role(context.grant):
        mine: tuple[str, ...] = (actor.role,)
    else:
        mine = (*(each for each in step.who if each != desk.flow.self_), one.author_role)
    return tuple(
        role
        for role in dict.fromkeys(mine)
        if possible(desk, Actor(actor.grant, role, actor.session), one, step, today) is None
    )


def _form(
    context: Context, desk: OpinionDesk, one: Opinion, step: Step, roles: tuple[str, ...]
) -> html.Details:
    fields: list[Node] = [role_field(context, roles)]
    fields += [_field(context, desk, one, name) for name in step.needs]
    kind = desk.flow.kind[one.proposed or one.kind] if step.takes_kind else desk.kind(one)
    if step.takes_kind:
        fields.insert(0, html.P(f"同意登记为{kind.id}。", className="note"))
        fields.append(html.P(basis_text(context, kind.basis, one.mof_div_code), className="note"))
    if kind.signers and step.id in ("confirm", "propose"):
        fields.append(labelled("联名人（用顿号分开）", Input(name="signers", type="text")))
    if "kind" in step.needs:
        fields.append(
            labelled("联名人（质询须写，用顿号分开）", Input(name="signers", type="text"))
        )
    if step.rates:
        area = html.Textarea(name="remark", rows=2, maxLength=2000)
        fields.append(labelled("原因（不满意时必填）", area))
    if step.answers and not step.signed and kind.reply.signed:
        fields.append(labelled("签署的负责人", Input(name="signed_by", type="text")))
    if step.id == "hand_over":
        fields += [
            labelled("文号（可不填）", Input(name="number", type="text", maxLength="64")),
            labelled("抄送主管部门（可不填）", places(context, "copy_to", one.dept_code)),
            html.P(f"应当交给：{kind.addressee.title}。", className="note"),
        ]
    started = desk.flow.clocks_of(step.starts, kind.id)
    if started:
        lengths = "、".join(clock_length(desk.flow.clock[name]) for name in started)
        fields.append(html.P(f"办后起计：{lengths}。", className="note"))
    fields.append(html.P(basis_text(context, step.basis, one.mof_div_code), className="note"))
    return folded(step.title, step.id, one.id, one.version, fields, word=step.title)


def _field(context: Context, desk: OpinionDesk, one: Opinion, name: str) -> html.Label:
    flow, words = desk.flow, NEED_WORDS[name]
    if name in _LONG:
        text: Any = one.text if name == "text" and one.state == flow.start.id else None
        area = html.Textarea(text, name=name, rows=4, required=True, maxLength=20_000)
        return labelled(words, area)
    if name == "addressee":
        return labelled(words, places(context, name, one.dept_code, finance=True))
    choices: dict[str, dict[str, str]] = {
        "kind": {
            each.id: each.id
            for each in flow.kinds
            if one.author_role in each.authors and each.id != one.kind
        },
        "form": {each: each for each in desk.kind(one).reply.forms},
        "word": {each: each for each in flow.satisfaction.words},
        "clock": {each.clock: flow.clock[each.clock].title for each in one.clocks if each.open},
    }
    if name in choices:
        return labelled(words, select(name, choices[name]))
    if name == "days":
        return labelled(words, Input(name=name, type="number", min="1", max="60", required=True))
    value = one.title if name == "title" else None
    return labelled(
        words, Input(name=name, type="text", maxLength="64", value=value, required=True)
    )
