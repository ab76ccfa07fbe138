"""会议与议题 and 大事记 on pages: an item is prepared on one page, under the reader's own grant."""

from __future__ import annotations

from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings.acting import register
from budget_watch.meetings.agenda_acting import act_on_item, register_item
from dashboard.app import answer
from tests.dashboard.reading import kinds, links, words
from tests.meetings.made_demands import RESOLVED
from tests.meetings.test_agenda import with_meetings
from tests.views_drill.small_city import CITY

WHOLE = Grant.operator("test")
PART = Grant("x", "test", scope=Scope(regions=frozenset({CITY})), role="deputy")
UNIT = Grant("x", "test", scope=Scope(units=frozenset({"102001"})), role="unit_clerk")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = with_meetings(tmp_path_factory.mktemp("agenda_page"))
    li = Actor(WHOLE, "经办")
    register(made, li, RESOLVED.__class__("决议", "2025年预算的决议", "2025-01-20", region=CITY),
             ["压减会议费"], "政府", due="2025-12-31")  # fmt: skip
    act_on_item(made, li, "HY202602", "hang", {"thing": "/debt"})
    register_item(made, li, "第三十一次会议", "2030-12-20", "听取债务管理报告")
    yield made
    engine(made).dispose()


def main(home: Home, path: str, search: str = "", grant: Grant = WHOLE) -> Any:
    return kinds(answer(home, grant, path, search), "Main")


def test_an_item_is_prepared_on_one_page(home):
    shown = main(home, "/agenda/HY202602")
    text = words(shown)
    for title in (
        "数据怎么说",
        "疑点",
        "以前要求过什么",
        "法律怎么要求",
        "应有的材料",
        "挂在这个议题上的",
    ):
        assert title in text
    assert "压减会议费" in text and "未能载入" not in text
    assert "《预算法》第七十九条" in text and "《监督法》第二十七条" in text
    assert "FIN-23" in text and "要求抓好整改" in text
    ways = links(shown)
    assert any(each.startswith("/laws/budget-law/79") for each in ways)
    assert any(each.startswith("/debt?snap=") for each in ways)
    assert any(each.startswith("/final") for each in ways)


def test_what_the_data_says_is_what_the_page_itself_says(home):
    (shown,) = main(home, "/agenda/YC2030-001")
    said = words(shown)
    lead = words(main(home, "/debt"))
    sentence = next(each for each in lead.split("。") if "余额" in each)
    assert sentence[-30:] in said


def test_a_reader_of_a_part_is_shown_what_is_theirs(home):
    for grant in (PART, UNIT):
        shown = main(home, "/agenda/HY202602", grant=grant)
        assert "未能载入" not in words(shown)
        offered = {words(each) for each in kinds(shown, "Summary")}
        assert not offered & {"挂材料", "备齐", "登记审议结果", "登记决议事项"}
        gone = words(main(home, "/agenda/YC2030-001", grant=grant))
        assert gone == words(main(home, "/agenda/YC2030-999", grant=grant))
        assert "第三十一次会议" not in words(main(home, "/agenda", grant=grant))
    assert "压减会议费" not in words(main(home, "/agenda/HY202602", grant=UNIT))


def test_the_meetings_by_year_and_state(home):
    text = words(main(home, "/agenda"))
    assert "4次会议、4个议题；下一次是2030年12月20日第三十一次会议" in text
    assert "没有备齐的议题1个" in text
    assert "听取债务管理报告" in words(main(home, "/agenda", "?st=准备中"))
    assert "听取债务管理报告" not in words(main(home, "/agenda", "?st=已开"))
    assert "没有状态“天上”" in words(answer(home, WHOLE, "/agenda", "?st=天上"))
    assert "没有会议议题" in words(main(home, "/agenda", "?year=2022"))


def test_the_chronicle_by_kind_and_year(home):
    text = words(main(home, "/events"))
    assert "大事记 2026年" in text and "审议决算、审计工作报告" in text and "会议3件" in text
    assert "压减会议费" not in text and "压减会议费" in words(main(home, "/events", "?year=2025"))
    assert "审查批准预算" in words(main(home, "/events", "?tab=meeting"))
    assert "没有这一类的记载" in words(main(home, "/events", "?tab=letter"))
    assert "没有“x”这一类" in words(answer(home, WHOLE, "/events", "?tab=x"))
    assert "大事记只到2026年" in words(answer(home, WHOLE, "/events", "?year=2027"))
