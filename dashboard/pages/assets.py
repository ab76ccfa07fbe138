"""国有资产 /assets: four classes, each of its own date; an enterprise's months (pages.md §3.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.assets import (
    AdminAssets,
    Enterprise,
    Month,
    Resource,
    added,
    admin_assets,
    admin_total,
    enterprises,
    resources,
)
from dashboard import elements as html
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

SOE = (
    "SASAC-01 国有企业主要财务指标快报",
    "SASAC-02 企业国有资产年度统计表",
    "SASAC-03 国有资本收益收缴表",
)
ADMIN = "FIN-28 行政事业性国有资产报表"
NATURE = "NR-02 国有自然资源资产年报"
RULES = {
    "soe": ("GZ01", "GZ02", "GZ03"),
    "admin": ("GZ06", "GZ07", "GZ08", "GZ09", "GZ10"),
}
TABS = (
    ("总体", None),
    ("企业（不含金融）", "soe"),
    ("行政事业性", "admin"),
    ("自然资源", "nature"),
)
FINANCE = "报送约定的53张报表里没有金融企业国有资产表，本类没有数据。"
_KEEP = ("fy", "to", "asof", "snap", "unit")
SHOWN = 30


def page(context: Context) -> Page:
    """All classes, one class, or one enterprise."""
    firms = context.kept(
        "enterprises",
        lambda: enterprises(context.desk, context.span, context.as_of),
        context.span,
    )
    if context.address.parts:
        return _firm(context, firms, context.address.parts[0])
    tabs = {"": _whole, "soe": _firms, "admin": _admin, "nature": _nature}
    chosen = context.address.get("tab")
    if chosen not in tabs:
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 soe、admin 或 nature。")
    address = context.address
    choices = [(title, address.with_query(tab=key, open=None)) for title, key in TABS]
    return Page(
        "国有资产",
        [html.Div([*tabs[chosen](context, firms), *_limits(context, chosen)], className="rows")],
        lead=_lead(context, firms),
        tools=[segments("资产类别", choices, address)],
    )


def _limits(context: Context, tab: str) -> list[Node]:
    return [limits_block(context, RULES[tab])] if tab in RULES else []


def _lead(context: Context, firms: tuple[Enterprise, ...]) -> str:
    said = []
    if firms:
        last = max((one.last.year, one.last.month) for one in firms)
        above = [one for one in firms if (one.last.above or 0) > 0]
        said.append(
            f"企业为{last[0]}年{last[1]}月快报，{len(firms)}户，"
            f"资产负债率高于行业基准的{len(above)}户"
        )
    office = admin_total(context.desk, context.span.fiscal_year)
    if office is not None:
        idle = "闲置面积率不能计算"
        if office.idle is not None:
            idle = f"闲置面积占{fmt.share(office.idle.numerator, office.idle.denominator)}"
        said.append(f"行政事业性为{office.year}年末，{idle}")
    nature = resources(context.desk, context.span.fiscal_year)
    if nature:
        said.append(f"自然资源为{nature[0].year}年末")
    return "；".join(said) + "。" if said else "国有资产各表都没有送达。"


def _money(context: Context, value: int | None, why: str = "有未填的") -> Node:
    return missing(why) if value is None else context.money(value)


def _share(part: int | None, whole: int | None, why: str = "有未填的") -> Node:
    if part is None or whole is None:
        return missing(why)
    return fmt.share(part, whole) if whole > 0 else fmt.NOT_APPLICABLE


def _hundredths(value: int | None) -> str | None:
    return None if value is None else fmt.table_money(value, "yuan")


# ---- all classes
def _whole(context: Context, firms: tuple[Enterprise, ...]) -> list[Node]:
    city = context.city.region if context.city else ""
    columns = [
        Column("类别和级次", width="26%"),
        Column("资产", number=True),
        Column("负债", number=True),
        Column("国有权益", number=True),
        Column("较上年末", number=True, minor=True),
        Column("时点"),
    ]
    lines: list[Line] = []
    levels: list[tuple[str, Callable[[str], bool]]] = [
        ("市本级", lambda region: region == city),
        ("县区", lambda region: region != city),
        ("合计", lambda region: True),
    ]
    for title, inside in levels:
        lines.append(_of_firms(context, title, [one for one in firms if inside(one.region)]))
    none = fmt.NOT_APPLICABLE
    lines.append(
        Line(["金融企业", missing(FINANCE), missing(FINANCE), missing(FINANCE), none, none])
    )
    lines += _of_offices(context, city)
    nature = resources(context.desk, context.span.fiscal_year)
    for title, inside in levels:
        lines.append(_of_nature(context, title, [one for one in nature if inside(one.region)]))
    return [
        block(
            "四类资产",
            table("四类国有资产", columns, lines),
            flush=True,
            unit=context.unit_title,
            sub="各类时点不同，不相加；同一类内市本级与县区相加为合计",
            source=source(
                context,
                SOE[0],
                ADMIN,
                NATURE,
                more=[
                    ("企业", "合并报表；各户之间的持股没有抵销"),
                    ("行政事业性", "资产为账面净值；报表没有负债"),
                    ("自然资源", "资产为价值量估算，没有估算的为缺；实物量见“自然资源”页签"),
                    ("较上年末", "企业：与上年12月比；自然资源只比实物量"),
                ],
            ),
        ),
        _doubts(context),
    ]


def _of_firms(context: Context, title: str, some: list[Enterprise]) -> Line:
    name = f"企业（不含金融）{title}"
    if not some:
        gap = missing("没有企业快报")
        return Line([name, gap, gap, gap, fmt.NOT_APPLICABLE, fmt.NOT_APPLICABLE])
    asset = added(one.last.asset for one in some)
    before = added(_december(one) for one in some)
    change: Node = missing("有企业没有上年12月快报")
    if asset is not None and before is not None:
        change = context.money(asset - before)
    dates = sorted({(one.last.year, one.last.month) for one in some})
    return Line(
        [
            name,
            _money(context, asset),
            _money(context, added(one.last.liab for one in some)),
            _money(context, added(one.last.equity for one in some)),
            change,
            "、".join(f"{year}年{month}月末" for year, month in dates),
        ],
        "total" if title == "合计" else "",
    )


def _december(one: Enterprise) -> int | None:
    wanted = (one.last.year - 1, 12)
    return next((m.asset for m in one.months if (m.year, m.month) == wanted), None)


def _of_offices(context: Context, city: str) -> list[Line]:
    year = context.span.fiscal_year
    every = admin_assets(context.desk, year, "mof_div_code")
    none = fmt.NOT_APPLICABLE
    lines = []
    for title, some in (
        ("市本级", [one for one in every if one.key == city]),
        ("县区", [one for one in every if one.key != city]),
        ("合计", every),
    ):
        name = f"行政事业性{title}"
        if not some:
            lines.append(Line([name, missing("没有行政事业性报表"), none, none, none, none]))
            continue
        net = added(one.net for one in some)
        cells: list[Node] = [_money(context, net), none, none, none, f"{some[0].year}年末"]
        lines.append(Line([name, *cells], "total" if title == "合计" else ""))
    return lines


def _of_nature(context: Context, title: str, some: list[Resource]) -> Line:
    none = fmt.NOT_APPLICABLE
    name = f"自然资源{title}"
    if not some:
        return Line([name, missing("没有自然资源年报"), none, none, none, none])
    value = added(one.value for one in some)
    worth = _money(context, value, "有资源没有价值量估算")
    kind = "total" if title == "合计" else ""
    return Line([name, worth, none, none, none, f"{some[0].year}年末"], kind)


def _doubts(context: Context) -> html.Section:
    found = [
        each for each in alerts.open_findings(context.home, context.grant) if each.area == "assets"
    ]
    rules: dict[str, int] = {}
    for each in found:
        rules[each.rule] = rules.get(each.rule, 0) + 1
    titles = {each.rule: each.title for each in found}
    columns = [Column("规则", width="50%"), Column("最高级别"), Column("疑点", number=True)]
    lines = []
    for rule, count in sorted(rules.items()):
        marked = alerts.mark([each for each in found if each.rule == rule])
        to = context.address.at("alerts", keep=("asof", "snap"), rule=rule)
        level: Node = level_chip(marked.level) if marked else fmt.NOT_APPLICABLE
        lines.append(Line([f"{rule} {titles[rule]}", level, link(f"{count}条", to)]))
    if context.last_run is None:
        body: Node = insufficient("尚无规则运行记录。请运行 budget-watch check。")
    elif not lines:
        seen = context.some_findings
        body = empty(f"没有您看得到的疑点（{seen}）。" if seen else "国有资产领域的规则没有命中。")
    else:
        body = table("国有资产疑点", columns, lines)
    said = "现有的疑点，不分年度" + (f"；{context.some_findings}" if context.some_findings else "")
    return block("疑点", body, flush=True, sub=said, source=source(context, "疑点库"))


# ---- enterprises
def _firms(context: Context, firms: tuple[Enterprise, ...]) -> list[Node]:
    if not firms:
        way = link("查看数据质量", context.address.at("data"))
        return [insufficient(f"缺 {SOE[0]}（{context.span.as_of}），由国资委送达。", way)]
    columns = [
        Column("企业", width="22%"),
        Column("行业", minor=True),
        Column("资产", number=True),
        Column("资产负债率"),
        Column("高于行业基准", number=True),
        Column("利润", number=True, minor=True),
        Column("保值增值率", number=True),
        Column("收益未缴", number=True),
        Column("疑点", number=True),
    ]
    found = alerts.open_findings(context.home, context.grant)
    counts: dict[str, int] = {}
    for each in found:
        if each.area == "assets":
            firm = str(each.grain.get("uscc", ""))
            counts[firm] = counts.get(firm, 0) + 1
    lines = [_firm_line(context, one, counts.get(one.uscc, 0)) for one in firms]
    return [
        block(
            "企业",
            table("企业国有资产", columns, lines),
            flush=True,
            unit=context.unit_title,
            sub="按资产负债率高于行业基准从多到少；竖线为行业基准",
            source=source(
                context,
                *SOE,
                more=[
                    ("资产负债率", "负债 ÷ 资产，合并报表"),
                    (
                        "行业基准",
                        "随快报送达；预警线为基准加5、重点监管线为基准加10个百分点，见规则 GZ01",
                    ),
                    ("保值增值率", "（年末国有资本及权益 − 客观增加 + 客观减少）÷ 年初"),
                    ("收益未缴", f"应缴日期早于{fmt.day(context.as_of)}的应缴收益减已缴收益"),
                ],
            ),
        )
    ]


def _firm_line(context: Context, one: Enterprise, doubts: int) -> Line:
    last, here = one.last, context.address.at("assets", one.uscc, keep=_KEEP)
    return Line(
        [
            link(one.name, here),
            one.industry or missing("未填行业"),
            _money(context, last.asset, "快报未填资产"),
            _leverage(one.name, last),
            _above(last),
            _money(context, last.profit, "快报未填利润"),
            _kept(one),
            _owed(context, one),
            link(f"{doubts}条", here) if doubts else "0",
        ]
    )


def _leverage(name: str, of: Month) -> Node:
    if of.leverage is None:
        return missing("快报未填资产或负债")
    text = fmt.share(of.leverage.numerator, of.leverage.denominator)
    line = None if of.benchmark is None else Fraction(of.benchmark, 1_000_000)
    bar = bullet(min(of.leverage, Fraction(2)), line, label=f"{name}资产负债率{text}")
    return html.Span([bar, html.Span(text)], className="with-bar")


def _above(of: Month) -> Node:
    if of.above is None:
        return missing("快报未填行业基准")
    return fmt.points(of.above)


def _kept(one: Enterprise) -> Node:
    if one.preserved is None:
        return missing("年度统计表没有送达或未填")
    return _beside_whole(one.preserved)


def _beside_whole(rate: Fraction) -> str:
    """A rate as a share; one that rounds to 100% without being it says on which side it is."""
    text = fmt.share(rate.numerator, rate.denominator)
    if rate == 1 or text != fmt.share(1, 1):
        return text
    return "略低于100%" if rate < 1 else "略高于100%"


def _owed(context: Context, one: Enterprise) -> Node:
    if one.due is None:
        return fmt.NOT_APPLICABLE
    if one.paid is None:
        return missing("未填已缴收益")
    return context.money(max(0, one.due - one.paid))


def _firm(context: Context, firms: tuple[Enterprise, ...], code: str) -> Page:
    one = next((each for each in firms if each.uscc == code), None)
    if one is None:
        raise AddressError("没有找到这条记录，或您没有查看权限。")
    columns = [
        Column("月份"),
        Column("资产", number=True),
        Column("负债", number=True),
        Column("所有者权益", number=True),
        Column("资产负债率"),
        Column("高于行业基准", number=True),
        Column("营业收入", number=True, minor=True),
        Column("利润", number=True),
    ]
    lines = [
        Line(
            [
                f"{month.year}-{month.month:02}",
                _money(context, month.asset, "未填"),
                _money(context, month.liab, "未填"),
                _money(context, month.equity, "未填"),
                _leverage(one.name, month),
                _above(month),
                _money(context, month.revenue, "未填"),
                _money(context, month.profit, "未填"),
            ]
        )
        for month in reversed(one.months)
    ]
    body: list[Node] = [
        block(
            "各月快报",
            table("各月快报", columns, lines),
            flush=True,
            unit=context.unit_title,
            sub="合并报表；收入、利润为本年累计",
            source=source(context, SOE[0]),
        )
    ]
    doubts = [
        each
        for each in alerts.open_findings(context.home, context.grant)
        if each.grain.get("uscc") == code
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
    last = one.last
    said = [f"{last.year}年{last.month}月末资产{fmt.sentence_money(last.asset)}"]
    if last.leverage is not None:
        said.append(f"资产负债率{fmt.share(last.leverage.numerator, last.leverage.denominator)}")
    if last.above is not None:
        said.append(fmt.points_sentence(last.above, "行业基准"))
    if one.preserved is not None:
        said.append(f"{one.preserved_year}年保值增值率{_beside_whole(one.preserved)}")
    back = context.address.at("assets", keep=_KEEP, tab="soe")
    crumbs = [("国有资产", back), (one.name, None)]
    return Page(
        one.name, [html.Div(body, className="rows")], lead="，".join(said) + "。", crumbs=crumbs
    )


# ---- administrative assets
def _admin(context: Context, firms: tuple[Enterprise, ...]) -> list[Node]:
    year = context.span.fiscal_year
    whole = admin_total(context.desk, year)
    if whole is None:
        closed = context.reader.withheld("admin_asset")
        way = None if closed else link("查看数据质量", context.address.at("data"))
        return [insufficient(closed or f"缺 {ADMIN}，由财政局送达。", way)]
    regions = admin_assets(context.desk, year, "mof_div_code")
    city = context.city.region if context.city else ""
    units = admin_assets(context.desk, year, "dept_code", city)
    units.sort(key=lambda one: (-(one.idle or Fraction(-1)), one.key))
    most = len(units) if context.address.get("open") == "all" else SHOWN
    names = context.names
    body: list[Node] = [
        _offices(context, "各级", [("合计", whole), *((names.of("z", r.key), r) for r in regions)])
    ]
    shown = [(names.of("d", each.key), each) for each in units[:most]]
    own = admin_total(context.desk, year, city)
    if own is not None and units:
        body.append(_offices(context, "市本级各部门", [("合计", own), *shown]))
    if len(units) > most:
        more = link(
            f"显示全部{len(units)}个部门", context.address.with_query(open="all"), replace=True
        )
        body.append(html.Nav(more, className="pager"))
    return body


def _offices(context: Context, title: str, some: Sequence[tuple[str, AdminAssets]]) -> html.Section:
    columns = [
        Column("区划" if title == "各级" else "部门", width="20%"),
        Column("账面原值", number=True),
        Column("账面净值", number=True, minor=True),
        Column("闲置面积率"),
        Column("闲置原值", number=True, minor=True),
        Column("应收租金", number=True),
        Column("租金入库", number=True),
        Column("未办权证面积（平方米）", number=True, minor=True),
        Column("车辆 实有/编制", number=True),
        Column("已交付未决算", number=True),
    ]
    lines = []
    for at, (name, one) in enumerate(some):
        idle: Node = missing("土地房屋面积或闲置面积有未填的")
        if one.idle is not None:
            text = fmt.share(one.idle.numerator, one.idle.denominator)
            bar = bullet(one.idle, label=f"{name}闲置面积率{text}")
            idle = html.Span([bar, html.Span(text)], className="with-bar")
        cars: Node = fmt.NOT_APPLICABLE
        if one.vehicles is not None and one.quota is not None:
            cars = f"{fmt.count(one.vehicles)} / {fmt.count(one.quota)}"
        rent = one.rent_due is not None
        none = fmt.NOT_APPLICABLE
        lines.append(
            Line(
                [
                    name,
                    _money(context, one.book),
                    _money(context, one.net),
                    idle,
                    _money(context, one.idle_amount),
                    _money(context, one.rent_due) if rent else none,
                    _share(one.rent_paid, one.rent_due) if rent else none,
                    _hundredths(one.uncertified) or missing("有未填的"),
                    cars,
                    f"{one.unsettled}项" if one.unsettled else "0",
                ],
                "" if at else "total",
            )
        )
    return block(
        title,
        table(f"{title}行政事业性国有资产", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{some[0][1].year}年末",
        source=source(
            context,
            ADMIN,
            more=[
                ("闲置面积率", "闲置面积 ÷ 面积，只看土地房屋"),
                ("闲置原值", "不含对外投资和在建工程"),
                ("已交付未决算", "有竣工验收日期、没有竣工财务决算日期的项数"),
            ],
        ),
    )


# ---- natural resources
def _nature(context: Context, firms: tuple[Enterprise, ...]) -> list[Node]:
    found = resources(context.desk, context.span.fiscal_year)
    if not found:
        closed = context.reader.withheld("natural_asset")
        way = None if closed else link("查看数据质量", context.address.at("data"))
        return [insufficient(closed or f"缺 {NATURE}，由自然资源部门送达。", way)]
    columns = [
        Column("区划", width="20%"),
        Column("资源类别"),
        Column("数量", number=True),
        Column("计量单位"),
        Column("较上年", number=True),
        Column("价值量估算", number=True),
    ]
    lines = []
    for one in found:
        change: Node = missing("未填较上年变化")
        if one.change is not None:
            sign = "+" if one.change > 0 else ""
            change = f"{sign}{_hundredths(one.change)}"
        lines.append(
            Line(
                [
                    context.names.of("z", one.region),
                    one.kind,
                    _hundredths(one.quantity) or missing("未填数量"),
                    one.unit or missing("未填计量单位"),
                    change,
                    _money(context, one.value, "没有价值量估算"),
                ]
            )
        )
    return [
        block(
            "自然资源",
            table("国有自然资源资产", columns, lines),
            flush=True,
            unit=context.unit_title,
            sub=f"{found[0].year}年末；各区划分别列报，实物量单位不同，不合计",
            source=source(context, NATURE),
        )
    ]
