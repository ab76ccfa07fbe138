"""What a run counts by fiscal year: of grains, rows, queries, and what an exemption takes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from budget_watch.engine import load_book, run_check
from tests.engine.books import DAY, book_of, line, payment, reader_of, write_book

GRAIN = """
grain: [fiscal_year, dept_code]
universe: {from: budget_line}
measures: {budget: {from: budget_line, value: sum(current_amt)}}
skip: [{when: "budget <= 0元", because: 没有预算}]
requires: [{when: "budget <> 30元", because: 待核对}]
levels: [{level: yellow, when: "budget > 50元"}]
message: "{budget:money}"
"""
ROWS = """
each: payment
when: "pay_amt > 0元"
levels: [{level: yellow, when: "pay_amt >= 50元"}]
message: "{pay_amt:money}"
"""
QUERY = """
grain: [fiscal_year, dept_code]
universe: {from: payment, columns: [fiscal_year, dept_code]}
query: |
  SELECT fiscal_year, dept_code, sum(pay_amt) AS total FROM payment
  WHERE pay_amt > 50元 GROUP BY fiscal_year, dept_code
levels: [{level: yellow, when: "total > 50元"}]
message: "{total:money}"
"""
MONTHS = """
grain: [month, dept_code]
universe: {from: budget_line, columns: [month, dept_code]}
measures: {budget: {from: budget_line, value: sum(current_amt)}}
levels: [{level: yellow, when: "budget > 50元"}]
message: "{budget:money}"
"""
EXEMPTION = """
- id: LW-1
  rule: ZX91
  scope: {dept_code: "101"}
  from: 2024-01-01
  to: 2026-12-31
  registered_by: 张三
  approved_by: 李四
  reason: 集中结算
  document: 区政府会议纪要〔2026〕3号
"""


def lines() -> list[dict[str, Any]]:
    return [
        line("100元", fiscal_year=2025),
        line("100元", fiscal_year=2026),
        line("60元", fiscal_year=2026, dept_code="102"),
        line("40元", fiscal_year=2026, dept_code="103"),
        line("0元", fiscal_year=2026, dept_code="104"),
        line("30元", fiscal_year=2026, dept_code="105"),
    ]


def counted(book: Any, reader: Any) -> tuple[Any, Any]:
    record = run_check(reader, book, DAY).per_rule[0].record()
    return record["years"], record["aside"]


def test_grains_are_counted_in_their_fiscal_year_with_why_they_are_not_judged(
    tmp_path: Path,
) -> None:
    book = book_of(tmp_path, {"ZX91": GRAIN})
    assert counted(book, reader_of({"budget_line": lines()})) == (
        {
            "2025": {"hit": 1},
            "2026": {"clear": 1, "hit": 2, "insufficient_data": 1, "not_applicable": 1},
        },
        {"2026": {"没有预算": 1}},
    )


def test_an_exemption_moves_the_hits_of_its_year(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX91": GRAIN})
    (tmp_path / "exemptions").mkdir()
    (tmp_path / "exemptions" / "all.yaml").write_text(EXEMPTION, encoding="utf-8")
    assert counted(load_book(tmp_path), reader_of({"budget_line": lines()})) == (
        {
            "2025": {"not_applicable": 1},
            "2026": {"clear": 1, "hit": 1, "insufficient_data": 1, "not_applicable": 2},
        },
        {"2025": {"例外情形登记": 1}, "2026": {"没有预算": 1, "例外情形登记": 1}},
    )


def test_rows_and_queries_are_counted_in_their_fiscal_year(tmp_path: Path) -> None:
    paid = {
        "payment": [
            payment("a", "60元", fiscal_year=2025),
            payment("b", "60元"),
            payment("c", "40元", dept_code="102"),
        ]
    }
    wanted = ({"2025": {"hit": 1}, "2026": {"clear": 1, "hit": 1}}, {})
    assert counted(book_of(tmp_path / "r", {"ZX91": ROWS}), reader_of(paid)) == wanted
    assert counted(book_of(tmp_path / "q", {"ZX91": QUERY}), reader_of(paid)) == wanted


def test_what_does_not_know_its_year_is_counted_in_none(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": MONTHS})
    assert counted(book, reader_of({"budget_line": lines()})) == ({}, {})
