"""预算执行 /exec/…: a place's core figures and what it divides into (pages.md §3.2)."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

from budget_watch.views import drill
from budget_watch.views import formats as fmt
from budget_watch.views.drill import Amounts, Place
from dashboard import elements as html
from dashboard import reach
from dashboard.address import COMMON, LETTERS, Address
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages import compare_block, division, place_charts, reported_block, voucher_list
from dashboard.pages.own_figures import own_figures, own_lead, own_paid
from dashboard.pages.place_known import gaps, missing_regions, partial_note, require_known
from dashboard.pages.place_text import (
    BUDGETS,
    called,
    crumbs,
    formula_of,
    period,
    source,
)
from dashboard.parts import Node, block, bullet, figure, link, menu, number_and_unit, segments

_NEEDS = {
    "initial": "indicator",
    "approved": "indicator",
    "current": "indicator",
    "plan": "payment_plan",
    "spent": "payment_voucher",
    "month": "payment_voucher",
}
SCOPE_TITLES: dict[drill.Scope, str] = {"local": "本级", "all": "全市", "county": "县区"}


def page(context: Context) -> Page:
    """The drill at an address."""
    address = context.address
    place = place_of(address)
    require_known(context, place)
    amounts = _amounts(context, place)
    on_vouchers = address.get("tab") == "v" or not drill.ways(place)
    if on_vouchers and not reach.vouchers(context):
        raise reach.ClosedError(
            f"您可查看到{context.grant.reach('payment').word}，支付凭证不在您的范围。"
        )
    _check_sort(address.get("sort"), on_vouchers)
    own = place.get("s") is not None or place.get("y") is not None
    body: list[Node] = [partial_note(context, place)]
    body.append(own_figures(context, place) if own else _core(context, place, amounts))
    if not own:
        body += compare_block.block_of(context, place)
    if on_vouchers:
        body.append(voucher_list.block_of(context, place, amounts))
    else:
        if not gaps(context, place):
            body.append(place_charts.folded(context, place, amounts))
        body.append(division.block_of(context, place))
        if place.scope == "all" and place.get("z") is None and len(place.path) <= 1:
            body.append(reported_block.block_of(context))
    return Page(
        f"{called(context, place)}预算执行",
        [html.Div(body, className="rows")],
        lead=own_lead(context, place) if own else _lead(context, place, amounts),
        crumbs=crumbs(context, place),
        tools=_tools(context, place, on_vouchers),
    )


def _amounts(context: Context, place: Place) -> Amounts:
    """The place's figures; of an application or a payee what its vouchers say."""
    if place.get("s") is not None or place.get("y") is not None:
        paid = own_paid(context, place)
        return Amounts(
            spent=paid.spent, month=paid.month, vouchers=paid.vouchers, before=paid.before or 0
        )
    return context.kept(
        "total", lambda: drill.total(context.cube, place, context.span), place, context.span
    )


def _check_sort(sort: str, on_vouchers: bool) -> None:
    """Refuse an order the table cannot be put in."""
    names = (
        ("date", "amt") if on_vouchers else ("code", "progress", *(f.name for f in fields(Amounts)))
    )
    if sort and sort.removeprefix("-") not in names:
        expected = "、".join(names)
        raise AddressError(
            f"地址里“sort={sort}”（排序）不能识别，应为{expected}，前加 - 为从大到小。"
        )


def place_of(address: Address) -> Place:
    """The place an address names."""
    scope = {"all": "all", "county": "county"}.get(address.get("scope"), "local")
    return Place(scope, address.place)  # type: ignore[arg-type]


def _lead(context: Context, place: Place, amounts: Amounts) -> str:
    span = context.span
    if place.get("m"):
        return (
            f"{span.fiscal_year}年{context.names.of('m', place.get('m') or '')}支出"
            f"{fmt.sentence_money(amounts.spent)}，"
            f"同比{fmt.growth(amounts.spent, amounts.before)}。"
        )
    lacking = gaps(context, place)
    if "payment_voucher" in lacking:
        return f"{span.label}支出数据不足：{lacking['payment_voucher']}。"
    if "indicator" in lacking:
        return (
            f"{span.label}支出{fmt.sentence_money(amounts.spent)}；"
            f"{lacking['indicator']}，不能说明预算和支出进度。"
        )
    if amounts.current <= 0:
        spent = fmt.sentence_money(amounts.spent)
        return f"{span.label}支出{spent}；没有列入预算指标，不计算支出进度。"
    progress = fmt.ratio(amounts.spent, amounts.current)
    gap = fmt.gap(progress, span.pace)
    fund = place.get("f")
    partly = place.scope != "local" and place.get("z") is None and fund is not None
    heard = (
        "（仅已送达地区）" if partly and missing_regions(context, place.scope, fund or "") else ""
    )
    return (
        f"{called(context, place)}{heard}{span.label}支出{fmt.sentence_money(amounts.spent)}，"
        f"完成变动预算的{fmt.share(amounts.spent, amounts.current)}，"
        f"{fmt.points_sentence(gap, '时间进度')}"
        + (f"；同比{fmt.growth(amounts.spent, amounts.before)}。" if amounts.before > 0 else "。")
        + (_furthest(context, place) if gap is not None and gap < 0 else "")
    )


def _furthest(context: Context, place: Place) -> str:
    """Which part of a place that is behind lacks most against the pace; nothing where none does."""
    by = next((way for way in drill.ways(place) if way in "zdup"), None)
    if by is None:
        return ""
    span = context.span
    parts = context.kept(
        "furthest",
        lambda: drill.divide(context.cube, place, span, by, most=1_000_000).rows,
        place,
        span,
    )
    lacks = sorted((_pace_gap(row.amounts, span.pace), row.code) for row in parts)
    if len(lacks) < 2 or lacks[0][0] >= 0 or lacks[0][0] == lacks[1][0]:
        return ""
    amount, code = lacks[0]
    name = context.names.of(by, code)
    return f"从结构看，{name}少支出最多，比时间进度少{fmt.sentence_money(-amount)}。"


def _tools(context: Context, place: Place, on_vouchers: bool) -> list[Node]:
    address = context.address
    tools: list[Node] = []
    if place.get("z") is None:
        tools.append(
            segments(
                "范围口径",
                [
                    (
                        title,
                        address.with_query(
                            scope=None if scope == "local" else scope,
                            by=None,
                            open=None,
                            after=None,
                        ),
                    )
                    for scope, title in SCOPE_TITLES.items()
                ],
                address.with_query(by=None, open=None, after=None),
            )
        )
    tools.append(_spans(context, place))
    if place.get("s") is None and place.get("y") is None:
        tools.append(compare_block.choices(context, place))
    ways = reach.ways(context, drill.ways(place))
    if ways:
        plain = address.with_query(tab=None, after=None, sort=None, min=None, max=None, method=None)
        current = address.get("by") or ways[0]
        marked = plain.with_query(
            by="v" if on_vouchers else None if current == ways[0] else current
        )
        choices = [
            (LETTERS[letter], plain.with_query(by=None if letter == ways[0] else letter))
            for letter in ways
        ]
        tools.append(html.Span("按", className="label"))
        tools.append(segments("划分方式", choices, marked))
        if reach.vouchers(context):
            here = address.with_query(
                after=None, sort=None, min=None, max=None, method=None, by=None
            )
            tools.append(segments("明细", [("支付凭证", plain.with_query(tab="v", by=None))], here))
    return tools


_QUARTERS = ("1-3", "4-6", "7-9", "10-12")


def _spans(context: Context, place: Place) -> html.Details:
    """The spans from new year on, and each quarter that has begun by itself."""
    span, address = context.span, context.address
    latest = context.as_of.month if span.fiscal_year == context.as_of.year else 12
    items: list[Node] = []
    for month in range(latest, 0, -1):
        one = drill.span_of(context.as_of, span.fiscal_year, month)
        items.append(
            link(
                one.as_of,
                address.with_query(to=None if month == latest else str(month), after=None),
                replace=True,
                current=one == span,
            )
        )
    for code in _QUARTERS:
        if int(code.partition("-")[0]) <= latest:
            steps = (letter + step for letter, step in place.step("m", code).path)
            to = address.at("exec", *steps, keep=(*COMMON, "by"))
            title = f"只看{context.names.of('m', code)}"
            items.append(link(title, to.with_query(to=None), current=place.get("m") == code))
    return menu(f"期间 {period(context)}", items, "期间")


def _core(context: Context, place: Place, amounts: Amounts) -> html.Section:
    span = context.span
    single = place.get("m") is not None
    progress = fmt.ratio(amounts.spent, amounts.current)
    gap = fmt.gap(progress, span.pace)
    parts: list[Node] = []

    lacking = gaps(context, place)

    def lacks(label: str, *needed: str) -> bool:
        why = next((lacking[name] for name in needed if name in lacking), None)
        if why is not None:
            parts.append(figure(label, None, why=why, notes=[why]))
        return why is not None

    def money(label: str, key: str, value: int, notes: list[Node] | None = None) -> None:
        if lacks(label, _NEEDS[key]):
            return
        number, unit = number_and_unit(fmt.sentence_money(value))
        parts.append(
            figure(
                label,
                number,
                unit,
                notes=notes or [],
                defined=formula_of(context, key, value),
                side="left" if not parts else "",
            )
        )

    if not single:
        money("年初预算", "initial", amounts.initial, ["人代会批准"])
        money("调整预算", "approved", amounts.approved, ["常委会批准"])
        money(
            "变动预算",
            "current",
            amounts.current,
            [f"较年初 {fmt.growth(amounts.current, amounts.initial)}"],
        )
        if not lacks("追加率", "indicator"):
            parts.append(_added(context, place, amounts))
        money(
            "用款计划",
            "plan",
            amounts.plan,
            [f"占变动预算 {fmt.share(amounts.plan, amounts.current)}"],
        )
    money(
        f"{context.names.of('m', place.get('m') or '')}支出" if single else "累计支出",
        "spent",
        amounts.spent,
        [f"{fmt.count(amounts.vouchers)}笔凭证"],
    )
    if not single:
        money(f"{span.month}月支出", "month", amounts.month, [_month_note(context)])
    if not single and not lacks("支出进度", "payment_voucher", "indicator"):
        number, unit = number_and_unit(fmt.share(amounts.spent, amounts.current))
        parts.append(
            figure(
                "支出进度",
                number,
                unit,
                notes=[f"时间进度 {fmt.share(*_pair(span.pace))}"],
                bar=bullet(progress, span.pace, label="支出进度与时间进度"),
                defined=formula_of(context, "progress", amounts.spent),
            )
        )
        number, unit = number_and_unit(fmt.points(gap))
        parts.append(
            figure(
                "快慢于序时",
                number,
                unit,
                defined=formula_of(context, "lead", 0),
                notes=[f"差额 {fmt.sentence_money(_pace_gap(amounts, span.pace))}"],
            )
        )
    if not lacks("同比", "payment_voucher"):
        number, unit = number_and_unit(fmt.growth(amounts.spent, amounts.before))
        parts.append(
            figure(
                "同比",
                number,
                unit,
                defined=formula_of(context, "yoy", amounts.before),
                notes=[f"上年同期 {fmt.sentence_money(amounts.before)}"],
            )
        )
    return block(
        "核心指标",
        html.Div(parts, className="strip"),
        sub=period(context),
        flush=True,
        source=source(context, *BUDGETS),
    )


def _month_note(context: Context) -> str:
    span = context.span
    return f"截至{span.until:%m-%d}" if span.until else "全月"


def _pair(pace: Fraction) -> tuple[int, int]:
    return pace.numerator, pace.denominator


def _pace_gap(amounts: Amounts, pace: Fraction) -> int:
    """支出 minus what the pace would have spent, fen, rounded half up."""
    part, whole = _pair(pace)
    return amounts.spent - (2 * amounts.current * part + whole) // (2 * whole)


def _added(context: Context, place: Place, amounts: Amounts) -> html.Div:
    steps = context.kept(
        "changes", lambda: drill.changes(context.cube, place, context.span), place, context.span
    )
    rows: list[tuple[str, Node]] = [
        ("公式", "追加率 = Σ追加 ÷ 年初预算"),
        ("Σ追加", fmt.sentence_money(amounts.added)),
    ]
    rows += [(f"{step.entry}：{step.cause}", fmt.sentence_money(step.current)) for step in steps]
    number, unit = number_and_unit(fmt.share(amounts.added, amounts.initial))
    causes = [step for step in steps if step.entry == "追加"][:1]
    notes: list[Node] = [
        f"最大原因 {step.cause} {fmt.share(step.current, amounts.initial)}" for step in causes
    ]
    return figure("追加率", number, unit, notes=notes or ["没有追加"], defined=rows)
