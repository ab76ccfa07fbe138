"""The three debt limits, each with its balance, its room and whose limit it is.

A province's limit is that of 预算法 article 35; a city's or county's is what the province allots
within it (预算法实施条例 article 45), and is called so.
"""

from __future__ import annotations

from fractions import Fraction

from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.debt import Debt, Limit, limit_basis
from budget_watch.views.figure import Figure
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.pages.law_text import law_link
from dashboard.pages.place_text import formula_words, source
from dashboard.parts import Node, block, bullet, figure, link, missing, number_and_unit

TABLE = "FIN-24 政府债务限额与余额表"


def limits_used(context: Context, found: Debt) -> html.Section:
    """The three limits beside their balances."""
    origin = found.position.limits[0].balance.origin
    cards = [_limit(context, limit, found.position.place) for limit in found.position.limits]
    return block(
        "限额使用",
        html.Div(cards, className="cols-3 divided"),
        flush=True,
        sub=f"{origin.as_of}，{origin.scope_kind}，{origin.stage}，{origin.data_status}",
        source=source(context, TABLE),
    )


def _limit(context: Context, limit: Limit, at: Place) -> html.Div:
    label = f"{limit.kind}债务余额" if limit.kind != "合计" else "债务余额（一般＋专项）"
    if limit.balance.value is None:
        return figure(label, None, why=limit.balance.why or "未送达")
    number, unit = number_and_unit(fmt.sentence_money(limit.balance.value))
    notes: list[Node] = []
    bar: Node = None
    defined = defined_as(limit.used)
    if limit.limit.value is None:
        notes = [missing(limit.limit.why or "限额未送达"), "没有限额，不能判断"]
    else:
        used = limit.used.exact
        bar = html.Div(
            [
                bullet(used, Fraction(1), label="余额与限额"),
                html.Span(share_used(limit)),
            ],
            className="with-bar",
        )
        whose = limit_basis(at.region)
        article = law_link(context, book_of(context), whose.law, whose.article, whose.cited)
        notes = [[whose.word, article, f" {fmt.sentence_money(limit.limit.value)}"], _room(limit)]
        defined = [*defined, ("限额由来", whose.says)]
        if (limit.room.value or 0) < 0:
            notes += _findings(context, at)
    return figure(label, number, unit, bar=bar, notes=notes, defined=defined)


def share_used(limit: Limit) -> str:
    """The share of a limit; just above it, with the amount over."""
    balance, most = limit.balance.value or 0, limit.limit.value or 1
    share = fmt.near_limit(balance, most)
    if balance <= most or fmt.share(balance, most) != fmt.share(most, most):
        return share
    return f"{share}，超出{fmt.sentence_money(balance - most)}"


def _findings(context: Context, place: Place) -> list[Node]:
    """Links to the open findings about debt limits of a place."""
    found = alerts.open_findings(context.home, context.grant)
    keep = ("asof", "snap")
    return [
        link(f"疑点 {f.rule} {f.title}", context.address.at("finding", f.finding[:16], keep=keep))
        for f in found
        if f.area == "debt" and f.mof_div_code == place.region and "限额" in f.title
    ]


def _room(limit: Limit) -> str:
    room = limit.room.value or 0
    if room >= 0:
        return f"余量 {fmt.sentence_money(room)}"
    if -room <= limit.rounding:
        return f"超出 {fmt.sentence_money(-room)}，在舍入范围内，不作判断"
    return f"超出 {fmt.sentence_money(-room)}，待核实"


def defined_as(of: Figure) -> list[tuple[str, Node]]:
    """The 口径 of a figure of debt."""
    return [
        ("公式", formula_words(of)),
        ("时点", of.origin.as_of),
        ("口径", f"{of.origin.scope_kind}，{of.origin.stage}，{of.origin.data_status}"),
        ("快照", of.origin.snapshot),
    ]
