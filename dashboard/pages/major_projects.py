"""重大项目 /livelihood?tab=major: 政府投资项目 of the year by quarter, their money by voucher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from budget_watch.access import Depth
from budget_watch.casework.findings import list_findings
from budget_watch.casework.livelihood import QUARTERS
from budget_watch.views import formats as fmt
from budget_watch.views.livelihood import ProjectMoney, livelihood_money
from budget_watch.views.major_projects import TABLE, MajorProject, MajorProjects, major_projects
from dashboard import elements as html
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.forms import place_text
from dashboard.parts import Node, block, insufficient, link, missing, segments, source_line
from dashboard.table import Column, Line, table

MOST = 30
RULE = "ZX26"
_NOTE = (
    "列出发改部门报送的全部政府投资项目，按概算从大到小；哪些算重大项目由本级规定。"
    "形象进度、累计支付（开工以来）是部门报送的数；本年支付是支付凭证的合计，两者口径不同，不相减。"
)


def kinds(context: Context) -> html.Nav:
    """民生实事, or the year's 政府投资项目."""
    ways = [("民生实事", context.address.with_query(tab=None))]
    ways.append(("重大项目", context.address.with_query(tab="major")))
    return segments("哪些项目", ways, context.address)


def major_page(context: Context) -> Page:
    """The projects of the address's year."""
    found = _of_year(context)
    return Page(
        "重大项目",
        [html.Div([_list(context, found)], className="rows")],
        lead=_lead(context, found),
        tools=[kinds(context)],
        tab_title="重大项目",
    )


def _lead(context: Context, found: MajorProjects) -> str:
    """What the figures below come to, in one sentence."""
    if not found.projects:
        return f"{found.year}年没有报送政府投资项目。"
    said = f"{found.year}年{found.month}月报送政府投资项目{len(found.projects)}项"
    if found.design and found.paid is not None:
        paid = fmt.share(found.paid, found.design)
        said += f"，概算合计{fmt.sentence_money(found.design)}，累计支付为概算的{paid}"
    hits = sum(_hits(context, found.projects).values())
    return f"{said}；规则{RULE}现有疑点{hits}条。" if hits else f"{said}。"


def _of_year(context: Context) -> MajorProjects:
    """The projects of the year that the address asks for."""
    span, region = context.span, context.city.region if context.city else None
    return context.kept(
        "major projects",
        lambda: major_projects(context.reader, span.fiscal_year, span.month, region),
        span,
        region,
    )


def _list(context: Context, found: MajorProjects) -> html.Section:
    """The list, or why there is none."""
    if not found.projects:
        closed = context.reader.withheld(TABLE)
        said = f"缺 NDRC-02 政府投资项目计划与进度表（{found.year}年），由发改部门送达。"
        way = link("查看数据质量", context.address.at("data", TABLE))
        return block("政府投资项目", insufficient(closed or said, None if closed else way))
    shown = found.projects[: context.at_once(MOST)]
    money, hits = _money_of(context, shown), _hits(context, found.projects)
    columns = [
        Column("项目", long=True, width="22%"),
        Column("承办", minor=True),
        Column("核定概算", number=True),
        Column("本年计划", number=True, minor=True),
        Column("累计支付", number=True),
        Column("占概算", number=True),
        *(Column(name, number=True) for name in QUARTERS.values()),
        Column("本年支付", number=True, hint="支付凭证的合计；能看凭证的点到凭证"),
        Column("疑点"),
    ]
    lines = [_line(context, found, each, money.get(each.code), hits) for each in shown]
    rest = len(found.projects) - len(shown)
    lines.insert(0, _total(context, found, None if rest else list(money.values())))
    notes = [html.P(_NOTE, className="tools inner note")]
    if rest:
        notes.insert(0, html.P(f"另有{rest}项概算较小的没有列出。", className="tools inner note"))
    source = source_line(
        "NDRC-02 政府投资项目计划与进度表",
        "FIN-10 项目库",
        "FIN-15 国库集中支付凭证表",
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
    )
    return block(
        "政府投资项目",
        [table("政府投资项目", columns, lines), *notes],
        flush=True,
        sub=f"截至{found.year}年{found.month}月；各季度为季内最近一次报送的形象进度",
        unit=context.unit_title,
        source=source,
    )


def _money_of(context: Context, shown: Sequence[MajorProject]) -> Mapping[str, ProjectMoney]:
    """Project → its vouchers of the year, where the project library has it of the same unit."""
    units = {each.code: each.agency_code for each in shown}
    city = context.city.region if context.city else None
    made = livelihood_money(context.reader, context.cube, list(units), city, context.span)
    return {each.code: each for each in made.lines if each.agency_code == units[each.code]}


def _hits(context: Context, found: Sequence[MajorProject]) -> Mapping[str, int]:
    """Findings of the rule on 概算 that the reader sees, by project."""
    counted = context.kept(
        "major hits",
        lambda: Counter(
            str(each.grain.get("pro_code"))
            for each in list_findings(context.home, context.grant, rule=RULE)
        ),
    )
    return {each.code: counted[each.code] for each in found if counted[each.code]}


def _line(
    context: Context,
    found: MajorProjects,
    one: MajorProject,
    money: ProjectMoney | None,
    hits: Mapping[str, int],
) -> Line:
    to = None if money is None else context.address.at("exec", *money.path, keep=("asof", "snap"))
    able = context.grant.reach("payment")
    name = f"{one.code} {one.name}".strip()
    paid: Node = missing("项目库里没有这个单位的这个项目，不能对到凭证")
    if money is not None:
        spent, why = money.spent, money.why.get("spent", "支付凭证没有送达")
        paid = missing(why) if spent is None else context.money(spent)
        if spent is not None and to is not None and able is Depth.VOUCHER:
            paid = link(context.money(spent), to.with_query(tab="v"))
    told = "没有报送核定概算"
    alerts = context.address.at("alerts", rule=RULE, keep=())
    cells: list[Node] = [
        link(name, to) if to is not None and able >= Depth.PROJECT else name,
        place_text(context, one.agency_code) if one.agency_code else missing("没有报送单位"),
        _amount(context, one.design, told),
        _amount(context, one.plan, "没有报送年度计划"),
        _amount(context, one.paid, "没有报送累计支付"),
        fmt.share(one.paid, one.design) if one.paid is not None and one.design else missing(told),
        *(_progress(context, found, one, quarter) for quarter in QUARTERS),
        paid,
        html.Span(link(f"疑点{hits[one.code]}", alerts), className="whole-line")
        if one.code in hits
        else fmt.NOT_APPLICABLE,
    ]
    return Line(cells)


def _total(context: Context, found: MajorProjects, money: Sequence[ProjectMoney] | None) -> Line:
    """All projects of the year; payments only where all of them are known here."""
    why = "有的项目没有这个数，不合计"
    known = [each.spent for each in money or () if each.spent is not None]
    whole = money is not None and len(known) == len(found.projects)
    share: Node = missing(why)
    if found.paid is not None and found.design:
        share = fmt.share(found.paid, found.design)
    cells: list[Node] = [
        "合计",
        fmt.NOT_APPLICABLE,
        _amount(context, found.design, why),
        _amount(context, found.plan, why),
        _amount(context, found.paid, why),
        share,
        *(fmt.NOT_APPLICABLE for _ in QUARTERS),
        context.money(sum(known)) if whole else missing(why),
        fmt.NOT_APPLICABLE,
    ]
    return Line(cells, "total")


def _amount(context: Context, fen: int | None, why: str) -> Node:
    return missing(why) if fen is None else context.money(fen)


def _progress(context: Context, found: MajorProjects, one: MajorProject, quarter: int) -> Node:
    """形象进度 at the quarter's end; what has not begun is not missing."""
    if quarter * 3 - 2 > context.span.month:
        return fmt.NOT_APPLICABLE
    if quarter not in one.progress:
        return missing(f"NDRC-02 没有这个项目{found.year}年{QUARTERS[quarter]}的登记")
    told = one.progress[quarter]
    return missing("没有报送形象进度") if told is None else fmt.rate(told)
