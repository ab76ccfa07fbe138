"""逐条审查 on a page: questions of the law, the rules that judge them, outcome, figures, sentence.

What is said of an outcome follows design §8 and pages.md §5: no machine writes that a law is
broken, and 未触发 is not 合规.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from budget_watch.casework.findings import VERIFIED, Finding
from budget_watch.engine import Book
from budget_watch.engine.laws import article_name
from budget_watch.engine.names import Names
from budget_watch.views import formats as fmt
from budget_watch.views import judgement
from budget_watch.views.review import (
    ASIDE,
    CLEAR,
    FAILED,
    HIT,
    LACKING,
    NONE,
    OVER,
    UNSAID,
    YEARLESS,
    Asked,
    Judged,
    Review,
    brief,
    lacking_of,
    review,
    sentence,
)
from budget_watch.views.review_questions import YEAR_BEFORE, Question
from dashboard import elements as html
from dashboard.book import book_of
from dashboard.context import Context
from dashboard.errors import AddressError
from dashboard.pages.found_list import found_list
from dashboard.pages.law_text import law_link
from dashboard.parts import (
    Node,
    attrs,
    block,
    class_tag,
    definition,
    level_chip,
    link,
    missing,
    source_line,
    tag,
)
from dashboard.table import Column, Line, table

KEEP = ("fy", "asof", "snap", "unit", "stage")
HUNDRED = 100
# What a hit is called by its class while nobody has decided on it (pages.md §5).
_HEADS = {
    "法": "涉及法条，待核实",
    "规": "超出标准，需核实",
    "理": "提示，需核实",
    "险": "疑点，需核实",
    "数": "数据问题",
}
_HELD = {"法": "疑似不符"}
_COUNTED = (
    (HIT, "命中"),
    (CLEAR, "未触发"),
    (ASIDE, "不适用"),
    (LACKING, "数据不足"),
    (FAILED, "出错"),
)
_HOW: tuple[tuple[str, Node], ...] = (
    ("结果", "取最近一次运行对所审查年度的判断；一条规则判断多个对象，先列疑点，再列数据不足"),
    ("未触发", "按规则判断没有达到提示条件，不等于合规"),
    ("涉及法条，待核实", "法类疑点；初核成立后为“疑似不符”；“不符合”只由人复核认定，本页不写"),
    ("未判断", "所需报表没有送达，或送达的数据中没有该年度可判断的对象"),
)


def reviewed(
    context: Context,
    wanted: tuple[Sequence[Question], str],
    year: int,
    department: str = "",
) -> Review:
    """The review of a year under the reader's grant."""
    book, run = book_of(context), context.last_run
    lacking = None
    if run is not None and run.counts and not department:  # a recorded run never changes
        lacking = context.kept(
            "lacking", lambda: lacking_of(context.home, run, book.rules), *sorted(run.ids)
        )
    return review(
        context.home,
        context.grant,
        book,
        run,
        wanted,
        year,
        department,
        region=context.city.region if context.city else "",
        lacking=lacking,
    )


def counted(found: Review) -> str:
    """“20条规则中，18条有疑点、1条未触发” for the lead of a page."""
    names = (
        ("有疑点", (HIT,)),
        ("未触发", (CLEAR, OVER)),
        ("不适用", (ASIDE,)),
        ("数据不足或未判断", (LACKING, NONE, "waiting", FAILED, "not_run", "uncounted")),
    )
    said = [f"{len(of)}条{title}" for title, kinds in names if (of := found.of(*kinds))]
    count = len(found.rules)
    return f"{count}条规则中，{'、'.join(said)}" if said else f"{count}条规则逐条列出"


@dataclass(frozen=True)
class _Look:
    """What every row of one review is written with."""

    context: Context
    book: Book
    names: Names
    found: Review


def review_block(context: Context, found: Review, title: str, tables: Sequence[str]) -> list[Node]:
    """The article-by-article table, and what one of its rules found where the address asks it."""
    columns = [
        Column("检查内容", width="22%"),
        Column("结果", width="18%"),
        Column("数值", number=True),
        Column("限值", number=True),
        Column("差额", number=True),
        Column("可写入审查报告的句子", width="32%", long=True),
    ]
    look = _Look(context, book_of(context), _names(context), found)
    lines: list[Line] = []
    said: list[str] = []
    for asked in found.asked:
        lines.append(Line([_head(look, asked)], "heading"))
        for each in asked.judged:
            words = sentence(look.book, each, look.names) if each.outcome != UNSAID else ""
            said += [words] if words else []
            lines.append(_line(look, each, words))
        if not asked.judged:
            lines.append(Line(["没有可由数据判断的规则，由审查人员判断。"], "heading note"))
    body: list[Node] = [table(title, columns, lines, folding="规则、数值和句子")]
    if said:
        every = html.Button(
            "复制全部句子", className="button", **attrs({"data-copy-text": "\n".join(said)})
        )
        body.insert(0, html.Div(every, className="pager"))
    first = block(
        title,
        body,
        flush=True,
        sub=_when(context, found),
        source=source(context, "规则库", *tables, more=_HOW),
    )
    return [first, *_opened(context, found)]


def source(context: Context, *tables: str, more: Sequence[tuple[str, Node]] = ()) -> html.Footer:
    """The line under a block whose year is the page's own, not the address's span."""
    rows = [("快照", context.snapshot.id), ("业务日", fmt.day(context.as_of)), *more]
    return source_line(
        "来源 " + "、".join(tables),
        f"业务日 {fmt.day(context.as_of)}",
        f"快照 {context.snapshot.id}",
        definition(rows, side="up"),
    )


def year_of(context: Context, known: Sequence[int]) -> int:
    """The year that the address asks for, else the latest of which there is something.

    Raises:
        AddressError: a year of which nothing was delivered.
    """
    asked = context.address.get("fy")
    if not asked:
        return max(known, default=context.as_of.year)
    if int(asked) not in known and known:
        listed = "、".join(str(each) for each in known)
        raise AddressError(f"没有{asked}年的数据；有数据的年度：{listed}。")
    return int(asked)


def _names(context: Context) -> Names:
    return context.kept("names for sentences", lambda: Names(context.reader, context.as_of))


def _when(context: Context, found: Review) -> str:
    run = found.run
    if run is None:
        return "尚无运行记录，以下规则都没有判断"
    said = f"{found.year}年，业务日 {fmt.day(run.as_of)} 的运行"
    if not run.counts:
        return "；".join(filter(None, (said, context.some_findings or "判断次数不在您的范围")))
    return said


def _head(look: _Look, asked: Asked) -> Node:
    question = asked.question
    if not question.law:
        return html.Span(question.words)
    law = look.book.laws.get(question.law)
    name = f"《{law.short or law.title}》" if law else question.law
    said = f"{name}{article_name(question.article)}{question.item}"
    cited = law_link(look.context, look.book, question.law, question.article, said)
    return html.Span([html.B(cited), " ", html.Span(f"“{question.words}”")])


def _line(look: _Look, each: Judged, words: str) -> Line:
    rule, context = each.rule, look.context
    title = link(
        f"{rule.id} {rule.title}", context.address.at("rules", rule.id, keep=("asof", "snap"))
    )
    first = each.found[0] if each.found else None
    return Line(
        [
            html.Span([class_tag(rule.klass), " ", title, *_of_year(look.found, each)]),
            html.Span([_outcome(each), *_counts(context, each)], className="stack"),
            *_figures(look, first),
            _to_copy(words) if words else fmt.NOT_APPLICABLE,
        ],
        "open" if each.outcome in (HIT, FAILED) else "",
    )


def _to_copy(words: str) -> Node:
    button = html.Button("复制", className="copy", **attrs({"data-copy-text": words}))
    return html.Span([html.Span(words), " ", button])


def _of_year(found: Review, each: Judged) -> list[Node]:
    if each.year == YEARLESS:
        return [html.Span(" 不分年度", className="note")]
    if each.rule.id in YEAR_BEFORE:
        return [html.Span(f" 判断上年（{found.year - 1}年）", className="note")]
    return []


def _outcome(each: Judged) -> Node:  # noqa: PLR0911
    match each.outcome:
        case "hit":
            first = each.found[0]
            return html.Span([level_chip(first.level, first.provisional), " ", head_of(first)])
        case "clear":
            return html.Span("✓ 未触发", className="ok")
        case "not_applicable":
            reasons = "；".join(reason for reason in each.aside if reason)
            return html.Span([tag("不适用", plain=True), f" {reasons}" if reasons else ""])
        case "insufficient_data":
            why = each.lacking[0].because if each.lacking else "缺少数据"
            shown = html.Span(brief(why), className="note")
            return html.Span([missing(why, "数据不足"), " ", shown])
        case "over":
            return tag("已恢复", plain=True)
        case "trial":
            return tag("试运行", plain=True)
        case "uncounted":
            why = "最近一次运行没有按年度计数，再次运行后显示"
            return html.Span([missing(why, "未计数"), " ", html.Span(why, className="note")])
        case "none":
            why = "送达的数据中没有该年度可判断的对象"
            return html.Span([missing(why, "未判断"), " ", html.Span(why, className="note")])
        case "unsaid":
            return html.Span("没有您可查看的疑点", className="note")
    why = each.because or "规则没有运行"
    return html.Span([missing(why, "未判断"), " ", html.Span(why, className="note")])


def head_of(finding: Finding) -> str:
    """What a finding is called by its class and work state, before anybody has decided on it."""
    klass = finding.klass or ""
    if finding.work_state in VERIFIED or finding.work_state == "办结":
        return _HELD.get(klass, _HEADS.get(klass, "待核实"))
    return _HEADS.get(klass, "待核实")


def _counts(context: Context, each: Judged) -> list[Node]:
    """How many were judged, and what came of them; the way to what was found and what lacks."""
    here = context.address.with_query(rule=each.rule.id)
    if each.counts is None:
        shown = f"疑点{len(each.found)}条" if each.found else ""
        return [html.Span(link(shown, here, replace=True), className="note")] if shown else []
    if not each.judged:
        return []
    parts = "，".join(
        f"{title}{fmt.count(number)}"
        for kind, title in _COUNTED
        if (number := each.counts.get(kind, 0))
    )
    more = "（含其他事项）" if each.mixed else ""
    said: Node = f"判断{fmt.count(each.judged)}{more}：{parts}"
    if each.found:
        said = f"{said}；疑点{len(each.found)}条{_own(context, each)}"
    if each.found or each.lacking:
        said = link(said, here, replace=True)
    return [html.Span(said, className="note")]


def _own(context: Context, each: Judged) -> str:
    """How many of the findings are of the own government, where others stand among them."""
    region = context.city.region if context.city else ""
    own = sum(finding.mof_div_code == region for finding in each.found)
    return "" if own == len(each.found) else f"（本级{own}条）"


def _figures(look: _Look, first: Finding | None) -> tuple[Node, Node, Node]:
    none = fmt.NOT_APPLICABLE
    if first is None:
        return none, none, none
    shown = judgement.shown(look.book, first, look.names)
    limit: Node = none
    if shown.limit is not None:
        limit = html.Span(
            [shown.limit, html.Span(shown.whose, className="note")], className="stack"
        )
    return shown.value or none, limit, shown.difference or none


# ---- what one rule found
def _opened(context: Context, found: Review) -> list[Node]:
    wanted = context.address.get("rule")
    if not wanted:
        return []
    each = next((one for one in found.rules if one.rule.id == wanted), None)
    if each is None:
        raise AddressError(f"地址里“rule={wanted}”（规则）不在本页的规则中。")
    title = f"{each.rule.id} {each.rule.title}"
    close = link("收起", context.address.with_query(rule=None), replace=True)
    body: list[Node] = [html.Div(close, className="pager")]
    if each.found:
        body.append(found_list(context, each.found[:HUNDRED], title))
    if len(each.found) > HUNDRED:
        more = context.address.at("alerts", keep=("asof", "snap"), rule=each.rule.id)
        body.append(html.Nav(link(f"全部{len(each.found)}条", more), className="pager"))
    if each.lacking:
        body.append(_lacking(context, each))
    return [
        block(
            title,
            body,
            flush=True,
            sub=f"疑点{len(each.found)}条，数据不足{len(each.lacking)}个",
            source=source(context, "规则库"),
        )
    ]


def _lacking(context: Context, each: Judged) -> html.Div:
    columns = [Column("没有判断的对象", width="44%"), Column("原因", long=True)]
    lines = [Line([grain_words(context, one.grain), one.because]) for one in each.lacking[:HUNDRED]]
    rest = len(each.lacking) - HUNDRED
    if rest > 0:
        lines.append(Line([f"其余{rest}个", "原因见数据质量"], "rest"))
    return table(f"{each.rule.id} 数据不足", columns, lines)


_LETTERS = {
    "mof_div_code": "z",
    "dept_code": "d",
    "agency_code": "u",
    "pro_code": "p",
    "exp_func_code": "c",
    "bgt_id": "i",
}


def grain_words(context: Context, grain: Any) -> str:
    """A grain in words: 示范市教育局 2026年 草案."""
    said = []
    for name, value in grain.items():
        if value is None:
            continue
        if name in _LETTERS:
            said.append(context.names.of(_LETTERS[name], str(value)))
        elif name == "fiscal_year":
            said.append(f"{value}年")
        elif name == "month":
            said.append(f"{value}月")
        else:
            said.append(fmt.day(value) if isinstance(value, date) else str(value))
    return " ".join(dict.fromkeys(said))
