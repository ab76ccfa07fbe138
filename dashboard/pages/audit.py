"""审计整改 /audit: what audits found, what was put right, what is past its deadline.

Source: pages.md §3.13; the rates are those of rule JS08.
"""

from __future__ import annotations

from fractions import Fraction

from budget_watch.casework.findings import Finding
from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.audit_issues import Issue, Tally, issues, repeats, tallies, tally
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
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
    tag,
)
from dashboard.table import Column, Line, table

TABLES = ("AUD-02 审计查出问题清单", "AUD-03 审计整改台账")
SCOPES = (("本级", None), ("全市", "all"))
SHOWN = 20  # departments at first
TABS = (("逾期", None), ("未完成", "open"), ("全部", "all"))
FIRST, RULE = 50, "JS08"
_KEEP = ("fy", "asof", "snap", "scope", "unit")
_RATES: tuple[tuple[str, Node], ...] = (
    ("整改完成", "台账登记为“已整改”；阶段性、持续整改、未整改都不算"),
    ("到期", "整改期限早于数据截至日"),
    ("按个数", "到期问题中整改完成的个数 ÷ 到期问题个数"),
    ("按金额", "到期问题的已整改金额 ÷ 到期问题金额，没有金额的问题只计个数"),
    ("90%线", "经验线，法律没有规定整改率限额；期限依据《审计法》第五十二条"),
)
_LINE = Fraction(9, 10)


def page(context: Context) -> Page:
    """Audit issues of a place, of an audit year, of a department."""
    city, own = context.city, dict(context.address.place)
    if city is None:
        return _nothing(context)
    place = city
    if context.address.get("scope") == "all":
        place = Place(city.region, "全市", city.name)
    every = context.kept("audit", lambda: issues(context.desk, place, context.as_of), place)
    if "d" in own:
        every = tuple(one for one in every if one.dept == own["d"])
        if not every:
            raise AddressError("没有找到这条记录，或您没有查看权限。")
    if not every:
        return _nothing(context)
    year = context.address.get("fy")
    chosen = tuple(one for one in every if not year or one.year == int(year))
    body = [
        _years(context, every),
        _listed(context, chosen),
        _departments(context, chosen, own),
        _again(context, repeats(every)),
        limits_block(context, ("JS08", "JS09", "JS10")),
    ]
    address = context.address
    scopes = [(title, address.with_query(scope=value)) for title, value in SCOPES]
    name = context.names.of("d", own["d"]) if own else context.ours(place.called)
    crumbs = [(f"{place.called}审计整改", address.at("audit", keep=_KEEP)), (name, None)]
    return Page(
        f"{name}审计整改",
        [html.Div(body, className="rows")],
        lead=_lead(context, chosen),
        crumbs=crumbs if own else [],
        tools=[] if own else [segments("范围口径", scopes, address)],
    )


def _nothing(context: Context) -> Page:
    closed = context.reader.withheld("audit_issue")
    if closed:
        return Page("审计整改", [insufficient(closed)])
    said = f"缺 {TABLES[0]}，由审计部门送达。"
    return Page("审计整改", [insufficient(said, link("查看数据质量", context.address.at("data")))])


def _lead(context: Context, some: tuple[Issue, ...]) -> str:
    found, year = tally("", some), context.address.get("fy")
    said = f"{year + '年审计' if year else '历年审计'}查出问题{found.issues}个"
    if found.amount:
        said += f"、{fmt.sentence_money(found.amount)}"
    said += f"；到期{found.due}个"
    if found.by_number is not None:
        said += f"，整改完成{fmt.share(found.finished, found.due)}"
        if found.by_amount is not None:
            said += f"（按金额{fmt.share(found.settled, found.due_amount)}）"
    if found.overdue:
        return f"{said}；期限已过、台账没有登记整改完成的{found.overdue}个，最长{found.longest}天。"
    return f"{said}；没有期限已过而未登记整改完成的。"


# ---- rates
def _columns(first: str) -> list[Column]:
    return [
        Column(first, width="24%"),
        Column("问题", number=True),
        Column("金额", number=True, minor=True),
        Column("到期", number=True),
        Column("整改完成（按个数）"),
        Column("整改完成（按金额）", minor=True),
        Column("逾期", number=True),
        Column("最长逾期（天）", number=True, minor=True),
    ]


def _cells(context: Context, found: Tally) -> list[Node]:
    return [
        fmt.count(found.issues),
        context.money(found.amount),
        fmt.count(found.due),
        _rate(found.by_number, found, "按个数"),
        _rate(found.by_amount, found, "按金额"),
        fmt.count(found.overdue),
        fmt.count(found.longest) if found.longest else fmt.NOT_APPLICABLE,
    ]


def _rate(rate: Fraction | None, found: Tally, how: str) -> Node:
    if rate is None:
        return fmt.NOT_APPLICABLE
    text = fmt.share(rate.numerator, rate.denominator)
    inside: list[Node] = [bullet(rate, _LINE, label=f"整改完成{how}{text}"), html.Span(text)]
    if found.unsaid:
        inside.append(missing(f"{found.unsaid}个到期问题在台账没有登记"))
    return html.Span(inside, className="with-bar")


def _years(context: Context, every: tuple[Issue, ...]) -> html.Section:
    chosen = context.address.get("fy")
    lines = [Line([_year(context, "", not chosen), *_cells(context, tally("", every))], "total")]
    for found in reversed(tallies(every, lambda one: str(one.year))):
        here = found.key == chosen
        lines.append(Line([_year(context, found.key, here), *_cells(context, found)]))
    return block(
        "按审计年度",
        table("按审计年度", _columns("审计年度"), lines),
        flush=True,
        unit=context.unit_title,
        sub=f"截至{fmt.day_sentence(context.as_of)}；竖线为90%（经验线）",
        source=source(context, *TABLES, more=[*_RATES]),
    )


def _year(context: Context, year: str, here: bool) -> Node:
    text = f"{year}年" if year else "合计（历年）"
    to = context.address.with_query(fy=year or None)
    return link(text, to, replace=True, current=here)


def _departments(context: Context, some: tuple[Issue, ...], own: dict[str, str]) -> html.Section:
    letter = "u" if own else "d"

    def of(one: Issue) -> str:
        return one.unit if own else one.dept

    found = tallies(some, of)
    found.sort(key=lambda each: (-each.overdue, each.by_number or Fraction(2), each.key))
    whole = tally("", some)
    lines = [Line(["合计", *_cells(context, whole)], "total")]
    most = len(found) if context.address.get("open") == "all" else SHOWN
    for each in found[:most]:
        name: Node = "未填单位" if own else "未填部门"
        if each.key:
            name = context.names.of(letter, each.key)
            if not own:
                name = link(name, context.address.at("audit", f"d{each.key}", keep=_KEEP))
        lines.append(Line([name, *_cells(context, each)]))
    if len(found) > most:
        rest = [one for each in found[most:] for one in some if of(one) == each.key]
        every = context.address.with_query(open="all")
        more = link(f"其余{len(found) - most}个（显示全部）", every, replace=True)
        lines.append(Line([more, *_cells(context, tally("", rest))], "rest"))
    title = "各单位" if own else "各部门"
    return block(
        title,
        table(f"{title}审计整改", _columns(title[1:]), lines),
        flush=True,
        unit=context.unit_title,
        sub="按逾期问题从多到少",
        source=source(context, *TABLES, more=[*_RATES]),
    )


# ---- issues
def _listed(context: Context, some: tuple[Issue, ...]) -> html.Section:
    address = context.address
    chosen = address.get("tab")
    if chosen not in ("", "open", "all"):
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 open 或 all。")
    found = [one for one in some if chosen == "all" or _wanted(one, chosen)]
    shown = found if address.get("open") == "all" else found[:FIRST]
    columns = [
        Column("问题", width="22%"),
        Column("单位", width="16%"),
        Column("审计项目", width="18%", minor=True),
        Column("金额", number=True),
        Column("已整改金额", number=True, minor=True),
        Column("整改期限"),
        Column("整改状态"),
        Column("逾期（天）", number=True),
        Column("疑点"),
    ]
    doubts = {
        str(each.grain.get("issue_id")): each
        for each in alerts.open_findings(context.home, context.grant)
        if each.rule == RULE
    }
    tabs = [(title, address.with_query(tab=key)) for title, key in TABS]
    body: list[Node] = [html.Div(segments("问题范围", tabs, address), className="pager")]
    if not found:
        what = "没有期限已过而未登记整改完成的问题。" if not chosen else "没有未完成的问题。"
        body.append(empty(what, link("全部问题", address.with_query(tab="all"))))
    else:
        lines = [_line(context, one, doubts.get(one.id)) for one in shown]
        body.append(table("审计查出问题", columns, lines))
    if len(shown) < len(found):
        more = link(f"显示全部{len(found)}个", address.with_query(open="all"), replace=True)
        body.append(html.Nav(more, className="pager"))
    return block(
        "问题清单",
        body,
        flush=True,
        unit=context.unit_title,
        sub="；".join(
            part for part in (f"{len(found)}个，按逾期天数从多到少", context.some_findings) if part
        ),
        source=source(context, *TABLES, "AUD-01 审计项目计划与报告目录"),
    )


def _wanted(one: Issue, chosen: str) -> bool:
    return not one.finished if chosen == "open" else one.overdue > 0


def _line(context: Context, one: Issue, doubt: Finding | None) -> Line:
    names = context.names
    unit = names.of("u", one.unit) if one.unit else names.of("d", one.dept) if one.dept else "未填"
    said: Node = fmt.NOT_APPLICABLE
    if doubt is not None:
        to = context.address.at("finding", doubt.finding[:16], keep=("asof", "snap"))
        said = link(level_chip(doubt.level, doubt.provisional), to)
    state: Node = [tag(one.state)]
    if one.done is not None and one.finished:
        state = [tag(one.state), f" {fmt.day(one.done)}"]
    if one.repeated:
        state = [*state, " ", tag("台账注明屡审屡犯", plain=True)]
    blank = missing("问题清单未填金额")
    return Line(
        [
            f"{one.kind}（{one.id}）",
            unit,
            one.project,
            blank if one.amount is None else context.money(one.amount),
            blank if one.settled is None else context.money(one.settled),
            fmt.day(one.deadline),
            state,
            fmt.count(one.overdue) if one.overdue else fmt.NOT_APPLICABLE,
            said,
        ]
    )


# ---- again and again
def _again(context: Context, groups: list[tuple[Issue, ...]]) -> html.Section:
    columns = [
        Column("单位", width="24%"),
        Column("问题类型", width="24%"),
        Column("审计年度"),
        Column("问题", number=True),
        Column("金额", number=True),
        Column("其中未完成", number=True),
    ]
    lines = []
    for group in groups[:FIRST]:
        first = group[0]
        name = context.names.of("u", first.unit) if first.unit else first.dept or "未填"
        years = "、".join(str(year) for year in sorted({one.year for one in group}))
        lines.append(
            Line(
                [
                    name,
                    first.kind,
                    years,
                    fmt.count(len(group)),
                    context.money(sum(one.amount or 0 for one in group)),
                    fmt.count(sum(not one.finished for one in group)),
                ]
            )
        )
    body: Node = empty("没有同一单位同类问题在两个以上审计年度查出的。")
    if lines:
        body = table("同类问题再次查出", columns, lines)
    return block(
        "同类问题再次查出",
        body,
        flush=True,
        unit=context.unit_title,
        sub=f"{len(groups)}组：同一单位、同一问题类型，在两个以上审计年度",
        source=source(context, TABLES[0]),
    )
