"""议题 /topic/<编号>: opinions on one matter with their count, the discussion, the vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from budget_watch.casework.cases import Actor, actor_of
from budget_watch.opinions.errors import UnknownTopicError
from budget_watch.opinions.inviting import guests
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import list_opinions, seen_by
from budget_watch.opinions.topic_acting import STEPS, keeps
from budget_watch.opinions.topics import Topic, get_topic, takes_part, topic_record
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.acting_on_opinions import CAST, NEW_TOPIC, SAY
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.markup import Input
from dashboard.pages.forms import folded, labelled, role_field, select
from dashboard.pages.opinions import SOURCE, listing, moment, rows_of
from dashboard.parts import Node, block, empty, link, source_line, tag
from dashboard.table import Column, Line, table


def page(context: Context) -> Page:
    """One topic."""
    desk, actor = OpinionDesk.of(context.home), actor_of(context.home, context.grant)
    try:
        topic = get_topic(context.home, actor, context.address.parts[0])
    except UnknownTopicError as error:
        raise NotFoundError from error
    told = topic_record(desk, actor, topic)
    ids = set(told["opinions"])
    found = [one for one in list_opinions(context.home, actor, topic=topic.id) if one.id in ids]
    rows = rows_of(context, desk, found, seen_by(context.home, actor))
    body: list[Node] = [_summary(topic), listing(context, desk, rows)]
    if takes_part(desk, actor, topic):
        body.append(_discussion(context, desk, actor, topic, told))
    side: list[Node] = []
    if told.get("vote"):
        side.append(_vote(context, actor, topic, told["vote"]))
    side += _keeping(context, desk, actor, topic, told)
    columns = [html.Div(body, className="rows"), html.Div(side, className="rows")]
    return Page(
        topic.title,
        [html.Div(columns, className="cols-side" if side else "")],
        lead=_lead(told),
        crumbs=[
            ("审议意见", context.address.at("opinions")),
            ("议题", context.address.at("opinions", tab="topics")),
            (topic.id, None),
        ],
        tab_title=f"{topic.id} {topic.title}",
    )


def _lead(told: Mapping[str, Any]) -> str:
    seen, count = len(told["opinions"]), told["count"]
    rest = "" if seen == count else f"，您看得到其中{seen}件"
    return f"{told['authors']}位提出{count}件相近意见{rest}。"


def _summary(topic: Topic) -> html.Section:
    body = html.P(topic.summary or "没有写摘要。", className="letter")
    return block("摘要", body, source=source_line(SOURCE, f"立为议题 {moment(topic.opened_at)}"))


def _discussion(
    context: Context, desk: OpinionDesk, actor: Actor, topic: Topic, told: Mapping[str, Any]
) -> html.Section:
    items = [
        html.Li(
            [
                html.Div([html.B(each["name"]), f"（{each['role']}）"]),
                html.P(each["text"], className="letter"),
                html.Div(moment(each["at"]), className="note"),
            ]
        )
        for each in told["remarks"]
    ]
    body: list[Node] = [html.Ol(items, className="acts-list")] if items else []
    if not topic.discussing:
        body.append(empty("现在没有讨论。" if not items else "讨论已结束。"))
    elif context.latest and (actor.user in topic.invited or _keeper_roles(context, desk, actor)):
        area = html.Textarea(name="text", rows=3, required=True, maxLength=20_000)
        roles = _keeper_roles(context, desk, actor) or (actor.role,)
        fields = [role_field(context, roles), labelled("您的发言", area)]
        body.append(folded("发言", SAY, topic.id, topic.version, fields, word="发言"))
    return block("讨论", body, source=source_line(SOURCE))


def _vote(context: Context, actor: Actor, topic: Topic, told: Mapping[str, Any]) -> html.Section:
    stands = "正在表决" if told["open"] else "已结束"
    how = "记名" if told["named"] else "不记名"
    body: list[Node] = [
        html.P([html.B(told["question"]), " ", tag(stands)]),
        html.P(f"{how}；受邀{told['invited']}人，已投{told['voted']}人。", className="note"),
    ]
    if told["mine"]:
        body.append(html.P(f"您投的是：{told['mine']}。"))
    if told["result"] is None:
        body.append(html.P(f"结果：{told['shows']}显示。", className="note"))
    else:
        lines = [Line([option, f"{count}"]) for option, count in told["result"].items()]
        columns = [Column("选项"), Column("票数", number=True)]
        body.append(table("表决结果", columns, lines, wide=False))
    if told["by_name"]:
        named = [Line([user, choice]) for user, choice in told["by_name"].items()]
        body.append(table("各人所投", [Column("谁"), Column("投")], named, wide=False))
    if told["open"] and context.latest and actor.user in topic.invited:
        choices = {each: each for each in told["options"]}
        fields: list[Node] = [labelled("您的选择", select("choice", choices, told["mine"]))]
        fields.append(html.P("每人一票，结束以前可以改，以最后一次为准。", className="note"))
        word = "改投" if told["mine"] else "投票"
        body.append(folded(word, CAST, topic.id, topic.version, fields, word=word))
    body.append(html.P("线上表决没有法定效力，不代替会议审议和表决。", className="note"))
    return block("表决", body, source=source_line(SOURCE))


def _keeper_roles(context: Context, desk: OpinionDesk, actor: Actor) -> tuple[str, ...]:
    if chooses_role(context.grant):
        return desk.flow.topics.keepers
    return (actor.role,) if keeps(desk, actor) else ()


def _keeping(
    context: Context, desk: OpinionDesk, actor: Actor, topic: Topic, told: Mapping[str, Any]
) -> list[html.Section]:
    """The office's steps, and what was done."""
    roles = _keeper_roles(context, desk, actor)
    if not roles or not context.latest:
        return []

    def form(step: str, *fields: Node) -> html.Details:
        everything = [role_field(context, roles), *fields]
        title = STEPS[step]
        return folded(title, step, topic.id, topic.version, everything, word=title)

    forms = [
        form("hide" if topic.open else "show", _note(OPEN_NOTE)),
        form("add", labelled("意见编号（用顿号分开）", _line("opinions"))),
        form("remove", labelled("意见编号（用顿号分开）", _line("opinions"))),
        form(
            "edit",
            labelled("议题", _line("title", topic.title)),
            labelled("摘要", html.Textarea(topic.summary, name="summary", rows=3)),
        ),
    ]
    if not topic.vote_open:
        forms.append(form("invite", *_inviting(context, desk, actor, topic)))
    if topic.invited:
        forms.append(form("quiet" if topic.discussing else "discuss"))
        forms.append(form("end") if topic.vote_open else form("vote", *_voting(desk, topic)))
    people = "、".join(told["invited"] or []) or "没有"
    items = [
        html.Li(
            [
                html.Div([html.B(STEPS[each["step"]]), f" {each['user']}（{each['role']}）"]),
                html.Div(
                    f"{moment(each['at'])} · 审计日志第{each['audit_seq']}条", className="note"
                ),
            ]
        )
        for each in reversed(told["history"])
    ]
    shown = html.P([tag("向代表开放" if topic.open else "没有向代表开放"), f" 受邀：{people}。"])
    past = html.Ol(items, className="acts-list")
    return [
        block("办理", [shown, *forms], source=source_line(SOURCE)),
        block("经过", past, source=source_line("审计日志")),
    ]


OPEN_NOTE = "开放后，代表和委员看得到议题、摘要和件数；各件意见仍只有本人愿意公开的才看得到。"


def _voting(desk: OpinionDesk, topic: Topic) -> Sequence[Node]:
    votes = desk.flow.votes
    shows: dict[str, str] = {each: each for each in votes.shows}
    return (
        labelled("表决什么", _line("question", topic.title)),
        labelled("选项（用顿号分开）", _line("options", "、".join(votes.options))),
        labelled("记名", select("named", {"否": "不记名", "是": "记名"}, "否")),
        labelled("结果何时显示", select("shows", shows, votes.shows[0])),
        _note("开始后不能再邀请，也不能改结果的显示办法。"),
    )


def _inviting(context: Context, desk: OpinionDesk, actor: Actor, topic: Topic) -> list[html.Label]:
    """One out of the list, or several by name or account."""
    known = guests(context.home, desk, actor)
    choices = {each.user: each.words for each in known if each.user not in topic.invited}
    several = Input(name="users", type="text")
    return [
        labelled("从名单里选一位", select("pick", {"": "不选", **choices}, "")),
        labelled("或写姓名、账号（可写几位，用顿号分开）", several),
    ]


def _line(name: str, value: str | None = None) -> Input:
    return Input(name=name, type="text", value=value, required=True)


def _note(text: str) -> html.P:
    return html.P(text, className="note")


def alike(
    context: Context,
    desk: OpinionDesk,
    actor: Actor,
    one: Opinion,
    found: Sequence[tuple[Opinion, int]],
) -> list[html.Section]:
    """相近意见 beside an opinion; for the office with the form that makes a topic of them."""
    roles = _keeper_roles(context, desk, actor)
    if not found:
        return []
    items = [
        html.Li(
            [
                link(f"{each.id} {each.title}", context.address.at("opinion", each.id)),
                html.Div(
                    f"{each.author_name} · 相近{score} · {each.topic or '未归并'}"
                    if roles
                    else each.author_name,
                    className="note",
                ),
            ]
        )
        for each, score in found
    ]
    body: list[Node] = [html.Ol(items, className="acts-list")]
    free = [each.id for each, _ in found if each.topic is None]
    if roles and context.latest and one.topic is None and free:
        chosen = "、".join([one.id, *free])
        fields: list[Node] = [
            role_field(context, roles),
            labelled("议题", _line("title", one.title)),
            labelled("并入的意见（删去不是同一事项的）", _line("opinions", chosen)),
            labelled("摘要（可不填）", html.Textarea(name="summary", rows=2, maxLength=2000)),
        ]
        body.append(folded("立为议题", "make", NEW_TOPIC, 0, fields, word="立为议题"))
    authors = len({each.author for each, _ in found})
    title = f"已有{authors}位提出相近意见"
    return [block(title, body, source=source_line(SOURCE, "按文字相近程度提示，由人决定"))]
