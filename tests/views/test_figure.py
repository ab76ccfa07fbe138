from __future__ import annotations

from fractions import Fraction

from budget_watch.views import Figure, Origin, Query, Unit
from budget_watch.views.figure import change, difference, points, share

ORIGIN = Origin("990100000", "本级", "月报", "2026年1—9月", "S1")


def money(value: int | None, label: str = "支出", why: str | None = None) -> Figure:
    query = Query("execution_month", "ytd_amt", (("month", "=", 9),))
    return Figure("x", label, Unit.FEN, value, ORIGIN, "∑", (query,), why=why)


def test_a_share_keeps_both_integers() -> None:
    made = share("s", "进度", money(1), money(3), "年初预算")
    assert (made.value, made.over, made.exact) == (1, 3, Fraction(1, 3))
    assert made.denominator == "年初预算"


def test_a_share_of_nothing_does_not_apply() -> None:
    made = share("s", "进度", money(1), money(0), "年初预算")
    assert (made.value, made.inapplicable, made.why) == (None, True, "年初预算不大于零，不计算占比")


def test_a_missing_input_is_a_gap_and_not_inapplicable() -> None:
    made = change("c", "同比", money(1), money(None, "上年", "缺上年"))
    assert (made.value, made.inapplicable, made.why) == (None, False, "缺上年")


def test_what_rests_on_an_inapplicable_rate_does_not_apply_either() -> None:
    none = share("s", "进度", money(1), money(0), "年初预算")
    assert points("p", "差", none, share("t", "u", money(1), money(2), "x")).inapplicable


def test_growth_is_measured_against_the_earlier_amount() -> None:
    assert change("c", "同比", money(90), money(120)).exact == Fraction(-1, 4)


def test_points_are_exact_where_floats_are_not() -> None:
    first = share("a", "a", money(7), money(10), "x")
    second = share("b", "b", money(1), money(10), "x")
    assert points("p", "差", first, second).exact == Fraction(3, 5)


def test_a_difference_carries_the_queries_of_both() -> None:
    made = difference("d", "增减", money(5), money(7))
    assert (made.value, made.sign, len(made.queries)) == (-2, -1, 2)
