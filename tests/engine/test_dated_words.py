"""A list of words that changes over the years: the row's year decides, in both engines alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from budget_watch.engine import run_check
from budget_watch.engine.errors import BookError
from budget_watch.engine.lint import lint
from budget_watch.engine.load import load_book
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.engine.testing import run_tests
from tests.engine.books import book_of, payment, reader_of, write_book

DAY = date(2026, 11, 20)
LISTS = """
- id: cards
  title: 卡券
  sets:
    - {from: 2025-01-01, include: [提货码, 卡], require_also: [购], exclude: [工会卡]}
    - {from: 2018-01-01, include: [卡], exclude: [公交卡]}
"""
RULE = """
each: payment
when: "has_words({text}, 'cards')"
levels: [{{level: yellow, when: "pay_amt > 0元"}}]
message: "{{use_des}}{{pay_amt:money}}"
"""
TESTS = """
base: {pay_cert_id: p, pay_amt: 5元}
cases: [{name: 命中, expect: yellow}]
tables:
  - name: 按凭证的年度用词表
    payment:
      - {pay_cert_id: a, pay_amt: 5元, fiscal_year: 2024, use_des: 提货码}
      - {pay_cert_id: b, pay_amt: 5元, fiscal_year: 2025, use_des: 购提货码}
      - {pay_cert_id: c, pay_amt: 5元, fiscal_year: 2024, use_des: 工会卡}
    expect: [{level: yellow, grain: {pay_cert_id: b}}, {level: yellow, grain: {pay_cert_id: c}}]
"""
USES = ("购卡", "充值卡", "购公交卡", "购工会卡", "购提货码", None)


@pytest.mark.parametrize("text", ["use_des", "concat('', use_des)"])
def test_the_set_of_the_rows_year_is_used(tmp_path: Path, text: str) -> None:
    book = book_of(tmp_path, {"ZX91": RULE.format(text=text)}, words=LISTS)
    rows = [
        payment(
            f"{year}-{at}", "5元", pay_date=date(year, 3, 2), fiscal_year=year, month=3, use_des=use
        )
        for year in (2017, 2024, 2025, 2026)
        for at, use in enumerate(USES)
    ]
    reader = reader_of({"payment": rows})
    found = seen(run_check(reader, book, DAY).observations)
    before, after = {0, 1, 3}, {0, 2, 4}  # the first set holds for the years before it too
    wanted = {2017: before, 2024: before, 2025: after, 2026: after}
    names = {each.grain for each in found}
    assert len(names) == 12
    for year, hits in wanted.items():
        assert {at for at in range(6) if any(f"{year}-{at}" in name for name in names)} == hits
    assert Oracle(reader, book, DAY).run() == found


def test_the_tests_of_a_rule_see_the_sets_by_year(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX91": RULE.format(text="use_des")}, words=LISTS)
    rule = next(tmp_path.rglob("ZX91.yaml"))
    rule.with_name("ZX91.test.yaml").write_text(TESTS, encoding="utf-8")
    results = run_tests(load_book(tmp_path)).results
    assert [(each.name, each.detail) for each in results if not each.passed] == []
    assert "按凭证的年度用词表" in {each.name for each in results}


def test_every_set_wants_its_excluded_phrases(tmp_path: Path) -> None:
    lists = LISTS.replace(", exclude: [公交卡]", "")
    book = book_of(tmp_path, {"ZX91": RULE.format(text="use_des")}, words=lists)
    assert [each.owner for each in lint(book) if each.code == "words-exclude"] == ["cards"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("- {id: a, title: 甲}", "写 include"),
        ("- {id: a, title: 甲, include: [x], sets: [{include: [y]}]}", "只能写一种"),
        ("- {id: a, title: 甲, exclude: [x], sets: [{include: [y]}]}", "写在 sets 的各项里"),
        (
            "- {id: a, title: 甲, sets: [{from: 2024-01-01, include: [y]}, "
            "{from: 2024-07-01, include: [z]}]}",
            "一年只能有一项",
        ),
    ],
)
def test_a_list_is_written_in_one_form(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(BookError, match=said):
        book_of(tmp_path, {"ZX91": RULE.format(text="use_des")}, words=LISTS + wrong + "\n")
