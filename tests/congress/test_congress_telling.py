"""Notices of a session: to those who answer at once, to them and the office when hours are over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from budget_watch.access import accounts, assigning
from budget_watch.access.granting import grant_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import actor_of
from budget_watch.congress.acting import answer, give, merge, route
from budget_watch.lake import Home
from budget_watch.notices.inbox import inbox
from budget_watch.notices.sweeping import sweep
from tests.congress.made_congress import CLINIC, EAST, NOW, OWN, opened
from tests.dashboard.signing import OPERATOR
from tests.views_drill.small_city import make_home

PEOPLE = (("li", "clerk"), ("wang", "reviewer"), ("east", "deputy"))
FINANCE = ("solver", "cai")


@pytest.fixture
def home(tmp_path) -> Home:
    made, _ = make_home(tmp_path / "home", "unit")
    store = store_of(made, lambda: NOW)
    for name, role in (*PEOPLE, *((each, "finance") for each in FINANCE)):
        accounts.add(store, OPERATOR, name, name)
        assigning.assign(store, OPERATOR, name, role, "任职", OWN if role == "finance" else None)
    return made


def person(home, name):
    return actor_of(home, grant_of(store_of(home, lambda: NOW), name, "test"))


def read(home, name, now=NOW):
    found = inbox(home, person(home, name), now=now)
    return [(e.kind, e.page, e.subjects, e.sentence, e.settled) for e in found]


def test_those_who_answer_are_told_at_once_and_the_office_with_them_when_it_is_late(home):
    number = opened(home, hours=2)
    one = give(home, EAST, number, CLINIC, now=NOW).opinion
    li = person(home, "li")
    topic = merge(home, li, number, "乡镇卫生院经费", [one], now=NOW).topic
    before = {name: read(home, name) for name in ("li", "wang", "east", "cai")}
    route(home, li, number, topic, now=NOW)
    asked = f"会次 {number} “乡镇卫生院经费”：转您解答，11-20 12:00以前。"
    assert read(home, "solver") == [("turn", "congress", (number,), asked, False)]
    assert {name: read(home, name) for name in before} == before
    assert sweep(home, NOW + timedelta(hours=2)) == 0
    late = NOW + timedelta(hours=2, minutes=1)
    assert [sweep(home, late), sweep(home, late + timedelta(minutes=10))] == [2, 0]
    said = f"会次 {number} “乡镇卫生院经费”：过了11-20 12:00的时限，还没有解答。"
    overdue = ("overdue", "congress", (number,), said, False)
    assert read(home, "solver")[0] == overdue
    assert overdue in read(home, "li")
    assert {name: read(home, name) for name in ("wang", "east", "cai")} == {
        name: before[name] for name in ("wang", "east", "cai")
    }
    answer(home, person(home, "solver"), number, topic, "已安排。", now=late)
    assert [(e[0], e[4]) for e in read(home, "solver")] == [("overdue", True), ("turn", True)]
    assert "曾逾时，已经解答" in read(home, "solver")[0][3]
    assert sweep(home, late + timedelta(hours=1)) == 0


def test_after_the_session_its_notices_are_gone_for_those_who_only_answered(home):
    number = opened(home)
    one = give(home, EAST, number, CLINIC, now=NOW).opinion
    topic = merge(home, person(home, "li"), number, "卫生院", [one], now=NOW).topic
    route(home, person(home, "li"), number, topic, now=NOW)
    assert read(home, "solver") and not read(home, "solver", NOW + timedelta(days=4))
