"""决议事项 on pages and by hand-made requests: who sees, who acts, what stands beside the draft."""

from __future__ import annotations

from typing import Any

import pytest

from budget_watch.casework.cases import Actor
from budget_watch.lake.state import engine
from budget_watch.meetings.acting import act, register
from budget_watch.meetings.demands import DemandDesk, find_demand, refusal, sees_demand
from dashboard.app import answer
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.test_opinions import OURS, PEOPLE, made  # noqa: F401
from tests.meetings.made_demands import GIVEN, RESOLVED
from tests.views_drill.small_city import CITY

TEXT = "压减一般性支出百分之五"
SEES = {"dai", "qian", "member", "li", "wang", "zhao", "finance"}


@pytest.fixture(scope="module")
def demand(made: Any) -> str:  # noqa: F811
    things = ["/exec/d101", made.finding]
    done = register(
        made.home, made.actor("li"), RESOLVED, [TEXT], "政府", due="2026-11-10", things=things
    )
    act(made.home, made.actor("wang"), done[0].demand, "hand_over", GIVEN["hand_over"])
    return done[0].demand


@pytest.mark.slow
def test_it_reads_as_not_there_to_whom_it_is_not_open(made, demand):  # noqa: F811
    for name in PEOPLE:
        person = made.signed(name)
        said, listed = person.said(f"/resolution/{demand}"), person.said("/resolution")
        assert "未能载入" not in said + listed, name
        if name in SEES:
            assert TEXT in said and demand in listed, name
        else:
            gone = person.said("/resolution/JY2026-999").replace("JY2026-999", demand)
            assert said == gone and demand not in listed and "逾期" not in listed, name


@pytest.mark.slow
def test_forms_are_offered_to_whom_they_are_open(made, demand):  # noqa: F811
    titles = {each.title for each in DemandDesk.of(made.home).flow.transitions}

    def offered(name: str, path: str) -> set[str]:
        shown = answer(made.home, made.actor(name).grant, path, "")
        return {words(each) for each in kinds(shown, "Summary")} & {*titles, "登记决议事项"}

    place = f"/resolution/{demand}"
    assert offered("dai", place) == offered("member", place) == set()
    assert offered("finance", place) == {"签收", "报告办理情况"}
    assert offered("li", place) == {"催办", "挂数据", "取下数据", "补记说明"}
    assert offered("zhao", place) == {"准予延期", "补记说明"}
    assert offered("li", "/resolution") == {"登记决议事项"}
    assert offered("zhao", "/resolution") == offered("dai", "/resolution") == set()


def test_what_it_speaks_of_is_a_way_down_for_whom_it_is_open(made, demand):  # noqa: F811
    def main(name: str, path: str) -> Any:
        return kinds(answer(made.home, made.actor(name).grant, path, ""), "Main")

    clerk = links(main("li", f"/resolution/{demand}"))
    assert any(each.startswith("/exec/d101?snap=") for each in clerk)
    assert any(each.startswith(f"/finding/{made.finding[:16]}") for each in clerk)


def test_the_draft_of_the_next_year_asks_what_became_of_it(made):  # noqa: F811
    operator = Actor(made.actor("li").grant, "经办")
    old = register(
        made.home,
        operator,
        RESOLVED.__class__("决议", "关于2025年预算的决议", "2025-01-20", region=CITY),
        ["完善绩效目标"],
        "政府",
        due="2025-10-31",
    )[0].demand
    shown = kinds(answer(made.home, made.actor("dai").grant, "/draft", "?fy=2026"), "Main")
    told = words(shown)
    assert "上年决议、审议意见落实情况" in told and old in told and TEXT not in told
    assert "没有办结1项（逾期0项），评价为满意或基本满意0项" in told


def test_the_list_is_cut_by_year_and_state_and_a_wrong_state_is_refused(made, demand):  # noqa: F811
    def listed(search: str) -> str:
        return words(answer(made.home, made.actor("li").grant, "/resolution", search))

    assert demand in listed("?st=逾期") and demand in listed("?year=2026&st=已交办")
    assert demand not in listed("?year=2025") and "没有符合条件" in listed("?year=2024")
    assert "没有状态“天上”" in listed("?st=天上")


@pytest.mark.slow
def test_every_role_with_every_step_by_hand_made_requests(made, demand):  # noqa: F811
    desk, done = DemandDesk.of(made.home), []

    def stored() -> Any:
        with engine(made.home).connect() as connection:
            return find_demand(connection, demand)

    steps = [*(each.id for each in desk.flow.transitions if not each.to), "peek"]
    for at, name in enumerate(PEOPLE, 1):
        person, actor = made.signed(name), made.actor(name)
        own = {"link": {"thing": f"/exec?to={at}"}, "extend": {"due": f"2027-{at:02}-01"}}
        own["unlink"] = own["link"]
        for step in steps:
            before = stored()
            known = desk.flow.step.get(step)
            able = known is not None and refusal(desk, actor, before, known) is None
            assert sees_demand(desk, actor, before) is (name in SEES), name
            given = {**GIVEN.get(step, {}), **own.get(step, {})}
            body = {"target": demand, "step": step, "version": before.version, "role": "审核"}
            body |= {"request": f"{name}-{step}", "given": given}
            told = person.post("/act", json=body, headers=OURS)
            refused = 404 if name not in SEES and known is not None else 422
            assert told.status_code == (200 if able and name in SEES else refused), (name, step)
            if told.status_code == 200:
                done.append((name, step))
            else:
                assert stored() == before
    assert done == [
        *(("li", step) for step in ("remind", "link", "unlink", "note")),
        *(("wang", step) for step in ("extend", "remind", "link", "unlink", "note")),
        *(("zhao", step) for step in ("extend", "note")),
    ]
