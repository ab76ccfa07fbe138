"""人代会 on pages and by hand-made requests: the floor, the live summary, who finds nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from budget_watch.access import Scope
from budget_watch.casework.cases import today_of
from budget_watch.congress.acting import open_congress
from budget_watch.congress.session import given_in, questions_of
from budget_watch.digest.issuing import carry_out
from dashboard.app import answer
from tests.congress.made_congress import CLINIC, CLINIC2, ROAD
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.signing import make, store_at
from tests.dashboard.test_opinions import OURS, PEOPLE, made  # noqa: F401
from tests.views_drill.small_city import CITY

ROLL = "东城代表团 代某 dai\n西城代表团 钱某 qian\n财政解答组 财某 finance"
INSIDE = {"dai", "qian", "finance"}
OFFICE = {"li", "wang", "zhao", "member"}


@pytest.fixture(scope="module")
def session(made: Any) -> str:  # noqa: F811
    today = today_of()
    return open_congress(
        made.home,
        made.actor("li"),
        "第十六届人大第一次会议",
        today - timedelta(1),
        today + timedelta(3),
        ROLL,
        region=CITY,
    ).congress


def shown(made: Any, name: str, path: str, search: str = "") -> str:  # noqa: F811
    return words(kinds(answer(made.home, made.actor(name).grant, path, search), "Main"))


def post(made: Any, name: str, target: str, step: str, **given: str) -> Any:  # noqa: F811
    body = {"target": target, "step": step, "version": 0, "role": "", "given": given}
    body["request"] = f"{name}-{step}-{sorted(given.items())}"
    return made.signed(name).post("/act", json=body, headers=OURS)


def test_a_session_is_played_by_requests_alone(made, session):  # noqa: F811
    for name, text in (("dai", CLINIC), ("dai", CLINIC2), ("qian", ROAD), ("dai", CLINIC)):
        assert post(made, name, session, "give", text=text).status_code == 200
    given = given_in(made.home, session)
    assert sorted(each.opinion.text for each in given) == sorted([CLINIC, CLINIC2, ROAD])
    place = f"/congress/{session}"
    east = shown(made, "dai", place)
    assert CLINIC in east and CLINIC2 in east and ROAD not in east
    assert ROAD in shown(made, "li", place) and ROAD not in shown(made, "finance", place)
    alike = shown(made, "wang", place, "?tab=merge")
    assert "可能是同一事" in alike and "1组" in alike
    ids = " ".join(e.opinion.id for e in given if e.opinion.text in (CLINIC, CLINIC2))
    told = post(made, "wang", session, "merge", title="乡镇卫生院经费", opinions=ids)
    assert told.status_code == 200, told.text
    (question,) = questions_of(made.home, given_in(made.home, session))
    assert "没有待转的议题" not in shown(made, "li", place, "?tab=merge")
    assert post(made, "li", session, "route", topic=question.topic).status_code == 200
    asked = shown(made, "finance", place)
    assert "乡镇卫生院经费" in asked and CLINIC in asked and "待答" in asked
    answered = post(
        made, "finance", session, "answer", topic=question.topic, text="已安排设备更新。"
    )
    assert answered.status_code == 200
    for name in ("dai", "qian", "li", "member"):
        assert "已安排设备更新。" in shown(made, name, place), name


def test_the_office_builds_the_papers_of_the_session_from_its_page(
    made,  # noqa: F811
    session,
    monkeypatch,
):
    monkeypatch.setattr("dashboard.acting_on_digests.start", carry_out)
    place = f"/congress/{session}"
    for name in ("dai", "qian", "finance"):
        assert "会议文件" not in shown(made, name, place), name
    given = {"report": "opinions", "subject": session, "kind": "year", "year": "2026"}
    assert post(made, "dai", "digest-new", "build", **given).status_code == 422
    assert "还没有生成过" in shown(made, "li", place)
    assert post(made, "li", "digest-new", "build", **given).status_code == 200
    page = answer(made.home, made.actor("li").grant, place, "")
    assert f"审议意见汇总（{session}）" in words(page)
    assert "/digest/2026?no=1" in links(page)


@pytest.mark.slow
def test_who_is_not_in_it_finds_nothing(made, session):  # noqa: F811
    for name in PEOPLE:
        person = made.signed(name)
        listed, said = person.said("/congress"), person.said(f"/congress/{session}")
        assert "未能载入" not in listed + said, name
        if name in INSIDE | OFFICE:
            assert session in listed, name
        else:
            gone = person.said("/congress/RD2026-99").replace("RD2026-99", session)
            assert said == gone and session not in listed, name
            assert post(made, name, session, "give", text=ROAD).status_code in (404, 422)


def test_key_points_lead_down_and_words_name_their_article(made, session):  # noqa: F811
    place = f"/congress/{session}"
    for name in ("dai", "finance", "li"):
        told = shown(made, name, place, "?tab=words")
        assert "初步审查意见" in told and "《预算法》第二十二条" in told
        assert "未能载入" not in shown(made, name, place, "?tab=key")
    assert "不能识别" in words(answer(made.home, made.actor("dai").grant, place, "?tab=天上"))


def test_nobody_from_outside_opens_one(made):  # noqa: F811
    given = {"title": "会议", "since": "2026-01-01", "until": "2099-01-02", "roll": ROLL}
    for name in ("dai", "finance", "zhao"):
        assert post(made, name, "congress-new", "open", **given).status_code == 422
    make(store_at(made.home), "outer", "deputy", Scope(regions=frozenset({CITY})))
    assert "第十六届" not in shown(made, "outer", "/congress")
