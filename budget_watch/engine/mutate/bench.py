"""Lets the tests of one rule judge its mutants, the cheapest first, until one of them fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from budget_watch.engine.attaching import attach
from budget_watch.engine.cases import Case, RuleTests, TablesCase
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import EngineError
from budget_watch.engine.exempting import CheckedExemption
from budget_watch.engine.frames import Frames
from budget_watch.engine.judge import Setting, Verdict
from budget_watch.engine.load import Book
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.measures import Plan
from budget_watch.engine.mutate.exact import Seen, verdict
from budget_watch.engine.mutate.mutant import Mutant
from budget_watch.engine.params import Parameter
from budget_watch.engine.result import RunResult
from budget_watch.engine.run import run_check, verdict_of
from budget_watch.engine.testing import (
    MadeRows,
    case_setting,
    made_reader,
    made_rows,
    one_row,
    tables_differ,
    with_exemptions,
)

Params = Mapping[str, Parameter]
# What a changed rule can fail with; it then fails its tests, as it would fail in use.
FAILURES = (ValueError, TypeError, KeyError, ArithmeticError, pl.exceptions.PolarsError)


@dataclass
class JudgedCase:
    """A case with its values; `exact` if the exact judge says of the rule what the case wants."""

    case: Case
    seen: Seen
    doubtful: bool

    def verdict(self, rule: CheckedRule, params: Params | None = None) -> Verdict:
        """What a rule says of the case's values."""
        return verdict(self.seen, rule, params or {})

    def fails(self, rule: CheckedRule, params: Params) -> bool:
        """Whether a changed rule's verdict is not the expected one."""
        try:
            return self.differs(rule, self.verdict(rule, params)) or self._says(rule, params)
        except FAILURES:
            return True

    def _says(self, rule: CheckedRule, params: Params) -> bool:
        """Whether the sentence lacks what the case expects of it."""
        wanted = self.case.message
        return wanted is not None and wanted not in self.seen.sentence(rule, params)

    def differs(self, rule: CheckedRule, got: Verdict) -> bool:
        """Whether a verdict is not the expected one."""
        label: str = got.outcome
        if got.level is not None:
            cap = rule.levels[got.level].cap
            label = "orange" if cap == "red" and self.doubtful else cap
            if self.doubtful != self.case.provisional or self.case.level_at not in (
                None,
                got.level,
            ):
                return True
        wanted = self.case.because
        return label != self.case.expect or (wanted is not None and wanted not in got.because)


@dataclass
class FramedCase(JudgedCase):
    """A case whose numbers only the real judge takes as it does (they overflow)."""

    frame: pl.DataFrame

    def verdict(self, rule: CheckedRule, params: Params | None = None) -> Verdict:
        """What a rule says of the case's values."""
        setting = self.seen.setting
        if params:
            setting = replace(setting, params={**setting.params, **params})
        judged, verdicts = verdict_of(rule, self.frame, setting)
        return verdicts.verdicts[int(judged["__v"][0])]


@dataclass
class MadeTables:
    """A `tables` test made ready."""

    case: TablesCase
    reader: MadeReader
    setting: Setting
    exemptions: tuple[CheckedExemption, ...]


@dataclass
class Bench:
    """The tests of one rule, made ready once.

    Attributes:
        first: tests that caught a mutant last; they are asked first.
    """

    book: Book
    rule: CheckedRule
    cases: list[JudgedCase]
    rows: list[MadeRows]
    tables: list[MadeTables]
    first: dict[str, list[Any]] = field(default_factory=dict)

    def killed(self, mutant: Mutant) -> bool:
        """Whether some test fails with this change."""
        if "cases" in mutant.kinds and self._any("cases", self.cases, self._case, mutant):
            return True
        if "rows" in mutant.kinds and self._any("rows", self.rows, self._rows, mutant):
            return True
        return "tables" in mutant.kinds and self._any("tables", self.tables, self._tables, mutant)

    def _any(self, kind: str, tests: list[Any], fails: Any, mutant: Mutant) -> bool:
        order = self.first.setdefault(kind, list(tests))
        for at, test in enumerate(order):
            if fails(test, mutant):
                order.insert(0, order.pop(at))
                return True
        return False

    def _case(self, test: JudgedCase, mutant: Mutant) -> bool:
        return test.fails(mutant.rule, mutant.params)

    def _rows(self, test: MadeRows, mutant: Mutant) -> bool:
        names = [mutant.measure] if mutant.measure is not None else list(test.wanted)
        names = [name for name in names if name in test.wanted]
        if not names:
            return False
        setting = test.setting
        if mutant.params:
            setting = replace(setting, params={**setting.params, **mutant.params})
        plan = Plan(Frames(test.reader, setting))
        measures = [mutant.rule.measures[name] for name in names]
        plan.add(measures)
        try:
            return any(
                attach(test.frame, each, plan)[each.name][0] != test.wanted[each.name]
                for each in measures
            )
        except FAILURES:
            return True

    def _tables(self, test: MadeTables, mutant: Mutant) -> bool:
        try:
            result = self.run(test, mutant.rule, mutant.params)
            return bool(tables_differ(mutant.rule, test.case, result))
        except FAILURES:
            return True

    def run(self, test: MadeTables, rule: CheckedRule, params: Params | None = None) -> RunResult:
        """Judge the tables of a test."""
        book = replace(self.book, rules={rule.id: rule}, exemptions=test.exemptions)
        if params:
            book = replace(book, params={**book.params, **params})
        setting = test.setting
        return run_check(test.reader, book, setting.as_of, [rule.id], setting.overrides)


def bench(book: Book, rule: CheckedRule, tests: RuleTests) -> Bench:
    """Make the tests of a rule ready.

    Raises:
        EngineError: a test cannot be read, or fails on the unchanged rule.
    """
    cases = list(_cases(book, rule, tests))
    rows = [made_rows(book, rule, tests, each) for each in tests.rows]
    tables = [
        MadeTables(
            each,
            made_reader(each.model_extra or {}, {}, tests.defaults, each.not_delivered),
            case_setting(book, each.as_of or tests.as_of, each.with_),
            with_exemptions(book, rule, each).exemptions,
        )
        for each in tests.tables
    ]
    found = Bench(book, rule, cases, rows, tables)
    if found.killed(Mutant("", (), "", "", rule, frozenset({"cases", "rows", "tables"}))):
        raise EngineError("有测试不通过；请先运行 rules test")
    return found


def _cases(book: Book, rule: CheckedRule, tests: RuleTests) -> Iterator[JudgedCase]:
    """The cases; where the exact judge does not say what a case expects, the real one is asked."""
    for case in tests.cases:
        if case.exempt:
            continue  # what an exemption takes away shows nothing of the rule
        setting = case_setting(book, case.as_of or tests.as_of, case.with_)
        frame = one_row(rule, {**tests.base, **(case.model_extra or {})}, setting, case.status)
        values = frame.row(0, named=True)
        seen = Seen(values, setting, values["__period_end"])
        judged = JudgedCase(case, seen, bool(values["__p_row"]))
        if not _remembers(seen, rule) or judged.fails(rule, {}):
            judged = FramedCase(case, seen, judged.doubtful, frame)
        yield judged


def _remembers(seen: Seen, rule: CheckedRule) -> bool:
    """Have the rule's own conditions judged once; false where the exact judge cannot."""
    try:
        seen.remember(rule)
    except FAILURES:
        return False
    return True
