"""我的待办 /todo: cases, opinions, demands, agenda items that wait for the reader, by due day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from budget_watch.casework.cases import Actor, Case, Desk, actor_of, list_cases, today_of
from budget_watch.casework.cases import record as case_record
from budget_watch.meetings.demands import LATE
from budget_watch.opinions.opinion import Opinion, OpinionDesk
from budget_watch.opinions.seeing import list_opinions, record
from budget_watch.opinions.waiting import leads_on, waiting_topics
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.calendar_soon import soon_block
from dashboard.pages.digest_waiting import waiting_block, waiting_issues
from dashboard.pages.forms import OVERDUE, PAUSED, SOON, place_text
from dashboard.pages.many import roles_of
from dashboard.pages.opinions import MOST, listing, topics_block
from dashboard.pages.todo_year import demands_block, demands_waiting, items_block, items_waiting
from dashboard.parts import Node, block, empty, level_chip, link, segments, source_line, tag
from dashboard.table import Column, Line, table

ASIDE = {"note", "extend", "remind", "escalate"}  # always there; nobody waits for them
_LAST = date.max.isoformat()


def page(context: Context) -> Page:
    """The list."""
    desk = Desk.of(context.home)
    actor, today = actor_of(context.home, context.grant), today_of()
    everything = [
        (case, case_record(desk, actor, case, today), _steps(context, desk, actor, case, today))
        for case in list_cases(context.home, actor)
    ]
    mine = [each for each in everything if each[2]]
    all_ = context.address.get("tab") == "all"
    shown = sorted(everything if all_ else mine, key=_weight)
    opinions = _opinions(context)
    topics = waiting_topics(context.home, actor)
    demands, items = demands_waiting(context), items_waiting(context)
    issues = waiting_issues(context)
    count = len(mine) + len(opinions) + len(topics) + len(demands) + len(items) + len(issues)
    tabs = [
        (f"待我办理 {count}", context.address.with_query(tab=None)),
        (f"全部 {len(everything)}", context.address.with_query(tab="all")),
    ]
    late = sum(_mark(told) == OVERDUE for _, told, _ in mine)
    late += sum(_mark(told) == OVERDUE for _, told in opinions)
    late += sum(each.mark == LATE for each in demands)
    lead = f"有{count}件待办" + (f"，其中{late}件逾期。" if late else "。")
    others = bool(opinions or topics or demands or items or issues)
    body = waiting_block(context, issues)
    body += [] if others and not shown else [_list(context, desk, shown, all_)]
    if opinions:
        rest = len(opinions) - MOST
        first = opinions[:MOST]
        body.append(listing(context, OpinionDesk.of(context.home), first, max(rest, 0)))
    if topics:
        body.append(topics_block(context, OpinionDesk.of(context.home), topics))
    body += [*demands_block(context, demands), *items_block(context, items), *soon_block(context)]
    return Page(
        "我的待办",
        [html.Div(body, className="rows")],
        lead=lead if count else "现在没有待办。",
        tools=[segments("哪些办理", tabs, context.address), *_beside(context)],
        tab_title="我的待办",
    )


def _beside(context: Context) -> list[Node]:
    """The ways to the lists of inquiries and, for the office, to the draws."""
    ways: list[Node] = [
        link("问询清单", context.address.at("inquiries", keep=()), className="button")
    ]
    if roles_of(context):
        ways.append(
            link("随机抽查", context.address.at("inspections", keep=()), className="button")
        )
    return ways


Row = tuple[Case, dict[str, Any], list[str]]


def _opinions(context: Context) -> list[tuple[Opinion, dict[str, Any]]]:
    """Opinions that wait for the reader, the first due first; the operator has every role."""
    desk, actor = OpinionDesk.of(context.home), actor_of(context.home, context.grant)
    today = today_of()
    roles = tuple(desk.flow.party) if chooses_role(context.grant) else (actor.role,)
    found = []
    going = [each.id for each in desk.flow.states if not each.final]
    for one in list_opinions(context.home, actor, states=going):
        each = [record(desk, Actor(actor.grant, role), one, today) for role in roles]
        told = next((told for told in each if leads_on(told)), None)
        if told is not None:
            found.append((one, told))
    return sorted(found, key=lambda row: (_due(row[1]) or _LAST, row[0].id))


def _steps(context: Context, desk: Desk, actor: Actor, case: Case, today: date) -> list[str]:
    """Titles of the steps that lead on; the local operator's are those of every role."""
    if not chooses_role(context.grant):
        found = case_record(desk, actor, case, today)["next"]
        return [each["title"] for each in found if each["transition"] not in ASIDE]
    titles: dict[str, None] = {}
    for role in desk.flow.party:
        one = Actor(actor.grant, role, actor.session)
        for each in case_record(desk, one, case, today)["next"]:
            if each["transition"] not in ASIDE:
                titles[each["title"]] = None
    return list(titles)


def _weight(row: Row) -> tuple[str, str]:
    case, told, _ = row
    return _due(told) or _LAST, case.id


def _open(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in told.get("clocks", ()) if each["stopped"] is None]


def _due(told: Mapping[str, Any]) -> str:
    return min((str(each["due"]) for each in _open(told) if each["mark"] != PAUSED), default="")


def _mark(told: Mapping[str, Any]) -> str:
    marks = {each["mark"] for each in _open(told)}
    return next((mark for mark in (OVERDUE, SOON, PAUSED) if mark in marks), "")


def _list(context: Context, desk: Desk, rows: list[Row], all_: bool) -> Node:
    if not rows:
        way_out = link("预警中心", context.address.at("alerts"))
        return empty("没有办理中的事项。" if all_ else "没有待办；可以先浏览新增的疑点。", way_out)
    columns = [
        Column("事项", long=True),
        Column("办理状态"),
        Column("承办"),
        Column("期限"),
        Column("可以办", minor=True),
    ]
    lines = [_line(context, desk, row) for row in rows]
    return block("办理", table("办理", columns, lines), flush=True, source=source_line("疑点库"))


def _line(context: Context, desk: Desk, row: Row) -> Line:
    case, told, steps = row
    name: Node = [
        level_chip(told["level"]) if told["level"] else None,
        " ",
        link(f"{case.id} {case.title}", context.address.at("case", case.id)),
    ]
    mark = _mark(told)
    due: Node = [_due(told) or "—", " ", tag(mark) if mark else None]
    place = place_text(context, told["addressee"]) if told["addressee"] else "—"
    return Line([name, desk.state(case).title, place, due, "、".join(steps) or "—"])
