"""监督日历 /calendar: a year's nodes in order, how each stands, its rules' findings; a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from budget_watch.casework.book import book_folders, book_stamp
from budget_watch.casework.findings import list_findings
from budget_watch.engine.laws import article_name
from budget_watch.engine.workdays import calendar_of
from budget_watch.engine.year_model import MEANING
from budget_watch.engine.year_model import Node as YearNode
from budget_watch.engine.year_nodes import Nodes, load_nodes
from budget_watch.views import formats as fmt
from budget_watch.views.supervision_year import (
    COMING,
    DONE,
    LATE,
    NEAR,
    NEAR_DAYS,
    STATES,
    UNKNOWN,
    Standing,
    followed,
    supervision_year,
)
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_of
from dashboard.context import Context, kept
from dashboard.errors import AddressError
from dashboard.frame import Page
from dashboard.pages.calendar_acts import acts_block
from dashboard.pages.calendar_month import month_block
from dashboard.pages.law_text import law_link
from dashboard.parts import (
    Node,
    block,
    empty,
    insufficient,
    link,
    missing,
    segments,
    source_line,
    tag,
)
from dashboard.table import Column, Line, table

SOURCE = "FIN-29 程序节点与公开登记表"
AHEAD = 1  # years after the as-of day's that can be looked at
_SHOWN = 100


def page(context: Context) -> Page:
    """The year as a list, or one month of it."""
    nodes, year = nodes_of(context), _year(context)
    if context.city is None:
        return Page("监督日历", [empty("还没有送达的数据，不知道是哪一级政府。")])
    found = standings(context, nodes, year)
    tab = context.address.get("tab")
    body: list[Node] = [*_mistakes(context, nodes)]
    if tab == "month":
        body.append(month_block(context, found, year))
    elif tab:
        raise AddressError(f"监督日历没有“{tab}”这一页。")
    else:
        body.append(_list(context, found, nodes))
        body += _opened(context, found)
        body += acts_block(context, year)
    return Page(
        f"监督日历 {year}年",
        [html.Div(body, className="rows")],
        lead=_lead(context, found, year),
        tools=_tools(context, year),
        tab_title=f"监督日历 {year}年",
    )


def nodes_of(context: Context) -> Nodes:
    """The nodes of the product and of this home, read anew when a file of them changes."""
    root = context.home.root
    return kept(
        ("year_nodes", str(root), book_stamp(root)),
        lambda: load_nodes(book_folders(root), book_of(context)),
    )


def standings(context: Context, nodes: Nodes, year: int) -> tuple[Standing, ...]:
    """How the nodes of the reader's government stand in a year, as known on the as-of day."""
    city = context.city
    if city is None:
        return ()
    return context.kept(
        "calendar",
        lambda: supervision_year(
            context.desk,
            nodes.of(city.region),
            book_of(context).params,
            calendar_of(context.reader),
            city.region,
            year,
            context.as_of,
        ),
        year,
        book_stamp(context.home.root),
    )


def followed_nodes(context: Context) -> tuple[tuple[int, Standing], ...]:
    """The nodes that are followed on the as-of day, of last year, this and the next."""
    city = context.city
    if city is None:
        return ()
    return context.kept(
        "calendar followed",
        lambda: followed(
            context.desk,
            nodes_of(context).of(city.region),
            book_of(context).params,
            calendar_of(context.reader),
            city.region,
            context.as_of,
        ),
        book_stamp(context.home.root),
    )


def _year(context: Context) -> int:
    asked = context.address.get("year")
    if not asked:
        return context.span.fiscal_year
    if int(asked) > context.as_of.year + AHEAD:
        raise AddressError(f"日历只排到{context.as_of.year + AHEAD}年。")
    return int(asked)


def _lead(context: Context, found: Sequence[Standing], year: int) -> str:
    counts = Counter(each.state for each in found)
    told = "，".join(f"{state}{counts[state]}" for state in STATES if counts[state])
    said = f"截至{fmt.day(context.as_of)}，{year}年共{len(found)}个节点：{told}。"
    ahead = [each for each in found if each.state in (NEAR, COMING) and each.due]
    if not ahead:
        return said
    next_ = ahead[0]
    left = next_.left(context.as_of)
    day = fmt.day_sentence(next_.due.day) if next_.due else ""
    return f"{said}下一个是{day}“{title_of(next_)}”，还有{left}天。"


def title_of(standing: Standing) -> str:
    """What a node is called, with its quarter or half-year."""
    return f"{standing.node.title}{f'（{standing.part}）' if standing.part else ''}"


def _tools(context: Context, year: int) -> list[Node]:
    address, now = context.address, context.as_of.year
    years = [(f"{each}年", _to_year(address, each, now)) for each in (now - 1, now, now + AHEAD)]
    ways = [("按时间", address.with_query(tab=None, mon=None))]
    ways.append(("按月", address.with_query(tab="month", open=None)))
    return [
        segments("年度", years, _to_year(address, year, now)),
        segments("看法", ways, ways[bool(address.get("tab"))][1]),
    ]


def _to_year(address: Address, year: int, now: int) -> Address:
    return address.with_query(year=None if year == now else str(year), fy=None, open=None, mon=None)


def _mistakes(context: Context, nodes: Nodes) -> list[Node]:
    if not nodes.mistakes or not context.grant.whole:
        return []
    told = f"节点文件有{len(nodes.mistakes)}处写得不对，这些节点没有列入："
    return [insufficient(f"{told}{nodes.mistakes[0]}")]


def _list(context: Context, found: Sequence[Standing], nodes: Nodes) -> Node:
    columns = [
        Column("日期", width="132px"),
        Column("节点", long=True, width="30%"),
        Column("由谁", minor=True),
        Column("状态"),
        Column("登记", number=True),
        Column("规则与疑点"),
        Column("材料", minor=True),
    ]
    hits = _hits(context, found)
    lines = [_line(context, each, hits) for each in found]
    note = "、".join(f"{word}（{MEANING[word]}）" for word in MEANING)
    body: list[Node] = [
        table("一年的节点", columns, lines),
        html.P(
            f"节点的来由：{note}。疑点数是规则现有的全部，不限本年。", className="tools inner note"
        ),
    ]
    if nodes.off:
        told = "；".join(f"{name}：{why}" for name, why in nodes.off.items())
        body.append(html.P(f"本地停用：{told}。", className="tools inner note"))
    return block(
        "一年的节点",
        body,
        flush=True,
        sub=f"{context.city.name if context.city else ''}本级，临近为{NEAR_DAYS}天以内",
        source=_source(context),
    )


def _source(context: Context) -> html.Footer:
    return source_line(SOURCE, f"业务日 {fmt.day(context.as_of)}", f"快照 {context.snapshot.id}")


def _hits(context: Context, found: Sequence[Standing]) -> Mapping[str, int]:
    """Open findings of the nodes' rules that the reader sees, by rule."""
    rules = {rule for each in found for rule in each.node.rules}
    listed = context.kept(
        "calendar_hits", lambda: Counter(f.rule for f in list_findings(context.home, context.grant))
    )
    return {rule: listed[rule] for rule in rules}


def _line(context: Context, each: Standing, hits: Mapping[str, int]) -> Line:
    node = each.node
    cells: list[Node] = [
        _day(each),
        _named(context, each),
        node.who,
        state_words(each, context.as_of),
        _entries(context, each),
        _rules(context, node, hits),
        "、".join(node.documents) or fmt.NOT_APPLICABLE,
    ]
    return Line(cells)


def _day(each: Standing) -> Node:
    if each.due is None:
        return missing(each.why)
    told: list[Node] = []
    if each.since is not None and not each.part:
        told += [f"{each.since:%m-%d} 至", html.Br()]
    told.append(fmt.day(each.due.day))
    if not each.due.announced:
        why = "期限里有节假日安排尚未公布的日子，公布后重算"
        told += [" ", html.Span("推算", className="tag plain", title=why)]
    return html.Span(told)


def _named(context: Context, each: Standing) -> Node:
    node = each.node
    parts: list[Node] = [title_of(each), " ", html.Span(node.certainty, className="tag plain")]
    grounds = [_cited(context, node), *([node.note] if node.note else [])]
    parts.append(html.Div([html.Div(ground, className="note") for ground in grounds if ground]))
    ways = [link("看数据", context.address.at(page[1:])) for page in node.pages]
    if node.report:
        ways.append(link("报告", context.address.at("digest")))
    if ways:
        parts.append(html.Div([part for way in ways for part in (way, " ")], className="note"))
    return html.Div(parts)


def _cited(context: Context, node: YearNode) -> Node:
    if node.says:
        return node.says
    book = book_of(context)
    told: list[Node] = []
    for cite in node.basis:
        law = book.laws.get(cite.law)
        said = f"{law.quoted if law else cite.law}{article_name(cite.article or '')}"
        told.append(law_link(context, book, cite.law, cite.article, said))
    return told


def state_words(each: Standing, day: date) -> Node:
    """The state as a word, and how many days are left or over."""
    left = each.left(day)
    parts: list[Node] = [tag(each.state, plain=each.state in (DONE, COMING))]
    if each.state == DONE:
        parts += [f" {each.behind}项晚办"] if each.behind else []
    elif each.state == UNKNOWN:
        parts.append(html.Div(each.why, className="note"))
    elif left is not None:
        said = f" 还有{left}天" if left > 0 else " 今天到期" if left == 0 else f" 过{-left}天"
        parts.append(said)
    if each.state in (LATE, NEAR, COMING) and each.why:
        parts.append(html.Div(each.why, className="note"))
    return html.Div(parts)


def _entries(context: Context, each: Standing) -> Node:
    if not each.entries:
        return fmt.NOT_APPLICABLE
    opened = context.address.get("open") == each.node.id
    to = context.address.with_query(open=None if opened else each.node.id)
    return link(f"{each.done}/{len(each.entries)}", to, replace=True, title="已办/登记")


def _rules(context: Context, node: YearNode, hits: Mapping[str, int]) -> Node:
    if not node.rules:
        return fmt.NOT_APPLICABLE
    run = context.last_run
    parts: list[Node] = []
    for rule in node.rules:
        told: Node = "没有运行" if run is None else "未触发"
        if hits.get(rule):
            told = link(f"疑点{hits[rule]}", context.address.at("alerts", rule=rule))
        name = link(rule, context.address.at("rules", rule))
        parts.append(html.Div([name, " ", told], className="whole-line"))
    return html.Div(parts)


def _opened(context: Context, found: Sequence[Standing]) -> list[Node]:
    """The entries of the node that is opened."""
    wanted = context.address.get("open")
    if not wanted:
        return []
    chosen = next((each for each in found if each.node.id == wanted and each.entries), None)
    if chosen is None:
        raise AddressError(f"这一年没有节点“{wanted}”的登记。")
    columns = [
        Column("单位", long=True),
        Column("起算日期"),
        Column("期限"),
        Column("完成日期"),
        Column("状态"),
    ]
    lines = []
    for entry in chosen.entries[:_SHOWN]:
        name = context.names.of("u", entry.whom) if entry.whom else "本级"
        late = f" 晚{entry.behind}天" if entry.behind else ""
        due = fmt.day(entry.due.day) if entry.due else missing("当时没有规定期限")
        done = fmt.day(entry.done) if entry.done else missing("没有登记完成日期")
        base = fmt.day(entry.base) if entry.base else missing("没有登记")
        lines.append(Line([name, base, due, done, [tag(entry.state, plain=not late), late]]))
    body: list[Node] = [table(chosen.node.title, columns, lines)]
    if len(chosen.entries) > _SHOWN:
        more = len(chosen.entries) - _SHOWN
        body.append(html.P(f"另有{more}项没有列出。", className="tools inner note"))
    return [block(f"{title_of(chosen)}：各项登记", body, flush=True, source=_source(context))]
