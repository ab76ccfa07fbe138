"""民生实事 on pages and by hand-made requests: who sees, tells, rates; money with a way down."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.livelihood import STEPS, find_livelihood, refusal, settings
from budget_watch.casework.livelihood_acting import act_on_livelihood, register
from budget_watch.lake import Reader
from budget_watch.lake.state import engine
from dashboard.app import answer
from tests.casework.test_livelihood import GIVEN, VOTE
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_opinions import OURS, PEOPLE, made  # noqa: F401

TITLE = "城东校舍改造"
SEES = set(PEOPLE) - {"other", "wu"}


@pytest.fixture(scope="module")
def project(made: Any) -> str:  # noqa: F811
    rows = Reader(made.home, Grant.system("test")).scan("project").collect()
    codes = [
        rows.filter(pl.col("agency_code") == each)["pro_code"].min()
        for each in ("101001", "102001")
    ]
    operator = Actor(Grant.operator("test"), "经办")
    done = register(made.home, operator, 2026, TITLE, "改造两所", "101001", codes, others="合建")
    kuai = made.actor("kuai")
    act_on_livelihood(made.home, kuai, done.livelihood, "report", GIVEN["report"])
    return done.livelihood


@pytest.mark.slow
def test_every_role_with_every_step_by_hand_made_requests(made, project):  # noqa: F811
    rules, tried, done = settings(), 0, 0

    def stored() -> Any:
        with engine(made.home).connect() as connection:
            return find_livelihood(connection, project)

    for name in PEOPLE:
        person, actor = made.signed(name), made.actor(name)
        for step in (*(each for each in STEPS if each != "stop"), "peek"):
            before = stored()
            able = step != "peek" and refusal(rules, actor, before, step) is None
            body = {"target": project, "step": step, "version": before.version, "role": "审核"}
            body |= {"request": f"{name}-{step}", "given": GIVEN.get(step, {})}
            told = person.post("/act", json=body, headers=OURS)
            expected = 200 if able and name in SEES else 422 if name in SEES else 404
            if step == "peek":
                expected = 422
            assert told.status_code == expected, (name, step, told.json)
            if expected != 200:
                assert stored() == before
            done += expected == 200
            tried += 1
        new = {"target": "livelihood-new", "step": "register", "version": 0, "role": "经办"}
        new |= {"request": f"{name}-new", "given": {"title": "x"}}
        assert person.post("/act", json=new, headers=OURS).status_code == 422
    assert tried == len(PEOPLE) * len(STEPS) and done == 8  # 3 tell, 3 rate, 2 amend


@pytest.mark.slow
def test_it_reads_as_not_there_to_whom_it_is_not_open(made, project):  # noqa: F811
    for name in PEOPLE:
        person = made.signed(name)
        said, listed = person.said(f"/livelihood/{project}"), person.said("/livelihood")
        assert "未能载入" not in said + listed, name
        if name in SEES:
            assert TITLE in said and project in listed
        else:
            gone = person.said("/livelihood/MS2026-99").replace("MS2026-99", project)
            assert said == gone and project not in listed


def test_the_money_leads_to_its_vouchers_and_what_is_hidden_is_said(made, project):  # noqa: F811
    shown = kinds(answer(made.home, made.actor("li").grant, f"/livelihood/{project}", ""), "Main")
    ways = [each for each in links(kinds(shown, "Table")) if each.startswith("/exec/")]
    assert len(ways) == 4 and sum("tab=v" in each for each in ways) == 2
    assert "合计" in words(shown) and "看凭证" in words(shown)
    drill = answer(made.home, made.actor("li").grant, ways[0].partition("?")[0], "")
    spent = words(kinds(shown, "Table")[0])
    assert any(number in spent for number in numbers(words(kinds(drill, "Main")))), spent
    deputy = kinds(answer(made.home, made.actor("dai").grant, f"/livelihood/{project}", ""), "Main")
    assert "看凭证" not in words(deputy) and "合计" in words(deputy)
    unit = kinds(answer(made.home, made.actor("kuai").grant, f"/livelihood/{project}", ""), "Main")
    assert "不在您的查看范围" in words(unit) and "合计" not in words(kinds(unit, "Table"))
    assert "102001" not in words(kinds(unit, "Table"))


def numbers(text: str) -> set[str]:
    import re

    return set(re.findall(r"\d[\d,]*\.\d\d", text)) - {"0.00"}


def test_forms_are_offered_to_whom_they_are_open(made, project):  # noqa: F811
    def offered(name: str) -> set[str]:
        shown = answer(made.home, made.actor(name).grant, f"/livelihood/{project}", "")
        return {words(each) for each in kinds(shown, "Summary")} & set(STEPS.values())

    assert offered("dai") == {"评价"}
    assert offered("kuai") == {"报季度进展"}
    assert offered("li") == {"调整登记"}
    assert offered("zhao") == {"终止"}


def test_candidates_stand_apart_with_their_votes(made, project):  # noqa: F811
    operator = Actor(Grant.operator("test"), "审核")
    year = today_of().year + 1
    given = {"year": year, "goal": "改造公厕", "lead": "101001", "projects": []}
    for title in ("公厕改造", "口袋公园"):
        register(made.home, operator, title=title, candidate=True, **given)
    act_on_livelihood(made.home, operator, f"MS{year}-02", "decide", {**VOTE, "outcome": "未选上"})
    dai = made.actor("dai").grant
    shown = kinds(answer(made.home, dai, "/livelihood", ""), "Main")[0]
    assert "候选项目2项。" in words(shown)
    rows = [cells(each) for each in kinds(kinds(shown, "Table")[-1], "Tr")[1:]]
    assert rows == [
        [f"MS{year}-01 公厕改造", f"{year}年", "教育局本级（101001）", "缺", "—", "—", "—", "候选"],
        [
            f"MS{year}-02 口袋公园",
            f"{year}年",
            "教育局本级（101001）",
            "缺",
            "210",
            "3",
            "5",
            "未选上",
        ],
    ]
    one = words(answer(made.home, dai, f"/livelihood/MS{year}-01", ""))
    assert f"{year}年民生实事候选项目，还没有票决。" in one
    assert "还没有登记付钱的预算项目" in one and "登记票决结果" not in one
    wang = answer(made.home, made.actor("wang").grant, f"/livelihood/MS{year}-01", "")
    assert "登记票决结果" in {words(each) for each in kinds(wang, "Summary")}
