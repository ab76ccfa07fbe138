"""The order of rows in a file of the lake: the quick way and the long way give the same."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.lake.shaping import in_order

BY = ("unit", "day", "id")
_cell = st.one_of(st.none(), st.integers(0, 3))
_rows = st.lists(st.tuples(_cell, _cell, _cell), max_size=12)


def _frame(rows: list[tuple[int | None, int | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(BY, pl.Int64), orient="row").with_row_index("at")


@given(_rows, st.booleans())
def test_rows_lie_in_order_of_all_columns_whatever_order_they_came_in(
    rows: list[tuple[int | None, int | None, int | None]], by_day: bool
) -> None:
    frame = _frame(rows)
    frame = frame.sort("day", "id") if by_day else frame
    wanted = frame.sort(BY, nulls_last=True, maintain_order=True)
    assert in_order(frame, BY).rows() == wanted.rows()


def test_rows_in_order_of_the_other_columns_are_sorted_by_the_first_alone() -> None:
    rows = [("b", 1, 1), ("a", 1, 2), ("b", 1, 3), ("a", 2, 0)]
    frame = pl.DataFrame(rows, schema=list(BY), orient="row")
    assert in_order(frame, BY).rows() == [("a", 1, 2), ("a", 2, 0), ("b", 1, 1), ("b", 1, 3)]
    assert in_order(frame.reverse(), BY).rows() == in_order(frame, BY).rows()
    assert in_order(frame, ()).rows() == rows
