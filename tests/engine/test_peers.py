"""Percentiles among peers: nearest rank, exact, equal to the oracle's."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_watch.engine import load_book, run_check
from budget_watch.engine.errors import BookError
from budget_watch.engine.oracle import Oracle, seen
from tests.engine.books import CITY, DAY, book_of, line, payment, reader_of, write_book

RULE = """
grain: [fiscal_year, mof_div_code, dept_code, agency_code]
universe: {from: budget_line}
measures:
  spent: {from: payment, value: sum(pay_amt)}
  cars: {from: payment, value: count(distinct pay_cert_id), when: "pay_amt > 0元"}
let: {per_car: spent / cars}
peers:
  p90: {of: per_car, by: [fiscal_year, dept_code], percentile: 90, least: 5, title: 单车费用九成位}
levels: [{level: yellow, when: "per_car > p90"}]
message: "{per_car:money}，同类{p90_peers}个，第{p90_rank}位，P90为{p90:money}"
"""


def _tables(each: list[tuple[str, str, list[int]]]) -> dict[str, Any]:
    """(department, agency, its payments in yuan)."""
    lines = [line("1元", dept_code=dept, agency_code=unit, bgt_id=unit) for dept, unit, _ in each]
    paid = [
        payment(f"{unit}-{at}", f"{amount}元", dept_code=dept, agency_code=unit)
        for dept, unit, amounts in each
        for at, amount in enumerate(amounts)
    ]
    return {"budget_line": lines, "payment": paid}


def _run(folder: Path, rule: str, tables: dict[str, Any]) -> list[dict[str, Any]]:
    book, reader = book_of(folder, {"SG91": rule}), reader_of(tables)
    result = run_check(reader, book, DAY)
    assert not result.per_rule[0].message
    assert seen(result.observations) == Oracle(reader, book, DAY).run()
    return [
        {**row, "values": json.loads(row["values"]), "grain": json.loads(row["grain"])}
        for row in result.observations.to_dicts()
    ]


def test_the_one_above_the_nearest_rank_hits_and_its_place_is_kept(tmp_path: Path) -> None:
    each = [("101", f"101{at:03}", [100 + at]) for at in range(10)]
    found = _run(tmp_path, RULE, _tables(each))
    assert [(row["outcome"], row["grain"]["agency_code"]) for row in found] == [("hit", "101009")]
    values = {name: found[0]["values"][name] for name in found[0]["values"] if "p90" in name}
    assert values == {
        "p90_num": 10800, "p90_den": 1, "p90_rank": 1, "p90_peers": 10, "p90_unknown": 0,
    }  # fmt: skip


def test_fewer_peers_than_least_are_missing_data_with_the_count(tmp_path: Path) -> None:
    each = [("101", f"101{at:03}", [100 + at]) for at in range(4)]
    found = _run(tmp_path, RULE, _tables(each))
    assert {row["outcome"] for row in found} == {"insufficient_data"}
    assert "单车费用九成位：同类中有数据的只有 4 个" in found[0]["because"]


def test_kinds_are_not_mixed_and_units_without_cars_are_no_peers(tmp_path: Path) -> None:
    each = [("101", f"101{at:03}", [100 + at]) for at in range(10)]
    each += [("102", f"102{at:03}", [900 + at]) for at in range(10)]
    each += [("102", "102999", [])]  # nothing paid: 0 ÷ 0 compares with nobody
    found = _run(tmp_path, RULE, _tables(each))
    hits = {row["grain"]["agency_code"]: row["values"] for row in found}
    assert set(hits) == {"101009", "102009"}
    assert hits["102009"]["p90_num"] == 90800
    assert (hits["102009"]["p90_peers"], hits["102009"]["p90_unknown"]) == (10, 1)


def test_equal_fractions_share_a_rank_and_the_smallest_denominator_speaks(tmp_path: Path) -> None:
    each = [("101", f"101{at:03}", [50, 50]) for at in range(3)]
    each += [("101", "101900", [50]), ("101", "101901", [10]), ("101", "101902", [51])]
    rule = RULE.replace("percentile: 90", "percentile: 80").replace(
        "per_car > p90", "per_car >= p90"
    )
    found = _run(tmp_path, rule, _tables(each))
    assert {row["grain"]["agency_code"]: row["values"]["p90_rank"] for row in found} == {
        "101902": 1, "101000": 2, "101001": 2, "101002": 2, "101900": 2,
    }  # fmt: skip
    assert {(row["values"]["p90_num"], row["values"]["p90_den"]) for row in found} == {(5000, 1)}


def test_a_doubtful_peer_makes_the_percentile_doubtful(tmp_path: Path) -> None:
    each = [("101", f"101{at:03}", [100 + at]) for at in range(10)]
    tables = _tables(each)
    tables["payment"][0]["data_status"] = "快报"
    assert [row["provisional"] for row in _run(tmp_path, RULE, tables)] == [True]


def test_percentile_and_least_may_be_parameters_and_a_let_may_use_the_result(
    tmp_path: Path,
) -> None:
    rule = """
    grain: [fiscal_year, mof_div_code, agency_code]
    universe: {from: budget_line}
    measures: {spent: {from: payment, value: sum(pay_amt)}}
    peers: {upper: {of: spent, by: [fiscal_year], when: "spent > 0元", percentile: "param('share')", least: "param('few')"}}
    let: {above: spent - upper}
    levels: [{level: yellow, when: "above > 0元"}]
    message: "{above:money}"
    """  # noqa: E501
    params = """
- {id: share, title: 分位, unit: ratio, values: [{from: 2018-01-01, value: 50%, authority: customary}, {from: 2018-01-01, value: 80%, authority: local, jurisdiction: "990102"}]}
- {id: few, title: 个数, unit: count, values: [{from: 2018-01-01, value: 2, authority: customary}]}
"""  # noqa: E501
    book = book_of(tmp_path, {"SG91": rule}, params=params)
    each = [("101", f"10100{at}", [at]) for at in range(6)]  # 0 is no peer
    tables = _tables(each)
    for row in (*tables["budget_line"], *tables["payment"]):
        row["mof_div_code"] = "990102000" if row["agency_code"] in ("101004", "101005") else CITY
    reader = reader_of(tables)
    result = run_check(reader, book, DAY)
    assert seen(result.observations) == Oracle(reader, book, DAY).run()
    found = {
        json.loads(row["grain"])["agency_code"]: json.loads(row["values"])["upper"]
        for row in result.observations.filter(result.observations["outcome"] == "hit").to_dicts()
    }
    assert found == {"101005": 400}  # half of five: 300; four fifths of five: 400


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("percentile: 90", "percentile: 0", "应写 1 到 100 的数"),
        ("percentile: 90", "percentile: 101", "应写 1 到 100 的数"),
        ("least: 5", "least: 0", "应写不小于 1 的整数"),
        ("by: [fiscal_year, dept_code]", "by: [fiscal_yaer]", "没有列 fiscal_yaer"),
        ("of: per_car", "of: dept_code", "应是一个数或金额"),
        ("of: per_car", "of: per_car + per_car", "不能除以列"),
        ("p90: {of", "fiscal_year: {of", "已是列名"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    write_book(tmp_path, {"SG91": RULE.replace(old, new)})
    with pytest.raises(BookError, match=said):
        load_book(tmp_path)


def test_row_rules_have_no_peers(tmp_path: Path) -> None:
    rule = """
    each: payment
    peers: {p: {of: pay_amt, by: [dept_code], percentile: 90, least: 5}}
    levels: [{level: yellow, when: "pay_amt > 1元"}]
    message: "x"
    """
    write_book(tmp_path, {"SG91": rule})
    with pytest.raises(BookError, match="peers 只用于"):
        load_book(tmp_path)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(-5, 40), max_size=4)),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 100),
)
@settings(max_examples=25, deadline=None)
def test_the_percentile_is_the_nearest_rank_of_the_exact_fractions(
    tmp_path_factory: Any, units: list[tuple[int, list[int]]], percentile: int
) -> None:
    each = [(f"10{dept}", f"u{at}", amounts) for at, (dept, amounts) in enumerate(units)]
    rule = RULE.replace("percentile: 90, least: 5", f"percentile: {percentile}, least: 1")
    rule = rule.replace("per_car > p90", "per_car > p90 or true")
    found = _run(tmp_path_factory.mktemp("book"), rule, _tables(each))
    exact = {
        (dept, unit): Fraction(sum(amounts) * 100, count)
        for dept, unit, amounts in each
        if (count := sum(amount > 0 for amount in amounts))
    }
    for row in found:
        values, grain = row["values"], row["grain"]
        kind = sorted(value for (dept, _), value in exact.items() if dept == grain["dept_code"])
        assert values["p90_peers"] == len(kind)
        if kind:
            wanted = kind[math.ceil(Fraction(percentile, 100) * len(kind)) - 1]
            assert Fraction(values["p90_num"], values["p90_den"]) == wanted


def test_a_case_states_the_percentile_as_one_value(tmp_path: Path) -> None:
    from budget_watch.engine.testing import run_tests

    write_book(tmp_path, {"SG91": RULE})
    cases = """
base: {fiscal_year: 2026, mof_div_code: "990100000", dept_code: "101", agency_code: "101001", cars: 2, p90: 1万元}
cases:
  - {name: 恰在九成位, spent: 2万元, expect: clear}
  - {name: 高一分, spent: 20000.01元, p90_peers: 10, p90_rank: 1, expect: yellow, message: "10,000.01元，同类10个，第1位，P90为10,000.00元"}
  - {name: 同类太少, spent: 2万元, p90: null, expect: insufficient_data}
"""  # noqa: E501
    (tmp_path / "execution" / "SG91.test.yaml").write_text(cases, encoding="utf-8")
    ran = [each for each in run_tests(load_book(tmp_path)).results if each.kind == "case"]
    assert [(each.name, each.passed, each.detail) for each in ran] == [
        ("恰在九成位", True, ""), ("高一分", True, ""), ("同类太少", True, ""),
    ]  # fmt: skip


def test_the_page_and_the_explanation_name_the_percentile(tmp_path: Path) -> None:
    from budget_watch.engine.doc import page
    from budget_watch.engine.explain import explain

    each = [("101", f"101{at:03}", [100 + at]) for at in range(10)]
    rule = RULE.replace("percentile: 90", "percentile: \"param('lag.serious')\"")
    book, reader = book_of(tmp_path, {"SG91": rule}), reader_of(_tables(each))
    assert "单车费用九成位（`p90`）：`per_car` 在同一 fiscal_year、dept_code" in page(
        book, book.rules["SG91"]
    )
    row = run_check(reader, book, DAY).observations.row(0, named=True)
    assert [used.id for used in explain(reader, book, row).parameters] == ["lag.serious"]
