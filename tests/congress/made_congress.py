"""A session of two delegations, and the people in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from budget_watch.access import Grant, Reached, Scope
from budget_watch.casework.cases import Actor
from budget_watch.congress.acting import answer, give, merge, open_congress, route
from budget_watch.lake import Home
from tests.opinions.made_opinions import LI, in_role
from tests.views_drill.small_city import CITY

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday 10:00 in Shanghai
SINCE, UNTIL = date(2026, 11, 18), date(2026, 11, 22)
OWN = Scope(regions=frozenset({CITY}))


def deputy(user: str) -> Actor:
    grant = Grant(user, "履职", OWN, findings=Reached.UPHELD, role="deputy")
    return Actor(grant, "代表", f"s-{user}")


EAST, EAST2, WEST, OUTSIDE = (deputy(name) for name in ("east", "east2", "west", "outside"))
SOLVER = in_role("solver", "财政归口", "finance", OWN)
OTHER_FINANCE = in_role("cai", "财政归口", "finance", OWN)
ROLL = """东城代表团 东一 east
东城代表团，东二，east2
西城代表团 西一 west
财政解答组 解答 solver"""


CLINIC = "建议增加乡镇卫生院经费，现在设备老旧。"
CLINIC2 = "乡镇卫生院设备老旧，建议增加经费。"
ROAD = "农村公路养护资金没有按时到位，请说明。"
SCHOOL = "城区学位不足，建议安排新建小学。"


def played(home: Home) -> str:
    """A session: two clinics merged and answered, a road put to the desk, a school left alone."""
    number = opened(home)
    said = ((EAST, CLINIC), (WEST, CLINIC2), (EAST2, ROAD), (WEST, SCHOOL))
    ids = [give(home, actor, number, text, now=NOW).opinion for actor, text in said]
    for title, own in (("乡镇卫生院经费", ids[:2]), ("农村公路养护", ids[2:3])):
        topic = merge(home, LI, number, title, own, now=NOW).topic
        route(home, LI, number, topic, now=NOW)
        if len(own) == 2:
            answer(home, SOLVER, number, topic, "已安排设备更新经费。", now=NOW)
    return number


def opened(home: Home, **more: Any) -> str:
    options = {"region": CITY, "now": NOW, **more}
    return open_congress(home, LI, "第十六届人大第一次会议", SINCE, UNTIL, ROLL, **options).congress
