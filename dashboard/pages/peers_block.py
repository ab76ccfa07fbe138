"""A place among its peers: a strip of dots with quartiles, its ranks, all of them as a table."""

from __future__ import annotations

from fractions import Fraction

from budget_watch.views import formats as fmt
from budget_watch.views.compare import RATES, Peer, Peers, Rate, Standing, peers, rate_of
from budget_watch.views.drill import Place
from dashboard import elements as html
from dashboard.address import LETTERS, Address
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.pages.place_text import BUDGETS, called, source
from dashboard.parts import Node, attrs, block, link
from dashboard.table import Column, Line, table

QUARTILES = ("下四分位", "中位数", "上四分位")


def peers_block(context: Context, place: Place) -> html.Section:
    """The block.

    Raises:
        AddressError: the place has no peers.
    """
    span = context.span
    found = context.kept("peers", lambda: peers(context.cube, place, span), place, span)
    if found is None or len(found.members) < 2:
        raise AddressError("这一级没有可比的同类；请先进入区划、部门或单位。")
    group = f"{called(context, found.above)}的{len(found.members)}个{LETTERS[found.letter]}"
    progress = found.standings[0]
    body = [
        html.P(_sentence(context, place, group, progress), className="lead-in"),
        html.Div([_strip(context, found, progress), _ranks(found)], className="cols-2"),
        _members(context, found),
    ]
    return block(
        f"与同类比较：{group}",
        body,
        flush=True,
        unit=context.unit_title,
        sub=f"{span.as_of}，从高到低",
        source=source(
            context,
            *BUDGETS,
            more=[
                ("同类", f"{group}，限您范围之内"),
                ("名次", "从高到低，数值相同的名次相同；没有分母的不排"),
                ("四分位", "按名次取实有的数（最近秩），少于4个不计算"),
            ],
        ),
    )


def _sentence(context: Context, place: Place, group: str, progress: Standing) -> str:
    name = called(context, place)
    if progress.value is None or progress.rank is None:
        return f"{name}没有变动预算，不计算支出进度，不参加排位。"
    said = f"{name}支出进度{_text('progress', progress.value)}，"
    said += f"在{group}中排第{progress.rank}位（{progress.count}个有进度，从高到低）"
    if progress.quartiles is None:
        return f"{said}。"
    gap = fmt.points_sentence(fmt.gap(progress.value, progress.quartiles[1]), "中位数")
    return f"{said}，{gap}。"


def _text(rate: Rate, value: Fraction | None) -> str:
    if value is None:
        return fmt.NOT_APPLICABLE
    if rate == "growth":
        return fmt.growth(value.numerator + value.denominator, value.denominator)
    return fmt.share(value.numerator, value.denominator)


def _strip(context: Context, found: Peers, progress: Standing) -> html.Figure:
    """Every peer as a dot at its rate, this one solid and named, quartiles as ticks."""
    rated = [(peer, rate_of("progress", peer.amounts)) for peer in found.members]
    known = [(peer, value) for peer, value in rated if value is not None]
    low = min((value for _, value in known), default=Fraction(0))
    top = max(max((value for _, value in known), default=low), low + Fraction(1, 1000))

    def left(value: Fraction) -> dict[str, str]:
        return {"left": f"{float((value - low) / (top - low)) * 100:.2f}%"}

    marks: list[Node] = [
        html.Span(
            className="dot-tick", style=left(value), title=f"{name} {_text('progress', value)}"
        )
        for name, value in zip(QUARTILES, progress.quartiles or (), strict=False)
    ]
    own: list[Node] = []
    for peer, value in known:
        name, text = context.names.of(found.letter, peer.code), _text("progress", value)
        here = peer.code == found.code
        dot = link(
            html.Span(f"{name} {text}", className="sr"),
            _to(context, found, peer),
            className="dot here" if here else "dot",
            style=left(value),
            title=f"{name} {text}",
        )
        if here:
            side = " end" if (value - low) / (top - low) > Fraction(3, 5) else ""
            said = html.Span(f"{name} {text}", className=f"dot-name{side}", style=left(value))
            own = [dot, said]
        else:
            marks.append(dot)
    ends = [html.Span(_text("progress", low)), html.Span(_text("progress", top))]
    told = [
        f"{name} {_text('progress', value)}"
        for name, value in zip(QUARTILES, progress.quartiles or (), strict=False)
    ]
    return html.Figure(
        [
            html.Figcaption(
                [html.Strong("支出进度：实心为本处，空心为同类"),
                 html.Span("横轴从最低到最高，不从零起；竖线为四分位", className="note")],
                className="chart-title",
            ),
            html.Div([*marks, *own], className="dots"),
            html.Div(ends, className="dots-ends", **attrs({"aria-hidden": "true"})),
            html.P(" · ".join(told) or "同类少于4个，不计算四分位", className="note"),
        ],
        className="dots-figure",
    )  # fmt: skip


def _ranks(found: Peers) -> html.Div:
    columns = [Column("指标"), Column("本处", number=True), Column("名次", number=True)]
    columns += [Column(name, number=True) for name in QUARTILES]
    lines = []
    for each in found.standings:
        rank = fmt.NOT_APPLICABLE if each.rank is None else f"{each.rank}/{each.count}"
        quartiles = each.quartiles or (None, None, None)
        texts = [_text(each.rate, value) for value in quartiles]
        lines.append(Line([RATES[each.rate], _text(each.rate, each.value), rank, *texts]))
    return table("名次", columns, lines)


def _members(context: Context, found: Peers) -> html.Div:
    def order(peer: Peer) -> tuple[bool, Fraction, str]:
        value = rate_of("progress", peer.amounts)
        return value is None, -(value or Fraction(0)), peer.code

    columns = [Column("名次", width="72px"), Column(LETTERS[found.letter], width="30%")]
    columns += [Column("变动预算", number=True), Column("支出", number=True)]
    columns += [Column(title, number=True) for title in RATES.values()]
    known = sorted(v for p in found.members if (v := rate_of("progress", p.amounts)) is not None)
    lines = []
    for peer in sorted(found.members, key=order):
        value = rate_of("progress", peer.amounts)
        rank = fmt.NOT_APPLICABLE if value is None else str(1 + sum(v > value for v in known))
        name: Node = link(context.names.of(found.letter, peer.code), _to(context, found, peer))
        if peer.code == found.code:
            name = html.Strong(["▸ ", name])
        money = [context.money(peer.amounts.current), context.money(peer.amounts.spent)]
        texts = [_text(rate, rate_of(rate, peer.amounts)) for rate in RATES]
        lines.append(Line([rank, name, *money, *texts]))
    return table("同类各处", columns, lines)


def _to(context: Context, found: Peers, peer: Peer) -> Address:
    parts = [letter + code for letter, code in found.above.path]
    return context.address.at("exec", *parts, found.letter + peer.code)
