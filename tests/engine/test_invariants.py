"""What must always hold, whatever the rows: order, splitting, strangers and limits."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_watch.engine import measures, rows, run_check
from budget_watch.engine.load import Book
from budget_watch.engine.made_tables import MadeReader
from budget_watch.engine.oracle import Oracle, Seen, seen
from tests.engine.books import DAY, book_of, line, payment, reader_of
from tests.engine.test_run import EACH, PACE, QUERY, WINDOW

# the same windows, of which most are set aside group by group
ASIDE = WINDOW.replace(
    "levels:", "  groups: \"n >= 3 or (n >= 2 and total >= param('limit.amount'))\"\nlevels:", 1
)
# pairs of equal payments; and the same, asked only of the rows that agree with another
PAIRS = """
grain: [pay_cert_id]
universe: {from: payment, columns: [pay_cert_id]}
partition: [payee_acct_no]
query: |
  SELECT pay_cert_id, pay_amt, earlier FROM (
    SELECT pay_cert_id, pay_amt,
           lag(pay_cert_id) OVER (PARTITION BY payee_acct_no, pay_amt ORDER BY pay_cert_id) AS earlier
    FROM payment WHERE payee_acct_no IS NOT NULL
  ) WHERE earlier IS NOT NULL
levels: [{level: yellow, when: "pay_amt > 0元"}]
message: "{earlier}和{pay_cert_id}各支付{pay_amt:money}"
"""  # noqa: E501
REPEATS = "repeats: {from: payment, by: [payee_acct_no, pay_amt]}" + PAIRS
LISTS = """
- {id: food, title: 餐, include: [餐, 饭店], exclude: [餐厅, 店饭], from: 2018-01-01}
- {id: cars, title: 车, include: [加油, 保养], require_also: [车], exclude: [公交车]}
"""
# few rows are judged, and those meet a measure that looks for words itself
WORDS = """
each: payment
when: "has_words(use_des, 'food') or has_words(coalesce(use_des, ''), 'cars')"
measures:
  agency:
    {from: payment, value: sum(pay_amt), when: "has_words(use_des, 'food')", by: [agency_code]}
levels:
  - {level: orange, when: "has_words(use_des, 'cars') and agency > 1元"}
  - {level: yellow, when: "agency > param('limit.amount')"}
message: "{use_des}{pay_amt:money}"
"""


@pytest.fixture(scope="module")
def book() -> Iterator[Book]:
    with tempfile.TemporaryDirectory() as folder:
        rules = {"ZX91": PACE, "ZX92": EACH, "PZ91": WINDOW, "PZ92": QUERY}
        rules |= {"PZ93": ASIDE, "SG91": WORDS, "PZ94": PAIRS, "PZ95": REPEATS}
        yield book_of(Path(folder), rules, words=LISTS)


row = st.fixed_dictionaries(
    {
        "day": st.integers(0, 300),
        "agency": st.sampled_from(["101001", "101002"]),
        "account": st.sampled_from(["x", "y", None]),
        "bgt": st.sampled_from(["b1", "b2", None]),
        "fen": st.integers(-100, 10**8) | st.sampled_from([-100, 700]),
        "use": st.sampled_from(["餐费", "餐厅维修", "车加油", "公交车加油", "饭店饭", None]),
    }
)
city = st.lists(row, max_size=25)


def reader(found: Sequence[dict[str, Any]], strangers: bool = False) -> MadeReader:
    paid = []
    for at, each in enumerate(found):
        day = date(2026, 1, 1) + timedelta(each["day"])
        paid.append(
            payment(
                f"p{at}",
                f"{each['fen'] / 100:.2f}元",
                pay_date=day,
                month=day.month,
                wd=each["day"],
                agency_code=each["agency"],
                payee_acct_no=each["account"],
                bgt_id=each["bgt"],
                use_des=each["use"],
            )
        )
    lines = [line("100万元")]
    if strangers:
        other = {"dept_code": "999", "agency_code": "999001"}
        paid += [payment("q1", "900万元", payee_acct_no="q", bgt_id="q", **other)]
        lines += [line("7元", bgt_id="q", **other)]
    return reader_of({"payment": paid, "budget_line": lines})


def judged(book: Book, where: MadeReader, **overrides: Fraction) -> list[Seen]:
    names = {name.replace("__", "."): value for name, value in overrides.items()}
    return seen(run_check(where, book, DAY, None, names).observations)


@settings(max_examples=25, deadline=None)
@given(found=city, seed=st.integers(0, 100))
def test_the_order_of_rows_changes_nothing(
    book: Book, found: list[dict[str, Any]], seed: int
) -> None:
    plain = reader(found)
    mixed = MadeReader(
        {
            name: each.sample(fraction=1, shuffle=True, seed=seed)
            for name, each in plain.rows.items()
        }
    )
    assert judged(book, plain) == judged(book, mixed)


@settings(max_examples=25, deadline=None)
@given(found=city)
def test_the_oracle_sees_the_same(book: Book, found: list[dict[str, Any]]) -> None:
    where = reader(found)
    assert judged(book, where) == Oracle(where, book, DAY).run()


@settings(max_examples=25, deadline=None)
@given(found=city)
def test_unrelated_units_change_no_finding(book: Book, found: list[dict[str, Any]]) -> None:
    alone, together = judged(book, reader(found)), judged(book, reader(found, strangers=True))
    strange = ('"999"', '"q1"', '"999001"', '"q"')
    assert alone == [each for each in together if not any(mark in each.grain for mark in strange)]


@settings(max_examples=25, deadline=None)
@given(found=city, higher=st.integers(50_000_000, 200_000_000))
def test_raising_a_limit_adds_no_hit(book: Book, found: list[dict[str, Any]], higher: int) -> None:
    simple = ("ZX92", "PZ92")  # more is worse: one limit from below
    low = {(each.rule, each.grain) for each in judged(book, reader(found)) if each.rule in simple}
    high = judged(book, reader(found), limit__amount=Fraction(higher))
    assert {(each.rule, each.grain) for each in high if each.rule in simple} <= low


@settings(max_examples=15, deadline=None)
@given(found=city)
def test_cutting_the_work_into_parts_changes_nothing(
    book: Book, found: list[dict[str, Any]]
) -> None:
    where = reader(found)
    whole = run_check(where, book, DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "ROWS_A_PART", 3)
        patch.setattr(rows, "ROWS_A_STEP", 2)
        patch.setattr(rows, "ROWS_TOGETHER", 3)
        patch.setattr(rows, "ROWS_A_LOOK", 2)
        patch.setattr("budget_watch.engine.windows.ROWS_A_PART_ASIDE", 2)
        patch.setattr("budget_watch.engine.windows.ROWS_READ_ASIDE", 4)
        patch.setattr("budget_watch.engine.queries.ROWS_A_PART", 2)
        patch.setattr("budget_watch.engine.queries.ROWS_HASHED", 3)
        patch.setattr("budget_watch.engine.queries.ROWS_A_STEP", 2)
        patch.setattr("budget_watch.engine.windows.ROWS_A_PART", 2)
        cut = run_check(where, book, DAY)
    assert whole.observations.equals(cut.observations)
    assert [each.quiet_hash for each in whole.per_rule] == [
        each.quiet_hash for each in cut.per_rule
    ]


@settings(max_examples=25, deadline=None)
@given(found=city)
def test_every_row_is_judged_or_excluded(book: Book, found: list[dict[str, Any]]) -> None:
    for each in run_check(reader(found), book, DAY).per_rule:
        record = each.record()
        kinds = ("clear", "not_applicable", "insufficient_data", "error")
        if each.rule != "PZ91":  # several windows of one group may hit
            assert record["judged"] == record["hit"] + sum(record[kind] for kind in kinds)
        if each.rule == "ZX92":
            assert (
                record["rows"] == record["judged"] + sum(record["excluded"].values()) == len(found)
            )


@settings(max_examples=25, deadline=None)
@given(found=city)
def test_what_is_set_aside_changes_no_outcome_and_no_count(
    book: Book, found: list[dict[str, Any]]
) -> None:
    rules = run_check(reader(found), book, DAY, ["PZ91", "PZ93", "PZ94", "PZ95"]).per_rule
    slid, aside, every, alike = (
        {name: value for name, value in each.record().items() if name not in ("rule", "seconds")}
        for each in rules
    )
    assert (slid, every) == (aside, alike)


def test_an_excluded_phrase_leaves_a_gap_so_that_its_neighbours_form_no_word(book: Book) -> None:
    rows = [payment("a", "1元", use_des="饭餐厅店"), payment("b", "1元", use_des="饭餐厅饭店")]
    found = run_check(reader_of({"payment": rows}), book, DAY, ["SG91"]).per_rule[0]
    assert (found.judged, found.excluded) == (1, {"不在判断范围": 1})


def test_an_empty_frame_of_observations_has_the_whole_schema(book: Book) -> None:
    found = run_check(reader([]), book, DAY, ["ZX92"]).observations
    assert (found.height, found.schema["period_end"]) == (0, pl.Date())
