"""报告文本 of a session: the text as it was given, its amounts linked to the draft's tables."""

from __future__ import annotations

from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.file_store import Attachment, bytes_of
from budget_watch.congress.reports import paragraphs, reports_of
from budget_watch.congress.session import Congress, CongressDesk
from budget_watch.views import draft_budget as budgets
from budget_watch.views.report_text import ABSENT, LINKED, Spot, known_amounts, spots
from dashboard import elements as html
from dashboard.address import Address, parse
from dashboard.context import Context
from dashboard.markup import Input
from dashboard.pages.forms import labelled, role_field
from dashboard.parts import Node, attrs, block, empty, insufficient, link, source_line, tag
from dashboard.table import Column, Line, table

SOURCE = "上传的报告文本"
_COMPARED = "文中金额与报表"


def report_blocks(context: Context, desk: CongressDesk, one: Congress, keeps: bool) -> list[Node]:
    """Every text with its amounts, and for the office the form that adds one."""
    body: list[Node] = []
    for each in reports_of(context.home, one.id):
        body += _report(context, one, each)
    if not body:
        body = [block("报告文本", empty("还没有上传报告文本。"), source=source_line(SOURCE))]
    if keeps and context.latest and one.closed_at is None:
        body.append(_adding(context, desk, one))
    return body


def _adding(context: Context, desk: CongressDesk, one: Congress) -> html.Section:
    form = html.Form(
        [
            role_field(context, desk.flow.keepers),
            labelled("报告文本（docx，最多20 MB）", Input(type="file", name="file")),
            html.P("同名的再传一次，以新的为准；旧的留存。", className="note"),
            html.P("", className="form-said", role="alert"),
            html.Button("上传", className="button main", type="submit"),
        ],
        **attrs({"data-upload": f"/file/{one.id}", "aria-label": "上传报告文本"}),
    )
    folded = html.Details([html.Summary("上传报告文本"), form], className="step-form")
    return block("上传", folded, source=source_line(SOURCE))


def found_in(context: Context, given: Attachment) -> tuple[tuple[str, ...], list[Spot]]:
    """A text's paragraphs and its amounts, held against what the reader sees of the draft.

    Raises:
        CaseworkError: the file is lost or cannot be read.
    """
    texts = paragraphs(bytes_of(context.home, given))

    def held() -> list[Spot]:
        place = context.city
        years = budgets.years(context.desk, place) if place is not None else ()
        closed = context.reader.withheld(budgets.REPORTS)
        if place is None or not years or closed:
            return spots(texts, ())
        open_ = context.reader.withheld(budgets.DEPARTMENTS) is None
        return spots(texts, known_amounts(context.desk, place, max(years), open_))

    return texts, context.kept("report text", held, given.hash)


def _report(context: Context, one: Congress, given: Attachment) -> list[Node]:
    try:
        texts, found = found_in(context, given)
    except CaseworkError as error:
        return [block(given.name, insufficient(str(error)), source=source_line(SOURCE))]
    states = {state: sum(each.state == state for each in found) for state in _order(found)}
    told = "，".join(f"{state}{many}处" for state, many in states.items())
    file = html.A("下载原文", href=f"/file/{one.id}/{given.hash}", download=given.name)
    lead = f"正文里有金额{len(found)}处" + (f"：{told}。" if told else "。")
    marked = [html.P(_marked(at, text, found)) for at, text in enumerate(texts)]
    line = source_line(SOURCE, "按写明的单位四舍五入后与草案各表比较；表格里的数、百分比不比")
    body: list[Node] = [html.P([lead, file]), html.Div(marked, className="prose")]
    blocks = [block(given.name, body, sub=f"{len(texts)}段", source=line)]
    if found:
        heads = [
            Column("句子", long=True),
            Column("金额", number=True),
            Column("比较", long=True),
        ]
        lines = [Line([e.sentence, e.text, _said(e)]) for e in found]
        blocks.append(block(_COMPARED, table(_COMPARED, heads, lines), flush=True, source=line))
    return blocks


def _order(found: list[Spot]) -> list[str]:
    return list(dict.fromkeys(each.state for each in sorted(found, key=lambda e: e.state)))


def _marked(at: int, text: str, found: list[Spot]) -> list[Node]:
    """A paragraph with its amounts linked; those not found are marked."""
    made: list[Node] = []
    last = 0
    for each in (spot for spot in found if spot.at == at):
        made.append(text[last : each.start])
        made.append(_amount(each))
        last = each.end
    return [*made, text[last:]]


def _amount(spot: Spot) -> Node:
    if spot.state == LINKED:
        return link(spot.text, _to(spot.lines[0].path))
    return html.Span(
        [spot.text, " ", tag("未对上" if spot.state == ABSENT else "同数", plain=True)]
    )


def _said(spot: Spot) -> Node:
    if not spot.lines:
        return spot.state
    shown: list[Node] = [f"{spot.state}："]
    for at, each in enumerate(spot.lines[:3]):
        shown += ["、" if at else None, link(each.label, _to(each.path))]
    if len(spot.lines) > 3:
        shown.append(f"等{len(spot.lines)}个")
    return shown


def _to(path: str) -> Address:
    page, _, query = path.partition("?")
    return parse(page, f"?{query}" if query else "")
