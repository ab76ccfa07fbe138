"""国有资产 by hand: each class of its own date, blanks no zeros."""

from datetime import date
from fractions import Fraction

from budget_watch.views import Desk, Span
from budget_watch.views.assets import (
    added,
    admin_assets,
    admin_total,
    enterprises,
    resources,
)
from tests.views.small_city import CITY, EAST, FIRM, OTHER, WAN

DAY = date(2026, 11, 20)


def test_enterprises_stand_against_their_benchmark_the_highest_above_first(desk: Desk) -> None:
    first, second = enterprises(desk, Span(2026, 10), DAY)
    assert (first.uscc, second.uscc) == (FIRM, OTHER)
    assert (first.last.leverage, first.last.above) == (Fraction(4, 5), Fraction(1, 10))
    assert (second.last.leverage, second.last.above) == (Fraction(1, 4), None)
    assert [(m.year, m.month) for m in first.months] == [(2025, 12), (2026, 9)]


def test_what_was_kept_and_what_is_owed(desk: Desk) -> None:
    first, second = enterprises(desk, Span(2026, 10), DAY)
    assert (first.preserved, first.preserved_year) == (Fraction(21, 20), 2025)
    assert (first.due, first.paid) == (6 * WAN, 2 * WAN)  # what falls due in December is not owed
    assert (second.preserved, second.due, second.paid) == (None, None, None)
    early = enterprises(desk, Span(2026, 10), date(2026, 6, 30))[0]
    assert early.due is None  # on the day itself nothing is past
    assert enterprises(desk, Span(2026, 3), DAY) == ()  # nothing told of the year by then


def test_offices_count_idle_area_where_every_unit_filled_it(desk: Desk) -> None:
    education, water = admin_assets(desk, 2026, "dept_code", CITY)
    assert (education.key, education.book, education.net) == ("101", 70 * WAN, 35 * WAN)
    assert (education.idle, education.idle_amount) == (Fraction(1, 10), 2 * WAN)
    assert (education.rent_due, education.rent_paid, education.unsettled) == (5 * WAN, 4 * WAN, 1)
    assert (water.area, water.idle_area, water.idle, water.rent_due) == (500, None, None, None)
    whole = admin_total(desk, 2026)
    assert whole is not None and (whole.year, whole.idle, whole.book) == (2025, None, 100 * WAN)
    assert admin_total(desk, 2024) is None
    assert admin_total(desk, 2026, EAST) is None


def test_resources_and_sums(desk: Desk) -> None:
    assert [(r.kind, r.quantity, r.value, r.change) for r in resources(desk, 2026)] == [
        ("森林", 12_345, 7 * WAN, 50),
        ("水", 100, None, -20),
    ]
    assert (added([1, 2]), added([1, None]), added([])) == (3, None, None)
