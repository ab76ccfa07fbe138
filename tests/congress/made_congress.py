"""A session of two delegations, and the people in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from budget_watch.access import Grant, Reached, Scope
from budget_watch.casework.cases import Actor
from budget_watch.congress.acting import open_congress
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


def opened(home: Home, **more: Any) -> str:
    options = {"region": CITY, "now": NOW, **more}
    return open_congress(home, LI, "第十六届人大第一次会议", SINCE, UNTIL, ROLL, **options).congress
