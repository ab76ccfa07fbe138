"""Money in: exact from every way a source writes it."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.money import MoneyError, Unit, fen_expr, format_amount, parse_fen, to_fen
from budget_watch.money.fen import parse_amount

UNITS = st.sampled_from(list(Unit))
AMOUNTS = st.integers(-(10**17), 10**17)


@pytest.mark.parametrize(
    ("value", "unit", "fen"),
    [
        ("1,234.56", "元", 123_456),
        ("１，２３４．５６", "元", 123_456),
        ("¥ 48 600.00", "元", 4_860_000),
        ("(3,210.00)", "元", -321_000),
        ("−0.01", "元", -1),
        ("8.36", "万元", 8_360_000),
        ("0.1", "亿元", 1_000_000_000),
        ("1e3", "元", 100_000),
        (0.1 + 0.2, "元", 30),
        (1.005, "元", 101),
        (23.45, "亿元", 234_500_000_000),
        (Decimal("0.000001"), "万元", 1),
        ("0.0000004", "万元", 0),
        ("0.0000005", "万元", 1),
        ("-0.0000005", "万元", -1),
        (7, "万元", 7_000_000),
        (7, Unit.FEN, 7),
    ],
)
def test_a_figure_becomes_the_fen_a_person_would_reckon(value, unit, fen):
    assert to_fen(value, unit) == fen


@pytest.mark.parametrize(
    "value", ["", "abc", "1_000", "1.2.3", "12万元", float("nan"), float("inf"), True, "1e40"]
)
def test_what_is_no_amount_is_refused_with_a_sentence(value):
    with pytest.raises(MoneyError) as refused:
        to_fen(value, "元")
    assert "金额" in str(refused.value) and "请" in str(refused.value)


GROUPS = {
    "12,00": None,
    "1,2": None,
    "12,345,6": None,
    "1234,567": None,
    "1,2345.67": None,
    "0,123": None,
    "1.234,56": None,
    "1,234 567": None,
    "1、234": None,
    "12 00": None,
    "1, 234": None,
    "1,234.50": 123_450,
    "1，234.50": 123_450,
    "1,234,567.89": 123_456_789,
    "1 234 567": 123_456_700,
    "\u30001\u00a0234.5 ": 123_450,
    "1'234.5": 123_450,
    "'1234.5": 123_450,
    "-¥1,234": -123_400,
    "¥ -1,234": -123_400,
    "¥（1，234）": -123_400,
    "(-5)": None,
    "1,234.": 123_400,
}


@pytest.mark.parametrize("text", GROUPS)
def test_digit_groups_are_of_three_or_it_is_no_figure(text):
    column = pl.DataFrame({"amt": [text]}).select(fen_expr("amt", "元", pl.String()))
    assert column["amt"].to_list() == [GROUPS[text]]
    if GROUPS[text] is None:
        with pytest.raises(MoneyError, match="不是金额"):
            parse_fen(text, "元")
    else:
        assert parse_fen(text, "元") == GROUPS[text]


def test_a_blank_is_not_zero():
    assert [parse_fen(text, "元") for text in ("", " ", "—", "-", "无", "0", "0.00")] == [
        None,
        None,
        None,
        None,
        None,
        0,
        0,
    ]


@given(AMOUNTS, UNITS)
def test_money_in_is_money_out(fen, unit):
    text = format_amount(fen, unit, digits=max(unit.digits, 1))
    assert to_fen(text, unit) == fen


@given(st.lists(AMOUNTS, min_size=1, max_size=20), UNITS)
def test_a_column_of_text_gives_the_same_fen_as_single_figures(amounts, unit):
    texts = [format_amount(fen, unit, digits=max(unit.digits, 1)) for fen in amounts]
    frame = pl.DataFrame({"amt": texts})
    assert frame.select(fen_expr("amt", unit, pl.String()))["amt"].to_list() == amounts


@given(st.floats(-1e12, 1e12), UNITS)
def test_a_column_of_floats_gives_the_same_fen_as_single_floats(value, unit):
    try:
        expected = to_fen(value, unit)
    except MoneyError:
        expected = None
    frame = pl.DataFrame({"amt": [value]}, schema={"amt": pl.Float64})
    assert frame.select(fen_expr("amt", unit, pl.Float64()))["amt"].to_list() == [expected]


@given(st.integers(-(2**63), 2**63 - 1), UNITS)
def test_integers_scale_or_are_null_beyond_the_storable_range(value, unit):
    fen = value * unit.fen
    frame = pl.DataFrame({"amt": [value]}, schema={"amt": pl.Int64})
    expected = fen if abs(fen) <= 2**63 - 1 else None
    assert frame.select(fen_expr("amt", unit, pl.Int64()))["amt"].to_list() == [expected]


def test_text_that_is_no_amount_is_null_in_a_column():
    frame = pl.DataFrame(
        {"amt": ["12,00", "x", "", None, "1e400", "1.5E+3", "12e-1", ".5", "5.", "(7)", "."]}
    )
    assert frame.select(fen_expr("amt", "元", pl.String()))["amt"].to_list() == [
        None,
        None,
        None,
        None,
        None,
        150_000,
        120,
        50,
        500,
        -700,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "bare", "fen"),
    [
        ("1200万元", None, 1_200_000_000),
        (" 0.5 亿元 ", Unit.WAN, 5_000_000_000),
        ("1,200.5万元", None, 1_200_500_000),
        ("300元", Unit.WAN, 30_000),
        ("1200", Unit.WAN, 1_200_000_000),
        ("", None, None),
        ("  ", Unit.WAN, None),
    ],
)
def test_an_amount_is_read_with_the_unit_that_stands_behind_it(text, bare, fen):
    assert parse_amount(text, bare) == fen


@pytest.mark.parametrize(
    ("text", "bare"), [("1200", None), ("万元", Unit.WAN), ("很多", Unit.WAN), ("1200万", Unit.WAN)]
)
def test_an_amount_that_cannot_be_read_is_refused_with_an_example(text, bare):
    with pytest.raises(MoneyError, match=r"请写成 1200万元、0\.5亿元 或 300元 这样"):
        parse_amount(text, bare)


def test_decimals_are_taken_digit_by_digit():
    frame = pl.DataFrame({"amt": [Decimal("8.3600"), None]}, schema={"amt": pl.Decimal(20, 4)})
    expression = fen_expr(pl.col("amt"), "万元", pl.Decimal(20, 4))
    assert frame.select(expression)["amt"].to_list() == [8_360_000, None]
