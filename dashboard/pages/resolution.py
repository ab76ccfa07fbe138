"""决议事项 /resolution, /resolution/<编号>: each demand from its document to its evaluation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from budget_watch.casework.cases import FINANCE, Actor, actor_of, today_of
from budget_watch.meetings.demands import (
    GOVERNMENT,
    LATE,
    OUT_OF_SIGHT,
    Demand,
    DemandDesk,
    Linked,
    demand_record,
    get_demand,
    linked_for,
    list_demands,
    opened,
    refusal,
)
from budget_watch.meetings.errors import UnknownDemandError
from budget_watch.meetings.files import attachments, may_attach
from budget_watch.meetings.flow import FIELD_WORDS, Step
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_resolutions import NEW
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.demand_list import SOURCE, demand_table, due_node, whom
from dashboard.pages.files import files
from dashboard.pages.forms import basis_text, folded, labelled, role_field, select
from dashboard.pages.opinions import moment, page_link
from dashboard.parts import Node, block, empty, link, segments, source_line, tag

_LONGER = frozenset(("reason", "text", "remark"))


def page(context: Context) -> Page:
    """The ledger, or one demand."""
    desk, actor = DemandDesk.of(context.home), actor_of(context.home, context.grant)
    if context.address.parts:
        return _one(context, desk, actor)
    today, every = today_of(), list_demands(context.home, actor)
    state, year = context.address.get("st"), context.address.get("year")
    if state and state not in (*desk.flow.state, LATE):
        raise AddressError(f"决议事项没有状态“{state}”。")
    of_year = [each for each in every if not year or each.year == int(year)]
    wanted = [e for e in of_year if not state or state in (e.state, desk.mark(e, today))]
    wanted.sort(key=lambda e: (desk.state(e).final, desk.mark(e, today) != LATE, e.due, e.id))
    body: list[Node] = [_list(context, desk, wanted, every, today)]
    body += _registering(context, desk, actor)
    return Page(
        "决议事项台账",
        [html.Div(body, className="rows")],
        lead=_lead(context, desk, every, today),
        tools=_tools(context, desk, every, of_year, today),
        tab_title="决议事项台账",
    )


def _lead(context: Context, desk: DemandDesk, every: Sequence[Demand], today: date) -> str:
    if not every:
        whole = context.grant.whole
        return "还没有登记决议事项。" if whole else "还没有交您办理或向您公开的决议事项。"
    open_ = [each for each in every if not desk.state(each).final]
    late = [each for each in open_ if desk.mark(each, today) == LATE]
    said = f"看得到{len(every)}项，没有办结{len(open_)}项"
    if late:
        first = min(late, key=lambda each: each.due)
        said += f"，逾期{len(late)}项，最久的过了{-desk.left(first, today)}个工作日"
    return f"{said}。"


def _tools(
    context: Context,
    desk: DemandDesk,
    every: Sequence[Demand],
    of_year: Sequence[Demand],
    today: date,
) -> list[Node]:
    if not every:
        return []
    here = context.address
    years = sorted({each.year for each in every}, reverse=True)
    by_year = [("各年", here.with_query(year=None))]
    by_year += [(f"{each}年提出", here.with_query(year=str(each))) for each in years]
    counts = Counter(each.state for each in of_year)
    counts[LATE] = sum(desk.mark(each, today) == LATE for each in of_year)
    states = [("各种状态", here.with_query(st=None))]
    for name in (LATE, *desk.flow.state):
        if counts[name]:
            states.append((f"{name} {counts[name]}", here.with_query(st=name)))
    return [segments("年度", by_year, here), segments("状态", states, here)]


def _list(
    context: Context,
    desk: DemandDesk,
    wanted: Sequence[Demand],
    every: Sequence[Demand],
    today: date,
) -> Node:
    if not wanted:
        if every:
            return empty(
                "没有符合条件的决议事项。", link("看全部", context.address.at("resolution"))
            )
        return empty(
            "决议、审议意见、初步审查意见里的要求，由预算工作机构逐项登记，在这里跟踪到评价。"
        )
    body = demand_table(context, desk, wanted, today, "决议事项")
    return block("决议事项", body, flush=True, source=source_line(SOURCE, "办理状态为今天"))


def _one(context: Context, desk: DemandDesk, actor: Actor) -> Page:
    try:
        one = get_demand(context.home, actor, context.address.parts[0])
    except UnknownDemandError as error:
        raise NotFoundError from error
    today = today_of()
    told = demand_record(context.home, desk, actor, one, today)
    body: list[Node] = [_text(context, actor, one), _report(context, desk, actor, one, told)]
    able = _roles_of(context, desk, actor, lambda who: may_attach(desk, who, one))
    body += files(context, one.id, attachments(context.home, actor, one.id), able)
    body.append(_history(context, desk, one, opened(desk, actor, one)))
    side = [_standing(context, desk, actor, one, today)]
    columns = [html.Div(body, className="rows"), html.Div(side, className="rows")]
    short = one.text if len(one.text) <= 40 else f"{one.text[:39]}…"
    return Page(
        short,
        [html.Div(columns, className="cols-side")],
        lead=_said(context, desk, one, today),
        crumbs=[("决议事项台账", context.address.at("resolution")), (one.id, None)],
        tab_title=f"{one.id} 决议事项",
    )


def _said(context: Context, desk: DemandDesk, one: Demand, today: date) -> str:
    who = "、".join(whom(context, code) for code in one.addressees)
    said = f"{one.source}{fmt.day_sentence(one.decided)}提出，{who}承办，"
    said += f"期限{fmt.day_sentence(one.due)}，现在是“{one.state}”"
    if desk.mark(one, today) == LATE:
        said += f"，逾期{-desk.left(one, today)}个工作日"
    return f"{said}{f'，评价{one.word}' if one.word else ''}。"


def _text(context: Context, actor: Actor, one: Demand) -> html.Section:
    number = f"（{one.number}）" if one.number else ""
    facts: list[tuple[str, Node]] = [
        ("出处", f"{one.source}《{one.title}》{number}"),
        ("日期", fmt.day(one.decided)),
    ]
    if one.item:
        facts.append(("议题", one.item))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body: list[Node] = [
        html.P(one.text, className="letter"),
        html.Dl(lines, className="facts single"),
    ]
    things = linked_for(context.home, actor, one.linked)
    if things:
        items = [html.Li(linked_node(context, each)) for each in things]
        body += [html.H3("所说的数"), html.Ul(items)]
    return block("要求", body, source=source_line(SOURCE, f"登记 {moment(one.opened_at)}"))


def linked_node(context: Context, each: Linked | None) -> Node:
    """A figure or finding as the reader may open it."""
    if each is None:
        return f"疑点（{OUT_OF_SIGHT}）"
    if each.kind == "finding":
        return ["疑点 ", link(each.title, context.address.at("finding", each.id[:16]))]
    return [page_link(context, each.id, each.snapshot), f"，数据截至{each.as_of}"]


def _report(
    context: Context, desk: DemandDesk, actor: Actor, one: Demand, told: Mapping[str, Any]
) -> html.Section:
    if not opened(desk, actor, one):
        return block("办理情况报告", empty("还没有向您公开的报告。"), source=source_line(SOURCE))
    body: list[Node] = []
    for each in told["reports"]:
        letter = f"（{each['letter']}）" if each["letter"] else ""
        said = f"{whom(context, each['addressee'])}{letter}，{each['role']}，{moment(each['at'])}"
        body += [html.P(each["text"], className="letter"), html.P(said, className="note")]
    if desk.state(one).shown and told["waiting"]:
        names = "、".join(whom(context, code) for code in told["waiting"])
        body.append(html.P(f"{names}还没有报告。", className="note"))
    for each in told["evaluations"]:
        remark = f"：{each['remark']}" if each.get("remark") else ""
        held = f"，{each['held']}" if each.get("held") else ""
        body.append(html.P(f"评价：{each['word']}{remark}（{moment(each['at'])}{held}）"))
    return block("办理情况报告", body or empty("还没有报告。"), source=source_line(SOURCE))


def _history(context: Context, desk: DemandDesk, one: Demand, open_: bool) -> html.Section:
    items = []
    for act in reversed(one.acts):
        step = desk.flow.step.get(act.step)
        title = step.title if step else "登记"
        said = act.given.get("reason") or act.given.get("letter") or ""
        if act.step == "report" and not open_:
            continue
        due = f"，期限 {act.given['due']}" if step and act.given.get("due") else ""
        lines: list[Node] = [html.Div([html.B(title), f" → {act.to_state}{due}"])]
        if said:
            lines.append(html.P(said))
        who = f"{context.called(act.user)}（{act.role}），{moment(act.at)}"
        lines.append(html.Div(who, className="note"))
        items.append(html.Li(lines))
    return block("办理过程", html.Ol(items, className="acts-list"), source=source_line(SOURCE))


def _standing(
    context: Context, desk: DemandDesk, actor: Actor, one: Demand, today: date
) -> html.Section:
    facts: list[tuple[str, Node]] = [("状态", tag(one.state)), ("编号", one.id)]
    facts.append(("期限", due_node(desk, one, today)))
    if one.round:
        facts.append(("次数", f"第{one.round + 1}次办理"))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body: list[Node] = [html.Dl(lines, className="facts single")]
    if context.latest:
        body += _forms(context, desk, actor, one)
    basis = desk.flow.source[one.source].basis
    body.append(html.P(basis_text(context, basis, one.mof_div_code), className="note"))
    return block("办理", body, source=source_line(SOURCE, f"已办{one.version}步"))


def _forms(context: Context, desk: DemandDesk, actor: Actor, one: Demand) -> list[Node]:
    forms: list[Node] = []
    for step in desk.flow.transitions:

        def able(who: Actor, step: Step = step) -> bool:
            return refusal(desk, who, one, step) is None

        roles = _roles_of(context, desk, actor, able)
        if not roles:
            continue
        fields: list[Node] = [role_field(context, roles)]
        fields += [_field(context, desk, one, name, name in step.needs) for name in _asked(step)]
        basis = basis_text(context, step.basis, one.mof_div_code)
        fields.append(html.P(basis, className="note"))
        forms.append(folded(step.title, step.id, one.id, one.version, fields, word=step.title))
    return forms


def _asked(step: Step) -> list[str]:
    return [*step.needs, *step.may]


def _roles_of(context: Context, desk: DemandDesk, actor: Actor, able: Any) -> tuple[str, ...]:
    mine = tuple(desk.flow.party) if chooses_role(context.grant) else (actor.role,)
    return tuple(role for role in mine if role and able(Actor(actor.grant, role, actor.session)))


def _field(context: Context, desk: DemandDesk, one: Demand, name: str, needed: bool) -> html.Label:
    words = FIELD_WORDS[name] + ("" if needed else "（可不填）")
    if name in _LONGER:
        return labelled(words, html.Textarea(name=name, rows=3, required=needed, maxLength=5000))
    if name == "word":
        return labelled(words, select(name, {e: e for e in desk.flow.evaluation.words}))
    if name == "addressee":
        choices = {"": "按我的单位"} | {code: whom(context, code) for code in one.addressees}
        return labelled(words, select(name, choices))
    kind = "date" if name in ("due", "as_of") else "text"
    return labelled(words, Input(name=name, type=kind, required=needed))


def _registering(context: Context, desk: DemandDesk, actor: Actor) -> list[Node]:
    mine = desk.flow.registrars if chooses_role(context.grant) else (actor.role,)
    roles = tuple(role for role in mine if role in desk.flow.registrars)
    if not roles or not context.latest:
        return []
    form = registering_form(context, desk, roles)
    return [block("登记", form, source=source_line(SOURCE))]


def registering_form(
    context: Context,
    desk: DemandDesk,
    roles: Sequence[str],
    known: Mapping[str, str] | None = None,
) -> html.Details:
    """The form for the demands of a document; `known` is what an agenda item tells of it."""
    filled = dict(known or {})
    hint = f"承办（编码用顿号分开；“{GOVERNMENT}”为本级人民政府，“{FINANCE}”为财政部门）"
    fields: list[Node] = [
        role_field(context, roles),
        labelled("文件种类", select("source", {each: each for each in desk.flow.source})),
        labelled("文件名称", _text_input("title", filled.get("title"))),
        labelled("文号（可不填）", _text_input("number", None, required=False)),
        labelled("文件日期", _date_input("decided", filled.get("decided"))),
        labelled("议题编号（可不填）", _text_input("item", filled.get("item"), required=False)),
        labelled(
            "要求（每行一项）",
            html.Textarea(filled.get("texts"), name="texts", rows=5, required=True, maxLength=9000),
        ),
        labelled(hint, _text_input("whom", filled.get("whom", GOVERNMENT))),
        labelled(
            "期限（审议意见、初步审查意见可不填）", _date_input("due", filled.get("due"), False)
        ),
        labelled(
            "所说的数（页面地址或疑点编号，用空格分开；可不填）",
            _text_input("things", None, required=False),
        ),
        html.P(_terms(desk), className="note"),
    ]
    return folded("登记决议事项", "register", NEW, 0, fields, word="登记")


def _terms(desk: DemandDesk) -> str:
    told = [
        f"{each.id}不填期限的，按{each.term.basis.says if each.term.basis.kind == 'local' else ''}"
        for each in desk.flow.sources
        if each.term
    ]
    return "；".join(told) + "。"


def _text_input(name: str, value: str | None, *, required: bool = True) -> Input:
    return Input(name=name, type="text", value=value, required=required)


def _date_input(name: str, value: str | None, required: bool = True) -> Input:
    return Input(name=name, type="date", value=value, required=required)
