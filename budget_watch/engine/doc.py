"""One page a rule for people: method, basis, parameters, limits, examples that are tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from budget_watch.engine.authority import STATUSES, place_of, source_of, standard, standards_of
from budget_watch.engine.cases import RuleTests
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import EngineError
from budget_watch.engine.laws import AUTHORITIES, cited, highest_authority
from budget_watch.engine.load import Book
from budget_watch.engine.model import AREAS
from budget_watch.engine.reach.demands import all_demands
from budget_watch.engine.testing import test_file
from budget_watch.engine.yaml_file import read_one

LEVEL_NAMES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
OUTCOME_NAMES = {
    **LEVEL_NAMES,
    "clear": "未触发",
    "not_applicable": "不适用",
    "insufficient_data": "数据不足，无法判断",
    "error": "出错",
}


def write_all(book: Book, out: Path) -> list[Path]:
    """Write the page of every rule and an index. Returns the files written."""
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for rule in book.rules.values():
        path = out / f"{rule.id}.md"
        path.write_text(page(book, rule), encoding="utf-8")
        files.append(path)
    index = out / "index.md"
    index.write_text(_index(book), encoding="utf-8")
    return [*files, index]


def page(book: Book, rule: CheckedRule) -> str:
    """The page of one rule, Markdown."""
    return "\n".join(_lines(book, rule)).rstrip() + "\n"


def _index(book: Book) -> str:
    lines = ["# 规则", "", f"共 {len(book.rules)} 条。", ""]
    for area, title in AREAS.items():
        rules = [rule for rule in book.rules.values() if rule.area == area]
        if not rules:
            continue
        lines += [
            f"## {title}",
            "",
            "| 编号 | 名称 | 类 | 依据效力 | 最高级别 | 信度 |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.klass} | "
            f"{_authority(book, rule)} | {LEVEL_NAMES[_highest(rule)]} | {rule.confidence} |"
            for rule in rules
        ]
        lines.append("")
    return "\n".join(lines)


def _authority(book: Book, rule: CheckedRule) -> str:
    found = highest_authority(rule.citations, book.laws)
    return AUTHORITIES[found] if found else "—"


def _highest(rule: CheckedRule) -> str:
    return min((level.cap for level in rule.levels), key=list(LEVEL_NAMES).index)


def _lines(book: Book, rule: CheckedRule) -> Iterator[str]:
    said = rule.rule
    yield f"# {rule.id} {rule.title}"
    yield ""
    status = STATUSES[rule.status]
    marks = (f"依据效力 {_authority(book, rule)}", f"信度 {rule.confidence}", status)
    yield " · ".join((AREAS[rule.area], rule.klass, *marks))
    yield ""
    yield said.why
    yield ""
    yield "## 方法"
    yield ""
    if said.method:
        yield said.method
        yield ""
    yield from _method(rule)
    yield "## 级别"
    yield ""
    yield "| 级别 | 条件 | 类 | 依据 |"
    yield "|---|---|---|---|"
    for level in rule.levels:
        basis = "、".join(cited(each, book.laws) for each in level.basis) or "—"
        yield f"| {LEVEL_NAMES[level.cap]} | `{_cell(level.text)}` | {level.klass} | {basis} |"
    yield ""
    yield "## 依据"
    yield ""
    for citation in said.basis:
        quote = f"：“{citation.quote}”" if citation.quote else ""
        mark = "" if rule.confidence == "H" else "（待核对原文）"
        yield f"- {cited(citation, book.laws)}{mark}{quote}"
    if not said.basis:
        yield f"{standards_of(rule.params, book)}。"
    yield ""
    yield from _parameters(book, rule)
    yield from _limits(rule)
    if said.notes:
        yield "## 说明"
        yield ""
        yield said.notes.strip()
        yield ""
    path = test_file(book, rule.id)
    if path.is_file():
        tests = read_one(path, RuleTests)
        yield from _examples(tests)
        yield from _tests(book, rule, tests)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _method(rule: CheckedRule) -> Iterator[str]:
    said = rule.rule
    yield f"判断单元：{'、'.join(rule.grain)}。"
    yield ""
    if rule.universe is not None:
        when = (
            f"，条件 `{_cell(said.universe.when)}`" if said.universe and said.universe.when else ""
        )
        yield f"判断范围：{rule.universe.source.title}（`{rule.universe.source.name}`）{when}。"
        yield ""
    elif rule.source is not None:
        text = said.when or (said.within.when if said.within else None)
        when = f"，条件 `{_cell(text)}`" if text else ""
        yield f"判断范围：{rule.source.title}（`{rule.source.name}`）的每一行{when}。"
        yield ""
    if said.within is not None:
        by = "、".join(said.within.by)
        yield f"窗口：按 {by} 分组，`{said.within.order}` 在 {said.within.length} 之内。"
        yield ""
    if said.measures:
        yield "| 计量 | 来源 | 汇总 | 条件 |"
        yield "|---|---|---|---|"
        for name, measure in said.measures.items():
            shift = "".join(f"，{key}{value:+d}" for key, value in measure.shift.items())
            when = f"`{_cell(measure.when)}`" if measure.when else "—"
            value = f"`{_cell(measure.value)}`{shift}"
            yield f"| {measure.title or name} | `{measure.source}` | {value} | {when} |"
        yield ""
    for name, text in said.let.items():
        yield f"- {rule.title_of(name)}（`{name}`）= `{_cell(text)}`"
    if said.let:
        yield ""
    if rule.clear is not None:
        yield f"恢复：连续{rule.clear.words(rule.clear.count)}满足 `{_cell(rule.clear.text)}`。"
        yield ""
    for name, peers in rule.peers.items():
        among = said.peers[name]
        when = f"，条件 `{_cell(among.when)}`" if among.when else ""
        yield (
            f"- {peers.title}（`{name}`）：`{_cell(among.of)}` 在同一 "
            f"{'、'.join(among.by)} 的判断单元中的第 `{_cell(among.percentile)}` 百分位"
            f"（就近位次）{when}；有数据的同类不少于 `{_cell(among.least)}` 个"
        )
    if said.peers:
        yield ""
    if said.query:
        yield "```sql"
        yield said.query.strip()
        yield "```"
        yield ""


def _parameters(book: Book, rule: CheckedRule) -> Iterator[str]:
    if not rule.params:
        return
    yield "## 参数"
    yield ""
    yield "| 参数 | 值 | 自 | 来源 | 辖区 |"
    yield "|---|---|---|---|---|"
    for name in sorted(rule.params):
        param = book.params[name].param
        for value in sorted(param.values, key=lambda each: (each.jurisdiction, each.since)):
            basis = source_of(value, book)
            source = standard(value.authority) + (f"（{_cell(basis)}）" if basis else "")
            place = place_of(value)
            yield f"| {param.title} | {value.value} | {value.since} | {source} | {place} |"
    yield ""


def _limits(rule: CheckedRule) -> Iterator[str]:
    said = rule.rule
    if not (said.not_for or said.skip or said.requires or said.undecided):
        return
    yield "## 不适用情形"
    yield ""
    for text in said.not_for:
        yield f"- {text}"
    for each in said.skip:
        yield f"- 不适用：{each.because}（`{_cell(each.when)}`）"
    for each in said.requires:
        yield f"- 数据不足：{each.because or '缺少数据'}（不满足 `{_cell(each.when)}`）"
    for each in said.undecided:
        yield f"- 不作判断：{each.because}（`{_cell(each.when)}`）"
    yield ""


def _examples(tests: RuleTests) -> Iterator[str]:
    yield "## 示例（也是测试）"
    yield ""
    if tests.base:
        yield "基准：" + "，".join(f"{name} {value}" for name, value in tests.base.items()) + "。"
        yield ""
    if tests.cases:
        yield "| 例 | 与基准不同之处 | 结果 |"
        yield "|---|---|---|"
    for case in tests.cases:
        extra = {**(case.model_extra or {}), **case.with_}
        shown = "，".join(
            f"{name} {'缺' if value is None else value}" for name, value in extra.items()
        )
        because = f"：{case.because}" if case.because else ""
        result = OUTCOME_NAMES.get(case.expect, case.expect)
        result += "（待核实）" if case.provisional else ""
        yield f"| {case.name} | {_cell(shown) or '—'} | {result}{because} |"
    yield ""


def _tests(book: Book, rule: CheckedRule, tests: RuleTests) -> Iterator[str]:
    """What is tested, how much of what should be is reached, and what is left out and why."""
    kinds = [
        f"{len(tests.cases)} 个由数值判断（即上面的示例）" if tests.cases else "",
        f"{len(tests.rows)} 个由报表行算出计量" if tests.rows else "",
        f"{len(tests.tables)} 个由整张报表判断" if tests.tables else "",
    ]
    yield "## 测试"
    yield ""
    counted = "、".join(each for each in kinds if each)
    yield f"{counted}；另由程序登记一次例外情形，看命中是否变为不适用。"
    yield ""
    try:
        found = all_demands(book, rule, tests)
    except EngineError:
        yield "有测试不通过，没有计算测到多少。"
        return
    excused = {each.gap: each.because for each in tests.uncovered}
    gaps = [each.text for each in found if not each.met]
    done = len(found) - len([each for each in gaps if each not in excused])
    yield (
        f"应测到 {len(found)} 项（各级别、每个条件成立和不成立、界线两侧一个单位、"
        f"缺每个计量、不该计入的行），测到或说明 {done} 项。"
    )
    yield ""
    for text in gaps:
        yield f"- 没有测到：{text}{f'（{excused[text]}）' if text in excused else ''}"
    for each in tests.survivors:
        yield f"- 改成这样也测不出：`{_cell(each.mutant)}`（{each.because}）"
    if gaps or tests.survivors:
        yield ""
