"""民生实事 /livelihood, /livelihood/<编号>: goal, money, progress by quarter, satisfaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from budget_watch.access import Depth
from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.casework.livelihood import (
    QUARTERS,
    STEPS,
    Livelihood,
    Livelihoods,
    UnknownLivelihoodError,
    get_livelihood,
    list_livelihoods,
    livelihood_record,
    refusal,
    settings,
)
from budget_watch.views import formats as fmt
from budget_watch.views.drill import span_of
from budget_watch.views.livelihood import LivelihoodMoney, ProjectMoney, livelihood_money
from budget_watch.views.span import Span
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_livelihood import NEW
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.forms import folded, labelled, place_text, places, role_field, select
from dashboard.pages.livelihood_fields import CODES, OTHERS, report_fields, vote_fields
from dashboard.pages.livelihood_vote import NO_CODES, candidate_lead, candidates_block, voted_on
from dashboard.pages.major_projects import kinds, major_page
from dashboard.pages.opinions import moment
from dashboard.parts import Node, block, empty, insufficient, link, missing, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "民生实事登记"


def page(context: Context) -> Page:
    """The list, or one project."""
    rules, actor = settings(), actor_of(context.home, context.grant)
    if context.address.parts:
        return _one(context, rules, actor)
    if context.address.get("tab") == "major":
        return major_page(context)
    if context.address.get("tab"):
        raise AddressError(f"民生实事没有“{context.address.get('tab')}”这一页。")
    every = list_livelihoods(context.home, actor)
    found, asked = [e for e in every if not voted_on(e)], [e for e in every if voted_on(e)]
    today = today_of()
    told = [livelihood_record(context.home, rules, actor, one, today) for one in found]
    behind = sum(bool(each["late"]) for each in told)
    lead = f"看得到{len(found)}项" + (f"，{behind}项有漏报的季度。" if behind else "。")
    lead += f"候选项目{len(asked)}项。" if asked else ""
    body: list[Node] = [_list(context, found, told), *candidates_block(context, asked, SOURCE)]
    body += _registering(context, rules, actor)
    return Page(
        "民生实事",
        [html.Div(body, className="rows")],
        lead=lead if every else _none(context),
        tools=[kinds(context)],
        tab_title="民生实事",
    )


def _none(context: Context) -> str:
    return "还没有登记民生实事。" if context.grant.whole else "您的范围内还没有民生实事。"


def _list(context: Context, found: Sequence[Livelihood], told: Sequence[dict[str, Any]]) -> Node:
    if not found:
        return empty("民生实事由预算工委登记，登记后在这里按季跟踪进展、资金和满意度。")
    columns = [
        Column("项目", long=True),
        Column("承办", minor=True),
        Column("变动预算", number=True, minor=True),
        Column("支出", number=True),
        Column("支出进度", number=True),
        Column("最近进展"),
        Column("满意度", number=True),
        Column("状态"),
    ]
    lines = [_line(context, one, each) for one, each in zip(found, told, strict=True)]
    return block(
        "民生实事",
        table("民生实事", columns, lines),
        flush=True,
        unit=context.unit_title,
        source=_source(context),
    )


def _line(context: Context, one: Livelihood, told: Mapping[str, Any]) -> Line:
    money = money_of(context, one)
    name: Node = [
        link(f"{one.id} {one.title}", context.address.at("livelihood", one.id)),
        *([" ", tag(f"漏报{'、'.join(told['late'])}")] if told["late"] else []),
    ]
    last = told["progress"][-1] if told["progress"] else None
    said = f"{QUARTERS[last['quarter']]}{last['percent']}% {last['word']}" if last else "—"
    budget, spent = (None, None) if money is None else (money.budget, money.spent)
    cells: list[Node] = [
        name,
        place_text(context, one.lead),
        _money(context, budget, UNKNOWN if one.projects else NO_CODES),
        _money(context, spent, UNKNOWN if one.projects else NO_CODES),
        _share(spent, budget),
        said,
        _rated(told),
        one.state,
    ]
    return Line(cells)


UNKNOWN = "有的项目不在您的查看范围，或数据没有送达，不合计"


def _money(context: Context, fen: int | None, why: str) -> Node:
    return missing(why) if fen is None else context.money(fen)


def _share(spent: int | None, budget: int | None) -> Node:
    if spent is None or budget is None:
        return missing(UNKNOWN)
    return fmt.share(spent, budget) if budget > 0 else fmt.NOT_APPLICABLE


def _rated(told: Mapping[str, Any]) -> str:
    share = told["satisfaction"]
    return f"{share['satisfied']}/{share['rated']}" if share else fmt.NOT_APPLICABLE


def _source(context: Context) -> html.Footer:
    return source_line(
        SOURCE,
        "FIN-10 项目库",
        "FIN-12 指标表",
        "FIN-15 国库集中支付凭证表",
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
    )


def money_of(context: Context, one: Livelihood) -> LivelihoodMoney | None:
    """The money of a project; None for a year of which nothing can be known yet."""
    span = _span(context, one)
    if span is None:
        return None
    city = context.city.region if context.city else None
    return livelihood_money(context.reader, context.cube, one.projects, city, span)


def _span(context: Context, one: Livelihood) -> Span | None:
    return None if one.year > context.as_of.year else span_of(context.as_of, one.year)


def _one(context: Context, rules: Livelihoods, actor: Actor) -> Page:
    try:
        one = get_livelihood(context.home, actor, context.address.parts[0])
    except UnknownLivelihoodError as error:
        raise NotFoundError from error
    told = livelihood_record(context.home, rules, actor, one, today_of())
    body = [_goal(context, one), _projects(context, one), _progress(one, told)]
    side = [_standing(context, rules, actor, one, told)]
    columns = [html.Div(body, className="rows"), html.Div(side, className="rows")]
    return Page(
        one.title,
        [html.Div(columns, className="cols-side")],
        lead=_lead(context, one, told),
        crumbs=[("民生实事", context.address.at("livelihood")), (one.id, None)],
        tab_title=f"{one.id} {one.title}",
    )


def _lead(context: Context, one: Livelihood, told: Mapping[str, Any]) -> str:
    if voted_on(one):
        return candidate_lead(one)
    money = money_of(context, one)
    last = told["progress"][-1] if told["progress"] else None
    said = f"{QUARTERS[last['quarter']]}报进展{last['percent']}%" if last else "还没有报进展"
    if money is None or money.spent is None:
        return f"{one.year}年民生实事，{said}。"
    paid = f"支出{fmt.sentence_money(money.spent)}"
    if money.budget:
        paid += f"，完成变动预算的{fmt.share(money.spent, money.budget)}"
    return f"{one.year}年民生实事，{said}；{paid}。"


def _goal(context: Context, one: Livelihood) -> html.Section:
    facts: list[tuple[str, Node]] = [("承办", place_text(context, one.lead))]
    if one.planned is not None:
        facts.append(("计划投资", fmt.sentence_money(one.planned)))
    if one.decided:
        facts.append(("确定", one.decided))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body = [html.P(one.goal, className="letter"), html.Dl(lines, className="facts single")]
    return block("目标任务", body, source=source_line(SOURCE, f"登记 {moment(one.opened_at)}"))


def _projects(context: Context, one: Livelihood) -> html.Section:
    money = money_of(context, one)
    if money is None or not one.projects:
        early = f"数据截至{fmt.day(context.as_of)}，还没有{one.year}年的数据。"
        body: Node = insufficient(early if one.projects else f"{NO_CODES}。")
        return block("资金", body, source=_source(context))
    parts: list[Node] = []
    if money.lines:
        columns = [
            Column("项目", long=True),
            Column("单位", minor=True),
            Column("变动预算", number=True),
            Column("支出", number=True),
            Column("支出进度", number=True),
            Column("凭证"),
        ]
        lines = [_project(context, one, each) for each in money.lines]
        if money.whole:
            total: list[Node] = ["合计", fmt.NOT_APPLICABLE]
            total += [_money(context, money.budget, UNKNOWN), _money(context, money.spent, UNKNOWN)]
            total += [_share(money.spent, money.budget), fmt.NOT_APPLICABLE]
            lines.insert(0, Line(total, "total"))
        parts.append(table("资金", columns, lines))
    if money.hidden:
        codes = "、".join(money.hidden)
        said = f"项目 {codes} 不在您的查看范围，或项目库里没有；不合计。"
        parts.append(insufficient(said))
    if money.cut:
        parts.append(html.P("只含您范围内的单位，不合计。", className="note"))
    span = _span(context, one)
    sub = None if span is None else f"{span.label}，变动预算为分母"
    return block(
        "资金", parts, flush=True, sub=sub, unit=context.unit_title, source=_source(context)
    )


def _project(context: Context, one: Livelihood, each: ProjectMoney) -> Line:
    year = None if one.year == context.as_of.year else str(one.year)
    more = {} if year is None else {"fy": year}
    to = context.address.at("exec", *each.path, keep=("asof", "snap", "unit"), **more)
    deep = context.grant.reach("payment") is Depth.VOUCHER
    vouchers: Node = link("看凭证", to.with_query(tab="v")) if deep else fmt.NOT_APPLICABLE
    name = f"{each.code} {each.name}".strip()
    open_ = context.grant.reach("payment") >= Depth.PROJECT
    cells: list[Node] = [
        link(name, to) if open_ else name,
        place_text(context, each.agency_code),
        _money(context, each.budget, each.why.get("budget", UNKNOWN)),
        _money(context, each.spent, each.why.get("spent", UNKNOWN)),
        _share(each.spent, each.budget),
        vouchers,
    ]
    return Line(cells)


def _progress(one: Livelihood, told: Mapping[str, Any]) -> html.Section:
    items = [
        html.Li(
            [
                html.Div(
                    [
                        html.B(f"{QUARTERS[each['quarter']]} {each['percent']}%"),
                        " ",
                        tag(each["word"]),
                    ]
                ),
                html.P(each["text"], className="letter"),
                html.Div(f"{each['role']}，{moment(each['at'])}", className="note"),
            ]
        )
        for each in told["progress"]
    ]
    body: list[Node] = [html.Ol(items, className="acts-list")] if items else []
    body += [
        html.P([tag("漏报"), f" {one.year}年{quarter}没有报进展，应于{due}前报。"])
        for quarter, due in told["late"].items()
    ]
    if told["before"]:
        body.append(
            html.P(f"{'、'.join(told['before'])}在登记以前，不要求报进展。", className="note")
        )
    return block("季度进展", body or empty("还没有报进展。"), source=source_line(SOURCE))


def _standing(
    context: Context,
    rules: Livelihoods,
    actor: Actor,
    one: Livelihood,
    told: Mapping[str, Any],
) -> html.Section:
    facts: list[tuple[str, Node]] = [("状态", tag(one.state)), ("编号", one.id)]
    facts.append(("满意度", _rated(told)))
    if told["mine"]:
        facts.append(("您的评价", told["mine"]))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body: list[Node] = [html.Dl(lines, className="facts single")]
    for each in told["ratings"] or []:
        if each["remark"]:
            body.append(html.P(f"{each['word']}：{each['remark']}", className="note"))
    if context.latest:
        body += _forms(context, rules, actor, one)
    body.append(html.P(f"本地做法：{rules.basis.says}。", className="note"))
    return block("办理", body, source=source_line(SOURCE, f"已办{one.version}步"))


def _forms(
    context: Context, rules: Livelihoods, actor: Actor, one: Livelihood
) -> list[html.Details]:
    makers: dict[str, Callable[[], list[Node]]] = {
        "decide": vote_fields,
        "report": lambda: report_fields(rules),
        "rate": lambda: [
            labelled("评价", select("word", {each: each for each in rules.satisfaction.words})),
            labelled("原因（不满意时必填）", html.Textarea(name="remark", rows=2, maxLength=2000)),
        ],
        "amend": lambda: [
            labelled("目标任务", html.Textarea(one.goal, name="goal", rows=3, maxLength=5000)),
            labelled("承办单位", places(context, "lead", one.lead, none="请选择")),
            labelled(CODES, _text("projects", "、".join(one.projects), required=False)),
            labelled(OTHERS, _text("others", None, required=False)),
            labelled(
                "计划投资（如 1200万元、0.5亿元；只写数的按万元；不改可空着）",
                _text("planned", None, required=False),
            ),
            _reason(),
        ],
        "accept": lambda: [_reason()],
        "stop": lambda: [_reason()],
    }
    forms = []
    for step, make in makers.items():
        roles = _roles(context, rules, actor, one, step)
        if roles:
            fields = [role_field(context, roles), *make()]
            title = STEPS[step]
            forms.append(folded(title, step, one.id, one.version, fields, word=title))
    return forms


def _roles(
    context: Context, rules: Livelihoods, actor: Actor, one: Livelihood, step: str
) -> tuple[str, ...]:
    every = (*rules.registrars, *rules.closers, *rules.reporters, *rules.raters)
    mine = tuple(dict.fromkeys(every)) if chooses_role(context.grant) else (actor.role,)
    return tuple(
        role
        for role in mine
        if refusal(rules, Actor(actor.grant, role, actor.session), one, step) is None
    )


def _reason() -> html.Label:
    return labelled("理由", html.Textarea(name="reason", rows=2, required=True, maxLength=2000))


def _text(name: str, value: str | None, *, required: bool = True) -> Input:
    return Input(name=name, type="text", value=value, required=required)


def _registering(context: Context, rules: Livelihoods, actor: Actor) -> list[Node]:
    mine = rules.registrars if chooses_role(context.grant) else (actor.role,)
    roles = tuple(role for role in mine if role in rules.registrars)
    if not roles or not context.latest:
        return []
    year = str(today_of().year)
    fields: list[Node] = [
        role_field(context, roles),
        labelled("名称", _text("title", None)),
        labelled("年度", Input(name="year", type="number", value=year, required=True)),
        labelled("目标任务", html.Textarea(name="goal", rows=3, required=True, maxLength=5000)),
        labelled("承办单位", places(context, "lead", None, none="请选择")),
        labelled("登记为", select("candidate", {"": "已经确定的项目", "yes": "候选项目"})),
        labelled(f"{CODES}，候选项目可以不写", _text("projects", None, required=False)),
        labelled(OTHERS, _text("others", None, required=False)),
        labelled(
            "计划投资（如 1200万元、0.5亿元；只写数的按万元；可不填）",
            _text("planned", None, required=False),
        ),
        labelled("何时、由谁票决或确定（可不填）", _text("decided", None, required=False)),
    ]
    form = folded("登记民生实事", "register", NEW, 0, fields, word="登记")
    return [block("登记", form, source=source_line(SOURCE))]
