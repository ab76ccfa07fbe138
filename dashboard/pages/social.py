"""社保基金 /social: every pool where it is pooled, its months (pages.md §3.13, rules SB01–SB03)."""

from __future__ import annotations

from fractions import Fraction

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.social import Pool, pools
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.found_list import found_list
from dashboard.pages.limits_block import limits_block
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, bullet, insufficient, level_chip, link, missing
from dashboard.table import Column, Line, table

RULES = ("SB01", "SB02", "SB03")
TABLES = ("HRSS-01 社会保险基金收支结余月报", "NHSA-01 基本医疗保险基金收支结余月报")
AREA = "social"
_KEEP = ("fy", "to", "asof", "snap", "unit")
_HOW: list[tuple[str, Node]] = [
    ("收入、支出", "本年1月至所列月份累计；有缺月的不合计"),
    ("其中补助", "财政补贴收入 + 上级补助收入"),
    ("可支付月数", "期末累计结余 ÷（近十二个月支出 ÷ 12），十二个月不全的不计算"),
    ("补贴到位率", "实到位财政补贴 ÷ 应到位财政补贴（本年累计）"),
    ("不作判断", "省级、全国统筹的险种和个人账户，本级数字只作列示"),
]


def page(context: Context) -> Page:
    """All pools, or the months of one."""
    found = context.kept("social", lambda: pools(context.desk, context.span), context.span)
    if not found:
        closed = context.reader.withheld("social_fund")
        said = closed or f"缺 {'、'.join(TABLES)}（{context.span.as_of}）。"
        way = None if closed else link("查看数据质量", context.address.at("data"))
        return Page("社保基金", [insufficient(said, way)])
    if context.address.parts:
        return _one(context, found)
    region = context.city.region if context.city else found[0].region
    own = [one for one in found if one.region == region]
    others = [one for one in found if one.region != region]
    doubts = _doubts(context)
    body = [_pools(context, own, doubts, "本级经办的险种", whole=True)]
    if others:
        body.append(_pools(context, others, doubts, "各县区经办的险种"))
    body.append(limits_block(context, RULES))
    return Page("社保基金", [html.Div(body, className="rows")], lead=_lead(own or others))


def _lead(own: list[Pool]) -> str:
    last = max((one.year, one.month) for one in own)
    judged = [one for one in own if not one.aside]
    short = [one for one in judged if one.surplus is not None and one.surplus < 0]
    told = f"{last[0]}年{last[1]}月末，{len(own)}个险种，其中{len(judged)}个在本级统筹"
    balances = [one.balance for one in judged if one.balance is not None]
    if balances:
        told += f"，累计结余{fmt.sentence_money(sum(balances))}"
    if short:
        names = "、".join(one.kind for one in short)
        return f"{told}；本年支出大于收入的{len(short)}个：{names}。"
    return f"{told}；本年没有支出大于收入的。"


def _doubts(context: Context) -> dict[tuple[str, str], list[Finding]]:
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for each in alerts.open_findings(context.home, context.grant):
        about = alerts.year_of(each) == context.span.fiscal_year
        if each.area == AREA and about and "fund_kind" in each.grain:
            key = (str(each.mof_div_code), str(each.grain["fund_kind"]))
            grouped.setdefault(key, []).append(each)
    return grouped


def _pools(
    context: Context,
    some: list[Pool],
    doubts: dict[tuple[str, str], list[Finding]],
    title: str,
    whole: bool = False,
) -> html.Section:
    columns = [
        Column("险种" if whole else "区划和险种", width="20%"),
        Column("统筹层次"),
        Column("收入", number=True),
        Column("其中补助", number=True, minor=True),
        Column("支出", number=True),
        Column("收支差", number=True),
        Column("期末结余", number=True),
        Column("可支付月数", number=True),
        Column("补贴到位率", minor=True),
        Column("疑点"),
    ]
    lines = [_line(context, one, doubts, whole) for one in some]
    if whole:
        lines.insert(0, _total(context, some))
    late = {(one.year, one.month) for one in some}
    when = "、".join(f"{year}年1—{month}月" for year, month in sorted(late))
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{when}累计；各险种分别建账、分账核算，合计只供对照",
        source=source(context, *TABLES, more=[*_HOW]),
    )


def _total(context: Context, some: list[Pool]) -> Line:
    def added(values: list[int | None]) -> Node:
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return missing("有险种缺月或未填")
        return context.money(sum(known))

    none = fmt.NOT_APPLICABLE
    return Line(
        [
            "合计",
            none,
            added([one.income for one in some]),
            context.money(sum(one.support for one in some)),
            added([one.expense for one in some]),
            added([one.surplus for one in some]),
            added([one.balance for one in some]),
            none,
            none,
            none,
        ],
        "total",
    )


def _line(
    context: Context, one: Pool, doubts: dict[tuple[str, str], list[Finding]], own: bool
) -> Line:
    name = one.kind if own else f"{context.names.of('z', one.region)} {one.kind}"
    own_doubts = doubts.get((one.region, one.kind), [])
    marked = alerts.mark(own_doubts)
    said: Node = fmt.NOT_APPLICABLE
    if marked is not None:
        to = context.address.at("social", one.region, one.kind, keep=_KEEP)
        if marked.count == 1:
            alone = own_doubts[0].finding[:16]
            to = context.address.at("finding", alone, keep=("asof", "snap"))
        said = link([level_chip(marked.level), f" {marked.count}条"], to)
    elif one.aside:
        said = html.Span("不作判断", title=one.aside)
    return Line(
        [
            link(name, context.address.at("social", one.region, one.kind, keep=_KEEP)),
            one.level or missing("未填统筹层次"),
            _money(context, one.income, one.why),
            context.money(one.support),
            _money(context, one.expense, one.why),
            _money(context, one.surplus, one.why),
            _money(context, one.balance, "未填期末结余"),
            _months(one),
            _arrived(context, one),
            said,
        ]
    )


def _money(context: Context, value: int | None, why: str) -> Node:
    return missing(why or "未填") if value is None else context.money(value)


def _months(one: Pool) -> Node:
    if one.aside:
        return fmt.NOT_APPLICABLE
    if one.payable is None:
        return missing("近十二个月的数据不全")
    return fmt.times(one.payable.numerator, one.payable.denominator).removesuffix("倍")


def _arrived(context: Context, one: Pool) -> Node:
    if one.due is None:
        return missing(one.why or "没有填报应到位补贴")
    if one.due <= 0:
        return fmt.NOT_APPLICABLE
    if one.arrived is None:
        return missing("没有填报实到位补贴")
    text = fmt.share(one.arrived.numerator, one.arrived.denominator)
    bar = bullet(min(one.arrived, Fraction(2)), Fraction(1), label=f"补贴到位率{text}")
    return html.Span([bar, html.Span(text)], className="with-bar")


def _one(context: Context, found: tuple[Pool, ...]) -> Page:
    region, kind = context.address.parts
    own = next((one for one in found if (one.region, one.kind) == (region, kind)), None)
    if own is None:
        raise AddressError("没有找到这条记录，或您没有查看权限。")
    columns = [
        Column("月份"),
        Column("收入", number=True),
        Column("其中补助", number=True),
        Column("支出", number=True),
        Column("收支差", number=True),
        Column("期末结余", number=True),
    ]
    this_year = [each for each in own.months if each.year == own.year]
    total: list[Node] = [
        f"{own.year}年1—{own.month}月合计",
        _money(context, own.income, own.why),
        context.money(own.support),
        _money(context, own.expense, own.why),
        _money(context, own.surplus, own.why),
        _money(context, own.balance, "未填期末结余"),
    ]
    lines = [Line(total, "total")]
    for each in reversed(own.months):
        gap = None
        if each.income is not None and each.expense is not None:
            gap = each.income - each.expense
        cells = [
            _money(context, each.income, "未填"),
            context.money(each.support),
            _money(context, each.expense, "未填"),
            _money(context, gap, "未填"),
            _money(context, each.balance, "未填"),
        ]
        lines.append(Line([f"{each.year}-{each.month:02}", *cells]))
    place = context.names.of("z", region)
    doubts = _doubts(context).get((region, kind), [])
    body = [
        block(
            "各月收支",
            table("各月收支", columns, lines),
            flush=True,
            unit=context.unit_title,
            sub=f"本年{len(this_year)}个月，连同上年各月；月报为当月数",
            source=source(context, *TABLES, more=[*_HOW]),
        )
    ]
    if doubts:
        body.append(
            block(
                "疑点",
                found_list(context, doubts),
                flush=True,
                sub=context.some_findings or None,
                source=source(context, "疑点库"),
            )
        )
    told = [one for one in (own.level, own.aside) if one]
    lead = f"{own.year}年{own.month}月末累计结余{fmt.sentence_money(own.balance)}"
    if own.payable is not None and not own.aside:
        lead += f"，按近十二个月支出可支付{_months(own)}个月"
    crumbs = [("社保基金", context.address.at("social", keep=_KEEP)), (f"{place}{kind}", None)]
    return Page(
        f"{place}{kind}基金",
        [html.Div(body, className="rows")],
        lead="；".join([lead, *dict.fromkeys(told)]) + "。",
        crumbs=crumbs,
    )
