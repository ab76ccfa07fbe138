"""Candidates of 民生实事: what the deputies vote on, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.casework.livelihood import CANDIDATE, NOT_CHOSEN, Livelihood
from budget_watch.casework.livelihood_given import VOTES
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.forms import place_text
from dashboard.parts import Node, block, link, missing, source_line, tag
from dashboard.table import Column, Line, table

NO_CODES = "还没有登记付钱的预算项目；选上以后用“调整登记”补上"


def voted_on(one: Livelihood) -> bool:
    """Whether it stands among the candidates: still to be voted on, or not chosen."""
    return one.state in (CANDIDATE, NOT_CHOSEN)


def candidates_block(
    context: Context, found: Sequence[Livelihood], source: str
) -> list[html.Section]:
    """What is and was to be voted on and is no project; nothing where there is none."""
    if not found:
        return []
    columns = [
        Column("候选项目", long=True, width="38%"),
        Column("年度"),
        Column("承办", minor=True),
    ]
    columns += [Column("计划投资", number=True), *(Column(e, number=True) for e in VOTES.values())]
    columns.append(Column("状态"))
    lines = [_line(context, one) for one in found]
    note = "候选项目由代表票决，票数和是否选上由工作机构登记；选上的列入上面，按季跟踪。"
    body: list[Node] = [
        table("候选项目", columns, lines),
        html.P(note, className="tools inner note"),
    ]
    foot = source_line(source)
    return [block("候选项目", body, flush=True, unit=context.unit_title, source=foot)]


def _line(context: Context, one: Livelihood) -> Line:
    planned = missing("没有登记计划投资") if one.planned is None else context.money(one.planned)
    vote = one.vote
    counts = [fmt.NOT_APPLICABLE if vote is None else str(vote[name]) for name in VOTES]
    name = link(f"{one.id} {one.title}", context.address.at("livelihood", one.id))
    state = tag(one.state, plain=one.state == NOT_CHOSEN)
    place = place_text(context, one.lead)
    return Line([name, f"{one.year}年", place, planned, *counts, state])


def candidate_lead(one: Livelihood) -> str:
    """The first sentence of a candidate's page."""
    stands = one.decided if one.vote else "还没有票决"
    return f"{one.year}年民生实事候选项目，{stands}。"
