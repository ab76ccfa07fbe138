"""转移支付 /transfer: what was passed down, in how many days, to whom (pages.md §3.13)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from budget_watch.casework.findings import Finding
from budget_watch.engine.authority import before_noun
from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.transfers import (
    KINDS,
    ORIGINS,
    PASSED,
    Document,
    Share,
    amount,
    documents,
    shares,
)
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.limits_block import limit_cell, limits_block
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

TABLES = ("FIN-08 转移支付预算下达明细表", "FIN-29 程序节点与公开登记表")
TABS = (("有期限的", None), ("全部文件", "all"))
FIRST = 20
RULES = ("ZX03", "ZX04", "ZX05")
_KEEP = ("fy", "to", "asof", "snap", "unit")


def page(context: Context) -> Page:
    """What the own government passed down, or what one county was given."""
    place, own = context.city, dict(context.address.place)
    if place is None:
        return _nothing(context)
    every = context.kept(
        "transfers", lambda: shares(context.desk, place, context.span), place, context.span
    )
    if "z" in own:
        every = tuple(one for one in every if one.to == own["z"])
        if not every:
            raise AddressError("没有找到这条记录，或您没有查看权限。")
    if not every:
        return _nothing(context)
    papers = documents(context.desk, context.span, every)
    doubts = {
        (each.rule, str(each.grain.get("doc_no"))): each
        for each in alerts.open_findings(context.home, context.grant)
        if each.rule in RULES and each.grain.get("fiscal_year") == context.span.fiscal_year
    }
    body = [_kinds(context, every), _papers(context, papers, doubts)]
    if not own:
        body.append(_counties(context, every))
    body += [_projects(context, every), limits_block(context, RULES)]
    name = context.names.of("z", own["z"]) if own else place.called
    crumbs = [(f"{place.called}转移支付", context.address.at("transfer", keep=_KEEP)), (name, None)]
    return Page(
        f"下达{name}的转移支付" if own else f"{name}对下转移支付",
        [html.Div(body, className="rows")],
        lead=_lead(context, every, papers, doubts),
        crumbs=crumbs if own else [],
    )


def _nothing(context: Context) -> Page:
    closed = context.reader.withheld("transfer")
    said = closed or f"缺 {TABLES[0]}（{context.span.as_of}），由财政局送达。"
    way = None if closed else link("查看数据质量", context.address.at("data"))
    return Page("转移支付", [insufficient(said, way)])


def _lead(
    context: Context,
    every: tuple[Share, ...],
    papers: tuple[Document, ...],
    doubts: dict[tuple[str, str], Finding],
) -> str:
    whole = amount(every)
    said = f"{context.span.as_of}，下达转移支付{fmt.sentence_money(whole)}"
    said += f"，其中上级转下达{fmt.share(amount(every, lambda one: one.origin == PASSED), whole)}"
    judged = [one for one in papers if one.rule and one.days is not None]
    late = [one for one in judged if (one.rule, one.doc) in doubts]
    if not judged:
        return f"{said}；有期限的文件没有登记起算日，下达天数暂不能算。"
    if not late and context.some_findings:
        return f"{said}；{len(judged)}份文件有下达期限，{context.some_findings}。"
    if not late:
        return f"{said}；{len(judged)}份有期限的文件，没有超过期限的疑点。"
    longest = max(one.days or 0 for one in late)
    return (
        f"{said}；{len(judged)}份有期限的文件中，{len(late)}份超过期限，"
        f"最长历时{longest}天，待核实。"
    )


def _kinds(context: Context, every: tuple[Share, ...]) -> html.Section:
    columns = [
        Column("类型", width="22%"),
        Column("合计", number=True),
        Column("占比", number=True),
    ]
    columns += [Column(origin, number=True) for origin in ORIGINS]
    columns += [
        Column("其中提前下达", number=True, minor=True),
        Column("下级已编入", number=True, minor=True),
    ]
    whole = amount(every)
    lines = [_kind(context, "合计", every, whole, "total")]
    listed = 0
    for kind in KINDS:
        some = tuple(one for one in every if one.kind == kind)
        if some:
            listed += amount(some)
            lines.append(_kind(context, kind, some, whole))
    none = fmt.NOT_APPLICABLE
    gap = whole - listed
    cells: list[Node] = [context.money(gap), fmt.share(gap, whole), none, none, none, none, none]
    lines.append(Line(["差额（未列明）", *cells], "gap"))
    return block(
        "按类型和资金来源方式",
        table("按类型和资金来源方式", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub=f"{context.span.as_of}，按发文日期",
        source=source(
            context,
            TABLES[0],
            more=[
                ("下级已编入", "提前下达的，收到的下级填报已编入其本级预算的金额；没有填报的为缺")
            ],
        ),
    )


def _kind(context: Context, name: str, some: tuple[Share, ...], whole: int, row: str = "") -> Line:
    total = amount(some)
    ahead = [one for one in some if one.advance]
    return Line(
        [
            name,
            context.money(total),
            fmt.share(total, whole),
            *(_origin(context, some, origin) for origin in ORIGINS),
            context.money(amount(ahead)) if ahead else fmt.NOT_APPLICABLE,
            _entered(context, ahead),
        ],
        row,
    )


def _origin(context: Context, some: tuple[Share, ...], origin: str) -> Node:
    own = [one for one in some if one.origin == origin]
    return context.money(amount(own)) if own else fmt.NOT_APPLICABLE


def _entered(context: Context, ahead: list[Share]) -> Node:
    if not ahead:
        return fmt.NOT_APPLICABLE
    told = [one for one in ahead if one.entered is not None]
    if not told:
        return missing("下级没有填报编入金额")
    text = fmt.share(sum(one.entered or 0 for one in told), amount(told))
    if len(told) == len(ahead):
        return text
    return html.Span([text, " ", missing(f"{len(ahead) - len(told)}项没有填报编入金额")])


# ---- documents
def _papers(
    context: Context, papers: tuple[Document, ...], doubts: dict[tuple[str, str], Finding]
) -> html.Section:
    address, chosen = context.address, context.address.get("tab")
    if chosen not in ("", "all"):
        raise AddressError(f"地址里“tab={chosen}”（页签）不能识别，应为 all。")
    found = [one for one in papers if one.rule or chosen]
    found.sort(key=lambda one: (one.rule, one.doc) not in doubts)
    shown = found if address.get("open") == "all" else found[:FIRST]
    columns = [
        Column("文号", width="20%"),
        Column("类型"),
        Column("来源方式", minor=True),
        Column("金额", number=True),
        Column("起算日"),
        Column("下达日"),
        Column("历时"),
        Column("期限"),
        Column("疑点"),
    ]
    book = book_of(context)
    lines = [_paper(context, one, doubts.get((one.rule, one.doc)), book) for one in shown]
    tabs = [(title, address.with_query(tab=key)) for title, key in TABS]
    body: list[Node] = [html.Div(segments("文件范围", tabs, address), className="pager")]
    body.append(table("下达文件", columns, lines) if lines else empty("没有有期限的下达文件。"))
    if len(shown) < len(found):
        more = link(f"显示全部{len(found)}份", address.with_query(open="all"), replace=True)
        body.append(html.Nav(more, className="pager"))
    return block(
        "下达文件与天数",
        body,
        flush=True,
        unit=context.unit_title,
        sub=f"{len(found)}份；有疑点的在前，其余按历时从长到短；竖线为期限",
        source=source(
            context,
            *TABLES,
            more=[
                ("起算日", "本级年初安排：人代会批准预算之日；上级转下达：收到上级文件之日"),
                ("没有期限的", "年中追加、税收返还，以及救灾等应急和据实结算项目"),
                ("末日是休息日的", "顺延，是否超过以规则 ZX03、ZX04、ZX05 的判断为准"),
            ],
        ),
    )


def _paper(context: Context, one: Document, doubt: Finding | None, book: Any) -> Line:
    said: Node = fmt.NOT_APPLICABLE
    if doubt is not None:
        to = context.address.at("finding", doubt.finding[:16], keep=("asof", "snap"))
        said = link(level_chip(doubt.level, doubt.provisional), to)
    start: Node = fmt.NOT_APPLICABLE
    if one.since:
        start = missing(f"没有登记{one.since}的日期") if one.start is None else fmt.day(one.start)
    issued: Node = missing("没有发文日期") if one.issued is None else fmt.day(one.issued)
    return Line(
        [
            one.doc,
            one.kind,
            one.origin,
            context.money(one.amount),
            start,
            issued,
            *_days(context, one, book),
            said,
        ]
    )


def _days(context: Context, one: Document, book: Any) -> tuple[Node, Node]:
    """How long a document took, against its limit; and the limit with whose it is."""
    known = book.params.get(one.param)
    day = one.issued or context.as_of
    held = known.at(day, context.city.region if context.city else None) if known else None
    limit = None if held is None else int(held.value)
    whose: Node = fmt.NOT_APPLICABLE
    if held is not None:
        said = f"{before_noun(held.said.authority)}{limit}天"
        whose = limit_cell(context, one.param, held, said)
    if one.days is None:
        none = missing("缺起算日或下达日，不能算天数") if one.since else fmt.NOT_APPLICABLE
        return none, whose
    if one.days < 0:
        return f"提前{-one.days}天", whose
    text = f"{one.days}天"
    if limit is None:
        return text, whose
    top = Fraction(max(one.days, limit) or 1)
    bar = bullet(
        Fraction(one.days) / top, Fraction(limit) / top, label=f"历时{text}，期限{limit}天"
    )
    return html.Span([bar, html.Span(text)], className="with-bar"), whose


# ---- counties, projects
def _counties(context: Context, every: tuple[Share, ...]) -> html.Section:
    columns = [Column("下达区划", width="24%"), Column("合计", number=True)]
    columns += [Column("占比", number=True)]
    present = [kind for kind in KINDS if any(one.kind == kind for one in every)]
    columns += [Column(kind, number=True, minor=True) for kind in present]
    columns += [Column("文件", number=True)]
    whole = amount(every)
    groups: dict[str, list[Share]] = {}
    for one in every:
        groups.setdefault(one.to, []).append(one)

    def cells(some: list[Share]) -> list[Node]:
        return [
            context.money(amount(some)),
            fmt.share(amount(some), whole),
            *(context.money(sum(o.amount for o in some if o.kind == kind)) for kind in present),
            fmt.count(len({one.doc for one in some})),
        ]

    lines = [Line(["合计", *cells(list(every))], "total")]
    for code in sorted(groups, key=lambda code: (-amount(groups[code]), code)):
        name = link(
            context.names.of("z", code), context.address.at("transfer", f"z{code}", keep=_KEEP)
        )
        lines.append(Line([name, *cells(groups[code])]))
    return block(
        "各县区",
        table("各县区转移支付", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub="按金额从多到少",
        source=source(context, TABLES[0]),
    )


def _projects(context: Context, every: tuple[Share, ...]) -> html.Section:
    columns = [
        Column("项目", width="34%"),
        Column("类型"),
        Column("来源方式", minor=True),
        Column("金额", number=True),
        Column("占比", number=True),
        Column("下达区划", number=True),
    ]
    whole = amount(every)
    groups: dict[tuple[str, str], list[Share]] = {}
    for one in every:
        groups.setdefault((one.project, one.origin), []).append(one)
    ordered = sorted(groups.values(), key=lambda group: (-amount(group), group[0].project))
    shown = ordered if context.address.get("open") == "all" else ordered[:FIRST]
    lines = [
        Line(
            [
                group[0].name,
                group[0].kind,
                group[0].origin,
                context.money(amount(group)),
                fmt.share(amount(group), whole),
                fmt.count(len({one.to for one in group})),
            ]
        )
        for group in shown
    ]
    rest = [one for group in ordered[len(shown) :] for one in group]
    if rest:
        more = link(
            f"其余{len(ordered) - len(shown)}项（显示全部）",
            context.address.with_query(open="all"),
            replace=True,
        )
        none = fmt.NOT_APPLICABLE
        cells: list[Node] = [none, none, context.money(amount(rest))]
        cells += [fmt.share(amount(rest), whole), fmt.count(len({one.to for one in rest}))]
        lines.append(Line([more, *cells], "rest"))
    top: list[Node] = ["合计", fmt.NOT_APPLICABLE, fmt.NOT_APPLICABLE, context.money(whole)]
    top += [fmt.share(whole, whole), fmt.count(len({one.to for one in every}))]
    return block(
        "项目",
        table("转移支付项目", columns, [Line(top, "total"), *lines]),
        flush=True,
        unit=context.unit_title,
        sub=f"{len(ordered)}项，按金额从多到少",
        source=source(context, TABLES[0]),
    )
