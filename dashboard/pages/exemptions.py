"""例外情形登记 /exemptions: every entry, by whom, on what basis, how long; acts on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.cases import Actor, actor_of
from budget_watch.casework.exemption_acts import Parts, judged_day, parts
from budget_watch.casework.exemption_entries import ASKED, BY_ACCOUNT, ENDED, REFUSED
from budget_watch.casework.exemptions import register
from budget_watch.casework.findings import Finding
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.exempting import EXEMPT, EXEMPT_CONFIRM, EXEMPT_END, EXEMPT_REFUSE
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.parts import Node, attrs, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

_OVER = ("已到期", ENDED, REFUSED)


def page(context: Context) -> Page:
    """The list."""
    found = register(context.home, book_of(context), context.grant)
    over = [each for each in found if each["state"] in _OVER]
    live = [each for each in found if each["state"] not in _OVER]
    all_ = context.address.get("tab") == "all"
    tabs = [
        (f"有效和待批准 {len(live)}", context.address.with_query(tab=None)),
        (f"全部 {len(found)}", context.address.with_query(tab="all")),
    ]
    waiting = [each for each in live if each["state"] == ASKED]
    lead = f"有{len(found)}条登记" + (f"，{len(waiting)}条待批准。" if waiting else "。")
    actor, said = actor_of(context.home, context.grant), parts()
    body: list[Node] = [_list(context, found if all_ else live)]
    body += [form for each in live for form in _forms(context, actor, said, each)]
    if over and not all_:
        body.append(html.P(f"另有{len(over)}条已到期、已终止或未批准。", className="note"))
    return Page(
        "例外情形登记",
        body,
        lead=lead if found else "没有登记过例外情形。",
        tools=[segments("哪些登记", tabs, context.address)],
        tab_title="例外情形登记",
    )


def _list(context: Context, rows: list[dict[str, Any]]) -> Node:
    if not rows:
        return empty("没有有效或待批准的登记。", link("规则与参数", context.address.at("rules")))
    columns = [
        Column("登记", long=True),
        Column("状态"),
        Column("范围", minor=True),
        Column("依据", minor=True),
        Column("登记人、批准人"),
        Column("有效期"),
        Column("排除疑点", number=True),
    ]
    lines = [_line(context, each) for each in rows]
    return block(
        "登记", table("登记", columns, lines), flush=True, source=source_line("规则库、登记")
    )


def _line(context: Context, each: Mapping[str, Any]) -> Line:
    rule = link(str(each["rule"]), context.address.at("rules", str(each["rule"])))
    name: Node = [f"{each['exemption']} ", rule, f" {each['reason']}"]
    state: Node = [tag(each["state"] or "未运行"), f" {each['origin']}"]
    if each.get("why"):
        state = [*state, f"：{each['why']}"]
    until = each["to"] if not each.get("ended") else f"{each['to']}，自{each['ended']}起终止"
    used = fmt.NOT_APPLICABLE if each["used"] is None else fmt.count(each["used"])
    people = f"{each['registered_by']}、{each['approved_by'] or '（待批准）'}"
    return Line(
        [
            name,
            state,
            _scope(each["scope"]),
            each["basis"],
            people,
            f"{each['from']}至{until}",
            used,
        ]
    )


def _scope(scope: Mapping[str, Any]) -> str:
    return "；".join(f"{name}：{value}" for name, value in scope.items())


def _forms(context: Context, actor: Actor, said: Parts, each: Mapping[str, Any]) -> list[Node]:
    """What the reader may do with an entry of an account."""
    if each["origin"] != BY_ACCOUNT or not context.latest:
        return []
    if each["state"] == ASKED:
        ways = [(EXEMPT_CONFIRM, "批准", said.confirm, False)]
        ways.append((EXEMPT_REFUSE, "不批准", said.confirm, True))
    else:
        ways = [(EXEMPT_END, "提前终止", said.end, True)]
    forms: list[Node] = []
    for step, word, roles, why in ways:
        mine = roles if chooses_role(context.grant) else tuple({actor.role} & set(roles))
        if mine:
            title = f"{word} {each['exemption']}"
            fields: list[Node] = [_reason()] if why else []
            forms.append(_folded(context, title, step, str(each["exemption"]), mine, fields))
    return forms


def ask_form(context: Context, f: Finding) -> list[Node]:
    """On the page of a finding: register that it is meant so, for its grain or its unit."""
    actor, said = actor_of(context.home, context.grant), parts()
    whole = chooses_role(context.grant)
    mine = said.registers if whole else tuple({actor.role} & set(said.registers))
    if not mine or not context.latest or f.outcome != "hit":
        return []
    scopes = {"grain": "只这一个疑点"}
    scopes |= {"unit": f"本单位（{f.agency_code}）"} if f.agency_code else {}
    scopes |= {"dept": f"本部门（{f.dept_code}）"} if f.dept_code else {}
    options = [html.Option(word, value=name) for name, word in scopes.items()]
    fields: list[Node] = [
        _labelled("范围", html.Select(options, **attrs({"name": "scope"}))),
        _labelled("文件名称和文号（没有法条的必填）", Input(name="document", maxLength="200")),
        _labelled("法条（“法”类必填，如 budget-law:35）", Input(name="law", maxLength="64")),
        _labelled(
            "从哪一天", Input(name="from", type="date", required=True, value=str(judged_day(f)))
        ),
        _labelled("到哪一天（含）", Input(name="to", type="date", required=True)),
        _reason(),
        html.P(
            "须由另一人批准，从下一次运行起生效；不通知，但观测和登记都列出。", className="note"
        ),
    ]
    return [_folded(context, "登记例外情形", EXEMPT, f.finding, mine, fields)]


def _reason() -> html.Label:
    area = html.Textarea(name="reason", rows=2, required=True, maxLength=2000)
    return _labelled("理由", area)


def _labelled(words: str, field: Node) -> html.Label:
    return html.Label([html.Span(words), field], className="field")


def _folded(
    context: Context,
    title: str,
    step: str,
    target: str,
    roles: tuple[str, ...],
    fields: list[Node],
) -> html.Details:
    if chooses_role(context.grant):
        options = [html.Option(each, value=each) for each in roles]
        chosen = html.Select(options, **attrs({"name": "role"}))
        fields = [_labelled("以什么角色", chosen), *fields]
    form = html.Form(
        [
            *fields,
            html.P("", className="form-said", role="alert"),
            html.Button("提交", className="button main", type="submit"),
        ],
        **attrs(
            {"data-act": step, "data-target": target, "data-version": "0", "aria-label": title}
        ),
    )
    return html.Details([html.Summary(title), form], className="step-form")
