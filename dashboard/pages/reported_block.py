"""The block that shows 全市 by the monthly reports, with its 抵销 row."""

from __future__ import annotations

from budget_watch.views import formats as fmt
from budget_watch.views.reported import Reported, consolidated
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.place_text import source
from dashboard.parts import block, insufficient
from dashboard.table import Column, Line, table


def block_of(context: Context) -> html.Section:
    """本级, 县区 and 开发区 less 抵销, beside 全市 as reported."""
    title = "全市：执行月报口径"
    found = context.kept(
        "consolidated", lambda: consolidated(context.desk, context.span), context.span
    )
    if found is None or found.whole is None:
        return block(
            title,
            insufficient("缺 FIN-02 一般公共预算支出执行表的全市行，不能列出上下级往来抵销。"),
            flush=True,
            source=source(context, "FIN-02"),
        )
    lines = [_line(context, "合计（全市，月报）", found.whole, 1, "total")]
    for level in found.levels:
        name = context.names.of("z", level.region)
        if level.scope_kind == "本级":
            name = f"{name}本级：{level.flag or '支出'}"
        lines.append(_line(context, name, level, 1))
    if found.offset is not None:
        lines.append(_line(context, "减：上下级往来抵销", found.offset, -1, "rest"))
    if found.gap is not None:
        lines.append(_line(context, "差额（月报全市 − 各级之和）", found.gap, 1, "gap"))
    columns = [
        Column("级次", width="34%"),
        Column("年初预算", number=True, minor=True),
        Column("调整预算", number=True, minor=True),
        Column("累计支出", number=True),
        Column("上年同期", number=True, minor=True),
        Column("同比", number=True),
    ]
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"一般公共预算，{context.span.fiscal_year}年1—{found.month}月，{found.stage}；"
        "支付凭证每笔只记一次，上表不须抵销",
        source=source(context, "FIN-02 一般公共预算支出执行表"),
    )


def _line(context: Context, name: str, row: Reported, sign: int, kind: str = "") -> Line:
    money = context.money
    return Line(
        [
            name,
            money(sign * row.budget),
            money(sign * row.adjusted),
            money(sign * row.ytd),
            money(sign * row.before),
            fmt.NOT_APPLICABLE if kind == "gap" else fmt.growth(row.ytd, row.before),
        ],
        kind,
    )
