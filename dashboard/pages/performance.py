"""绩效 /performance, /performance/d101, /performance/p<项目>: goals, scores, money, what rules say.

Source: pages.md §3.13; rules JX01–JX05 and BZ15 (预算法 articles 32 and 57).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from budget_watch.casework.findings import Finding
from budget_watch.views import formats as fmt
from budget_watch.views import performance as perf
from budget_watch.views.review import Review
from budget_watch.views.review_questions import PERFORMANCE
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.pages.found_list import how_many
from dashboard.pages.performance_project import project_page, score
from dashboard.pages.review_table import counted, review_block, reviewed, source
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

AREA = "performance"
TABLES = ("FIN-10 项目库与绩效目标表", "FIN-12 预算指标表", "FIN-15 国库集中支付凭证表")
KEEP = ("fy", "asof", "snap", "unit")
TABS = (("有疑点的", None), ("有重点评价的", "eval"), ("没有自评的", "noself"), ("全部", "all"))
FIRST, DEPARTMENTS = 50, 20
_HOW: tuple[tuple[str, Node], ...] = (
    ("执行率", "已送达各年度的支付合计 ÷ 变动预算合计（自评不带年度，与规则 JX02 一致）"),
    ("变动预算、支出", "所看年度的预算指标和国库集中支付凭证"),
    ("预算占比", "项目变动预算 ÷ 所列全部项目变动预算"),
    ("有目标", "绩效目标不空白，也不是“无”“/”等"),
)


def page(context: Context) -> Page:
    """Projects of the own government, of a department; or one project."""
    place, own = context.city, dict(context.address.place)
    if place is None:
        return _nothing(context)
    words = perf.words_of(book_of(context), context.as_of)
    every = context.kept(
        "performance", lambda: perf.projects(context.desk, place, words), place, words
    )
    if not every:
        if own:
            raise NotFoundError
        return _nothing(context)
    year = context.span.fiscal_year
    if "p" in own:
        return project_page(context, every, own["p"], _found_of(context, year))
    dept = own.get("d", "")
    some = tuple(each for each in every if dept in ("", each.dept))
    if not some:
        raise NotFoundError
    found = _found_of(context, year, dept)
    doubts = _by_project(found)
    body: list[Node] = [] if dept else review_block(context, found, "逐条审查", TABLES)
    body += [_crossed(context, some), _listed(context, some, doubts, year)]
    body.append(_departments(context, some, doubts, year, dept))
    name = context.names.of("d", dept) if dept else context.ours(f"{place.name}本级")
    crumbs = [("绩效", context.address.at("performance", keep=KEEP)), (name, None)]
    return Page(
        f"{name}项目绩效",
        [html.Div(body, className="rows")],
        lead=_lead(context, name, some, year, found),
        crumbs=crumbs if dept else [],
    )


def _nothing(context: Context) -> Page:
    closed = context.reader.withheld(perf.PROJECTS)
    said = closed or (
        f"缺 {TABLES[0]}，由财政局送达；公开的重点项目表没有项目代码，对不上项目库，不能代替。"
    )
    way = None if closed else link("查看数据质量", context.address.at("data"))
    return Page("绩效", [insufficient(said, way)])


def _found_of(context: Context, year: int, dept: str = "") -> Review:
    return reviewed(context, (PERFORMANCE, AREA), year, dept)


def _by_project(found: Review) -> dict[str, list[Finding]]:
    own: dict[str, list[Finding]] = {}
    for each in found.found:
        code = each.grain.get("pro_code")
        if isinstance(code, str):
            own.setdefault(code, []).append(each)
    return own


def _lead(
    context: Context, name: str, some: Sequence[perf.Project], year: int, found: Review
) -> str:
    sums = perf.tally(some, year)
    said = (
        f"{name}{sums.projects}个项目，{year}年变动预算{fmt.sentence_money(sums.current)}，"
        f"有绩效目标的{fmt.share(sums.goals, sums.projects)}，已自评{sums.scored}个，"
        f"重点评价{sums.graded}个"
    )
    if sums.low:
        said += f"（等次偏低{sums.low}个）"
    if context.address.place:
        return f"{said}；{how_many(context, len(found.found))}。"
    return f"{said}；{counted(found)}。"


# ---- scores beside execution
def _crossed(context: Context, some: Sequence[perf.Project]) -> html.Section:
    rows = perf.crossed(some)
    columns = [Column("自评得分", width="20%"), Column("项目", number=True)]
    columns += [Column(title, number=True) for title, _, _ in perf.RATES]
    columns.append(Column("没有预算", number=True))
    sums = [[group for _, own in rows for group in (own[at],)] for at in range(len(perf.RATES) + 1)]
    whole = [sum(len(group) for group in column) for column in sums]
    lines = [Line(["合计", fmt.count(len(some)), *(fmt.count(each) for each in whole)], "total")]
    for title, own in rows:
        cells = [fmt.count(len(group)) for group in own]
        lines.append(Line([title, fmt.count(sum(len(group) for group in own)), *cells]))
    return block(
        "自评得分与执行率",
        table("自评得分与执行率", columns, lines),
        flush=True,
        sub="项目个数；列为累计执行率；高分而执行低于60%的由规则 JX02 判断",
        source=source(context, *TABLES, more=_HOW),
    )


# ---- projects
def _listed(
    context: Context,
    some: Sequence[perf.Project],
    doubts: dict[str, list[Finding]],
    year: int,
) -> html.Section:
    address, chosen = context.address, context.address.get("tab")
    tests: dict[str, Callable[[perf.Project], bool]] = {
        "": lambda one: one.code in doubts,
        "eval": lambda one: bool(one.grade),
        "noself": lambda one: one.score is None,
        "all": lambda one: True,
    }
    if chosen not in tests:
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 eval、noself 或 all。")
    sort = address.get("sort") or "-budget"
    shown = _sorted([each for each in some if tests[chosen](each)], sort, year)
    top = shown if address.get("open") == "all" else shown[:FIRST]
    columns = [
        Column("项目", width="20%"),
        Column("绩效目标", width="22%", minor=True),
        Column("自评", key="score", number=True),
        Column("重点评价", minor=True),
        Column("变动预算", key="budget", number=True),
        Column("预算占比", number=True, minor=True),
        Column("支出", number=True, minor=True),
        Column("累计执行率", key="rate"),
        Column("疑点"),
    ]
    whole = perf.tally(some, year)
    own = perf.tally(shown, year)
    none = fmt.NOT_APPLICABLE
    lines = [
        Line(
            [
                f"合计（{own.projects}个）",
                none,
                none,
                none,
                context.money(own.current),
                fmt.share(own.current, whole.current),
                context.money(own.spent),
                none,
                fmt.count(sum(len(doubts.get(each.code, ())) for each in shown)),
            ],
            "total",
        )
    ]
    lines += [_line(context, each, doubts.get(each.code, []), year, whole.current) for each in top]
    tabs = [(title, address.with_query(tab=key)) for title, key in TABS]
    body: list[Node] = [html.Div(segments("项目范围", tabs, address), className="pager")]
    if shown:
        body.append(table("项目", columns, lines, at=address, sort=sort))
    else:
        said = context.some_findings or "没有有疑点的项目"
        every = link("全部项目", address.with_query(tab="all"))
        body.append(empty(f"{said if not chosen else '没有这样的项目'}。", every))
    if len(top) < len(shown):
        more = link(f"显示全部{len(shown)}个", address.with_query(open="all"), replace=True)
        body.append(html.Nav(more, className="pager"))
    return block(
        "项目",
        body,
        flush=True,
        unit=context.unit_title,
        sub=f"{year}年；点项目看目标、评价和各年支付凭证",
        source=source(context, *TABLES, more=_HOW),
    )


def _sorted(some: list[perf.Project], sort: str, year: int) -> list[perf.Project]:
    keys = {
        "budget": lambda one: one.of(year).current,
        "score": lambda one: -1 if one.score is None else one.score,
        "rate": lambda one: -1 if one.rate is None else one.rate,
    }
    name = sort.removeprefix("-")
    if name not in keys:
        raise AddressError(f"地址里“sort={sort}”（排序）不能识别，应为 budget、score 或 rate。")
    some.sort(key=lambda one: one.code)
    return sorted(some, key=keys[name], reverse=sort.startswith("-"))


def _line(context: Context, one: perf.Project, found: list[Finding], year: int, whole: int) -> Line:
    to = context.address.at("performance", f"p{one.code}", keep=KEEP)
    own = one.of(year)
    names = context.names
    marks: Node = fmt.NOT_APPLICABLE
    if found:
        marks = html.Span(
            [
                link(
                    [level_chip(each.level, each.provisional), f" {each.rule}"],
                    context.address.at("finding", each.finding[:16], keep=("asof", "snap")),
                )
                for each in found
            ],
            className="stack",
        )
    goal: Node = missing("项目库没有填写绩效目标")
    if one.goal:
        goal = html.Span(one.goal, className="clip", title=one.goal)
    return Line(
        [
            html.Span(
                [link(one.name, to), html.Span(names.of("u", one.unit), className="note")],
                className="stack",
            ),
            goal,
            score(one),
            _grade(one),
            context.money(own.current),
            fmt.share(own.current, whole),
            context.money(own.spent),
            rate(one),
            marks,
        ]
    )


def _grade(one: perf.Project) -> Node:
    if not one.grade:
        return fmt.NOT_APPLICABLE
    year = f"（{one.graded}年）" if one.graded else ""
    return f"{one.grade}{year}"


def rate(one: perf.Project) -> Node:
    """Payments ÷ budget over all years, as a bar."""
    if one.rate is None:
        return fmt.NOT_APPLICABLE
    text = fmt.share(one.spent, one.current)
    return html.Span(
        [bullet(one.rate, label=f"累计执行率{text}"), html.Span(text)], className="with-bar"
    )


# ---- departments
def _departments(
    context: Context,
    some: Sequence[perf.Project],
    doubts: dict[str, list[Finding]],
    year: int,
    dept: str,
) -> html.Section:
    letter = "u" if dept else "d"
    groups = perf.grouped(some, lambda one: one.unit if dept else one.dept)
    title = "各单位" if dept else "各部门"
    columns = [
        Column(title[1:], width="24%"),
        Column("项目", number=True),
        Column("变动预算", number=True),
        Column("支出", number=True, minor=True),
        Column("有目标", number=True),
        Column("有量化指标", number=True),
        Column("已自评", number=True),
        Column("重点评价", number=True, minor=True),
        Column("等次偏低", number=True, minor=True),
        Column("评价已公开", number=True, minor=True),
        Column("疑点", number=True),
    ]

    def cells(own: Sequence[perf.Project]) -> list[Node]:
        sums = perf.tally(own, year)
        marks = sum(len(doubts.get(each.code, ())) for each in own)
        none = fmt.NOT_APPLICABLE
        return [
            fmt.count(sums.projects),
            context.money(sums.current),
            context.money(sums.spent),
            fmt.share(sums.goals, sums.projects),
            fmt.share(sums.quantified, sums.projects),
            fmt.share(sums.scored, sums.projects),
            fmt.count(sums.graded),
            fmt.count(sums.low) if sums.graded else none,
            fmt.count(sums.published) if sums.graded else none,
            fmt.count(marks) if marks else none,
        ]

    ordered = sorted(groups, key=lambda key: (-perf.tally(groups[key], year).current, key))
    top = ordered if context.address.get("open") == "all" else ordered[:DEPARTMENTS]
    lines = [Line(["合计", *cells(some)], "total")]
    for key in top:
        name: Node = context.names.of(letter, key)
        if not dept:
            name = link(name, context.address.at("performance", f"d{key}", keep=KEEP))
        lines.append(Line([name, *cells(groups[key])]))
    rest = [one for key in ordered[len(top) :] for one in groups[key]]
    if rest:
        more = link(
            f"其余{len(ordered) - len(top)}个（显示全部）",
            context.address.with_query(open="all"),
            replace=True,
        )
        lines.append(Line([more, *cells(rest)], "rest"))
    return block(
        title,
        table(title, columns, lines),
        flush=True,
        unit=context.unit_title,
        sub="按变动预算从多到少；比例为占项目个数",
        source=source(context, *TABLES, more=_HOW),
    )
