"""Whose number a limit is, in sentences and explanations; and figures that never print alike."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from budget_watch.engine import run_check
from budget_watch.engine.doc import page
from budget_watch.engine.explain import explain
from budget_watch.engine.render import told_apart
from budget_watch.engine.wording import render
from tests.engine.books import DAY, PARAMS, book_of, payment, reader_of

OWN = PARAMS.replace(
    "value: 50万元, authority: customary}]",
    "value: 50万元, authority: customary}, {from: 2018-01-01, value: 40万元, authority: local,"
    ' jurisdiction: "990102", note: 预算工委2026年会议纪要}]',
)
LIMIT = "param('limit.amount')"
WHOSE = f"{{{LIMIT}:whose}}上限"
RULE = f"""
each: payment
levels:
  - {{level: yellow, when: "pay_amt > {LIMIT}", basis: []}}
value: pay_amt
limit: "{LIMIT}"
message: "支付{{pay_amt:money}}，{WHOSE}{{{LIMIT}:money}}，超出{{pay_amt - {LIMIT}:money}}"
"""


def said(tmp_path: Path, region: str, amount: str) -> tuple[Any, Any]:
    book = book_of(tmp_path, {"ZX91": RULE}, params=OWN)
    reader = reader_of({"payment": [payment("a", amount, mof_div_code=region)]})
    (row,) = run_check(reader, book, DAY).observations.to_dicts()
    return render(book, row), explain(reader, book, row)


def test_a_number_of_custom_is_custom(tmp_path: Path) -> None:
    sentence, found = said(tmp_path, "990100000", "60万元")
    assert sentence == (
        "提示：支付60.00万元，经验上限50.00万元，超出10.00万元（经验标准，法律未规定限额），需核实。"
    )
    assert (found.limit_authority, found.standard, found.difference) == (
        "customary", "经验标准，法律未规定限额", "超出10.00万元",
    )  # fmt: skip


def test_a_committees_own_number_is_its_standard_with_its_note_and_never_custom(
    tmp_path: Path,
) -> None:
    sentence, found = said(tmp_path, "990102000", "400000.01元")
    assert sentence == (
        "提示：支付400,000.01元，本级上限400,000.00元，超出0.01元"
        "（本级标准，预算工委2026年会议纪要），需核实。"
    )
    assert (found.value, found.limit, found.difference) == (
        "400,000.01元", "400,000.00元", "超出0.01元",
    )  # fmt: skip
    assert (found.limit_authority, found.standard) == ("local", "本级标准，预算工委2026年会议纪要")
    (used,) = found.parameters
    assert (used.authority, used.note) == ("local", "预算工委2026年会议纪要")


def test_beyond_a_committees_own_number_is_not_said_to_touch_the_law(tmp_path: Path) -> None:
    statutory = RULE.replace("basis: []", "class: 法, basis: [{law: budget-law, article: '13'}]")
    book = book_of(tmp_path, {"ZX91": statutory}, params=OWN)

    def sentence(region: str) -> str:
        reader = reader_of({"payment": [payment("a", "60万元", mof_div_code=region)]})
        (row,) = run_check(reader, book, DAY).observations.to_dicts()
        return render(book, row)

    fact = "支付60.00万元，{}上限{}万元，超出{}万元"
    assert (
        sentence("990102000") == fact.format("本级", "40.00", "20.00") + "，超出本级标准，需核实。"
    )
    everywhere = fact.format("经验", "50.00", "10.00")
    assert sentence("990100000") == f"数据显示{everywhere}，据《预算法》（待核对原文），待核实。"


def test_the_rules_page_says_both(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": RULE}, params=OWN)
    text = page(book, book.rules["ZX91"])
    assert "| 限额 | 50万元 | 2018-01-01 | 经验标准 | 各地 |" in text
    assert "| 限额 | 40万元 | 2018-01-01 | 本级标准（预算工委2026年会议纪要） | 990102 |" in text


@pytest.mark.parametrize(
    ("form", "values", "told"),
    [
        ("money", [10**9 + 1, 10**9], ["10,000,000.01元", "10,000,000.00元"]),
        ("money", [10**9, 10**9], ["1,000.00万元", "1,000.00万元"]),
        ("%", [Fraction(50001, 10**6), Fraction(5, 100)], ["5.0001%", "5.0%"]),
        ("%", [Fraction(5 * 10**9 + 1, 10**11), Fraction(5, 100)], ["5.0%", "5.0%"]),
        ("pp", [Fraction(81, 1600), Fraction(81, 1601)], ["5.06个百分点", "5.06个百分点"]),
        ("int", [1, 2], ["1", "1"]),
    ],
)
def test_what_differs_does_not_print_alike(form: str, values: list[Any], told: list[str]) -> None:
    from budget_watch.engine.render import _number

    texts = [_number(Fraction(each), form) if form != "int" else "1" for each in values]
    found = told_apart([(form, value, text) for value, text in zip(values, texts, strict=True)])
    assert found == told
