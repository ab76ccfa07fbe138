"""绩效 by hand: projects with goals and scores beside what they cost."""

from __future__ import annotations

from fractions import Fraction

import pytest

from budget_watch.access import Grant
from budget_watch.casework.checking import rule_book
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk, Place
from budget_watch.views.performance import (
    Project,
    Tally,
    Year,
    crossed,
    projects,
    tally,
    words_of,
)
from tests.views import review_city
from tests.views.small_city import BUSINESS_DATE, CITY, WAN

OWN = Place(CITY, "本级", "示范市")


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, ...]:
    home: Home = review_city.make(tmp_path_factory.mktemp("performance"), judged=False)
    desk = Desk(Reader(home, Grant.operator("test")))
    return projects(desk, OWN, words_of(rule_book(home.root), BUSINESS_DATE))


def test_a_project_has_its_promises_and_its_money_by_year(every: tuple[Project, ...]) -> None:
    told = [(each.code, each.goal, each.score, each.grade, each.low, each.rate) for each in every]
    assert told == [
        ("PI1", "新增学位500个", 95, "", False, Fraction(870, 1200)),
        ("PI2", "", 92, "差", True, Fraction(220, 900)),  # 无 is no goal
        ("PI3", "保障接待", None, "", False, Fraction(11, 20)),
        ("PI4", "保障公车", 80, "良", False, Fraction(39, 40)),
    ]
    assert every[1].years == (
        Year(2026, 400 * WAN, 500 * WAN, 100 * WAN),
        Year(2025, 400 * WAN, 400 * WAN, 120 * WAN),
    )
    assert every[1].of(2020) == Year(2020, 0, 0, 0)


def test_projects_are_counted_with_the_money_of_a_year(every: tuple[Project, ...]) -> None:
    assert tally(every, 2026) == Tally(
        projects=4,
        current=1130 * WAN,
        spent=596 * WAN,
        goals=3,
        quantified=3,
        scored=3,
        graded=2,
        low=1,
        published=2,
        used=1,
    )


def test_scores_are_crossed_with_execution(every: tuple[Project, ...]) -> None:
    rows = [(title, [[one.code for one in own] for own in row]) for title, row in crossed(every)]
    assert rows == [
        ("90分及以上", [["PI2"], ["PI1"], [], [], []]),
        ("80—89分", [[], [], [], ["PI4"], []]),
        ("60—79分", [[], [], [], [], []]),
        ("60分以下", [[], [], [], [], []]),
        ("没有自评", [["PI3"], [], [], [], []]),
    ]
