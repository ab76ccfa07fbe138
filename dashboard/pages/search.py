"""搜索 /search?q=…: one word, at most five of each kind (pages.md §2)."""

from __future__ import annotations

import dash_mantine_components as dmc

from budget_watch.views import alerts
from budget_watch.views import formats as fmt
from budget_watch.views.laws import library_stamp
from budget_watch.views.search import LEAST, Group, Hit, organisations, search
from dashboard import elements as html
from dashboard.address import Address
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.frame import Page
from dashboard.pages.laws import library_of
from dashboard.pages.place_text import source
from dashboard.parts import Node, attrs, block, empty, link
from dashboard.table import Column, Line, table

TABLES = {
    "部门": "REF-01 预算单位表",
    "单位": "REF-01 预算单位表",
    "项目": "FIN-10 项目库",
    "收款人": "FIN-15 国库集中支付凭证表",
    "文号": "FIN-12 指标表",
    "凭证号": "FIN-15 国库集中支付凭证表",
    "疑点": "疑点库",
    "法条": "法律法规文本",
}


def page(context: Context) -> Page:
    """What a word finds; without a word, what can be searched for."""
    word = context.address.get("q").strip()
    kinds = "、".join(TABLES)
    if len(word) < LEAST:
        sentence = f"可检索{kinds}。请输入至少{LEAST}个字；凭证号须输入完整。"
        return Page("搜索", [_form(word), empty(sentence)])
    year = context.span.fiscal_year
    city = context.city.region if context.city else None
    findings = alerts.open_findings(context.home, context.grant)
    paid = context.kept("organisations", lambda: organisations(context.reader, year), year)
    found = context.kept(
        "search",
        lambda: search(context.reader, findings, word, year, city, library_of(context), paid),
        word,
        year,
        library_stamp(context.home.root, book_of(context).laws),
        alerts.latest_key(context.home),
    )
    number = sum(group.count for group in found)
    some = [group for group in found if group.count]
    said = "，".join(f"{group.title}{fmt.count(group.count)}" for group in some)
    body: list[Node] = [_block(context, group, year) for group in some]
    if not body:
        body = [
            empty(
                f"{year}年没有名称或编号含“{word}”的{kinds}。自然人收款人不列入检索。",
                link("回到总览", context.address.at("overview")),
            )
        ]
    return Page(
        f"搜索：{word}",
        [_form(word), html.Div(body, className="rows")],
        lead=f"找到{fmt.count(number)}项：{said}。" if some else None,
    )


def _form(word: str) -> html.Form:
    return html.Form(
        [
            dmc.TextInput(
                value=word,
                debounce=True,
                className="search-input",
                **attrs({"aria-label": "检索词"}),
            ),
            html.Button("搜索", type="submit", className="button"),
        ],
        className="search-form",
        role="search",
        **attrs({"data-search": "1"}),
    )


def _block(context: Context, group: Group, year: int) -> html.Section:
    columns = [Column(group.title, width="44%"), Column("说明", long=True)]
    money = any(hit.amount is not None for hit in group.hits)
    if money:
        columns.append(Column("金额", number=True))
    lines = [_line(context, hit, money) for hit in group.hits]
    if group.count > len(group.hits):
        rest: list[Node] = [
            f"其余{fmt.count(group.count - len(group.hits))}项",
            _rest(context, group),
        ]
        lines.append(Line([*rest, fmt.NOT_APPLICABLE] if money else rest, "rest"))
    return block(
        group.title,
        table(group.title, columns, lines),
        flush=True,
        sub=f"共{fmt.count(group.count)}项"
        + ("，金额为本年支付" if group.title == "收款人" else ""),
        unit="单位：元" if money else None,
        source=source(context, TABLES[group.title]),
    )


def _rest(context: Context, group: Group) -> Node:
    """Where the others are: articles have a search of their own."""
    if group.title != "法条":
        return "请输入更长的名称或编号"
    to = context.address.at("laws", keep=("asof", "snap"), q=context.address.get("q"))
    return link(f"查看全部{fmt.count(group.count)}条", to)


def _line(context: Context, hit: Hit, money: bool) -> Line:
    keep = ("fy", "asof", "snap", "unit") if hit.page == "exec" else ("asof", "snap")
    to: Address = context.address.at(hit.page, *hit.parts, keep=keep)
    if hit.tab:
        to = to.with_query(tab=hit.tab)
    note: Node = hit.note
    if hit.tab:
        note = context.names.of("d", hit.note)
    cells: list[Node] = [link(hit.text, to), note or fmt.NOT_APPLICABLE]
    if money:
        cells.append(fmt.yuan(hit.amount))
    return Line(cells)
