"""The drill: each level adds up to the one above, to the fen; what is not listed is a row."""

from datetime import date
from itertools import pairwise

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Reader
from budget_watch.views.cubes import Cube, build
from budget_watch.views.drill import (
    Amounts,
    Change,
    Place,
    by_month,
    changes,
    divide,
    span_of,
    total,
    ways,
)
from tests.views_drill.small_city import AS_OF, WAN, YUAN

NOW = span_of(AS_OF)
OCTOBER = span_of(AS_OF, 2026, 10)
LOOSE = 32_000 * YUAN


def _sum(parts: list[Amounts]) -> Amounts:
    whole = Amounts()
    for part in parts:
        whole += part
    return whole


def test_the_core_figures_of_a_department_are_those_reckoned_by_hand(cube: Cube) -> None:
    found = total(cube, Place(path=(("d", "101"),)), NOW)
    assert found == Amounts(
        initial=1_800 * WAN,
        approved=1_800 * WAN,
        current=1_920 * WAN,
        added=120 * WAN,
        plan=11 * (90 + 45 + 4 * 5) * WAN,
        spent=11 * 135 * WAN + LOOSE,
        before=11 * 135 * WAN,
        month=135 * WAN,
        vouchers=45,
    )


def test_last_year_is_cut_at_the_same_day(cube: Cube) -> None:
    to_day = total(cube, Place(path=(("d", "102"),)), NOW)
    whole_year = total(cube, Place(path=(("d", "102"),)), span_of(AS_OF, 2025))
    assert to_day.before == 11 * 60 * WAN
    assert whole_year.spent == 12 * 60 * WAN + 2 * 7 * WAN


def test_a_span_that_ends_with_a_month_takes_months_for_its_pace() -> None:
    assert (OCTOBER.pace.numerator, OCTOBER.pace.denominator) == (5, 6)
    assert NOW.pace.numerator * 365 == 324 * NOW.pace.denominator


@pytest.mark.parametrize("scope", ["local", "all", "county"])
@pytest.mark.parametrize("by", ["z", "d", "u", "p", "i", "c", "e", "f", "o", "m"])
@pytest.mark.parametrize("span", [NOW, OCTOBER, span_of(AS_OF, 2025)], ids=str)
def test_every_division_adds_up_to_its_place(cube: Cube, scope: str, by: str, span) -> None:
    place = Place(scope)  # type: ignore[arg-type]
    divided = divide(cube, place, span, by)
    parts = [row.amounts for row in divided.rows]
    assert _sum(parts) + divided.rest + divided.gap == divided.total == total(cube, place, span)


def test_every_step_of_the_path_adds_up_to_the_step_above(cube: Cube) -> None:
    steps = [("d", "101"), ("u", "101001"), ("p", "P1010011"), ("i", "I20261010011")]
    place = Place()
    for (letter, code), following in pairwise([*steps, ("i", "")]):
        divided = divide(cube, place, NOW, letter)
        place = place.step(letter, code)
        row = next(row for row in divided.rows if row.code == code)
        assert row.amounts == total(cube, place, NOW), following


def test_a_voucher_without_an_indicator_is_the_gap_of_its_project(cube: Cube) -> None:
    place = Place(path=(("d", "101"), ("u", "101001"), ("p", "P1010011")))
    divided = divide(cube, place, NOW, "i")
    assert [row.code for row in divided.rows] == ["I20261010011"]
    assert divided.gap == Amounts(spent=LOOSE, before=495 * WAN, vouchers=1)


def test_the_whole_city_is_the_city_itself_and_its_counties(cube: Cube) -> None:
    everything = total(cube, Place("all"), NOW)
    assert everything == total(cube, Place("local"), NOW) + total(cube, Place("county"), NOW)
    assert total(cube, Place("all", (("z", "990121000"),)), NOW).spent == 330 * WAN


def test_a_longer_code_replaces_the_shorter_one(cube: Cube) -> None:
    place = Place().step("c", "205").step("d", "101").step("c", "20502")
    assert place.path == (("c", "20502"), ("d", "101"))
    assert [row.code for row in divide(cube, place, NOW, "c").rows] == ["2050201"]


def test_only_ways_that_still_divide_are_offered() -> None:
    assert ways(Place()) == ["d", "c", "e", "f", "o", "m"]
    assert ways(Place("all"))[0] == "z"
    assert ways(Place(path=(("d", "101"),)))[:2] == ["u", "p"]
    assert ways(Place(path=(("d", "1"), ("u", "2"), ("p", "3"), ("i", "4")))) == [
        "s",
        "e",
        "y",
        "m",
    ]
    assert ways(Place(path=(("s", "1"),))) == []
    assert "c" not in ways(Place(path=(("c", "2050201"),)))


def test_the_way_from_the_opening_budget_is_told_by_cause(cube: Cube) -> None:
    assert changes(cube, Place(), NOW) == [Change("追加", "上级转移支付", 0, 120 * WAN)]
    assert changes(cube, Place(), span_of(AS_OF, 2026, 5)) == []


def test_months_after_the_as_of_day_are_unknown_not_zero(cube: Cube) -> None:
    months = by_month(cube, Place(path=(("d", "102"),)), NOW, 1)
    assert months == {
        2025: [60 * WAN] * 10 + [74 * WAN, 60 * WAN],
        2026: [60 * WAN] * 11 + [None],
    }


def test_rows_are_sorted_by_the_wanted_column(cube: Cube) -> None:
    def order(sort: str) -> list[str]:
        return [row.code for row in divide(cube, Place(), NOW, "d", sort).rows]

    assert order("-spent") == ["101", "102"]
    assert order("progress") == ["102", "101"]
    assert order("-current") == ["102", "101"]
    assert order("code") == ["101", "102"]


def test_a_grant_sees_only_its_department(city) -> None:
    home, snapshot = city
    grant = Grant("t", "test", Scope(departments=frozenset({"102"})))
    cube = build(Reader(home, grant, snapshot), snapshot.id, snapshot.biz_date)
    assert [row.code for row in divide(cube, Place("all"), NOW, "d").rows] == ["102"]
    assert total(cube, Place("all"), NOW).spent == 660 * WAN


def test_a_span_never_goes_past_the_as_of_day() -> None:
    assert span_of(AS_OF, 2026, 12).end == AS_OF
    assert span_of(AS_OF, 2026, 10).end == date(2026, 10, 31)
    assert span_of(AS_OF, 2025).end == date(2025, 12, 31)
