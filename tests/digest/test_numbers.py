"""Every number of a built Word file against the delivered tables; every word against its sign."""

from __future__ import annotations

import re
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.access import Grant
from budget_watch.digest import build
from budget_watch.digest.phrases import FORMS, cell, sentence
from budget_watch.lake import Home
from budget_watch.views import Figure, Origin, Unit
from tests.digest import reading
from tests.digest.oracle import Oracle, unequal
from tests.digest.saying import DOWN, UP, faults, said, unexplained
from tests.views.small_city import CITY

THREE_PUBLIC = {"30212", "30217", "30231", "31013", "30913"}


@pytest.mark.parametrize(
    ("period", "month", "months"), [("2026Q3", 9, 3), ("2026-09", 9, 1), ("2026-06", 6, 1)]
)
def test_every_number_is_what_the_delivered_tables_give(
    city: Home, tmp_path: Path, period: str, month: int, months: int
) -> None:
    (path,) = build(city, Grant.operator("test"), period, ("docx",), tmp_path)
    figures = reading.ledger(path)["figures"]
    with closing(Oracle(city, CITY, 2026, month, months)) as oracle:
        assert unequal(oracle, figures, sorted(figures)) == {}
        wrong, asked = faults(path, oracle)
    assert wrong == []
    assert asked > 100
    assert {number for _, number in unexplained(path)} <= THREE_PUBLIC


def test_a_wrong_number_and_a_wrong_word_are_seen(quarterly: dict[str, Path], city: Home) -> None:
    with closing(Oracle(city, CITY, 2026, 9, 3)) as oracle:
        oracle.pace = Fraction(8, 12)
        wrong, _ = faults(quarterly[".docx"], oracle)
    assert any("慢于序时进度13.5个百分点" in each and "数不对" in each for each in wrong)
    assert said("同比增长3.2%", "change", Fraction(-32, 1000), "") == "没有上升"
    assert said("慢于序时进度1.0个百分点", "points", Fraction(1, 100), "") == "没有下降"
    assert said("与上年同期持平", "change", Fraction(1, 10**6), "") == "不是持平"
    assert said("12.35", "fen", Fraction(123_400_000), "单位：万元") == "数不对"


NOWHERE = Origin("990100000", "本级", "月报", "2026年1—9月", "S1")
MONEY = st.integers(-(10**15), 10**15)
RATES = st.tuples(st.integers(-(10**12), 10**12), st.integers(1, 10**12))


def figure(unit: Unit, value: int, over: int = 1) -> Figure:
    return Figure("x", "收入", unit, value, NOWHERE, "", (), over=over)


@given(rate=RATES, form=st.sampled_from(["", "growth", "grown"]))
def test_a_growth_says_its_direction_and_its_size(rate: tuple[int, int], form: str) -> None:
    made = figure(Unit.CHANGE, *rate)
    text = sentence(made, form)
    assert said(text, "change", Fraction(*rate), "") == ""
    assert sum(word in text for word in ("增长", "下降", "持平")) == 1


@given(rate=RATES, form=st.sampled_from(["pace", "pull"]))
def test_points_say_their_direction_and_their_size(rate: tuple[int, int], form: str) -> None:
    made = figure(Unit.POINTS, *rate)
    text = sentence(made, form)
    if form == "pull" and made.sign == 0:
        return  # a pull of nothing is never listed: `movers` leaves it out
    assert said(text, "points", Fraction(*rate), "") == ""
    words = ("快于", "慢于", "持平") if form == "pace" else ("拉动", "下拉")
    assert sum(word in text for word in words) == 1


@given(fen=MONEY, form=st.sampled_from(["step", "stepped"]))
def test_an_amount_of_change_says_its_direction_and_its_size(fen: int, form: str) -> None:
    text = sentence(figure(Unit.FEN, fen), form)
    assert said(text, "fen", Fraction(fen), "") == ""
    assert "-" not in text


@given(fen=MONEY, unit=st.sampled_from(["wan", "yi", "yuan"]))
def test_a_cell_of_money_is_the_amount_in_the_unit_of_its_table(fen: int, unit: str) -> None:
    head = {"wan": "单位：万元", "yi": "单位：亿元", "yuan": "单位：元"}[unit]
    text = cell(figure(Unit.FEN, fen), unit)
    told = Fraction(text.replace(",", "")) * {"wan": 10**6, "yi": 10**10, "yuan": 100}[unit]
    assert abs(told - fen) <= {"wan": 5_000, "yi": 5 * 10**7, "yuan": Fraction(1, 2)}[unit], head


@given(rate=RATES)
def test_a_cell_of_change_has_a_sign_unless_it_rounds_to_nothing(rate: tuple[int, int]) -> None:
    text = cell(figure(Unit.CHANGE, *rate))
    signed = re.fullmatch(r"([+-]?)([\d,]+\.\d)%", text)
    assert signed is not None
    told = Fraction(signed[2].replace(",", ""))
    assert (signed[1] == "") == (told == 0)
    value = Fraction(*rate) * 100
    assert abs((-told if signed[1] == "-" else told) - value) <= Fraction(1, 20)


def test_every_form_has_a_direction_that_the_check_knows() -> None:
    assert set(FORMS) == {"step", "pace", "pull", "growth", "grown", "stepped"}
    assert {"增长", "快于", "拉动", "增加"} <= set(UP) and {"下降", "慢于", "下拉", "减少"} <= set(
        DOWN
    )
