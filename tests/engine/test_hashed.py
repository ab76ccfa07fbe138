"""Rows found by hash are those a join finds, whatever meets in the table."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.engine import hashed
from budget_watch.engine.hashed import HashTable, Keyed

TEXTS = st.sampled_from(["", "甲", "乙", "101001", "101002", "a much longer text than twelve"])
KEYS = st.tuples(st.none() | TEXTS, st.none() | st.integers(2024, 2026))
SCHEMA = {"unit": pl.String, "year": pl.Int64}


def test_hashes_that_want_one_place_are_told_apart() -> None:
    table = HashTable()
    room = len(table.hashes)
    hashes = np.array([5, 5 + room, 6, 5 + 2 * room, room - 1, 2 * room - 1], dtype=np.uint64)
    first = table.take(hashes)
    assert sorted(first.tolist()) == [0, 5, 6, 7, 8, room - 1]
    assert table.hashes[first].tolist() == hashes.tolist()
    assert table.take(hashes[:2]).tolist() == first[:2].tolist()
    more = np.array([6, 9, 1, 2 * room - 1, 7], dtype=np.uint64)
    assert table.places(more).tolist() == [first[2], 9, 1, first[5], 9]
    assert table.count == 6


@given(known=st.lists(KEYS, unique=True), asked=st.lists(KEYS))
def test_what_stands_beside_is_what_a_join_finds(
    known: list[tuple[Any, ...]], asked: list[tuple[Any, ...]]
) -> None:
    frame = pl.DataFrame(known, SCHEMA, orient="row").with_row_index("n")
    keys = pl.DataFrame(asked, SCHEMA, orient="row")
    joined = keys.join(frame, on=["unit", "year"], how="left", nulls_equal=True,
                       maintain_order="left")  # fmt: skip
    assert Keyed(frame, ["unit", "year"]).beside(keys).equals(joined.select("n"))


def test_a_key_with_the_hash_of_another_is_not_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pl.DataFrame({"unit": ["甲", "乙"], "of": [1, 2]})
    found = Keyed(frame, ["unit"])
    real, known = hashed.hashes_of, hashed.hashes_of(frame.select("unit"), 0)

    def first_alike(keys: pl.DataFrame, seed: int) -> hashed.Hashes:
        return real(keys, seed) if seed else np.repeat(known[:1], keys.height)

    monkeypatch.setattr(hashed, "hashes_of", first_alike)
    asked = pl.DataFrame({"unit": ["甲", "乙", "丙", None]})
    assert found.beside(asked).to_series().to_list() == [1, None, None, None]


def test_keys_of_another_width_and_no_key_at_all() -> None:
    days = pl.DataFrame({"day": [date(2026, 1, 1)], "no": pl.Series([1], dtype=pl.Int32)})
    asked = pl.DataFrame({"no": pl.Series([1, 2], dtype=pl.Int64)})
    assert Keyed(days, ["no"]).beside(asked).to_series().to_list() == [date(2026, 1, 1), None]
    assert Keyed(days, []).beside(asked).rows() == [(date(2026, 1, 1), 1)] * 2


def test_a_key_of_two_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^unit 不能唯一确定一行$"):
        Keyed(pl.DataFrame({"unit": ["甲", "甲"]}), ["unit"])
