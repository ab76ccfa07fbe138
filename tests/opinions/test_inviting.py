"""Whom the office may invite to a topic: a list in its regions, names and accounts."""

from __future__ import annotations

import pytest

from budget_watch.access import Scope, accounts, assigning
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.opinions.inviting import guests
from budget_watch.opinions.topic_acting import act_on_topic, make_topic
from budget_watch.opinions.topics import get_topic
from tests.opinions.made_opinions import DESK, LI, NOW, bring, in_role

CITY, COUNTY = Scope(regions=frozenset({"990100000"})), Scope(regions=frozenset({"990181000"}))
PEOPLE = (
    ("dai", "代表钱某", "deputy", CITY),
    ("sun", "孙某", "deputy", CITY),
    ("sun2", "孙某", "deputy", COUNTY),
    ("member", "委员吴某", "member", Scope()),
    ("li", "李某", "clerk", Scope()),
    ("kuai", "会计小周", "unit_clerk", Scope(units=frozenset({"101001"}))),
    ("gone", "离任代表", "deputy", CITY),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    made = Home(tmp_path_factory.mktemp("inviting"))
    store, by = store_of(made, lambda: NOW), Who("operator")
    for user, name, role, scope in PEOPLE:
        accounts.add(store, by, user, name)
        assigning.assign(store, by, user, role, "任职", scope)
    accounts.disable(store, by, "gone", "离任")
    return made


def topic_of(home: Home) -> str:
    number = bring(home, "已登记")
    return make_topic(home, LI, "支出进度", [number], now=NOW).topic


def test_the_list_holds_deputies_and_members_of_the_inviters_regions(home):
    assert [each.words for each in guests(home, DESK, LI, NOW)] == [
        "委员吴某（财经委委员，member）",
        "代表钱某（代表，dai）",
        "孙某（代表，sun）",
        "孙某（代表，sun2）",
    ]
    county = in_role("county", "经办", "clerk", COUNTY)
    assert [each.user for each in guests(home, DESK, county, NOW)] == ["sun2"]


def test_people_are_invited_by_name_by_account_or_out_of_the_list(home):
    topic = topic_of(home)
    given = {"users": "代表钱某、sun", "pick": "member"}
    act_on_topic(home, LI, topic, "invite", given, now=NOW)
    assert get_topic(home, LI, topic).invited == {"dai", "sun", "member"}


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ("孙某", "“孙某”有 2 个账号：sun、sun2；请写账号"),
        ("代表钱某、无此人", "没有账号 无此人，或已停用，也不是可邀请的代表、委员的姓名"),
        ("会计小周", "没有账号 会计小周"),  # a unit's person is not on the list
        ("离任代表", "没有账号 离任代表"),
        ("gone", "没有账号 gone"),
        ("", "请给出还没有邀请的人"),
    ],
)
def test_who_is_not_clearly_meant_is_asked_for_again_and_nobody_is_invited(home, users, words):
    topic = topic_of(home)
    with pytest.raises(ActError, match=words):
        act_on_topic(home, LI, topic, "invite", {"users": users}, now=NOW)
    assert get_topic(home, LI, topic).invited == frozenset()
