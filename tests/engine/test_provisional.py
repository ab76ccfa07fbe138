"""快报, 初步 and third-party figures: windows and queries that stand on them are never red."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from budget_watch.engine import run_check
from budget_watch.engine.oracle import Oracle, seen
from tests.engine.books import DAY, book_of, payment, reader_of

WITHIN = """
within:
  from: payment
  by: [fiscal_year, agency_code]
  order: day_no(pay_date)
  length: 3
  values: {total: sum(pay_amt), last_date: max(pay_date)}
levels: [{level: red, when: "total >= 100万元"}]
message: "{total:money}"
"""
QUERY = """
grain: [agency_code]
universe: {from: payment, columns: [agency_code]}
query: |
  SELECT agency_code, sum(pay_amt) AS total FROM payment
  WHERE pay_amt > 0 GROUP BY agency_code
levels: [{level: red, when: "total >= 100万元"}]
message: "{total:money}"
"""
FILTERED = QUERY.replace("pay_amt > 0", "data_status = '正式'")
PAID = [
    payment("a", "60万元", agency_code="101001", data_status="正式"),
    payment("b", "60万元", agency_code="101001", data_status="正式"),
    payment("c", "60万元", agency_code="101002", data_status="正式"),
    payment("d", "60万元", agency_code="101002", data_status="正式"),
    payment("e", "100万元", agency_code="101003", data_status="正式"),
]


def told(folder: Path, rule: str, paid: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
    """Unit → level and whether provisional; engine and oracle agree."""
    book = book_of(folder, {"PZ91": rule}, klass="法", confidence="H")
    reader = reader_of({"payment": paid})
    result = run_check(reader, book, DAY)
    assert not result.per_rule[0].message
    assert seen(result.observations) == Oracle(reader, book, DAY).run()
    rows = result.observations.to_dicts()
    return {
        json.loads(row["grain"])["agency_code"]: (row["level"], row["provisional"]) for row in rows
    }


@pytest.mark.parametrize("status", ["快报", "初步", "第三方"])
@pytest.mark.parametrize("rule", [WITHIN, QUERY], ids=["within", "query"])
def test_what_stands_on_a_provisional_row_stops_at_orange(
    tmp_path: Path, rule: str, status: str
) -> None:
    paid = [dict(row) for row in PAID]
    assert set(told(tmp_path, rule, paid).values()) == {("red", False)}
    paid[1]["data_status"] = status
    assert told(tmp_path, rule, paid) == {
        "101001": ("orange", True), "101002": ("red", False), "101003": ("red", False),
    }  # fmt: skip


def test_a_query_that_leaves_the_provisional_rows_out_is_firm(tmp_path: Path) -> None:
    paid = [*PAID, payment("f", "5元", agency_code="101003", data_status="快报")]
    assert told(tmp_path, FILTERED, paid)["101003"] == ("red", False)
    assert told(tmp_path, QUERY, paid)["101003"] == ("orange", True)


def test_a_correction_is_not_provisional(tmp_path: Path) -> None:
    paid = [{**row, "data_status": "更正"} for row in PAID]
    assert set(told(tmp_path, QUERY, paid).values()) == {("red", False)}


def test_a_query_over_two_tables_is_provisional_by_either(tmp_path: Path) -> None:
    rule = """
    grain: [pay_cert_id]
    universe: {from: payment, columns: [pay_cert_id]}
    query: |
      SELECT p.pay_cert_id AS pay_cert_id, sum(e.ytd_amt) AS done FROM payment p
      JOIN execution_month e ON e.mof_div_code = p.mof_div_code GROUP BY p.pay_cert_id
    levels: [{level: red, when: "done >= 1元"}]
    message: "{done:money}"
    """
    book = book_of(tmp_path, {"PZ91": rule}, klass="法", confidence="H")
    for stage, level in (("月报", "red"), ("快报", "orange")):
        report = {"fiscal_year": 2026, "month": 9, "mof_div_code": "990100000", "stage": stage}
        report |= {"scope_kind": "本级", "code": "201", "ytd_amt": "5元"}
        reader = reader_of({"payment": PAID[:1], "execution_month": [report]})
        result = run_check(reader, book, DAY)
        assert seen(result.observations) == Oracle(reader, book, DAY).run()
        assert result.observations["level"].to_list() == [level]
