"""Below a voucher: details, payments to the same payee or on the indicator, findings, origin."""

from __future__ import annotations

from typing import Any

from budget_watch.casework.findings import list_findings
from budget_watch.views import formats as fmt
from budget_watch.views import voucher_chain
from budget_watch.views.voucher_chain import Voucher
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.alerts import chip_of
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    block,
    class_tag,
    empty,
    link,
    segments,
    trial_tag,
)
from dashboard.table import Column, Line, table

TABS = (
    ("detail", "明细"),
    ("payee", "同一收款人"),
    ("indicator", "同一指标"),
    ("findings", "相关疑点"),
    ("origin", "数据出处"),
)


def more(context: Context, found: Voucher) -> html.Section:
    """The block with the tab the address asks for."""
    tab = context.address.get("tab") or "detail"
    makers = {
        "detail": _details,
        "payee": _payee,
        "indicator": _indicator,
        "findings": _findings,
        "origin": _origin,
    }
    if tab not in makers:
        tab = "detail"
    base = context.address
    choices = [
        (title, base.with_query(tab=None if name == "detail" else name)) for name, title in TABS
    ]
    switch = segments("更多", choices, base.with_query(tab=None if tab == "detail" else tab))
    title = dict(TABS)[tab]
    return block(
        title,
        [html.Div(switch, className="tools inner"), makers[tab](context, found)],
        flush=True,
        unit="单位：元",
        source=source(context, *_sources(tab)),
    )


def _sources(tab: str) -> tuple[str, ...]:
    return {
        "detail": ("FIN-16 支付明细表",),
        "findings": ("疑点库",),
        "origin": ("入库批次账",),
    }.get(tab, ("FIN-15 国库集中支付凭证表",))


def _details(context: Context, found: Voucher) -> Node:
    frame = found.details
    if frame.is_empty():
        return empty("这张凭证没有支付明细。")
    total, amount = int(frame["pay_amt"].sum() or 0), found.row["pay_amt"] or 0
    columns = [
        Column("收款人", width="30%"),
        Column("账号", minor=True),
        Column("用途"),
        Column("金额", number=True),
    ]
    lines = [Line(["合计", fmt.NOT_APPLICABLE, f"{frame.height}笔", fmt.yuan(total)], "total")]
    for row in frame.head(200).iter_rows(named=True):
        lines.append(
            Line(
                [
                    row["per_name"] or row["payee_acct_name"] or fmt.NOT_APPLICABLE,
                    row["payee_acct_no"] or fmt.NOT_APPLICABLE,
                    row["use_des"] or fmt.NOT_APPLICABLE,
                    fmt.yuan(row["pay_amt"]),
                ]
            )
        )
    if frame.height > 200:
        rest = int(frame.slice(200)["pay_amt"].sum() or 0)
        lines.append(
            Line(
                [
                    f"其余{frame.height - 200}笔",
                    fmt.NOT_APPLICABLE,
                    fmt.NOT_APPLICABLE,
                    fmt.yuan(rest),
                ],
                "rest",
            )
        )
    lines.append(
        Line(
            [
                "差额（凭证金额 − 明细合计）",
                fmt.NOT_APPLICABLE,
                fmt.NOT_APPLICABLE,
                fmt.yuan(amount - total),
            ],
            "gap",
        )
    )
    return table("支付明细", columns, lines)


def _payee(context: Context, found: Voucher) -> Node:
    if "**" in (found.row["payee_acct_name"] or "**"):
        return empty("收款人是自然人，名称已脱敏，不列出其他支付。")
    rows, number = voucher_chain.same_payee(context.reader, found.row)
    return _list(context, rows, number, "近12个月支付给同一收款人、同一账号的凭证")


def _indicator(context: Context, found: Voucher) -> Node:
    if not found.bgt_id:
        return empty("这张凭证没有指标编号，无法列出同一指标的支付。")
    rows, number = voucher_chain.same_indicator(context.reader, found.row, found.bgt_id)
    return _list(context, rows, number, "本年同一指标的凭证")


def _list(context: Context, rows: Any, number: int, caption: str) -> Node:
    total = int(rows["pay_amt"].sum() or 0)
    columns = [
        Column("支付日期"),
        Column("凭证号"),
        Column("收款人"),
        Column("用途"),
        Column("金额", number=True),
    ]
    head = (
        f"合计（{fmt.count(number)}笔）"
        if number == rows.height
        else f"最近{rows.height}笔合计（共{fmt.count(number)}笔）"
    )
    dash = fmt.NOT_APPLICABLE
    lines = [Line([head, dash, dash, dash, fmt.yuan(total)], "total")]
    for row in rows.iter_rows(named=True):
        to = context.address.at(
            "voucher", str(row["fiscal_year"]), row["pay_cert_id"], keep=("asof", "snap")
        )
        lines.append(
            Line(
                [
                    fmt.day(row["pay_date"]),
                    link(row["pay_cert_no"], to),
                    row["payee_acct_name"] or dash,
                    row["use_des"] or dash,
                    fmt.yuan(row["pay_amt"]),
                ]
            )
        )
    return table(caption, columns, lines)


def _findings(context: Context, found: Voucher) -> Node:
    row = found.row
    hits = [
        f
        for f in list_findings(context.home, context.grant)
        if f.grain.get("pay_cert_id") == row["pay_cert_id"]
    ]
    if not hits:
        return empty(
            "没有以这张凭证为对象的疑点；按单位、项目汇总的疑点见预警中心。",
            link(
                "查看本单位疑点",
                context.address.at("alerts", keep=("asof", "snap"), unitcode=row["agency_code"]),
            ),
        )
    columns = [Column("级别"), Column("类"), Column("疑点")]
    return table(
        "相关疑点",
        columns,
        [
            Line(
                [
                    chip_of(context, f),
                    class_tag(f.klass),
                    [
                        link(
                            f.message or f.title,
                            context.address.at("finding", f.finding[:16], keep=("asof", "snap")),
                        ),
                        trial_tag(f.trial),
                    ],
                ]
            )
            for f in hits
        ],
    )


def _origin(context: Context, found: Voucher) -> Node:
    row = found.row
    facts = [
        ("送数部门", row.get("src_dept")),
        ("批次", row.get("batch_id")),
        ("源文件行号", fmt.count(row.get("src_row"))),
        ("业务日", fmt.day(row.get("biz_date"))),
        ("数据状态", row.get("data_status")),
        ("入库时间", f"{row['load_time']:%Y-%m-%d %H:%M}" if row.get("load_time") else None),
        ("快照", context.snapshot.id),
    ]
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(value or fmt.NOT_APPLICABLE)]) for name, value in facts],
        className="facts inside",
    )
