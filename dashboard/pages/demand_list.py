"""决议事项 as a table: on their own page, beside the draft's review, on an agenda item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from budget_watch.meetings.demands import GOVERNMENT, LATE, Demand, DemandDesk
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.forms import place_text
from dashboard.parts import Node, block, link, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "决议事项台账"
_LONG = 60  # characters of a demand in a table


def whom(context: Context, code: str) -> str:
    """An addressee's name."""
    return "本级人民政府" if code == GOVERNMENT else place_text(context, code)


def demand_table(
    context: Context, desk: DemandDesk, found: Sequence[Demand], today: date, caption: str
) -> Node:
    """The table; `found` is not empty."""
    columns = [
        Column("要求", long=True, width="38%"),
        Column("出处", minor=True),
        Column("承办"),
        Column("期限"),
        Column("状态"),
        Column("评价"),
    ]
    return table(caption, columns, [_line(context, desk, each, today) for each in found])


def _line(context: Context, desk: DemandDesk, one: Demand, today: date) -> Line:
    text = one.text if len(one.text) <= _LONG else f"{one.text[: _LONG - 1]}…"
    name = html.Div(
        [
            link(text, context.address.at("resolution", one.id), title=one.text),
            html.Div(one.id, className="note"),
        ]
    )
    source = html.Div([one.source, html.Div(one.number or one.title, className="note")])
    return Line(
        [
            name,
            source,
            "、".join(whom(context, code) for code in one.addressees),
            due_node(desk, one, today),
            tag(one.state, plain=desk.state(one).final),
            one.word or fmt.NOT_APPLICABLE,
        ]
    )


def due_node(desk: DemandDesk, one: Demand, today: date) -> Node:
    """Its last day, and how many working days are left or over while it counts."""
    mark, day = desk.mark(one, today), fmt.day(one.due)
    if not desk.state(one).running:
        return day
    left = desk.left(one, today)
    said = (
        f"逾期{-left}个工作日"
        if mark == LATE
        else "今天到期"
        if left == 0
        else f"还有{left}个工作日"
    )
    return html.Div([day, " ", tag(said, plain=mark is None)])


def carried_block(
    context: Context, desk: DemandDesk, found: Sequence[Demand], year: int, today: date
) -> html.Section:
    """What the review of a year's draft asks of the demands of the year before."""
    counted = desk.flow.evaluation.counted
    open_ = [each for each in found if not desk.state(each).final]
    good = sum(each.word in counted for each in found)
    late = sum(desk.mark(each, today) == LATE for each in found)
    said = f"{year - 1}年及以前提出、要在审查{year}年草案时问的{len(found)}项："
    said += f"没有办结{len(open_)}项（逾期{late}项），评价为满意或基本满意{good}项。"
    ways = html.P(
        [
            said,
            "预算法第四十九条要求审查结果报告对上一年落实预算决议的情况作出评价；"
            "评价由委员会作出，这里只列事项和状态。",
        ],
        className="tools inner note",
    )
    body = demand_table(context, desk, found, today, "上年决议事项")
    return block(
        "上年决议、审议意见落实情况",
        [body, ways],
        flush=True,
        sub=f"{len(open_)}项没有办结",
        source=source_line(SOURCE, link("台账", context.address.at("resolution"))),
        id="demands",
    )
