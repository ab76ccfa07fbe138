"""The right side of 政策法规: a law with its articles, one article, and who cites them."""

from __future__ import annotations

from collections.abc import Sequence

from budget_watch.engine.authority import STATUSES
from budget_watch.engine.laws import AUTHORITIES, article_name
from budget_watch.views import formats as fmt
from budget_watch.views.laws import (
    Citing,
    CitingValue,
    Library,
    Work,
    citing,
    citing_values,
    places,
    state_of,
    versions,
)
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.pages.law_text import HOW, NOT_LOADED, in_force, law_at, marked
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, class_tag, empty, level_chip, link, segments
from dashboard.table import Column, Line, table

TABS = ("", "rules", "params")
UNCHECKED = "（待核对原文）"


def checked(work: Work) -> bool:
    """Whether what is registered of a law was held against its text, here or by the register."""
    return bool(work.articles or work.law.file_hint)


def _status(context: Context, work: Work, what: str) -> Node:
    said = in_force(context, work.law, what) + ("" if checked(work) else UNCHECKED)
    gone = state_of(work.law, context.as_of) != "现行"
    return html.P(said, className="law-gone" if gone else "note")


# ---- one article
def article_blocks(
    context: Context, known: Library, work: Work, article: str, word: str = ""
) -> list[Node]:
    """An article with its dates and versions, the rules and the parameters that cite it."""
    book, law = book_of(context), work.law
    rules = [e for e in citing(book) if (e.law, e.article) == (law.id, article)]
    values = [e for e in citing_values(book) if (e.law, e.article) == (law.id, article)]
    text = work.articles.get(article)
    terms = word.split()
    body: list[Node] = [_status(context, work, "条文")]
    if text is None:
        body.append(html.P(NOT_LOADED, className="note"))
        body += [html.P(f"规则摘引：“{q}”", className="words") for e in rules for q in e.quotes]
    else:
        lines = [html.P(marked(line, places(line, terms))) for line in text.split("\n")]
        body.append(html.Blockquote(lines, className="law"))
        body.append(_beside(context, work, article))
    chapter = " › ".join(each.title for each in work.above(article)) if text else ""
    blocks: list[Node] = [
        block(
            link(f"{law.quoted}{article_name(article)}", law_at(context, law.id, article)),
            body,
            sub=chapter or None,
            source=_source(context, work),
        ),
        _rules(context, rules, "引用本条的规则", "没有规则引用这一条。"),
    ]
    if values:
        blocks.append(_values(context, values, "引用本条的参数"))
    blocks += _versions(context, known, work, article)
    return blocks


def _beside(context: Context, work: Work, article: str) -> html.Nav:
    before, after = work.beside(article)
    ways = [
        link(f"{sign}{article_name(each)}", law_at(context, work.law.id, each))
        for sign, each in (("上一条 ", before), ("下一条 ", after))
        if each
    ]
    return html.Nav(ways, className="law-ways")


def _source(context: Context, work: Work) -> html.Footer:
    law = work.law
    more: list[tuple[str, Node]] = [
        ("全称", law.title),
        ("效力", AUTHORITIES[law.authority]),
        ("文号或通过", law.number or fmt.NOT_APPLICABLE),
        ("版本", law.version or fmt.NOT_APPLICABLE),
    ]
    return source(context, "法律法规登记", *([f"文本 {work.file}"] if work.file else []), more=more)


def _versions(
    context: Context, known: Library, work: Work, article: str | None
) -> list[html.Section]:
    """The registered versions of a law, where there is more than one."""
    every = versions(known, work.law)
    if len(every) < 2:
        return []
    columns = [Column("版本"), Column("施行"), Column("失效"), Column("状态"), Column("原文")]
    lines = []
    for each in every:
        law = each.law
        there = article if article and article in each.articles else None
        to = law_at(context, law.id, there)
        said = f"{law.version or law.number or law.id}" + ("（本页）" if each is work else "")
        until = fmt.NOT_APPLICABLE if law.valid_to is None else fmt.day(law.valid_to)
        state = state_of(law, context.as_of)
        text = f"{len(each.articles)}条" if each.articles else "未载入"
        lines.append(Line([link(said, to), fmt.day(law.valid_from), until, state, text]))
    return [
        block(
            "各版本",
            table("各版本", columns, lines),
            flush=True,
            source=source(context, "法律法规登记"),
        )
    ]


# ---- a whole law
def law_blocks(context: Context, known: Library, work: Work) -> list[Node]:
    """A law: what it is, its articles, and by `tab` the rules or parameters that rest on it."""
    book, tab = book_of(context), context.address.get("tab")
    if tab not in TABS:
        raise AddressError(f"地址里“tab={tab}”（页签）不能识别，应为 rules 或 params。")
    rules = [each for each in citing(book) if each.law == work.law.id]
    values = [each for each in citing_values(book) if each.law == work.law.id]
    number = len({each.rule.id for each in rules})
    titles = ("条文", f"引用本法的规则 {number}", f"引用本法的参数 {len(values)}")
    address = context.address
    choices = [
        (title, address.with_query(tab=key or None))
        for key, title in zip(TABS, titles, strict=True)
    ]
    blocks: list[Node] = [_about(context, work)]
    blocks += _versions(context, known, work, None)
    blocks.append(html.Div(segments("查看", choices, address), className="tools"))
    if tab == "rules":
        blocks.append(_rules(context, rules, "引用本法的规则", "没有规则引用这部法规。", True))
    elif tab == "params":
        blocks.append(_values(context, values, "引用本法的参数", True))
    else:
        blocks.append(_whole(context, work, rules))
    return blocks


def _about(context: Context, work: Work) -> html.Section:
    law = work.law
    facts: list[tuple[str, Node]] = [
        ("简称", law.short or fmt.NOT_APPLICABLE),
        ("效力", AUTHORITIES[law.authority]),
        ("文号或通过", law.number or fmt.NOT_APPLICABLE),
        ("版本", law.version or fmt.NOT_APPLICABLE),
        ("施行", fmt.day(law.valid_from)),
        ("失效", fmt.NOT_APPLICABLE if law.valid_to is None else fmt.day(law.valid_to)),
    ]
    rows = [html.Div([html.Dt(name), html.Dd(said)]) for name, said in facts]
    body: list[Node] = [_status(context, work, "法规"), html.Dl(rows, className="facts")]
    body += [html.P(line, className="note") for line in work.outline.passed]
    body += [html.P(law.note, className="note")] if law.note else []
    return block("登记", body, source=_source(context, work))


def _whole(context: Context, work: Work, rules: Sequence[Citing]) -> html.Section:
    if not work.articles:
        return block("条文", empty(_absent(work)), source=_source(context, work))
    counts: dict[str | None, set[str]] = {}
    for each in rules:
        counts.setdefault(each.article, set()).add(each.rule.id)
    first: dict[str, list[str]] = {}
    for heading in work.outline.headings:
        first.setdefault(heading.first, []).append(heading.title)
    parts: list[Node] = []
    rows: list[Node] = []
    for article, text in work.articles.items():
        if article in first:
            parts += [html.Dl(rows, className="law-whole")] if rows else []
            parts += [html.H3(title, className="law-part") for title in first[article]]
            rows = []
        head: list[Node] = [link(article_name(article), law_at(context, work.law.id, article))]
        if article in counts:
            head.append(html.Small(f"规则 {len(counts[article])}"))
        rows.append(html.Div([html.Dt(head), html.Dd([html.P(p) for p in text.split("\n")])]))
    return block(
        "条文",
        [*parts, html.Dl(rows, className="law-whole")],
        sub=f"{len(work.articles)}条",
        source=_source(context, work),
    )


def _absent(work: Work) -> str:
    if checked(work):
        return f"原文未载入。{HOW}"
    return f"原文未载入，引用它的规则和参数都标“待核对原文”。{HOW}"


# ---- who cites
def _rules(
    context: Context, found: Sequence[Citing], title: str, none: str, articles: bool = False
) -> html.Section:
    columns = [Column("规则", width="30%"), Column("类"), Column("级别")]
    columns += [Column("条")] if articles else []
    columns += [Column("规则摘引", width="40%", long=True), Column("状态", minor=True)]
    lines = []
    for each in found:
        rule = each.rule
        to = context.address.at("rules", rule.id, keep=("asof", "snap"))
        signs: list[Node] = [level_chip(level) for level in each.levels]
        cells: list[Node] = [
            link(f"{rule.id} {rule.title}", to),
            class_tag(rule.klass),
            html.Span(signs, className="chips") if signs else fmt.NOT_APPLICABLE,
        ]
        if articles:
            cells.append(_place(context, each.law, each.article))
        quoted = "；".join(f"“{quote}”" for quote in each.quotes)
        lines.append(Line([*cells, quoted or fmt.NOT_APPLICABLE, STATUSES[rule.status]]))
    number = len({each.rule.id for each in found})
    return block(
        f"{title} {number}",
        table(title, columns, lines) if lines else empty(none),
        flush=bool(lines),
        source=source(context, "规则库"),
    )


def _place(context: Context, law: str, article: str | None) -> Node:
    if article is None:
        return "整部（条号待核对）"
    return link(article_name(article), law_at(context, law, article), className="way")


def _values(
    context: Context, found: Sequence[CitingValue], title: str, articles: bool = False
) -> html.Section:
    columns = [Column("参数", width="46%"), Column("值", number=True), Column("自")]
    columns += [Column("条")] if articles else []
    lines = []
    for each in found:
        to = context.address.at("params", each.param.id, keep=("asof", "snap"))
        cells: list[Node] = [link(each.param.title, to), str(each.value.value)]
        cells.append(fmt.day(each.value.since))
        if articles:
            cells.append(_place(context, each.law, each.article))
        lines.append(Line(cells))
    return block(
        f"{title} {len(lines)}",
        table(title, columns, lines) if lines else empty("没有参数引用这部法规。"),
        flush=bool(lines),
        source=source(context, "规则库"),
    )
