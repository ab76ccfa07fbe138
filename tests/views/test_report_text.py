"""Amounts in the text of a report against the draft's tables: equal and named, equal, or absent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, home_place
from budget_watch.views.report_text import (
    ABSENT,
    EQUAL,
    LINKED,
    Known,
    Spot,
    known_amounts,
    spots,
)
from tests.views import review_city


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[Known]:
    home: Home = review_city.make(tmp_path_factory.mktemp("text"))
    desk = Desk(Reader(home, Grant.operator("test")))
    place = home_place(desk)
    assert place is not None
    return known_amounts(desk, place, 2026)


def told(found: list[Spot]) -> list[tuple[str, str, list[str]]]:
    return [(each.text, each.state, [line.label for line in each.lines]) for each in found]


def test_an_amount_is_linked_where_value_and_name_agree_and_else_told_apart(
    known: list[Known],
) -> None:
    text = (
        "2026年，一般公共预算支出安排1,710万元，比上年预算增加90万元。其中，教育支出1100万元，"
        "社会保障和就业支出600万元，预备费10万元。另安排600万元。城乡建设支出0.11亿元，"
        "国防支出777.7万元。教育局620万元；水利局430万元，另有水利局0.043亿元。"
    )
    whole = "一般公共预算支出"
    assert told(spots([text], known)) == [
        ("1,710万元", LINKED, [f"{whole} 本年预算"]),
        ("90万元", LINKED, [f"{whole} 增减额"]),
        ("1100万元", LINKED, [f"{whole} 教育支出 本年预算"]),
        (
            "600万元",
            LINKED,
            [f"{whole} 社会保障和就业支出 上年预算", f"{whole} 社会保障和就业支出 本年预算"],
        ),
        ("10万元", LINKED, [f"{whole} 预备费 本年预算"]),
        (
            "600万元",
            EQUAL,
            [f"{whole} 社会保障和就业支出 上年预算", f"{whole} 社会保障和就业支出 本年预算"],
        ),
        ("0.11亿元", EQUAL, [f"{whole} {each} 本年预算" for each in ("教育支出", "普通教育")]),
        ("777.7万元", ABSENT, []),
        ("620万元", LINKED, ["部门预算 示范市教育局 本年预算"]),
        ("430万元", LINKED, ["部门预算 示范市水利局 本年预算"]),
        ("0.043亿元", LINKED, ["部门预算 示范市水利局 本年预算"]),
    ]


def test_a_link_leads_to_the_page_of_its_line(known: list[Known]) -> None:
    (total, dept) = spots(["一般公共预算支出1710万元。教育局620万元。"], known)
    assert [each.lines[0].path for each in (total, dept)] == [
        "/draft?fy=2026",
        "/draft/d101?fy=2026",
    ]


def test_near_is_not_equal_and_the_written_place_counts(known: list[Known]) -> None:
    for written, state in (
        ("1710.00万元", LINKED),
        ("1710.01万元", ABSENT),
        ("1709万元", ABSENT),
        ("0.17亿元", LINKED),
        ("0.18亿元", ABSENT),
        ("17100000元", LINKED),
    ):
        (found,) = spots([f"一般公共预算支出{written}。"], known)
        assert found.state == state, written


def test_the_book_last_spoken_of_decides(known: list[Known]) -> None:
    (found,) = spots(["政府性基金情况如下。", "支出安排1710万元。"], known)
    assert found.state == EQUAL
    (found,) = spots(["（一）一般公共预算", "支出安排1710万元。"], known)
    assert found.state == LINKED


@given(fen=st.integers(1, 10**16), places=st.integers(0, 4))
def test_a_table_amount_is_found_as_it_would_be_printed_and_not_one_step_beside(
    fen: int, places: int
) -> None:
    unit = 1_000_000
    steps = (2 * fen * 10**places + unit) // (2 * unit)
    line = Known("教育支出", fen, ("教育支出",), "", "/draft")
    for shift in (0, 1, -1):
        number = steps + shift
        if number <= 0:
            continue
        text = f"{number // 10**places}"
        if places:
            text += f".{number % 10**places:0{places}}"
        (found,) = spots([f"教育支出{text}万元"], [line])
        assert (found.state == LINKED) is (shift == 0)
