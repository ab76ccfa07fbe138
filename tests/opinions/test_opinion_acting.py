"""From a comment to an answer: each kind its own way, what is missing or not theirs is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from budget_watch.access import Scope
from budget_watch.audit import key_of, read, verify
from budget_watch.casework.errors import ActError, StaleError, UnknownFindingError
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.acting import act, act_on_many, follow, write
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.seeing import (
    about,
    get_opinion,
    history,
    list_opinions,
    looked,
    record,
    seen_by,
)
from tests.casework import made_cases
from tests.casework.made_cases import fill, id_of
from tests.opinions.made_opinions import (
    ADMIN,
    BUREAU,
    CLERK,
    DAI,
    DESK,
    EXPERT,
    FINANCE,
    HEAD,
    LEADER,
    LI,
    MEMBER,
    NOW,
    OWN,
    QIAN,
    STRANGER,
    TO,
    WANG,
    ZHAO,
    bring,
    do,
    in_role,
    new,
)

DAY = NOW.date()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def titles(actor, one, today=DAY):
    return {each["step"] for each in record(DESK, actor, one, today).get("next", [])}


def test_a_deputys_comment_becomes_a_proposal_only_with_the_deputys_word(home):
    number = new(home, submit=True, request="r1")
    twice = write(home, DAI, "标题", "正文正文", submit=True, request="r1", now=NOW)
    assert (twice.opinion, twice.state, twice.repeated) == (number, "已提交", True)
    assert get_opinion(home, DAI, number).kind == "线上评论"
    with pytest.raises(ActError, match=r"登记为“代表建议”由预算工作机构拟、本人确认"):
        write(home, DAI, "标题", "正文正文", kind="代表建议", now=NOW)
    do(home, LI, number, "propose", reason="事关部门职责，宜作代表建议")
    waiting = get_opinion(home, DAI, number)
    assert (waiting.kind, waiting.proposed, waiting.state) == ("线上评论", "代表建议", "待本人确认")
    assert titles(DAI, waiting) == {"confirm", "decline", "withdraw", "note"}
    for actor in (LI, WANG, ZHAO, MEMBER):
        with pytest.raises((ActError, UnknownOpinionError)):
            do(home, actor, number, "confirm")
    do(home, LI, number, "note")  # a remark does not take the proposal away
    assert get_opinion(home, DAI, number).proposed == "代表建议"
    assert do(home, DAI, number, "confirm").state == "已登记"
    one = get_opinion(home, DAI, number)
    assert (one.kind, one.proposed) == ("代表建议", None)
    do(home, WANG, number, "hand_over", number="建〔2026〕1号")
    one = get_opinion(home, LI, number)
    running = {each.clock: each.due.isoformat() for each in one.clocks if each.open}
    assert running == {"receive": "2026-11-25", "proposal": "2027-02-20"}


def test_what_the_deputy_declines_is_registered_as_it_was(home):
    number = bring(home, "待本人确认")
    assert do(home, DAI, number, "decline").state == "已提交"
    do(home, LI, number, "register")
    assert get_opinion(home, DAI, number).kind == "线上评论"


def test_what_the_deputy_leaves_unsaid_lapses_after_its_period_and_not_before(home):
    number = bring(home, "待本人确认")
    with pytest.raises(ActError, match="要等本人确认期限过后"):
        do(home, LI, number, "lapse")
    assert do(home, LI, number, "lapse", now=NOW + timedelta(days=20)).state == "已登记"
    assert get_opinion(home, DAI, number).kind == "线上评论"


def test_a_deputys_opinion_is_never_registered_as_what_only_members_hand_in(home):
    number = bring(home, "已提交")
    for kind in ("审议意见", "初步审查意见"):
        with pytest.raises(ActError, match="代表的意见不能登记为这一类"):
            do(home, LI, number, "propose", kind=kind)
    with pytest.raises(ActError, match="本来就是线上评论"):
        do(home, LI, number, "propose", kind="线上评论")


def test_an_interpellation_needs_as_many_signers_as_the_law_says(home):
    with pytest.raises(ActError, match="质询须5人以上联名"):
        new(home, MEMBER, kind="质询", submit=True, signers=["甲某", "乙某", "丙某"])
    names = ["甲某", "乙某", "丙某", "丁某"]
    number = new(home, MEMBER, kind="质询", submit=True, signers=[*names, "甲某"])
    assert get_opinion(home, MEMBER, number).signers == tuple(names)
    do(home, LI, number, "register")
    do(home, ZHAO, number, "hand_over", addressee="101")
    do(home, BUREAU, number, "receive")
    with pytest.raises(ActError, match="要写明签署的负责人"):
        do(home, BUREAU, number, "answer", form="书面")
    do(home, BUREAU, number, "answer", form="书面", signed_by="张局长")
    answer = record(DESK, MEMBER, get_opinion(home, MEMBER, number), DAY)["answer"]
    assert (answer["form"], answer["signed_by"]) == ("书面", "张局长")
    ten = bring(home, "已提交")
    with pytest.raises(ActError, match="10人以上"):
        do(home, LI, ten, "propose", kind="质询")
        do(home, DAI, ten, "confirm")


def test_a_deliberation_opinion_is_consulted_on_reported_and_published_before_it_ends(home):
    number = bring(home, "已征求意见")
    assert [each.step for each in get_opinion(home, LI, number).acts][-3:] == [
        "receive",
        "consult",
        "comment",
    ]
    with pytest.raises(ActError, match="不能答复"):
        do(home, FINANCE, number, "answer")
    assert do(home, FINANCE, number, "report").state == "已答复"
    do(home, MEMBER, number, "rate")
    with pytest.raises(ActError, match="须向代表、社会通报或公布"):
        do(home, WANG, number, "close")
    with pytest.raises(UnknownOpinionError):
        get_opinion(home, QIAN, number)
    do(home, ZHAO, number, "publish")
    shown = record(DESK, EXPERT, get_opinion(home, EXPERT, number), DAY)
    assert (shown["published"], shown["published_in"]) == ("2026-11-20", "常委会公报2026年第6期")
    assert shown["answer"]["text"] and "addressee" not in shown and "next" not in shown
    assert do(home, WANG, number, "close").state == "办结"


def test_a_low_rating_takes_it_up_anew_and_counts_for_its_own_round(home):
    number = bring(home, "已答复")
    with pytest.raises(ActError, match="评价“不满意”要写明原因"):
        do(home, DAI, number, "rate", word="不满意")
    do(home, DAI, number, "rate", word="不满意", remark="没有回答所问")
    with pytest.raises(ActError, match=r"满意度 0/1，低于80%"):
        do(home, WANG, number, "close")
    assert do(home, WANG, number, "again").state == "已登记"
    do(home, ZHAO, number, "hand_over")
    do(home, CLERK, number, "receive")
    do(home, CLERK, number, "draft_answer", text="补充说明如下。")
    do(home, HEAD, number, "issue_answer")
    one = get_opinion(home, DAI, number)
    assert (one.round, one.share) == (1, None)
    told = record(DESK, DAI, one, DAY)
    assert told["answer"]["text"] == "补充说明如下。"
    do(home, DAI, number, "rate", word="不满意", remark="仍不完整")
    do(home, DAI, number, "rate", word="基本满意")  # a later word takes the place of the first
    assert get_opinion(home, DAI, number).share == (1, 1)
    with pytest.raises(ActError, match="没有低于80%"):
        do(home, WANG, number, "again")
    assert do(home, WANG, number, "close").state == "办结"


def test_an_answer_that_nobody_rates_may_be_closed_after_its_period(home):
    number = bring(home, "已答复")
    with pytest.raises(ActError, match="要等评价答复期限过后"):
        do(home, WANG, number, "close_unrated")
    later = NOW + timedelta(days=60)
    assert do(home, WANG, number, "close_unrated", now=later).state == "办结"


def test_who_drafts_an_answer_does_not_issue_it(home):
    number = bring(home, "办理中")
    same = in_role("clerk", "单位负责人", "unit_head", Scope(units=frozenset({"101001"})))
    do(home, CLERK, number, "draft_answer")
    with pytest.raises(ActError, match="不能是同一人"):
        do(home, same, number, "issue_answer")


def test_of_two_at_one_opinion_the_second_is_told_what_the_first_did(home):
    number = bring(home, "已提交")
    seen = get_opinion(home, LI, number).version
    do(home, LI, number, "register", version=seen)
    with pytest.raises(StaleError, match=r"li（经办）已经先办了“登记”，现在是“已登记”"):
        do(home, WANG, number, "send_back", version=seen)
    done = do(home, WANG, number, "hand_over", request="x")
    again = do(home, WANG, number, "hand_over", request="x")
    assert (again.repeated, again.version, again.audit_seq) == (True, done.version, done.audit_seq)
    with pytest.raises(ActError, match="已经用于另一步"):
        do(home, WANG, number, "remind", request="x")


def test_an_opinion_hangs_only_on_what_its_author_may_see(home):
    fill(home, 2)
    with pytest.raises(UnknownFindingError):  # a deputy sees verified findings only
        new(home, about="finding", about_id=id_of(1))
    made_cases.bring(home, id_of(1), "初核成立")
    number = new(home, about="finding", about_id=id_of(1)[:20], submit=True)
    one = get_opinion(home, DAI, number)
    assert (one.about_id, one.dept_code) == (id_of(1), "101")
    assert about(home, DAI, one)["title"] == "ZX06 支出进度滞后序时"
    for _ in range(2):  # found by whoever may see it, also by the finding
        assert [e.id for e in list_opinions(home, LI, finding=id_of(1))] == [number]
    assert list_opinions(home, LI, finding=id_of(2)) == []
    made_cases.do(home, made_cases.LI, id_of(1), "draft")
    elsewhere = in_role("x", "经办", "clerk", Scope(regions=frozenset({"990200000"})))
    assert list_opinions(home, elsewhere) == []
    with pytest.raises(UnknownOpinionError):
        get_opinion(home, elsewhere, number)
    for wrong in ("javascript:alert(1)", "//evil.example/x", "exec/d101", "/exec/d101#x", "/ex ec"):
        with pytest.raises(ActError, match="页面地址"):
            new(home, about="figure", about_id=wrong)
    with pytest.raises(ActError, match="没有数据快照"):
        new(home, about="figure", about_id="/exec/d101")
    with pytest.raises(ActError, match="哪一份报告"):
        new(home, about="report", about_id="<b>")
    assert get_opinion(home, DAI, new(home, about="report", about_id="季刊 2026Q3")).about_title


def test_each_sees_what_is_theirs_and_what_is_open_to_them(home):
    draft, sent = new(home), bring(home, "已提交", open_=True)
    registered, opened = bring(home, "已登记"), bring(home, "已登记", open_=True)
    handed, replied = bring(home, "已交办"), bring(home, "已登记")
    do(home, WANG, replied, "reply")
    gone = new(home)
    do(home, DAI, gone, "withdraw")
    everything = {draft, sent, registered, opened, handed, replied, gone}
    expected = {
        DAI: everything,
        QIAN: {opened},
        LI: everything - {draft, gone},
        WANG: everything - {draft, gone},
        ZHAO: everything - {draft, gone},
        MEMBER: {registered, opened, handed, replied},
        LEADER: {registered, opened, handed, replied},
        FINANCE: {handed},
        CLERK: {handed},
        HEAD: {handed},
        BUREAU: set(),  # handed to a unit, not to it
        STRANGER: set(),
        EXPERT: set(),
        ADMIN: set(),
    }
    for actor, mine in expected.items():
        assert {each.id for each in list_opinions(home, actor)} == mine, actor.user
        for number in everything - mine:
            with pytest.raises(UnknownOpinionError):
                get_opinion(home, actor, number)
            with pytest.raises(UnknownOpinionError):
                act(home, actor, number, "note", {"reason": "试试"}, now=NOW)
    told = record(DESK, QIAN, get_opinion(home, QIAN, opened), DAY)
    hidden = {"addressee", "clocks", "next", "ratings", "topic", "number", "ask"}
    assert not hidden & set(told) and told["answer"] is None
    lines = history(DESK, QIAN, get_opinion(home, QIAN, opened))
    assert [set(each) for each in lines] == [{"title", "at", "to"}]
    assert [each["title"] for each in lines] == ["登记"]


def test_drafting_stays_with_whoever_drafts(home):
    number = bring(home, "答复拟稿")
    for actor in (DAI, LI, MEMBER):
        one = get_opinion(home, actor, number)
        said = json.dumps(
            [record(DESK, actor, one, DAY), history(DESK, actor, one)], ensure_ascii=False
        )
        assert "正在加快" not in said, actor.role
    one = get_opinion(home, CLERK, number)
    assert "正在加快" in json.dumps(history(DESK, CLERK, one), ensure_ascii=False)
    steps = [each["step"] for each in history(DESK, CLERK, one)]
    assert steps == ["hand_over", "receive", "draft_answer"]
    own = [each["step"] for each in history(DESK, DAI, one)]
    assert own == ["write", "submit", "register", "hand_over", "receive"]
    office = [each["step"] for each in history(DESK, LI, one)]
    assert office == ["submit", "register", "hand_over", "receive"]


def test_a_draft_leaves_its_hash_in_the_audit_log_and_never_its_words(home):
    number = new(home, title="机密标题", text="草稿里的话")
    do(home, DAI, number, "edit", title="新标题", text="改过的话")
    do(home, DAI, number, "submit")
    with engine(home).connect() as connection:
        logged = list(read(connection, act="opinion."))
        assert verify(connection, key_of(home.root)).damages == []
    assert [each.act for each in logged] == ["opinion.write", "opinion.edit", "opinion.submit"]
    words = "".join(each.details for each in logged)
    assert not any(each in words for each in ("机密标题", "草稿里的话", "改过的话"))
    assert len(json.loads(logged[0].details)["given"]["text"]) == 64


def test_the_author_follows_and_is_told_what_is_new_once(home):
    number = bring(home, "已提交", open_=True)
    do(home, LI, number, "register")
    before = seen_by(home, DAI)[number]
    assert record(DESK, DAI, get_opinion(home, DAI, number), DAY, seen=before)["news"] is True
    assert looked(home, DAI, get_opinion(home, DAI, number)) == before
    assert looked(home, DAI, get_opinion(home, DAI, number)) == before + 1
    follow(home, QIAN, number)
    assert [e.id for e in list_opinions(home, QIAN, mine=True)] == [number]
    follow(home, QIAN, number, following=False)
    assert list_opinions(home, QIAN, mine=True) == []
    with pytest.raises(UnknownOpinionError):
        follow(home, STRANGER, number)


def test_the_same_step_on_many_stands_or_falls_one_by_one(home):
    one, two, gone = bring(home, "已提交"), bring(home, "已提交"), bring(home, "已撤回")
    told = act_on_many(home, LI, [one, two, gone, "YJ2026-9999", one], "register", now=NOW)
    assert [number for number, _ in told] == [one, two, gone, "YJ2026-9999"]
    assert [isinstance(each, str) for _, each in told] == [False, False, True, True]


def test_a_failing_audit_log_leaves_nothing_behind(home, monkeypatch):
    number = bring(home, "已提交")
    before = get_opinion(home, LI, number)
    monkeypatch.setattr(
        "budget_watch.opinions.acting.append", lambda *_: (_ for _ in ()).throw(OSError("full"))
    )
    with pytest.raises(OSError, match="full"):
        do(home, LI, number, "register")
    with pytest.raises(OSError, match="full"):
        new(home)
    monkeypatch.undo()
    assert get_opinion(home, LI, number) == before
    assert len(list_opinions(home, DAI)) == 1


@pytest.mark.parametrize("table", ["opinion_act", "opinion_rating"])
def test_acts_and_ratings_are_only_ever_added(home, table):
    bring(home, "已评价")
    for words in (f"UPDATE {table} SET seq = seq + 100", f"DELETE FROM {table}"):
        with pytest.raises(sa.exc.DatabaseError), engine(home).begin() as connection:
            connection.exec_driver_sql(words)


def test_every_state_is_reached():
    assert set(TO) | set(OWN) == set(DESK.flow.state)
