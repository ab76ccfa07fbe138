"""审计整改 by hand: what is due, what was put right, what came again."""

from datetime import date
from fractions import Fraction

from budget_watch.views import Desk, Place
from budget_watch.views.audit_issues import issues, repeats, tallies, tally
from tests.views.small_city import CITY, EAST, WAN

OWN = Place(CITY, "本级", "示范市")
DAY = date(2026, 11, 20)


def test_every_issue_has_its_last_state_and_its_days_past_the_deadline(desk: Desk) -> None:
    found = issues(desk, OWN, DAY)
    assert [(one.id, one.state, one.settled, one.overdue, one.due) for one in found] == [
        ("A2", "阶段性", 20 * WAN, 293, True),
        ("A5", "未登记", 0, 50, True),
        ("A3", "持续整改", 80 * WAN, 0, False),  # due on the day: not past it; 90 of 80 is 80
        ("A1", "已整改", 100 * WAN, 0, True),
        ("A4", "已整改", None, 0, True),
    ]
    assert found[0].project == "示范市水利局2024年度预算执行情况审计"


def test_rates_are_of_what_is_due_by_number_and_by_amount(desk: Desk) -> None:
    found = issues(desk, OWN, DAY)
    whole = tally("", found)
    assert (whole.issues, whole.due, whole.finished, whole.open) == (5, 4, 2, 3)
    assert (whole.amount, whole.due_amount, whole.settled) == (270 * WAN, 190 * WAN, 120 * WAN)
    assert (whole.by_number, whole.by_amount) == (Fraction(1, 2), Fraction(12, 19))
    assert (whole.overdue, whole.longest, whole.unsaid) == (2, 293, 1)
    years = tallies(found, lambda one: str(one.year))
    assert [(y.key, y.issues, y.due, y.by_number, y.by_amount) for y in years] == [
        ("2025", 2, 2, Fraction(1, 2), Fraction(4, 5)),
        ("2026", 3, 2, Fraction(1, 2), Fraction(0)),
    ]
    assert tally("", ()).by_number is None


def test_a_kind_found_again_at_a_unit_in_another_year(desk: Desk) -> None:
    (group,) = repeats(issues(desk, OWN, DAY))
    assert [one.id for one in group] == ["A1", "A3"]


def test_an_earlier_day_and_another_place_know_less(desk: Desk) -> None:
    assert {one.id for one in issues(desk, OWN, date(2025, 12, 31))} == {"A1", "A2"}
    assert issues(desk, Place(EAST, "县区", "东城区"), DAY) == ()
    assert len(issues(desk, Place(CITY, "全市", "示范市"), DAY)) == 5
