"""The voucher list of a place: 100 at a time by key, its sum beside the figure it came from."""

from __future__ import annotations

from budget_watch.views import formats as fmt
from budget_watch.views import vouchers
from budget_watch.views.drill import Amounts, Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import VOUCHERS, called, period, source
from dashboard.parts import Node, attrs, block, empty, link, menu
from dashboard.table import Column, Line, table

METHODS = ("转账", "公务卡", "现金", "提现", "批量代发")
BOUNDS = (
    ("不限金额", None),
    ("1万元以上", 1_000_000),
    ("10万元以上", 10_000_000),
    ("100万元以上", 100_000_000),
    ("1000万元以上", 1_000_000_000),
)


def block_of(context: Context, place: Place, amounts: Amounts) -> html.Section:
    """The block with one page of vouchers."""
    address = context.address
    if amounts.vouchers > vouchers.LIST_LIMIT and place.get("d") is None:
        way = link("按部门划分", address.with_query(tab=None, by=None))
        return block(
            "支付凭证",
            empty(
                f"{called(context, place)}有{fmt.count(amounts.vouchers)}笔支付凭证。"
                "请先选定部门或单位。",
                way,
            ),
            source=source(context, *VOUCHERS),
        )
    wanted = vouchers.Filter(
        place,
        context.span,
        _fen(address.get("min")),
        _fen(address.get("max")),
        address.get("method") or None,
    )
    sort, after = address.get("sort") or "-date", address.get("after") or None
    if sort.lstrip("-") not in ("date", "amt"):
        sort = "-date"
    most = context.at_once(vouchers.PAGE)
    found = context.kept(
        "vouchers",
        lambda: vouchers.list_vouchers(context.reader, context.cube, wanted, sort, after, most),
        wanted,
        sort,
        after,
        most,
    )
    body: list[Node] = [
        _filters(context, wanted),
        _table(context, found, sort),
        _pager(context, found),
    ]
    if not found.count:
        clear = address.with_query(min=None, max=None, method=None, after=None)
        body = [
            body[0],
            empty(
                f"{period(context)}没有符合条件的支付凭证。",
                link("清除筛选", clear, replace=True),
            ),
        ]
    return block(
        "支付凭证",
        body,
        flush=True,
        unit="单位：元",
        sub=_sums(found, amounts, wanted.bare),
        source=source(context, *VOUCHERS),
    )


def _fen(text: str) -> int | None:
    return int(text) if text else None


def _sums(found: vouchers.VoucherPage, amounts: Amounts, comparable: bool) -> str:
    head = f"{fmt.count(found.count)}笔，合计{fmt.sentence_money(found.total)}"
    if not comparable:
        return f"{head}（已筛选）"
    if found.total == amounts.spent:
        return f"{head}（与上表一致 ✓）"
    return f"{head}（与上表相差{fmt.sentence_money(found.total - amounts.spent)}）"


def _filters(context: Context, wanted: vouchers.Filter) -> html.Div:
    address = context.address.with_query(after=None)
    now = next((title for title, bound in BOUNDS if bound == wanted.least), "金额另定")
    amounts = [
        link(
            title,
            address.with_query(min=None if bound is None else str(bound)),
            replace=True,
            current=bound == wanted.least,
        )
        for title, bound in BOUNDS
    ]
    methods = [
        link(
            title or "全部",
            address.with_query(method=title or None),
            replace=True,
            current=(wanted.method or "") == title,
        )
        for title in ("", *METHODS)
    ]
    return html.Div(
        [
            html.Span("筛选", className="label"),
            menu(now, amounts, "按金额筛选"),
            menu(f"结算方式 {wanted.method or '全部'}", methods, "按结算方式筛选"),
        ],
        className="tools inner",
    )


def _table(context: Context, found: vouchers.VoucherPage, sort: str) -> Node:
    columns = [
        Column("支付日期", "date"),
        Column("凭证号"),
        Column("收款人"),
        Column("金额", "amt", number=True),
        Column("用途"),
        Column("部门经济科目", minor=True),
        Column("结算方式", minor=True),
    ]
    names = context.names
    lines = []
    for row in found.rows.iter_rows(named=True):
        to = context.address.at(
            "voucher", str(row["fiscal_year"]), row["pay_cert_id"], keep=("asof", "snap")
        )
        economic = row["dep_bgt_eco_code"] or ""
        lines.append(
            Line(
                [
                    link(fmt.day(row["pay_date"]), to),
                    link(row["pay_cert_no"] or row["pay_cert_id"], to),
                    row["payee_acct_name"] or fmt.NOT_APPLICABLE,
                    fmt.yuan(row["pay_amt"]),
                    html.Span(row["use_des"] or fmt.NOT_APPLICABLE, className="clip"),
                    f"{economic} {names.of('e', economic)}"
                    if names.of("e", economic) != economic
                    else economic or fmt.NOT_APPLICABLE,
                    row["set_mode_code"] or fmt.NOT_APPLICABLE,
                ]
            )
        )
    return table("支付凭证", columns, lines, at=context.address, sort=sort)


def _pager(context: Context, found: vouchers.VoucherPage) -> Node:
    last = found.first + found.rows.height - 1
    parts: list[Node] = []
    if found.first > 1:
        parts.append(link("‹ 回到第一页", context.address.with_query(after=None)))
    parts.append(html.Span(f"第{fmt.count(found.first)}—{fmt.count(last)}笔", className="note"))
    if found.after:
        parts.append(link("下一页 ›", context.address.with_query(after=found.after)))
    return html.Div(parts, className="pager", **attrs({"data-rows": str(found.count)}))
