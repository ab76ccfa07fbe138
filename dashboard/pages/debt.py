"""政府债务 /debt: three limits judged apart, what falls due, and the counties (pages.md §3.5)."""

from __future__ import annotations

from fractions import Fraction

from budget_watch.engine.authority import standard
from budget_watch.engine.params import DatedValue
from budget_watch.views import formats as fmt
from budget_watch.views.debt import Debt, Limit, Position, debt, position, regions
from budget_watch.views.figure import Figure
from budget_watch.views.span import Place
from dashboard import chart
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.debt_limits import TABLE, defined_as, limits_used, share_used
from dashboard.pages.law_text import value_basis, value_text
from dashboard.pages.limits_block import limits_block
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    attrs,
    block,
    bullet,
    empty,
    figure,
    insufficient,
    link,
    missing,
    number_and_unit,
    segments,
)
from dashboard.table import Column, Line, table

BANDS = ("debt.ratio.notice", "debt.ratio.high", "debt.ratio.serious")
RULES = ("ZW01", "ZW02", "ZW03", "ZW04", "ZW05", "ZW10")
TABLES = (TABLE, "FIN-25 政府债券台账")
SCOPES = (("本级", None), ("全市", "all"))


def page(context: Context) -> Page:
    """Debt of a place."""
    place = _place(context)
    if place is None:
        return Page(
            "政府债务",
            [
                insufficient(
                    "缺 FIN-24 政府债务限额与余额表，由财政局送达。",
                    link("查看数据质量", context.address.at("data")),
                )
            ],
        )
    found = context.kept(
        "debt", lambda: debt(context.desk, place, context.span, 36), place, context.span
    )
    body = [
        _elsewhere(context, place, found),
        limits_used(context, found),
        _rates(context, found),
        _due(context, found),
        _regions(context, found),
        _issued(context, found),
        limits_block(context, RULES),
    ]
    return Page(
        f"{place.called}政府债务",
        [html.Div(body, className="rows")],
        lead=_lead(found, place),
        crumbs=_crumbs(context, place),
        tools=_tools(context, place),
    )


def _elsewhere(context: Context, place: Place, found: Debt) -> Node:
    """Where nothing of 本级 was delivered but the whole city's figures were: the way there."""
    city = context.city
    if city is None or place != city or found.position.limits[0].balance.known:
        return None
    whole = position(context.desk, Place(city.region, "全市", city.name), context.span)
    if not whole.limits[0].balance.known:
        return None
    when = whole.limits[0].balance.origin.as_of
    return insufficient(
        f"{place.called}的债务余额没有送达；已送达的是全市口径（{when}）。",
        link("查看全市", context.address.with_query(scope="all")),
    )


def _place(context: Context) -> Place | None:
    city = context.city
    if city is None:
        return None
    chosen = dict(context.address.place).get("z")
    if chosen and chosen != city.region:
        everywhere = {p.region: p for p in _everywhere(context)}
        if chosen not in everywhere:
            raise AddressError(f"没有区划 {chosen} 的债务数据。")
        return everywhere[chosen]
    if context.address.get("scope") == "all":
        return Place(city.region, "全市", city.name)
    return city


def _everywhere(context: Context) -> tuple[Place, ...]:
    found = context.kept("regions", lambda: regions(context.desk, context.span), context.span)
    return tuple(position.place for position in found)


def _crumbs(context: Context, place: Place) -> list[tuple[str, Address | None]]:
    if context.address.parts:
        return [("政府债务", context.address.at("debt")), (place.called, None)]
    return []


def _tools(context: Context, place: Place) -> list[Node]:
    if context.address.parts:
        return []
    address = context.address
    return [
        segments(
            "范围口径",
            [(title, address.with_query(scope=value)) for title, value in SCOPES],
            address,
        )
    ]


def _lead(found: Debt, place: Place) -> str:
    total = found.position.limits[0]
    if total.balance.value is None:
        return f"{place.called}的债务余额没有送达，不能与限额比较。"
    parts = [f"{total.balance.origin.as_of}余额{fmt.sentence_money(total.balance.value)}"]
    if total.limit.value:
        parts.append(f"占限额{share_used(total)}")
    rate = fmt.figure_text(found.position.rate)
    if rate:
        parts.append(f"债务率（测算）{rate}")
    half = fmt.figure_text(found.due_half_year)
    if half:
        parts.append(f"今后六个月到期本金{half}")
    return "，".join(parts) + "。"


def _rates(context: Context, found: Debt) -> html.Section:
    position = found.position
    cards: list[Node] = []
    rate = fmt.figure_text(position.rate)
    if rate is None:
        cards.append(insufficient(f"{position.rate.why or '综合财力未送达'}，不计算债务率。"))
    else:
        number, unit = number_and_unit(rate)
        cards.append(
            figure(
                "债务率（测算）",
                number,
                unit,
                defined=defined_as(position.rate),
                bar=_three_lines(context, position.rate.exact),
                notes=[
                    _lines_said(context),
                    "测算值，不等同于财政部风险等级评定结果",
                ],
            )
        )
    for of in (found.interest, found.overdue, found.due_half_year):
        text = fmt.figure_text(of)
        shown, unit = number_and_unit(text) if text else (None, "")
        cards.append(figure(of.label, shown, unit, defined=defined_as(of), why=of.why or ""))
    return block(
        "债务率与到期",
        html.Div(cards, className="cols-4 divided"),
        flush=True,
        source=source(context, *TABLES),
    )


def _bands(context: Context) -> list[tuple[str, DatedValue]]:
    """The lines that rule ZW02 holds a debt ratio against, as they are in force here."""
    known, region = book_of(context).params, context.city.region if context.city else None
    held = ((name, known[name].at(context.as_of, region)) for name in BANDS if name in known)
    return [(name, value) for name, value in held if value is not None]


def _lines_said(context: Context) -> Node:
    """The lines with the way to each parameter, and what they rest on."""
    parts: list[Node] = []
    bands = _bands(context)
    for name, held in bands:
        parts += ["、"] if parts else []
        to = context.address.at("params", name, keep=("asof", "snap"))
        parts.append(link(value_text(held.said.value), to))
    if not bands:
        return "没有登记债务率的线"
    name, held = bands[0]
    basis = value_basis(context, book_of(context), name, held.since, held.said.jurisdiction)
    whose = ["，", *basis] if basis else [f"（{standard(held.said.authority)}）"]
    return ["三条线：", *parts, *whose]


def _three_lines(context: Context, rate: Fraction | None) -> html.Span:
    """The measured rate against three plain lines on a scale from 0 to 350%."""
    top = Fraction(7, 2)
    done = min(rate or Fraction(0), top) / top
    marks: list[Node] = [html.Span(className="done", style={"width": f"{float(done) * 100:.2f}%"})]
    for line in (held.value for _, held in _bands(context)):
        marks.append(html.Span(className="tick", style={"left": f"{float(line / top) * 100:.2f}%"}))
    return html.Span(
        [html.Span(className="plan", style={"width": "100%"}), *marks],
        className="bullet",
        role="img",
        **attrs({"aria-label": f"债务率{fmt.share(done.numerator, done.denominator)}"}),
    )


def _due(context: Context, found: Debt) -> html.Section:
    months = found.due
    if not months or months[0].principal.value is None:
        why = months[0].principal.why if months else "缺债券台账"
        return block(
            "到期与付息", insufficient(f"{why}。"), flush=True, source=source(context, TABLES[1])
        )
    colours = chart.ink(context.dark)
    amounts = [(d.principal.value or 0, d.interest.value or 0) for d in months]
    largest = max(1, *(p + i for p, i in amounts))
    unit = chart.unit_for(largest)
    names = [f"{d.year}-{d.month:02}" for d in months]
    drawn = chart.base(colours, left=48)
    drawn.add(
        "bar",
        name="本金",
        x=names,
        y=[chart.scaled(p, unit) for p, _ in amounts],
        marker={"color": colours.actual},
        hovertext=[
            f"{n} 本金{fmt.sentence_money(p)}" for n, (p, _) in zip(names, amounts, strict=True)
        ],
        hoverinfo="text",
    )
    drawn.add(
        "bar",
        name="利息",
        x=names,
        y=[chart.scaled(i, unit) for _, i in amounts],
        marker={"color": colours.surface, "line": {"color": colours.actual, "width": 1}},
        hovertext=[
            f"{n} 利息{fmt.sentence_money(i)}" for n, (_, i) in zip(names, amounts, strict=True)
        ],
        hoverinfo="text",
    )
    ticks = [n for n in names if n.endswith(("-01", "-07"))]
    drawn.set(
        barmode="stack",
        bargap=0.25,
        xaxis={"type": "category", "tickvals": ticks, "ticktext": ticks},
    )
    chart.money_axis(drawn, largest, unit)
    principal, interest = sum(p for p, _ in amounts), sum(i for _, i in amounts)
    title = (
        f"今后{len(months)}个月到期本金{fmt.sentence_money(principal)}，"
        f"利息{fmt.sentence_money(interest)}"
    )
    columns = [Column("月份"), Column("本金", number=True), Column("利息", number=True)]
    rows: list[list[Node]] = [["合计", context.money(principal), context.money(interest)]]
    rows += [
        [n, context.money(p), context.money(i)] for n, (p, i) in zip(names, amounts, strict=True)
    ]
    return block(
        "到期与付息",
        chart.shown(
            drawn, title, f"实心为本金，空心为利息；按月，{fmt.UNIT_TITLES[unit]}", columns, rows
        ),
        flush=True,
        source=source(context, TABLES[1]),
    )


def _regions(context: Context, found: Debt) -> html.Section:
    columns = [
        Column("区划", width="22%"),
        Column("限额", number=True),
        Column("余额", number=True),
        Column("余量", number=True, minor=True),
        Column("限额使用"),
        Column("其中一般", number=True, minor=True),
        Column("其中专项", number=True, minor=True),
        Column("债务率（测算）", number=True),
        Column("时点", minor=True),
    ]
    lines = [_region(context, position) for position in found.regions]
    body: Node = (
        table("各级政府债务余额与限额", columns, lines) if lines else empty("没有分级债务数据。")
    )
    return block(
        "本级与各县区",
        body,
        flush=True,
        unit=context.unit_title,
        sub="按限额使用从高到低；各级分别判断，不相加",
        source=source(context, TABLES[0]),
    )


def _region(context: Context, position: Position) -> Line:
    total, general, special = position.limits
    money = context.money
    name = position.place.called
    share = fmt.NOT_APPLICABLE
    bar: Node = missing(total.limit.why or "限额未送达")
    if total.balance.value is not None and total.limit.value:
        share = share_used(total)
        bar = html.Span(
            [
                bullet(total.used.exact, Fraction(1), label=f"{name}限额使用{share}"),
                html.Span(share),
            ],
            className="with-bar",
        )

    def used(limit: Limit) -> Node:
        if limit.balance.value is None or not limit.limit.value:
            return missing(limit.limit.why or "未送达")
        return share_used(limit)

    def cell(of: Figure) -> Node:
        return missing(of.why or "未送达") if of.value is None else money(of.value)

    rate = fmt.figure_text(position.rate)
    return Line(
        [
            link(
                name,
                context.address.at(
                    "debt", f"z{position.place.region}", keep=("fy", "to", "asof", "snap", "unit")
                ),
            ),
            cell(total.limit),
            cell(total.balance),
            cell(total.room),
            bar,
            used(general),
            used(special),
            rate or missing(position.rate.why or "综合财力未送达"),
            total.balance.origin.as_of,
        ]
    )


def _issued(context: Context, found: Debt) -> html.Section:
    columns = [Column("发行"), Column("金额", number=True), Column("占比", number=True)]
    whole = found.issued_total.value
    if whole is None:
        return block(
            "本年发行",
            insufficient(f"{found.issued_total.why}。"),
            flush=True,
            source=source(context, TABLES[1]),
        )
    lines = [Line(["合计", context.money(whole), fmt.share(whole, whole)], "total")]
    listed = 0
    for of in found.issued:
        listed += of.value or 0
        lines.append(Line([of.label, context.money(of.value), fmt.share(of.value, whole)]))
    gap = whole - listed
    lines.append(Line(["差额（未列明）", context.money(gap), fmt.share(gap, whole)], "gap"))
    return block(
        "本年发行",
        table("本年发行", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=found.issued_total.origin.as_of,
        source=source(context, TABLES[1]),
    )
