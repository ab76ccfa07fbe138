"""Who is told of opinions, votes and 民生实事, whole: everybody's inbox after each step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from budget_watch.casework.livelihood_acting import act_on_livelihood
from budget_watch.casework.stored import iso
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.notices.contacts import set_contact
from budget_watch.notices.inbox import count_unseen
from budget_watch.notices.sweeping import sweep
from budget_watch.opinions.acting import act, act_on_many, follow, write
from budget_watch.opinions.topic_acting import act_on_topic, cast, make_topic, say
from tests.notices.office import NOW, finding, heard, night, open_office, somebody, told
from tests.notices.servers import MailServer
from tests.notices.test_going_out import HERE, at, configure
from tests.opinions.made_opinions import given_for

NAME = "意见 YJ2026-0001 支出进度偏慢："
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("office") / "office")
    open_office(home)
    yield home
    engine(home).dispose()


@pytest.fixture
def office(opened, tmp_path):
    import shutil

    engine(opened).dispose()
    home = Home(shutil.copytree(opened.root, tmp_path / "office"))
    yield home
    engine(home).dispose()


def hand_in(home, user="dai", title="支出进度偏慢", **more):
    options = {"submit": True, "now": NOW, **more}
    return write(home, somebody(home, user), title, "请说明原因。", **options).opinion


def do(home, user, number, step, /, **more):
    kind = more.pop("kind_now", "线上评论")
    options = {name: more.pop(name) for name in ("request", "now") if name in more}
    given = given_for(step, kind, **more)
    return act(home, somebody(home, user), number, step, given, **{"now": NOW, **options})


def test_each_step_tells_the_author_how_far_it_is_and_those_whose_turn_it_is(office):
    hand_in(office)
    turn = [f"{NAME}轮到您办，现在是“已提交”。"]
    assert heard(office) == dict.fromkeys(["li", "sun", "wang", "county"], turn)

    def after(user, step, /, **more):
        do(office, user, "YJ2026-0001", step, **more)
        return heard(office)

    assert after("li", "propose", kind="代表建议") == {
        "dai": [f"{NAME}拟改登记为另一类，等您确认，现在是“待本人确认”。"]
    }
    # confirmed by the deputy: of those who may hand it over, nobody has worked on it
    turn = [f"{NAME}轮到您办，现在是“已登记”。"]
    assert after("dai", "confirm") == {"wang": turn, "zhao": turn}
    unit = [f"{NAME}轮到您办，现在是“已交办”。"]
    assert after("wang", "hand_over", kind_now="代表建议") == {
        "dai": [f"{NAME}已经交办，现在是“已交办”。"],
        **dict.fromkeys(["kuai", "chief", "ju"], unit),
    }
    assert after("kuai", "receive") == {}
    called = [f"{NAME}催办，请尽快办，现在是“办理中”。"]
    assert after("li", "remind") == dict.fromkeys(["kuai", "chief", "ju"], called)
    assert after("kuai", "draft_answer") == {
        "ju": [f"{NAME}轮到您办，现在是“办理中（答复已拟）”。"]
    }
    assert after("ju", "issue_answer", kind_now="代表建议") == {
        "dai": [f"{NAME}已经答复，请您评价，现在是“已答复”。"]
    }
    low = [f"{NAME}评价为不满意，现在是“已评价”。"]
    assert after("dai", "rate", word="不满意", remark="没有说明原因") == {
        **dict.fromkeys(["li", "wang", "kuai", "ju"], low),
    }
    assert after("wang", "again") == {}  # he hands it over himself
    after("wang", "hand_over", kind_now="代表建议")
    for user, step in (("kuai", "receive"), ("kuai", "draft_answer"), ("ju", "issue_answer")):
        after(user, step, kind_now="代表建议")
    assert after("dai", "rate") == {"wang": [f"{NAME}轮到您办，现在是“已评价”。"]}
    over = [f"{NAME}已经办完，现在是“办结”。"]
    assert after("wang", "close") == dict.fromkeys(["li", "dai", "kuai", "ju"], over)
    assert {each.sentence for each in told(office, "dai")} >= {over[0]}
    assert not [e for e in told(office, "kuai") if "：轮到您办" in e.sentence]


def test_what_was_told_and_has_moved_on_is_told_in_the_past(office):
    hand_in(office)
    do(office, "li", "YJ2026-0001", "propose", kind="代表建议")
    do(office, "dai", "YJ2026-0001", "confirm")
    do(office, "wang", "YJ2026-0001", "hand_over", kind_now="代表建议")
    for user, step in (("kuai", "receive"), ("kuai", "draft_answer"), ("ju", "issue_answer")):
        do(office, user, "YJ2026-0001", step, kind_now="代表建议")
    assert [each.sentence for each in told(office, "dai")] == [
        f"{NAME}曾拟改登记为另一类，等您确认，现在已经是“已答复”。",
        f"{NAME}曾通知已交办，现在已经是“已答复”。",
        f"{NAME}已经答复，请您评价，现在是“已答复”。",
    ]
    assert [each.settled for each in told(office, "dai")] == [True, False, False]
    do(office, "dai", "YJ2026-0001", "rate")
    assert told(office, "dai")[-1].sentence == f"{NAME}已经答复，现在是“已评价”。"
    assert [each.sentence for each in told(office, "kuai")] == [
        f"{NAME}曾轮到您办，现在已经是“已评价”。"
    ]


def test_what_is_registered_as_it_is_is_told_to_the_author_and_to_who_follows_it(office):
    number = hand_in(office, open_=True)
    do(office, "li", number, "register")
    follow(office, somebody(office, "leader"), number)
    heard(office)
    do(office, "wang", number, "reply")
    answered = "已经答复"
    assert heard(office) == {
        "dai": [f"{NAME}{answered}，请您评价，现在是“已答复”。"],
        "leader": [f"{NAME}{answered}，现在是“已答复”。"],
    }
    assert [each.sentence for each in told(office, "dai")] == [
        f"{NAME}曾通知已登记，现在已经是“已答复”。",
        f"{NAME}已经答复，请您评价，现在是“已答复”。",
    ]


def test_the_same_request_again_and_a_refused_step_tell_nobody(office):
    number = hand_in(office, request="r1")
    hand_in(office, request="r1")
    do(office, "li", number, "register", request="r2")
    heard(office)
    do(office, "li", number, "register", request="r2")
    with pytest.raises(Exception, match="不能登记"):
        do(office, "wang", number, "register")
    assert heard(office) == {}


def test_one_step_on_many_opinions_is_one_notice_and_another_reads_only_theirs(office):
    numbers = [hand_in(office, title=f"第{n}件意见") for n in range(1, 4)]
    heard(office)
    act_on_many(office, somebody(office, "li"), numbers, "register", now=NOW)
    said = "3 件意见（YJ2026-0001、YJ2026-0002、YJ2026-0003）"
    assert heard(office) == {
        "dai": [f"{said}已经登记。"],
        "wang": [f"{said}轮到您办。"],
        "zhao": [f"{said}轮到您办。"],
    }
    given = {"addressee": "101001"}
    act_on_many(office, somebody(office, "wang"), numbers[:2], "hand_over", given, now=NOW)
    (unit,) = told(office, "kuai", unseen=True)
    assert (unit.page, unit.subjects, unit.count) == ("opinion", tuple(numbers[:2]), 2)
    do(office, "kuai", numbers[0], "not_ours")  # it is no longer theirs to see
    (unit,) = told(office, "kuai", unseen=True)
    assert unit.sentence == "意见 YJ2026-0002 第2件意见：轮到您办，现在是“已交办”。"
    assert count_unseen(office, somebody(office, "other")) == 0


def test_a_period_of_an_opinion_is_told_once_before_it_is_due_and_once_when_it_is_over(office):
    number = hand_in(office)
    do(office, "li", number, "register")
    do(office, "wang", number, "hand_over")
    heard(office)
    assert sweep(office, NOW) == 0  # to be received within three working days: by Wednesday
    monday = NOW + 3 * DAY
    assert sweep(office, monday) == 3 and sweep(office, monday) == 0
    soon = [f"{NAME}2026-11-25到期，现在是“已交办”。"]
    assert heard(office) == dict.fromkeys(["kuai", "chief", "ju"], soon)
    late = NOW + 6 * DAY
    assert sweep(office, late) == 5 and sweep(office, late + DAY) == 0
    over = [f"{NAME}已逾期，期限2026-11-25，现在是“已交办”。"]
    assert heard(office) == dict.fromkeys(["li", "wang", "kuai", "chief", "ju"], over)


def test_a_discussion_is_told_to_those_invited_also_to_those_who_come_later(office):
    li, wang = somebody(office, "li"), somebody(office, "wang")
    topic = make_topic(office, li, "支出进度", [hand_in(office)], now=NOW).topic
    act_on_topic(office, wang, topic, "invite", {"users": "dai"}, now=NOW)
    heard(office)
    act_on_topic(office, wang, topic, "discuss", now=NOW)
    name, dai = f"议题 {topic} 支出进度：", somebody(office, "dai")
    (asked,) = told(office, "dai")
    assert (asked.sentence, count_unseen(office, dai)) == (f"{name}请您参加讨论。", 1)
    say(office, dai, topic, "同意并案", now=NOW)
    assert count_unseen(office, dai) == 0  # unread still, and nothing waits
    act_on_topic(office, wang, topic, "invite", {"users": "leader"}, now=NOW)
    assert heard(office) == {
        "dai": [f"{name}您已发言，讨论还在进行。"],
        "leader": [f"{name}请您参加讨论。"],
    }
    act_on_topic(office, wang, topic, "quiet", now=NOW)
    (theirs,) = [each for each in told(office, "leader") if each.page == "topic"]
    assert theirs.sentence == f"议题 {topic} 支出进度：讨论已经结束。"


def test_a_vote_is_told_to_those_invited_and_says_when_it_is_over(office):
    topic = make_topic(office, somebody(office, "li"), "支出进度", [hand_in(office)], now=NOW).topic
    wang = somebody(office, "wang")
    act_on_topic(office, wang, topic, "invite", {"users": "dai、leader"}, now=NOW)
    heard(office)
    act_on_topic(office, wang, topic, "vote", {"question": "是否专题询问"}, now=NOW)
    said = [f"议题 {topic} 支出进度：请您表决“是否专题询问”。"]
    assert heard(office) == {"dai": said, "leader": said}
    cast(office, somebody(office, "dai"), topic, "赞成", now=NOW)
    (mine,) = [each for each in told(office, "dai") if each.page == "topic"]
    assert mine.sentence == f"议题 {topic} 支出进度：您已表决，结束以前可以改。"
    act_on_topic(office, wang, topic, "end", now=NOW)
    (theirs,) = told(office, "leader")
    assert theirs.sentence == f"议题 {topic} 支出进度：表决已经结束。"


def test_progress_of_a_project_is_asked_for_before_its_day_and_told_when_it_is_late(office):
    number = project(office)
    assert sweep(office, datetime(2027, 1, 12, 2, tzinfo=UTC)) == 0  # due on 15 January
    near = datetime(2027, 1, 13, 2, tzinfo=UTC)
    assert sweep(office, near) == 3 and sweep(office, near) == 0
    name = f"民生实事 {number} 老旧小区供水改造："
    soon = [f"{name}四季度进展请于 2027-01-15 前报。"]
    assert heard(office) == dict.fromkeys(["kuai", "chief", "ju"], soon)
    assert sweep(office, near + 3 * DAY) == 4 and sweep(office, near + 4 * DAY) == 0
    late = [f"{name}四季度进展没有按时报，应于 2027-01-15 前报。"]
    assert heard(office) == dict.fromkeys(["li", "kuai", "chief", "ju"], late)
    given = {"quarter": 4, "percent": 100, "word": "已完成", "text": "五个小区已完工"}
    reported = near + 5 * DAY
    act_on_livelihood(office, somebody(office, "kuai"), number, "report", given, now=reported)
    assert {each.sentence for each in told(office, "ju")} == {f"{name}四季度进展已报。"}
    assert sweep(office, near + 6 * DAY) == 0


def test_what_waits_of_cases_and_opinions_goes_out_in_one_mail_a_person_and_once(office):
    night(office, "r1", [finding(1)])
    number = hand_in(office)
    for user in ("li", "dai"):
        set_contact(office, HERE, user, f"{user}@rd.example.cn", None)
    do(office, "sun", number, "register")
    soon = NOW + timedelta(minutes=11)
    with MailServer() as server:
        configure(office, server)
        assert sorted(out.user for out in at(office, soon).sent) == ["dai", "li"]
        assert at(office, soon + DAY).sent == []
    titles = {mail["To"]: mail["Subject"] for mail in server.taken}
    assert titles == {
        "li@rd.example.cn": "人大预算国资联网监督：有新的疑点",
        "dai@rd.example.cn": "人大预算国资联网监督：有1件意见有了进展",
    }


def project(home):
    """A project of a unit as if it had been registered in June, without the snapshot it needs."""
    import json

    from budget_watch.casework import tables as t

    at = datetime(2026, 6, 1, 2, tzinfo=UTC)
    row = {"id": "MS2026-01", "seq": 1, "version": 4, "state": "实施中", "year": 2026}
    row |= {"title": "老旧小区供水改造", "goal": "改造五个小区", "decided": "", "lead": "101001"}
    row |= {"projects": json.dumps(["P1"]), "planned": None, "mof_div_code": None}
    act_row = {"livelihood": "MS2026-01", "step": "register", "user": "li", "role": "经办"}
    acts = [{**act_row, "seq": 1, "version": 1, "given": "{}"}]
    for quarter in (1, 2, 3):
        given = {"quarter": quarter, "percent": 20, "word": "按计划", "text": "按计划"}
        acts.append(
            {**act_row, "seq": 1 + quarter, "version": 1 + quarter, "given": json.dumps(given)}
            | {"step": "report", "user": "other", "role": "单位经办"}
        )
    with writing(home) as connection:
        connection.execute(
            t.livelihood.insert().values(**row, opened_at=iso(at), changed_at=iso(at))
        )
        for each in acts:
            connection.execute(t.livelihood_act.insert().values(**each, at=iso(at), audit_seq=0))
    return "MS2026-01"
