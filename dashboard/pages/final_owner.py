"""A department's or unit's disclosed final accounts: forms, identities, words, publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from budget_watch.casework.findings import Finding
from budget_watch.engine.authority import before_noun
from budget_watch.views import final_forms as disclosed
from budget_watch.views import formats as fmt
from budget_watch.views.review_questions import FINAL
from budget_watch.views.span import Place
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.found_list import found_list, how_many
from dashboard.pages.review_table import KEEP, reviewed, source
from dashboard.parts import Node, block, bullet, empty, insufficient, level_chip, link, missing, tag
from dashboard.table import Column, Line, table

BROKEN = ("不符", "空表未说明")
FORMS, NODES = "FIN-23 部门决算公开报表包(01–09)", "FIN-29 程序节点与公开登记表"
_LIMIT = "procedure.publication"


def owner_page(context: Context, place: Place, year: int, dept: str, unit: str) -> Page:
    """The forms of a department, or of one of its units.

    Raises:
        NotFoundError: nothing of it in the reader's scope.
    """
    desk = context.desk
    own = disclosed.identities(desk, place, year, dept)
    units = sorted({each.unit for each in own})
    shown = unit or (dept if dept in units else next(iter(units), dept))
    mine = tuple(each for each in own if each.unit == shown)
    out = disclosed.publications(desk, place, year, context.as_of, dept, unit)
    if not mine and not out:
        raise NotFoundError
    found = [
        each
        for each in reviewed(context, (FINAL, "final"), year, dept).found
        if not unit or each.agency_code == unit
    ]
    name = context.names.of("u" if unit else "d", unit or dept)
    crumbs: list[tuple[str, Address | None]] = [
        (f"{year}年{place.name}本级决算与公开", context.address.at("final", keep=KEEP))
    ]
    if unit:
        to = context.address.at("final", f"d{dept}", keep=KEEP)
        crumbs.append((context.names.of("d", dept), to))
    crumbs.append((name, None))
    doubts = {str(each.grain.get("node_id")): each for each in found if each.rule == "JS05"}
    body = [
        _forms(context, disclosed.forms(desk, place, year, dept, shown)),
        _identities(context, mine),
        *([] if unit else [_units(context, own, dept, shown)]),
        wording_block(context, disclosed.wordings(desk, place, year, dept, shown), year),
        _published(context, out, doubts),
        _found(context, found),
    ]
    return Page(
        f"{name}{year}年决算公开",
        [html.Div([each for each in body if each is not None], className="rows")],
        lead=_lead(name, mine, out, how_many(context, len(found))),
        crumbs=crumbs,
        year=year,
    )


def _lead(
    name: str,
    mine: Sequence[disclosed.Identity],
    out: Sequence[disclosed.Publication],
    doubts: str,
) -> str:
    reckoned = [each for each in mine if each.outcome in ("相符", "不符")]
    bad = sum(each.outcome in BROKEN for each in mine)
    said = f"{name}公开表计算{len(reckoned)}条勾稽关系，{bad}条不符或空表未说明"
    final = next((each for each in out if each.item == "决算公开" and each.days is not None), None)
    if final is not None:
        said += (
            f"；决算批复后{final.days}天公开"
            if final.done
            else f"；决算批复已{final.days}天，尚未登记公开"
        )
    return f"{said}；{doubts}。"


def _forms(context: Context, found: Sequence[disclosed.Form]) -> html.Section:
    columns = [
        Column("表", width="34%"),
        Column("合计", number=True),
        Column("列报的格", number=True),
        Column("说明", long=True),
        Column("公开文件", minor=True),
    ]
    none = fmt.NOT_APPLICABLE
    lines = []
    for each in found:
        title = f"公开{each.number} {disclosed.TITLES[each.number]}"
        if not each.lines:
            gone = missing("没有送达这张表")
            lines.append(Line([title, gone, gone, none, none]))
            continue
        total: Node = none if each.total is None else context.money(each.total)
        file = html.Span(each.file, className="anywhere") if each.file else none
        lines.append(Line([title, total, fmt.count(each.lines), each.note or none, file]))
    return block(
        "九张公开表",
        table("九张公开表", columns, lines),
        flush=True,
        unit=context.unit_title,
        sub="合计为表上的合计行第一栏；没有合计行或为空表的为“—”",
        source=source(context, FORMS),
    )


def _identities(context: Context, mine: Sequence[disclosed.Identity]) -> html.Section:
    columns = [
        Column("表"),
        Column("勾稽关系", width="32%"),
        Column("左侧", number=True),
        Column("右侧", number=True),
        Column("差额", number=True),
        Column("舍入容差", number=True, minor=True),
        Column("结果"),
    ]
    none = fmt.NOT_APPLICABLE
    lines = []
    for each in sorted(mine, key=lambda one: (one.outcome not in BROKEN, one.form, one.id)):
        amounts: list[Node] = [
            none if value is None else context.money(value)
            for value in (each.left, each.right, each.difference)
        ]
        tolerance = none if each.empty is not None else context.money(each.tolerance)
        lines.append(Line([f"公开{each.form}", each.title, *amounts, tolerance, _result(each)]))
    body: Node = table("勾稽关系", columns, lines) if lines else empty("没有送达公开表。")
    return block(
        "勾稽关系",
        body,
        flush=bool(lines),
        unit=context.unit_title,
        sub="不符的在前；差额大于舍入容差的为不符，待部门核对",
        source=source(context, FORMS),
    )


def _result(each: disclosed.Identity) -> Node:
    if each.outcome in BROKEN:
        return tag(each.outcome)
    if each.outcome == "未计算":
        return missing("表上没有可以计算的合计", "未计算")
    return html.Span(f"✓ {each.outcome}", className="ok")


def _units(
    context: Context, own: Sequence[disclosed.Identity], dept: str, shown: str
) -> html.Section | None:
    units = sorted({each.unit for each in own} - {shown})
    if not units:
        return None
    columns = [
        Column("单位", width="50%"),
        Column("计算的关系", number=True),
        Column("不符或空表未说明", number=True),
    ]
    lines = []
    for code in units:
        mine = [each for each in own if each.unit == code]
        to = context.address.at("final", f"d{dept}", f"u{code}", keep=KEEP)
        lines.append(
            Line(
                [
                    link(context.names.of("u", code), to),
                    fmt.count(sum(each.outcome in ("相符", "不符") for each in mine)),
                    fmt.count(sum(each.outcome in BROKEN for each in mine)),
                ]
            )
        )
    return block(
        "所属单位的公开表",
        table("所属单位", columns, lines),
        flush=True,
        source=source(context, FORMS),
    )


def wording_block(context: Context, found: Sequence[disclosed.Wording], year: int) -> html.Section:
    """Words of the forms against their figures; what text was not delivered is named."""
    gap = (
        "决算草案和部门决算的文字说明没有对应的报表，只送达了表上的“说明”；"
        "其余文字与表的核对暂不能做。"
    )
    apart = [each for each in found if each.agrees is False]
    held = [each for each in found if each.agrees is not None]
    body: list[Node] = [insufficient(gap)]
    if held and not apart:
        said = f"表上说明“没有……”“空表”的{len(held)}处，表中都没有金额，文字与表一致。"
        body.insert(0, html.P(said, className="words"))
    if apart:
        columns = [
            Column("部门或单位", width="28%"),
            Column("表"),
            Column("说明", long=True),
            Column("表中最大金额", number=True),
        ]
        lines = [
            Line(
                [
                    context.names.of("u", each.unit),
                    f"公开{each.form}",
                    each.words,
                    context.money(each.amount),
                ]
            )
            for each in apart
        ]
        body.insert(0, table("文字与表不一致", columns, lines))
    return block(
        "文字与表",
        body,
        unit=context.unit_title if apart else None,
        sub=f"{year}年；核对{len(held)}处，不一致{len(apart)}处",
        source=source(context, FORMS),
    )


def publication_table(
    context: Context,
    some: Sequence[disclosed.Publication],
    doubts: Mapping[str, Finding],
) -> Node:
    """Duties to publish with their days against the limit."""
    columns = [
        Column("部门或单位", width="26%"),
        Column("事项"),
        Column("批准（批复）日"),
        Column("公开日"),
        Column("历时"),
        Column("期限"),
        Column("缺表、空表", minor=True),
        Column("网址", minor=True),
        Column("疑点"),
    ]
    held = book_of(context).params.get(_LIMIT)
    lines = []
    for each in some:
        code, letter = (each.unit, "u") if each.unit else (each.dept, "d")
        value = held.at(each.start or context.as_of, None) if held else None
        limit = None if value is None else int(value.value)
        lack = "、".join(
            part
            for part in (
                f"缺{each.lacking}" if each.lacking else "",
                "空表未说明" if each.unnoted else "",
            )
            if part
        )
        doubt = doubts.get(each.node)
        said: Node = fmt.NOT_APPLICABLE
        if doubt is not None:
            to = context.address.at("finding", doubt.finding[:16], keep=("asof", "snap"))
            said = link(level_chip(doubt.level, doubt.provisional), to)
        who: Node = "政府"
        if code:
            parts = [f"d{each.dept}"] if each.dept else []
            who = context.names.of(letter, code)
            if parts:
                who = link(who, context.address.at("final", *parts, keep=KEEP))
        lines.append(
            Line(
                [
                    who,
                    each.item,
                    missing("没有登记") if each.start is None else fmt.day(each.start),
                    missing("没有登记公开") if each.done is None else fmt.day(each.done),
                    _days(each, limit),
                    fmt.NOT_APPLICABLE
                    if limit is None or value is None
                    else f"{before_noun(value.said.authority)}{limit}天",
                    lack or fmt.NOT_APPLICABLE,
                    html.Span(each.url, className="anywhere") if each.url else fmt.NOT_APPLICABLE,
                    said,
                ]
            )
        )
    return table("公开登记", columns, lines)


def _days(each: disclosed.Publication, limit: int | None) -> Node:
    if each.days is None:
        return missing("没有登记批准或批复日期，不能算天数")
    text = f"{each.days}天"
    if limit is None:
        return text
    top = Fraction(max(each.days, limit) or 1)
    bar = bullet(
        Fraction(max(each.days, 0)) / top,
        Fraction(limit) / top,
        label=f"历时{text}，期限{limit}天",
    )
    return html.Span([bar, html.Span(text)], className="with-bar")


def _published(
    context: Context,
    out: Sequence[disclosed.Publication],
    doubts: Mapping[str, Finding],
) -> html.Section:
    body: Node = empty("没有登记公开事项。")
    if out:
        body = publication_table(context, out, doubts)
    return block("公开时间", body, flush=bool(out), source=source(context, NODES))


def _found(context: Context, found: Sequence[Finding]) -> html.Section:
    body: Node = empty(f"{how_many(context, 0)}。")
    if found:
        body = found_list(context, found)
    return block(
        "疑点",
        body,
        flush=bool(found),
        sub="；".join(filter(None, (f"{len(found)}条", context.some_findings))),
        source=source(context, "规则库"),
    )


def withheld_or_missing(context: Context, title: str, year: int) -> html.Section:
    """The block where the forms would stand: closed to the reader, or never delivered."""
    closed = context.reader.withheld("final_account_form")
    said = closed or f"缺 {FORMS}（{year}年），由财政局送达；空白表样不算送达。"
    way = None if closed else link("查看数据质量", context.address.at("data"))
    return block(title, insufficient(said, way), source=source(context, FORMS))
