"""到达情况 on the 数据质量 page: what arrived, what did not, since when, why."""

from __future__ import annotations

from datetime import UTC, date, datetime

from budget_watch.calendar.due import Span
from budget_watch.lake import day_runs
from budget_watch.lake.owing import STATES, Delivered
from budget_watch.views import formats as fmt
from budget_watch.views.due_board import SIGNS, Board, Row, asked_on, due_board
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import source
from dashboard.parts import Node, attrs, block, empty, link
from dashboard.table import Column, Line, table

SPANS: dict[Span, str] = {"day": "按日", "month": "按月", "quarter": "按季", "year": "按年"}
ORDER = ("late", "today", "waiting", "never", "hand")
KEY = "图例 " + "　".join(f"{SIGNS[state]} {word}" for state, word in STATES.items())


def board(context: Context) -> Board:
    """The board of the page's snapshot; asked today on the latest, on its own day otherwise."""
    today = context.as_of
    if context.latest:
        today = asked_on(context.home, context.snapshot, datetime.now(UTC))
    last = day_runs.day_runs(context.home, limit=1)
    mark = [(run.id, run.outcome, run.phase) for run in last]
    return context.kept(
        "due",
        lambda: due_board(context.home, context.snapshot, today),
        today.isoformat(),
        str(mark),
    )


def due_block(context: Context) -> html.Section:
    """Everything that is not simply there, the longest missing first.

    Tables that never came and that no source is asked for are only counted.
    """
    found = board(context)
    rows = sorted(found.of(*ORDER), key=_urgency)
    rows = [row for row in rows if row.why or row.owing.ever]
    columns = [
        Column("报表", width="24%"),
        Column("送数部门", minor=True),
        Column("状态"),
        Column("缺哪些期"),
        Column("应送达"),
        Column("已迟", number=True),
        Column("原因", long=True),
        Column("近几期", minor=True, width="200px"),
    ]
    lines = [Line(_cells(context, row)) for row in rows]
    there = len(found.of("arrived", "event"))
    inside: list[Node] = [html.P(found.sentence)]
    if found.run is not None:
        inside.append(html.P(found.run_sentence))
    body: Node = (
        table("没有到或还没有到期的报表", columns, lines) if lines else empty("各期都已到。")
    )
    return block(
        "到达情况",
        [html.Div(inside, className="lead-in"), body],
        flush=True,
        unit=KEY,
        sub=f"问于 {fmt.day(found.today)}；另有{there}项已到或随业务送达；休息日到期的顺延",
        source=source(context, "入库批次账、运行记录、工作日历"),
        id="due",
    )


def periods_block(context: Context, name: str) -> html.Section:
    """The last periods of one table: when each was due, when it came."""
    rows = [row for row in board(context).rows if row.owing.contract.name == name]
    columns = [
        Column("期", width="30%"),
        Column("状态"),
        Column("应送达"),
        Column("到达"),
        Column("说明", long=True),
    ]
    lines: list[Line] = []
    for row in rows:
        shown = dict.fromkeys((*row.owing.missing, *row.owing.recent))
        for one in sorted(shown, key=lambda one: one.period, reverse=True):
            lines.append(Line(_period_cells(one)))
    body: Node = table("各期到达", columns, lines) if lines else empty(_none(rows))
    why = next((row.why for row in rows if row.why), "")
    return block(
        "各期到达",
        body,
        flush=True,
        sub=why or None,
        source=source(context, "入库批次账、工作日历"),
    )


def _urgency(row: Row) -> tuple[int, date, str]:
    state, first = row.owing.state, row.since
    due = first.due if first else row.owing.waiting[0].due if row.owing.waiting else date.max
    return ORDER.index(state), due, row.owing.contract.code


def _cells(context: Context, row: Row) -> list[Node]:
    one, dash = row.owing, fmt.NOT_APPLICABLE
    to = context.address.at("data", one.contract.name, keep=("asof", "snap"))
    waited = one.waiting[0] if one.waiting else None
    due = row.since or waited
    name = f"{one.contract.code} {one.contract.title}"
    if one.span is not None and len(one.contract.due) > 1:
        name += f"（{SPANS[one.span]}）"
    return [
        link(name, to),
        one.contract.delivering_dept,
        f"{row.sign} {row.word}",
        row.missing or (waited.title if waited else dash),
        fmt.day(due.due) if due else dash,
        f"{due.late}个工作日" if due and due.late else dash,
        html.Span(row.why or dash, className="anywhere"),
        _strip(one.recent) if one.recent else dash,
    ]


def _strip(recent: tuple[Delivered, ...]) -> html.Span:
    """The last periods as signs, oldest first; each says its period when pointed at."""
    words = "，".join(f"{one.title}{STATES[one.state]}" for one in recent)
    signs = [
        html.Span(SIGNS[one.state], title=f"{one.title} {STATES[one.state]}") for one in recent
    ]
    return html.Span(signs, className="periods", role="img", **attrs({"aria-label": words}))


def _period_cells(one: Delivered) -> list[Node]:
    dash = fmt.NOT_APPLICABLE
    said = []
    if one.in_time is False:
        said.append("迟于期限送达")
    if one.in_time is None and one.arrived:
        said.append("随更长一期或手工送达，不判断是否及时")
    if one.late:
        said.append(f"已迟{one.late}个工作日")
    if one.lacking:
        said.append(f"比上月少{len(one.lacking)}个区划：{'、'.join(one.lacking)}")
    if not one.announced:
        said.append("期限按推算的工作日")
    return [
        one.title,
        f"{SIGNS[one.state]} {STATES[one.state]}",
        fmt.day(one.due),
        fmt.day(one.arrived) if one.arrived else dash,
        "；".join(said) or dash,
    ]


def _none(rows: list[Row]) -> str:
    states = {row.owing.state for row in rows}
    if "never" in states:
        return "从未送达，没有可列的期。"
    if "hand" in states:
        return "只手工载入过，不按期计应到。"
    return "随业务送达，没有固定的期。"
