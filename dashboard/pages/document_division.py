"""A place divided by what its vouchers carry: payees, payment applications."""

from __future__ import annotations

from collections.abc import Mapping

from budget_watch.views import drill, vouchers
from budget_watch.views import formats as fmt
from budget_watch.views.drill import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import VOUCHERS, called, period, source
from dashboard.parts import Node, block, empty, link
from dashboard.table import Column, Line, table


def payees(context: Context, place: Place) -> html.Section:
    """A place by payee; natural persons are masked."""
    wanted = vouchers.Filter(place, context.span)
    frame = context.kept(
        "payees", lambda: vouchers.payees(context.reader, context.cube, wanted), wanted
    )
    total = int(frame["spent"].sum() or 0)
    most = context.at_once(drill.LIMIT)
    shown = frame.head(most)
    money = context.money

    def line(name: Node, spent: Node, amount: int, number: int, kind: str = "") -> Line:
        return Line([name, spent, fmt.share(amount, total), fmt.count(number)], kind)

    lines = [line("合计", money(total), total, int(frame["vouchers"].sum() or 0), "total")]
    for row in shown.iter_rows(named=True):
        to = context.address.at("exec", *(a + b for a, b in place.path), f"y{row['id']}")
        lines.append(
            line(
                link(row["payee_acct_name"] or "（未填收款人）", to),
                link(money(row["spent"]), to.with_query(tab="v")),
                row["spent"],
                row["vouchers"],
            )
        )
    rest = frame.slice(most)
    if rest.height:
        amount = int(rest["spent"].sum())
        lines.append(
            line(
                f"其余{rest.height}个收款人",
                money(amount),
                amount,
                int(rest["vouchers"].sum()),
                "rest",
            )
        )
    listed = int(shown["spent"].sum() or 0) + int(rest["spent"].sum() or 0)
    whole = drill.total(context.cube, place, context.span).spent
    lines.append(line("差额（与支出合计之差）", money(whole - listed), whole - listed, 0, "gap"))
    columns = [
        Column("收款人", width="50%"),
        Column("支出", number=True),
        Column("占比", number=True),
        Column("凭证笔数", number=True),
    ]
    return block(
        f"{called(context, place)}：按收款人",
        table("按收款人", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{period(context)}，{frame.height}个收款人；自然人名称已脱敏",
        source=source(context, *VOUCHERS),
    )


def applications(context: Context, place: Place) -> html.Section:
    """An indicator by payment application."""
    wanted = vouchers.Filter(place, context.span)
    frame = context.kept(
        "applications", lambda: vouchers.applications(context.reader, context.cube, wanted), wanted
    )
    money = context.money
    asked, paid = int(frame["pay_app_amt"].sum() or 0), int(frame["spent"].sum() or 0)
    whole = drill.total(context.cube, place, context.span)
    columns = [
        Column("支付申请", width="24%"),
        Column("申请日期"),
        Column("用途", minor=True),
        Column("申请金额", number=True),
        Column("已支付", number=True),
        Column("未支付", number=True, minor=True),
        Column("凭证", number=True),
    ]
    lines = [
        Line(
            [
                "合计",
                fmt.NOT_APPLICABLE,
                fmt.NOT_APPLICABLE,
                money(asked),
                money(paid),
                money(asked - paid),
                fmt.count(int(frame["vouchers"].sum() or 0)),
            ],
            "total",
        )
    ]
    most = context.at_once(drill.LIMIT)
    for row in frame.head(most).iter_rows(named=True):
        if row["pay_app_id"] is None:
            continue
        to = context.address.at("exec", *(a + b for a, b in place.path), f"s{row['pay_app_id']}")
        amount = row["pay_app_amt"]
        lines.append(
            Line(
                [
                    link(row["pay_app_no"] or row["pay_app_id"], to),
                    fmt.day(row["create_date"]),
                    row["use_des"] or fmt.NOT_APPLICABLE,
                    money(amount),
                    link(money(row["spent"]), to),
                    money(None if amount is None else amount - row["spent"]),
                    fmt.count(row["vouchers"]),
                ]
            )
        )
    rest = frame.slice(most)
    if rest.height:
        sums = rest.select("pay_app_amt", "spent", "vouchers").sum().row(0, named=True)
        lines.append(_rest(context, rest.height, sums))
    gap = whole.spent - paid
    lines.append(
        Line(
            [
                "差额（与支出合计之差）",
                fmt.NOT_APPLICABLE,
                fmt.NOT_APPLICABLE,
                fmt.NOT_APPLICABLE,
                money(gap),
                fmt.NOT_APPLICABLE,
                fmt.NOT_APPLICABLE,
            ],
            "gap",
        )
    )
    sentence = f"该指标没有支付申请（已下达指标 {fmt.sentence_money(whole.current)}）。"
    body: Node = table("支付申请", columns, lines) if frame.height else empty(sentence)
    return block(
        f"{called(context, place)}：支付申请",
        body,
        flush=True,
        unit=context.unit_title,
        sub=f"{period(context)}，{frame.height}份",
        source=source(context, "FIN-14 支付申请表", "FIN-15 国库集中支付凭证表"),
    )


def _rest(context: Context, count: int, sums: Mapping[str, int]) -> Line:
    """Applications beyond those listed, as one row."""
    asked, spent, money = sums["pay_app_amt"], sums["spent"], context.money
    none = fmt.NOT_APPLICABLE
    cells: list[Node] = [f"其余{count}份", none, none, money(asked), money(spent)]
    return Line([*cells, money(asked - spent), fmt.count(sums["vouchers"])], "rest")
