"""Agenda items tell who is to prepare them, before their meeting and after it, and of the end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from budget_watch.casework.accounts import grant_as
from budget_watch.casework.cases import actor_of
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine
from budget_watch.meetings.agenda import get_item
from budget_watch.meetings.agenda_acting import act_on_item, register_item
from budget_watch.meetings.agenda_telling import sweep
from budget_watch.notices.inbox import inbox
from tests.meetings.test_agenda import with_meetings
from tests.notices.office import open_office
from tests.opinions.made_opinions import LI, WANG, ZHAO
from tests.views_drill.small_city import CITY

NAMES = ("li", "sun", "wang", "zhao", "leader", "dai", "cai", "kuai", "county")


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 2, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    made = with_meetings(tmp_path)
    open_office(made)
    yield made
    engine(made).dispose()


def told(home: Home, name: str, now: datetime) -> list[tuple[str, str, bool]]:
    """Kind, words, and whether nothing waits any more, of what was told of agenda items."""
    person = actor_of(home, grant_as(home, name, "测试"))
    found = inbox(home, person, now=now)
    return [(e.kind, e.sentence, e.settled) for e in found if e.page == "agenda"]


def test_whoever_is_named_is_told_reminded_and_told_of_the_end(home):
    number = register_item(
        home, LI, "第三十次会议", "2026-11-26", "听取债务报告", region=CITY, now=at(11, 1)
    ).item
    for actor, whom, why in (
        (LI, "sun", "办理，您的角色是"),
        (WANG, "dai", "可指派 li、sun、wang"),
    ):
        with pytest.raises(ActError, match=why):
            act_on_item(home, actor, number, "assign", {"whom": whom}, now=at(11, 1))
    act_on_item(home, WANG, number, "assign", {"whom": "sun"}, now=at(11, 1))
    named = f"议题 {number} 听取债务报告（2026-11-26）"
    assert told(home, "sun", at(11, 2)) == [
        ("turn", f"{named}：指派给您准备，现在是“准备中”。", False)
    ]
    assert sweep(home, at(11, 10)) == 0  # sixteen days before
    assert sweep(home, at(11, 11)) == 1  # sun alone
    assert sweep(home, at(11, 12)) == 0
    soon = f"{named}：快要开会，还没有备齐，现在是“准备中”。"
    assert told(home, "sun", at(11, 11))[0] == ("soon", soon, False)
    act_on_item(home, LI, number, "ready", {}, now=at(11, 13))
    assert [each[2] for each in told(home, "sun", at(11, 13))] == [True, True]
    assert sweep(home, at(11, 27)) == 3  # sun, and wang and zhao, who write the outcome down
    late = f"{named}：会已经开了，没有登记审议结果，现在是“已开”。"
    assert [told(home, name, at(11, 27))[0] for name in ("sun", "wang", "zhao")] == [
        ("overdue", late, False)
    ] * 3
    act_on_item(home, ZHAO, number, "close", {"outcome": "同意"}, now=at(11, 27))
    ended = ("ended", f"{named}：已登记审议结果，现在是“已议”。", False)
    for name in ("li", "sun", "wang"):
        assert told(home, name, at(11, 27))[0] == ended
    assert told(home, "zhao", at(11, 27)) == [("overdue", f"{named}：曾提醒没有登记审议结果，"
                                               "已经办完，现在是“已议”。", True)]  # fmt: skip
    for name in ("leader", "dai", "cai", "kuai", "county"):
        assert told(home, name, at(11, 27)) == []
    assert sweep(home, at(12, 10)) == 0


def test_where_nobody_is_named_all_who_may_prepare_it_are_reminded(home):
    """Those of another region are not told; nor is anybody of what REF-03 tells the end of."""
    made = register_item(home, LI, "第三十次会议", "2026-11-26", "议题", region=CITY, now=at(11, 1))
    assert sweep(home, at(11, 20)) == 3
    assert [bool(told(home, name, at(11, 20))) for name in NAMES] == [True] * 3 + [False] * 6
    item = get_item(Reader(home, LI.grant), LI, made.item)
    assert (item.owner, item.version) == (None, 1)
