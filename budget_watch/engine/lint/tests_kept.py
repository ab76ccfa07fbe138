"""Tests: a rule has some, and of each kind that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from budget_watch.engine.cases import RuleTests
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import BookError
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.lint.here import Here
from budget_watch.engine.lint.loading import flaw_of
from budget_watch.engine.model import LEVELS
from budget_watch.engine.testing import test_file
from budget_watch.engine.yaml_file import read_one


def of_rule(here: Here, rule: CheckedRule) -> Iterator[Flaw]:
    """Flaws of a rule's test file."""
    path = test_file(here.book, rule.id)
    if not path.is_file():
        yield here.of(rule, "no-tests", f"没有 {path.name}")
        return
    try:
        tests = read_one(path, RuleTests)
    except BookError as error:
        yield flaw_of(error)
        return
    for lacking in _lacking(rule, tests):
        yield Flaw("test-kinds", str(path), 1, f"{rule.id}：{lacking}", rule.id)


def _lacking(rule: CheckedRule, tests: RuleTests) -> Iterator[str]:
    results = {case.expect for case in tests.cases}
    results |= {each.level or each.outcome or "" for case in tests.tables for each in case.expect}
    clear = "clear" in results or any(case.clear or not case.expect for case in tests.tables)
    if not results & set(LEVELS):
        yield "测试中没有命中的例子"
    if not clear:
        yield "测试中没有未触发的例子"
    missing = any(None in case.expect.values() for case in tests.rows)
    if "insufficient_data" not in results and not missing:
        yield "测试中没有数据不足的例子"
    if rule.measures and not tests.rows and not tests.tables:
        yield "有计量而没有 rows 或 tables 测试"
    if rule.rule.shape in ("within", "query") and not tests.tables:
        yield f"{rule.rule.shape} 规则要有 tables 测试"
