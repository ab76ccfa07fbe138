"""Numbers in sentences are found whatever stands around them, and days are told from amounts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.digest.numerals import numbers, sentence_at
from budget_watch.views import formats


def found(text: str) -> list[tuple[str, bool]]:
    return [(number.text, number.names) for number in numbers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("支出1,050.00万元，下降2.4%。", [("1,050.00", False), ("2.4", False)]),
        ("约三百二十亿元，占百分之十二点五", [("三百二十亿", False), ("百分之十二点五", False)]),
        ("支出１２．５万元", [("12.5", False)]),
        ("2026年10月15日召开，1—9月", [("2026年10月15日", True), ("1—9月", True)]),
        (
            "根据示财预〔2026〕12号、第3期、表4",
            [("〔2026〕12号", True), ("第3期", True), ("表4", True)],
        ),
        ("一般公共预算、三公经费、五个科目、第三十五条", []),
        ("2026-11-20 02:14", [("2026-11-20", True), ("02:14", True)]),
        ("-3,210.00", [("-3,210.00", False)]),
        ("来源：FIN-15 支付凭证表", [("FIN-15", True)]),
    ],
)
def test_numbers_are_found_and_names_of_days_and_ordinals_told_apart(
    text: str, expected: list[tuple[str, bool]]
) -> None:
    assert found(text) == expected


WORDS = st.text(alphabet="支出收入同比完成预算，。；（）", max_size=12)


@given(fen=st.integers(-(10**15), 10**15), before=WORDS, after=WORDS)
def test_every_amount_the_formatter_writes_is_one_number(fen: int, before: str, after: str) -> None:
    amount = formats.yuan(fen)
    assert found(f"{before}{amount}{after}") == [(amount, False)]


@given(before=st.lists(WORDS, max_size=3), after=st.lists(WORDS, max_size=3))
def test_the_sentence_around_a_number_holds_it_and_no_other_end(
    before: list[str], after: list[str]
) -> None:
    text = "。".join([*before, "另有12.5万元", *after])
    (number,) = numbers(text)
    sentence = sentence_at(text, number.at)
    assert "另有12.5万元" in sentence
    assert not set("。；") & set(sentence.rstrip("。；"))
