"""比较 on /exec (`cmp`): two spans or two places, a place among its peers; table beside chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from budget_watch.views import drill
from budget_watch.views import formats as fmt
from budget_watch.views.compare import GROUPS, Comparison, Pair, Side, compare
from budget_watch.views.drill import Amounts, Place
from budget_watch.views.span import Span
from dashboard import chart, reach
from dashboard import elements as html
from dashboard.address import LETTERS, Address
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.pages.peers_block import peers_block
from dashboard.pages.place_known import gaps, require_known
from dashboard.pages.place_text import BUDGETS, called, source
from dashboard.parts import Node, block, empty, insufficient, link, menu
from dashboard.table import Column, Line, table

LAST_YEAR, PEERS = "ly", "peers"
AMOUNTS = (
    ("initial", "年初预算"),
    ("approved", "调整预算"),
    ("current", "变动预算"),
    ("plan", "用款计划"),
    ("spent", "累计支出"),
    ("month", "末月支出"),
)
PARTS = 30  # so many parts are listed; the rest is one row
_MONTHS = 12


def block_of(context: Context, place: Place) -> list[Node]:
    """The comparison that the address asks for; nothing where it asks for none."""
    wanted = context.address.get("cmp")
    if not wanted:
        return []
    lacking = gaps(context, place)
    if lacking:
        return [block("比较", insufficient(f"{next(iter(lacking.values()))}。"),
                      source=source(context, *BUDGETS))]  # fmt: skip
    if wanted == PEERS:
        return [peers_block(context, place)]
    first, second = (place, context.span), other(context, place, wanted)
    found = context.kept("compare", lambda: compare(context.cube, first, second), first, second)
    names = _names(context, first, second)
    return [_figures(context, found, names), _divided(context, found, names)]


def other(context: Context, place: Place, wanted: str) -> tuple[Place, Span]:
    """The second side.

    Raises:
        AddressError: it names nothing that can be compared. NotFoundError: a place nobody knows.
    """
    span = context.span
    if wanted == LAST_YEAR:
        return place, span.last_year()
    year, _, month = wanted.partition("-")
    if month and year.isdigit():
        then = drill.span_of(context.as_of, int(year), int(month))
        if (int(year), int(month)) > (context.as_of.year, context.as_of.month):
            raise AddressError(f"还没有{year}年{month}月的数据；数据截至{fmt.day(context.as_of)}。")
        if then.fiscal_year not in context.cube.years:
            raise AddressError(f"没有{year}年的数据，不能比较。")
        return place, then
    if wanted.isdigit():
        raise AddressError(f"地址里“cmp={wanted}”（比较）不能识别，应为期间或地址里的一段。")
    path = tuple((part[0], part[1:]) for part in wanted.split(","))
    against = replace(place, path=path)
    deep = [reach.DEPTHS[letter] for letter, _ in path if letter in reach.DEPTHS]
    if any(depth > context.grant.reach("payment") for depth in deep):
        raise reach.ClosedError("要比较的一方在您可查看的层级以下。")
    require_known(context, against)
    if against == place:
        raise AddressError("要比较的两方是同一处；请另选一处。")
    return against, span


def _names(
    context: Context, first: tuple[Place, Span], second: tuple[Place, Span]
) -> tuple[str, str]:
    if first[0] == second[0]:
        return first[1].as_of, second[1].as_of
    return called(context, first[0]), called(context, second[0])


def _figures(context: Context, found: Comparison, names: tuple[str, str]) -> html.Section:
    columns = [Column("指标", width="22%"), *(Column(name, number=True) for name in names)]
    columns += [Column("差额", number=True), Column("前者较后者", number=True)]
    lines = [_amount(context, found, key, title) for key, title in AMOUNTS]
    lines += [_rate(context, found, "支出进度", "spent", "current"),
              _rate(context, found, "追加率", "added", "initial"), _pace(found)]  # fmt: skip
    body = html.Div(
        [table("两方比较", columns, lines), _drawn(context, found, names)],
        className="cols-2 compare-two",
    )
    return block(
        f"比较：{names[0]} 与 {names[1]}",
        [html.P(_sentence(context, found, names), className="lead-in"), body],
        flush=True,
        unit=context.unit_title,
        sub="差额 = 前者 − 后者",
        source=source(
            context,
            *BUDGETS,
            more=[
                ("期间", f"{found.first.span.as_of}；{found.second.span.as_of}"),
                ("同期", "支出按同一天截取；预算数按月末"),
            ],
        ),
    )


def _sentence(context: Context, found: Comparison, names: tuple[str, str]) -> str:
    one, two = found.first.amounts, found.second.amounts
    if found.first.place == found.second.place:
        gap = one.spent - two.spent
        word = "增加" if gap > 0 else "减少" if gap < 0 else "没有变化"
        told = f"{word}{fmt.sentence_money(abs(gap))}" if gap else word
        return (
            f"{called(context, found.first.place)}{names[0]}支出{fmt.sentence_money(one.spent)}，"
            f"较{names[1]}{told}（{fmt.growth(one.spent, two.spent)}）。"
        )
    gap_of = fmt.gap(fmt.ratio(one.spent, one.current), fmt.ratio(two.spent, two.current))
    said = fmt.points_sentence(gap_of, names[1])
    return (
        f"{names[0]}支出{fmt.sentence_money(one.spent)}，进度{fmt.share(one.spent, one.current)}，"
        f"{said}；{names[1]}支出{fmt.sentence_money(two.spent)}，"
        f"进度{fmt.share(two.spent, two.current)}。"
    )


def _amount(context: Context, found: Comparison, key: str, title: str) -> Line:
    one, two = (int(getattr(side.amounts, key)) for side in (found.first, found.second))
    cells: list[Node] = [title]
    for side, value in ((found.first, one), (found.second, two)):
        cells.append(link(context.money(value), _to(context, side, key), title=_whole(side)))
    cells += [context.money(one - two), fmt.growth(one, two)]
    return Line(cells)


def _rate(context: Context, found: Comparison, title: str, over: str, under: str) -> Line:
    pairs = [
        (int(getattr(side.amounts, over)), int(getattr(side.amounts, under)))
        for side in (found.first, found.second)
    ]
    cells: list[Node] = [title]
    for side, pair in zip((found.first, found.second), pairs, strict=True):
        cells.append(link(fmt.share(*pair), _to(context, side, over), title=_whole(side)))
    gap = fmt.gap(fmt.ratio(*pairs[0]), fmt.ratio(*pairs[1]))
    return Line([*cells, fmt.points(gap), fmt.NOT_APPLICABLE])


def _pace(found: Comparison) -> Line:
    one, two = found.first.span.pace, found.second.span.pace
    texts = (fmt.share(pace.numerator, pace.denominator) for pace in (one, two))
    return Line(["时间进度", *texts, fmt.points(fmt.gap(one, two)), fmt.NOT_APPLICABLE])


def _to(context: Context, side: Side, key: str = "", below: tuple[str, ...] = ()) -> Address:
    """Where a number of one side comes from: its vouchers, where it is spending, else its place."""
    tab = "v" if key in ("spent", "month") and reach.vouchers(context) else None
    span, latest = side.span, context.as_of
    to = None if span == drill.span_of(latest, span.fiscal_year) else str(span.month)
    year = None if span.fiscal_year == latest.year else str(span.fiscal_year)
    parts = [letter + code for letter, code in side.place.path]
    here = context.address.at("exec", *parts, *below)
    return here.with_query(fy=year, to=to, tab=tab)


def _whole(side: Side) -> str | None:
    """What a link opens where the span ends inside a month that is long over."""
    span = side.span
    if span.until is None or side.latest:
        return None
    return f"打开{span.fiscal_year}年1—{span.month}月；本数截至{fmt.day(span.until)}"


def _drawn(context: Context, found: Comparison, names: tuple[str, str]) -> html.Figure | html.Div:
    """Both sides' cumulated months, with their table; a sentence where neither has any."""
    months = (*found.first.months, *found.second.months)
    if not months:
        return empty("两方都没有支出，没有可画的线。")
    colours = chart.ink(context.dark)
    largest = max(1, *months)
    unit = chart.unit_for(largest)
    drawing = chart.base(colours, left=48, right=16)
    styles = ((colours.last_line, 2.0, "dot"), (colours.actual, 2.5, "solid"))
    sides = ((found.second, names[1]), (found.first, names[0]))
    for (side, name), (colour, width, dash) in zip(sides, styles, strict=True):
        drawing.add(
            "scatter",
            name=name,
            x=list(range(1, len(side.months) + 1)),
            y=[chart.scaled(value, unit) for value in side.months],
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            hovertext=[
                f"{name} 至{month}月 {fmt.sentence_money(value)}"
                for month, value in enumerate(side.months, 1)
            ],
            hoverinfo="text",
        )
    ticks = list(range(1, _MONTHS + 1))
    drawing.set(
        xaxis={"tickvals": ticks, "ticktext": [f"{m}月" for m in ticks], "range": [0.6, 12.4]}
    )
    chart.money_axis(drawing, largest, unit)
    columns = [Column("截至月份"), *(Column(name, number=True) for name in names)]
    rows = [
        [f"{month}月", *(_month(context, side, month) for side in (found.first, found.second))]
        for month in range(1, max(len(found.first.months), len(found.second.months)) + 1)
    ]
    return chart.shown(
        drawing,
        f"实线为{names[0]}，虚线为{names[1]}",
        f"累计支出，{fmt.UNIT_TITLES[unit]}",
        columns,
        rows,
        height=240,
    )


def _month(context: Context, side: Side, month: int) -> str:
    return fmt.NOT_APPLICABLE if month > len(side.months) else context.money(side.months[month - 1])


def _divided(context: Context, found: Comparison, names: tuple[str, str]) -> html.Section:
    most = context.at_once(PARTS)
    *parts, gap = found.parts
    shown, rest = parts[:most], parts[most:]
    columns = [Column(LETTERS[found.by], width="30%")]
    columns += [Column(f"{name}支出", number=True) for name in names]
    columns += [Column("差额", number=True), Column("前者较后者", number=True)]
    whole = Pair(None, found.first.amounts, found.second.amounts)
    lines = [_part(context, found, "合计", whole, "total")]
    lines += [_part(context, found, _called(context, found.by, each), each) for each in shown]
    if rest:
        summed = Pair(None, _sum([p.first for p in rest]), _sum([p.second for p in rest]))
        lines.append(_part(context, found, f"其余{len(rest)}项", summed, "rest"))
    lines.append(_part(context, found, "差额（未列明）", gap, "gap"))
    return block(
        f"比较：按{LETTERS[found.by]}",
        table(f"两方按{LETTERS[found.by]}", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{len(parts)}项，按支出从大到小",
        source=source(context, *BUDGETS),
    )


def _called(context: Context, by: str, pair: Pair) -> str:
    code = pair.code or ""
    name = context.names.of(by, code)
    return name if by not in "ce" or name == code else f"{code} {name}"


def _part(context: Context, found: Comparison, name: str, pair: Pair, kind: str = "") -> Line:
    cells: list[Node] = [name]
    for side, amounts in ((found.first, pair.first), (found.second, pair.second)):
        text = context.money(amounts.spent)
        step = (found.by + pair.code,) if pair.code is not None else ()
        goes = (step or kind == "total") and amounts != Amounts()
        to = _to(context, side, "", step)
        cells.append(link(text, to, title=_whole(side)) if goes else text)
    gap, rate = pair.first.spent - pair.second.spent, fmt.NOT_APPLICABLE
    if kind != "gap":
        rate = fmt.growth(pair.first.spent, pair.second.spent)
    return Line([*cells, context.money(gap), rate], kind)


def _sum(amounts: Sequence[Amounts]) -> Amounts:
    total = Amounts()
    for each in amounts:
        total += each
    return total


def choices(context: Context, place: Place) -> Node:
    """The menu “比较”: last year, other spans, the places beside this one, its peers."""
    address = context.address.with_query(after=None)
    now = address.get("cmp")

    def item(title: str, value: str | None) -> Node:
        to = address.with_query(cmp=value)
        return link(title, to, replace=True, current=now == (value or ""))

    items: list[Node] = [item("不比较", None)] if now else []
    items.append(item("上年同期", LAST_YEAR))
    step = place.path[-1] if place.path else None
    beside: list[Node] = []
    if step is not None and step[0] in GROUPS:
        above = replace(place, path=place.path[:-1])
        rows = context.kept(
            "beside",
            lambda: drill.divide(context.cube, above, context.span, step[0]).rows,
            *(above, context.span, step[0]),
        )
        head = [letter + code for letter, code in above.path]
        for row in rows:
            if row.code != step[1]:
                value = ",".join([*head, step[0] + row.code])
                beside.append(item(context.names.of(step[0], row.code), value))
        if len(beside) > 1:
            items.append(item(f"同类{len(beside) + 1}个{LETTERS[step[0]]}", PEERS))
    items.append(html.Div("其他期间", className="note"))
    for year in sorted(context.cube.years, reverse=True):
        last = context.as_of.month if year == context.as_of.year else _MONTHS
        months = {last, context.span.month, *range(3, last + 1, 3)}
        for month in sorted((m for m in months if m <= last), reverse=True):
            span = drill.span_of(context.as_of, year, month)
            if span != context.span:
                items.append(item(span.as_of, f"{year}-{month}"))
    if beside:
        items += [html.Div(f"其他{LETTERS[place.path[-1][0]]}", className="note"), *beside]
    return menu("比较中" if now else "比较", items, "比较")
