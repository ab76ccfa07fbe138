"""Money out: the table of pages.md §1.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.money import (
    format_amount,
    format_growth,
    format_multiple,
    format_points,
    format_share,
    near_limit_share,
    sentence_amount,
    share_and_excess,
)


@pytest.mark.parametrize(
    ("fen", "unit", "text"),
    [
        (1_234_567_890_000, "万元", "1,234,567.89"),
        (4_860_000, "元", "48,600.00"),
        (-321_000, "元", "-3,210.00"),
        (0, "万元", "0.00"),
        (-1, "亿元", "0.00"),
        (5_000, "万元", "0.01"),
        (4_999, "万元", "0.00"),
        (None, "万元", "缺"),
    ],
)
def test_an_amount_in_a_table_has_commas_two_decimals_and_no_unit(fen, unit, text):
    assert format_amount(fen, unit) == text


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (1_234_600_000_000, "123.46亿元"),
        (10_000_000_000, "1.00亿元"),
        (9_999_999_999, "10,000.00万元"),
        (-12_500_000, "-12.50万元"),
        (4_999, "49.99元"),
        (0, "0.00万元"),
        (None, "缺"),
    ],
)
def test_an_amount_in_a_sentence_chooses_its_unit(fen, text):
    assert sentence_amount(fen) == text


def test_shares_multiples_growth_and_points_are_rounded_half_up_on_integers():
    assert format_share(812, 1000) == "81.2%"
    assert format_share(1, 800, 1) == "0.1%"
    assert format_share(1245, 10_000, 1) == "12.5%"
    assert format_share(-1245, 10_000, 1) == "-12.5%"
    assert format_share(5, 0) == "—"
    assert format_share(None, 3) == "缺"
    assert format_multiple(5, 4) == "1.25倍"
    assert format_growth(1072, 1000) == "+7.2%"
    assert format_growth(928, 1000) == "-7.2%"
    assert format_growth(5, -1) == "—"
    assert format_points((812, 1000), (889, 1000)) == "-7.7个百分点"
    assert format_points((1, 0), (1, 2)) == "—"


def test_near_a_limit_decimals_are_added_until_the_text_differs_from_the_limit():
    assert near_limit_share(100_003, 100_000) == "100.003%"
    assert near_limit_share(99_999, 100_000) == "99.999%"
    assert near_limit_share(100_000, 100_000) == "100.0%"
    assert near_limit_share(3_000_001, 10_000_000, (3, 10)) == "30.00001%"
    assert near_limit_share(5, 0) == "—"
    assert share_and_excess(416_679_166_667, 416_666_666_667) == "100.003%，超出12.50万元"
    assert share_and_excess(3, 4) == "75.0%"


@given(st.integers(0, 10**15), st.integers(1, 10**15))
def test_only_what_equals_the_limit_prints_as_the_limit(value, limit):
    assert (near_limit_share(value, limit) == "100.0%") == (value == limit)
