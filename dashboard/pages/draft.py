"""预算草案审查 /draft, /draft/d101: article by article, by 科目, by department, by version.

Source: pages.md §3.13; the questions are those of 预算法 articles 44 and 48.
"""

from __future__ import annotations

from budget_watch.casework.cases import actor_of, today_of
from budget_watch.casework.findings import Finding
from budget_watch.meetings.demands import DemandDesk, carried
from budget_watch.views import draft_budget as budgets
from budget_watch.views import formats as fmt
from budget_watch.views.books import BOOKS
from budget_watch.views.draft_budget import VERSIONS
from budget_watch.views.draft_departments import Plan, disclosed, divided, moved, plan
from budget_watch.views.review import Review
from budget_watch.views.review_questions import DRAFT
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.demand_list import carried_block
from dashboard.pages.draft_department import department_page
from dashboard.pages.draft_sheets import books_block, change_cells, change_columns
from dashboard.pages.review_table import KEEP, counted, review_block, reviewed, source, year_of
from dashboard.parts import Node, block, empty, insufficient, link, missing, segments
from dashboard.table import Column, Line, table

AREA = "drafting"
TABLES = ("FIN-01至FIN-08 政府预算各表", "FIN-09 部门预算批复表", "FIN-10 项目库与绩效目标表")
FIRST = 20
_STAGES = {"草案": "草案", "初步方案": "初步方案", "批复": "批复"}


def page(context: Context) -> Page:
    """The draft of the own government, or of one of its departments."""
    place = context.city
    if place is None:
        return _nothing(context)
    known = context.kept("draft years", lambda: budgets.years(context.desk, place))
    if not known:
        return _nothing(context)
    year = year_of(context, known)
    own = dict(context.address.place)
    stage = context.address.get("stage")
    if stage and stage not in _STAGES:
        raise AddressError(f"地址里“stage={stage}”（阶段）不能识别，应为初步方案、草案或批复。")
    if "d" in own:
        return department_page(context, place, year, stage, own["d"])
    found = reviewed(context, (DRAFT, AREA), year)
    shown = context.kept(
        "draft plan", lambda: plan(context.desk, place, year, stage), place, year, stage
    )
    sheets = context.kept(
        "draft general",
        lambda: budgets.sheets(context.desk, place, year, BOOKS[0]),
        place,
        year,
    )
    body = [
        *review_block(context, found, "逐条审查", TABLES),
        *_demands(context, year),
        *books_block(context, place, year),
        _departments(context, place, shown, found),
        _versions(context, place, year, shown),
    ]
    return Page(
        f"{year}年{context.ours(f'{place.name}本级')}预算草案审查",
        [html.Div(body, className="rows")],
        lead=_lead(year, place, sheets, found),
        tools=[year_choice(context, known, year)],
        year=year,
    )


def year_choice(context: Context, known: tuple[int, ...], year: int) -> html.Nav:
    """The years of which there is something, the page's own marked."""
    address = context.address
    here = address.with_query(fy=str(year))
    choices = [(f"{each}年", address.with_query(fy=str(each))) for each in sorted(known)]
    return segments("预算年度", choices, here)


def _nothing(context: Context) -> Page:
    said = "还没有送达任何年度的预算草案或初步方案（FIN-01至FIN-09），由财政局送达。"
    way = link("查看数据质量", context.address.at("data"))
    body = [insufficient(said, way), *_demands(context, context.span.fiscal_year)]
    return Page("预算草案审查", [html.Div(body, className="rows")])


def _lead(year: int, place: Place, sheets: tuple[budgets.Sheet, ...], found: Review) -> str:
    out = next((each for each in sheets if each.side == "支出" and each.plan), None)
    if out is None or out.total.now is None:
        return f"{year}年{place.name}本级预算草案：{counted(found)}。"
    said = f"{year}年{place.name}本级一般公共预算支出{out.plan}{fmt.sentence_money(out.total.now)}"
    change, before = out.total.change, out.total.before
    if change is not None and before:
        word = "增加" if change > 0 else "减少" if change < 0 else ""
        rate = fmt.growth(out.total.now, before).lstrip("+-")
        said += (
            f"，比上年预算{word}{fmt.sentence_money(abs(change))}（{rate}）"
            if word
            else "，与上年预算持平"
        )
    return f"{said}；{counted(found)}。"


def _demands(context: Context, year: int) -> list[html.Section]:
    """What was demanded the year before, and earlier without an end; nothing where nothing was."""
    found = carried(context.home, actor_of(context.home, context.grant), year)
    if not found:
        return []
    return [carried_block(context, DemandDesk.of(context.home), found, year, today_of())]


# ---- departments
def _departments(context: Context, place: Place, shown: Plan, found: Review) -> html.Section:
    title = "各部门"
    lines_of = source(
        context,
        "FIN-09 部门预算批复表",
        "FIN-15 国库集中支付凭证表",
        more=_MADE,
    )
    if not shown.version:
        closed = context.reader.withheld(budgets.DEPARTMENTS)
        said = (
            closed or f"缺 FIN-09 部门预算批复表（{shown.year}年），由财政局送达；各部门暂不能列。"
        )
        if closed:
            return block(title, insufficient(closed), source=lines_of)
        return _disclosed(context, place, shown.year, said)
    rows = context.kept(
        "draft departments",
        lambda: divided(context.desk, place, shown, "d"),
        place,
        shown.year,
        shown.version,
    )
    every = context.address.get("open") == "all"
    top = rows if every else rows[:FIRST]
    doubts = _by_department(found)
    lines = [
        Line(
            [
                "合计",
                *change_cells(context, shown.total),
                _no_reason(),
                *_marks(context, found.found),
            ],
            "total",
        )
    ]
    for row in top:
        name = link(
            context.names.of("d", row.code),
            context.address.at("draft", f"d{row.code}", keep=KEEP),
        )
        own = doubts.get(row.code, [])
        lines.append(
            Line([name, *change_cells(context, row), _no_reason(), *_marks(context, own, row.code)])
        )
    if len(top) < len(rows):
        more = link(
            f"其余{len(rows) - len(top)}个部门（显示全部）",
            context.address.with_query(open="all"),
            replace=True,
        )
        rest = [rows[at] for at in range(len(top), len(rows))]
        own = [f for row in rest for f in doubts.get(row.code, [])]
        lines.append(
            Line(
                [more, *change_cells(context, _summed(rest)), _no_reason(), *_marks(context, own)],
                "rest",
            )
        )
    columns = [*change_columns("部门"), Column("原因", minor=True), Column("疑点", number=True)]
    return block(
        title,
        [_version_choice(context, shown), table(title, columns, lines)],
        flush=True,
        unit=context.unit_title,
        fold=not (context.address.get("open") or context.address.get("stage")),
        sub=f"{shown.version}；按本年预算从多到少；部门的疑点为可归到部门的",
        source=lines_of,
    )


def _disclosed(context: Context, place: Place, year: int, lacking: str) -> html.Section:
    """What departments made public, where their budgets themselves did not come."""
    stage, rows = disclosed(context.desk, place, year)
    body: list[Node] = [insufficient(lacking, link("查看数据质量", context.address.at("data")))]
    if rows:
        lines = [Line(["合计", *change_cells(context, _summed(list(rows)))], "total")]
        for row in rows:
            name = context.names.of("d", row.code)
            lines.append(
                Line([row.name if name == row.code else name, *change_cells(context, row)])
            )
        body.append(table("公开的部门预算", change_columns("公开的部门预算"), lines))
    said = f"公开的部门预算为{stage}数，{len(rows)}个部门" if rows else "也没有送达公开的部门预算"
    return block(
        "各部门",
        body,
        flush=True,
        unit=context.unit_title if rows else None,
        fold=not context.address.get("open"),
        sub=said,
        source=source(
            context,
            "REF-04 部门预算公开报表包(01–09)",
            more=[("金额", "公开03表支出合计；公开表没有项目，不能逐项目比较，也没有上年执行")],
        ),
    )


_MADE: tuple[tuple[str, Node], ...] = (
    ("上年预算", "上年 FIN-09 批复数；没有送达的，用本年草案所列的上年批复金额"),
    ("上年执行", "上年国库集中支付凭证合计"),
    ("本年预算", "所选版本的金额，各资金性质合计"),
    ("原因", "FIN-09 没有增减原因一栏；部门的说明送达前为缺"),
)


def _version_choice(context: Context, shown: Plan) -> html.Div:
    here = context.address.with_query(stage=shown.version)
    choices = [(each, context.address.with_query(stage=each)) for each in shown.versions]
    return html.Div(segments("版本", choices, here), className="pager")


def _no_reason() -> Node:
    return missing("送达的报表没有增减原因一栏，部门没有送达说明")


def _by_department(found: Review) -> dict[str, list[Finding]]:
    own: dict[str, list[Finding]] = {}
    for each in found.found:
        if each.dept_code:
            own.setdefault(each.dept_code, []).append(each)
    return own


def _marks(
    context: Context, own: list[Finding] | tuple[Finding, ...], code: str = ""
) -> list[Node]:
    if not own:
        return [fmt.NOT_APPLICABLE]
    if not code:
        return [fmt.count(len(own))]
    return [link(fmt.count(len(own)), context.address.at("draft", f"d{code}", keep=KEEP))]


def _summed(rows: list[budgets.Row]) -> budgets.Row:
    def total(name: str) -> int | None:
        parts = [getattr(each, name) for each in rows]
        return None if None in parts else sum(parts)

    return budgets.Row("", "其余", total("before"), total("done"), total("now"))


# ---- versions
def _versions(context: Context, place: Place, year: int, shown: Plan) -> html.Section:
    stages = context.kept(
        "draft stages", lambda: budgets.stages_of(context.desk, place, year), place, year
    )
    columns = [Column("报表", width="28%")]
    columns += [Column(each, number=True) for each in budgets.PLANS]
    columns += [Column("草案比初步方案", number=True), Column("批准比草案", number=True)]
    lines = []
    for name, own in stages.items():
        known = {stage: row.now for stage, row in own.items()}
        lines.append(_version_line(context, name, known, budgets.PLANS))
    sums = context.kept(
        "draft version sums",
        lambda: {each: plan(context.desk, place, year, each).total.now for each in shown.versions},
        place,
        year,
    )
    lines.append(_version_line(context, "部门预算合计（批准为批复数）", sums, VERSIONS))
    body: list[Node] = [table("各版本", columns, lines)]
    both = all(each in shown.versions for each in VERSIONS[:2])
    if both:
        body.append(_moved(context, place, year))
    said = [each for each in VERSIONS[:2] if each not in shown.versions]
    note = (
        "部门预算初步方案与草案逐项目比较"
        if both
        else f"部门预算没有送达{'、'.join(said)}，不能比较"
    )
    return block(
        "版本比较",
        body,
        flush=True,
        unit=context.unit_title,
        fold=not context.address.get("open"),
        sub=note,
        source=source(
            context,
            "FIN-01至FIN-06 各本预算",
            "FIN-09 部门预算批复表",
            more=[("各本预算", "本级收支合计，不含转移性收支和债务收支"), ("缺", "该版本没有送达")],
        ),
    )


def _version_line(
    context: Context, name: str, known: dict[str, int | None], order: tuple[str, ...]
) -> Line:
    amounts = [known.get(each) for each in order]
    cells: list[Node] = [
        missing(f"{each}没有送达，或有空白") if amount is None else context.money(amount)
        for each, amount in zip(order, amounts, strict=True)
    ]
    for first, second in ((0, 1), (1, 2)):
        one, two = amounts[first], amounts[second]
        cells.append(fmt.NOT_APPLICABLE if one is None or two is None else context.money(two - one))
    return Line([name, *cells])


def _moved(context: Context, place: Place, year: int) -> Node:
    rows = context.kept("draft moved", lambda: moved(context.desk, place, year), place, year)
    if not rows:
        return empty("初步方案与草案的部门预算逐项目相同。")
    columns = [
        Column("有变动的部门", width="28%"),
        Column("初步方案", number=True),
        Column("草案", number=True),
        Column("差额", number=True),
        Column("增加项目", number=True, minor=True),
        Column("减少项目", number=True, minor=True),
        Column("金额变动项目", number=True, minor=True),
    ]
    top = rows if context.address.get("open") == "all" else rows[:FIRST]
    lines = [
        Line(
            [
                link(
                    context.names.of("d", each.code),
                    context.address.at("draft", f"d{each.code}", keep=KEEP),
                ),
                context.money(each.first),
                context.money(each.second),
                context.money(each.second - each.first),
                fmt.count(each.added),
                fmt.count(each.dropped),
                fmt.count(each.changed),
            ]
        )
        for each in top
    ]
    rest = rows[len(top) :]
    if rest:
        more = link(
            f"其余{len(rest)}个（显示全部）", context.address.with_query(open="all"), replace=True
        )
        one, two = sum(each.first for each in rest), sum(each.second for each in rest)
        counts = [
            fmt.count(sum(getattr(each, name) for each in rest))
            for name in ("added", "dropped", "changed")
        ]
        cells: list[Node] = [context.money(one), context.money(two), context.money(two - one)]
        lines.append(Line([more, *cells, *counts], "rest"))
    return table("初步方案与草案", columns, lines)
