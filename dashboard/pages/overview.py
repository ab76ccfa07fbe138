"""总览 /overview: the day in two minutes, worst first (pages.md §3.1)."""

from __future__ import annotations

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts, drill
from budget_watch.views import formats as fmt
from budget_watch.views.overview import Conclusion, conclude
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.alerts import chip_of, owner
from dashboard.pages.data import arrived, reports
from dashboard.pages.execution import SCOPE_TITLES
from dashboard.pages.overview_blocks import arrivals, debt, handling, three_public_block
from dashboard.pages.overview_books import books, lacks, paid
from dashboard.pages.place_text import pace_words, source
from dashboard.parts import (
    Node,
    block,
    bullet,
    class_tag,
    empty,
    insufficient,
    link,
    segments,
)
from dashboard.table import Column, Line, table


def page(context: Context) -> Page:
    """The day's page."""
    address = context.address
    scope = {"all": "all", "county": "county"}.get(address.get("scope"), "local")
    run = context.last_run
    found = alerts.open_findings(context.home, context.grant)
    fresh = alerts.fresh(context.home, context.grant, run)
    general = paid(context, scope, "11")
    conclusion = conclude(
        context.span,
        general.spent,
        general.current,
        fresh,
        sum(a.state in ("late", "never") for a in reports(arrived(context))),
        lacks(context, scope, "11"),
    )
    rows: list[Node] = [
        books(context, scope),
        html.Div([_slowest(context, scope), _new(context, found, fresh)], className="cols-2"),
        html.Div(
            [debt(context, scope), three_public_block(context, scope), handling(context, found)],
            className="cols-3",
        ),
        *([arrivals(context)] if context.grant.whole else []),
    ]
    return Page(
        "总览",
        [html.Div(rows, className="rows")],
        lead=_sentence(context, conclusion),
        tools=[
            segments(
                "范围口径",
                [
                    (title, address.with_query(scope=None if s == "local" else s))
                    for s, title in SCOPE_TITLES.items()
                ],
                address,
            ),
            html.Span(
                f"期间 {context.span.as_of}；时间进度 "
                f"{fmt.share(context.span.pace.numerator, context.span.pace.denominator)}"
                f"（{pace_words(context)}）",
                className="note",
            ),
        ],
    )


def _sentence(context: Context, conclusion: Conclusion) -> str:
    before = "您的范围内：" if context.grant.scope.own else ""
    return before + "；".join(conclusion.facts) + "。"


def _slowest(context: Context, scope: str) -> html.Section:
    by = "z" if scope == "county" else "d"
    place = drill.Place(scope, (("f", "11"),))  # type: ignore[arg-type]
    divided = context.kept(
        "divide",
        lambda: drill.divide(context.cube, place, context.span, by, "progress"),
        place,
        context.span,
        by,
        "progress",
    )
    rows = [row for row in divided.rows if row.amounts.current > 0][:10]
    columns = [
        Column("部门" if by == "d" else "县区", width="34%"),
        Column("变动预算", number=True, minor=True),
        Column("支出", number=True),
        Column("支出进度"),
        Column("较时间进度", number=True, minor=True),
    ]
    lines = []
    for row in rows:
        a = row.amounts
        done, text = fmt.ratio(a.spent, a.current), fmt.share(a.spent, a.current)
        to = Address("exec", ("f11", f"{by}{row.code}"), context.address.query)
        name = context.names.of(by, row.code)
        lines.append(
            Line(
                [
                    link(html.Span(name, className="clip", title=name), to),
                    context.money(a.current),
                    link(context.money(a.spent), to),
                    html.Span(
                        [bullet(done, context.span.pace, label=f"支出进度{text}"), html.Span(text)],
                        className="with-bar",
                    ),
                    fmt.points(fmt.gap(done, context.span.pace)).removesuffix("个百分点"),
                ]
            )
        )
    body: Node = table("进度最慢的部门", columns, lines) if lines else empty("没有列入预算的部门。")
    return block(
        "支出进度最慢的10个部门" if by == "d" else "各县区支出进度，从慢到快",
        body,
        flush=True,
        unit=context.unit_title,
        sub="一般公共预算；较时间进度为个百分点",
        source=source(context, "FIN-12 指标表", "FIN-15 国库集中支付凭证表"),
    )


def _new(context: Context, found: list[Finding], fresh: list[Finding]) -> html.Section:
    run = context.last_run
    if run is None:
        return block(
            "疑点",
            insufficient("尚无规则运行记录。请运行 budget-watch check。"),
            flush=True,
            source=source(context, "疑点库"),
        )
    shown = (fresh or found)[:10]
    title = (
        f"新增疑点 {fmt.count(len(fresh))}"
        if fresh
        else f"疑点 {fmt.count(len(found))}，本次运行没有新增"
    )
    columns = [
        Column("级别", width="92px"),
        Column("类", minor=True, width="44px"),
        Column("规则与对象", long=True),
        Column("首见", minor=True),
    ]
    keep = ("asof", "snap")
    lines = [
        Line(
            [
                chip_of(context, f),
                class_tag(f.klass),
                link(
                    html.Span(f"{f.rule} {f.title} · {owner(context, f)}", className="clip one"),
                    context.address.at("finding", f.finding[:16], keep=keep),
                    title=f.message,
                ),
                fmt.day(f.first_seen),
            ]
        )
        for f in shown
    ]
    more: Node = link(
        f"全部{fmt.count(len(found))}条", context.address.at("alerts", keep=("asof", "snap"))
    )
    if fresh:
        new = context.address.at("alerts", keep=("asof", "snap"), new="1")
        more = [link(f"新增{fmt.count(len(fresh))}条", new), " ", more]
    judged = run.counted
    trial = len(alerts.on_trial(context.home, context.grant))
    if trial:
        apart = context.address.at("alerts", keep=("asof", "snap"), trial="1")
        more = html.Span([more, "　", link(f"试运行规则另有{fmt.count(trial)}条", apart)])
    body: Node = table("疑点", columns, lines) if lines else empty(f"没有命中。{judged}。")
    return block(
        title,
        body,
        flush=True,
        unit=more,
        sub="；".join(filter(None, (f"业务日 {fmt.day(run.as_of)}，{judged}", run.beside))),
        source=source(context, "疑点库"),
    )
