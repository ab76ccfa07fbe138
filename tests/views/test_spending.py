from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

from budget_watch.access import Grant
from budget_watch.lake import Reader
from budget_watch.views import Desk, Place, Span
from budget_watch.views.spending import departments, spending
from budget_watch.views.three_public import three_public
from tests.views import small_city
from tests.views.small_city import CITY, WAN

OWN = Place(CITY, "本级", "示范市")


def test_progress_is_paid_over_the_current_budget(desk: Desk) -> None:
    made = spending(desk, OWN, Span(2026, 9), "一般公共预算")
    got = [
        f.value // WAN
        for f in (made.initial, made.approved, made.current, made.spent, made.last_year)
        if f.value is not None
    ]
    assert got == [1030, 1030, 1130, 596, 544]
    assert made.progress.exact == Fraction(596, 1130)
    assert made.progress.denominator == "变动预算"


def test_a_span_to_a_day_counts_payments_to_that_day(desk: Desk) -> None:
    before = spending(desk, OWN, Span.to_day(date(2026, 8, 5)), "一般公共预算")
    on = spending(desk, OWN, Span.to_day(date(2026, 8, 6)), "一般公共预算")
    assert (before.spent.value, on.spent.value) == (252 * WAN, 596 * WAN)


def test_departments_come_slowest_first(desk: Desk) -> None:
    made = departments(desk, OWN, Span(2026, 9))
    assert [(d.name, d.progress.exact) for d in made] == [
        ("示范市水利局", Fraction(121, 520)),
        ("示范市教育局", Fraction(475, 610)),
    ]


def test_departments_add_up_to_the_book(desk: Desk) -> None:
    whole = spending(desk, OWN, Span(2026, 9), "一般公共预算")
    parts = departments(desk, OWN, Span(2026, 9))
    assert sum(d.spent.value or 0 for d in parts) == whole.spent.value
    assert sum(d.current.value or 0 for d in parts) == whole.current.value


def test_nothing_paid_is_zero_but_nothing_delivered_is_not(desk: Desk, tmp_path: Path) -> None:
    funds = spending(desk, OWN, Span(2026, 9), "政府性基金")
    assert (funds.spent.value, funds.spent.why) == (0, None)
    empty = small_city.make(tmp_path, without=("payment_voucher",))
    bare = Desk(Reader(empty, Grant.operator("test")))
    made = spending(bare, OWN, Span(2026, 9), "一般公共预算")
    assert (made.spent.value, made.spent.why) == (None, "缺FIN-15 国库集中支付凭证表：2026年1—9月")
    assert made.current.value == 1130 * WAN


def test_three_public_is_the_five_codes_and_nothing_else(desk: Desk) -> None:
    made = three_public(desk, OWN, Span(2026, 9))
    assert [f.value for f in (made.total.current, made.total.spent, made.total.last_year)] == [
        30 * WAN,
        26 * WAN,
        24 * WAN,
    ]
    assert [k.spent.value for k in made.kinds] == [0, 5 * WAN, 21 * WAN, 0, 0]
    assert [d.name for d in made.over_budget] == ["示范市水利局"]
    assert made.over_count.value == 1
