"""Steps on a case: who, what is needed, which period, two persons, two at once, once only."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from budget_watch.audit import read
from budget_watch.casework import tables as t
from budget_watch.casework.acting import act, act_on_many, merge, rate
from budget_watch.casework.cases import (
    Desk,
    get_case,
    history,
    list_cases,
    next_steps,
    record,
    satisfaction,
)
from budget_watch.casework.errors import ActError, StaleError, UnknownCaseError
from budget_watch.casework.findings import get_finding
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import (
    BUREAU,
    CHIEF,
    CLERK,
    FINANCE,
    GIVEN,
    HEAD,
    LEADER,
    LI,
    NOW,
    STRANGER,
    TO,
    WANG,
    ZHAO,
    bring,
    do,
    fill,
    id_of,
    person,
)

ONE, TWO, THREE = id_of(1), id_of(2), id_of(3)
TODAY = date(2026, 11, 20)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def said(home, target=ONE, actor=LI, today=TODAY) -> dict[str, Any]:
    return record(Desk.of(home), actor, get_case(home, actor, target), today)


def audited(home) -> list[str]:
    with engine(home).connect() as connection:
        return [entry.act for entry in read(connection, act="case.")]


def test_a_step_moves_the_case_its_findings_and_the_log_together(home):
    fill(home, 1)
    done = do(home, LI, ONE, "take")
    assert (done.case, done.state, done.version, done.repeated) == ("2026-0001", "初核", 1, False)
    assert get_finding(home, LI.grant, ONE).work_state == "初核"
    with engine(home).connect() as connection:
        (entry,) = read(connection, subject="2026-0001")
    assert (entry.seq, entry.user, entry.role, entry.session, entry.act) == (
        done.audit_seq,
        "li",
        "经办",
        "s-li",
        "case.take",
    )
    assert entry.record()["details"] == {
        "transition": "take",
        "from": "新触发",
        "to": "初核",
        "version": 1,
        "findings": [ONE],
        "given": {},
    }


def test_the_whole_way_from_found_to_finished_with_its_periods(home):
    fill(home, 1)
    bring(home, ONE, "办结")
    found = said(home)
    assert (found["work_state"], found["result"], found["number"]) == (
        "办结",
        "数据问题",
        "预工〔2026〕12号",
    )
    assert [(each["clock"], each["mark"]) for each in found["clocks"]] == [
        ("receive", "已止"),
        ("answer", "已止"),
        ("examine", "已止"),
    ]
    case = get_case(home, LI, ONE)
    assert [each["title"] for each in history(Desk.of(home), LI, case)] == [
        *("受理初核", "初核成立", "拟转交文书", "审核文书", "签发文书", "编号转交", "签收"),
        *("开始研究处理", "拟答复", "审核答复", "签发答复", "开始复核", "办结"),
    ]
    assert len(audited(home)) == 13
    assert [each["transition"] for each in found["next"]] == []
    assert [each["transition"] for each in said(home, actor=WANG)["next"]] == ["reopen"]


@pytest.mark.parametrize(
    ("actor", "step", "given", "words"),
    [
        (LI, "uphold", {"reason": "已核"}, "“新触发”时不能初核成立；可以的是初核。"),
        (ZHAO, "take", {}, "受理初核由经办、审核办理，您的角色是签发。"),
        (LI, "take", {"reason": "x"}, "至少写两个字"),
        (LI, "take", {"number": "1号"}, "受理初核不用填：文号。"),
        (LI, "送出", {}, "流程里没有“送出”这一步；可用 take（受理初核）"),
    ],
)
def test_what_is_not_possible_is_refused_with_the_reason(home, actor, step, given, words):
    fill(home, 1)
    with pytest.raises(Exception) as refused:
        act(home, actor, ONE, step, given, now=NOW)
    assert words in str(refused.value)
    assert get_finding(home, LI.grant, ONE).work_state == "新触发"
    assert audited(home) == []


@pytest.mark.parametrize(
    ("state", "actor", "step", "change", "words"),
    [
        ("初核", LI, "dismiss", {"reason": None}, "初核不成立还要填：理由。"),
        ("初核", LI, "dismiss", {"result": "查无此事"}, "结论没有“查无此事”；可用 数据问题、"),
        ("初核", LI, "dismiss", {"result": "有依据"}, "初核不成立的结论没有“有依据”"),
        (
            "初核",
            LI,
            "dismiss",
            {"result": "提请进一步监督"},
            "可用 数据问题、口径差异、属例外情形",
        ),
        ("复核", WANG, "close", {"result": "属例外情形"}, "办结的结论没有“属例外情形”"),
        ("初核成立", LI, "regrade", {"level": "蓝"}, "现在是橙，这一步只能提高级别。"),
        ("初核成立", LI, "draft", {"document": "信"}, "文书种类没有“信”；可用 转办函、"),
        ("复核", WANG, "track", {"committed": "2026-11-20"}, "应在今天以后"),
        ("复核", WANG, "track", {"committed": "明年"}, "日期“明年”不对"),
        ("已签收", WANG, "extend", {"days": 0}, "延长的天数应为 1 至 60 的整数"),
        ("已转交", WANG, "extend", {}, "期限“answer”没有在计；在计的是：签收。"),
        ("已反馈", WANG, "escalate", {"rung": "处分"}, "升级到没有“处分”"),
    ],
)
def test_what_is_filled_in_wrong_is_refused(home, state, actor, step, change, words):
    fill(home, 1)
    bring(home, ONE, state)
    before = get_case(home, LI, ONE)
    with pytest.raises(ActError, match=words):
        do(home, actor, ONE, step, **change)
    assert get_case(home, LI, ONE) == before


def test_the_draft_is_reviewed_and_signed_by_others(home):
    fill(home, 1)
    bring(home, ONE, "初核成立")
    both = person("li", "审核")
    do(home, LI, ONE, "draft")
    with pytest.raises(ActError, match="审核文书与拟转交文书不能是同一人"):
        do(home, both, ONE, "review")
    do(home, WANG, ONE, "review")
    with pytest.raises(ActError, match="签发文书与拟转交文书不能是同一人"):
        do(home, person("li", "签发"), ONE, "sign")


def test_red_takes_two_persons_to_dismiss(home):
    fill(home, 1, level="red")
    do(home, LI, ONE, "take")
    first = do(home, LI, ONE, "dismiss", result="数据问题")
    assert (first.proposed, first.state) == (True, "初核")
    assert get_finding(home, LI.grant, ONE).work_state == "初核"
    with pytest.raises(ActError, match="红色疑点的初核不成立须由另一人确认；您已经拟过"):
        do(home, LI, ONE, "dismiss", result="数据问题")
    with pytest.raises(ActError, match="须由另一人确认"):
        do(home, person("li", "审核"), ONE, "dismiss", result="数据问题")
    with pytest.raises(ActError, match="第一人拟的结论是“数据问题”"):
        do(home, WANG, ONE, "dismiss", result="口径差异")
    steps = {each["transition"]: each["confirms"] for each in said(home, actor=WANG)["next"]}
    assert steps["dismiss"] is True
    done = do(home, WANG, ONE, "dismiss", result="数据问题")
    assert (done.proposed, done.state) == (False, "不成立")
    assert audited(home) == ["case.take", "case.dismiss.propose", "case.dismiss"]


def test_a_proposal_can_be_refused_and_ends_when_the_case_moves_on(home):
    fill(home, 2, level="red")
    for one in (ONE, TWO):
        do(home, LI, one, "take")
        do(home, LI, one, "dismiss")
    do(home, WANG, ONE, "overrule")
    assert do(home, LI, ONE, "dismiss").proposed is True
    do(home, WANG, TWO, "uphold")
    assert said(home, TWO)["proposal"] is None


def test_orange_takes_one_and_what_was_red_once_takes_two(home):
    fill(home, 2)
    bring(home, ONE, "不成立")
    bring(home, TWO, "初核成立")
    do(home, LI, TWO, "regrade", level="红")
    assert said(home, TWO)["level"] == "red"
    for actor, step in ((LI, "draft"), (WANG, "review"), (ZHAO, "sign"), (LI, "transfer")):
        do(home, actor, TWO, step, **({"addressee": "102"} if step == "draft" else {}))
    do(home, FINANCE, TWO, "receive")
    do(home, FINANCE, TWO, "start")
    do(home, FINANCE, TWO, "answer")
    do(home, LI, TWO, "examine")
    assert do(home, WANG, TWO, "close").proposed is True
    assert do(home, ZHAO, TWO, "close").state == "办结"


def test_the_second_of_two_at_one_case_is_told_what_the_first_did(home):
    fill(home, 1)
    do(home, LI, ONE, "take")
    seen = get_case(home, LI, ONE).version
    do(home, WANG, ONE, "uphold", version=seen)
    with pytest.raises(StaleError) as refused:
        do(home, LI, ONE, "dismiss", version=seen)
    assert str(refused.value) == (
        "办理 2026-0001：wang（审核）已经先办了“初核成立”，现在是“初核成立”。"
        "您的这一步没有生效；请刷新后再办。"
    )


def test_a_request_that_comes_twice_is_one_act(home):
    fill(home, 2)
    first = do(home, LI, ONE, "take", request="k1", version=0)
    again = do(home, LI, ONE, "take", request="k1", version=0)
    assert (again.case, again.version, again.audit_seq) == (
        first.case,
        first.version,
        first.audit_seq,
    )
    assert (first.repeated, again.repeated) == (False, True)
    with pytest.raises(ActError, match="请求编号已经用于另一步"):
        do(home, LI, TWO, "take", request="k1")
    do(home, WANG, TWO, "take", request="k1")
    assert len(audited(home)) == 2


def test_periods_start_stop_pause_go_on_and_are_lengthened(home):
    fill(home, 1)
    bring(home, ONE, "已转交")
    assert said(home, today=date(2026, 11, 24))["clocks"][0] == {
        "clock": "receive",
        "title": "签收",
        "started": "2026-11-20",
        "due": "2026-11-25",
        "extended": 0,
        "local": True,
        "basis": "缺省三个工作日，法律没有规定天数",
        "mark": "临期",
        "left": 1,
        "stopped": None,
    }
    do(home, CLERK, ONE, "receive", now=NOW + timedelta(days=10))  # Monday 11-30, 3 days late
    marks = [(each["clock"], each["mark"], each["due"]) for each in said(home)["clocks"]]
    assert marks[0] == ("receive", "逾期完成", "2026-11-25")
    assert marks[1][::2] == ("answer", "2027-01-22")  # ten days before the quiet weeks, five after
    do(home, WANG, ONE, "extend", days=2, now=NOW + timedelta(days=11))
    assert said(home)["clocks"][1]["due"] == "2027-01-26"
    do(home, CLERK, ONE, "start", now=NOW + timedelta(days=11))
    do(home, CLERK, ONE, "object", now=NOW + timedelta(days=12))  # 12-02, 15 of 17 to go
    assert [(each["clock"], each["mark"]) for each in said(home)["clocks"][1:]] == [
        ("answer", "停计"),
        ("explain", "在计"),
    ]
    do(home, FINANCE, ONE, "explain", now=NOW + timedelta(days=19))  # 12-09
    assert said(home)["clocks"][1]["due"] == "2027-02-02"
    assert said(home)["work_state"] == "研究处理中"


def test_an_objection_before_signing_starts_the_answers_period_once_it_is_explained(home):
    fill(home, 1)
    bring(home, ONE, "已转交")
    do(home, CLERK, ONE, "object")
    do(home, FINANCE, ONE, "explain")
    assert [(each.clock, each.open) for each in get_case(home, LI, ONE).clocks] == [
        ("receive", False),
        ("explain", False),
        ("answer", True),
    ]


def test_a_department_sees_what_is_addressed_to_it_and_no_level_before_it_answered(home):
    fill(home, 2)
    bring(home, ONE, "签发")
    with pytest.raises(UnknownCaseError):
        get_case(home, CLERK, ONE)
    assert list_cases(home, CLERK) == []
    do(home, LI, ONE, "transfer", copy_to="103")
    assert said(home, actor=CLERK)["level"] is None
    assert said(home, actor=LI)["level"] == "orange"
    with pytest.raises(UnknownCaseError):
        do(home, STRANGER, ONE, "receive")
    copied = person("copied", "主管部门", frozenset({"103"}))
    assert get_case(home, copied, ONE).id == "2026-0001"
    with pytest.raises(ActError, match="这一件不是交给您的单位的"):
        do(home, copied, ONE, "receive")
    for actor, step in ((CLERK, "receive"), (CLERK, "start"), (BUREAU, "answer")):
        do(home, actor, ONE, step)
    assert said(home, actor=CLERK)["level"] == "orange"
    told = history(Desk.of(home), CLERK, get_case(home, CLERK, ONE))
    assert [each["title"] for each in told] == [
        *("编号转交", "签收", "开始研究处理", "反馈研究处理结果")
    ]


def test_what_is_not_ours_is_reassigned(home):
    fill(home, 1)
    bring(home, ONE, "待改派")
    do(home, LI, ONE, "reassign", addressee="102")
    assert said(home)["addressee"] == "102"
    with pytest.raises(UnknownCaseError):
        get_case(home, CLERK, ONE)
    do(home, STRANGER, ONE, "receive")


def test_a_committee_member_outside_the_scope_sees_nothing(home):
    fill(home, 1)
    do(home, LI, ONE, "take")
    other = person("other", "经办", frozenset({"999"}))
    with pytest.raises(UnknownCaseError):
        do(home, other, ONE, "uphold")
    with pytest.raises(UnknownCaseError):
        do(home, other, "2026-0001", "uphold")
    assert list_cases(home, other) == []


def test_low_satisfaction_asks_for_a_second_rectification(home):
    fill(home, 1)
    bring(home, ONE, "复核")
    deputies = [person(f"d{n}", "代表") for n in range(5)]
    for one, word in zip(deputies, ("满意", "基本满意", "满意", "不满意", "不满意"), strict=True):
        rate(home, one, ONE, word, "没有答到点上" if word == "不满意" else "", now=NOW)
    assert said(home)["satisfaction"] == {"satisfied": 3, "rated": 5}
    with pytest.raises(ActError, match="满意度 3/5，低于80%；请先二次整改"):
        do(home, WANG, ONE, "close")
    rate(home, deputies[4], ONE, "满意", now=NOW)  # 4 of 5 is 80%: not below
    assert [each.id for each in next_steps(Desk.of(home), WANG, get_case(home, WANG, ONE))].count(
        "close"
    )
    rate(home, deputies[4], ONE, "不满意", "没有答到点上", now=NOW)
    do(home, WANG, ONE, "second")
    assert said(home)["satisfaction"] is None
    assert [(one.clock, one.due) for one in get_case(home, LI, ONE).clocks if one.open] == [
        ("progress", date(2027, 2, 20)),
        ("result", date(2027, 5, 20)),
    ]
    do(home, CLERK, ONE, "report_progress")
    do(home, HEAD, ONE, "report_result")
    do(home, LI, ONE, "examine")
    with pytest.raises(ActError, match="不启动二次整改"):
        do(home, WANG, ONE, "second")
    rate(home, CLERK, ONE, "满意", now=NOW)
    do(home, WANG, ONE, "close")
    assert len(get_case(home, LI, ONE).ratings) == 8


def test_only_deputies_and_members_rate_the_handling_and_only_the_unit_rates_back(home):
    fill(home, 1)
    bring(home, ONE, "复核")
    for staff in (LI, WANG, ZHAO):
        words = f"{staff.role}不参加满意度评价。对办理情况的评价由代表、财经委委员、常委会领导作出"
        with pytest.raises(ActError, match=words):
            rate(home, staff, ONE, "不满意", "没有说清", now=NOW)
    rate(home, person("m", "财经委委员"), ONE, "满意", now=NOW)
    rate(home, LEADER, ONE, "基本满意", now=NOW)
    rate(home, CLERK, ONE, "不满意", "交办时间太紧", now=NOW)  # of the other side: not counted
    assert said(home)["satisfaction"] == {"satisfied": 2, "rated": 2}


def test_what_staff_said_in_an_older_installation_does_not_count(home):
    fill(home, 1)
    bring(home, ONE, "复核")
    rate(home, person("d", "代表"), ONE, "满意", now=NOW)
    case = get_case(home, LI, ONE)
    staff = {**case.ratings[0], "user": "li", "role": "经办", "word": "不满意"}
    assert satisfaction(Desk.of(home).flow, replace(case, ratings=(*case.ratings, staff))) == (1, 1)


def test_a_closed_case_is_rated_again_only_when_it_was_reopened_and_answered(home):
    fill(home, 1)
    deputy = person("d", "代表")
    bring(home, ONE, "办结")
    for who in (deputy, CLERK):
        with pytest.raises(ActError, match="已经是“办结”，不再评价；重新打开以后"):
            rate(home, who, ONE, "满意", now=NOW)
    assert said(home)["satisfaction"] is None
    do(home, WANG, ONE, "reopen")
    with pytest.raises(ActError, match="承办单位反馈以后才能评价"):
        rate(home, deputy, ONE, "满意", now=NOW)
    for actor, step in TO["已反馈"][1:]:
        do(home, actor, ONE, step)
    rate(home, deputy, ONE, "满意", now=NOW)
    assert said(home)["satisfaction"] == {"satisfied": 1, "rated": 1}


def test_a_level_that_is_the_highest_is_not_raised(home):
    fill(home, 1, level="red")
    bring(home, ONE, "初核成立")
    with pytest.raises(ActError, match="已经是最高级别，不能再提高级别"):
        do(home, LI, ONE, "regrade")
    assert "regrade" not in [each["transition"] for each in said(home)["next"]]
    offered = next_steps(Desk.of(home), LI, replace(get_case(home, LI, ONE), level="orange"))
    assert "regrade" in [each.id for each in offered]


def test_nobody_rates_before_the_answer_or_with_other_words(home):
    fill(home, 2)
    bring(home, ONE, "已签收")
    with pytest.raises(ActError, match="反馈以后才能评价"):
        rate(home, person("d", "代表"), ONE, "满意")
    with pytest.raises(ActError, match="评价“好”不对"):
        rate(home, person("d", "代表"), ONE, "好")
    bring(home, id_of(2), "已反馈")
    with pytest.raises(ActError, match="评价“不满意”要写理由"):
        rate(home, person("d", "代表"), id_of(2), "不满意", " 差 ")
    with pytest.raises(ActError, match="不参加满意度评价"):
        rate(home, person("d", "专家"), ONE, "满意")


def test_findings_of_one_matter_become_one_case(home):
    fill(home, 5)
    do(home, LI, ONE, "take")
    do(home, LI, THREE, "take")
    done = merge(home, LI, ONE, [THREE, id_of(5)], "同一事项", now=NOW)
    case = get_case(home, LI, id_of(5))
    assert (case.id, case.findings) == (done.case, (ONE, THREE, id_of(5)))
    assert get_finding(home, LI.grant, id_of(5)).work_state == "初核"
    do(home, LI, THREE, "uphold")
    assert [get_finding(home, LI.grant, each).work_state for each in (ONE, THREE, id_of(5))] == [
        "初核成立"
    ] * 3
    assert [each.id for each in list_cases(home, LI)] == ["2026-0001"]
    with engine(home).connect() as connection:
        table = t.case_file
        row = connection.execute(sa.select(table).where(table.c.id == "2026-0002")).one()
    assert row.merged_into == "2026-0001"
    with pytest.raises(ActError, match="不是同一部门"):
        merge(home, LI, ONE, [TWO], "不同", now=NOW)
    with pytest.raises(ActError, match="并入自己"):
        merge(home, LI, ONE, [THREE], "自己", now=NOW)
    with pytest.raises(ActError, match="并入自己"):
        merge(home, LI, ONE, ["2026-0002"], "再来", now=NOW)


def test_many_at_once_each_by_itself(home):
    fill(home, 4)
    do(home, LI, TWO, "take")
    told = act_on_many(home, LI, [ONE, TWO, THREE, ONE], "take", request="bulk", now=NOW)
    assert [(target, type(done).__name__) for target, done in told] == [
        (ONE, "Done"),
        (TWO, "str"),
        (THREE, "Done"),
    ]
    again = act_on_many(home, LI, [ONE, TWO, THREE], "take", request="bulk", now=NOW)
    assert [getattr(done, "repeated", None) for _, done in again] == [True, None, True]


def test_the_data_state_moves_beside_the_work(home):
    from budget_watch.casework.recording import Run, record_run

    fill(home, 1)
    bring(home, ONE, "已签收")
    cleared = Run("r2", "S2", "b", date(2026, 11, 20), frozenset({"ZX06"}), [])
    record_run(home, cleared, [], baseline=None)
    found = get_finding(home, LI.grant, ONE)
    assert (found.outcome, found.work_state) == ("cleared", "已签收")
    do(home, CLERK, ONE, "start")
    found = get_finding(home, LI.grant, ONE)
    assert (found.outcome, found.data_state, found.work_state) == (
        "cleared",
        "已恢复",
        "研究处理中",
    )


def test_reopened_keeps_what_was(home):
    fill(home, 1)
    bring(home, ONE, "办结")
    do(home, WANG, ONE, "reopen")
    case = get_case(home, LI, ONE)
    assert (case.state, case.version, len(case.acts)) == ("初核", 14, 14)


@pytest.mark.parametrize("statement", ["UPDATE case_act SET role = 'x'", "DELETE FROM case_act"])
def test_acts_are_only_added(home, statement):
    fill(home, 1)
    do(home, LI, ONE, "take")
    refused = pytest.raises(sa.exc.DatabaseError, match="办理记录只增不改")
    with refused, engine(home).begin() as connection:
        connection.exec_driver_sql(statement)


def test_an_unfinished_step_leaves_nothing(home, monkeypatch):
    fill(home, 1)
    do(home, LI, ONE, "take")
    before = get_case(home, LI, ONE)
    monkeypatch.setattr("budget_watch.casework.acting._store", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        do(home, LI, ONE, "uphold")
    assert get_case(home, LI, ONE) == before
    assert audited(home) == ["case.take"]
    assert GIVEN and CHIEF
