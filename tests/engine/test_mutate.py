"""Mutation: each change of a rule is noticed by one of its tests, or excused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.engine import load_book
from budget_watch.engine.cases import RuleTests
from budget_watch.engine.mutate.bench import FramedCase, bench
from budget_watch.engine.mutate.queries import changed
from budget_watch.engine.mutate.run import MutationRun, mutate, of_rule
from budget_watch.engine.mutate.shapes import mutants
from budget_watch.engine.mutate.trees import changes, put
from budget_watch.engine.parse import Scope, parse
from budget_watch.engine.sources import sources
from budget_watch.engine.testing import test_file as file_of
from budget_watch.engine.written import written
from budget_watch.engine.yaml_file import read_one
from tests.engine.books import book_of, write_book

ROOT = Path(__file__).parents[2]
RULE = """
grain: [fiscal_year, mof_div_code, dept_code]
universe: {from: budget_line, when: "scope_kind = '本级'"}
measures:
  spent: {from: payment, value: sum(pay_amt), when: "scope_kind = '本级'", shift: {fiscal_year: -1}}
skip: [{when: "spent < 100元", because: 金额小}]
levels: [{level: yellow, when: "spent > param('limit.amount')"}]
message: "支付{spent:money}"
"""
BASE = 'base: {fiscal_year: 2026, mof_div_code: "990100000", dept_code: "101", spent: 50万元}'
CASES = """
cases:
  - {name: 恰在线, expect: clear}
  - {name: 线上一分, spent: 500000.01元, expect: yellow}
  - {name: 恰一百元, spent: 100元, expect: clear}
  - {name: 不足一百元, spent: 99.99元, expect: not_applicable, because: 金额小}
"""
ROWS = """
rows:
  - name: 只计本级上年
    payment:
      - {fiscal_year: 2025, pay_amt: 3元, scope_kind: 本级}
      - {fiscal_year: 2025, pay_amt: 5元, scope_kind: 县区}
      - {fiscal_year: 2026, pay_amt: 7元, scope_kind: 本级}
    expect: {spent: 3元}
"""
TABLES = """
tables:
  - name: 只判断本级
    budget_line:
      - {fiscal_year: 2026, mof_div_code: "990100000", dept_code: "101", scope_kind: 本级}
      - {fiscal_year: 2026, mof_div_code: "990100000", dept_code: "102", scope_kind: 本级}
      - {fiscal_year: 2026, mof_div_code: "990101000", dept_code: "A2101", scope_kind: 县区}
    payment: []
    expect: []
    not_applicable: 2
"""


def names(folder: Path, tests: str) -> tuple[set[str], tuple[str, ...], int]:
    """Open survivors, stale excuses and the number of mutants of a one-rule book."""
    write_book(folder, {"ZX99": RULE})
    (folder / "execution" / "ZX99.test.yaml").write_text(tests, encoding="utf-8")
    score = of_rule(load_book(folder), "ZX99")
    assert score.problem == ""
    return (
        {each.name for each in score.survivors if each.because is None},
        score.stale,
        score.mutants,
    )


def test_a_rule_whose_tests_pin_everything_lets_no_mutant_live(tmp_path: Path) -> None:
    left, stale, count = names(tmp_path, BASE + CASES + ROWS + TABLES)
    assert (left, stale) == (set(), ())
    assert count > 20


def test_without_tables_nobody_notices_a_wider_universe(tmp_path: Path) -> None:
    left, _, _ = names(tmp_path, BASE + CASES + ROWS)
    assert left == {
        "universe.when: scope_kind = '本级' → scope_kind <> '本级'",
        "universe.when: scope_kind = '本级' → scope_kind = '本级#'",
        "universe.when: scope_kind = '本级' → （去掉）",
    }


def test_a_boundary_seen_from_one_side_leaves_its_number_and_sign_open(tmp_path: Path) -> None:
    cases = CASES.replace("  - {name: 恰在线, expect: clear}\n", "")
    left, _, _ = names(tmp_path, BASE + cases + ROWS + TABLES)
    assert left == {
        "levels[0]: spent > param('limit.amount') → spent >= param('limit.amount')",
        "params: limit.amount 500000元 → 499999.99元",
    }


def test_rows_that_all_count_leave_the_filter_and_the_shift_open(tmp_path: Path) -> None:
    rows = ROWS.replace("      - {fiscal_year: 2025, pay_amt: 5元, scope_kind: 县区}\n", "")
    rows = rows.replace("      - {fiscal_year: 2026, pay_amt: 7元, scope_kind: 本级}\n", "")
    left, _, _ = names(tmp_path, BASE + CASES + rows + TABLES)
    assert left == {"measures.spent: when scope_kind = '本级' → （去掉）"}
    # without last year's rows the shifted sum is zero: dropping the shift is still noticed


def test_a_survivor_is_excused_with_a_reason_and_an_excuse_for_nothing_is_stale(
    tmp_path: Path,
) -> None:
    excuses = """
survivors:
  - {mutant: "universe.when: scope_kind = '本级' → （去掉）", because: 表里只有本级}
  - {mutant: "levels[0]: no such thing", because: 没有}
"""
    left, stale, _ = names(tmp_path, BASE + CASES + ROWS + excuses)
    assert stale == ("levels[0]: no such thing",)
    assert len(left) == 2


def test_a_survivor_names_file_line_and_both_texts(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX99": RULE})
    path = tmp_path / "execution" / "ZX99.yaml"
    path.with_suffix(".test.yaml").write_text(BASE + CASES + ROWS, encoding="utf-8")
    first = of_rule(load_book(tmp_path), "ZX99").survivors[0].record()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert first["file"] == str(path)
    assert lines[first["line"] - 1].startswith("universe:")
    assert (first["original"], first["mutant"]) == ("scope_kind = '本级'", "scope_kind <> '本级'")


def test_spawned_processes_say_what_one_process_says(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX98": RULE, "ZX99": RULE})
    for name in ("ZX98", "ZX99"):
        path = tmp_path / "execution" / f"{name}.test.yaml"
        path.write_text(BASE + CASES + ROWS, encoding="utf-8")
    alone = MutationRun(list(mutate([tmp_path], processes=1)))
    together = MutationRun(list(mutate([tmp_path], processes=2)))
    assert [each.survivors for each in alone.scores] == [each.survivors for each in together.scores]
    assert alone.summary == together.summary
    assert alone.failed and alone.summary["survivors"] == 6


def test_a_rule_without_tests_is_a_problem(tmp_path: Path) -> None:
    score = of_rule(book_of(tmp_path, {"ZX99": RULE}), "ZX99")
    assert "没有 ZX99.test.yaml" in score.problem
    assert MutationRun([score]).failed


@pytest.mark.parametrize(
    ("text", "mutants_"),
    [
        (
            "pay_amt > 5元",
            {"pay_amt >= 5元", "pay_amt < 5元", "pay_amt > 5.01元", "pay_amt > 4.99元"},
        ),
        ("month = 3", {"month <> 3", "month = 4", "month = 2"}),
        (
            "agency_code = 'a' and not is_sal",
            {
                "agency_code = 'a' or not is_sal",
                "agency_code = 'a'",
                "not is_sal",
                "agency_code <> 'a' and not is_sal",
                "agency_code = 'a#' and not is_sal",
                "agency_code = 'a' and is_sal",
            },
        ),
        (
            "starts_with(agency_code, '1')",
            {"contains(agency_code, '1')", "starts_with(agency_code, '1#')"},
        ),
        (
            "pay_date < date '2026-03-01'",
            {
                "pay_date <= date '2026-03-01'",
                "pay_date > date '2026-03-01'",
                "pay_date < date '2026-03-02'",
                "pay_date < date '2026-02-28'",
            },
        ),
        ("is_sal is not null", {"is_sal is null"}),
        ("pay_amt * 20% > 0.5元", None),
    ],
)
def test_what_is_changed_in_an_expression(text: str, mutants_: set[str] | None) -> None:
    tree = parse(text, Scope(sources()["payment"].columns))
    found = {written(put(tree, each)) for each in changes(tree)}
    if mutants_ is not None:
        assert found == mutants_
    else:
        assert "pay_amt * 21% > 0.5元" in found and "pay_amt * 20% > 0.51元" in found


def test_a_tree_is_written_so_that_it_reads_as_the_same_tree() -> None:
    scope = Scope(sources()["payment"].columns)
    texts = [
        "(pay_amt + 1元) * 2 - pay_amt * (2 - 1) > 0元 or not (is_sal and month = 3)",
        "case when month in (1, 2) then pay_amt else -pay_amt end >= coalesce(pay_amt, 0元)",
        "agency_code like '1%' and pay_amt - (pay_amt - 1元) <> 5元",
        "pay_date + 30日 < date '2026-01-01' and substr(agency_code, 1, 3) = '101'",
        "(agency_code = 'x') is null",
    ]
    for text in texts:
        tree = parse(text, scope)
        assert parse(written(tree), scope).key == tree.key, written(tree)


def test_what_is_changed_in_sql() -> None:
    sql = "SELECT pay_app_id, SUM(pay_amt) AS s FROM payment WHERE month > 3 AND NOT is_sal GROUP BY pay_app_id HAVING SUM(pay_amt) > 5"  # noqa: E501
    found = {each.mutant for each in changed(sql)}
    assert found == {
        "COUNT(pay_amt) AS s",
        "（无）",
        "(month > 3 OR NOT is_sal)",
        "month > 3",
        "NOT is_sal",
        "month >= 3",
        "month < 3",
        "month > 4",
        "month > 2",
        "month > 3 AND is_sal",
        "SUM(pay_amt) >= 5",
        "SUM(pay_amt) < 5",
        "SUM(pay_amt) > 6",
        "SUM(pay_amt) > 4",
        "COUNT(pay_amt) > 5",
    }


def test_the_exact_judge_agrees_with_the_real_one_on_the_cases_of_the_book() -> None:
    """A case left to the slow judge is one whose dates or sums are past all bounds."""
    book = load_book(ROOT / "rules")
    slow = total = 0
    for rule in book.rules.values():
        tests = read_one(file_of(book, rule.id), RuleTests)
        cases = bench(book, rule, tests.model_copy(update={"rows": (), "tables": ()})).cases
        total += len(cases)
        slow += sum(isinstance(each, FramedCase) for each in cases)
    assert total > 500 and slow * 50 < total


def test_every_mutant_of_the_book_has_a_name_of_its_own() -> None:
    book = load_book(ROOT / "rules")
    for rule in book.rules.values():
        found = [each.name for each in mutants(book, rule)]
        assert len(found) == len(set(found)), rule.id
