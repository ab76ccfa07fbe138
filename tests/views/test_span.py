from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from budget_watch.views import Desk, Place, Span, home_place, places


@pytest.mark.parametrize(
    ("span", "label", "pace"),
    [
        (Span(2026, 1), "1月", Fraction(1, 12)),
        (Span(2026, 9), "1—9月", Fraction(3, 4)),
        (Span(2026, 12), "2026年", Fraction(1)),
        (Span.to_day(date(2026, 11, 20)), "截至2026年11月20日", Fraction(324, 365)),
        (Span.to_day(date(2026, 9, 30)), "1—9月", Fraction(3, 4)),
        (Span.to_day(date(2028, 12, 30)), "截至2028年12月30日", Fraction(365, 366)),
    ],
)
def test_a_span_is_named_and_paced_by_where_it_ends(span: Span, label: str, pace: Fraction) -> None:
    assert (span.label, span.pace) == (label, pace)


def test_last_year_is_the_same_span() -> None:
    assert Span.to_day(date(2026, 11, 20)).last_year().until == date(2025, 11, 20)
    assert Span(2026, 9).last_year() == Span(2025, 9)


def test_the_city_is_read_from_the_data(desk: Desk) -> None:
    assert home_place(desk) == Place("990100000", "本级", "示范市")
    assert home_place(desk, "全市") == Place("990100000", "全市", "示范市")
    assert places(desk, 2026) == (
        Place("990100000", "本级", "示范市"),
        Place("990102000", "县区", "东城区"),
    )


def test_vouchers_of_the_whole_city_are_those_of_every_region() -> None:
    assert Place("990100000", "全市", "示范市").event_terms == ()
