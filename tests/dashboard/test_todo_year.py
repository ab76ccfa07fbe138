"""我的待办: demands and agenda items stand there for whom they wait, overdue ones counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.cases import today_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings.agenda_acting import act_on_item, register_item
from tests.dashboard.reading import cells, kinds, words
from tests.dashboard.test_pages import main
from tests.meetings.made_demands import do, new
from tests.meetings.test_agenda import with_meetings
from tests.notices.office import open_office
from tests.opinions.made_opinions import BUREAU, FINANCE, LI, WANG
from tests.views_drill.small_city import CITY

CITY_SCOPE = Scope(regions=frozenset({CITY}))
READERS: dict[str, Grant | None] = {
    "operator": None,
    "li": Grant("li", "办理", role="clerk"),
    "sun": Grant("sun", "办理", role="clerk"),
    "wang": Grant("wang", "办理", role="reviewer"),
    "zhao": Grant("zhao", "办理", role="signer"),
    "cai": Grant("cai", "办理", scope=CITY_SCOPE, role="finance"),
    "ju": BUREAU.grant,
    "dai": Grant("dai", "办理", scope=CITY_SCOPE, role="deputy"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = with_meetings(tmp_path_factory.mktemp("todo_year"))
    open_office(made)
    late = new(made, "超过期限的要求", due="2026-02-28")
    do(made, WANG, late, "hand_over")
    own = new(made, "部门的要求", whom=["101"], due="2034-12-31")
    do(made, WANG, own, "hand_over")
    answered = new(made, "已报告的要求", due="2034-12-31")
    do(made, WANG, answered, "hand_over")
    do(made, FINANCE, answered, "report")
    new(made, "刚登记的要求", due="2034-12-31")
    ahead = (today_of() + timedelta(20)).isoformat()
    for title, whom in (("没有指派的议题", ""), ("指派给孙的议题", "sun")):
        number = register_item(made, LI, "下一次会议", ahead, title).item
        if whom:
            act_on_item(made, WANG, number, "assign", {"whom": whom})
    over = register_item(made, LI, "上一次会议", "2026-03-20", "没有登记结果的议题").item
    act_on_item(made, LI, over, "ready", {})
    yield made
    engine(made).dispose()


def waiting(home: Home, name: str) -> dict[str, list[tuple[str, str]]]:
    """Block → what waits (its words without the number), and what may be done."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in kinds(main(home, "/todo", READERS[name]), "Section"):
        title = words(kinds(each, "H2")[0])
        if title in ("决议事项", "会议议题"):
            rows = [cells(row) for row in kinds(each, "Tr")[1:]]
            found[title] = [(row[0].split(" ", 1)[1], row[-1]) for row in rows]
    return found


def test_each_sees_the_demands_and_items_that_wait_for_them(home: Home) -> None:
    told = {name: waiting(home, name) for name in READERS if name != "operator"}
    late, own = ("超过期限的要求", "催办"), ("部门的要求", "签收、报告办理情况")
    begun = ("刚登记的要求", "交办")
    heard = ("已报告的要求", "退请补充、登记评价")
    free, named = ("没有指派的议题", "备齐"), ("指派给孙的议题", "备齐")
    over = ("没有登记结果的议题", "登记审议结果")
    assert told == {
        "li": {"决议事项": [late], "会议议题": [free]},
        "sun": {"决议事项": [late], "会议议题": [free, named]},
        "wang": {"决议事项": [late, heard, begun], "会议议题": [over, free]},
        "zhao": {"决议事项": [heard, begun], "会议议题": [over]},
        "cai": {"决议事项": [("超过期限的要求", "签收、报告办理情况")]},
        "ju": {"决议事项": [own]},
        "dai": {},
    }


@pytest.mark.parametrize(
    ("name", "lead"),
    [
        ("wang", "有5件待办，其中1件逾期。"),
        ("cai", "有1件待办，其中1件逾期。"),
        ("ju", "有1件待办。"),
        ("dai", "现在没有待办。"),
    ],
)
def test_the_head_counts_what_is_late(home: Home, name: str, lead: str) -> None:
    assert lead in words(main(home, "/todo", READERS[name]))


def test_the_operator_has_every_role(home: Home) -> None:
    text = words(main(home, "/todo"))
    assert "有7件待办，其中1件逾期。" in text and "待我办理 7" in text
    assert len(waiting(home, "operator")["会议议题"]) == 3
