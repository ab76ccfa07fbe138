"""三公经费 /sangong: five codes, what they bought, departments, what may hide in other codes.

Source: pages.md §3.6; 三公经费 by department economic codes (domain §1.4).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.figure import Figure
from budget_watch.views.span import Place
from budget_watch.views.spending import Spending
from budget_watch.views.three_public import KINDS, ThreePublic, three_public
from budget_watch.views.three_public_counts import (
    COSTS,
    COUNTS,
    Counted,
    three_public_counts,
)
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.found_list import found_list
from dashboard.pages.limits_block import limits_block
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    block,
    bullet,
    empty,
    insufficient,
    level_chip,
    link,
    missing,
    segments,
)
from dashboard.table import Column, Line, table

RULES = ("SG01", "SG02", "SG09")
TABLES = ("FIN-15 国库集中支付凭证表", "FIN-12 预算指标表")
REPORT = "FIN-22 “三公”经费及会议培训费执行表"
SCOPES = (("本级", None), ("全市", "all"))
HIDDEN = {"SG03": "公务接待费", "SG04": "公务用车运行维护费", "SG05": "因公出国（境）费用"}
SORTS = {"rate": "执行率", "over": "超出金额", "yoy": "同比"}
FIRST = 20
_KEEP = ("fy", "to", "asof", "snap", "scope", "unit")


def page(context: Context) -> Page:
    """三公经费 of 本级 or of the whole city, of a department, of a unit."""
    place, own = _place(context), dict(context.address.place)
    if place is None:
        way = link("查看数据质量", context.address.at("data"))
        return Page("三公经费", [insufficient("缺支付凭证和指标，由财政局送达。", way)])
    asked = (context.desk, place, context.span, own.get("d"), own.get("u"))
    found = context.kept("three_public", lambda: three_public(*asked), *asked[1:])
    counted = context.kept("three_public_counts", lambda: three_public_counts(*asked), *asked[1:])
    if own and not found.departments:
        raise AddressError("没有找到这条记录，或您没有查看权限。")
    doubts = [
        each
        for each in alerts.open_findings(context.home, context.grant)
        if each.area == "three_public"
        and alerts.year_of(each) == context.span.fiscal_year
        and (place.scope_kind == "全市" or each.mof_div_code == place.region)
        and own.get("d", each.dept_code) == each.dept_code
        and own.get("u", each.agency_code) == each.agency_code
    ]
    hidden = [each for each in doubts if each.rule in HIDDEN]
    body = [_kinds(context, found), _bought(context, counted)]
    if "u" not in own:
        body.append(_parts(context, found, doubts))
    body.append(_hidden(context, hidden))
    body += [_listed(context, doubts), limits_block(context, RULES)]
    address = context.address
    scopes = [(title, address.with_query(scope=value)) for title, value in SCOPES]
    name = context.names.of(*context.address.place[-1]) if own else context.ours(place.called)
    return Page(
        f"{name}三公经费",
        [html.Div(body, className="rows")],
        lead=_lead(context, found, hidden),
        crumbs=_crumbs(context, place),
        tools=[] if own else [segments("范围口径", scopes, address)],
    )


def _crumbs(context: Context, place: Place) -> list[tuple[str, Address | None]]:
    steps, at = context.address.place, context.address.at
    if not steps:
        return []
    trail: list[tuple[str, Address | None]] = [
        (f"{place.called}三公经费", at("sangong", keep=_KEEP))
    ]
    for number, (letter, code) in enumerate(steps, 1):
        here = at("sangong", *context.address.parts[:number], keep=_KEEP)
        trail.append((context.names.of(letter, code), None if number == len(steps) else here))
    return trail


def _place(context: Context) -> Place | None:
    city = context.city
    if city is None or context.address.get("scope") != "all":
        return city
    return Place(city.region, "全市", city.name)


def _lead(context: Context, found: ThreePublic, hidden: list[Finding]) -> str:
    spent = found.total.spent.value
    if spent is None:
        return f"三公经费支出没有送达：{found.total.spent.why}。"
    what = "三公经费支出" if context.address.parts else context.ours("三公经费支出")
    said = [f"{context.span.as_of}，{what}{fmt.sentence_money(spent)}"]
    rate = fmt.figure_text(found.total.progress)
    if rate:
        said.append(f"占变动预算{rate}")
    over = found.over_count.value
    told = "，".join(said) + "；"
    what = "单位" if context.address.parts else "部门"
    told += f"{over}个{what}支出大于变动预算" if over else f"没有{what}支出大于变动预算"
    if hidden:
        amount = sum(_amount(each) for each in hidden)
        year = context.span.fiscal_year
        told += f"；{year}年疑似列入其他科目{len(hidden)}笔、{fmt.sentence_money(amount)}，待核实"
    return told + "。"


# ---- by kind
def _kinds(context: Context, found: ThreePublic) -> html.Section:
    columns = [
        Column("项目", width="26%"),
        Column("年初预算", number=True, minor=True),
        Column("变动预算", number=True),
        Column("支出", number=True),
        Column("执行率"),
        Column("上年同期", number=True, minor=True),
        Column("同比", number=True),
    ]
    lines = [_kind(context, found.total, None)]
    lines += [_kind(context, each, code) for code, each in zip(KINDS, found.kinds, strict=True)]
    listed = [each.spent.value for each in found.kinds]
    if found.total.spent.value is not None and None not in listed:
        gap = found.total.spent.value - sum(value or 0 for value in listed)
        none = fmt.NOT_APPLICABLE
        cells: list[Node] = ["差额（未列明）", none, none, context.money(gap), none, none, none]
        lines.append(Line(cells, "gap"))
    return block(
        "五项科目",
        table("三公经费五项科目", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{context.span.as_of}，财政拨款（一般公共预算、政府性基金、国有资本经营）",
        source=source(
            context,
            *TABLES,
            more=[
                ("科目", "部门预算支出经济分类 " + "、".join(KINDS)),
                ("执行率", "支出 ÷ 变动预算"),
                ("同比", "只减不增为承诺口径，法律没有规定限额"),
            ],
        ),
    )


def _kind(context: Context, each: Spending, code: str | None) -> Line:
    name: Node = "合计（五项科目）"
    if code is not None:
        steps = ("f1", *context.address.parts, f"e{code}")
        name = link(f"{code} {each.name}", context.address.at("exec", *steps, keep=_KEEP))
    return Line([name, *_amounts(context, each)], "" if code else "total")


def _amounts(context: Context, each: Spending) -> list[Node]:
    return [
        _money(context, each.initial),
        _money(context, each.current),
        _money(context, each.spent),
        _rate(context, each),
        _money(context, each.last_year),
        _said(each.yoy),
    ]


def _money(context: Context, of: Figure) -> Node:
    return missing(of.why or "未送达") if of.value is None else context.money(of.value)


def _said(of: Figure) -> Node:
    text = fmt.figure_text(of)
    if text is not None:
        return text
    return fmt.NOT_APPLICABLE if of.inapplicable else missing(of.why or "未送达")


def _rate(context: Context, each: Spending) -> Node:
    spent, current = each.spent.value, each.current.value
    if spent is None or current is None:
        return missing(each.progress.why or "未送达")
    if current <= 0:
        return "无预算有支出" if spent > 0 else fmt.NOT_APPLICABLE
    text = fmt.near_limit(spent, current)
    bar = bullet(each.progress.exact, context.span.pace, label=f"{each.name}执行率{text}")
    return html.Span([bar, html.Span(text)], className="with-bar")


# ---- what it bought
def _bought(context: Context, counted: tuple[Counted, ...]) -> html.Section:
    title = "团组、批次、车辆和单位成本"
    if not counted:
        said = f"缺 {REPORT}（{context.span.as_of}），由财政局送达，数量和单位成本暂不计算。"
        way = link(
            "查看数据质量", context.address.at("data", "three_public", keep=("asof", "snap"))
        )
        return block(title, insufficient(said, way), flush=True, source=source(context, REPORT))
    columns = [
        Column("项目", width="24%"),
        Column("数量", width="22%"),
        Column("单位成本（元）", number=True),
        Column("月报累计数", number=True),
        Column("同期支付凭证", number=True, minor=True),
        Column("差额", number=True),
    ]
    lines = [
        Line(
            [
                f"{each.code} {each.name}",
                _numbers(each),
                _cost(each),
                _money(context, each.reported),
                _money(context, each.paid),
                _money(context, each.gap),
            ]
        )
        for each in counted
    ]
    origin = counted[0].reported.origin
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{origin.as_of}，{origin.stage}；差额 = 月报累计数 − 同期支付凭证",
        source=source(
            context,
            REPORT,
            TABLES[0],
            more=[("单位成本", "月报累计数 ÷ 数量，只用两者都填报的行，四舍五入到分")],
        ),
    )


def _numbers(each: Counted) -> Node:
    parts: list[Node] = []
    for (_, title, unit), of in zip(COUNTS[each.code], each.counts, strict=True):
        if parts:
            parts.append("　")
        number: Node = missing(of.why or "未填报")
        if of.value is not None:
            number = fmt.count(of.value) + ("" if title.endswith(unit) else unit)
        parts += [f"{title} ", number]
    return html.Span(parts)


def _cost(each: Counted) -> Node:
    if each.cost.value is None:
        return missing(each.cost.why or "未填报")
    return f"{COSTS[each.code][1]} {fmt.yuan(each.cost.value)}"


# ---- departments, or a department's units
def _parts(context: Context, found: ThreePublic, doubts: list[Finding]) -> html.Section:
    address, chosen = context.address, context.address.get("sort") or "rate"
    orders = [
        (title, address.with_query(sort=None if key == "rate" else key))
        for key, title in SORTS.items()
    ]
    what = "单位" if address.parts else "部门"
    columns = [
        Column(what, width="24%"),
        Column("变动预算", number=True, minor=True),
        Column("支出", number=True),
        Column("执行率"),
        Column("超出", number=True),
        Column("同比", number=True, minor=True),
        Column("疑点", number=True),
    ]
    ordered = sorted(found.departments, key=_orders(chosen))
    shown = ordered if address.get("open") == "all" else ordered[:FIRST]
    doubtful = alerts.by_code(doubts, "u" if address.parts else "d")
    lines = [_part(context, each, doubtful) for each in shown]
    body: list[Node] = [html.Div(segments(f"{what}排序", orders, address), className="pager")]
    body.append(
        table("各部门三公经费", columns, lines)
        if lines
        else empty("没有部门有三公经费预算或支出。")
    )
    if len(shown) < len(ordered):
        more = link(f"显示全部{len(ordered)}个{what}", address.with_query(open="all"), replace=True)
        body.append(html.Nav(more, className="pager"))
    return block(
        f"各{what}",
        body,
        flush=True,
        unit=context.unit_title,
        sub=_joined(
            f"{len(ordered)}个{what}，按{SORTS[chosen]}从高到低",
            "竖线为时间进度",
            context.some_findings,
        ),
        source=source(context, *TABLES, more=[("超出", "支出 − 变动预算，只列大于零的")]),
    )


def _orders(chosen: str) -> Callable[[Spending], tuple[Fraction, str]]:
    def key(each: Spending) -> tuple[Fraction, str]:
        if chosen == "over":
            return -Fraction(_over(each)), each.key
        of = each.yoy if chosen == "yoy" else each.progress
        return (Fraction(10**9) if of.exact is None else -of.exact), each.key

    return key


def _over(each: Spending) -> int:
    return max(0, (each.spent.value or 0) - (each.current.value or 0))


def _part(context: Context, each: Spending, doubtful: dict[str | None, list[Finding]]) -> Line:
    code, inside = each.key.rsplit(".", 1)[1], context.address.parts
    over, doubts = _over(each), doubtful.get(code, [])
    letter = "u" if inside else "d"
    to = context.address.at("sangong", *inside, letter + code, keep=_KEEP)
    count: Node = link(f"{len(doubts)}条", to) if doubts else "0"
    return Line(
        [
            link(context.names.of(letter, code), to),
            _money(context, each.current),
            _money(context, each.spent),
            _rate(context, each),
            context.money(over) if over else fmt.NOT_APPLICABLE,
            _said(each.yoy),
            count,
        ]
    )


# ---- what may hide in other codes
def _hidden(context: Context, hidden: list[Finding]) -> html.Section:
    title = "疑似列入其他科目"
    if context.last_run is None:
        said = insufficient("尚无规则运行记录。请运行 budget-watch check。")
        return block(title, said, flush=True, source=source(context, "疑点库"))
    columns = [
        Column("疑似项目", width="30%"),
        Column("规则"),
        Column("最高级别"),
        Column("笔数", number=True),
        Column("金额", number=True),
    ]
    lines = []
    for rule, name in HIDDEN.items():
        found = [each for each in hidden if each.rule == rule]
        marked = alerts.mark(found)
        lines.append(
            Line(
                [
                    name,
                    link(rule, context.address.at("rules", rule, keep=("asof", "snap"))),
                    level_chip(marked.level) if marked else fmt.NOT_APPLICABLE,
                    f"{len(found)}笔",
                    context.money(sum(_amount(each) for each in found)),
                ]
            )
        )
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=_joined(
            f"{context.span.fiscal_year}年支付的凭证，按用途中的字样找出，是否应列三公科目需核实",
            context.some_findings,
        ),
        source=source(context, "疑点库"),
    )


def _listed(context: Context, doubts: list[Finding]) -> html.Section:
    """The year's findings about 三公经费, each to its page."""
    title = "三公经费疑点"
    most = len(doubts) if context.address.get("open") == "all" else FIRST
    body: list[Node] = [
        found_list(context, doubts[:most], title) if doubts else empty(_none(context))
    ]
    if len(doubts) > most:
        more = link(
            f"显示全部{len(doubts)}条", context.address.with_query(open="all"), replace=True
        )
        body.append(html.Nav(more, className="pager"))
    return block(
        title,
        body,
        flush=True,
        sub=_joined(f"{context.span.fiscal_year}年，{len(doubts)}条", context.some_findings),
        source=source(context, "疑点库"),
    )


def _none(context: Context) -> str:
    if context.last_run is None:
        return "尚无规则运行记录。"
    return "没有您看得到的疑点。" if context.some_findings else "规则没有命中。"


def _joined(*parts: str) -> str:
    return "；".join(part for part in parts if part)


def _amount(of: Finding) -> int:
    value = of.values.get("pay_amt")
    return value if isinstance(value, int) else 0
