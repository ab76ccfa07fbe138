"""总览 /overview: the day in two minutes, worst first (pages.md §3.1)."""

from __future__ import annotations

from collections import Counter

from dash import html

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts, drill
from budget_watch.views import formats as fmt
from budget_watch.views.books import BOOKS, FUNDS, Side, side
from budget_watch.views.debt import position
from budget_watch.views.drill import Amounts
from budget_watch.views.overview import Conclusion, conclude
from budget_watch.views.span import Place as BookPlace
from budget_watch.views.three_public import three_public
from dashboard.address import Address
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.alerts import owner
from dashboard.pages.data import arrived, reports
from dashboard.pages.execution import SCOPE_TITLES
from dashboard.pages.place_text import pace_words, source
from dashboard.parts import (
    Node,
    attrs,
    block,
    bullet,
    class_tag,
    empty,
    figure,
    insufficient,
    level_chip,
    link,
    missing,
    number_and_unit,
    segments,
    tag,
)
from dashboard.table import Column, Line, table


def page(context: Context) -> Page:
    """The day's page."""
    address = context.address
    scope = {"all": "all", "county": "county"}.get(address.get("scope"), "local")
    run = context.kept("run", lambda: alerts.latest_run(context.home), "now")
    found = alerts.open_findings(context.home, context.grant)
    fresh = alerts.fresh(context.home, context.grant, run)
    general = _paid(context, scope, "11")
    conclusion = conclude(
        context.span,
        general.spent,
        general.current,
        fresh,
        sum(a.state in ("late", "never") for a in reports(arrived(context))),
    )
    rows: list[Node] = [
        _books(context, scope),
        html.Div([_slowest(context, scope), _new(context, found, fresh)], className="cols-2"),
        html.Div(
            [_debt(context, scope), _three_public(context, scope), _handling(context, found)],
            className="cols-3",
        ),
        _arrivals(context),
    ]
    return Page(
        "总览",
        [html.Div(rows, className="rows")],
        lead=_sentence(conclusion),
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


def _sentence(conclusion: Conclusion) -> str:
    return "；".join(conclusion.facts) + "。"


def _paid(context: Context, scope: str, fund: str) -> Amounts:
    place = drill.Place(scope, (("f", fund),))  # type: ignore[arg-type]
    return context.kept(
        "total", lambda: drill.total(context.cube, place, context.span), place, context.span
    )


def _books(context: Context, scope: str) -> html.Section:
    cards = [_book(context, scope, book) for book in BOOKS]
    return block(
        "四本预算",
        html.Div(cards, className="cols-4 divided"),
        flush=True,
        sub=f"{SCOPE_TITLES[scope]}，支出 = Σ支付凭证，进度 = 支出 ÷ 变动预算",  # type: ignore[index]
        source=source(
            context, "FIN-15 国库集中支付凭证表", "FIN-12 指标表", "FIN-06 社会保险基金预算表"
        ),
    )


def _book(context: Context, scope: str, book: str) -> html.Div:
    if book == "社会保险基金":
        return _social(context, scope)
    fund = FUNDS[book]
    amounts = _paid(context, scope, fund)
    if amounts == Amounts():
        why = f"{context.span.as_of}没有{book}的指标和支付凭证"
        return figure(f"{book}支出", None, why=why, notes=[why])
    number, unit = number_and_unit(fmt.sentence_money(amounts.spent))
    done = fmt.ratio(amounts.spent, amounts.current)
    text = fmt.share(amounts.spent, amounts.current)
    gap = fmt.gap(done, context.span.pace)
    return figure(
        f"{book}支出",
        number,
        unit,
        to=Address("exec", (f"f{fund}",), context.address.query),
        bar=html.Div(
            [bullet(done, context.span.pace, label=f"支出进度{text}"), html.Span(text)],
            className="with-bar",
        ),
        notes=[
            fmt.points_sentence(gap, "时间进度"),
            f"同比 {fmt.growth(amounts.spent, amounts.before)}",
        ],
        defined=[
            ("公式", "支出进度 = 支出 ÷ 变动预算"),
            ("年初预算", fmt.sentence_money(amounts.initial)),
            ("调整预算", fmt.sentence_money(amounts.approved)),
            ("变动预算", fmt.sentence_money(amounts.current)),
            ("上年同期", fmt.sentence_money(amounts.before)),
            ("时间进度", pace_words(context)),
        ],
    )


def _social(context: Context, scope: str) -> html.Div:
    """Social insurance is not paid by vouchers: the monthly report, with its own date."""
    book = "社会保险基金"
    place = _book_place(context, scope)
    if place is None:
        return figure(f"{book}支出", None, why="没有送达 FIN-06 社会保险基金预算表")
    found: Side = context.kept(
        "side",
        lambda: side(context.desk, place, context.span, book, "支出"),
        place,
        context.span,
        book,
    )
    text = fmt.figure_text(found.ytd)
    if text is None:
        return figure(
            f"{book}支出", None, why=found.ytd.why or "未送达", notes=[found.ytd.why or "未送达"]
        )
    number, unit = number_and_unit(text)
    progress = fmt.figure_text(found.progress) or fmt.NOT_APPLICABLE
    return figure(
        f"{book}支出",
        number,
        unit,
        bar=html.Div(
            [
                bullet(found.progress.exact, found.pace.exact, label=f"支出进度{progress}"),
                html.Span(progress),
            ],
            className="with-bar",
        ),
        notes=[
            f"截至 {found.ytd.origin.as_of}（{found.ytd.origin.stage}）",
            f"同比 {fmt.figure_text(found.yoy) or fmt.NOT_APPLICABLE}",
        ],
        defined=[
            ("公式", "累计支出 ÷ 年初预算（各险种支出合计）"),
            ("期间", found.ytd.origin.as_of),
            ("范围", found.ytd.origin.scope_kind),
        ],
    )


def _book_place(context: Context, scope: str) -> BookPlace | None:
    city = context.city
    if city is None:
        return None
    return BookPlace(city.region, "全市" if scope == "all" else "本级", city.name)


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
    run = alerts.latest_run(context.home)
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
                level_chip(f.level, f.provisional),
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
    more = link(
        f"全部{fmt.count(len(found))}条", context.address.at("alerts", keep=("asof", "snap"))
    )
    judged = f"{len(run.tallies)}条规则判断{fmt.count(run.total('judged'))}次"
    body: Node = table("疑点", columns, lines) if lines else empty(f"没有命中。{judged}。")
    return block(
        title,
        body,
        flush=True,
        unit=more,
        sub=f"业务日 {fmt.day(run.as_of)}，{judged}",
        source=source(context, "疑点库"),
    )


def _debt(context: Context, scope: str) -> html.Section:
    place = _book_place(context, scope)
    if place is None:
        return block("债务限额使用", insufficient("缺 FIN-24 政府债务限额与余额表。"), flush=True)
    found = context.kept(
        "position", lambda: position(context.desk, place, context.span), place, context.span
    )
    lines = []
    for limit in found.limits:
        if limit.balance.value is None or not limit.limit.value:
            lines.append(Line([limit.kind, missing(limit.limit.why or "未送达"), fmt.MISSING]))
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
    columns = [Column("债务", width="22%"), Column("余额", number=True), Column("占法定限额")]
    return block(
        "债务限额使用",
        table("债务限额使用", columns, lines),
        flush=True,
        unit="单位：亿元",
        sub=f"{origin.as_of}，{origin.scope_kind}，{origin.stage}",
        source=source(context, "FIN-24"),
    )


def _three_public(context: Context, scope: str) -> html.Section:
    place = _book_place(context, scope)
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
        text = fmt.figure_text(each.progress) or fmt.NOT_APPLICABLE
        name = "合计（五项科目）" if at == 0 else each.name
        lines.append(
            Line(
                [
                    name,
                    missing(each.spent.why or "未送达") if spent is None else context.money(spent),
                    html.Span(
                        [
                            bullet(each.progress.exact, context.span.pace, label=f"占预算{text}")
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


def _handling(context: Context, found: list[Finding]) -> html.Section:
    states = Counter(f.work_state for f in found)
    levels = Counter(f.level for f in found)
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
    for level in ("red", "orange", "yellow", "blue"):
        lines.append(
            Line(
                [
                    [level_chip(level)],
                    link(
                        fmt.count(levels[level]), context.address.at("alerts", keep=keep, lv=level)
                    ),
                ]
            )
        )
    return block(
        "办理",
        table("办理", columns, lines),
        flush=True,
        sub="疑点按办理状态和级别",
        source=source(context, "疑点库"),
    )


def _arrivals(context: Context) -> html.Section:
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
