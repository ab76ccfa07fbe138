"""What prepares an agenda item: the data's own sentences, findings, earlier demands, the law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib import import_module

from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.findings import list_findings
from budget_watch.engine.laws import article_name
from budget_watch.engine.model import Citation
from budget_watch.engine.year_model import Node as YearNode
from budget_watch.meetings.agenda import AgendaItem, Topic
from budget_watch.meetings.demands import DemandDesk, carried
from budget_watch.tables import contracts
from budget_watch.views import formats as fmt
from budget_watch.views.page_words import page_words
from dashboard import elements as html
from dashboard.address import parse
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import DashboardError
from dashboard.pages.calendar import nodes_of
from dashboard.pages.demand_list import SOURCE, demand_table
from dashboard.pages.found_list import found_list, how_many
from dashboard.pages.law_text import law_link
from dashboard.pages.overview_blocks import debt
from dashboard.pages.overview_books import books
from dashboard.parts import Node, block, empty, insufficient, link, missing, source_line, tag
from dashboard.table import Column, Line, table

_FIRST = 10
_MOST = 30


def prepared(
    context: Context, actor: Actor, one: AgendaItem, topics: Sequence[Topic]
) -> list[html.Section]:
    """The blocks, in the order of a speech: data, findings, what was asked, the law, documents."""
    nodes = _nodes(context, topics)
    return [
        _says(context, one, topics),
        *_figures(context, one, topics),
        _findings(context, topics, nodes),
        _asked(context, actor, one),
        _law(context, topics, nodes),
        _documents(context, one, nodes),
    ]


def _nodes(context: Context, topics: Sequence[Topic]) -> list[YearNode]:
    """The nodes of the year that these topics name, and those that hold here on the same items."""
    region = context.city.region if context.city else ""
    wanted = {name for topic in topics for name in topic.nodes}
    return [node for node in nodes_of(context).of(region) if node.id in wanted]


def _says(context: Context, one: AgendaItem, topics: Sequence[Topic]) -> html.Section:
    """The first sentences of the topics' pages, made anew under this reader's grant."""
    items = []
    year = min(one.year, context.as_of.year)
    for path in dict.fromkeys(page for topic in topics for page in topic.pages):
        query = "" if year == context.as_of.year else f"?fy={year}"
        said, title = _lead(context, path, query)
        to = parse(path, query)
        items.append(html.Li([html.B(link(title, to)), html.P(said, className="letter")]))
    body: Node = (
        html.Ol(items, className="acts-list")
        if items
        else empty("这个议题没有对应的数据页面；可在右侧改专题，或挂上要看的页面。")
    )
    source = source_line(
        "各专题页的结论，口径见各页",
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
    )
    return block("数据怎么说", body, source=source, sub=f"{year}年")


def _lead(context: Context, path: str, query: str) -> tuple[Node, str]:
    """The first sentence of a page and its title; why it has none otherwise."""
    from dashboard.pages import MODULES

    title = page_words(context.names, path)
    try:
        address = parse(path, query)
        module = import_module(f"dashboard.pages.{MODULES[address.page]}")
        made = module.page(replace(context, address=address))
    except DashboardError as error:
        return insufficient(str(error)), title
    return made.lead or insufficient("这一页没有结论。"), title


def _figures(context: Context, one: AgendaItem, topics: Sequence[Topic]) -> list[html.Section]:
    """The core figures behind it, each with its way down."""
    pages = {page for topic in topics for page in topic.pages}
    year = min(one.year, context.as_of.year)
    query = "" if year == context.as_of.year else f"?fy={year}"
    there = replace(context, address=parse("/overview", query))
    found: list[html.Section] = []
    if pages & {"/exec", "/draft"}:
        found.append(books(there, "local"))
    if "/debt" in pages:
        found.append(debt(there, "local"))
    return found


def _findings(context: Context, topics: Sequence[Topic], nodes: Iterable[YearNode]) -> html.Section:
    areas = [area for topic in topics for area in topic.areas]
    rules = {rule for node in nodes for rule in node.rules}
    every = context.kept(
        "agenda findings", lambda: list_findings(context.home, context.grant, trial=False)
    )
    found = [each for each in every if each.area in areas or each.rule in rules]
    parts: list[Node] = []
    if found:
        parts.append(found_list(context, found[:_FIRST]))
    if len(found) > _FIRST:
        ways = [link(area_title(a), context.address.at("alerts", area=a)) for a in areas]
        more: list[Node] = [f"另有{len(found) - _FIRST}条"]
        for way in ways:
            more += [" ", way]
        parts.append(html.P(more, className="tools inner note"))
    if not parts:
        run = context.last_run
        said = (
            "没有运行过规则。"
            if run is None
            else f"{how_many(context, 0)}。没有命中不等于没有问题。"
        )
        parts.append(html.Div(empty(said), className="inner"))
    source = source_line("规则运行结果", f"快照 {context.snapshot.id}")
    return block("疑点", parts, source=source, sub=how_many(context, len(found)), flush=True)


def area_title(area: str) -> str:
    """What an area of rules is called on the way to its findings."""
    titles = {
        "drafting": "预算编制",
        "execution": "预算执行",
        "three_public": "三公经费",
        "final": "决算公开审计",
        "debt": "政府债务",
        "assets": "国有资产",
        "social": "社保基金",
        "performance": "绩效",
    }
    return f"看{titles.get(area, area)}的全部疑点"


def _asked(context: Context, actor: Actor, one: AgendaItem) -> html.Section:
    found = carried(context.home, actor, one.year)
    title = "以前要求过什么"
    ways = source_line(SOURCE, link("台账", context.address.at("resolution", keep=())))
    if not found:
        return block(
            title, empty(f"{one.year}年以前没有登记、或没有向您公开的决议事项。"), source=ways
        )
    desk, today = DemandDesk.of(context.home), today_of()
    open_ = sum(not desk.state(each).final for each in found)
    body: list[Node] = [demand_table(context, desk, found[:_MOST], today, title)]
    if len(found) > _MOST:
        body.append(html.P(f"另有{len(found) - _MOST}项，见台账。", className="tools inner note"))
    return block(title, body, flush=True, source=ways, sub=f"{len(found)}项，没有办结{open_}项")


def _law(context: Context, topics: Sequence[Topic], nodes: Sequence[YearNode]) -> html.Section:
    book = book_of(context)
    lines: list[Line] = []

    def add(cite: Citation, what: str, certainty: str) -> None:
        law = book.laws.get(cite.law)
        said = f"{law.quoted if law else cite.law}{article_name(cite.article or '')}"
        named = law_link(context, book, cite.law, cite.article, said)
        quote = f"“{cite.quote}”" if cite.quote else fmt.NOT_APPLICABLE
        lines.append(Line([named, quote, what, tag(certainty, plain=True)]))

    for topic in topics:
        for cite in topic.basis:
            law = book.laws.get(cite.law)
            local = law is not None and law.authority == "local"
            add(cite, f"{topic.title}的审查重点", "地方法规" if local else "法定")
    for node in nodes:
        for cite in node.basis:
            add(cite, node.title, node.certainty)
        if node.says:
            lines.append(Line([fmt.NOT_APPLICABLE, node.says, node.title, tag("惯例", plain=True)]))
    source = source_line(
        "监督日历的节点", "法规文本", link("监督日历", context.address.at("calendar"))
    )
    if not lines:
        return block("法律怎么要求", empty("这个议题没有对应的条文。"), source=source)
    columns = [
        Column("条文", width="22%"),
        Column("原文", long=True),
        Column("说的是什么", minor=True),
    ]
    columns.append(Column("性质", minor=True))
    return block("法律怎么要求", table("法律怎么要求", columns, lines), flush=True, source=source)


def _documents(context: Context, one: AgendaItem, nodes: Sequence[YearNode]) -> html.Section:
    by_code = {contract.code: (name, contract) for name, contract in contracts().items()}
    lines: list[Line] = []
    for code in dict.fromkeys(code for node in nodes for code in node.documents):
        name, contract = by_code[code]
        version = context.snapshot.tables.get(name)
        closed = context.reader.withheld(name)
        if closed:
            state: Node = missing(closed, "不在您的范围")
        elif version is None or not version.rows:
            state = missing(f"{code} {contract.title}没有送达，由{contract.delivering_dept}送达")
        else:
            state = link("已送达", context.address.at("data", name))
        lines.append(Line([f"{code} {contract.title}", contract.delivering_dept, state]))
    source = source_line("监督日历的节点", f"快照 {context.snapshot.id}")
    if not lines:
        return block("应有的材料", empty("这个议题没有对应的报表。"), source=source)
    columns = [Column("报表", long=True), Column("由谁送达"), Column("到了没有")]
    return block("应有的材料", table("应有的材料", columns, lines), flush=True, source=source)
