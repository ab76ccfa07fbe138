"""Runs the tests of rules (`<ID>.test.yaml`) and says what they cover.

`python -m budget_watch.engine.testing [--book rules] [--coverage] [RULE …]`
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.engine.attaching import attach
from budget_watch.engine.cases import (
    Case,
    ExpectedGrain,
    RowsCase,
    RuleTests,
    TablesCase,
    TestExemption,
)
from budget_watch.engine.check import CheckedRule
from budget_watch.engine.errors import BookError, EngineError, ExpressionError
from budget_watch.engine.exempting import NAME, CheckedExemption, for_test, grain_scope, without
from budget_watch.engine.frames import Frames
from budget_watch.engine.judge import Judgement, Setting, Verdict
from budget_watch.engine.load import Book, known_rules, load_book
from budget_watch.engine.made_tables import DTYPES, MadeReader, frame_of
from budget_watch.engine.measures import Plan
from budget_watch.engine.model import LEVELS
from budget_watch.engine.params import exact
from budget_watch.engine.result import OUTCOMES, RuleTally, RunResult, observed
from budget_watch.engine.run import rule_compiler, run_check, shown, verdict_of
from budget_watch.engine.sources import sources
from budget_watch.engine.units import Column, parse_value
from budget_watch.engine.yaml_file import read_one


@dataclass(frozen=True)
class TestResult:
    """One test of one rule."""

    __test__ = False
    rule: str
    kind: str
    name: str
    passed: bool
    detail: str = ""

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules test`."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "case": self.name,
            "passed": self.passed,
            "message": self.detail,
        }


@dataclass
class Coverage:
    """What the tests of a rule reached.

    Attributes:
        demands: how many things should be reached.
        missing: those that were not, without the excused ones.
        stale: excuses for what is reached, or demanded by nobody.
    """

    rule: str
    verdicts: set[str] = field(default_factory=set)
    demands: int = 0
    excused: int = 0
    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """The share of what should be reached that is reached or excused."""
        return _percent(self.demands, len(self.missing))

    def record(self) -> dict[str, Any]:
        """The JSON object of `rules test --coverage`."""
        return {
            "rule": self.rule,
            "kind": "reached",
            "case": "覆盖",
            "passed": not self.missing and not self.stale,
            "message": f"{self.percent}%",
            "demands": self.demands,
            "excused": self.excused,
            "coverage": self.percent,
        }


def _percent(demands: int, missing: int) -> float:
    """Rounded down, so that 100.0 means all."""
    return (1000 * (demands - missing) // demands) / 10 if demands else 100.0


def test_file(book: Book, rule: str) -> Path:
    """Where the tests of a rule stand."""
    return book.files[rule].with_suffix(".test.yaml")


def test_rules(
    book: Book, rules: Sequence[str] | None = None, *, coverage: bool = False
) -> Iterator[tuple[list[TestResult], Coverage]]:
    """Run the tests of the rules, rule by rule; with `coverage` also see what they reach."""
    for name in rules if rules is not None else list(book.rules):
        yield run_file(book, book.rules[name], test_file(book, name), coverage)


test_rules.__test__ = False  # type: ignore[attr-defined]
test_file.__test__ = False  # type: ignore[attr-defined]


@dataclass(frozen=True)
class TestRun:
    """The tests of several rules."""

    __test__ = False
    results: list[TestResult]
    coverages: list[Coverage]

    @property
    def records(self) -> list[dict[str, Any]]:
        """One JSON object a test, and one for each thing that no test reached."""
        found = [each.record() for each in self.results]
        for reached in self.coverages:
            if reached.demands:
                found.append(reached.record())
            for texts, said in ((reached.missing, "没有测到"), (reached.stale, "多余的 uncovered")):
                gaps = [TestResult(reached.rule, "coverage", each, False, said) for each in texts]
                found += [each.record() for each in gaps]
        return found

    @property
    def summary(self) -> dict[str, Any]:
        """Counts of rules, tests, failures and gaps; the share reached where it was asked for."""
        demands = sum(each.demands for each in self.coverages)
        missing = sum(len(each.missing) for each in self.coverages)
        return {
            "rules": len(self.coverages),
            "cases": len(self.results),
            "failed": sum(not each.passed for each in self.results),
            "uncovered": missing + sum(len(each.stale) for each in self.coverages),
            "demands": demands,
            "coverage": _percent(demands, missing) if demands else None,
        }


def run_tests(book: Book, rules: Sequence[str] | None = None, *, coverage: bool = False) -> TestRun:
    """Run the tests of these rules (default all); with `coverage` also name what they miss.

    Raises:
        RunError: the book has no such rule.
    """
    rules = None if rules is None else known_rules(book, rules)
    results = [
        TestResult(name, "file", f"{name}.yaml", False, f"不能读入：{error}")
        for name, error in book.broken.items()
        if rules is None or name in rules
    ]
    coverages: list[Coverage] = []
    rules = None if rules is None else [name for name in rules if name not in book.broken]
    for found, reached in test_rules(book, rules, coverage=coverage):
        results += found
        coverages.append(reached)
    return TestRun(results, coverages)


def run_file(
    book: Book, rule: CheckedRule, path: Path, covering: bool = False
) -> tuple[list[TestResult], Coverage]:
    """Run one file of tests. A file that cannot be read is one failing test."""
    coverage = Coverage(rule.id)
    if not path.is_file():
        detail = f"没有 {path.name}；请写测试"
        return [TestResult(rule.id, "file", path.name, False, detail)], coverage
    try:
        tests = read_one(path, RuleTests)
    except BookError as error:
        return [TestResult(rule.id, "file", path.name, False, str(error))], coverage
    results: list[TestResult] = []
    for case in tests.cases:
        results.append(_safely(rule, "case", case.name, _case, book, rule, tests, case, coverage))
    for rows in tests.rows:
        results.append(_safely(rule, "rows", rows.name, _rows, book, rule, tests, rows))
    for made in tests.tables:
        results.append(
            _safely(rule, "tables", made.name, _tables, book, rule, tests, made, coverage)
        )
    proven = exemption_case(rule, tests)
    if proven is not None:
        args = (book, rule, tests, proven)
        results.append(_safely(rule, "exemption", NAME, _exempted, *args))
    if covering:
        _see(book, rule, tests, coverage)
    return results, coverage


def _see(book: Book, rule: CheckedRule, tests: RuleTests, coverage: Coverage) -> None:
    """Fill in what should be reached and what is not."""
    from budget_watch.engine.reach.demands import demands
    from budget_watch.engine.reach.verdicts import reached

    found = list(reached(rule, coverage.verdicts))
    try:
        found += demands(book, rule, tests)
    except (EngineError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        coverage.missing.append(f"不能计覆盖：{error}")
    excuses = {each.gap for each in tests.uncovered}
    gaps = [each.text for each in found if not each.met]
    coverage.demands = len(found)
    coverage.excused = len(excuses & set(gaps))
    coverage.missing += [each for each in gaps if each not in excuses]
    coverage.stale = sorted(excuses - set(gaps))


def exemption_case(rule: CheckedRule, tests: RuleTests) -> TablesCase | Case | None:
    """The test whose hit an exemption must take away: one on tables, else a case."""
    made = (each for each in tests.tables if any(one.level for one in each.expect))
    stated = (each for each in tests.cases if each.expect in LEVELS)
    return next(made, None) or next(stated, None)


def _exempted(book: Book, rule: CheckedRule, tests: RuleTests, case: TablesCase | Case) -> str:
    """An exemption over the grain of a hit takes that hit away, and nothing else."""
    if isinstance(case, Case):
        exempt = case.model_copy(
            update={"exempt": (TestExemption(),), "expect": "not_applicable", "message": None}
        )
        wanted = exempt.model_copy(update={"because": NAME, "provisional": False})
        return _case(book, rule, tests, wanted, Coverage(rule.id))
    setting = case_setting(book, case.as_of or tests.as_of, case.with_)
    reader = made_reader(case.model_extra or {}, {}, tests.defaults, case.not_delivered)

    def observations(*exemptions: CheckedExemption) -> pl.DataFrame:
        known = replace(book, exemptions=exemptions)
        return run_check(reader, known, setting.as_of, [rule.id], setting.overrides).observations

    before = observations()
    grain = before.filter(pl.col("outcome") == "hit")["grain"][0]
    after = observations(for_test(rule, grain_scope(rule, grain)))
    same = ["grain", "outcome", "level", "values"]
    others = pl.col("grain") != grain
    kept = before.filter(others).select(same).equals(after.filter(others).select(same))
    taken = after.filter(pl.col("exemption").is_not_null())["grain"].to_list() == [grain]
    return "" if kept and taken else f"“{case.name}”：登记 {grain} 之后结果不对"


def _safely(rule: CheckedRule, kind: str, name: str, test: Any, *args: Any) -> TestResult:
    try:
        wrong = test(*args)
    except (EngineError, pl.exceptions.PolarsError, ValueError, KeyError) as error:
        wrong = f"不能运行：{str(error).strip().splitlines()[0]}"
    return TestResult(rule.id, kind, name, not wrong, wrong or "")


def case_setting(book: Book, as_of: date, with_: Mapping[str, Any]) -> Setting:
    """The book's numbers for a day, some of them as a test says."""
    overrides: dict[str, Fraction] = {}
    for name, text in with_.items():
        if name not in book.params:
            raise ExpressionError(f"with：没有参数 {name}", "name")
        overrides[name] = exact(book.params[name].param, text, "with")
    return Setting(as_of, book.params, book.named, overrides)


def _inputs(rule: CheckedRule) -> dict[str, Column]:
    """What a case may set."""
    return dict(rule.columns)


def _case(book: Book, rule: CheckedRule, tests: RuleTests, case: Case, seen: Coverage) -> str:
    setting = case_setting(book, case.as_of or tests.as_of, case.with_)
    values = {**tests.base, **(case.model_extra or {})}
    frame = one_row(rule, values, setting, case.status)
    judged, verdict = verdict_of(rule, frame, setting)
    seen.verdicts.add(_label(verdict, judged["__v"][0]))
    observation = _observation(rule, judged, verdict, setting, case.exempt)
    got = observation["level"] or observation["outcome"]
    because = observation["because"] or ""
    if case.expect not in (*LEVELS, *OUTCOMES):
        return f"expect: {case.expect} 写法不对；应为 {'、'.join((*LEVELS, *OUTCOMES))}"
    wrong: list[str] = []
    if got != case.expect:
        wrong.append(f"应为 {case.expect}，得到 {got}（{because}）")
    if case.because is not None and case.because not in because:
        wrong.append(f"原因应为“{case.because}”，得到“{because}”")
    if observation["outcome"] == "hit" and bool(observation["provisional"]) != case.provisional:
        wrong.append(f"provisional 应为 {case.provisional}")
    if case.level_at is not None and observation["level_at"] != case.level_at:
        wrong.append(f"应为 levels[{case.level_at}]，得到 levels[{observation['level_at']}]")
    if case.message is not None:
        from budget_watch.engine.wording import fact

        stored = {name: frame[name][0] for name in rule.columns}
        said = fact(book, rule, stored, setting, None, frame["__period_end"][0])
        if case.message not in said:
            wrong.append(f"文字应含“{case.message}”，得到“{said}”")
    return "；".join(wrong)


def _label(verdict: Judgement, at: int) -> str:
    each: Verdict = verdict.verdicts[at]
    return f"level[{each.level}]" if each.outcome == "hit" else f"{each.outcome}：{each.because}"


def one_row(
    rule: CheckedRule, values: Mapping[str, Any], setting: Setting, status: str | None
) -> pl.DataFrame:
    """A frame of one row with the values of a case, as the judgement sees it."""
    columns = _inputs(rule)
    values = _peers_split(rule, values)
    unknown = [name for name in values if name not in columns]
    if unknown:
        from difflib import get_close_matches

        near = get_close_matches(unknown[0], list(columns), n=3)
        hint = f"；是否指 {'、'.join(near)}" if near else ""
        raise ExpressionError(f"规则没有 {unknown[0]}{hint}", "column")
    row: dict[str, Any] = {}
    for name, column in columns.items():
        try:
            row[name] = parse_value(values.get(name), column.type, column.den)
        except ExpressionError as error:
            raise ExpressionError(f"{name}：{error}", error.code) from error
    if status is not None and "data_status" in columns:
        row["data_status"] = status
    schema = {name: DTYPES[column.type.base] for name, column in columns.items()}
    frame = pl.DataFrame([row], schema=schema, orient="row")
    doubtful = status in ("快报", "初步", "第三方") or row.get("data_status") in (
        "快报",
        "初步",
        "第三方",
    )
    if rule.rule.shape == "row":
        doubtful = doubtful or row.get("stage") == "快报"
    build = rule_compiler(rule, setting)
    from budget_watch.engine.judge import period_end

    date_column = rule.source.date_column if rule.rule.shape == "row" and rule.source else None
    end = period_end(rule.columns, date_column) if rule.rule.shape == "row" else _grain_end(rule)
    day = pl.lit(setting.as_of) if end is None else end.fill_null(pl.lit(setting.as_of))
    del build
    return frame.with_columns(day.alias("__period_end"), pl.lit(doubtful).alias("__p_row"))


def _peers_split(rule: CheckedRule, values: Mapping[str, Any]) -> dict[str, Any]:
    """`p90: 100元` for a percentile that is stored as numerator and denominator."""
    found = dict(values)
    for name, peers in rule.peers.items():
        if peers.den is not None and name in found:
            found[f"{name}_num"], found[f"{name}_den"] = found.pop(name), 1
    return found


def _grain_end(rule: CheckedRule) -> pl.Expr | None:
    from budget_watch.engine.judge import period_end

    if rule.rule.shape == "within":
        from budget_watch.engine.windows import _date_value

        return period_end(rule.columns, _date_value(rule))
    columns = {name: rule.columns[name] for name in rule.columns if name not in rule.measures}
    return period_end(columns, None)


def _observation(
    rule: CheckedRule,
    judged: pl.DataFrame,
    verdict: Judgement,
    setting: Setting,
    exempt: Sequence[TestExemption] = (),
) -> dict[str, Any]:
    tally = RuleTally(rule.id)
    found = observed(rule, judged, verdict.verdicts, tally, shown(rule, setting))
    if exempt:
        whole = grain_scope(rule, found["grain"][0])
        terms = [_term(rule, each, whole) for each in exempt]
        found = without(found, terms, tally, setting.as_of)
    return found.row(0, named=True)


def _term(rule: CheckedRule, said: TestExemption, grain: Mapping[str, Any]) -> CheckedExemption:
    return for_test(rule, said.scope or grain, said.levels, said.since, said.until)


@dataclass(frozen=True)
class MadeRows:
    """A `rows` test made ready: what is read, the grain asked for, the wanted stored values."""

    reader: MadeReader
    setting: Setting
    frame: pl.DataFrame
    wanted: Mapping[str, Any]


def made_rows(book: Book, rule: CheckedRule, tests: RuleTests, case: RowsCase) -> MadeRows:
    """Make a `rows` test ready. Raises ExpressionError for what the rule does not have."""
    setting = case_setting(book, case.as_of or tests.as_of, case.with_)
    grain_values = {**tests.base, **case.grain}
    keys = {name for each in rule.measures.values() for name in each.keys}
    keys |= {each.cumulative[1] for each in rule.measures.values() if each.cumulative}
    grain = {
        name: grain_values.get(name, _placeholder(rule.columns[name]))
        for name in dict.fromkeys([*rule.grain, *sorted(keys)])
        if name in rule.columns
    }
    if rule.rule.shape == "row":
        grain |= {
            name: value
            for name, value in grain_values.items()
            if name in rule.columns and name not in rule.measures
        }
    reader = made_reader(case.model_extra or {}, grain, tests.defaults, case.not_delivered)
    frame = one_row(rule, grain, setting, None).drop(list(rule.measures))
    if "period_end" not in frame.columns:
        frame = frame.with_columns(pl.col("__period_end").alias("period_end"))
    wanted: dict[str, Any] = {}
    for name, text in case.expect.items():
        if name not in rule.measures:
            raise ExpressionError(f"没有计量 {name}", "name")
        column = rule.measures[name].column
        wanted[name] = parse_value(text, column.type, column.den)
    return MadeRows(reader, setting, frame, wanted)


def _rows(book: Book, rule: CheckedRule, tests: RuleTests, case: RowsCase) -> str:
    made = made_rows(book, rule, tests, case)
    plan = Plan(Frames(made.reader, made.setting))
    plan.add(rule.measures.values())
    wrong: list[str] = []
    for name, wanted in made.wanted.items():
        column = rule.measures[name].column
        got = attach(made.frame, rule.measures[name], plan)[name][0]
        if got != wanted:
            wrong.append(f"{name} 应为 {_said(wanted, column)}，得到 {_said(got, column)}")
    return "；".join(wrong)


def _said(value: object, column: Column) -> str:
    """A stored value as it is written in a test."""
    if value is None:
        return "null"
    if isinstance(value, int) and column.type.unit == (("money", 1),):
        return f"{value // 100}.{value % 100:02d}元" if value >= 0 else f"{value}分"
    return f"{Fraction(value, column.den)}" if isinstance(value, int) else str(value)


def _placeholder(column: Column) -> Any:
    if column.type.base == "num":
        return 1 if not column.type.unit else "1元"
    return {"date": date(2026, 1, 1), "bool": True}.get(column.type.base, "T")


def made_reader(
    extra: Mapping[str, Any],
    grain: Mapping[str, Any],
    defaults: Mapping[str, Mapping[str, Any]],
    not_delivered: Sequence[str],
) -> MadeReader:
    """A reader over the rows of a test; what a row does not say comes from grain and defaults."""
    known = sources()
    frames: dict[str, pl.DataFrame] = {}
    for name, rows in extra.items():
        if name not in known:
            raise ExpressionError(f"没有名为 {name} 的报表或主题表，也没有这个键", "source")
        source = known[name]
        base = {key: value for key, value in grain.items() if key in source.columns}
        frames[name] = frame_of(
            source, [{**base, **defaults.get(name, {}), **row} for row in rows or []]
        )
    if "mof_div_code" in grain:
        frames.setdefault(
            "unit", frame_of(known["unit"], [{"mof_div_code": grain["mof_div_code"]}])
        )
    return MadeReader(frames, not_delivered)


def _tables(
    book: Book, rule: CheckedRule, tests: RuleTests, case: TablesCase, seen: Coverage
) -> str:
    setting = case_setting(book, case.as_of or tests.as_of, case.with_)
    reader = made_reader(case.model_extra or {}, {}, tests.defaults, case.not_delivered)
    book = with_exemptions(book, rule, case)
    result = run_check(reader, book, setting.as_of, [rule.id], setting.overrides)
    return tables_differ(rule, case, result, seen)


def with_exemptions(book: Book, rule: CheckedRule, case: TablesCase) -> Book:
    """The book with the exemptions that a `tables` test registers."""
    if not case.exempt:
        return book
    return replace(book, exemptions=tuple(_term(rule, each, {}) for each in case.exempt))


def tables_differ(
    rule: CheckedRule, case: TablesCase, result: RunResult, seen: Coverage | None = None
) -> str:
    """How a run differs from what a `tables` test expects; empty if it does not."""
    seen = Coverage(rule.id) if seen is None else seen
    tally = result.per_rule[0]
    wrong: list[str] = []
    left = result.observations.to_dicts()
    for each in case.expect:
        found = next((row for row in left if _matches(rule, each, row)), None)
        if found is None:
            wrong.append(f"没有得到 {each.level or each.outcome} {each.grain} {each.values or ''}")
            continue
        left.remove(found)
        seen.verdicts.add(
            f"level[{found['level_at']}]"
            if found["outcome"] == "hit"
            else f"{found['outcome']}：{found['because'] or ''}"
        )
    for row in left:
        wrong.append(
            f"多出 {row['level'] or row['outcome']} {row['grain']} {row['values']} "
            f"{row['because'] or ''}"
        )
    if tally.message and tally.judged + len(case.expect) > 0:
        wrong.append(tally.message)
    for name in ("clear", "not_applicable"):
        wanted = getattr(case, name)
        got = getattr(tally, name)
        if wanted is not None and wanted != got:
            wrong.append(f"{name} 应为 {wanted}，得到 {got}")
        if got:
            seen.verdicts.add(f"{name}：")
    return "；".join(wrong)


def _matches(rule: CheckedRule, expected: ExpectedGrain, row: Mapping[str, Any]) -> bool:
    if row["outcome"] == "hit":
        if expected.level != row["level"]:
            return False
    elif expected.outcome != row["outcome"]:
        return False
    for said in ("provisional", "level_at"):
        if getattr(expected, said) not in (None, row[said]):
            return False
    if expected.because is not None and expected.because not in (row["because"] or ""):
        return False
    grain, values = json.loads(row["grain"]), json.loads(row["values"])
    for known, wanted in ((grain, expected.grain), (values, expected.values)):
        for name, text in wanted.items():
            column = rule.columns.get(name)
            if column is None:
                raise ExpressionError(f"expect：规则没有列 {name}", "column")
            stored = parse_value(text, column.type, column.den)
            stored = stored.isoformat() if isinstance(stored, date) else stored
            if name not in known or known[name] != stored:
                return False
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of this module. Status 1 if a test fails."""
    parser = argparse.ArgumentParser(description="运行规则测试")
    parser.add_argument("rules", nargs="*", help="规则编号；缺省为全部")
    parser.add_argument("--book", default="rules", help="规则文件夹")
    parser.add_argument("--coverage", action="store_true", help="列出没有测到的部分")
    args = parser.parse_args(argv)
    book = load_book(Path(args.book), strict=False, only=args.rules or None)
    failures = len(book.mistakes)
    for mistake in book.mistakes:
        print(f"✗ {mistake}")
    for results, coverage in test_rules(book, coverage=args.coverage):
        bad = [each for each in results if not each.passed]
        failures += len(bad)
        print(f"{'✗' if bad else '✓'} {coverage.rule} {len(results) - len(bad)}/{len(results)}")
        for each in bad:
            print(f"    {each.kind}“{each.name}”：{each.detail}")
        if args.coverage:
            print(
                f"    覆盖 {coverage.percent}%（{coverage.demands} 项，已说明 {coverage.excused}）"
            )
        for text in coverage.missing:
            print(f"    未覆盖：{text}")
        for text in coverage.stale:
            print(f"    多余的 uncovered：{text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
