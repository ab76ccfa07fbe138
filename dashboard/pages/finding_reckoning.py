"""How a finding was reckoned: the rule's reason, the law, measures, parameters, the condition."""

from __future__ import annotations

from typing import Any

from budget_watch.engine.authority import standard as authority
from budget_watch.engine.explain import Explanation
from budget_watch.engine.laws import article_name
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.pages.law_text import NOT_LOADED, in_force, law_link, value_basis
from dashboard.pages.place_text import source
from dashboard.pages.rule_words import in_words, measure_title, table_title
from dashboard.parts import (
    Node,
    block,
    link,
    tag,
)
from dashboard.table import Column, Line, table


def why(context: Context, said: Explanation) -> html.Section:
    """Why the rule matters, in one lay sentence."""
    parts: list[Node] = [html.P(said.why, className="words")]
    parts += [html.P(note, className="note") for note in said.notes]
    return block(
        "为什么要关注",
        parts,
        source=source(context, "规则库", more=[("规则", f"{said.rule} {said.title}")]),
    )


def laws(context: Context, said: Explanation, rule: Any) -> html.Section:
    """The articles a finding rests on, with their text where it was loaded."""
    if not said.laws:
        return block(
            "依据",
            html.P(f"{said.standard}。", className="words"),
            source=source(context, "规则库"),
        )
    parts: list[Node] = []
    book = book_of(context)
    for law in said.laws:
        head = html.P(html.Strong(law_link(context, book, law.law, law.article, law.cited)))
        known = book.laws.get(law.law)
        version = f"{law.title}，{law.version}版" if law.version else law.title
        if known is not None:
            version = f"{version}，{in_force(context, known, '条文')}"
        text: Node = (
            html.Blockquote([html.P(line) for line in law.text.split("\n")], className="law")
            if law.text
            else not_loaded(law.law, law.article, rule)
        )
        parts.append(html.Div([head, text, html.P(version, className="note")], className="article"))
    return block("法条原文", parts, source=source(context, "法律法规登记"))


def not_loaded(law: str, article: str | None, rule: Any) -> Node:
    """The sentence for an article whose text is not here, with the words the rule quotes of it."""
    cites = (
        [] if rule is None else [*rule.basis, *(c for lv in rule.levels for c in lv.basis or ())]
    )
    quoted = next(
        (
            c.quote
            for c in cites
            if c.quote and c.law == law and article in (c.article, article_name(c.article or ""))
        ),
        None,
    )
    note = html.P(NOT_LOADED, className="note")
    if quoted is None:
        return note
    return html.Div([html.Blockquote(html.P(f"规则摘引：“{quoted}”"), className="law"), note])


def computed(context: Context, said: Explanation, rule: Any) -> html.Section:
    """Measures with their SQL, derived values, parameters, and the condition that was met."""
    columns = [
        Column("计量", width="30%"),
        Column("值", number=True),
        Column("来源表", minor=True),
        Column("查询"),
    ]
    lines = [
        Line(
            [
                measure_title(m.name, rule.measures[m.name]),
                m.text,
                table_title(m.source),
                html.Details([html.Summary("查看"), html.Pre(m.sql, className="sql")]),
            ]
        )
        for m in said.measures
    ]
    book = book_of(context)
    lines += [
        Line(
            [
                rule.titles.get(name) or in_words(rule.let[name], rule, book),
                text,
                "推算",
                html.Span(in_words(rule.let[name], rule, book), className="note"),
            ]
        )
        for name, text in said.named_values.items()
        if name in rule.let
    ]
    parts: list[Node] = []
    if lines:
        parts.append(table("计量", columns, lines))
    if said.parameters:
        parts.append(
            table(
                "参数",
                [
                    Column("参数", width="30%"),
                    Column("值", number=True),
                    Column("自"),
                    Column("性质"),
                    Column("依据"),
                ],
                [
                    Line(
                        [
                            link(
                                p.title, context.address.at("params", p.id, keep=("asof", "snap"))
                            ),
                            p.value,
                            fmt.day(p.since),
                            tag(authority(p.authority)),
                            value_basis(context, book_of(context), p.id, p.since, p.jurisdiction)
                            or p.note
                            or authority(p.authority),
                        ]
                    )
                    for p in said.parameters
                ],
            )
        )
    parts.append(
        html.P(["判断条件：", in_words(said.predicate, rule, book)], className="note padded")
    )
    if said.because:
        parts.append(html.P(f"说明：{said.because}", className="note padded"))
    return block("怎么算的", parts, flush=True, source=source(context, *tables_of(said)))


def queries(said: Explanation | None, rule: Any) -> list[Node]:
    """The SQL a finding was reckoned with: of each measure, or of the rule as a whole."""
    found = (
        [(measure_title(m.name, rule.measures[m.name]), m.sql) for m in said.measures]
        if (said is not None and rule is not None)
        else []
    )
    if rule is not None and getattr(rule, "query", None):
        found.append(("规则查询", str(rule.query).strip()))
    if not found:
        return []
    return [
        html.Details(
            [
                html.Summary(f"查询语句（{len(found)}条）"),
                *[
                    html.Div([html.P(name, className="note"), html.Pre(sql, className="sql")])
                    for name, sql in found
                ],
            ],
            className="queries",
        )
    ]


def tables_of(said: Explanation | None) -> list[str]:
    """The tables a finding's measures and evidence were read from, by title."""
    names = {m.source for m in said.measures} if said else set()
    if said and said.evidence:
        names.add(said.evidence.source)
    return sorted(table_title(name) for name in names) or ["疑点库"]
