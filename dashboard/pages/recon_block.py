"""调节表 on the 数据质量 page: month report beside vouchers, what is explained, what is left."""

from __future__ import annotations

from collections import Counter

import polars as pl

from budget_watch.access.granting import may
from budget_watch.casework.accounts import store_of
from budget_watch.views import formats as fmt
from budget_watch.views import reconciliation as recon
from budget_watch.views.reconciliation import Statement
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.forms import export_form
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, empty, insufficient, link
from dashboard.table import Column, Line, table

_SHORT = tuple(
    zip(("集中支付", "退回", "实拨", "直接列支", "权责列支", "在途"),
        (name for _, name in recon.PARTS), strict=True)
)  # fmt: skip
_KEEP = ("asof", "snap", "fy", "to")
_NONE = "没有送达 FIN-02 一般公共预算支出预算执行表，无从对账。"


def month_of(context: Context) -> tuple[int, int] | None:
    """The last month with a month report, not after the span that the address asks for."""
    known = context.kept("recon_months", lambda: recon.months(context.reader))
    upto = (context.span.fiscal_year, context.span.month)
    return max((month for month in known if month <= upto), default=None)


def statements(context: Context, month: tuple[int, int]) -> list[Statement]:
    """The month's statements, once per snapshot and grant."""
    return context.kept(
        "recon", lambda: recon.statements(context.reader, *month), f"{month[0]}-{month[1]:02}"
    )


def recon_block(context: Context) -> html.Section:
    """What the home's own government has left open, and the way to the whole."""
    title, month = "调节表", month_of(context)
    if month is None:
        return block(title, insufficient(_NONE), flush=True, source=source(context, "调节表"))
    city = context.city
    own = [one for one in statements(context, month) if city and one.mof_div_code == city.region]
    open_ = [one for one in own if one.state in recon.NEEDS_WORK]
    words = f"{month[0]}年{month[1]}月末本级{len(own)}类，{len(open_)}类有没说明的差额"
    way = link("全部调节表", context.address.at("data", "recon", keep=_KEEP))
    body: Node = empty("月报与凭证的差额都已说明或在舍入以内。", way)
    if open_:
        ranked = sorted(open_, key=lambda one: -abs(one.left or 0))
        body = [_table(context, ranked, "没说明的差额"), empty("", way)]
    return block(
        title, body, flush=True, sub=words, unit="累计数，单位：万元", source=_source(context)
    )


def recon_page(context: Context) -> Page:
    """Every statement of a month, and the signed lines behind them. Raises NotFoundError."""
    month = month_of(context)
    if month is None:
        raise NotFoundError
    found = sorted(
        statements(context, month), key=lambda one: (one.state not in recon.NEEDS_WORK, one.period)
    )  # stable: by region and class behind
    counts = Counter(one.state for one in found)
    said = "，".join(f"{word}{number}类" for word, number in counts.most_common())
    lines = recon.signed_lines(context.reader, *month)
    period = f"{month[0]}-{month[1]:02}"
    blocks = [
        block(
            "从凭证到月报", _table(context, found, "调节表"), flush=True, unit="累计数，单位：万元",
            source=_source(context),
        ),
        block(
            "财政签认的调节", _signed(context, lines), flush=True, unit="单位：万元",
            sub="签认之后的数据快照才计算；没有签认的、撤回的不列",
            source=_source(context),
        ),
        block(
            "填列、签认、导出", [_how(period), _export(context, period)], source=_source(context)
        ),
    ]  # fmt: skip
    return Page(
        f"{month[0]}年{month[1]}月调节表",
        [html.Div(blocks, className="rows")],
        lead=f"{len(found)}类：{said}。",
        crumbs=[("数据质量", context.address.at("data")), ("调节表", None)],
    )


def _source(context: Context) -> html.Footer:
    tables = ("FIN-02 支出月报", "FIN-15 支付凭证", "FIN-17 拨款凭证", "财政签认的调节")
    return source(context, *tables)


def _table(context: Context, found: list[Statement], caption: str) -> html.Div:
    columns = [
        Column("区划", minor=True, width="7%"),
        Column("功能类", width="15%"),
        Column("情况"),
        Column("月报累计", number=True),
        *(Column(name, number=True, minor=True, hint=long) for name, long in _SHORT),
        Column("表列差额", number=True),
        Column("财政签认", number=True),
        Column("未解释", number=True),
    ]
    names = context.names
    lines = [
        Line(
            [
                names.regions.get(one.mof_div_code, one.mof_div_code),
                f"{one.func_class} {names.of('c', one.func_class)}",
                one.state,
                fmt.table_money(one.reported),
                *(fmt.table_money(amount) for amount in one.parts),
                fmt.table_money(one.open),
                fmt.table_money(one.signed) if one.signed_lines else fmt.NOT_APPLICABLE,
                fmt.table_money(one.left),
            ]
        )
        for one in found
    ]
    return table(caption, columns, lines)


def _signed(context: Context, lines: pl.DataFrame) -> Node:
    if lines.is_empty():
        return empty("本月没有签认的调节。")
    columns = [
        Column("区划", minor=True),
        Column("功能类"),
        Column("种类"),
        Column("金额", number=True),
        Column("说明", long=True),
        Column("填列"),
        Column("签认"),
    ]
    names = context.names
    rows = [
        Line(
            [
                names.regions.get(row["mof_div_code"], row["mof_div_code"]),
                f"{row['func_class']} {names.of('c', row['func_class'])}",
                row["kind"],
                fmt.table_money(row["amt"]),
                html.Span(row["explanation"], className="anywhere"),
                f"{row['filled_by']} {fmt.day(row['filled_on'])}",
                f"{row['signed_by']} {fmt.day(row['signed_on'])}",
            ]
        )
        for row in lines.iter_rows(named=True)
    ]
    return table("财政签认的调节", columns, rows)


def _export(context: Context, period: str) -> Node:
    """The form to take the month's statements away, for whoever may."""
    if not may(store_of(context.home), context.grant.role, "export"):
        return None
    title = f"导出 {period} 调节表"
    return export_form(title, "reconciliation", period=period, snapshot=context.snapshot.id)


def _how(period: str) -> html.Dl:
    facts = (
        ("填列", f"budget-watch reconcile fill {period} 205 --kind 在途 --amount 12.34万元 "
                 "--why 说明 --by 姓名"),
        ("签认（另一人）", "budget-watch reconcile sign 编号 --by 姓名"),
        ("导出 Excel", f"budget-watch reconcile list --period {period} --excel 调节表.xlsx"),
    )  # fmt: skip
    return html.Dl(
        [html.Div([html.Dt(key), html.Dd(html.Code(value))]) for key, value in facts],
        className="facts",
    )
