"""One department in the draft on one page: units, projects, 科目, what its rules found."""

from __future__ import annotations

from budget_watch.views import draft_budget as budgets
from budget_watch.views import formats as fmt
from budget_watch.views.draft_budget import VERSIONS
from budget_watch.views.draft_departments import Plan, divided, moved, plan
from budget_watch.views.review_questions import DRAFT
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError, NotFoundError
from dashboard.frame import Page
from dashboard.pages.draft_sheets import change_cells, change_columns
from dashboard.pages.found_list import found_list, how_many
from dashboard.pages.review_table import KEEP, reviewed, source
from dashboard.parts import Node, block, empty, link, missing, segments
from dashboard.table import Column, Line, table

AREA = "drafting"
TABLES = ("FIN-09 部门预算批复表", "FIN-15 国库集中支付凭证表")
WAYS = {"u": "单位", "p": "项目", "c": "功能科目", "e": "部门经济科目"}
_MOST = 200


def department_page(context: Context, place: Place, year: int, stage: str, code: str) -> Page:
    """上年预算, 上年执行, 本年预算, 增减, 原因 of one department.

    Raises:
        NotFoundError: no such department in the reader's scope.
    """
    shown = context.kept(
        "draft plan", lambda: plan(context.desk, place, year, stage, code), place, year, stage, code
    )
    if not shown.version and shown.total.done is None:
        raise NotFoundError
    name = context.names.of("d", code)
    by = context.address.get("by") or "p"
    if by not in WAYS:
        raise AddressError(f"地址里“by={by}”（划分方式）不能识别，应为 u、p、c 或 e。")
    found = reviewed(context, (DRAFT, AREA), year, code)
    crumbs = [
        (f"{year}年{place.name}本级预算草案审查", context.address.at("draft", keep=KEEP)),
        (name, None),
    ]
    body = [
        _divided(context, place, shown, by, code),
        _found(context, list(found.found)),
        _moved(context, place, shown, code),
    ]
    return Page(
        f"{name}{year}年预算草案",
        [html.Div(body, className="rows")],
        lead=_lead(name, shown, how_many(context, len(found.found))),
        crumbs=crumbs,
        tools=[_versions(context, shown)],
        year=year,
    )


def _lead(name: str, shown: Plan, doubts: str) -> str:
    total = shown.total
    if total.now is None:
        return f"{name}{shown.year}年部门预算没有送达；上年执行{fmt.sentence_money(total.done)}。"
    said = f"{name}{shown.year}年{shown.version}{fmt.sentence_money(total.now)}"
    if total.change is not None and total.before:
        word = "增加" if total.change > 0 else "减少"
        rate = fmt.growth(total.now, total.before).lstrip("+-")
        same = "，与上年预算持平"
        more = f"，比上年预算{word}{fmt.sentence_money(abs(total.change))}（{rate}）"
        said += more if total.change else same
    if total.done is not None:
        said += f"，上年执行{fmt.sentence_money(total.done)}"
    return f"{said}；编制方面{doubts}。"


def _versions(context: Context, shown: Plan) -> html.Nav:
    here = context.address.with_query(stage=shown.version or None)
    choices = [(each, context.address.with_query(stage=each)) for each in shown.versions]
    return segments("版本", choices, here)


def _divided(context: Context, place: Place, shown: Plan, by: str, code: str) -> html.Section:
    rows = context.kept(
        "draft division",
        lambda: divided(context.desk, place, shown, by, code),
        place,
        shown.year,
        shown.version,
        by,
        code,
    )
    address = context.address
    choices = [(title, address.with_query(by=letter)) for letter, title in WAYS.items()]
    ways = html.Div(
        [
            segments("划分方式", choices, address.with_query(by=by)),
            link(
                "上年支付凭证",
                context.address.at(
                    "exec", f"d{code}", keep=("unit",), fy=str(shown.year - 1), tab="v"
                ),
            ),
        ],
        className="pager",
    )
    reasons = _reasons(context) if by == "p" else {}
    lines = [Line(["合计", *change_cells(context, shown.total), _reason("")], "total")]
    for row in rows[:_MOST]:
        lines.append(
            Line(
                [
                    _name(context, by, row.code, code, shown.year),
                    *change_cells(context, row),
                    _reason(reasons.get(row.code, "")),
                ]
            )
        )
    lines += _last(context, shown, rows)
    title = f"按{WAYS[by]}"
    return block(
        title,
        [ways, table(title, [*change_columns(WAYS[by]), Column("原因")], lines)],
        flush=True,
        unit=context.unit_title,
        sub=f"{shown.version or '本年没有送达'}；按本年预算从多到少",
        source=source(
            context,
            *TABLES,
            "FIN-10 项目库与绩效目标表",
            more=[
                ("原因", "项目的原因为项目库所填政策依据；没有填的、其他划分的为缺"),
                ("上年执行", "上年国库集中支付凭证合计"),
            ],
        ),
    )


def _last(context: Context, shown: Plan, rows: tuple[budgets.Row, ...]) -> list[Line]:
    """What is not listed, and the difference of the parts from the whole."""
    lines: list[Line] = []
    rest = rows[_MOST:]

    def of(name: str, some: tuple[budgets.Row, ...]) -> int | None:
        parts = [getattr(each, name) for each in some]
        return None if None in parts else sum(parts)

    if rest:
        row = budgets.Row("", "", of("before", rest), of("done", rest), of("now", rest))
        cells = change_cells(context, row)
        lines.append(Line([f"其余{len(rest)}项", *cells, fmt.NOT_APPLICABLE], "rest"))
    gaps: list[Node] = []
    for name in ("before", "done", "now"):
        whole, parts = getattr(shown.total, name), of(name, rows)
        known = whole is not None and parts is not None
        gaps.append(context.money(whole - parts) if known else fmt.NOT_APPLICABLE)
    none = fmt.NOT_APPLICABLE
    return [*lines, Line(["差额（未列明）", *gaps, none, none, none, none], "gap")]


def _name(context: Context, by: str, code: str, department: str, year: int) -> Node:
    name = context.names.of(by, code)
    if by == "c":
        name = f"{code} {name}" if name != code else code
    if by == "e":
        name = f"{code} {name}" if name != code else code
    if by == "p":
        return link(
            name, context.address.at("performance", f"p{code}", keep=("asof", "snap", "unit"))
        )
    parts = (f"d{department}", f"{by}{code}")
    if by in "ce":
        return name
    return link(name, context.address.at("exec", *parts, keep=("unit",), fy=str(year - 1)))


def _reasons(context: Context) -> dict[str, str]:
    rows = context.desk.rows("project").select("pro_code", "policy_basis").drop_nulls()
    return dict(rows.iter_rows())


def _reason(said: str) -> Node:
    return said or missing("没有送达增减原因，项目库没有填政策依据")


def _found(context: Context, found: list[object]) -> html.Section:
    body: Node = empty(f"{how_many(context, 0)}；全部规则的判断见上一级页面。")
    if found:
        body = found_list(context, found)  # type: ignore[arg-type]
    return block(
        "本部门的疑点",
        body,
        flush=bool(found),
        sub="；".join(filter(None, (f"{len(found)}条", context.some_findings))),
        source=source(context, "规则库"),
    )


def _moved(context: Context, place: Place, shown: Plan, code: str) -> html.Section:
    lacking = [each for each in VERSIONS[:2] if each not in shown.versions]
    if lacking:
        said = f"本部门没有送达{'、'.join(lacking)}，两个版本不能比较。"
        return block("初步方案与草案", empty(said), source=source(context, TABLES[0]))
    rows = moved(context.desk, place, shown.year, code)
    if not rows:
        said = "初步方案与草案逐项目相同。"
        return block("初步方案与草案", empty(said), source=source(context, TABLES[0]))
    each = rows[0]
    more = each.second - each.first
    word = "多" if more > 0 else "少"
    apart = f"草案{word}{fmt.sentence_money(abs(more))}" if more else "合计相同"
    said = (
        f"初步方案{fmt.sentence_money(each.first)}，草案{fmt.sentence_money(each.second)}，"
        f"{apart}；增加项目{each.added}个，"
        f"减少{each.dropped}个，金额变动{each.changed}个。"
    )
    return block(
        "初步方案与草案", html.P(said, className="words"), source=source(context, TABLES[0])
    )
