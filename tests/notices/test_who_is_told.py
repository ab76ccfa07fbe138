"""Who is told of what, whole: everybody's inbox after each step."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from budget_watch.access import assigning
from budget_watch.casework.acting import act_on_many, merge, rate
from budget_watch.casework.errors import ActError, UnknownCaseError
from budget_watch.casework.runs import runs
from budget_watch.casework.telling import tables as t
from budget_watch.casework.telling.following import follow
from budget_watch.casework.telling.of_clocks import sweep
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.notices.inbox import count_unseen, inbox, other_roles
from tests.casework.made_cases import id_of
from tests.notices.office import (
    NOW,
    OPERATOR,
    do,
    finding,
    heard,
    night,
    open_office,
    somebody,
    store_at,
    told,
)

ONE, TWO = id_of(1), id_of(2)
CASE = "办理 2026-0001 ZX06 支出进度滞后序时："


@pytest.fixture
def office(tmp_path):
    home = Home(tmp_path / "office")
    open_office(home)
    yield home
    engine(home).dispose()


def test_forty_findings_of_a_rule_in_one_night_are_one_notice_a_person(office):
    many = [finding(n) for n in range(1, 41)]
    many += [finding(n, rule="PZ14", title="向个人账户支付") for n in range(41, 44)]
    many.append(finding(44, mof_div_code="990181000"))
    night(office, "r1", many)
    said = ["PZ14 向个人账户支付：新增疑点 3 条。", "ZX06 支出进度滞后序时：新增疑点 41 条。"]
    county = ["ZX06 支出进度滞后序时：新增疑点 1 条。"]
    assert heard(office) == {"li": said, "sun": said, "wang": said, "county": county}


def test_recording_a_run_again_or_a_back_test_tells_nobody(office):
    night(office, "r1", [finding(1)])
    heard(office)
    night(office, "r1", [finding(1)])
    night(office, "r0", [finding(2)], day=1)
    night(office, "r2", [finding(1)], day=20)
    assert heard(office) == {}
    assert len(runs(office)) == 3


def test_what_got_worse_or_came_back_is_told_and_what_is_held_or_on_trial_is_not(office):
    first = [finding(1, level="yellow"), finding(2, rule="ZX07"), finding(3, rule="ZX08")]
    night(office, "r1", first, trial=frozenset({"ZX07"}), limits={"ZX08": 0})
    assert heard(office)["li"] == ["ZX06 支出进度滞后序时：新增疑点 1 条。"]
    worse = [finding(1, level="orange"), finding(2, rule="ZX07", level="red")]
    night(
        office, "r2", [*worse, finding(3, rule="ZX08", level="red")], 20, trial=frozenset({"ZX07"})
    )
    assert heard(office)["li"] == ["ZX06 支出进度滞后序时：1 条疑点加重或再次触发。"]


def test_each_step_tells_those_whose_turn_it_is_and_nobody_else(office):
    night(office, "r1", [finding(1)])
    heard(office)

    def after(user, step, **more):
        do(office, user, ONE, step, **more)
        return heard(office)

    assert after("li", "take") == {}  # he goes on himself
    assert after("li", "uphold") == {}
    assert after("li", "draft", addressee="101001") == {
        "wang": [f"{CASE}轮到您办，现在是“待转交（拟稿）”。"]
    }
    assert after("wang", "review") == {"zhao": [f"{CASE}轮到您办，现在是“待转交（已审核）”。"]}
    # of the two clerks the one who drafted it
    assert after("zhao", "sign") == {"li": [f"{CASE}轮到您办，现在是“待转交（已签发）”。"]}
    unit = [f"{CASE}轮到您办，现在是“已转交”。"]
    assert after("li", "transfer") == {"kuai": unit, "chief": unit, "ju": unit}
    assert after("kuai", "receive") == {}
    assert after("kuai", "start") == {}
    assert after("wang", "remind") == {"kuai": [f"{CASE}催办，请尽快办，现在是“研究处理中”。"]}
    assert after("kuai", "object") == {
        "cai": [f"{CASE}轮到您办，现在是“研究处理中（异议待财政说明）”。"]
    }
    assert after("cai", "explain") == {"kuai": [f"{CASE}轮到您办，现在是“研究处理中”。"]}
    assert after("kuai", "draft_answer") == {
        "chief": [f"{CASE}轮到您办，现在是“研究处理中（答复已拟）”。"]
    }
    assert after("chief", "return_answer") == {"kuai": [f"{CASE}轮到您办，现在是“研究处理中”。"]}
    after("kuai", "draft_answer")
    after("chief", "check_answer")
    answered = [f"{CASE}轮到您办，现在是“已反馈”。"]
    assert after("ju", "issue_answer") == {"li": answered, "wang": answered}
    closing = [f"{CASE}轮到您办，现在是“复核”。"]
    assert after("li", "examine") == {"wang": closing, "zhao": closing}
    risen = [f"{CASE}已升级监督，现在是“复核”。"]
    assert after("zhao", "escalate") == {"wang": risen, "leader": risen}
    assert after("wang", "ask_more") == {"kuai": [f"{CASE}轮到您办，现在是“退回补充”。"]}


def test_the_end_is_told_to_everybody_who_worked_on_it_and_to_who_follows_it(office):
    night(office, "r1", [finding(1, level="red")])
    do(office, "li", ONE, "take")
    with pytest.raises(UnknownCaseError):
        follow(office, somebody(office, "dai"), ONE, True)  # not verified yet
    do(office, "li", ONE, "uphold")
    follow(office, somebody(office, "dai"), ONE, True)
    follow(office, somebody(office, "dai"), ONE, True)
    for user, step in (("li", "draft"), ("wang", "review"), ("zhao", "sign"), ("li", "transfer")):
        do(office, user, ONE, step, **({"addressee": "101001"} if step == "draft" else {}))
    for user, step in (("kuai", "receive"), ("kuai", "start"), ("kuai", "draft_answer")):
        do(office, user, ONE, step)
    do(office, "chief", ONE, "check_answer")
    heard(office)
    do(office, "ju", ONE, "issue_answer")
    assert heard(office)["dai"] == [f"{CASE}承办单位已反馈，现在是“已反馈”。"]
    do(office, "wang", ONE, "examine")
    do(office, "wang", ONE, "close")
    assert heard(office) == {"zhao": [f"{CASE}结论已拟，等您确认，现在是“复核”。"]}
    do(office, "zhao", ONE, "close")
    over = [f"{CASE}已经办完，现在是“办结”。"]
    assert heard(office) == dict.fromkeys(["li", "wang", "kuai", "chief", "ju", "dai"], over)
    turns = {told.sentence for told in inbox(office, somebody(office, "zhao"))}
    assert f"{CASE}曾轮到您办，已经办完，现在是“办结”。" in turns
    assert not [sentence for sentence in turns if "：轮到您办" in sentence]


def test_the_end_is_told_to_a_deputy_who_rated_the_handling(office):
    night(office, "r1", [finding(1)])
    for user, step in (("li", "take"), ("li", "uphold"), ("li", "draft"), ("wang", "review")):
        do(office, user, ONE, step, **({"addressee": "101001"} if step == "draft" else {}))
    for user, step in (("zhao", "sign"), ("li", "transfer"), ("kuai", "receive")):
        do(office, user, ONE, step)
    for user, step in (("kuai", "start"), ("kuai", "draft_answer"), ("chief", "check_answer")):
        do(office, user, ONE, step)
    do(office, "ju", ONE, "issue_answer")
    do(office, "wang", ONE, "examine")
    rate(office, somebody(office, "dai"), ONE, "满意", now=NOW)
    heard(office)
    do(office, "wang", ONE, "close")
    assert heard(office)["dai"] == [f"{CASE}已经办完，现在是“办结”。"]


def test_who_follows_no_more_is_told_no_more(office):
    night(office, "r1", [finding(1)])
    for step in ("take", "uphold"):
        do(office, "li", ONE, step)
    for on in (True, False):
        follow(office, somebody(office, "sun"), ONE, on)
    heard(office)
    do(office, "li", ONE, "draft", addressee="101001")
    assert "sun" not in heard(office)
    with pytest.raises(ActError, match="本机操作员没有消息"):
        from budget_watch.access import Grant
        from budget_watch.casework.cases import Actor

        follow(office, Actor(Grant.operator("t"), "经办"), ONE, True)


def test_one_step_on_many_cases_is_one_notice(office):
    night(office, "r1", [finding(n) for n in range(1, 8)])
    targets = [id_of(n) for n in range(1, 8)]
    for step in ("take", "uphold"):
        act_on_many(office, somebody(office, "li"), targets, step, {"reason": "已核对"}, now=NOW)
    heard(office)
    given = {"document": "问询函", "addressee": "101001", "text": "请说明。"}
    done = act_on_many(office, somebody(office, "li"), targets, "draft", given, now=NOW)
    assert not [each for _, each in done if isinstance(each, str)]
    (one,) = told(office, "wang", unseen=True)
    assert one.sentence == (
        "7 件办理（2026-0001、2026-0002、2026-0003、2026-0004、2026-0005……）轮到您办。"
    )
    assert (one.count, len(one.cases)) == (7, 7)


def test_a_period_is_told_once_before_it_is_due_and_once_when_it_is_overdue(office):
    night(office, "r1", [finding(1), finding(2)])
    for target, number in ((ONE, "1"), (TWO, "2")):
        for user, step in (("li", "take"), ("li", "uphold"), ("li", "draft"), ("wang", "review")):
            do(office, user, target, step, **({"addressee": "101001"} if step == "draft" else {}))
        do(office, "zhao", target, "sign")
        do(office, "li", target, "transfer", number=f"预工〔2026〕{number}号")
    heard(office)
    assert sweep(office, NOW) == 0  # three working days are left: due on Wednesday
    monday = NOW + timedelta(3)
    assert sweep(office, monday) == 3 and sweep(office, monday) == 0
    soon = ["2 件办理（2026-0001、2026-0002）有 2 项期限将到，最早2026-11-25。"]
    assert heard(office) == dict.fromkeys(["kuai", "chief", "ju"], soon)
    assert sweep(office, monday + timedelta(1)) == 0
    do(office, "kuai", TWO, "receive", now=monday)
    late = NOW + timedelta(6)
    assert sweep(office, late) == 6 and sweep(office, late + timedelta(3)) == 0
    over = [f"{CASE}已逾期，期限2026-11-25，现在是“已转交”。"]
    assert heard(office) == dict.fromkeys(["li", "wang", "zhao", "kuai", "chief", "ju"], over)


def test_nothing_that_has_left_the_scope_of_its_reader_is_told_or_counted(office):
    night(office, "r1", [finding(1), finding(2)])
    for step in ("take", "uphold"):
        do(office, "li", ONE, step)
    do(office, "li", ONE, "draft", addressee="101001")
    wang = somebody(office, "wang")
    assert count_unseen(office, wang) == 2  # the run, and the draft
    from budget_watch.access import Scope

    store = store_at(office)
    away = Scope(regions=frozenset({"990181000"}))
    assigning.rescope(store, OPERATOR, "wang", "reviewer", away, "调整")
    wang = somebody(office, "wang")
    assert count_unseen(office, wang) == 0 and told(office, "wang") == []
    assert other_roles(office, wang) == []


def test_a_merged_case_is_told_no_more_and_a_person_is_told_in_one_role(office):
    night(office, "r1", [finding(1), finding(2)])
    assigning.assign(store_at(office), OPERATOR, "zhao", "reviewer", "兼任")
    for target in (ONE, TWO):
        do(office, "li", target, "take")
    heard(office)
    do(office, "sun", TWO, "uphold")
    merge(office, somebody(office, "li"), ONE, [TWO], "同一事项", now=NOW)
    for user in ("wang", "zhao"):
        assert [each.cases for each in told(office, user, unseen=True)] == []
    do(office, "li", ONE, "uphold")
    do(office, "li", ONE, "draft", addressee="101001")
    with engine(office).connect() as connection:
        query = sa.select(t.notice.c.user, sa.func.count()).where(t.notice.c.cause.like("act:%"))
        counts = dict(connection.execute(query.group_by(t.notice.c.user)).all())
    assert counts["zhao"] == counts["wang"] == 1


def test_notices_are_never_deleted(office):
    night(office, "r1", [finding(1)])
    with (
        pytest.raises(sa.exc.DatabaseError, match="只增不"),
        engine(office).begin() as connection,
    ):
        connection.execute(t.notice.delete())
