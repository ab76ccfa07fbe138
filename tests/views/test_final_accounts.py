"""决算 by hand: books beside budgets, forms with their identities, words, publication."""

from __future__ import annotations

from datetime import date

import pytest

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, Place
from budget_watch.views import final_forms as disclosed
from budget_watch.views.final_accounts import Account, accounts, years
from tests.views import review_city
from tests.views.small_city import BUSINESS_DATE, CITY, WAN

OWN = Place(CITY, "本级", "示范市")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return review_city.make(tmp_path_factory.mktemp("final"), judged=False)


@pytest.fixture(scope="module")
def desk(city: Home) -> Desk:
    return Desk(Reader(city, Grant.operator("test")))


def account(code: str, name: str, *amounts: int) -> Account:
    return Account(code, name, *(amount * WAN for amount in amounts))


def test_final_accounts_stand_beside_three_budgets(desk: Desk) -> None:
    made = {f"{each.book}{each.side}": each for each in accounts(desk, OWN, 2025)}
    out = made.pop("一般公共预算支出")
    assert (out.stage, out.month) == ("决算批准", 12)
    assert out.total == account("", "支出合计", 1620, 1650, 1030, 2080)
    assert out.parts == (
        account("205", "教育支出", 1000, 1050, 1030, 1500),
        account("208", "社会保障和就业支出", 600, 600, 0, 580),
        account("227", "预备费", 20, 0, 0, 0),
    )
    assert [each.off for each in out.parts] == [500 * WAN, -20 * WAN, -20 * WAN]
    assert {each.stage for each in made.values()} == {""}
    assert years(desk, OWN) == (2025,)


def test_every_identity_has_both_sides_and_an_outcome(desk: Desk) -> None:
    found = [
        (each.dept, each.id, each.form, each.left, each.right, each.difference, each.outcome)
        for each in disclosed.identities(desk, OWN, 2025)
    ]
    assert found == [
        ("101", "01", "01", 100 * WAN, 99 * WAN, 1 * WAN, "不符"),
        ("102", "01", "01", 50 * WAN, 50 * WAN, 0, "相符"),
        ("101", "02", "02", 90 * WAN, 90 * WAN, 0, "相符"),
        ("101", "08", "08", None, None, None, "空表已说明"),
        ("102", "08", "08", None, None, None, "空表未说明"),
        ("101", "09", "09", None, None, None, "空表未说明"),
        ("102", "09", "09", None, None, None, "有数"),
    ]


def test_the_nine_forms_tell_which_did_not_come(desk: Desk) -> None:
    found = disclosed.forms(desk, OWN, 2025, "101", "101")
    assert [(each.number, each.total, each.lines) for each in found] == [
        ("01", 100 * WAN, 3),
        ("02", 90 * WAN, 1),
        *((number, None, 0) for number in ("03", "04", "05", "06", "07")),
        ("08", None, 1),
        ("09", None, 0),
    ]


def test_words_that_say_none_are_held_against_the_figures(desk: Desk) -> None:
    found = disclosed.wordings(desk, OWN, 2025)
    assert [(each.dept, each.form, each.amount, each.agrees) for each in found] == [
        ("101", "08", None, True),
        ("102", "09", 5 * WAN, False),
    ]


def test_days_of_publication_run_to_the_day_it_came_out_or_to_today(desk: Desk) -> None:
    def told(day: date) -> list[tuple[str, int | None, date | None]]:
        found = disclosed.publications(desk, OWN, 2025, day)
        return [(each.dept, each.days, each.done) for each in found]

    assert told(BUSINESS_DATE) == [("102", 111, None), ("101", 14, date(2026, 8, 15))]
    assert told(date(2026, 8, 10)) == [("101", 9, None), ("102", 9, None)]
    assert told(date(2026, 7, 31)) == []
