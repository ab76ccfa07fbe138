"""审议意见 /opinions: what the reader wrote and follows, and what else is theirs to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from budget_watch.casework.cases import HERE, actor_of, today_of
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import list_opinions, record, seen_by
from budget_watch.opinions.topics import Topic, list_topics, topic_record
from budget_watch.views import formats as fmt
from budget_watch.views.page_words import page_words
from dashboard import elements as html
from dashboard.address import Address, parse
from dashboard.context import Context
from dashboard.errors import DashboardError
from dashboard.frame import Page
from dashboard.pages.forms import OVERDUE, PAUSED, SOON, place_text
from dashboard.pages.opinion_forms import writing, writing_roles
from dashboard.parts import Node, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "意见库"
MOST = 200  # rows of a page


def page(context: Context) -> Page:
    """The list, and the form for a new one."""
    desk, actor = OpinionDesk.of(context.home), actor_of(context.home, context.grant)
    every = list_opinions(context.home, actor)
    following = seen_by(context.home, actor)
    mine = [each for each in every if each.author == actor.user or each.id in following]
    writes = bool(writing_roles(context, desk, actor))
    tab = context.address.get("tab") or ("mine" if writes and mine else "all")
    listed = mine if tab == "mine" else every
    state = context.address.get("st")
    wanted = [each for each in listed if state in ("", desk.state(each).word)]
    topics = list_topics(context.home, actor)
    if tab == "topics":
        shown = topics_block(context, desk, topics)
    else:
        rows = rows_of(context, desk, wanted[:MOST], following)
        shown = listing(context, desk, rows, len(wanted) - len(rows))
    news = sum(each.version > following.get(each.id, each.version) for each in mine)
    tabs = [
        (f"我的意见 {len(mine)}", context.address.with_query(tab="mine", on=None, st=None)),
        (f"全部 {len(every)}", context.address.with_query(tab="all", on=None, st=None)),
        (f"议题 {len(topics)}", context.address.with_query(tab="topics", on=None, st=None)),
    ]
    here = context.address.with_query(tab=tab, on=None, st=None)
    tools = [segments("哪些意见", tabs, here)]
    if tab != "topics" and listed:
        tools.append(_states(desk, listed, context.address.with_query(tab=tab, on=None)))
    lead = f"看得到{len(every)}件意见" + (f"，关注的有{news}件有新进展。" if news else "。")
    return Page(
        "审议意见",
        [
            html.Div(
                [*_new(context, desk, context.address.get("on")), shown],
                className="rows",
            )
        ],
        lead=lead if every else _none(context),
        tools=tools,
        tab_title="审议意见",
    )


def _none(context: Context) -> str:
    """That there is no opinion, of all or of those the reader may see."""
    if context.grant.whole:
        return "还没有意见。"
    return "还没有您写的、交您办理的或向您公开的意见。"


def _states(desk: OpinionDesk, listed: Sequence[Opinion], here: Address) -> Node:
    """A choice of the states that there are, with their counts."""
    counts = Counter(desk.state(each).word for each in listed)
    order = dict.fromkeys(each.word for each in desk.flow.states)
    choices = [("各种状态", here.with_query(st=None))]
    choices += [
        (f"{word} {counts[word]}", here.with_query(st=word)) for word in order if counts[word]
    ]
    return segments("状态", choices, here)


def rows_of(
    context: Context, desk: OpinionDesk, found: Sequence[Opinion], following: Mapping[str, int]
) -> list[tuple[Opinion, dict[str, Any]]]:
    """Opinions with their records as the reader may see them."""
    actor, today = actor_of(context.home, context.grant), today_of()
    return [(one, record(desk, actor, one, today, seen=following.get(one.id))) for one in found]


def topics_block(context: Context, desk: OpinionDesk, topics: Sequence[Topic]) -> Node:
    """Topics with their counts."""
    if not topics:
        whole = context.grant.whole
        return empty("还没有议题。" if whole else "还没有邀请您参加的议题。")
    actor = actor_of(context.home, context.grant)
    columns = [
        Column("议题", long=True),
        Column("意见", number=True),
        Column("人数", number=True),
        Column("讨论、表决"),
    ]
    lines = []
    for topic in topics:
        told = topic_record(desk, actor, topic)
        vote = told.get("vote")
        words = ["讨论中"] if told.get("discussing") else []
        words += ["表决中" if vote["open"] else "表决已结束"] if vote else []
        name = link(f"{topic.id} {topic.title}", context.address.at("topic", topic.id))
        stands = "、".join(words) or fmt.NOT_APPLICABLE
        lines.append(Line([name, f"{told['count']}", f"{told['authors']}", stands]))
    return block("议题", table("议题", columns, lines), flush=True, source=source_line(SOURCE))


def _new(context: Context, desk: OpinionDesk, on: str) -> list[Node]:
    roles = writing_roles(context, desk, actor_of(context.home, context.grant))
    if not roles:
        return []
    about: dict[str, str] = {}
    said: list[Node] = []
    if on:
        about = {"about": "figure", "about_id": on, "as_of": context.as_of.isoformat()}
        said = [html.P(["针对 ", page_link(context, on), f"，数据截至{fmt.day(context.as_of)}。"])]
    form = writing(context, desk, roles, about, open_=bool(on))
    return [block("写意见", [*said, form], source=source_line(SOURCE))]


def page_link(context: Context, place: str, snapshot: str | None = None) -> Node:
    """A link to a page of ours, as known from a snapshot; its words alone where it is none."""
    path, _, search = place.partition("?")
    try:
        found = parse(path, search)
    except DashboardError:
        return place
    known = found if snapshot is None else found.with_query(snap=snapshot, asof=None)
    return link(page_words(context.names, place), known)


def listing(
    context: Context,
    desk: OpinionDesk,
    rows: Sequence[tuple[Opinion, Mapping[str, Any]]],
    rest: int = 0,
) -> Node:
    """Opinions as a table; `rest` are those beyond the page's limit."""
    if not rows:
        way_out = link("预警中心", context.address.at("alerts"))
        return empty("没有意见。可从疑点、数据页面的“提意见”发起，或在上面写。", way_out)
    columns = [
        Column("意见", long=True),
        Column("种类"),
        Column("提出"),
        Column("状态"),
        Column("承办", minor=True),
        Column("期限"),
    ]
    lines = [_line(context, desk, one, told) for one, told in rows]
    if rest:
        empty_cells = [fmt.NOT_APPLICABLE] * (len(columns) - 1)
        lines.append(Line([f"其余{rest}件，请在“审议意见”按状态筛选", *empty_cells], "rest"))
    return block("意见", table("意见", columns, lines), flush=True, source=source_line(SOURCE))


def _line(context: Context, desk: OpinionDesk, one: Opinion, told: Mapping[str, Any]) -> Line:
    name: Node = [
        link(f"{one.id} {one.title}", context.address.at("opinion", one.id)),
        *([" ", tag("有新进展")] if told.get("news") else []),
    ]
    place = place_text(context, told["addressee"]) if told.get("addressee") else fmt.NOT_APPLICABLE
    state = desk.state(one).title
    return Line([name, one.kind, one.author_name, state, place, due(told)])


def due(told: Mapping[str, Any]) -> Node:
    """The nearest period with its mark."""
    running = [each for each in told.get("clocks", ()) if each["stopped"] is None]
    first = min(running, key=lambda each: str(each["due"]), default=None)
    if first is None:
        return fmt.NOT_APPLICABLE
    mark = first["mark"]
    shown = tag(mark) if mark in (OVERDUE, SOON, PAUSED) else None
    return [f"{first['title']} {first['due']}", " ", shown]


def moment(at: str) -> str:
    """A stored time, as the day and minute here."""
    return f"{datetime.fromisoformat(at).astimezone(HERE):%Y-%m-%d %H:%M}"
