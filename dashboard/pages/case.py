"""办理 /case/<编号>: one case for whoever works on it, also beyond the scope of its findings.

A department comes here from 我的待办: what it is asked, until when, and what it may do.
"""

from __future__ import annotations

from budget_watch.casework.cases import Desk, actor_of, get_case, record, today_of
from budget_watch.casework.errors import UnknownCaseError
from budget_watch.casework.findings import visible_among
from budget_watch.digest.letter import told as sentences_of
from budget_watch.lake.state import engine
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.finding_case import blocks_of
from dashboard.parts import Node, block, level_chip, link, source_line


def page(context: Context) -> Page:
    """One case."""
    desk = Desk.of(context.home)
    actor = actor_of(context.home, context.grant)
    try:
        case = get_case(context.home, actor, context.address.parts[0])
    except UnknownCaseError as error:
        raise NotFoundError from error
    if not case.id:
        raise NotFoundError
    level = record(desk, actor, case, today_of())["level"]
    _, sentences = sentences_of(context.home, actor, case, book_of(context))
    open_: set[str] = set()
    if desk.state(case).answered or not desk.department(actor.role):  # no level before the answer
        with engine(context.home).connect() as connection:
            open_ = visible_among(context.home, context.grant, connection, case.findings)
    lines = []
    for finding, sentence in zip(case.findings, sentences, strict=True):
        to = context.address.at("finding", finding[:16], keep=("asof", "snap"))
        more: list[Node] = [" ", link("看疑点", to)] if finding in open_ else []
        lines.append(html.Li([sentence, *more]))
    asked = block("事项", html.Ol(lines, className="acts-list"), source=source_line("疑点库"))
    work, *rest = blocks_of(context, desk, actor, case, None)
    head: list[Node] = [level_chip(level), " "] if level else []
    return Page(
        [*head, f"办理 {case.id} — {case.title}"],
        [html.Div([html.Div([asked, *rest], className="rows"), work], className="cols-side")],
        crumbs=[("我的待办", context.address.at("todo")), (f"办理 {case.id}", None)],
        tab_title=f"办理 {case.id}",
    )
