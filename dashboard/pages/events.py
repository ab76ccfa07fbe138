"""大事记 /events: a year's meetings, nodes, 决议事项, letters and reports on one line of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from budget_watch.casework.cases import HERE, actor_of
from budget_watch.digest.issues import list_issues
from budget_watch.views import formats as fmt
from budget_watch.views.chronicle import DIGEST, KINDS, Event, events
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.calendar import nodes_of, standings
from dashboard.parts import Node, block, empty, link, segments, source_line, tag
from dashboard.table import Column, Line, table

_MOST = 300
_CODES = dict(zip(("meeting", "node", "demand", "letter", "digest"), KINDS, strict=True))


def page(context: Context) -> Page:
    """The line of time, the latest first."""
    year = _year(context)
    kind = context.address.get("tab")
    if kind and kind not in _CODES:
        raise AddressError(f"大事记没有“{kind}”这一类。")
    every = _events(context, year)
    counts = Counter(each.kind for each in every)
    shown = [each for each in every if not kind or each.kind == _CODES[kind]]
    here = context.address
    now = context.as_of.year
    years = [(f"{each}年", here.with_query(year=str(each))) for each in (now - 2, now - 1, now)]
    kinds = [(f"全部 {len(every)}", here.with_query(tab=None))]
    kinds += [
        (f"{word} {counts[word]}", here.with_query(tab=code))
        for code, word in _CODES.items()
        if counts[word]
    ]
    return Page(
        f"大事记 {year}年",
        [html.Div([_list(context, shown, year)], className="rows")],
        lead=_lead(every, counts, year),
        tools=[
            segments("年度", years, here.with_query(year=str(year))),
            segments("种类", kinds, here),
        ],
        tab_title=f"大事记 {year}年",
    )


def _year(context: Context) -> int:
    asked = context.address.get("year")
    if asked and int(asked) > context.as_of.year:
        raise AddressError(f"大事记只到{context.as_of.year}年。")
    return int(asked) if asked else context.as_of.year


def _events(context: Context, year: int) -> list[Event]:
    actor = actor_of(context.home, context.grant)
    nodes = standings(context, nodes_of(context), year) if context.city else ()
    found = events(context.home, context.reader, actor, nodes, year)
    for issue in list_issues(context.home, context.grant):
        if issue.made is None:
            continue
        day = datetime.fromisoformat(issue.started_at).astimezone(HERE).date()
        if day.year == year:
            said = "已公布" if issue.published else "已生成，没有公布"
            title = f"{issue.made.title} {issue.made.subtitle}"
            found.append(Event(day, DIGEST, title, ("digest", issue.period), said))
    return sorted(found, key=lambda each: each.day, reverse=True)


def _lead(every: Sequence[Event], counts: Counter[str], year: int) -> str:
    if not every:
        return f"{year}年还没有记载。"
    told = "，".join(f"{word}{counts[word]}件" for word in KINDS if counts[word])
    last = every[0]
    return f"{year}年{told}；最近一件是{fmt.day_sentence(last.day)}“{last.title}”。"


def _list(context: Context, shown: Sequence[Event], year: int) -> Node:
    if not shown:
        return empty(
            f"{year}年没有这一类的记载。", link("看全部", context.address.with_query(tab=None))
        )
    columns = [
        Column("日期", width="112px"),
        Column("种类", width="96px"),
        Column("事项", long=True),
    ]
    columns.append(Column("结果、文号", minor=True, width="30%"))
    lines = [
        Line(
            [
                fmt.day(each.day),
                tag(each.kind, plain=True),
                link(each.title, context.address.at(*each.at, keep=())),
                each.note or fmt.NOT_APPLICABLE,
            ]
        )
        for each in shown[:_MOST]
    ]
    body: list[Node] = [table("大事记", columns, lines)]
    if len(shown) > _MOST:
        body.append(html.P(f"另有{len(shown) - _MOST}件没有列出。", className="tools inner note"))
    return block(
        "大事记",
        body,
        flush=True,
        source=source_line(
            "REF-03 会议议题决议表",
            "FIN-29 程序节点与公开登记表",
            "决议事项台账",
            "疑点办理",
            "季刊",
            f"快照 {context.snapshot.id}",
        ),
    )
