"""例外情形登记: what it takes out in every shape of rule, its term, and what the loader refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from budget_watch.engine import load_book, run_check
from budget_watch.engine.errors import BookError
from budget_watch.engine.load import Book
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.engine.result import RunResult
from budget_watch.engine.testing import run_tests
from tests.engine.books import CITY, DAY, line, payment, reader_of, write_book

ROW = """
each: payment
levels:
  - {level: orange, when: "pay_amt >= 100万元"}
  - {level: yellow, when: "pay_amt >= 50万元"}
message: "支付{pay_amt:money}"
"""
MONTHS = """
grain: [fiscal_year, month, mof_div_code, dept_code]
universe: {from: budget_line, periods: months_to_as_of}
measures: {spent: {from: payment, value: sum(pay_amt)}}
levels: [{level: yellow, when: "spent < 1元"}]
message: "{spent:money}"
"""
YEARS = """
grain: [fiscal_year, mof_div_code, dept_code]
universe: {from: budget_line, periods: years_started}
measures: {spent: {from: payment, value: sum(pay_amt)}}
levels: [{level: yellow, when: "spent < 1元"}]
message: "{spent:money}"
"""
WITHIN = """
within:
  from: payment
  by: [fiscal_year, agency_code]
  order: day_no(pay_date)
  length: 3
  values: {n: count(*), last_date: max(pay_date), mof_div_code: min(mof_div_code)}
levels: [{level: yellow, when: "n >= 2"}]
message: "{n:int}笔"
"""
QUERY = """
grain: [pay_cert_id]
universe: {from: payment, columns: [pay_cert_id]}
query: "SELECT pay_cert_id, sum(pay_amt) AS total FROM payment GROUP BY pay_cert_id"
levels: [{level: yellow, when: "total >= 50万元"}]
message: "{total:money}"
"""


def entry(rule: str, scope: str, more: str = "", **change: str) -> str:
    """One entry of the register."""
    term = {"from": "2026-01-01", "to": "2026-12-31", "by": "张三", "and_by": "李四"} | change
    basis = change.get("basis", "document: 区政府会议纪要〔2026〕3号")
    return (
        f"- id: LW-1\n  rule: {rule}\n  scope: {scope}\n  from: {term['from']}\n"
        f"  to: {term['to']}\n  registered_by: {term['by']}\n  approved_by: {term['and_by']}\n"
        f"  reason: 集中结算\n  {basis}\n  {more}\n"
    )


def book_of(folder: Path, rule: str, text: str, **options: Any) -> Book:
    write_book(folder, {"ZX91": rule}, **options)
    (folder / "exemptions").mkdir(exist_ok=True)
    (folder / "exemptions" / "all.yaml").write_text(text, encoding="utf-8")
    return load_book(folder)


def run(book: Book, reader: MadeReader, as_of: date = DAY) -> RunResult:
    result = run_check(reader, book, as_of)
    assert seen(result.observations) == Oracle(reader, book, as_of).run()
    tally = result.per_rule[0].record()
    parts = ("hit", "clear", "not_applicable", "insufficient_data", "error")
    assert tally["hit"] == sum(tally["levels"].values())
    if "within" not in book.rules["ZX91"].rule.shape:
        assert tally["judged"] == sum(tally[part] for part in parts)
    return result


def told(result: RunResult) -> list[tuple[str, str | None, str | None]]:
    rows = result.observations.select("outcome", "level", "exemption").rows()
    return sorted(rows, key=str)


PAID = {
    "payment": [
        payment("a", "60万元", agency_code="101001"),
        payment("b", "60万元", agency_code="101002", pay_date=date(2026, 9, 11)),
        payment("c", "120万元", agency_code="102001", dept_code="102"),
    ]
}


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ('{pay_cert_id: "a"}', 2),
        ('{pay_cert_id: ["a", "c"]}', 1),
        ('{agency_code: "101*"}', 1),
        ('{agency_code: "101*", dept_code: "102"}', 3),
        (f'{{mof_div_code: "{CITY}"}}', 0),
        ('{mof_div_code: "9901*"}', 0),
        ('{agency_code: "10"}', 3),
    ],
)
def test_all_columns_of_the_scope_must_agree(tmp_path: Path, scope: str, left: int) -> None:
    result = run(book_of(tmp_path, ROW, entry("ZX91", scope)), reader_of(PAID))
    tally = result.per_rule[0].record()
    assert (tally["hit"], tally["exempted"], tally["not_applicable"]) == (left, 3 - left, 3 - left)


def test_what_is_taken_out_stays_listed_with_its_number_and_the_level_it_had(
    tmp_path: Path,
) -> None:
    result = run(book_of(tmp_path, ROW, entry("ZX91", '{pay_cert_id: "c"}')), reader_of(PAID))
    row = result.observations.filter(result.observations["exemption"] == "LW-1").row(0, named=True)
    wanted = ("not_applicable", None, 0, "例外情形登记 LW-1", False)
    names = ("outcome", "level", "level_at", "because", "provisional")
    assert tuple(row[name] for name in names) == wanted
    assert result.per_rule[0].record()["levels"] == {"yellow": 2}


def test_an_entry_may_cover_some_levels_only(tmp_path: Path) -> None:
    text = entry("ZX91", '{mof_div_code: "99*"}', "levels: [yellow]")
    assert told(run(book_of(tmp_path, ROW, text), reader_of(PAID))) == [
        ("hit", "orange", None), ("not_applicable", None, "LW-1"), ("not_applicable", None, "LW-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        ("2026-03-31", "2026-05-31", {3, 4, 5}),
        ("2026-04-01", "2026-05-30", {4}),
        ("2025-01-01", "2026-01-30", set()),
    ],
)
def test_the_end_of_the_period_must_lie_in_the_term(
    tmp_path: Path, since: str, until: str, months: set[int]
) -> None:
    text = entry("ZX91", '{dept_code: "101"}', **{"from": since, "to": until})
    result = run(book_of(tmp_path, MONTHS, text), reader_of({"budget_line": [line("1元")]}))
    gone = result.observations.filter(result.observations["exemption"].is_not_null())
    assert {json.loads(each)["month"] for each in gone["grain"]} == months
    assert result.per_rule[0].record()["hit"] == 10 - len(months)


@pytest.mark.parametrize(("until", "gone"), [("2026-11-19", 0), ("2026-11-20", 1)])
def test_a_running_period_is_judged_as_of_the_day_of_the_run(
    tmp_path: Path, until: str, gone: int
) -> None:
    text = entry("ZX91", "{fiscal_year: 2026}", to=until)
    result = run(book_of(tmp_path, YEARS, text), reader_of({"budget_line": [line("1元")]}))
    assert result.per_rule[0].record()["exempted"] == gone


def test_windows_and_queries_are_exempted_alike(tmp_path: Path) -> None:
    paid = [("a", "60万元", "101001"), ("b", "1元", "101002"), ("c", "1元", "101001")]
    paid.append(("d", "1元", "101002"))
    tables = {"payment": [payment(key, amt, agency_code=unit) for key, amt, unit in paid]}
    windows = run(
        book_of(tmp_path, WITHIN, entry("ZX91", '{agency_code: "101001"}')), reader_of(tables)
    )
    assert told(windows) == [("hit", "yellow", None), ("not_applicable", None, "LW-1")]
    queries = run(book_of(tmp_path, QUERY, entry("ZX91", '{pay_cert_id: "a"}')), reader_of(tables))
    assert told(queries) == [("not_applicable", None, "LW-1")]


def test_missing_data_is_not_hidden(tmp_path: Path) -> None:
    reader = reader_of({"budget_line": [line("1元")]}, not_delivered=["payment"])
    result = run(book_of(tmp_path, MONTHS, entry("ZX91", '{dept_code: "101"}')), reader)
    assert result.per_rule[0].record()["insufficient_data"] == 10


def test_the_register_is_part_of_the_book_and_of_the_run(tmp_path: Path) -> None:
    one = book_of(tmp_path, ROW, entry("ZX91", '{pay_cert_id: "a"}'))
    other = book_of(tmp_path, ROW, entry("ZX91", '{pay_cert_id: "b"}'))
    assert one.hash != other.hash
    assert run(one, reader_of(PAID)).run != run(other, reader_of(PAID)).run


def test_a_home_has_a_register_of_its_own_and_no_number_twice(tmp_path: Path) -> None:
    book_of(tmp_path / "book", ROW, entry("ZX91", '{pay_cert_id: "a"}'))
    home = tmp_path / "home"
    (home / "exemptions").mkdir(parents=True)
    text = entry("ZX91", '{pay_cert_id: "b"}')
    (home / "exemptions" / "ours.yaml").write_text(text.replace("LW-1", "LW-2"), encoding="utf-8")
    book = load_book([tmp_path / "book", home])
    assert told(run(book, reader_of(PAID))) == [
        ("hit", "orange", None), ("not_applicable", None, "LW-1"), ("not_applicable", None, "LW-2"),
    ]  # fmt: skip
    (home / "exemptions" / "ours.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match="LW-1 已在"):
        load_book([tmp_path / "book", home])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"and_by": "张 三"}, "应是两个人"),
        ({"to": "2025-12-31"}, "to 早于 from"),
        ({"basis": "levels: []"}, "要写依据"),
        ({"basis": "basis: [{law: no-law, article: '1'}]"}, "没有登记 no-law"),
        ({"basis": "basis: [{law: old-law, article: '1'}]"}, "已于 2015-01-01 失效"),
        ({"scope": "{pay_amt: 1}"}, "没有 pay_amt；可用的列：pay_cert_id、mof_div_code"),
        ({"scope": "{agency_code: 101001}"}, "请加引号"),
        ({"scope": '{agency_code: "*"}'}, "写法不对"),
        ({"scope": "{}"}, "scope"),
        ({"rule": "ZX99"}, "没有 ZX99"),
        ({"more": "levels: [blue]"}, "没有这些级别：blue"),
    ],
)
def test_what_the_loader_refuses(tmp_path: Path, change: dict[str, str], said: str) -> None:
    scope, rule = change.pop("scope", '{pay_cert_id: "a"}'), change.pop("rule", "ZX91")
    text = entry(rule, scope, change.pop("more", ""), **change)
    with pytest.raises(BookError, match=said):
        book_of(tmp_path, ROW, text)


@pytest.mark.parametrize(
    ("basis", "fine"),
    [
        ("document: 区政府会议纪要〔2026〕3号", False),
        ("basis: [{law: budget-law}]", False),
        ("basis: [{law: fixture-decision, article: '2'}]", False),
        ("basis: [{law: budget-law, article: '35'}]", True),
    ],
)
def test_a_level_of_the_law_bends_only_to_an_article_of_a_statute(
    tmp_path: Path, basis: str, fine: bool
) -> None:
    text = entry("ZX91", '{pay_cert_id: "c"}', basis=basis)
    write_book(tmp_path, {"ZX91": ROW.replace('元"}', '元", class: 法}', 1)})
    laws = tmp_path / "laws.yaml"
    more = "- {id: fixture-decision, title: 决定, valid_from: 2018-01-01, authority: local}\n"
    laws.write_text(laws.read_text(encoding="utf-8") + more, encoding="utf-8")
    (tmp_path / "exemptions").mkdir()
    (tmp_path / "exemptions" / "all.yaml").write_text(text, encoding="utf-8")
    if fine:
        assert run(load_book(tmp_path), reader_of(PAID)).per_rule[0].exempted == 1
        return
    with pytest.raises(BookError, match="只能登记法律、行政法规本身规定的例外"):
        load_book(tmp_path)
    other = text + "  levels: [yellow]\n"
    (tmp_path / "exemptions" / "all.yaml").write_text(other, encoding="utf-8")
    assert load_book(tmp_path).exemptions[0].levels == (1,)


def test_a_test_of_a_rule_states_an_exemption_and_every_rule_is_proven(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX91": ROW})
    tests = """
base: {pay_cert_id: a, mof_div_code: "990100000", agency_code: "101001", pay_date: 2026-09-10}
cases:
  - {name: 命中, pay_amt: 50万元, expect: yellow}
  - {name: 判断单元, pay_amt: 50万元, exempt: [{}], expect: not_applicable, because: 例外情形登记}
  - {name: 单位, pay_amt: 50万元, exempt: [{scope: {agency_code: "101*"}}], expect: not_applicable}
  - {name: 别的单位, pay_amt: 50万元, exempt: [{scope: {agency_code: "102*"}}], expect: yellow}
  - {name: 已到期, pay_amt: 50万元, exempt: [{to: 2026-09-09}], expect: yellow}
tables:
  - name: 一笔登记
    exempt: [{scope: {pay_cert_id: a}}]
    payment: [{pay_cert_id: a, pay_amt: 60万元}, {pay_cert_id: b, pay_amt: 60万元}]
    expect:
      - {outcome: not_applicable, grain: {pay_cert_id: a}, because: 例外情形登记}
      - {level: yellow, grain: {pay_cert_id: b}}
"""
    (tmp_path / "execution" / "ZX91.test.yaml").write_text(tests, encoding="utf-8")
    ran = run_tests(load_book(tmp_path))
    assert [(each.kind, each.name, each.detail) for each in ran.results] == [
        ("case", "命中", ""), ("case", "判断单元", ""), ("case", "单位", ""),
        ("case", "别的单位", ""), ("case", "已到期", ""), ("tables", "一笔登记", ""),
        ("exemption", "例外情形登记", ""),
    ]  # fmt: skip
