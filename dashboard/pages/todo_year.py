"""On 我的待办: the demands and the agenda items that wait for the reader."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.cases import actor_of, today_of
from budget_watch.meetings.agenda import agenda_flow
from budget_watch.meetings.demands import DemandDesk
from budget_watch.meetings.waiting import (
    WaitingDemand,
    WaitingItem,
    waiting_demands,
    waiting_items,
)
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.acting import chooses_role
from dashboard.context import Context
from dashboard.pages.demand_list import SOURCE as LEDGER
from dashboard.pages.demand_list import due_node, whom
from dashboard.parts import Node, block, link, source_line, tag
from dashboard.table import Column, Line, table

MOST = 50  # lines of a block
_LONG = 60


def demands_waiting(context: Context) -> list[WaitingDemand]:
    """The demands that wait for the reader; the local operator has every role."""
    actor = actor_of(context.home, context.grant)
    every = tuple(DemandDesk.of(context.home).flow.party)
    roles = every if chooses_role(context.grant) else (actor.role,)
    return waiting_demands(context.home, actor, roles, today_of())


def items_waiting(context: Context) -> list[WaitingItem]:
    """The agenda items that wait for the reader; the local operator has every role."""
    flow, actor = agenda_flow(), actor_of(context.home, context.grant)
    every = tuple(dict.fromkeys((*flow.keepers, *flow.closers)))
    roles = every if chooses_role(context.grant) else (actor.role,)
    return waiting_items(context.reader, actor, roles, today_of())


def demands_block(context: Context, found: Sequence[WaitingDemand]) -> list[html.Section]:
    """The demands, the first due first; nothing where there is none."""
    if not found:
        return []
    desk, today = DemandDesk.of(context.home), today_of()
    columns = [Column("要求", long=True, width="38%"), Column("承办", minor=True)]
    columns += [Column("期限"), Column("状态"), Column("可以办")]
    lines = []
    for each in found[:MOST]:
        one = each.demand
        text = one.text if len(one.text) <= _LONG else f"{one.text[: _LONG - 1]}…"
        name = link(f"{one.id} {text}", context.address.at("resolution", one.id, keep=()))
        to = "、".join(whom(context, code) for code in one.addressees)
        stand = tag(one.state, plain=True)
        steps = "、".join(each.steps)
        lines.append(Line([name, to, due_node(desk, one, today), stand, steps]))
    return [_block(context, "决议事项", columns, lines, len(found), LEDGER, "resolution")]


def items_block(context: Context, found: Sequence[WaitingItem]) -> list[html.Section]:
    """The items, the next meeting first; nothing where there is none."""
    if not found:
        return []
    today = today_of()
    columns = [Column("议题", long=True, width="38%"), Column("会议", minor=True)]
    columns += [Column("日期"), Column("准备"), Column("可以办")]
    lines = []
    for each in found[:MOST]:
        one = each.item
        left = (one.held - today).days
        said = f"还有{left}天" if left > 0 else "今天" if left == 0 else f"已开{-left}天"
        name = link(f"{one.id} {one.title}", context.address.at("agenda", one.id, keep=()))
        when = html.Div([fmt.day(one.held), " ", tag(said, plain=left > 0)])
        owner = context.called(one.owner) if one.owner else "没有指派"
        lines.append(Line([name, one.meeting, when, owner, each.step]))
    return [_block(context, "会议议题", columns, lines, len(found), "会议议题", "agenda")]


def _block(
    context: Context,
    title: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    count: int,
    source: str,
    page: str,
) -> html.Section:
    body: list[Node] = [table(title, columns, lines)]
    if count > len(lines):
        more = link(f"另有{count - len(lines)}项", context.address.at(page, keep=()))
        body.append(html.P(more, className="tools inner note"))
    return block(title, body, flush=True, sub=f"{count}项", source=source_line(source))
