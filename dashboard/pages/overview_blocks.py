"""The lower blocks of the first page: debt limits, 三公, work in hand, arrivals."""

from __future__ import annotations

from collections import Counter

from budget_watch.casework.findings import Finding
from budget_watch.views import formats as fmt
from budget_watch.views.debt import position
from budget_watch.views.three_public import three_public
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.data import arrived, reports
from dashboard.pages.overview_books import book_place
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    attrs,
    block,
    bullet,
    insufficient,
    link,
    missing,
    tag,
)
from dashboard.table import Column, Line, table


def debt(context: Context, scope: str) -> html.Section:
    """The use of the three debt limits, each judged apart."""
    place = book_place(context, scope)
    if place is None:
        return block("债务限额使用", insufficient("缺 FIN-24 政府债务限额与余额表。"), flush=True)
    found = context.kept(
        "position", lambda: position(context.desk, place, context.span), place, context.span
    )
    lines = []
    for limit in found.limits:
        if limit.balance.value is None or not limit.limit.value:
            lines.append(
                Line(
                    [
                        limit.kind,
                        missing(limit.limit.why or "未送达"),
                        missing(limit.limit.why or "未送达"),
                    ]
                )
            )
            continue
        text = fmt.near_limit(limit.balance.value, limit.limit.value)
        lines.append(
            Line(
                [
                    link(limit.kind, context.address.at("debt")),
                    fmt.table_money(limit.balance.value, "yi"),
                    html.Span(
                        [bullet(limit.used.exact, label=f"限额使用{text}"), html.Span(text)],
                        className="with-bar",
                    ),
                ]
            )
        )
    origin = found.limits[0].balance.origin
    columns = [Column("债务", width="22%"), Column("余额", number=True), Column("占限额")]
    return block(
        "债务限额使用",
        table("债务限额使用", columns, lines),
        flush=True,
        unit="单位：亿元",
        sub=f"{origin.as_of}，{origin.scope_kind}，{origin.stage}",
        source=source(context, "FIN-24"),
    )


def three_public_block(context: Context, scope: str) -> html.Section:
    """三公经费 by kind."""
    place = book_place(context, scope)
    title = "三公经费"
    if place is None:
        return block(title, insufficient("缺支付凭证和指标。"), flush=True)
    found = context.kept(
        "three_public", lambda: three_public(context.desk, place, context.span), place, context.span
    )
    columns = [Column("项目", width="36%"), Column("支出", number=True), Column("占预算")]
    lines = []
    for at, each in enumerate((found.total, *found.kinds)):
        spent = each.spent.value
        text: Node = fmt.figure_text(each.progress) or fmt.NOT_APPLICABLE
        if spent is None:
            text = missing(each.spent.why or "未送达")
        name: Node = each.name
        if at == 0:
            name = link("合计（五项科目）", context.address.at("sangong"))
        lines.append(
            Line(
                [
                    name,
                    missing(each.spent.why or "未送达") if spent is None else context.money(spent),
                    html.Span(
                        [
                            bullet(each.progress.exact, context.span.pace, label="占预算")
                            if each.progress.known
                            else html.Span(),
                            html.Span(text),
                        ],
                        className="with-bar",
                    ),
                ],
                "total" if at == 0 else "",
            )
        )
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub="按部门经济科目计，占变动预算",
        source=source(context, "FIN-15", "FIN-12"),
    )


def handling(context: Context, found: list[Finding]) -> html.Section:
    """Open findings by state of work and level; nothing can be said before the first run."""
    if context.last_run is None:
        return block(
            "办理",
            insufficient("尚无规则运行记录。请运行 budget-watch check。"),
            flush=True,
            source=source(context, "疑点库"),
        )
    states = Counter(f.work_state for f in found)
    columns = [Column("办理状态", width="60%"), Column("疑点", number=True)]
    keep = ("asof", "snap")
    lines = [
        Line(
            [link("合计", context.address.at("alerts", keep=keep)), fmt.count(len(found))], "total"
        )
    ]
    for state, number in states.most_common():
        lines.append(
            Line(
                [
                    [tag(state)],
                    link(fmt.count(number), context.address.at("alerts", keep=keep, st=state)),
                ]
            )
        )
    return block(
        "办理",
        table("办理", columns, lines),
        flush=True,
        sub="疑点按办理状态",
        source=source(context, "疑点库"),
    )


def arrivals(context: Context) -> html.Section:
    """One square a table: what came."""
    found = reports(arrived(context))
    from budget_watch.views.arrivals import STATES

    squares = []
    for a in found:
        sign, word = STATES[a.state]
        note = f"{a.contract.code} {a.contract.title}：{word}，覆盖至{a.reach_title}"
        squares.append(
            link(
                html.Span(sign),
                context.address.at("data", a.contract.name, keep=("asof", "snap")),
                title=note,
                className="in" if a.state == "arrived" else "late",
                **attrs({"aria-label": note}),
            )
        )
    counts = Counter(a.state for a in found)
    words = "　".join(f"{sign} {word}{counts[state]}" for state, (sign, word) in STATES.items())
    return block(
        "数据到达",
        html.Div(squares, className="squares"),
        sub=f"{len(found)}张表：{words}",
        source=source(context, "入库批次账"),
    )
