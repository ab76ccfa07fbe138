from __future__ import annotations

from fractions import Fraction

from budget_watch.views import Desk, Place, Span
from budget_watch.views.debt import debt, limit_basis, position
from tests.views.small_city import CITY, WAN

OWN, WHOLE = Place(CITY, "本级", "示范市"), Place(CITY, "全市", "示范市")
SPAN = Span(2026, 9)


def test_three_limits_are_judged_apart(desk: Desk) -> None:
    made = position(desk, OWN, SPAN)
    assert [(x.kind, x.used.exact, x.room.value) for x in made.limits] == [
        ("合计", Fraction(24, 25), 20 * WAN),
        ("一般", Fraction(19, 20), 10 * WAN),
        ("专项", Fraction(29, 30), 10 * WAN),
    ]


def test_the_debt_rate_needs_delivered_resources(desk: Desk) -> None:
    assert position(desk, WHOLE, SPAN).rate.exact == Fraction(6, 5)
    own = position(desk, OWN, SPAN).rate
    assert (own.value, own.why) == (
        None,
        "缺FIN-24 政府债务限额与余额表（2026年9月末综合财力）：市本级",
    )


def test_a_later_span_is_answered_by_the_latest_date_which_is_named(desk: Desk) -> None:
    made = position(desk, OWN, Span(2026, 11))
    assert made.limits[0].balance.origin.as_of == "2026年9月末"
    assert position(desk, OWN, Span(2026, 3)).limits[0].balance.value is None


def test_regions_come_by_use_of_their_limit(desk: Desk) -> None:
    assert [p.place.name for p in debt(desk, WHOLE, SPAN).regions] == ["示范市", "东城区"]


def test_bonds_give_issue_interest_and_what_falls_due(desk: Desk) -> None:
    made = debt(desk, WHOLE, SPAN, months_ahead=6)
    assert [f.label for f in made.issued if f.value] == ["发行新增专项债券"]
    assert (made.issued_total.value, made.interest.value, made.overdue.value) == (
        50 * WAN,
        1 * WAN,
        0,
    )
    assert [(d.year, d.month) for d in made.due] == [
        (2026, 10),
        (2026, 11),
        (2026, 12),
        (2027, 1),
        (2027, 2),
        (2027, 3),
    ]
    assert [d.principal.value for d in made.due] == [0, 0, 0, 0, 0, 50 * WAN]
    assert made.due_half_year.value == 50 * WAN


def test_only_a_provinces_limit_rests_on_the_budget_law_itself() -> None:
    said = {
        region: (whose.word, whose.cited)
        for region in ("990000000", "990100000", "990102000", "410100000")
        for whose in (limit_basis(region),)
    }
    below = ("下达限额", "《预算法实施条例》第四十五条")
    assert said == {
        "990000000": ("法定限额", "《预算法》第三十五条"),
        "990100000": below,
        "990102000": below,
        "410100000": below,
    }
