"""Looks the whole rule book through: what would mislead, though it loads.

`python -m budget_watch.engine.lint [--book rules] [--laws DIR]`

Codes: duplicate-key yaml shape extra_forbidden missing column unit type source name node syntax …
(from loading) · level-order · no-citation · citation · message-value · message-limit ·
message-word · message-unit · unused-param · stale-param · no-history · words-exclude · no-tests ·
no-title · test-coverage · identity · periods · loosened · retired-law.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from budget_watch.engine.cases import RuleTests
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import BookError
from budget_watch.engine.laws import Texts, check_citation, load_dir
from budget_watch.engine.load import Book, load_book
from budget_watch.engine.model import LEVELS, Citation
from budget_watch.engine.testing import test_file
from budget_watch.engine.yaml_file import read_one
from budget_watch.tables.strict_yaml import line_of

STALE_DAYS = 730
FORBIDDEN = (
    "违法", "违规", "违纪", "贪污", "挪用", "套取", "截留", "虚报", "造假", "涉嫌", "问题单位",
    "异常", "严重", "重大", "系统判定", "智能", "拦截", "处罚", "！", "!",
)  # fmt: skip


@dataclass(frozen=True)
class Flaw:
    """One thing to mend."""

    code: str
    file: str
    line: int
    message: str

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules check`."""
        return {"code": self.code, "file": self.file, "line": self.line, "message": self.message}


def lint(book: Book, texts: Texts | None = None, today: date | None = None) -> list[Flaw]:
    """All flaws of the book, by file and line.

    Args:
        texts: loaded law texts: articles of laws that have one are checked.
        today: the day against which parameters are stale; default the newest `last_checked`.
    """
    flaws = [_from_error(error) for error in book.mistakes]
    for rule in book.rules.values():
        flaws += _rule(book, rule, texts or {})
    flaws += _book(book, texts or {}, today)
    return sorted(flaws, key=lambda each: (each.file, each.line, each.code, each.message))


def _from_error(error: BookError) -> Flaw:
    path = error.where.split("（")[0]
    file, _, line = path.rpartition(":")
    if line.isdigit():
        return Flaw(error.code, file, int(line), error.message)
    return Flaw(error.code, path, 1, f"{error.where.removeprefix(path)}{error.message}")


def _rule(book: Book, rule: CheckedRule, texts: Texts) -> Iterator[Flaw]:
    path = book.files[rule.id]

    def flaw(code: str, message: str, *keys: str | int) -> Flaw:
        return Flaw(code, str(path), line_of(path, keys) if keys else 1, f"{rule.id}：{message}")

    yield from _levels(rule, flaw)
    yield from _citations(book, rule, texts, flaw)
    yield from _message(rule, flaw)
    yield from _titles(rule, flaw)
    yield from _tests(book, rule, flaw)
    if (
        not {"fiscal_year"} & set(rule.identity)
        and "fiscal_year" in rule.grain
        and rule.rule.identity
    ):
        yield flaw("identity", "identity 不含 fiscal_year，各年会并成一个疑点", "identity")
    if rule.universe is not None and rule.universe.periods is None:
        # A universe of the measure's own source judges acts in the months in which they happened.
        cumulative = (
            [each.name for each in rule.measures.values() if each.cumulative]
            if rule.universe.source.name
            not in {each.source.name for each in rule.measures.values() if each.cumulative}
            else []
        )
        if cumulative and "month" in rule.grain and rule.universe.source.kind == "event":
            yield flaw(
                "periods",
                f"{cumulative[0]} 按月累计，universe 应写 periods，否则没有发生额的月份不判断",
                "universe",
            )


def _levels(rule: CheckedRule, flaw: Any) -> Iterator[Flaw]:
    places = [LEVELS.index(level.level) for level in rule.levels]
    if places != sorted(places):
        yield flaw("level-order", "levels 先写重的：red、orange、yellow、blue", "levels")
    for at, level in enumerate(rule.levels):
        if level.cap != level.level:
            yield flaw(
                "level-cap",
                f"{level.klass}（信度{level.confidence}）的 red，机器只给到 orange；请写 orange",
                "levels",
                at,
            )
        if level.klass == "法" and not level.basis:
            yield flaw("no-citation", "法类级别要有 basis（法律和条）", "levels", at)
        if level.klass == "法" and any(each.article is None for each in level.basis):
            yield flaw("no-citation", "法类级别的 basis 要写到条（article）", "levels", at)


def _citations(book: Book, rule: CheckedRule, texts: Texts, flaw: Any) -> Iterator[Flaw]:
    days = (rule.rule.valid.since, rule.rule.valid.until)
    seen: set[Citation] = set()
    for citation in [*rule.rule.basis, *(each for level in rule.levels for each in level.basis)]:
        if citation in seen:
            continue
        seen.add(citation)
        wrong = check_citation(citation, book.laws, texts, days)
        if wrong:
            yield flaw("citation", wrong, "basis")
        text = texts.get(citation.law, {}).get(citation.article or "")
        if citation.quote and text is not None and citation.quote not in text.replace("\n", ""):
            yield flaw("quote", f"引文“{citation.quote}”与该条原文不符", "basis")


def _message(rule: CheckedRule, flaw: Any) -> Iterator[Flaw]:
    text = rule.rule.message
    for word in FORBIDDEN:
        if word in text or word in rule.title:
            yield flaw("message-word", f"文字中不能用“{word}”（pages.md §5）", "message")
    for form, unit in (
        ("yuan", "元"),
        ("money", "元"),
        ("pp", "个百分点"),
        ("%", "%"),
        ("times", "倍"),
    ):
        if f":{form}}}{unit}" in text:
            yield flaw("message-unit", f"格式 {form} 已带单位“{unit}”，后面不要再写", "message")
    mentioned = {name for tree in rule.message.trees for name in tree.names()}
    mentioned |= {name for tree in rule.message.trees for name in tree.names("param")}
    mentioned |= {
        "@day" for tree in rule.message.trees for each in tree.walk() if each.op == "as_of"
    }
    judged = {name for level in rule.levels for name in level.when.names()}
    facts = judged - set(rule.grain)
    if facts and not facts & mentioned:
        yield flaw("message-value", "message 没有写出判断所用的数", "message")
    if rule.klass in ("法", "规") and rule.limit is not None:
        wanted = rule.limit.names() | rule.limit.names("param")
        digits = any(char.isdigit() for char in text)
        if wanted and not wanted & mentioned and not digits:
            yield flaw("message-limit", "message 没有写出标准（限额）", "message")


def _titles(rule: CheckedRule, flaw: Any) -> Iterator[Flaw]:
    """Every value that a rule makes has a Chinese name of its own; no two share one."""
    made: dict[str, tuple[str | int, ...]] = {name: ("measures", name) for name in rule.measures}
    made |= {name: ("let", name) for name in rule.let}
    made |= {
        name: ("within", "values", name) for name in (rule.window.values if rule.window else ())
    }
    for key, join in rule.joins.items():
        made |= {new: ("join", key) for new, own in join.take.items() if new != own}
    known = set(rule.window.source.columns) if rule.window else set()
    seen: dict[str, str] = {}
    for name, place in made.items():
        title = rule.title_of(name)
        own = name in rule.rule.titles or (name in rule.measures and title != name)
        if not own and name not in known:
            yield flaw("no-title", f"{name} 没有中文名；计量写 title，其他写在 titles", *place)
        elif own and title in seen:
            yield flaw("no-title", f"{name} 和 {seen[title]} 的中文名都是“{title}”", *place)
        seen.setdefault(title, name)


def _tests(book: Book, rule: CheckedRule, flaw: Any) -> Iterator[Flaw]:
    path = test_file(book, rule.id)
    if not path.is_file():
        yield flaw("no-tests", f"没有 {path.name}")
        return
    try:
        tests = read_one(path, RuleTests)
    except BookError as error:
        yield _from_error(error)
        return
    results = {case.expect for case in tests.cases}
    results |= {each.level or each.outcome or "" for case in tests.tables for each in case.expect}
    if not results & set(LEVELS):
        yield flaw("test-kinds", "测试中没有命中的例子")
    if "insufficient_data" not in results and not any(
        None in case.expect.values() for case in tests.rows
    ):
        yield flaw("test-kinds", "测试中没有数据不足的例子")
    if rule.measures and not tests.rows and not tests.tables:
        yield flaw("test-kinds", "有计量而没有 rows 或 tables 测试")
    if rule.rule.shape in ("within", "query") and not tests.tables:
        yield flaw("test-kinds", f"{rule.rule.shape} 规则要有 tables 测试")


def _book(book: Book, texts: Texts, today: date | None) -> Iterator[Flaw]:
    used = {name for rule in book.rules.values() for name in rule.params}
    checks = [
        each.param.last_checked.on for each in book.params.values() if each.param.last_checked
    ]
    day = today or max(checks, default=date(2000, 1, 1))
    places = param_places(book)
    for name, parameter in book.params.items():
        file, line = places.get(name, (str(book.folders[0] / "params"), 1))
        param = parameter.param
        if name not in used:
            yield Flaw("unused-param", file, line, f"参数 {name} 没有规则使用；请删去或写上用处")
        if param.last_checked is None:
            yield Flaw(
                "stale-param", file, line, f"参数 {name} 没有 last_checked（何时与原文核对）"
            )
        elif (day - param.last_checked.on).days > STALE_DAYS:
            yield Flaw("stale-param", file, line, f"参数 {name} 超过两年没有核对")
        if param.statutory and not any(value.basis for value in param.values):
            yield Flaw("no-citation", file, line, f"法定参数 {name} 没有 basis")
        for value in param.values:
            for citation in value.basis:
                wrong = check_citation(citation, book.laws, texts, (value.since, value.until))
                if wrong:
                    yield Flaw("citation", file, line, f"参数 {name}：{wrong}")
    for words in book.named.words.values():
        if not words.exclude:
            where = str(book.folders[0] / "words")
            yield Flaw("words-exclude", where, 1, f"词表 {words.id} 没有 exclude（排除词）")


def param_places(book: Book) -> dict[str, tuple[str, int]]:
    """Where each parameter stands: file and line of its id."""
    found: dict[str, tuple[str, int]] = {}
    for folder in book.folders:
        for path in sorted((folder / "params").glob("*.yaml")):
            for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                text = line.strip().removeprefix("- ").removeprefix("{").strip()
                if text.startswith("id:"):
                    name = text.removeprefix("id:").split(",")[0].split("#")[0].strip(" '\"}")
                    found.setdefault(name, (str(path), at))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of this module. Status 1 if there is a flaw."""
    parser = argparse.ArgumentParser(description="检查规则库的写法")
    parser.add_argument("rules", nargs="*", help="规则编号；缺省为全部")
    parser.add_argument("--book", default="rules", help="规则文件夹")
    parser.add_argument("--laws", default=None, help="法规文本文件夹")
    args = parser.parse_args(argv)
    book = load_book(Path(args.book), strict=False, only=args.rules or None)
    texts = load_dir(Path(args.laws), book.laws) if args.laws else {}
    found = lint(book, texts)
    _print(found)
    return 1 if found else 0


def _print(found: Iterable[Flaw]) -> None:
    for each in found:
        print(f"{each.file}:{each.line} [{each.code}] {each.message}")


if __name__ == "__main__":
    sys.exit(main())
