"""The four budgets of the first page, one card each."""

from __future__ import annotations

from budget_watch.views import drill
from budget_watch.views import formats as fmt
from budget_watch.views.books import BOOKS, FUNDS, Side, side
from budget_watch.views.bridge import bridge
from budget_watch.views.drill import Amounts
from budget_watch.views.span import Place as BookPlace
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.pages.execution import SCOPE_TITLES
from dashboard.pages.place_known import gaps, missing_regions
from dashboard.pages.place_text import pace_words, source
from dashboard.parts import Node, block, bullet, figure, link, number_and_unit


def paid(context: Context, scope: str, fund: str) -> Amounts:
    """The core figures of one kind of fund."""
    place = drill.Place(scope, (("f", fund),))  # type: ignore[arg-type]
    return context.kept(
        "total", lambda: drill.total(context.cube, place, context.span), place, context.span
    )


def books(context: Context, scope: str) -> html.Section:
    """The four budgets, a card each."""
    cards = [_book(context, scope, book) for book in BOOKS]
    return block(
        "四本预算",
        html.Div(cards, className="cols-4 divided"),
        flush=True,
        sub=f"{SCOPE_TITLES[scope]}，国库集中支付口径，"  # type: ignore[index]
        "进度 = Σ支付凭证 ÷ 变动预算，竖线为时间进度",
        source=source(
            context, "FIN-15 国库集中支付凭证表", "FIN-12 指标表", "FIN-06 社会保险基金预算表"
        ),
    )


def _book(context: Context, scope: str, book: str) -> html.Div:
    if book == "社会保险基金":
        return _social(context, scope)
    fund = FUNDS[book]
    title = f"{book}支出（国库集中支付）"
    amounts = paid(context, scope, fund)
    if amounts == Amounts():
        why = lacks(context, scope, fund) or f"{context.span.as_of}没有{book}的指标和支付凭证"
        return figure(title, None, why=why, notes=[why])
    why = lacks(context, scope, fund)
    if why:
        known = f"已送达部分{fmt.sentence_money(amounts.spent)}"
        to = Address("exec", (f"f{fund}",), context.address.query)
        return figure(title, None, why=why, notes=[why, link(known, to)])
    number, unit = number_and_unit(fmt.sentence_money(amounts.spent))
    done = fmt.ratio(amounts.spent, amounts.current)
    text = fmt.share(amounts.spent, amounts.current)
    gap = fmt.gap(done, context.span.pace)
    return figure(
        title,
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
            ("公式", "支出进度 = 支出 ÷ 变动预算，竖线为时间进度"),
            ("年初预算", fmt.sentence_money(amounts.initial)),
            ("调整预算", fmt.sentence_money(amounts.approved)),
            ("变动预算", fmt.sentence_money(amounts.current)),
            ("上年同期", fmt.sentence_money(amounts.before)),
            ("时间进度", pace_words(context)),
            *_bridge(context, scope, book),
        ],
    )


def lacks(context: Context, scope: str, fund: str) -> str:
    """Why a scope's spending of a kind of fund cannot be said; empty where it can."""
    place = drill.Place(scope, (("f", fund),))  # type: ignore[arg-type]
    tables = gaps(context, place)
    if tables:
        wanted = [tables[name] for name in ("payment_voucher", "indicator") if name in tables]
        if wanted:
            return "；".join(wanted)
    names = missing_regions(context, scope, fund) if scope != "local" else ""
    return f"缺{names}的指标和支付凭证" if names else ""


def _bridge(context: Context, scope: str, book: str) -> list[tuple[str, Node]]:
    """From the vouchers to the latest monthly report, item by item (调节表)."""
    span = context.span
    found = context.kept(
        "bridge", lambda: bridge(context.desk, context.cube, scope, span, book), scope, span, book
    )
    return [(name, fmt.sentence_money(amount)) for name, amount in found]


def _social(context: Context, scope: str) -> html.Div:
    """Social insurance is not paid by vouchers: the monthly report, with its own date."""
    book = "社会保险基金"
    place = book_place(context, scope)
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


def book_place(context: Context, scope: str) -> BookPlace | None:
    """The place of the government's own reports; None before anything was delivered."""
    city = context.city
    if city is None:
        return None
    return BookPlace(city.region, "全市" if scope == "all" else "本级", city.name)
