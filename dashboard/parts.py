"""The small parts every page is made of: link, chip, tag, bullet, block, source line, 口径.

They take text and numbers that a view has already made and return components; a part
never reads data. Class names are those of `assets/30_parts.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from dashboard import elements as html
from dashboard.address import Address

Node = Any  # a Dash component, text, or a list of them
LEVELS = {
    "red": ("◆", "红"),
    "orange": ("▲", "橙"),
    "yellow": ("■", "黄"),
    "blue": ("●", "蓝"),
}
CLASSES = {"法": "合法性", "规": "合规性", "理": "合理性", "险": "风险", "数": "数据质量"}


def attrs(values: dict[str, Any]) -> dict[str, Any]:
    """`aria-…` and `data-…` attributes, which Dash takes but does not name."""
    return values


def link(
    content: Node, to: Address | str, *, replace: bool = False, current: bool = False, **props: Any
) -> html.A:
    """A link within the site. Places push onto the history, settings replace it."""
    extra: dict[str, Any] = {"data-nav": "replace"} if replace else {}
    if current:
        extra["aria-current"] = "true"
    return html.A(content, href=to if isinstance(to, str) else to.href, **extra, **props)


def level_chip(level: str | None, provisional: bool = False) -> html.Span:
    """Sign and word of a level; colour is the third thing, never the only one."""
    if level not in LEVELS:
        return html.Span("未定级", className="tag plain")
    sign, word = LEVELS[level]
    text = f"{word} 待核实" if provisional else word
    return html.Span(
        [html.Span(sign, **attrs({"aria-hidden": "true"})), text], className=f"chip {level}"
    )


def trial_tag(trial: bool) -> Node:
    """“试运行” beside a finding of a rule on trial; nothing beside others."""
    if not trial:
        return None
    return html.Span("试运行", className="tag", title="规则在试运行：另计，不发通知、不计期限")


def class_tag(klass: str | None) -> html.Span:
    """法 规 理 险 数, an outlined square in ink."""
    return html.Span(klass or "—", className="tag kind", title=CLASSES.get(klass or "", ""))


def tag(text: str, plain: bool = False) -> html.Span:
    """An outlined word: a work state, a data status."""
    return html.Span(text, className="tag plain" if plain else "tag")


def missing(why: str, word: str = "缺") -> html.Span:
    """“缺”, hatched, with which table and since when; never a zero."""
    return html.Span(
        word, className="missing", title=why, **attrs({"aria-label": f"{word}：{why}"})
    )


def bullet(
    done: Fraction | None,
    pace: Fraction | None = None,
    before: Fraction | None = None,
    label: str = "",
) -> html.Span:
    """Actual as a solid bar in the outline of the plan, with a tick for the pace."""
    top = max(Fraction(1), done or Fraction(0))
    marks: list[Node] = [html.Span(className="plan", style={"width": _percent(1 / top)})]
    if done is not None and done > 0:
        marks.append(html.Span(className="done", style={"width": _percent(done / top)}))
    if before is not None and 0 < before <= top:
        marks.append(html.Span(className="past-tick", style={"left": _percent(before / top)}))
    if pace is not None:
        marks.append(html.Span(className="tick", style={"left": _percent(pace / top)}))
    return html.Span(
        marks, className="bullet", role="img", **attrs({"aria-label": label or "进度"})
    )


def _percent(part: Fraction) -> str:
    return f"{float(part) * 100:.2f}%"


def definition(
    rows: Sequence[tuple[str, Node]], word: str = "口径", side: str = ""
) -> html.Details:
    """The 口径 card behind a figure or a table: how it is made and from what."""
    items: list[Node] = []
    for name, text in rows:
        items += [html.Dt(name), html.Dd(text)]
    return html.Details(
        [
            html.Summary(word),
            html.Div(html.Dl(items, className="defs"), className=f"pop-card {side}".strip()),
        ],
        className="pop",
    )


def source_line(*parts: Node) -> html.Footer:
    """Where the block's numbers come from: table, business date, snapshot, 口径."""
    return html.Footer([html.Span(part) for part in parts if part], className="source")


def block(
    title: Node,
    body: Node,
    *,
    source: html.Footer | None = None,
    sub: str | None = None,
    unit: Node = None,
    flush: bool = False,
    id: str | None = None,
    fold: bool = False,
) -> html.Section:
    """A framed part of a page with a heading and a source line.

    Args:
        fold: on a phone only heading and source stand until it is opened.
    """
    head: list[Node] = [html.H2(title)]
    if sub:
        head.append(html.Span(sub, className="sub"))
    if unit:
        head.append(html.Span(unit, className="unit"))
    if fold:
        head.append(html.Details(html.Summary("展开"), className="row-fold"))
    inside: list[Node] = [
        html.Header(head),
        html.Div(body, className="flush" if flush else "inside"),
    ]
    if source is not None:
        inside.append(source)
    return html.Section(inside, className="block", **attrs({"id": id} if id else {}))


def insufficient(sentence: str, way_out: Node = None) -> html.Div:
    """A block that cannot be computed: hatched, with the reason and where to look."""
    inside: list[Node] = [f"数据不足：{sentence}"]
    if way_out is not None:
        inside += [" ", way_out]
    return html.Div(html.P(inside), className="insufficient hatched", role="note")


def empty(sentence: str, way_out: Node = None) -> html.Div:
    """Nothing there: the condition, and a way out."""
    inside: list[Node] = [sentence, " ", way_out] if way_out else [sentence]
    return html.Div(inside, className="empty")


def segments(
    label: str, choices: Sequence[tuple[str, Address]], current: Address, push: bool = False
) -> html.Nav:
    """A row of choices, each an address; the present one is marked."""
    return html.Nav(
        [link(text, to, replace=not push, current=to.href == current.href) for text, to in choices],
        className="seg",
        **attrs({"aria-label": label}),
    )


def menu(
    summary: Node, items: Sequence[Node], label: str, right: bool = False, wide_only: bool = False
) -> html.Details:
    """A list that opens under its word, without any script."""
    return html.Details(
        [
            html.Summary(summary, **attrs({"aria-label": label})),
            html.Div(list(items), className="menu-list right" if right else "menu-list"),
        ],
        className="menu wide-only" if wide_only else "menu",
    )


def figure(
    label: str,
    number: str | None,
    unit: str = "",
    *,
    to: Address | None = None,
    notes: Sequence[Node] = (),
    defined: Sequence[tuple[str, Node]] = (),
    bar: Node = None,
    why: str = "",
    side: str = "",
) -> html.Div:
    """The atom of a page: label, number with unit, comparison, a way down, 口径."""
    top: list[Node] = [html.Span(label)]
    if defined:
        top.append(definition(defined, side=side))
    if number is None:
        shown: Node = html.Div(missing(why or "未送达"))
    else:
        inside: list[Node] = [number, html.Small(unit)] if unit else [number]
        shown = (
            link(inside, to, className="figure-number")
            if to
            else html.Div(inside, className="figure-number")
        )
    parts: list[Node] = [html.Div(top, className="figure-label"), shown]
    if bar is not None:
        parts.append(bar)
    if notes:
        parts.append(html.Div([html.Span(note) for note in notes], className="with"))
    return html.Div(parts, className="figure")


def number_and_unit(text: str) -> tuple[str, str]:
    """Split “12.30亿元” into number and unit, for figures that set them in two sizes."""
    cut = len(text.rstrip("亿万元个百分点倍%"))
    return text[:cut], text[cut:]
