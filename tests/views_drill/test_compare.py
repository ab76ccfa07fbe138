"""Two spans, two places, a place among its peers: both sides whole, and to the fen."""

from __future__ import annotations

from fractions import Fraction

from budget_watch.access import Grant, Scope
from budget_watch.lake import Reader
from budget_watch.views.compare import (
    Comparison,
    Peer,
    Peers,
    Side,
    Standing,
    compare,
    peers,
    standing,
)
from budget_watch.views.cubes import Cube, build
from budget_watch.views.drill import Amounts, Place, span_of, total
from tests.views_drill.small_city import AS_OF, WAN, YUAN

NOW = span_of(AS_OF)
EDUCATION, WATER = Place(path=(("d", "101"),)), Place(path=(("d", "102"),))
LOOSE = 32_000 * YUAN


def test_last_year_is_cut_at_the_same_day_on_every_line(cube: Cube) -> None:
    found = compare(cube, (WATER, NOW), (WATER, NOW.last_year()))
    assert found.first.amounts.before == found.second.amounts.spent == 660 * WAN
    assert found.second.months == tuple(month * 60 * WAN for month in range(1, 12))
    assert found.second.amounts.month == 60 * WAN
    whole = total(cube, WATER, span_of(AS_OF, 2025, 11))
    assert whole.spent > found.second.amounts.spent  # what came after the day is left out


def test_two_spans_of_a_place_are_divided_as_it_is_and_add_up(cube: Cube) -> None:
    earlier = span_of(AS_OF, 2026, 9)
    found = compare(cube, (EDUCATION, NOW), (EDUCATION, earlier))
    assert (found.by, [pair.code for pair in found.parts]) == ("u", ["101001", "101002", None])
    for side, of in ((found.first, "first"), (found.second, "second")):
        assert sum(getattr(pair, of).spent for pair in found.parts) == side.amounts.spent
        assert side.months[-1] == side.amounts.spent
    assert found.second == Side(
        EDUCATION,
        earlier,
        total(cube, EDUCATION, earlier),
        tuple(month * 135 * WAN for month in range(1, 10)),
        latest=False,
    )
    assert found.first.latest


def test_two_places_are_divided_by_what_both_have(cube: Cube) -> None:
    found = compare(cube, (EDUCATION, NOW), (WATER, NOW))
    spent = [
        (pair.code, pair.first.spent, pair.second.spent) for pair in found.parts
    ]  # half a unit's payments are goods and services, half capital
    assert (found.by, spent) == (
        "e",
        [
            ("302", 7_425_000 * YUAN + LOOSE, 330 * WAN),
            ("310", 7_425_000 * YUAN, 330 * WAN),
            (None, 0, 0),
        ],
    )
    assert isinstance(found, Comparison)


def test_a_department_among_its_peers_has_rank_and_rates(cube: Cube) -> None:
    found = peers(cube, EDUCATION, NOW)
    education, water = total(cube, EDUCATION, NOW), total(cube, WATER, NOW)
    assert found == Peers(
        "d",
        "101",
        Place(),
        (Peer("101", education), Peer("102", water)),
        (
            Standing("progress", Fraction(14_882_000, 19_200_000), 1, 2, None),
            Standing("growth", Fraction(32_000, 14_850_000), 1, 2, None),
            Standing("added", Fraction(120, 1_800), 1, 2, None),
        ),
    )


def test_what_has_no_peers_says_so(cube: Cube) -> None:
    assert peers(cube, Place(), NOW) is None
    assert peers(cube, Place(path=(("d", "101"), ("c", "205"))), NOW) is None


def test_quartiles_are_values_that_are_there_and_equal_rates_share_a_rank() -> None:
    spent = {"a": 10, "b": 20, "c": 20, "d": 40, "e": 50, "f": 90, "g": 100}
    members = [Peer(code, Amounts(current=100, spent=value)) for code, value in spent.items()]
    members.append(Peer("none", Amounts(spent=7)))  # no budget, no progress
    quartiles = (Fraction(20, 100), Fraction(40, 100), Fraction(90, 100))
    assert standing("progress", "c", members) == Standing(
        "progress", Fraction(1, 5), 5, 7, quartiles
    )
    assert standing("progress", "b", members).rank == 5
    assert standing("progress", "a", members).rank == 7
    assert standing("progress", "none", members) == Standing("progress", None, None, 7, quartiles)
    assert standing("progress", "a", members[:3]).quartiles is None


def test_a_reader_has_only_peers_within_their_scope(city: tuple[object, object]) -> None:
    home, snapshot = city
    grant = Grant("u", "test", Scope(departments=frozenset({"102"})))
    narrow = build(Reader(home, grant, snapshot), snapshot.id, snapshot.biz_date)  # type: ignore
    found = peers(narrow, WATER, NOW)
    assert found is not None
    assert [peer.code for peer in found.members] == ["102"]
    other = compare(narrow, (WATER, NOW), (EDUCATION, NOW)).second
    assert other.amounts == Amounts() and set(other.months) == {0}
