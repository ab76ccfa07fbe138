"""意见 /opinion/<编号>: what was said on what, how far it has come, the answer, the next steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.cases import Actor, actor_of, today_of
from budget_watch.opinions.about import KINDS
from budget_watch.opinions.attachments import attachments, may_attach
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.flow import NEED_WORDS
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import (
    about,
    get_opinion,
    history,
    looked,
    mine,
    record,
    seen_by,
)
from budget_watch.opinions.similar import similar
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_opinions import FOLLOW, UNFOLLOW
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.files import files
from dashboard.pages.forms import basis_text, clock_length, clock_node, folded, place_text
from dashboard.pages.opinion_forms import steps
from dashboard.pages.opinions import SOURCE, moment, page_link
from dashboard.pages.topic import alike
from dashboard.parts import Node, block, empty, link, source_line, tag


def page(context: Context) -> Page:
    """One opinion."""
    desk, actor = OpinionDesk.of(context.home), actor_of(context.home, context.grant)
    try:
        one = get_opinion(context.home, actor, context.address.parts[0])
    except UnknownOpinionError as error:
        raise NotFoundError from error
    told = record(desk, actor, one, today_of(), seen=looked(context.home, actor, one))
    body = [_text(context, actor, one, told), _answer(context, desk, one, told)]
    body += _files(context, desk, actor, one)
    side = [_standing(context, desk, actor, one, told), *_past(context, desk, actor, one)]
    if mine(actor, one) or desk.party(actor) == "office":
        body += alike(context, desk, actor, one, similar(context.home, actor, one.id))
    body.append(_kind(context, desk, one))
    columns = [html.Div(body, className="rows"), html.Div(side, className="rows")]
    return Page(
        [tag(one.kind), " ", one.title],
        [html.Div(columns, className="cols-side")],
        lead=f"{one.author_name}（{one.author_role}）提出，现在是“{desk.state(one).title}”。",
        crumbs=[("审议意见", context.address.at("opinions")), (one.id, None)],
        tab_title=f"{one.id} {one.title}",
    )


def _text(context: Context, actor: Actor, one: Opinion, told: Mapping[str, Any]) -> html.Section:
    facts: list[tuple[str, Node]] = [("编号", one.id), ("针对", _about(context, actor, one))]
    if told["signers"]:
        facts.append(("联名", "、".join(told["signers"])))
    if told.get("ask"):
        facts.append(("建议怎么办", told["ask"]))
    if told["published"]:
        to = "、".join(one.published_to)
        said = f"{told['published']} {told['published_in']}（向{to}）"
        facts.append(("通报、公布", said))
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body = [html.P(one.text, className="letter"), html.Dl(lines, className="facts single")]
    return block("意见", body, source=source_line(SOURCE, f"起草 {moment(one.opened_at)}"))


def _about(context: Context, actor: Actor, one: Opinion) -> Node:
    thing = about(context.home, actor, one)
    word = KINDS[one.about]
    if one.about == "free":
        return word
    if one.about == "figure":
        known = f"，数据截至{thing['as_of']}"
        return [f"{word} ", page_link(context, one.about_id, one.about_snapshot), known]
    if thing["id"] is None:
        return f"{word}（现在不在您的查看范围）"
    if one.about == "finding":
        to = context.address.at("finding", one.about_id[:16])
        return [f"{word} ", link(thing["title"], to)]
    return f"{word} {thing['title']}"


def _answer(
    context: Context, desk: OpinionDesk, one: Opinion, told: Mapping[str, Any]
) -> html.Section:
    said = told["answer"]
    if said is None:
        open_ = desk.state(one).answered
        why = "已有答复，还没有向您通报或公布。" if open_ else "还没有答复。"
        return block("答复", empty(why), source=source_line(SOURCE))
    form = f"{said['form']}，" if said["form"] else ""
    signed = f"，{said['signed_by']}签署" if said["signed_by"] else ""
    lines: list[Node] = [
        html.P(said["text"], className="letter"),
        html.P(f"{form}{said['role']}，{moment(said['at'])}{signed}", className="note"),
    ]
    for each in told.get("ratings", ()):
        remark = f"：{each['remark']}" if each["remark"] else ""
        lines.append(html.P(f"评价：{each['word']}{remark}（{moment(each['at'])}）"))
    share = told.get("satisfaction")
    least = desk.flow.satisfaction.least_percent
    if share and share["satisfied"] * 100 < least * share["rated"]:
        note = f"满意度 {share['satisfied']}/{share['rated']}，低于{least}%：须再次办理。"
        lines.append(html.P(note, className="note"))
    return block("答复", lines, source=source_line(SOURCE))


def _files(context: Context, desk: OpinionDesk, actor: Actor, one: Opinion) -> list[html.Section]:
    roles: tuple[str, ...] = ()
    if context.latest and chooses_role(context.grant):
        if not desk.state(one).final:
            sides = ("office", "department")
            roles = tuple(role for role, side in desk.flow.party.items() if side in sides)
    elif context.latest and may_attach(desk, actor, one):
        roles = (actor.role,)
    return files(context, one.id, attachments(context.home, actor, one.id), roles)


def _standing(
    context: Context, desk: OpinionDesk, actor: Actor, one: Opinion, told: Mapping[str, Any]
) -> html.Section:
    state = desk.state(one)
    facts: list[tuple[str, Node]] = [("状态", [tag(state.word), f" {state.step or ''}"])]
    if told.get("proposed"):
        facts.append(("拟登记为", told["proposed"]))
    for name, word in (("addressee", "承办"), ("copy_to", "抄送")):
        if told.get(name):
            facts.append((word, place_text(context, told[name])))
    if told.get("topic"):
        facts.append(("议题", link(told["topic"], context.address.at("topic", told["topic"]))))
    if told.get("number"):
        facts.append(("文号", told["number"]))
    facts += [
        (f"{clock['title']}期限", clock_node(clock))
        for clock in told.get("clocks", ())
        if clock["stopped"] is None
    ]
    lines = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    body: list[Node] = [html.Dl(lines, className="facts single")]
    body += steps(context, desk, actor, one, today_of())
    body.append(_follow(context, actor, one))
    return block("办理", body, source=source_line(SOURCE))


def _follow(context: Context, actor: Actor, one: Opinion) -> Node:
    if not context.latest or one.author == actor.user:
        return None
    on = one.id in seen_by(context.home, actor)
    name, step = ("不再关注", UNFOLLOW) if on else ("关注进展", FOLLOW)
    note = html.P("有新进展时，在“审议意见”里标出。", className="note")
    return folded(name, step, one.id, one.version, [note], word=name)


def _kind(context: Context, desk: OpinionDesk, one: Opinion) -> html.Section:
    """What the law and the local practice say of this kind."""
    kind, region = desk.kind(one), one.mof_div_code
    clock = desk.flow.clock[kind.clock]
    published = f"向{'、'.join(kind.publish.to)}通报或公布" if kind.publish.to else "没有义务"
    told = [
        ("性质", kind.group, kind.basis),
        ("交给", kind.addressee.title, kind.addressee.basis),
        ("期限", clock_length(clock), clock.basis),
        ("答复", "、".join(kind.reply.forms), kind.reply.basis),
        ("公开", published, kind.publish.basis),
    ]
    told += [("联名", f"{each.least}人以上", each.basis) for each in kind.signers]
    lines = [
        html.Div(
            [
                html.Dt(name),
                html.Dd([said, html.Div(basis_text(context, basis, region), className="note")]),
            ]
        )
        for name, said, basis in told
    ]
    return block(
        f"{kind.id}怎么办", html.Dl(lines, className="facts single"), source=source_line("意见流程")
    )


def _past(context: Context, desk: OpinionDesk, actor: Actor, one: Opinion) -> list[html.Section]:
    lines = history(desk, actor, one)
    if not lines:
        return []
    items = [html.Li(_act(context, desk, each)) for each in reversed(lines)]
    return [block("经过", html.Ol(items, className="acts-list"), source=source_line("审计日志"))]


_HIDDEN = ("about", "about_id", "topic", "title", "text")


def _act(context: Context, desk: OpinionDesk, told: Mapping[str, Any]) -> list[Node]:
    if "user" not in told:
        return [html.Div(html.B(told["title"])), html.Div(moment(told["at"]), className="note")]
    lines: list[Node] = [
        html.Div([html.B(told["title"]), f" {context.called(told['user'])}（{told['role']}）"]),
        html.Div(f"{moment(told['at'])} · 审计日志第{told['audit_seq']}条", className="note"),
    ]
    words = {**NEED_WORDS, **({"kind": "种类"} if told["step"] == "write" else {})}
    for name, value in told["given"].items():
        if name not in _HIDDEN or (name == "text" and told["step"] == "consult"):
            said = _said(context, desk, name, value)
            lines.append(html.Div(f"{words.get(name, name)}：{said}"))
    return lines


def _said(context: Context, desk: OpinionDesk, name: str, value: Any) -> str:
    if name in ("addressee", "copy_to"):
        return place_text(context, str(value))
    if name == "clock":
        return desk.flow.clock[str(value)].title
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
