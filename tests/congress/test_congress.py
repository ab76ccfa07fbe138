"""A session of 人代会: opened, spoken in, merged, asked, answered, over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from budget_watch.access import accounts, assigning
from budget_watch.access.errors import ForbiddenError
from budget_watch.access.granting import capacities
from budget_watch.audit import Who, key_of, verify
from budget_watch.casework.accounts import store_of
from budget_watch.casework.errors import ActError
from budget_watch.congress import tables as t
from budget_watch.congress.acting import answer, close_congress, give, join, merge, route
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.gathering import groups
from budget_watch.congress.granting import end_grants, grant_members
from budget_watch.congress.roll import read_roll
from budget_watch.congress.session import (
    CongressDesk,
    acts_of,
    get_congress,
    given_for,
    given_in,
    list_congresses,
    questions_of,
)
from budget_watch.congress.summary import congress_record, questions_for, tally_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.seeing import get_opinion
from tests.congress.made_congress import (
    CLINIC,
    CLINIC2,
    EAST,
    EAST2,
    NOW,
    OTHER_FINANCE,
    OUTSIDE,
    ROAD,
    ROLL,
    SINCE,
    SOLVER,
    UNTIL,
    WEST,
    opened,
)
from tests.opinions.made_opinions import LEADER, LI, MEMBER, WANG, ZHAO
from tests.views_drill.small_city import CITY, make_home

DAY = NOW.date()


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def said(home, actor, number):
    return [
        e.opinion.text for e in given_for(CongressDesk.of(home), actor, find(home, number), DAY)
    ]


def find(home, number):
    return get_congress(home, LI, number, DAY)


def test_an_opinion_is_one_field_submitted_at_once_and_a_retry_makes_no_second(home):
    number = opened(home)
    done = [give(home, EAST, number, CLINIC, request="r1", now=NOW) for _ in range(3)]
    assert [each.repeated for each in done] == [False, True, True]
    (given,) = given_in(home, number)
    one = get_opinion(home, EAST, given.opinion.id)
    assert (one.id, one.state, one.kind) == (done[0].opinion, "已提交", "线上评论")
    assert (one.text, one.title, given.delegation) == (CLINIC, CLINIC, "东城代表团")
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []


def test_deputies_read_their_own_delegation_and_count_the_others(home):
    number = opened(home)
    for actor, text in ((EAST, CLINIC), (EAST2, CLINIC2), (WEST, ROAD)):
        give(home, actor, number, text, now=NOW)
    assert said(home, EAST2, number) == sorted([CLINIC, CLINIC2])
    assert said(home, WEST, number) == [ROAD]
    assert said(home, SOLVER, number) == []
    for actor in (LI, WANG, ZHAO, MEMBER, LEADER):
        assert len(said(home, actor, number)) == 3
    told = congress_record(CongressDesk.of(home), WEST, find(home, number), NOW)
    assert told["delegations"] == [
        {"delegation": "东城代表团", "opinions": 2, "authors": 2},
        {"delegation": "西城代表团", "opinions": 1, "authors": 1},
    ]
    assert (told["given"], told["merged"], told["questions"]) == (3, 0, [])


def test_to_others_and_outside_its_days_it_is_not_there(home):
    number = opened(home)
    for actor in (OUTSIDE, OTHER_FINANCE, replace(EAST, role="单位经办")):
        assert list_congresses(home, actor, DAY) == []
        with pytest.raises(UnknownCongressError):
            get_congress(home, actor, number, DAY)
        with pytest.raises((UnknownCongressError, ActError)):
            give(home, actor, number, ROAD, now=NOW)
    for day in (SINCE - timedelta(1), UNTIL + timedelta(1)):
        assert list_congresses(home, EAST, day) == list_congresses(home, SOLVER, day) == []
        assert len(list_congresses(home, MEMBER, day)) == 1
    late = NOW + timedelta(days=3)
    with pytest.raises(UnknownCongressError):
        give(home, EAST, number, ROAD, now=late)
    assert given_in(home, number) == []
    with engine(home).connect() as connection:
        assert connection.execute(sa.text("select count(*) from opinion")).scalar() == 0


def test_alike_ones_are_suggested_merged_by_a_person_and_answered_within_hours(home):
    number, desk = opened(home, hours=4), CongressDesk.of(home)
    ids = [
        give(home, actor, number, text, now=NOW).opinion
        for actor, text in ((EAST, CLINIC), (EAST2, CLINIC2), (WEST, ROAD))
    ]
    (group,) = groups(given_in(home, number), desk.flow.similar)
    assert [each.opinion.id for each in group.given] == ids[:2]
    topic = merge(home, WANG, number, "乡镇卫生院经费", ids[:2], now=NOW).topic
    assert groups(given_in(home, number), desk.flow.similar) == []
    assert [each.opinion.text for each in given_in(home, number)][::-1] == [CLINIC, CLINIC2, ROAD]
    (question,) = questions_of(home, given_in(home, number))
    assert question.state(NOW) == "待转"
    done = route(home, LI, number, topic, request="q", now=NOW)
    assert route(home, LI, number, topic, request="q", now=NOW) == replace(done, repeated=True)
    with pytest.raises(ActError, match="已经转给"):
        route(home, LI, number, topic, now=NOW)
    seen = questions_for(desk, SOLVER, find(home, number), given_in(home, number), NOW)
    assert [(each.topic, each.state(NOW)) for each in seen] == [(topic, "待答")]
    assert seen[0].state(NOW + timedelta(hours=4, seconds=1)) == "逾时"
    with pytest.raises(ActError, match="解答由会次"):
        answer(home, LI, number, topic, "已安排。", now=NOW)
    answer(home, SOLVER, number, topic, "已安排设备更新经费。", now=NOW + timedelta(hours=1))
    join(home, LI, number, topic, ids[2:], now=NOW)
    for actor in (EAST, WEST, MEMBER):
        (told,) = questions_for(desk, actor, find(home, number), given_in(home, number), NOW)
        assert (told.state(NOW), len(told.given)) == ("已答", 3)
        assert [each.text for each in told.answers] == ["已安排设备更新经费。"]
    counts = tally_of(desk, find(home, number), given_in(home, number), NOW)
    assert (counts.given, counts.merged, counts.by_state) == (3, 3, {"已答": 3, "未归并": 0})
    assert [each["step"] for each in acts_of(home, number)] == ["open", "route", "answer"]


def test_only_keepers_open_merge_route_and_close(home):
    number = opened(home)
    one = give(home, EAST, number, CLINIC, now=NOW).opinion
    for actor in (ZHAO, MEMBER, LEADER, EAST, SOLVER):
        with pytest.raises(ActError):
            merge(home, actor, number, "卫生院", [one], now=NOW)
        with pytest.raises(ActError):
            close_congress(home, actor, number, "提前", now=NOW)
    with pytest.raises(ActError, match="不是会次"):
        merge(home, LI, number, "别处的意见", ["YJ2026-0999"], now=NOW)
    close_congress(home, LI, number, "议程提前完成", now=NOW)
    with pytest.raises(UnknownCongressError):
        give(home, EAST, number, ROAD, now=NOW)
    with pytest.raises(ActError, match="已经闭会"):
        close_congress(home, LI, number, "再闭一次", now=NOW)


@pytest.mark.parametrize(
    ("roll", "why"),
    [
        ("东城代表团 东一", "第 1 行"),
        ("东城代表团 东一 a1\n西城代表团 东一 a1", "写了两次"),
        ("财政解答组 解答 solver", "要有代表"),
    ],
)
def test_a_wrong_roll_is_refused_with_its_reason(roll, why):
    with pytest.raises(ActError, match=why):
        read_roll(roll)


def test_rows_are_never_changed_or_removed(home):
    number = opened(home)
    give(home, EAST, number, CLINIC, now=NOW)
    for table in (t.congress, t.congress_member, t.congress_opinion, t.congress_act):
        for work in (sa.delete(table), table.update().values({table.c[0].name: "x"})):
            with pytest.raises(sa.exc.SQLAlchemyError), engine(home).begin() as connection:
                connection.execute(work)


def test_roles_begin_and_end_with_the_session_and_leave_nothing(tmp_path):
    home, _ = make_home(tmp_path / "city", "unit")
    by = Who("operator", "", "", "test")
    for user in ("east", "east2", "west", "solver"):
        accounts.add(store_of(home), by, user, user)
    own = store_of(home, lambda: NOW)
    assigning.assign(own, by, "west", "deputy", "任职")
    number = opened(home)
    with pytest.raises(ForbiddenError):
        grant_members(home, Who("li"), "clerk", number, clock=lambda: NOW)
    told = grant_members(home, by, None, number, clock=lambda: NOW)
    kept = f"已授予 {SINCE} 至 {UNTIL}"
    assert [(each.user, each.role, each.said) for each in told] == [
        ("east", "代表", kept),
        ("east2", "代表", kept),
        ("west", "代表", "已有，不另授"),
        ("solver", "财政归口", kept),
    ]
    again = grant_members(home, by, None, number, clock=lambda: NOW)
    assert {each.said for each in again} == {"已有，不另授"}

    def roles(day: date) -> dict[str, list[str]]:
        store = store_of(home, lambda: NOW + (day - DAY))
        return {u: [c.role for c in capacities(store, u)] for u in ("east", "west", "solver")}

    inside = {"east": ["deputy"], "west": ["deputy"], "solver": ["finance"]}
    outside = {"east": [], "west": ["deputy"], "solver": []}
    assert [roles(day) for day in (DAY, UNTIL, UNTIL + timedelta(1))] == [inside, inside, outside]
    (held,) = [e for e in assigning.assignments(own, "east")]
    assert (held.scope.regions, held.window.until) == (frozenset({CITY}), UNTIL)
    end_grants(home, by, None, number, "提前闭会", clock=lambda: NOW)
    assert roles(DAY) == {"east": [], "west": ["deputy"], "solver": []}
    assert ROLL.count("\n") == 3
