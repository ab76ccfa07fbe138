"""规则与参数 /rules, /rules/<id>: what is judged, by which number, on whose authority."""

from __future__ import annotations

from typing import Any

from budget_watch.engine.authority import STATUSES, standards_of
from budget_watch.engine.model import AREAS
from budget_watch.views import formats as fmt
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages import rule_record
from dashboard.pages.law_text import citation, citations
from dashboard.pages.param_history import values_table
from dashboard.pages.place_text import source
from dashboard.pages.rule_words import in_words
from dashboard.parts import Node, block, class_tag, empty, level_chip, link, missing, segments
from dashboard.table import Column, Line, table


def page(context: Context) -> Page:
    """The list of rules, or one rule."""
    book = book_of(context)
    if context.address.parts:
        return _rule_page(context, book, context.address.parts[0])
    area = context.address.get("area")
    run = context.last_run
    counted = run is not None and run.counts
    tallies = {t["rule"]: t for t in run.tallies} if run and counted else {}
    rules = [c.rule for c in book.rules.values() if not area or c.rule.area == area]
    present = {c.rule.area for c in book.rules.values()}
    address = context.address
    params = address.at("params", keep=("asof", "snap"))
    choices = [("全部", address.with_query(area=None))]
    choices += [(AREAS[a], address.with_query(area=a)) for a in AREAS if a in present]
    columns = [
        Column("规则", width="34%"),
        Column("类"),
        Column("级别"),
        Column("领域", minor=True),
        Column("状态"),
    ]
    if context.grant.whole:
        columns += [
            Column("判断", number=True),
            Column("命中", number=True),
            Column("未触发", number=True, minor=True),
            Column("不适用", number=True, minor=True),
            Column("数据不足", number=True),
        ]
    lines = [_line(context, rule, tallies.get(rule.id)) for rule in rules]
    when = "尚无运行记录"
    if run is not None:
        ran = f"业务日 {fmt.day(run.as_of)} 的运行：{run.counted}"
        when = "；".join(filter(None, (ran, run.beside)))
    return Page(
        "规则与参数",
        [
            *_not_loaded(book),
            block(
                "规则",
                table("规则", columns, lines),
                flush=True,
                sub=f"{len(rules)}条；{when}",
                source=source(context, "规则库"),
            ),
        ],
        lead=f"规则库有{len(book.rules)}条规则、{len(book.params)}个参数、{len(book.laws)}部法律法规和文件；"
        f"规则库摘要 {book.hash[:12]}。",
        tools=[
            segments("规则与参数", [("规则", address), ("参数", params)], address, push=True),
            segments("领域", choices, address),
        ],
    )


def _line(context: Context, rule: Any, tally: Any) -> Line:
    def number(key: str) -> Node:
        if tally is not None and tally.get("not_loaded"):
            return missing(str(tally["not_loaded"]), "没有运行")
        return fmt.NOT_APPLICABLE if tally is None else fmt.count(int(tally.get(key) or 0))

    hits = number("hit")
    if tally is not None and int(tally.get("hit") or 0):
        hits = link(hits, context.address.at("alerts", keep=("asof", "snap"), rule=rule.id))
    signs = [level_chip(level.level) for level in rule.levels]
    counts = [
        number("judged"),
        hits,
        number("clear"),
        number("not_applicable"),
        number("insufficient_data"),
    ]
    return Line(
        [
            link(
                f"{rule.id} {rule.title}",
                context.address.at("rules", rule.id, keep=("asof", "snap")),
            ),
            class_tag(rule.klass),
            html.Span(signs, className="chips"),
            AREAS.get(rule.area, rule.area),
            STATUSES[rule.status],
            *(counts if context.grant.whole else ()),
        ]
    )


def _not_loaded(book: Any) -> list[Node]:
    """What could not be read of the rule book, and what to do; nothing where all is well."""
    if not book.mistakes:
        return []
    told = [html.Li(str(each)) for each in book.mistakes]
    return [block("没有读入的规则和清单", html.Ul(told), sub="有关规则没有运行，其疑点保持原状")]


def _rule_page(context: Context, book: Any, rule_id: str) -> Page:
    if rule_id not in book.rules:
        raise NotFoundError
    rule = book.rules[rule_id].rule
    used = [p for p in book.params.values() if f"'{p.param.id}'" in _expressions(rule)]
    body = [
        block(
            "为什么要关注",
            [html.P(rule.why, className="words"), *_not_for(rule)],
            source=source(context, "规则库"),
        ),
        block("级别", _levels(context, book, rule), flush=True, source=source(context, "规则库")),
        block("参数", _params(context, book, used), flush=True, source=source(context, "规则库")),
        block(
            "依据", _basis(context, book, rule), flush=True, source=source(context, "法律法规登记")
        ),
        rule_record.articles(context, book, rule),
        *(
            [  # counted over everything, so not for whom only a part is open
                rule_record.history(context, rule.id),
                rule_record.backtests(context, book, rule.id, used),
                rule_record.exemptions(context, book, rule.id),
            ]
            if context.grant.whole
            else []
        ),
        rule_record.tests(context, book, rule.id),
    ]
    return Page(
        [f"{rule.id} {rule.title} ", class_tag(rule.klass)],
        [html.Div([each for each in body if each is not None], className="rows")],
        lead=f"{AREAS.get(rule.area, rule.area)}，{STATUSES[rule.status]}，"
        f"自{fmt.day(rule.valid.since)}起；"
        f"依据可信度{rule.confidence}。",
        crumbs=[("规则与参数", context.address.at("rules")), (rule.id, None)],
    )


def _expressions(rule: Any) -> str:
    return str(rule.model_dump_json()).replace('"', "'")


def _not_for(rule: Any) -> list[Node]:
    notes: list[Node] = [html.P(["方法：", rule.method], className="words")] if rule.method else []
    skipped = [s.because for s in rule.skip if s.because]
    if rule.not_for or skipped:
        said = "；".join(dict.fromkeys([*rule.not_for, *skipped]))
        notes.append(html.P(f"不适用：{said}", className="words"))
    return notes


def _levels(context: Context, book: Any, rule: Any) -> Node:
    columns = [Column("级别"), Column("类"), Column("条件"), Column("依据")]
    lines = []
    for level, checked in zip(rule.levels, book.rules[rule.id].levels, strict=True):
        basis = level.basis if level.basis is not None else rule.basis
        names: Node = citations(context, book, basis, level.confidence or rule.confidence)
        if not names:
            names = standards_of(checked.when.names("param"), book)
        lines.append(
            Line(
                [
                    level_chip(level.level),
                    class_tag(level.klass or rule.klass),
                    level.because or in_words(level.when, rule, book),
                    names,
                ]
            )
        )
    return table("级别", columns, lines)


def _params(context: Context, book: Any, used: list[Any]) -> Node:
    if not used:
        return empty("这条规则没有参数。")
    return values_table(context, book, used)


def _basis(context: Context, book: Any, rule: Any) -> Node:
    cites = rule_record.citations(rule)
    if not cites:
        return empty(f"{standards_of(book.rules[rule.id].params, book)}。")
    columns = [
        Column("依据", width="50%"),
        Column("文号", minor=True),
        Column("版本"),
        Column("施行"),
    ]
    lines = []
    for cite in cites:
        law = book.laws.get(cite.law)
        dash = fmt.NOT_APPLICABLE
        lines.append(
            Line(
                [
                    citation(context, book, cite, rule.confidence),
                    (law.number if law else None) or dash,
                    (law.version if law else None) or dash,
                    fmt.day(law.valid_from) if law else dash,
                ]
            )
        )
    return table("依据", columns, lines)
