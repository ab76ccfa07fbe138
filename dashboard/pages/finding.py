"""疑点 /finding/<id>: what, how much, why, law, how computed, evidence (pages.md §3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.data_state import EXEMPT
from budget_watch.casework.errors import UnknownFindingError
from budget_watch.casework.exemptions import exempting
from budget_watch.casework.findings import Finding, get_finding
from budget_watch.engine.authority import standard as authority
from budget_watch.engine.explain import Explanation
from budget_watch.engine.render import MOST_DECIMALS
from budget_watch.views import formats as fmt
from budget_watch.views import judgement
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import NotFoundError
from dashboard.frame import Page
from dashboard.pages.alerts import chip_of, owner
from dashboard.pages.exemptions import ask_form
from dashboard.pages.finding_beside import pace, past, peers
from dashboard.pages.finding_case import case_blocks
from dashboard.pages.finding_evidence import evidence
from dashboard.pages.finding_reckoning import computed, laws, queries, tables_of, why
from dashboard.pages.limit_chart import limit_chart
from dashboard.pages.opinion_forms import beside_finding
from dashboard.pages.place_text import source
from dashboard.parts import (
    Node,
    attrs,
    block,
    class_tag,
    figure,
    insufficient,
    level_chip,
    link,
    number_and_unit,
    source_line,
    tag,
    trial_tag,
)


def page(context: Context) -> Page:
    """One finding."""
    try:
        f = get_finding(context.home, context.grant, context.address.parts[0])
    except UnknownFindingError as error:
        raise NotFoundError from error
    book = book_of(context)
    said = context.kept(
        "explained",
        lambda: judgement.explained(context.home, context.reader, book, f),
        f.finding,
        f.observation.get("run"),
        f.work_state,
        book.hash,
    )
    shown = judgement.shown(book, f)
    body: list[Node] = [_values(context, f, said, shown)]
    if said is not None:
        body += [
            why(context, said),
            laws(context, said, book.rules[f.rule].rule),
            computed(context, said, book.rules[f.rule].rule),
            evidence(context, said),
        ]
    else:
        body.append(insufficient(f"规则 {f.rule} 已不在规则库中，不能重新说明。"))
    body += [*pace(context, f), peers(context, f, book), past(context, f, book)]
    rule = book.rules[f.rule].rule if f.rule in book.rules else None
    exempt = exempting(context.home, book, f.observation)
    side = html.Div(
        [
            *case_blocks(context, f, exempt is not None),
            *beside_finding(context, f.finding, f.rule),
            *_exempted(exempt),
            *_ask(context, f),
            _again(context, f, said, rule),
        ],
        className="rows",
        id="handling",
    )
    chip = tag(EXEMPT) if exempt is not None else chip_of(context, f)
    return Page(
        [
            chip,
            " ",
            class_tag(f.klass),
            " ",
            trial_tag(f.trial),
            f" {f.rule} {f.title} — ",
            owner(context, f),
        ],
        [html.Div([html.Div(body, className="rows"), side], className="cols-side")],
        lead=(said.message if said else f.message),
        crumbs=[
            ("预警中心", context.address.at("alerts", keep=("asof", "snap"))),
            (f"{f.rule} {f.title}", None),
        ],
        tools=[
            html.A(
                "看办理",
                href="#handling",
                className="button narrow-only",
                **attrs({"data-plain": "1"}),
            )
        ],
        tab_title=f"{f.rule} {f.title}",
    )


def _values(
    context: Context, f: Finding, said: Explanation | None, shown: judgement.Shown
) -> html.Section:
    cards: list[Node] = []
    word = judgement.limit_authority(said) if said else ""
    value, limit = _number(f.observation.get("value")), _number(f.observation.get("limit"))
    number, unit = number_and_unit(shown.value) if shown.value else (None, "")
    notes: list[Node] = []
    if shown.limit is None:
        notes.append("本规则没有单一限值，判断条件见“怎么算的”")
    elif value is not None and limit is not None and limit > 0:
        share = fmt.near_limit(value, limit)
        if len(share.partition(".")[2]) <= MOST_DECIMALS + 1:  # beyond, the amount over tells
            notes.append(f"为限值的{share}")
    cards.append(figure("数值", number, unit, why="规则没有给出数值", notes=notes))
    if shown.limit is not None:
        number, unit = number_and_unit(shown.limit)
        cards.append(figure(f"限值（{word}）", number, unit, notes=_sources(said)))
        over = _over(shown, value, limit)
        if over:
            number, unit = number_and_unit(over[1])
            cards.append(figure(over[0], number, unit))
    when = f.observation.get("period_end")
    return block(
        "数值与限额",
        [
            html.Div(cards, className=f"cols-{min(len(cards) + 1, 3)} divided"),
            limit_chart(said, shown, word, value, limit),
        ],
        flush=True,
        sub=f"期末 {str(when)[:10]}" if when else None,
        source=source(context, *tables_of(said)),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sources(said: Explanation | None) -> list[Node]:
    if said is None:
        return []
    return [
        f"{p.title} {p.value}（{authority(p.authority)}，自{fmt.day(p.since)}）"
        for p in said.parameters
    ]


def _over(shown: judgement.Shown, value: int | None, limit: int | None) -> tuple[str, str] | None:
    if value is None or limit is None or shown.value is None:
        return None
    gap = value - limit
    name = "超出" if gap >= 0 else "低于限值"
    if shown.value.endswith("元"):
        small = abs(gap) < 1_000_000  # less than 1万元
        return name, f"{fmt.yuan(abs(gap))}元" if small else fmt.sentence_money(abs(gap))
    if shown.value.endswith("%"):
        return None
    return name, fmt.count(abs(gap))


def _exempted(entry: Mapping[str, Any] | None) -> list[Node]:
    """By whom and why a hit was taken out, until when, and the level it would have had."""
    if entry is None:
        return []
    facts: list[tuple[str, Node]] = [("编号", entry["exemption"])]
    if entry["known"]:
        facts += [
            ("事由", entry["reason"]),
            ("文件", entry["basis"]),
            ("登记人", entry["registered_by"]),
            ("批准人", entry["approved_by"]),
            ("有效期", f"{entry['from']}至{entry['to']}"),
        ]
    else:
        facts.append(("状态", "登记已不在规则库中"))
    facts.append(("原应级别", [level_chip(entry["level"]), " ", class_tag(entry["class"])]))
    lines = [html.Div([html.Dt(k), html.Dd(v)]) for k, v in facts]
    shown = html.Dl(lines, className="facts single")
    return [block("例外情形登记", shown, source=source_line("规则库"))]


def _ask(context: Context, f: Finding) -> list[Node]:
    form = ask_form(context, f)
    return [block("例外情形", form, source=source_line("登记"))] if form else []


def _again(context: Context, f: Finding, said: Explanation | None, rule: Any) -> html.Section:
    fixed = context.address.with_query(
        snap=f.observation.get("snapshot") or context.snapshot.id, asof=None
    )
    book = str(f.observation.get("book") or "")
    facts: list[tuple[str, Node]] = [
        ("规则", link(f.rule, context.address.at("rules", f.rule, keep=("asof", "snap")))),
        (
            "规则库摘要",
            html.Span(book[:12] or fmt.NOT_APPLICABLE, title=f"SHA-256 {book}" if book else ""),
        ),
        ("运行", str(f.observation.get("run") or fmt.NOT_APPLICABLE)),
        ("数据快照", str(f.observation.get("snapshot") or fmt.NOT_APPLICABLE)),
        ("规则的今天", fmt.day(said.as_of) if said else fmt.NOT_APPLICABLE),
        ("疑点编号", f.finding[:16]),
        ("命令", html.Span(f"budget-watch explain {f.finding[:16]}", className="code-line")),
        ("固定链接", html.Button("复制", className="button", **attrs({"data-copy": fixed.href}))),
    ]
    return block(
        "复算",
        [
            html.Dl(
                [html.Div([html.Dt(k), html.Dd(v)]) for k, v in facts], className="facts single"
            ),
            *queries(said, rule),
        ],
        source=source_line(
            f"快照 {f.observation.get('snapshot')}", "同一快照、同一规则库，结果相同"
        ),
    )
