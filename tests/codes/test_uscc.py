"""The unified social credit code."""

import polars as pl
import pytest
import stdnum.cn.uscc
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.codes.uscc import CHARSET, UsccError, is_valid, is_valid_expr, make

TRUE_CODES = [
    "914403001922038216",
    "9144030071526726XG",
    "91330100799655058B",
    "91110000802100433B",
]
BODIES = st.tuples(
    st.text(CHARSET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(CHARSET, min_size=9, max_size=9),
).map("".join)


@pytest.mark.parametrize("code", TRUE_CODES)
def test_codes_in_use_are_valid_and_made_again_from_their_first_17_places(code):
    assert is_valid(code)
    assert make(code[:17]) == code


@given(BODIES, st.integers(0, 17), st.sampled_from(CHARSET))
def test_a_single_wrong_place_is_always_noticed(body, place, sign):
    code = make(body)
    assert is_valid(code)
    wrong = code[:place] + sign + code[place + 1 :]
    assert is_valid(wrong) == (wrong == code)


@given(st.lists(st.one_of(BODIES.map(make), st.text(CHARSET, max_size=19)), min_size=1))
def test_a_column_is_judged_like_single_codes(values):
    frame = pl.DataFrame({"uscc": values})
    assert frame.select(is_valid_expr("uscc"))["uscc"].to_list() == [is_valid(v) for v in values]


@given(BODIES, st.sampled_from(CHARSET))
def test_the_library_judges_alike_where_the_first_places_are_digits(body, last):
    code = f"91{body[2:]}{last}"
    assert is_valid(code) == stdnum.cn.uscc.is_valid(code)


def test_a_missing_code_is_neither_right_nor_wrong_and_odd_signs_are_wrong():
    frame = pl.DataFrame(
        {"uscc": [None, "", "91110000802100433b", "9111000080210043３B", "O" * 18]}
    )
    answers = frame.select(is_valid_expr("uscc"))["uscc"].to_list()
    assert answers == [None, False, False, False, False]


def test_a_malformed_body_is_refused():
    with pytest.raises(UsccError, match="17 位"):
        make("9111")
