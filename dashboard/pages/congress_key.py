"""审查要点 and 名词解释 of a session: what the draft comes to, its findings, what words mean."""

from __future__ import annotations

from budget_watch.casework.checking import book_folders
from budget_watch.congress.glossary import Term, glossary
from budget_watch.engine.laws import article_name
from budget_watch.views import draft_budget as budgets
from budget_watch.views import formats as fmt
from budget_watch.views.books import BOOKS
from budget_watch.views.review_questions import DRAFT
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.pages.draft import AREA
from dashboard.pages.draft_sheets import TABS
from dashboard.pages.review_table import counted, reviewed, source
from dashboard.parts import Node, block, figure, insufficient, link, source_line


def key_points(context: Context) -> list[Node]:
    """The four books of the newest draft, each with the way down, and what the review found."""
    place = context.city
    years = budgets.years(context.desk, place) if place is not None else ()
    closed = context.reader.withheld(budgets.REPORTS)
    if place is None or not years or closed:
        said = closed or "还没有送达预算草案。"
        way = link("预算草案审查", context.address.at("draft"))
        return [block("审查要点", insufficient(said, way))]
    year = max(years)
    cards: list[Node] = []
    for tab, at in TABS.items():
        sheets = budgets.sheets(context.desk, place, year, BOOKS[at])
        to = context.address.at("draft").with_query(fy=str(year), tab=tab or None)
        cards += [_card(each, to) for each in sheets]
    found = reviewed(context, (DRAFT, AREA), year)
    way = link("逐条看", context.address.at("draft").with_query(fy=str(year)))
    return [
        block(
            f"{year}年预算草案",
            html.Div(cards, className="cols-4 divided"),
            source=source(context, "FIN-01至FIN-08 政府预算各表"),
        ),
        block(
            "审查发现",
            html.P([f"{counted(found)}。", way]),
            source=source(context, "规则库"),
        ),
    ]


def _card(sheet: budgets.Sheet, to: object) -> Node:
    total = sheet.total
    label = f"{sheet.book}{sheet.side}{f'（{sheet.plan}）' if sheet.plan else ''}"
    if total.now is None:
        return figure(label, None, why="没有送达")
    notes: list[Node] = []
    if total.before is not None:
        notes.append(f"上年预算{fmt.sentence_money(total.before)}")
    return figure(label, fmt.sentence_money(total.now), to=to, notes=notes)  # type: ignore[arg-type]


def words_block(context: Context) -> html.Section:
    """The words with what they mean."""
    items = [
        html.Div([html.Dt(each.term), html.Dd([f"{each.says}。", _source(context, each)])])
        for each in glossary(book_folders(context.home.root))
    ]
    line = source_line("名词解释", "没有写条文的是说明，口径以财政部门的报告为准")
    return block("名词解释", html.Dl(items, className="facts single"), source=line)


def _source(context: Context, term: Term) -> Node:
    if term.law is None or term.article is None:
        return None
    law = book_of(context).laws.get(term.law)
    name = f"《{law.name}》{article_name(term.article)}" if law else term.law
    return link(name, context.address.at("laws", term.law, term.article))
