"""我的消息 /inbox: what the reader was told in the role they act in, newest first."""

from __future__ import annotations

from datetime import datetime

from budget_watch.casework.cases import HERE, actor_of
from budget_watch.casework.telling.outbox import KINDS, WORSE
from budget_watch.casework.telling.told import Told
from budget_watch.notices.inbox import inbox, other_roles
from dashboard import elements as html
from dashboard.acting import SEEN, chooses_role
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.parts import Node, attrs, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

_LISTED = (
    "livelihood",
    "resolution",
    "calendar",
    "agenda",
)  # pages that list what a notice of several names


def page(context: Context) -> Page:
    """The list."""
    actor = actor_of(context.home, context.grant)
    if chooses_role(context.grant):
        said = "本机操作员没有消息；通知发给有账号的人，登录后在这里看。"
        return Page("我的消息", [empty(said)], tab_title="我的消息")
    everything = inbox(context.home, actor)
    fresh = [each for each in everything if not each.seen]
    all_ = context.address.get("tab") == "all"
    tabs = [
        (f"未读 {len(fresh)}", context.address.with_query(tab=None)),
        (f"全部 {len(everything)}", context.address.with_query(tab="all")),
    ]
    lead = _lead(fresh)
    others = other_roles(context.home, actor)
    body: list[Node] = [_list(context, everything if all_ else fresh, all_)]
    if others:
        said = f"以{'、'.join(others)}的身份另有未读消息，在“我的账号”里切换后可看。"
        body.append(html.P(said, className="note"))
    tools: list[Node] = [segments("哪些消息", tabs, context.address)]
    if fresh:
        tools.append(_mark_all(fresh))
    return Page("我的消息", body, lead=lead, tools=tools, tab_title="我的消息")


def _lead(fresh: list[Told]) -> str:
    """How many are unread; those that ask for nothing any more are not counted in the head."""
    settled = sum(each.settled for each in fresh)
    past = f"，其中{settled}条所请的事已经办过或已经结束" if settled else ""
    return f"有{len(fresh)}条未读消息{past}。" if fresh else "没有未读消息。"


def _mark_all(fresh: list[Told]) -> html.Form:
    """Only what stands here is marked: what comes meanwhile stays unread."""
    marks = {"data-act": SEEN, "data-target": "inbox", "data-version": str(fresh[0].seq)}
    return html.Form(
        [
            html.Span("", className="form-said", role="alert"),
            html.Button("全部标为已读", className="button", type="submit"),
        ],
        **attrs({**marks, "aria-label": "全部标为已读"}),
    )


def _list(context: Context, told: list[Told], all_: bool) -> Node:
    if not told:
        to = link("我的待办", context.address.at("todo"))
        return empty("还没有消息。" if all_ else "没有未读消息；可以看我的待办。", to)
    columns = [Column("消息", long=True), Column("种类"), Column("时间")]
    lines = [_line(context, each) for each in told]
    return block("消息", table("消息", columns, lines), flush=True, source=source_line("通知"))


def _line(context: Context, told: Told) -> Line:
    at = datetime.fromisoformat(told.at).astimezone(HERE)
    said = link(told.sentence, _to(context, told))
    mark = KINDS[told.kind]
    return Line([html.B(said) if not told.seen else said, tag(mark), f"{at:%Y-%m-%d %H:%M}"])


def _to(context: Context, told: Told) -> str:
    """Where one goes on: the findings of the rule, the case, or the list of what waits."""
    if told.page == "exemptions":
        return context.address.at("exemptions").href
    if told.page == "digest":
        period, number = told.subjects
        return context.address.at("digest", period, no=number).href
    if told.rule is not None:
        found = context.address.at("alerts", rule=told.rule)
        return found.with_query(ds="加重" if told.kind == WORSE else None).href
    if len(told.subjects) == 1:
        return context.address.at(told.page, told.subjects[0]).href
    return context.address.at(told.page if told.page in _LISTED else "todo").href
