"""Topics by hand-made requests and on pages: who keeps, reads, speaks, votes; results in time."""

from __future__ import annotations

import pytest

from budget_watch.lake.state import engine
from budget_watch.opinions.acting import act, write
from budget_watch.opinions.opinion import OpinionDesk
from budget_watch.opinions.topic_acting import STEPS, act_on_topic, make_topic
from budget_watch.opinions.topics import find_topic, sees_topic
from dashboard.app import answer
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.test_opinions import OURS, PEOPLE, made  # noqa: F401

GIVEN = {
    "add": {"opinions": "YJ2026-0001"},
    "remove": {"opinions": "YJ2026-0001"},
    "edit": {"title": "新题目", "summary": "新摘要"},
    "invite": {"users": "member"},
    "vote": {"question": "是否专题询问"},
    "say": {"text": "同意并案"},
    "cast": {"choice": "赞成"},
}
KEPT, SECRET = "只在讨论里说的话", "并案题目"


@pytest.fixture(scope="module")
def topic(made) -> str:  # noqa: F811
    """Two opinions as a topic, dai invited, something said, a vote under way."""
    numbers = []
    for name in ("dai", "qian"):
        actor = made.actor(name)
        done = write(made.home, actor, "进度偏慢", "支出进度偏慢，请说明原因。", submit=True)
        act(made.home, made.actor("li"), done.opinion, "register")
        numbers.append(done.opinion)
    li = made.actor("li")
    number = make_topic(made.home, li, SECRET, numbers, "摘要里的话").topic
    act_on_topic(made.home, li, number, "invite", {"users": "dai"})
    act_on_topic(made.home, li, number, "discuss")
    body = {"target": number, "step": "say", "version": 0, "given": {"text": KEPT}}
    told = made.signed("dai").post("/act", json={**body, "request": "k"}, headers=OURS)
    assert told.status_code == 200
    act_on_topic(made.home, li, number, "vote", {"question": "是否专题询问", "named": "是"})
    return number


def stored(made, number: str):  # noqa: F811
    with engine(made.home).connect() as connection:
        return find_topic(connection, OpinionDesk.of(made.home), number)


@pytest.mark.slow
def test_every_role_with_every_step_by_hand_made_requests(made, topic):  # noqa: F811
    desk, tried = OpinionDesk.of(made.home), 0
    for name in PEOPLE:
        person, actor = made.signed(name), made.actor(name)
        seen = sees_topic(desk, actor, stored(made, topic))
        for step in (*STEPS, "say", "cast", "peek"):
            if (name in ("li", "wang") and step in STEPS) or (name == "dai" and step == "cast"):
                continue
            if step == "say" and name in ("li", "wang", "dai"):
                continue
            before = stored(made, topic)
            body = {"target": topic, "step": step, "version": before.version, "role": "经办"}
            body |= {"request": f"{name}-{step}", "given": GIVEN.get(step, {})}
            told = person.post("/act", json=body, headers=OURS)
            if step in ("make", "peek"):
                assert told.status_code == 422
            else:
                assert told.status_code == (422 if seen else 404), (name, step, told.json)
            assert stored(made, topic) == before
            tried += 1
        new = {"target": "topic-new", "step": "make", "version": 0, "request": f"{name}-new"}
        new |= {"given": {"title": "题目", "opinions": made.numbers["draft"]}, "role": "经办"}
        told = person.post("/act", json=new, headers=OURS)
        assert told.status_code in (404, 422)  # a draft is nobody's to bring together
    assert tried > len(PEOPLE) * len(STEPS) - 20


@pytest.mark.slow
def test_a_topic_reads_as_not_there_to_whom_it_is_not_open(made, topic):  # noqa: F811
    may = {"li", "wang", "zhao", "dai"}
    for name in PEOPLE:
        told = made.signed(name)
        said = told.said(f"/topic/{topic}")
        listed = told.said("/opinions", "?tab=topics")
        if name in may:
            assert KEPT in said and SECRET in listed
        else:
            gone = told.said("/topic/YT2026-999").replace("YT2026-999", topic)
            assert said == gone
            assert SECRET not in listed and topic not in listed


def test_the_vote_is_cast_changed_and_shown_when_it_ends(made, topic):  # noqa: F811
    dai = made.signed("dai")
    assert f"/topic/{topic}" in dai.said("/todo")
    assert topic not in made.signed("qian").said("/todo")
    for choice in ("赞成", "反对"):
        body = {"target": topic, "step": "cast", "version": 0, "given": {"choice": choice}}
        told = dai.post("/act", json={**body, "request": choice}, headers=OURS)
        assert (told.status_code, told.json["done"]) == (200, True)
    assert topic not in dai.said("/todo")
    grant = made.actor("dai").grant
    shown = kinds(answer(made.home, grant, f"/topic/{topic}", ""), "Main")
    assert "您投的是：反对。" in words(shown) and "结果：结束后显示。" in words(shown)
    assert "表决结果" not in words(shown)
    act_on_topic(made.home, made.actor("wang"), topic, "end")
    shown = kinds(answer(made.home, grant, f"/topic/{topic}", ""), "Main")
    assert "表决结果" in words(shown) and "反对票数1" in words(shown)
    assert "dai投反对" in words(shown)  # by name
    assert "改投" not in [words(each) for each in kinds(shown, "Summary")]


def test_the_office_picks_whom_to_invite_out_of_a_list(made):  # noqa: F811
    li = made.actor("li")
    done = write(made.home, made.actor("dai"), "另一件", "请说明结转资金。", submit=True)
    number = make_topic(made.home, li, "结转", [done.opinion]).topic
    shown = answer(made.home, li.grant, f"/topic/{number}", "")
    offered = [words(each) for each in kinds(shown, "Option")]
    for name, title in (("dai", "代表"), ("qian", "代表"), ("member", "财经委委员")):
        assert any(each.endswith(f"（{title}，{name}）") for each in offered)
    assert not [each for each in offered if "kuai" in each or "，li）" in each]
    body = {"target": number, "step": "invite", "version": 1, "request": "pick"}
    told = made.signed("li").post("/act", json={**body, "given": {"pick": "qian"}}, headers=OURS)
    assert told.status_code == 200, told.json
    assert stored(made, number).invited == {"qian"}


def test_the_office_is_offered_what_is_alike_and_a_deputy_only_what_is_open(made, topic):  # noqa: F811
    staff = made.actor("li")
    for name in ("dai", "qian"):
        done = write(
            made.home,
            made.actor(name),
            "进度",
            "年底以前道路养护资金能否拨付到位",
            submit=True,
        )
    shown = answer(made.home, staff.grant, f"/opinion/{done.opinion}", "")
    assert "已有1位提出相近意见" in words(shown)
    assert "立为议题" in [words(each) for each in kinds(shown, "Summary")]
    own = answer(made.home, made.actor("qian").grant, f"/opinion/{done.opinion}", "")
    assert "相近意见" not in words(own)
    place = answer(made.home, staff.grant, f"/topic/{topic}", "")
    assert "2位提出2件相近意见" in words(place)
    assert len([each for each in links(kinds(place, "Table")) if "/opinion/" in each]) == 2
