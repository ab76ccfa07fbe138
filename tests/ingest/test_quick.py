"""The quick way of reading a column gives what the long way gives, to the fen and to the day."""

from functools import partial

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from budget_watch.tables import contract
from ingest.gate import quick
from ingest.gate.typing import _read, _slowly
from ingest.gate.violations import below_fen

VOUCHER = contract("FIN-15")
AMOUNT, DAY, YEAR, SALARY = map(VOUCHER.column, ("pay_amt", "pay_date", "fiscal_year", "is_sal"))


def never(values):
    raise AssertionError("took the long way")


def both(column, texts):
    values = pl.Series(column.name, texts, dtype=pl.String)
    quickly = values.to_frame().select(_read(column, pl.col(column.name))).to_series()
    return quickly, _slowly(column, values)


def same(column, texts):
    quickly, slowly = both(column, texts)
    assert quickly.to_list() == slowly.to_list()
    assert quickly.dtype == slowly.dtype


plain = st.decimals(-(10**13), 10**13, places=2).map(str)
odd = st.sampled_from(
    ["1,234.50", "(12)", "１２．５", "-", "", " 7.10", "1e5", "inf", "nan", "0x10", "+5", "12.345"]
)
digits = st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{0,12})?", fullmatch=True)


@settings(deadline=None)
@example(["400000000000001"])  # in fen beyond 2^53
@example(["90071992547409.93", "90071992547409.92"])
@given(st.lists(st.none() | plain | digits, max_size=12))
def test_plain_amounts_are_read_to_the_fen_as_digit_by_digit(texts):
    same(AMOUNT, texts)


@settings(deadline=None)
@given(st.lists(plain | odd | digits, max_size=8))
def test_amounts_of_any_writing_are_read_as_digit_by_digit(texts):
    same(AMOUNT, texts)


@settings(deadline=None)
@given(st.lists(digits, min_size=1, max_size=8))
def test_what_the_quick_way_takes_has_nothing_below_the_fen(texts):
    values = pl.Series("pay_amt", texts)
    try:
        quick.fen(values, 100, never)
    except AssertionError:
        return
    assert not pl.select(below_fen(pl.lit(values)).any()).item()


def test_amounts_as_a_treasury_writes_them_take_the_quick_way():
    values = pl.Series("pay_amt", ["0.01", "-3210.00", "99999999999.99", None, "12"])
    assert quick.fen(values, 100, never).to_list() == [1, -321000, 9999999999999, None, 1200]


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (DAY, ["2026-09-30", None, "2024-02-29"]),
        (DAY, ["2026-09-30", "20260930", "2026/9/30", "2026年9月30日", "2026-13-01", " ", ""]),
        (YEAR, ["2026", None, "002026"]),
        (YEAR, ["2026", "2026.0", "二〇二六", "2,026", " 2026 "]),
        (SALARY, ["true", "false", None, "true"]),
        (SALARY, ["true", "", "false"]),
        (SALARY, [None, None]),
        (SALARY, ["是", "否", "TRUE", " y", "也许", None, "", "0"]),
    ],
)
def test_days_numbers_and_yes_or_no_are_read_alike_either_way(column, texts):
    same(column, texts)


@settings(deadline=None)
@given(st.lists(st.none() | st.text(" \t　a张\n", max_size=3), max_size=30))
def test_texts_lose_the_blanks_around_them_and_empty_ones_are_null(texts):
    wanted = [(text or "").strip() or None for text in texts]
    assert quick.text(pl.Series("t", texts, dtype=pl.String)).to_list() == wanted


def test_a_column_of_many_different_texts_is_stripped_as_one_of_few():
    texts = [f"编号{n}" for n in range(2_000)]
    assert quick.text(pl.Series([*texts, " 末 "])).to_list() == [*texts, "末"]


cell = st.sampled_from([None, "", " ", "　", "\t", "0", "张"])


@settings(deadline=None)
@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12))
def test_a_row_is_blank_where_every_cell_is(rows):
    columns = [pl.Series(list(values), dtype=pl.String) for values in zip(*rows, strict=True)]
    wanted = [all(not (one or "").strip() for one in row) for row in rows]
    assert quick.blank_rows(columns).to_list() == wanted


def test_the_few_values_of_a_column_are_read_once_each():
    asked = []
    read = partial(quick.few, otherwise=lambda seen: asked.append(seen.len()) or seen == "是")
    assert read(pl.Series(["是", "否", None, "是"])).to_list() == [True, False, None, True]
    assert asked == [2]
