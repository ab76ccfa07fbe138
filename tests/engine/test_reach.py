"""Coverage: what the tests of a rule reach, what they miss, and what may be excused."""

from __future__ import annotations

from pathlib import Path

from budget_watch.engine import load_book
from budget_watch.engine.testing import run_tests
from tests.engine.books import write_book
from tests.engine.test_mutate import BASE, CASES, ROWS, RULE, TABLES

FULL = CASES + "  - {name: 缺支出, spent: null, expect: insufficient_data}\n" + ROWS + TABLES


def missing(folder: Path, tests: str, rule: str = RULE) -> list[str]:
    """What is not reached in a one-rule book whose tests pass."""
    write_book(folder, {"ZX99": rule})
    (folder / "execution" / "ZX99.test.yaml").write_text(BASE + tests, encoding="utf-8")
    run = run_tests(load_book(folder), coverage=True)
    assert [each.detail for each in run.results if not each.passed] == []
    return run.coverages[0].missing


def test_tests_that_reach_everything_are_at_a_hundred_per_cent(tmp_path: Path) -> None:
    assert missing(tmp_path, FULL) == []
    run = run_tests(load_book(tmp_path), coverage=True)
    assert run.summary["coverage"] == 100.0 and run.summary["uncovered"] == 0
    assert run.coverages[0].demands > 12


def test_a_limit_must_be_seen_from_both_sides_one_unit_apart(tmp_path: Path) -> None:
    far = FULL.replace("恰在线, expect", "恰在线, spent: 499999.99元, expect")
    assert missing(tmp_path, far) == [
        "界线 spent > param('limit.amount')：不成立的一侧紧贴界线",
    ]
    far = FULL.replace("500000.01元", "500000.02元")
    assert missing(tmp_path, far) == ["界线 spent > param('limit.amount')：成立的一侧紧贴界线"]


def test_every_part_of_a_condition_must_be_seen_true_and_false(tmp_path: Path) -> None:
    rule = RULE.replace("spent > param(", "fiscal_year = 2026 and spent > param(")
    assert missing(tmp_path, FULL, rule) == ["条件 fiscal_year = 2026：不成立"]


def test_every_part_of_a_filter_must_keep_a_row_out(tmp_path: Path) -> None:
    rows = FULL.replace("      - {fiscal_year: 2025, pay_amt: 5元, scope_kind: 县区}\n", "")
    assert missing(tmp_path, rows) == [
        "计量 spent：有不符合 scope_kind = '本级' 而本可改变结果的行"
    ]
    rows = FULL.replace(
        ", scope_kind: 县区}\n    payment: []", ", scope_kind: 本级}\n    payment: []"
    )
    rows = rows.replace("not_applicable: 2", "not_applicable: 3")
    assert missing(tmp_path, rows) == ["universe.when scope_kind = '本级'：有不成立的行"]


def test_a_measure_that_no_rows_give_is_missed(tmp_path: Path) -> None:
    found = missing(tmp_path, FULL.replace(ROWS, ""))
    assert found == [
        "计量 spent 由 rows 或 tables 算过",
        "计量 spent：有不符合 scope_kind = '本级' 而本可改变结果的行",
    ]


def test_a_measure_taken_away_must_leave_the_level_unknown(tmp_path: Path) -> None:
    rule = RULE.replace("spent > param(", "coalesce(spent, 0元) > param(")
    rule = rule.replace("spent < 100元", "coalesce(spent, 100元) < 100元")
    tests = FULL.replace("  - {name: 缺支出, spent: null, expect: insufficient_data}\n", "")
    assert "缺 spent 时数据不足" in missing(tmp_path, tests, rule)
    stated = FULL.replace(
        "缺支出, spent: null, expect: insufficient_data", "缺, spent: null, expect: clear"
    )
    assert "缺 spent 时数据不足" not in missing(tmp_path, stated, rule)


def test_a_gap_is_excused_with_a_reason_and_an_excuse_for_nothing_is_stale(tmp_path: Path) -> None:
    tests = FULL.replace("500000.01元", "500000.02元") + (
        "uncovered:\n"
        "  - {gap: \"界线 spent > param('limit.amount')：成立的一侧紧贴界线\", because: 试验}\n"
        "  - {gap: 没有这一项, because: 试验}\n"
    )
    assert missing(tmp_path, tests) == []
    coverage = run_tests(load_book(tmp_path), coverage=True).coverages[0]
    assert (coverage.excused, coverage.stale) == (1, ["没有这一项"])


def test_a_failing_test_shows_nothing_of_coverage(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX99": RULE})
    path = tmp_path / "execution" / "ZX99.test.yaml"
    path.write_text(BASE + FULL.replace("expect: yellow", "expect: clear"), encoding="utf-8")
    run = run_tests(load_book(tmp_path), coverage=True)
    assert run.summary["failed"] == 1
    assert "不能计覆盖：有测试不通过；请先运行 rules test" in run.coverages[0].missing


def test_without_coverage_nothing_is_demanded(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX99": RULE})
    (tmp_path / "execution" / "ZX99.test.yaml").write_text(BASE + CASES, encoding="utf-8")
    run = run_tests(load_book(tmp_path))
    assert run.summary["demands"] == 0 and run.summary["coverage"] is None
