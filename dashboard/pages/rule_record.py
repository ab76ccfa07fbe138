"""Blocks of a rule's page: law text, runs, back-tests, exemptions, tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from budget_watch.casework.checking import law_texts, rules_dir
from budget_watch.casework.exemptions import register
from budget_watch.engine.model import Citation
from budget_watch.engine.testing import test_file
from budget_watch.views import formats as fmt
from budget_watch.views.rule_record import BackTest, RuleRun, backtests_of, runs_of, tests_of
from dashboard import elements as html
from dashboard.context import Context
from dashboard.pages.backtests import ask, command, job_parts
from dashboard.pages.law_text import NOT_LOADED, citation
from dashboard.pages.place_text import source
from dashboard.parts import Node, block, empty, level_chip, missing, tag
from dashboard.table import Column, Line, table

OUTCOMES = {
    "clear": "未触发",
    "not_applicable": "不适用",
    "insufficient_data": "数据不足，无法判断",
    "error": "出错",
}
MOST_TESTS = 40


def articles(context: Context, book: Any, rule: Any) -> html.Section | None:
    """The words of the articles that a rule rests on, where their text was loaded."""
    texts = law_texts(context.home.root, book.laws)
    parts: list[Node] = []
    for cite in citations(rule):
        law = book.laws.get(cite.law)
        if cite.article is None or law is None or not law.file_hint:
            continue
        words = texts.get(cite.law, {}).get(str(cite.article))
        if words is None and rule.confidence != "H":
            continue  # an article not yet held against its text is not printed
        head = html.P(html.Strong(citation(context, book, cite, "H")))
        said: Node = html.P(NOT_LOADED, className="note")
        if words:
            said = html.Blockquote([html.P(line) for line in words.split("\n")], className="law")
        parts.append(html.Div([head, said], className="article"))
    return block("法条原文", parts, source=source(context, "法律法规登记")) if parts else None


def citations(rule: Any) -> list[Citation]:
    """Every citation of a rule and its levels, once."""
    found = list(rule.basis)
    for level in rule.levels:
        found += [each for each in level.basis or () if each not in found]
    return found


def history(context: Context, rule: str) -> html.Section:
    """What the recorded runs counted."""
    columns = [
        Column("业务日与运行", hint="运行编号的前6位"),
        Column("判断", number=True),
        Column("命中", number=True),
        Column("级别", minor=True),
        Column("未触发", number=True),
        Column("不适用", number=True, minor=True),
        Column("数据不足", number=True),
        Column("记录时间", minor=True),
        Column("说明"),
    ]
    lines = [
        Line(
            [
                f"{fmt.day(run.as_of)} {run.run[:6]}",
                *(_count(run.tally, name) for name in ("judged", "hit")),
                html.Span(_levels(run.tally.get("levels") or {}), className="chips"),
                *(
                    _count(run.tally, name)
                    for name in ("clear", "not_applicable", "insufficient_data")
                ),
                run.recorded,
                _remark(run),
            ]
        )
        for run in runs_of(context.home, rule)
    ]
    body = table("命中历史", columns, lines) if lines else empty("这条规则还没有运行记录。")
    return block("命中历史", body, flush=bool(lines), source=source(context, "运行记录"))


def _count(tally: Mapping[str, Any], name: str) -> Node:
    if tally.get("not_loaded"):
        return missing(str(tally["not_loaded"]), "没有运行")
    return fmt.count(int(tally.get(name) or 0))


def _levels(levels: Mapping[str, int]) -> list[Node]:
    parts: list[Node] = []
    for name in ("red", "orange", "yellow", "blue"):
        if levels.get(name):
            parts += [level_chip(name), f" {levels[name]} "]
    return parts or [fmt.NOT_APPLICABLE]


def _remark(run: RuleRun) -> Node:
    """What must be known of a count: partial runs, held notices, exempted, waiting for reports."""
    said: list[Node] = [tag("部分运行")] if run.partial else []
    if run.tally.get("calibrate"):
        said.append(tag("待校准"))
    if run.tally.get("exempted"):
        said.append(f"例外 {run.tally['exempted']}")
    if run.tally.get("message"):
        said.append(html.Span(str(run.tally["message"]), className="anywhere"))
    return said or fmt.NOT_APPLICABLE


def backtests(context: Context, book: Any, rule: str, used: Sequence[Any]) -> html.Section:
    """How often the rule would have fired on past days, and what other numbers would change."""
    found = backtests_of(context.home.root, rule)
    parts: list[Node] = job_parts(context, book, rule=rule)
    if not found:
        parts.append(empty("还没有回测。"))
    for each in found[:3]:
        parts += [html.P(_sentence(each), className="words"), _days(each)]
        parts += [html.P(_moved(book, change), className="words") for change in each.total["sets"]]
    parts += ask(context, {p.param.id: p.param.title for p in used}, fixed=("rule", rule))
    parts += command(context, f"rules backtest {rule}", "")
    more: list[tuple[str, Node]] = [("回测的快照", each.snapshot) for each in found[:3]]
    return block("回测", parts, source=source(context, "回测", more=more))


def _sentence(test: BackTest) -> str:
    first, last = (date.fromisoformat(test.days[at]["as_of"]) for at in (0, -1))
    return (
        f"{fmt.day(first)}至{fmt.day(last)}共{test.total['days']}个时点："
        f"{test.total['findings']}条疑点，涉及{test.total['units']}个对象。"
    )


def _moved(book: Any, change: Mapping[str, Any]) -> str:
    name, _, value = str(change["set"]).partition("=")
    known = book.params.get(name.strip())
    title = known.param.title if known is not None else name
    return (
        f"“{title}”改为{value.strip()}：新增{change['added']}条，消失{change['removed']}条，"
        f"级别改变{change['changed']}条。"
    )


def _days(test: BackTest) -> Node:
    columns = [
        Column("时点"),
        Column("判断", number=True),
        Column("命中", number=True),
        Column("新命中", number=True),
        Column("涉及对象", number=True),
        Column("金额", number=True, minor=True),
        Column("数据不足", number=True, minor=True),
    ]
    lines = [
        Line(
            [
                fmt.day(date.fromisoformat(day["as_of"])),
                fmt.count(day["judged"]),
                fmt.count(day["hits"]),
                fmt.count(day["new"]["hits"]),
                fmt.count(day["units"]),
                fmt.NOT_APPLICABLE
                if day["amount_fen"] is None
                else fmt.sentence_money(day["amount_fen"]),
                fmt.count(day["insufficient_data"]),
            ]
        )
        for day in test.days
    ]
    return table("回测", columns, lines)


def _amount(fen: int | None) -> str:
    return fmt.NOT_APPLICABLE if fen is None else fmt.sentence_money(fen)


def exemptions(context: Context, book: Any, rule: str) -> html.Section | None:
    """The registered exemptions of a rule."""
    found = [each for each in register(context.home, book, context.grant) if each["rule"] == rule]
    if not found:
        return None
    columns = [
        Column("编号"),
        Column("事由", width="30%"),
        Column("文件"),
        Column("登记人、批准人"),
        Column("有效期"),
        Column("排除疑点", number=True),
    ]
    lines = [
        Line(
            [
                each["exemption"],
                each["reason"],
                str(each["basis"]),
                f"{each['registered_by']}、{each['approved_by'] or '（待批准）'}",
                f"{each['from']}至{each['to']}",
                fmt.NOT_APPLICABLE if each["used"] is None else fmt.count(each["used"]),
            ]
        )
        for each in found
    ]
    return block(
        "例外情形登记", table("例外情形登记", columns, lines), flush=True,
        source=source(context, "规则库"),
    )  # fmt: skip


def tests(context: Context, book: Any, rule: str) -> html.Section:
    """The rule's tests: what is given, what must come out."""
    found = tests_of(book, rule)
    if found is None:
        return block("测试", empty("这条规则没有测试。"), source=source(context, "规则库"))
    columns = [Column("例", width="40%"), Column("应得结果")]
    lines = [
        Line([case.name, _expected(case.expect, case.because)]) for case in found.cases[:MOST_TESTS]
    ]
    own = not test_file(book, rule).is_relative_to(rules_dir())
    when = f"由 budget-watch rules test {rule} 运行。" if own else "每次发布前全部运行。"
    counted = (
        f"{len(found.cases)}个由数值判断，{len(found.rows)}个由报表行算出计量，"
        f"{len(found.tables)}个由整张报表判断；{when}"
    )
    if len(found.cases) > MOST_TESTS:
        counted += f"下列前{MOST_TESTS}个。"
    body: list[Node] = [html.P(counted, className="words")]
    body += [table("测试", columns, lines)] if lines else []
    return block("测试", body, source=source(context, "规则库"))


def _expected(expect: str, because: str | None) -> Node:
    shown: Node = OUTCOMES[expect] if expect in OUTCOMES else level_chip(expect)
    return [shown, f"：{because}"] if because else shown
