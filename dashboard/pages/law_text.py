"""How laws, authorities and parameter values are written on pages (pages.md §5), and the ways to
the articles in 政策法规.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from budget_watch.engine.laws import article_name, article_number
from budget_watch.engine.model import Law
from budget_watch.views import formats as fmt
from budget_watch.views.laws import state_of
from dashboard import elements as html
from dashboard.address import Address
from dashboard.context import Context
from dashboard.parts import Node, link

HOW = (
    "每部法规存为一个 UTF-8 的 .md 文件，每条以“第…条”开头单独成段，文件名如 "
    "预算法(2018-12-29).md；放在一个文件夹里，由系统管理员运行 budget-watch laws load 文件夹。"
)
NOT_LOADED = "条文原文尚未载入，请系统管理员载入法规文本。"


def cited(book: Any, cite: Any, confidence: str) -> str:
    """One citation; a basis not checked against the original is not printed as an article."""
    law = book.laws.get(cite.law)
    title = f"《{law.title.strip('《》')}》" if law else cite.law
    if confidence != "H":
        return f"据{title}（待核对原文）"
    article = article_name(str(cite.article)) if cite.article else ""
    return title + article


def law_at(context: Context, law: str, article: str | None = None) -> Address:
    """Where a law or one of its articles (57, 22-1, 第五十七条) stands in 政策法规."""
    parts = (law, article_number(article)) if article else (law,)
    return context.address.at("laws", *parts, keep=("asof", "snap"))


def law_link(context: Context, book: Any, law: str, article: str | None, said: Node) -> Node:
    """Words that lead to a law, bare where it is not registered."""
    return link(said, law_at(context, law, article), className="way") if law in book.laws else said


def citation(context: Context, book: Any, cite: Any, confidence: str) -> Node:
    """One citation as it is written, leading to its article; to its law where that is not sure."""
    article = cite.article if confidence == "H" else None
    return law_link(context, book, cite.law, article, cited(book, cite, confidence))


def citations(context: Context, book: Any, cites: Iterable[Any], confidence: str) -> list[Node]:
    """Several citations, parted by a semicolon."""
    found: list[Node] = []
    for cite in cites:
        found += ["；"] if found else []
        found.append(citation(context, book, cite, confidence))
    return found


def value_basis(
    context: Context, book: Any, param: str, since: date, jurisdiction: str
) -> list[Node]:
    """What a parameter's value rests on, each with the way to its article; nothing without."""
    known = book.params[param].param
    said = next(
        (v for v in known.values if (v.since, v.jurisdiction) == (since, jurisdiction)), None
    )
    return citations(context, book, said.basis, known.confidence or "H") if said else []


def in_force(context: Context, law: Law, what: str) -> str:
    """Whether a law or article holds on the as-of day, in a sentence."""
    state = state_of(law, context.as_of)
    if state == "已失效" and law.valid_to is not None:
        return f"该{what}已于{fmt.day_sentence(law.valid_to)}失效。"
    if state == "尚未施行":
        begins = fmt.day_sentence(law.valid_from)
        return f"该{what}自{begins}起施行，{fmt.day_sentence(context.as_of)}尚未施行。"
    return f"现行，自{fmt.day_sentence(law.valid_from)}起施行。"


def marked(text: str, spans: Sequence[tuple[int, int]]) -> list[Node]:
    """A text with some places marked."""
    parts: list[Node] = []
    at = 0
    for start, end in spans:
        parts += [text[at:start], html.Mark(text[start:end])]
        at = end
    return [part for part in (*parts, text[at:]) if part != ""]


def value_text(value: object) -> str:
    """A parameter's value as its file says it."""
    return str(value)
