"""会议与议题 /agenda, /agenda/<编号>: meetings with their items; an item prepared on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby

from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.casework.telling.audience import readers
from budget_watch.meetings.agenda import (
    ASSIGN,
    HELD,
    KINDS,
    READY,
    STANDS,
    STEPS,
    AgendaFlow,
    AgendaItem,
    agenda_flow,
    get_item,
    hung_for,
    list_agenda,
    refusal,
)
from budget_watch.meetings.agenda_telling import able_to_prepare
from budget_watch.meetings.demands import OUT_OF_SIGHT, DemandDesk, Linked, list_demands
from budget_watch.meetings.errors import UnknownAgendaError
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_agenda import NEW
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.agenda_prepare import prepared
from dashboard.pages.demand_list import SOURCE as LEDGER
from dashboard.pages.demand_list import demand_table
from dashboard.pages.forms import folded, labelled, role_field, select
from dashboard.pages.opinions import moment
from dashboard.pages.resolution import linked_node, registering_form
from dashboard.parts import Node, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "REF-03 会议议题决议表"
OWN = "议题登记"


def page(context: Context) -> Page:
    """The meetings, or one item."""
    flow, actor = agenda_flow(), actor_of(context.home, context.grant)
    if context.address.parts:
        return _one(context, flow, actor)
    every = list_agenda(context.reader, actor)
    year = context.address.get("year")
    state = context.address.get("st")
    today = today_of()
    if state and state not in STANDS:
        raise AddressError(f"议题没有状态“{state}”。")
    of_year = [each for each in every if not year or each.held.year == int(year)]
    shown = [each for each in of_year if not state or each.stands(today) == state]
    body: list[Node] = [_list(context, flow, shown), *_registering(context, flow, actor)]
    return Page(
        "会议与议题",
        [html.Div(body, className="rows")],
        lead=_lead(every, today),
        tools=_tools(context, every, of_year),
        tab_title="会议与议题",
    )


def _lead(every: Sequence[AgendaItem], today: date) -> str:
    if not every:
        return "还没有送达或登记会议议题。"
    meetings = {(each.held, each.meeting) for each in every}
    said = f"{len(meetings)}次会议、{len(every)}个议题"
    ahead = sorted((e for e in every if e.held >= today), key=lambda e: e.held)
    if not ahead:
        return f"{said}，都已开过。"
    first = ahead[0]
    open_ = sum(each.state not in (READY, HELD) for each in ahead)
    left = (first.held - today).days
    next_ = f"下一次是{fmt.day_sentence(first.held)}{first.meeting}，还有{left}天"
    return f"{said}；{next_}，没有备齐的议题{open_}个。"


def _tools(
    context: Context,
    every: Sequence[AgendaItem],
    of_year: Sequence[AgendaItem],
) -> list[Node]:
    here = context.address
    years = sorted({each.held.year for each in every}, reverse=True)
    by_year = [("各年", here.with_query(year=None))]
    by_year += [(f"{each}年", here.with_query(year=str(each))) for each in years]
    counts = Counter(each.stands(today_of()) for each in of_year)
    states = [("各种状态", here.with_query(st=None))]
    states += [(f"{n} {counts[n]}", here.with_query(st=n)) for n in STANDS if counts[n]]
    if not every:
        return []
    return [segments("年度", by_year, here), segments("状态", states, here)]


def _list(context: Context, flow: AgendaFlow, shown: Sequence[AgendaItem]) -> Node:
    if not shown:
        return empty("没有会议议题。REF-03 送达以前，可由工作机构先登记。")
    columns = [
        Column("议题", long=True, width="34%"),
        Column("专题"),
        Column("决议要点", long=True, minor=True),
        Column("材料", number=True),
        Column("状态"),
    ]
    lines: list[Line] = []
    for (held, name), items in groupby(shown, key=lambda each: (each.held, each.meeting)):
        group = list(items)
        lines.append(Line([f"{fmt.day(held)} {name}（{group[0].kind}）"], "heading"))
        lines += [_line(context, flow, each) for each in group]
    source = source_line(SOURCE, OWN, f"快照 {context.snapshot.id}")
    return block("会议与议题", table("会议与议题", columns, lines), flush=True, source=source)


def _line(context: Context, flow: AgendaFlow, one: AgendaItem) -> Line:
    topics = "、".join(each.title for each in one.about(flow))
    return Line(
        [
            link(one.title, context.address.at("agenda", one.id, keep=())),
            topics or fmt.NOT_APPLICABLE,
            one.outcome or one.resolution or fmt.NOT_APPLICABLE,
            str(len(one.linked)),
            tag(one.stands(today_of()), plain=one.held < today_of()),
        ]
    )


def _one(context: Context, flow: AgendaFlow, actor: Actor) -> Page:
    try:
        one = get_item(context.reader, actor, context.address.parts[0])
    except UnknownAgendaError as error:
        raise NotFoundError from error
    topics = one.about(flow)
    body: list[Node] = [*prepared(context, actor, one, topics), _hung(context, actor, one)]
    body += _came(context, actor, one)
    side: list[Node] = [_standing(context, flow, actor, one), *_demands_form(context, actor, one)]
    columns = [html.Div(body, className="rows"), html.Div(side, className="rows")]
    about = "、".join(each.title for each in topics) or "没有认出专题"
    left = (one.held - today_of()).days
    when = f"还有{left}天" if left > 0 else "今天" if left == 0 else "已开"
    lead = f"{one.meeting}，{fmt.day_sentence(one.held)}（{when}）；专题：{about}；"
    lead += f"{one.stands(today_of())}。"
    return Page(
        one.title,
        [html.Div(columns, className="cols-side")],
        lead=lead,
        crumbs=[("会议与议题", context.address.at("agenda", keep=())), (one.id, None)],
        tab_title=f"{one.id} {one.title}",
    )


def _hung(context: Context, actor: Actor, one: AgendaItem) -> html.Section:
    things = hung_for(context.home, actor, one.linked)
    items = [html.Li(_thing(context, each)) for each in things]
    body: Node = html.Ol(items, className="acts-list") if items else empty("还没有挂材料。")
    return block("挂在这个议题上的", body, source=source_line(OWN), sub=f"{len(items)}件")


def _thing(context: Context, each: Linked | None) -> Node:
    if each is None:
        return f"一件材料（{OUT_OF_SIGHT}）"
    if each.kind == "opinion":
        return ["意见 ", link(f"{each.id} {each.title}", context.address.at("opinion", each.id))]
    if each.kind == "demand":
        to = context.address.at("resolution", each.id)
        return ["决议事项 ", link(f"{each.id} {each.title}", to)]
    if each.kind == "document":
        return ["文件 ", each.title]
    return linked_node(context, each)


def _came(context: Context, actor: Actor, one: AgendaItem) -> list[html.Section]:
    """What was resolved, and the demands that came out of it."""
    told = [("决议要点", one.resolution), ("交办对象", one.addressee), ("审议结果", one.outcome)]
    facts = [html.Div([html.Dt(name), html.Dd(text)]) for name, text in told if text]
    if one.due:
        facts.append(html.Div([html.Dt("办理期限"), html.Dd(fmt.day(one.due))]))
    found = list_demands(context.home, actor, item=one.id)
    if not facts and not found:
        return []
    parts: list[Node] = [html.Dl(facts, className="facts single")] if facts else []
    made = [block("结果", parts, source=source_line(SOURCE, OWN))] if parts else []
    if found:
        desk = DemandDesk.of(context.home)
        body = demand_table(context, desk, found, today_of(), "由此登记的决议事项")
        made.append(block("由此登记的决议事项", body, flush=True, source=source_line(LEDGER)))
    return made


def _standing(context: Context, flow: AgendaFlow, actor: Actor, one: AgendaItem) -> html.Section:
    origin = OWN if one.own else SOURCE
    told: list[tuple[str, Node]] = [
        ("状态", tag(one.stands(today_of()))),
        ("编号", one.id),
        ("来源", origin),
    ]
    if one.owner:
        told.append(("准备", context.called(one.owner)))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in told]
    body: list[Node] = [html.Dl(lines, className="facts single")]
    if context.latest:
        body += _forms(context, flow, actor, one)
    for act in reversed(one.acts):
        title, reason = STEPS.get(act.step, "登记"), act.given.get("reason")
        if act.step == ASSIGN:
            title = f"指派{context.called(act.given['whom'])}准备"
        said = f"{title}：{context.called(act.user)}（{act.role}），{moment(act.at)}"
        body.append(html.P(f"{said}，{reason}" if reason else said, className="note"))
    body.append(html.P(f"本地做法：{flow.basis.says}。", className="note"))
    return block("办理", body, source=source_line(OWN, f"已办{one.version}步"))


def _forms(context: Context, flow: AgendaFlow, actor: Actor, one: AgendaItem) -> list[html.Details]:
    hint = "页面地址、疑点编号、意见编号（YJ…）、决议事项编号（JY…），或文件名称"
    hung = {each.id: each.title for each in one.linked}
    chosen = "、".join(each.title for each in one.about(flow))
    known = "、".join(each.title for each in flow.topics)
    able = able_to_prepare(readers(context.home, datetime.now(UTC)), one)
    people = {each.user: context.called(each.user) for each in able}
    fields: dict[str, list[Node]] = {
        ASSIGN: [labelled("由谁准备", select("whom", people, one.owner))],
        "hang": [labelled(hint, _text("thing"))],
        "take_off": [labelled("取下哪一件", select("thing", hung))],
        "topics": [labelled(f"专题（{known}；用顿号分开）", _text("topics", chosen))],
        "ready": [html.P("备齐后代表看得到这个登记的议题。", className="note")] if one.own else [],
        "close": [labelled("审议结果", html.Textarea(name="outcome", rows=4, required=True))],
        "note": [labelled("说明", html.Textarea(name="reason", rows=2, required=True))],
    }
    made = []
    for step, title in STEPS.items():
        roles = _roles(context, flow, actor, one, step)
        if not roles or (step == "take_off" and not hung) or (step == ASSIGN and not people):
            continue
        parts = [role_field(context, roles), *fields[step]]
        made.append(folded(title, step, f"agenda:{one.id}", one.version, parts, word=title))
    return made


def _roles(
    context: Context, flow: AgendaFlow, actor: Actor, one: AgendaItem, step: str
) -> tuple[str, ...]:
    mine = flow.who(step) if chooses_role(context.grant) else (actor.role,)
    acting = ((role, Actor(actor.grant, role, actor.session)) for role in mine)
    return tuple(role for role, who in acting if refusal(flow, who, one, step) is None)


def _demands_form(context: Context, actor: Actor, one: AgendaItem) -> list[html.Section]:
    """The demands of what was resolved are registered from here, with what is known filled in."""
    desk = DemandDesk.of(context.home)
    mine = desk.flow.registrars if chooses_role(context.grant) else (actor.role,)
    roles = tuple(role for role in mine if role in desk.flow.registrars)
    if not roles or not context.latest or one.held > today_of():
        return []
    known = {"item": one.id, "decided": one.held.isoformat(), "texts": one.resolution}
    known |= {"title": f"{one.meeting}：{one.title}"[:200]}
    known |= {"due": one.due.isoformat()} if one.due else {}
    form = registering_form(context, desk, roles, known)
    return [block("登记要求", form, source=source_line(LEDGER))]


def _text(name: str, value: str | None = None) -> Input:
    return Input(name=name, type="text", value=value, required=True)


def _registering(context: Context, flow: AgendaFlow, actor: Actor) -> list[html.Section]:
    mine = flow.keepers if chooses_role(context.grant) else (actor.role,)
    roles = tuple(role for role in mine if role in flow.keepers)
    if not roles or not context.latest:
        return []
    fields: list[Node] = [
        role_field(context, roles),
        labelled("会议名称", _text("meeting")),
        labelled("会议类别", select("kind", {each: each for each in KINDS}, "常委会")),
        labelled("会议日期", Input(name="held", type="date", required=True)),
        labelled("议题", _text("title")),
        labelled(
            "预算年度（可不填，按会议日期）", Input(name="year", type="number", required=False)
        ),
    ]
    form = folded("登记议题", "register", NEW, 0, fields, word="登记")
    note = "REF-03 送达以前先登记、先准备；送达以后各是各的，结果以送达的为准。"
    return [block("登记", [form, html.P(note, className="note")], source=source_line(OWN))]
