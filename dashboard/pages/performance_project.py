"""One project: its goal, evaluation and results, its money by year, the way to its vouchers."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views import performance as perf
from budget_watch.views.review import Review
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.found_list import found_list, how_many
from dashboard.pages.review_table import source
from dashboard.parts import Node, block, empty, link, missing
from dashboard.table import Column, Line, table

_KEEP = ("fy", "asof", "snap", "unit")
_TABLES = ("FIN-10 项目库与绩效目标表", "FIN-12 预算指标表", "FIN-15 国库集中支付凭证表")


def project_page(context: Context, every: Sequence[perf.Project], code: str, found: Review) -> Page:
    """A project's page.

    Raises:
        NotFoundError: no such project in the reader's scope.
    """
    one = next((each for each in every if each.code == code), None)
    if one is None:
        raise NotFoundError
    own = [
        each
        for each in alerts.open_findings(context.home, context.grant)
        if each.grain.get("pro_code") == code
    ]
    first = {each.finding for each in found.found}
    own.sort(key=lambda each: each.finding not in first)
    names = context.names
    crumbs = [
        ("绩效", context.address.at("performance", keep=_KEEP)),
        (names.of("d", one.dept), context.address.at("performance", f"d{one.dept}", keep=_KEEP)),
        (one.name, None),
    ]
    body = [_promised(context, one), _years(context, one), _found(context, own)]
    return Page(
        one.name, [html.Div(body, className="rows")], lead=_lead(context, one, own), crumbs=crumbs
    )


def _lead(context: Context, one: perf.Project, own: Sequence[Finding]) -> str:
    said = f"{context.names.of('u', one.unit)}“{one.name}”"
    said += f"累计变动预算{fmt.sentence_money(one.current)}"
    said += f"，支出{fmt.sentence_money(one.spent)}"
    if one.rate is not None:
        said += f"，执行率{fmt.share(one.spent, one.current)}"
    said += f"；自评{one.score}分" if one.score is not None else "；没有自评"
    said += f"，重点评价等次为{one.grade}" if one.grade else ""
    return f"{said}；{how_many(context, len(own))}。"


def score(one: perf.Project) -> Node:
    """自评得分; 缺 where there is none."""
    return missing("项目库没有填写自评得分") if one.score is None else f"{one.score}分"


def told(value: bool | None, why: str) -> Node:
    """是, 否, or 缺."""
    return missing(why) if value is None else "是" if value else "否"


def _promised(context: Context, one: perf.Project) -> html.Section:
    none = fmt.NOT_APPLICABLE
    blank = "项目库没有填写"
    term = f"{one.since or '—'}年至{one.until or '—'}年"
    whole: Node = missing(blank) if one.total is None else context.money(one.total)
    grade = f"{one.grade}{f'（{one.graded}年）' if one.graded else ''}" if one.grade else none
    rows: list[tuple[str, Node]] = [
        ("单位", context.names.of("u", one.unit)),
        ("类别与期限", f"{one.kind}，{term}"),
        (f"项目总额（{fmt.UNIT_TITLES[context.unit]}）", whole),
        ("政策依据", one.basis or missing(blank)),
        ("绩效目标", one.goal or missing("项目库没有填写绩效目标")),
        ("有无量化指标", told(one.quantified, blank)),
        ("自评得分", score(one)),
        ("重点评价等次", grade),
        ("评价提出的事项", one.problem or none),
        ("评价结果公开", told(one.published, blank) if one.grade else none),
        ("评价结果应用", told(one.used, blank) if one.grade else none),
        ("结果应用记录", one.note or (missing(blank) if one.grade else none)),
    ]
    lines = [Line([name, value]) for name, value in rows]
    columns = [Column("项目库登记", width="24%"), Column("内容", long=True)]
    return block(
        "目标、评价与应用",
        table("目标、评价与应用", columns, lines),
        flush=True,
        source=source(context, _TABLES[0]),
    )


def _years(context: Context, one: perf.Project) -> html.Section:
    columns = [
        Column("年度"),
        Column("年初预算", number=True),
        Column("变动预算", number=True),
        Column("支出", number=True),
        Column("执行率", number=True),
        Column("支付凭证"),
    ]
    if not one.years:
        said = "这个项目没有送达的预算指标和支付凭证。"
        return block("各年预算与支出", empty(said), source=source(context, *_TABLES[1:]))

    def line(name: str, initial: int, current: int, spent: int, way: Node, kind: str = "") -> Line:
        money = [context.money(each) for each in (initial, current, spent)]
        return Line([name, *money, fmt.share(spent, current), way], kind)

    whole = line(
        "合计",
        sum(each.initial for each in one.years),
        one.current,
        one.spent,
        fmt.NOT_APPLICABLE,
        "total",
    )
    lines = [whole]
    for each in one.years:
        to = context.address.at(
            "exec",
            f"d{one.dept}",
            f"u{one.unit}",
            f"p{one.code}",
            keep=("asof", "snap", "unit"),
            fy=str(each.year),
            tab="v",
        )
        way = link("查看凭证", to) if each.spent else fmt.NOT_APPLICABLE
        lines.append(line(f"{each.year}年", each.initial, each.current, each.spent, way))
    return block(
        "各年预算与支出",
        table("各年预算与支出", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub="支出为国库集中支付凭证",
        source=source(context, *_TABLES[1:]),
    )


def _found(context: Context, own: Sequence[Finding]) -> html.Section:
    body: Node = empty(f"{how_many(context, 0)}。")
    if own:
        body = found_list(context, own)
    return block(
        "疑点",
        body,
        flush=bool(own),
        sub="；".join(filter(None, (f"{len(own)}条，绩效的在前", context.some_findings))),
        source=source(context, "规则库"),
    )
