"""One month of 监督日历: weeks from Monday, days off marked, the nodes on their days."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from datetime import date

from budget_watch.engine.workdays import calendar_of
from budget_watch.views import formats as fmt
from budget_watch.views.supervision_year import Standing
from dashboard import elements as html
from dashboard.context import Context
from dashboard.parts import Node, block, link, source_line, tag

_WEEK = "一二三四五六日"


def month_block(context: Context, found: Sequence[Standing], year: int) -> html.Section:
    """The month that `mon` asks for, else the as-of day's, or January of another year."""
    asked = context.address.get("mon")
    month = int(asked) if asked else context.as_of.month if year == context.as_of.year else 1
    head = html.Thead(html.Tr([html.Th(f"周{name}", scope="col") for name in _WEEK]))
    weeks = Calendar(0).monthdatescalendar(year, month)
    rows = [
        html.Tr([_cell(context, day, month, found) for day in week], className="week")
        for week in weeks
    ]
    grid = html.Table(
        [html.Caption(f"{year}年{month}月", className="sr"), head, html.Tbody(rows)],
        className="month",
    )
    undated = [each for each in found if each.due is None and each.node.around == month]
    outside = [each for each in found if each.due and each.due.day.year != year and month == 1]
    body: list[Node] = [html.Div(grid, className="scroll", tabIndex="0", role="region")]
    if undated:
        names = "、".join(each.node.title for each in undated)
        told = f"通常在本月、日期缺的：{names}。"
        body.append(html.P(told, className="tools inner note"))
    if outside:
        names = "、".join(
            f"{each.node.title}（{fmt.day(each.due.day)}）" for each in outside if each.due
        )
        body.append(html.P(f"属于本年、日子在别的年份的：{names}。", className="tools inner note"))
    return block(
        f"{year}年{month}月",
        body,
        flush=True,
        unit=_turn(context, month),
        source=source_line(
            "FIN-29 程序节点与公开登记表",
            f"业务日 {fmt.day(context.as_of)}",
            f"快照 {context.snapshot.id}",
        ),
    )


def _turn(context: Context, month: int) -> Node:
    parts: list[Node] = []
    for name, to in (("上月", month - 1), ("下月", month + 1)):
        if 1 <= to <= 12:
            parts += [
                link(
                    name,
                    context.address.with_query(mon=str(to)),
                    replace=True,
                    className="button",
                ),
                " ",
            ]
    return html.Span(parts)


def _cell(context: Context, day: date, month: int, found: Sequence[Standing]) -> html.Td:
    if day.month != month:
        return html.Td(html.Small(f"{day:%m-%d}", className="note"), className="other")
    calendar = calendar_of(context.reader)
    off = not calendar.is_workday(day)
    told: list[Node] = [html.Span(str(day.day), className="day")]
    if off:
        told.append(html.Span(" 休", className="note"))
    if not calendar.is_announced(day, day):
        told.append(html.Span(" 推算", className="note", title="节假日安排尚未公布"))
    here = [each for each in found if each.due is not None and each.due.day == day]
    for each in here:
        to = context.address.with_query(tab=None, mon=None)
        name = f"{each.node.title}{f'（{each.part}）' if each.part else ''}"
        told.append(html.Div([tag(each.state), " ", link(name, to)], className="on-day"))
    marks = [*(["off"] if off else []), *(["today"] if day == context.as_of else [])]
    marks += ["bare"] if not here else []
    return html.Td(told, className=" ".join(marks) or None)
