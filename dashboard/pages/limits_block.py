"""限额和依据 at the foot of a topic: the numbers its rules judge by, the articles behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from budget_watch.engine.authority import standard
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.laws import cited
from budget_watch.engine.params import DatedValue
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.pages.law_text import citations, law_link, value_basis, value_text
from dashboard.pages.place_text import source
from dashboard.pages.rule_words import in_words
from dashboard.parts import Node, block, link, tag
from dashboard.table import Column, Line, table

TITLE = "限额和依据"


def limits_block(context: Context, rules: Sequence[str]) -> html.Section:
    """What the rules of a topic judge by: parameters in force here, and conditions without one.

    Every number leads to its parameter, every basis to its article.
    """
    book = book_of(context)
    columns = [
        Column("限额或条件", width="34%"),
        Column("值", number=True),
        Column("性质"),
        Column("依据", width="34%"),
        Column("规则", minor=True),
    ]
    known = [name for name in rules if name in book.rules]
    lines = _numbers(context, book, known)
    lines += [line for name in known for line in _conditions(context, book, book.rules[name])]
    return block(
        TITLE,
        table(TITLE, columns, lines),
        flush=True,
        sub=f"{fmt.day(context.as_of)}在本地有效的",
        source=source(context, "规则库", "法律法规登记"),
    )


def limit_cell(context: Context, name: str, held: DatedValue | None, said: str) -> Node:
    """A limit in a table's cell: the words lead to its parameter, below is what it rests on."""
    if held is None:
        return said
    book = book_of(context)
    to = context.address.at("params", name, keep=("asof", "snap"))
    param = book.params[name].param
    cites = held.said.basis if param.confidence in (None, "H") else ()
    below = [
        law_link(context, book, cite.law, cite.article, cited(cite, book.laws)) for cite in cites
    ]
    return html.Span([link(said, to), *(html.Small([" ", each]) for each in below)])


def _numbers(context: Context, book: Any, rules: Sequence[str]) -> list[Line]:
    """The parameters that levels of the rules name, each once with the rules that use it."""
    users: dict[str, list[str]] = {}
    for rule in rules:
        for level in book.rules[rule].levels:
            for name in sorted(level.when.names("param")):
                named = users.setdefault(name, [])
                named += [] if rule in named else [rule]
    return [
        Line([*_number(context, book, name), _rules(context, book, named)])
        for name, named in users.items()
    ]


def _conditions(context: Context, book: Any, rule: CheckedRule) -> list[Line]:
    """The levels without a parameter; with their conditions where they rest on different texts."""
    plain = [
        (declared, declared.basis if declared.basis is not None else rule.rule.basis)
        for declared, level in zip(rule.rule.levels, rule.levels, strict=True)
        if not level.when.names("param")
    ]
    several = len({basis for _, basis in plain}) > 1
    found: dict[Any, Line] = {}
    for declared, basis in plain:
        words: Node = declared.because or rule.title
        if several and not declared.because:
            note = in_words(declared.when, rule.rule, book)
            words = html.Span([rule.title, html.Small(note)], className="stack")
        sure = declared.confidence or rule.rule.confidence
        said: Node = citations(context, book, basis, sure) or fmt.NOT_APPLICABLE
        line = Line(
            [words, fmt.NOT_APPLICABLE, _whose(book, basis), said, _rules(context, book, [rule.id])]
        )
        found.setdefault((declared.because, basis), line)
    return list(found.values())


def _rules(context: Context, book: Any, names: Sequence[str]) -> list[Node]:
    parts: list[Node] = []
    for name in names:
        to = context.address.at("rules", name, keep=("asof", "snap"))
        parts += ["、"] if parts else []
        parts.append(link(name, to, title=book.rules[name].title))
    return parts


def _whose(book: Any, basis: Iterable[Any]) -> Node:
    """The standing of the first text that a condition rests on."""
    known = [book.laws[cite.law].authority for cite in basis if cite.law in book.laws]
    return tag(standard(known[0])) if known else fmt.NOT_APPLICABLE


def _number(context: Context, book: Any, name: str) -> list[Node]:
    """A parameter: title, value in force here, whose it is, what it rests on."""
    parameter = book.params[name]
    region = context.city.region if context.city else None
    held = parameter.at(context.as_of, region)
    to = context.address.at("params", name, keep=("asof", "snap"))
    none = fmt.NOT_APPLICABLE
    if held is None:
        return [link(parameter.param.title, to), none, none, "本地没有这个限额"]
    said = held.said
    basis = value_basis(context, book, name, said.since, said.jurisdiction)
    return [
        link(parameter.param.title, to),
        value_text(said.value),
        tag(standard(said.authority)),
        basis or said.note or none,
    ]
