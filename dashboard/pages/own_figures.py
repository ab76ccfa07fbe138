"""The figures of a payment application or a payee: its own vouchers; it has no budget."""

from __future__ import annotations

from budget_watch.views import formats as fmt
from budget_watch.views import vouchers
from budget_watch.views.drill import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import VOUCHERS, formula_of, period, source
from dashboard.parts import Node, block, figure, number_and_unit

_NO_BUDGET = "预算和用款计划只到指标，不分到{}"


def own_paid(context: Context, place: Place) -> vouchers.Paid:
    """What the place's vouchers say, once per span."""
    span = context.span
    return context.kept(
        "paid", lambda: vouchers.paid(context.reader, context.cube, place, span), place, span
    )


def own_lead(context: Context, place: Place) -> str:
    """What was asked for, what was paid."""
    paid = own_paid(context, place)
    number = fmt.count(paid.vouchers)
    spent = f"{context.span.label}支付{fmt.sentence_money(paid.spent)}，{number}笔凭证"
    if place.get("s") is None:
        return f"{spent}。"
    if paid.asked is None:
        return f"缺 FIN-14 支付申请表中这份申请的金额；{spent}。"
    left = paid.asked - paid.spent
    return f"申请{fmt.sentence_money(paid.asked)}，{spent}，未支付{fmt.sentence_money(left)}。"


def own_figures(context: Context, place: Place) -> html.Section:
    """申请, 支出, 同比; budgets as “—” with the reason."""
    paid = own_paid(context, place)
    what = "支付申请" if place.get("s") is not None else "收款人"
    parts: list[Node] = []

    def money(label: str, value: int, key: str, *notes: Node) -> None:
        number, unit = number_and_unit(fmt.sentence_money(value))
        parts.append(
            figure(label, number, unit, notes=list(notes), defined=formula_of(context, key, value))
        )

    if place.get("s") is not None and paid.asked is None:
        why = "缺 FIN-14 支付申请表中这份申请的金额"
        parts.append(figure("申请金额", None, why=why, notes=[why]))
    elif paid.asked is not None:
        money("申请金额", paid.asked, "asked")
    money("累计支出", paid.spent, "spent", f"{fmt.count(paid.vouchers)}笔凭证")
    if paid.asked is not None:
        money("未支付", paid.asked - paid.spent, "unpaid", "申请金额 − 累计支出")
    if place.get("m") is None:
        money(f"{context.span.month}月支出", paid.month, "month")
    why = _NO_BUDGET.format(what)
    for label in ("年初预算", "调整预算", "变动预算", "追加率", "用款计划", "支出进度"):
        parts.append(figure(label, fmt.NOT_APPLICABLE, notes=[why]))
    if paid.before is not None:
        number, unit = number_and_unit(fmt.growth(paid.spent, paid.before))
        note = f"上年同期 {fmt.sentence_money(paid.before)}"
        parts.append(
            figure("同比", number, unit, notes=[note], defined=formula_of(context, "yoy", 0))
        )
    return block(
        "核心指标",
        html.Div(parts, className="strip"),
        sub=period(context),
        flush=True,
        source=source(context, *VOUCHERS),
    )
