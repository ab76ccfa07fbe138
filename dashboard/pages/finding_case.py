"""办理 on the page of a finding: where the case stands, its periods, the next steps, what was done.

The data state stands beside the work state and never moves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from budget_watch.casework.attachments import attachments
from budget_watch.casework.cases import (
    HERE,
    Actor,
    Case,
    Desk,
    actor_of,
    confirms,
    get_case,
    history,
    possible,
    record,
    today_of,
    unratable,
)
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.findings import Finding
from budget_watch.casework.given import LEVEL_WORDS
from budget_watch.casework.telling.following import followed
from budget_watch.casework.workflow import NEED_WORDS, Transition
from budget_watch.lake.state import engine
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import FOLLOW, RATE, UNFOLLOW, chooses_role
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.files import files
from dashboard.pages.forms import (
    basis_text,
    clock_length,
    clock_node,
    folded,
    labelled,
    place_text,
    places,
    role_field,
    select,
)
from dashboard.parts import Node, block, source_line, tag

_LONG = ("reason", "text")
_LEVELS = ("red", "orange", "yellow", "blue")


def case_blocks(context: Context, f: Finding, exempt: bool) -> list[html.Section]:
    """The state of work with its next steps, and what was done so far."""
    try:
        desk = Desk.of(context.home)
        actor = actor_of(context.home, context.grant)
        case = get_case(context.home, actor, f.finding)
    except CaseworkError as error:
        return [_standing(f, [html.P(str(error), className="note")])]
    return blocks_of(context, desk, actor, case, f, exempt)


def blocks_of(
    context: Context, desk: Desk, actor: Actor, case: Case, f: Finding | None, exempt: bool = False
) -> list[html.Section]:
    """The blocks of a case; beside a finding, also how its data stands."""
    told = record(desk, actor, case, today_of())
    body: list[Node] = [_facts(context, f, desk, case, told, exempt)]
    body += [html.P(note, className="note") for note in _notes(f, case, told)]
    if told["letter"]:
        body.append(_letter(case, told["letter"]))
    if not exempt:
        body += _steps(context, desk, actor, case)
    blocks = [_standing(f, body)]
    if case.id:
        blocks += _files(context, desk, actor, case)
    past = history(desk, actor, case)
    if past:
        blocks.append(_past(context, desk, past))
    return blocks


def _standing(f: Finding | None, body: list[Node]) -> html.Section:
    when = None if f is None else f"最近判断 {fmt.day(f.last_seen)}"
    return block("办理", body, source=source_line("疑点库", when))


def _facts(
    context: Context,
    f: Finding | None,
    desk: Desk,
    case: Case,
    told: Mapping[str, Any],
    exempt: bool,
) -> html.Dl:
    state = desk.state(case)
    work: Node = "例外登记期间不办理" if exempt else [tag(state.word), f" {state.step or ''}"]
    facts: list[tuple[str, Node]] = [("办理状态", work)]
    if f is not None:
        facts.append(("数据状态", tag(f.data_state)))
    if case.id:
        facts.append(("办理编号", case.id))
    facts += _known(context, told)
    if len(case.findings) > 1:
        facts.append(("并案", f"共{len(case.findings)}个疑点一并办理"))
    if f is not None:
        facts += [
            ("首次发现", fmt.day(f.first_seen)),
            ("最近判断", fmt.day(f.last_seen)),
            ("存量", "是" if f.stock else "否"),
        ]
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    return html.Dl(lines, className="facts single")


def _known(context: Context, told: Mapping[str, Any]) -> list[tuple[str, Node]]:
    """What the case has come to have: an addressee, a number, periods, a result."""
    facts: list[tuple[str, Node]] = []
    for name, word in (("addressee", "承办"), ("copy_to", "抄送")):
        if told[name]:
            facts.append((word, place_text(context, told[name])))
    if told["number"]:
        facts.append(("文号", f"{told['document']} {told['number']}"))
    facts += [
        (f"{clock['title']}期限", clock_node(clock))
        for clock in told["clocks"]
        if clock["stopped"] is None
    ]
    named = (("result", "结论"), ("rung", "已升级到"), ("committed", "承诺完成"))
    facts += [(word, told[name]) for name, word in named if told[name]]
    if told["satisfaction"]:
        share = told["satisfaction"]
        facts.append(("满意度", f"{share['rated']}人评价，{share['satisfied']}人满意或基本满意"))
    return facts


def _notes(f: Finding | None, case: Case, told: Mapping[str, Any]) -> list[str]:
    notes = [] if f is None else _data_notes(f)
    if told["proposal"]:
        mine = told["proposal"]
        result = mine["given"].get("result", "")
        notes.append(
            f"{mine['user']}（{mine['role']}）拟结论“{result}”：{mine['given']['reason']}。"
            "须由另一人确认。"
        )
    if told["level"] == "red":
        notes.append("红色疑点的不成立或办结须由两人复核。")
    return notes


def _data_notes(f: Finding) -> list[str]:
    notes = []
    if f.held:
        notes.append("规则新增超过声明的负荷，待校准：只列出，不发通知、不计期限。")
    if f.trial:
        notes.append("规则在试运行：另计，不发通知、不计期限。")
    if f.outcome == "not_applicable":
        notes.append(f"{f.observation.get('because')}，不再列为疑点。")
    if f.provisional:
        notes.append("待核实：依据快报、初步或第三方数据，不判红色。")
    if f.outcome == "cleared":
        notes.append("数据已恢复，办理不因此结束。")
    if f.outcome == "insufficient_data":
        why = f.observation.get("because") or "数据不足"
        notes.append(f"自{fmt.day(f.last_seen)}起无法复核：{why}。")
    return notes


def _letter(case: Case, text: str) -> html.Details:
    title = f"{case.document or '文书'}正文"
    to_print = html.A("打印为 Word", href=f"/letter/{case.id}", download="")
    return html.Details(
        [html.Summary(title), html.P(text, className="letter"), html.P(to_print)],
        className="step-form",
    )


def _steps(context: Context, desk: Desk, actor: Actor, case: Case) -> list[Node]:
    """A form for every step that the reader may take now."""
    if not context.latest:
        return [html.P("正在查看以前的数据；办理请返回最新。", className="note")]
    offered = [
        (step, roles)
        for step in desk.flow.transitions
        if (roles := _roles(context, desk, actor, case, step))
    ]
    forms = [_form(context, desk, case, step, roles) for step, roles in offered]
    forms += _rating(context, desk, actor, case)
    forms += _following(context, actor, case)
    if not forms:
        return []
    return [html.H3("接下来", className="steps-head"), *forms]


def _roles(
    context: Context, desk: Desk, actor: Actor, case: Case, step: Transition
) -> tuple[str, ...]:
    """The roles in which the reader may take a step; none where they may not."""
    mine = step.who if chooses_role(context.grant) else (actor.role,)
    return tuple(
        role
        for role in mine
        if possible(desk, Actor(actor.grant, role, actor.session), case, step) is None
    )


def _form(
    context: Context, desk: Desk, case: Case, step: Transition, roles: tuple[str, ...]
) -> html.Details:
    sure = confirms(case, step)
    title = f"确认{step.title}" if sure else step.title
    fields: list[Node] = [role_field(context, roles)]
    fields += [_field(context, desk, case, step, name) for name in step.needs]
    if "number" in step.needs:
        fields.append(
            labelled("抄送主管部门（可不填）", places(context, "copy_to", case.dept_code))
        )
    if step.starts:
        started = "、".join(clock_length(desk.flow.clock[name]) for name in step.starts)
        fields.append(html.P(f"办后起计：{started}。", className="note"))
    fields.append(html.P(basis_text(context, step.basis, case.mof_div_code), className="note"))
    if step.two_persons and case.red and not sure:
        fields.append(html.P("红色疑点：先由一人拟，再由另一人确认。", className="note"))
    return folded(title, step.id, _target(case), case.version, fields)


def _target(case: Case) -> str:
    return case.id or case.findings[0]


def _field(context: Context, desk: Desk, case: Case, step: Transition, name: str) -> html.Label:
    flow = desk.flow
    words = NEED_WORDS[name]
    if name in _LONG:
        area = html.Textarea(name=name, rows=3, required=True, maxLength=5000)
        return labelled(words, area)
    if name == "addressee":
        return labelled(words, places(context, name, case.dept_code, finance=True))
    choices: dict[str, dict[str, str]] = {
        "result": {each: each for each in step.results},
        "document": {each: each for each in flow.documents},
        "objection": {each: each for each in flow.objections},
        "rung": {each.id: each.id for each in flow.ladder},
        "level": {each: LEVEL_WORDS[each] for each in _higher(case.level)},
        "clock": {
            one.clock: flow.clock[one.clock].title for one in case.clocks if one.stopped is None
        },
    }
    if name in choices:
        return labelled(words, select(name, choices[name]))
    if name == "committed":
        return labelled(words, Input(name=name, type="date", required=True))
    if name == "days":
        return labelled(words, Input(name=name, type="number", min="1", max="60", required=True))
    return labelled(words, Input(name=name, type="text", maxLength="64", required=True))


def _higher(level: str | None) -> tuple[str, ...]:
    return _LEVELS[: _LEVELS.index(level)] if level in _LEVELS else _LEVELS


def _rating(context: Context, desk: Desk, actor: Actor, case: Case) -> list[Node]:
    """A form to rate how the case was handled, for those who rate, while it may be rated."""
    if not case.id or unratable(desk, case) is not None:
        return []
    roles = tuple(role for each in desk.flow.raters for role in each.roles)
    mine = roles if chooses_role(context.grant) else tuple({actor.role} & set(roles))
    if not mine:
        return []
    words = {each: each for each in desk.flow.satisfaction.words}
    fields: list[Node] = [
        role_field(context, mine),
        labelled("评价", select("word", words)),
        labelled("意见（可不填）", html.Textarea(name="remark", rows=2, maxLength=2000)),
    ]
    return [folded("评价办理情况", RATE, _target(case), case.version, fields)]


def _following(context: Context, actor: Actor, case: Case) -> list[html.Details]:
    """A form to be told when the case is answered and when it ends, or no more."""
    if chooses_role(context.grant):
        return []
    with engine(context.home).connect() as connection:
        mine = followed(connection, actor.user, case)
    title, step = ("不再关注", UNFOLLOW) if mine else ("关注", FOLLOW)
    said = "现在关注着这一件。" if mine else "承办单位反馈、这一件办完时，在“我的消息”里通知您。"
    return [folded(title, step, _target(case), case.version, [html.P(said, className="note")])]


def _files(context: Context, desk: Desk, actor: Actor, case: Case) -> list[html.Section]:
    mine = tuple(desk.flow.party) if chooses_role(context.grant) else (actor.role,)
    able = context.latest and set(mine) <= set(desk.flow.party)
    return files(context, case.id, attachments(context.home, actor, case.id), mine if able else ())


def _past(context: Context, desk: Desk, past: list[dict[str, Any]]) -> html.Section:
    items = [html.Li(_act(context, desk, each)) for each in reversed(past)]
    return block("经过", html.Ol(items, className="acts-list"), source=source_line("审计日志"))


def _act(context: Context, desk: Desk, told: Mapping[str, Any]) -> list[Node]:
    at = datetime.fromisoformat(told["at"]).astimezone(HERE)
    given = dict(told["given"])
    proposed = given.pop("proposed", False)
    title = f"拟{told['title']}" if proposed else told["title"]
    lines: list[Node] = [
        html.Div([html.B(title), f" {context.called(told['user'])}（{told['role']}）"]),
        html.Div(f"{at:%Y-%m-%d %H:%M} · 审计日志第{told['audit_seq']}条", className="note"),
    ]
    for name, value in given.items():
        if name in ("merged", "moved", "into"):
            continue
        word = {**NEED_WORDS, "copy_to": "抄送", "attachments": "附件"}.get(name, name)
        lines.append(html.Div(f"{word}：{_said(context, desk, name, value)}"))
    return lines


def _said(context: Context, desk: Desk, name: str, value: Any) -> str:
    if name in ("addressee", "copy_to"):
        return place_text(context, str(value))
    if name == "level":
        return LEVEL_WORDS.get(str(value), str(value))
    if name == "clock":
        return desk.flow.clock[str(value)].title
    if name == "attachments":
        return f"{len(value)}个"
    return str(value)
