"""决议事项: registered, handed over, reported, evaluated, carried into the next year."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from budget_watch.access import Scope
from budget_watch.audit import key_of, read, verify
from budget_watch.casework.errors import ActError, StaleError, UnknownFindingError
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings import tables as t
from budget_watch.meetings.acting import Document, act, register
from budget_watch.meetings.demands import (
    DemandDesk,
    carried,
    demand_record,
    find_demand,
    get_demand,
    list_demands,
    refusal,
    sees_demand,
)
from budget_watch.meetings.errors import UnknownDemandError
from budget_watch.meetings.files import attach, attachments, read_file
from budget_watch.meetings.telling import sweep
from budget_watch.notices.inbox import inbox
from dashboard.acting_on_opinions import Asked
from dashboard.acting_on_resolutions import on_resolution
from tests.meetings.made_demands import DEPARTMENT, GIVEN, HEARD, NOW, RESOLVED, TO, bring, do, new
from tests.notices.office import open_office, store_at
from tests.opinions.made_opinions import (
    ADMIN,
    BUREAU,
    CLERK,
    DAI,
    EXPERT,
    FINANCE,
    HEAD,
    LEADER,
    LI,
    MEMBER,
    QIAN,
    STRANGER,
    WANG,
    ZHAO,
)
from tests.views_drill.small_city import CITY, make_home

EVERYBODY = (DAI, QIAN, MEMBER, LEADER, LI, WANG, ZHAO, FINANCE, BUREAU, CLERK, HEAD, STRANGER)
EVERYBODY = (*EVERYBODY, EXPERT, ADMIN)
INNER = {LI.user, WANG.user, ZHAO.user, MEMBER.user, LEADER.user}
TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    made, _ = make_home(tmp_path_factory.mktemp("demands"))
    yield made
    engine(made).dispose()


def stored(home: Home, number: str):
    with engine(home).connect() as connection:
        return find_demand(connection, number)


def count(home: Home) -> int:
    with engine(home).connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(t.demand)).scalar()


def test_a_document_is_registered_a_line_each_once_a_request(home):
    texts = ["压减一般性支出", "加快专项债券使用", " ", "公开部门决算"]
    options = {"due": "2026-12-31", "things": ["/exec/d101"], "now": NOW, "request": "doc"}
    done = register(home, LI, RESOLVED, texts, "政府、101", **options)
    again = register(home, LI, RESOLVED, texts, "政府、101", **options)
    assert [each.demand for each in again] == [each.demand for each in done]
    assert [each.repeated for each in again] == [True] * 3
    one = get_demand(home, LI, done[1].demand)
    assert (one.text, one.addressees, one.due, one.year, one.state, one.mof_div_code) == (
        "加快专项债券使用", ("政府", "101"), date(2026, 12, 31), 2026, "已登记", CITY,
    )  # fmt: skip
    (figure,) = one.linked
    assert (figure.kind, figure.id, figure.as_of) == ("figure", "/exec/d101", "2026-11-20")
    own = [each.demand for each in done]
    assert own == [f"JY2026-{n:03}" for n in range(int(own[0][-3:]), int(own[0][-3:]) + 3)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"document": replace(RESOLVED, source="通知")}, "没有“通知”这种文件"),
        ({"document": replace(RESOLVED, decided="2026-13-01")}, "日期“2026-13-01”不对"),
        ({"document": replace(RESOLVED, decided="2026-11-21")}, "文件日期 2026-11-21 还没有到"),
        ({"document": replace(RESOLVED, title=" ")}, "标题、文号、会议应为"),
        ({"due": ""}, "决议的期限由文件规定，请填期限"),
        ({"due": "2025-12-31"}, "期限 2025-12-31 早于文件日期"),
        ({"due": "2099-12-31"}, "不在工作日历"),
        ({"whom": " "}, "承办单位应写 1 至 20 个编码"),
        ({"text": " "}, "请写 1 至 50 项要求"),
        ({"things": ["/Nowhere!"]}, "请给出页面地址"),
    ],
)
def test_what_is_wrong_with_a_document_is_said_and_nothing_is_stored(home, change, told):
    before = count(home)
    with pytest.raises(ActError, match=told):
        new(home, **change)
    assert count(home) == before


def test_only_clerk_and_reviewer_register_and_a_finding_must_be_theirs(home):
    for actor in (DAI, ZHAO, MEMBER, FINANCE, CLERK, EXPERT, ADMIN):
        with pytest.raises(ActError, match="决议事项由经办、审核登记"):
            register(home, actor, RESOLVED, ["压减"], "政府", due="2026-12-31", now=NOW)
    with pytest.raises(UnknownFindingError):
        new(home, things=["0123456789abcdef"])


@pytest.mark.parametrize(
    ("document", "due"),
    [
        (HEARD, date(2026, 9, 30)),  # two months by default
        (replace(HEARD, decided="2025-12-31"), date(2026, 2, 28)),
        (Document("初步审查意见", "初审意见", "2026-01-05", region=CITY), date(2026, 1, 26)),
    ],
)
def test_a_document_without_a_day_has_the_kinds_own_period(home, document, due):
    assert get_demand(home, LI, new(home, document=document, due="")).due == due


@pytest.mark.parametrize("state", TO)
def test_every_role_with_every_step_in_every_state(home, state):
    """Done exactly where the file says so; refused otherwise, and nothing changes."""
    desk = DemandDesk.of(home)
    number = bring(home, state)
    one = stored(home, number)
    shown = desk.state(one).shown
    for actor in EVERYBODY:
        sees = actor.user in INNER or (actor in DEPARTMENT[:1] and shown)
        sees = sees or (actor in (DAI, QIAN) and state != "已撤销")
        sees = sees and not (actor in (MEMBER, LEADER) and state == "已撤销")
        assert sees_demand(desk, actor, one) is sees, (actor.user, state)
        for step in desk.flow.transitions:
            able = (
                sees
                and actor.role in step.who
                and state in step.sources
                and not (step.dissatisfied and one.word in ("满意", "基本满意"))
                and not (step.satisfied and one.word not in ("满意", "基本满意"))
            )
            assert (refusal(desk, actor, one, step) is None and sees) is able
            if able and step.id != "unlink":
                fresh = bring(home, state)
                before = stored(home, fresh)
                done = do(home, actor, fresh, step.id)
                expected = step.to or state
                assert (done.state, done.version) == (expected, before.version + 1), step.id
            elif not able:
                with pytest.raises(ActError if sees else UnknownDemandError):
                    do(home, actor, number, step.id)
                assert stored(home, number) == one


def test_it_is_reported_when_every_addressee_has_and_each_speaks_for_itself(home):
    number = bring(home, "已交办", whom=["101", "102"])
    assert get_demand(home, BUREAU, number).state == "已交办"
    with pytest.raises(UnknownDemandError):
        get_demand(home, STRANGER, number)  # of unit 102001, which is not an addressee
    assert do(home, BUREAU, number, "report", text="一〇一已落实。").state == "办理中"
    with pytest.raises(ActError, match="请写明代哪个单位办：101、102"):
        do(home, FINANCE, number, "report")
    done = do(home, FINANCE, number, "report", text="一〇二已落实。", addressee="102")
    assert done.state == "已报告"
    told = demand_record(home, DemandDesk.of(home), DAI, stored(home, number), TODAY)
    assert [(e["addressee"], e["text"]) for e in told["reports"]] == [
        ("101", "一〇一已落实。"),
        ("102", "一〇二已落实。"),
    ]
    do(home, WANG, number, "send_back")
    again = stored(home, number)
    assert (again.round, again.reports, again.state) == (1, {}, "办理中")


def test_deputies_read_the_report_when_it_is_in_and_not_before(home):
    number = bring(home, "办理中", whom=["101", "102"])
    do(home, BUREAU, number, "report", text="只报了一半。")
    attach(home, BUREAU, number, "报告.txt", "正文".encode(), NOW)
    desk = DemandDesk.of(home)
    half = demand_record(home, desk, DAI, stored(home, number), TODAY)
    assert (half["reports"], half["waiting"], attachments(home, DAI, number)) == ([], [], [])
    assert demand_record(home, desk, MEMBER, stored(home, number), TODAY)["waiting"] == ["102"]
    do(home, FINANCE, number, "report", addressee="102")
    (file,) = attachments(home, DAI, number)
    assert read_file(home, DAI, number, file.hash)[1] == "正文".encode()
    for actor in (DAI, MEMBER, EXPERT):
        refused = UnknownDemandError if actor is EXPERT else ActError
        with pytest.raises(refused):
            attach(home, actor, number, "x.txt", b"x", NOW)


def test_what_is_not_satisfying_goes_round_again_and_only_the_satisfying_ends(home):
    number = bring(home, "已报告")
    with pytest.raises(ActError, match="评价“不满意”要写明原因"):
        do(home, WANG, number, "evaluate", word="不满意")
    with pytest.raises(ActError, match="评价没有“还行”"):
        do(home, WANG, number, "evaluate", word="还行")
    do(home, WANG, number, "evaluate", word="不满意", remark="金额没有落实")
    with pytest.raises(ActError, match="评价是“不满意”，不能办结"):
        do(home, ZHAO, number, "close")
    do(home, ZHAO, number, "again")
    one = stored(home, number)
    assert (one.state, one.round, one.due, one.word) == ("已交办", 1, date(2027, 3, 31), None)
    for actor, step in ((FINANCE, "report"), (WANG, "evaluate"), (ZHAO, "close")):
        do(home, actor, number, step)
    assert [e["word"] for e in demand_record(home, DemandDesk.of(home), LI, stored(home, number),
            TODAY)["evaluations"]] == ["不满意", "满意"]  # fmt: skip


def test_periods_only_grow_and_corrections_only_before_it_is_handed_over(home):
    number = bring(home, "已交办")
    with pytest.raises(ActError, match="应晚于现在的期限 2026-12-31"):
        do(home, WANG, number, "extend", due="2026-12-31")
    assert do(home, WANG, number, "extend").version == 3
    with pytest.raises(ActError, match="“已交办”的事项不能改正登记"):
        do(home, LI, number, "amend")
    fresh = new(home)
    with pytest.raises(ActError, match="没有写要改什么"):
        act(home, LI, fresh, "amend", {"reason": "改一下"}, now=NOW)
    do(home, LI, fresh, "amend", addressees="101", due="2026-11-30")
    one = stored(home, fresh)
    assert (one.addressees, one.due, one.text) == (
        ("101",), date(2026, 11, 30), GIVEN["amend"]["text"])  # fmt: skip
    with pytest.raises(ActError, match="签收不用填：理由"):
        do(home, FINANCE, bring(home, "已交办"), "receive", reason="好的")


def test_figures_are_hung_on_and_taken_off_and_findings_are_shown_to_whom_they_are_open(home):
    number = new(home)
    do(home, LI, number, "link")
    with pytest.raises(ActError, match="已经挂了"):
        do(home, LI, number, "link")
    with pytest.raises(ActError, match="没有挂“/debt”"):
        do(home, LI, number, "unlink", thing="/debt")
    do(home, LI, number, "unlink")
    assert stored(home, number).linked == ()
    assert [act.step for act in stored(home, number).acts] == ["register", "link", "unlink"]


def test_of_two_at_once_the_second_is_told_and_a_request_is_one_act(home):
    number = new(home)
    first = do(home, WANG, number, "hand_over", version=1, request="r")
    assert do(home, WANG, number, "hand_over", version=1, request="r") == replace(
        first, repeated=True
    )
    with pytest.raises(StaleError, match=r"wang（审核）已经先办了“交办”"):
        do(home, WANG, number, "cancel", version=1)
    with pytest.raises(ActError, match="已经用于另一步"):
        do(home, WANG, number, "extend", request="r")


def test_acts_and_files_are_only_added_and_the_log_is_sound(home):
    number = bring(home, "办理中")
    attach(home, LI, number, "决议.txt", "决议".encode(), NOW)
    for table in ("demand_act", "demand_attachment"):
        for words in (f"UPDATE {table} SET seq = seq + 100", f"DELETE FROM {table}"):
            with pytest.raises(sa.exc.DatabaseError), engine(home).begin() as connection:
                connection.exec_driver_sql(words)
    with engine(home).connect() as connection:
        logged = [e for e in read(connection, act="resolution.") if e.subject == number]
        assert verify(connection, key_of(home.root)).damages == []
    assert [e.act.partition(".")[2] for e in logged] == [
        "register", "hand_over", "receive", "attach"]  # fmt: skip


def test_next_years_review_asks_of_all_that_was_demanded_and_of_what_never_ended(tmp_path):
    home, _ = make_home(tmp_path)
    years = {"2024-02-01": "已交办", "2025-02-01": "办结", "2025-03-01": "已报告"}
    years |= {"2024-03-01": "办结", "2026-02-01": "已评价", "2025-04-01": "已撤销"}
    made = {day: bring(home, state, document=replace(RESOLVED, decided=day)) for day, state in
            years.items()}  # fmt: skip

    def asked(year: int) -> set[str]:
        return {each.decided.isoformat() for each in carried(home, LI, year)}

    assert asked(2026) == {"2024-02-01", "2025-02-01", "2025-03-01"}
    assert asked(2027) == {"2024-02-01", "2025-03-01", "2026-02-01"}
    far = replace(LI, grant=replace(LI.grant, scope=Scope(regions=frozenset({"990121000"}))))
    assert carried(home, far, 2027) == list_demands(home, far) == []
    assert len(made) == 6
    engine(home).dispose()


def test_who_is_told_when_it_is_handed_over_due_overdue_reported_and_ended(tmp_path):
    home, _ = make_home(tmp_path)
    open_office(home)
    from budget_watch.casework.accounts import grant_as
    from budget_watch.casework.cases import actor_of

    def actor(name: str):
        return actor_of(home, grant_as(home, name, "测试"))

    def told(name: str) -> list[tuple[str, str]]:
        return [(e.kind, e.sentence) for e in inbox(home, actor(name), now=NOW)]

    li, wang, cai = actor("li"), actor("wang"), actor("cai")
    number = register(home, li, RESOLVED, ["压减一般性支出"], "政府", due="2026-12-31", now=NOW)[
        0
    ].demand
    assert told("cai") == []
    act(home, wang, number, "hand_over", now=NOW)
    assert told("cai") == [
        ("turn", f"决议事项 {number} 压减一般性支出：轮到您办，现在是“已交办”。")
    ]
    assert told("kuai") == told("dai") == told("county") == []
    assert sweep(home, NOW) == 0
    near = datetime(2026, 12, 18, 2, 0, tzinfo=UTC)
    assert sweep(home, near) == 1 and sweep(home, near + timedelta(hours=1)) == 0
    late = datetime(2027, 1, 4, 2, 0, tzinfo=UTC)
    assert sweep(home, late) == 3  # finance, and li and wang who worked on it
    assert (
        "overdue",
        f"决议事项 {number} 压减一般性支出：已逾期，期限2026-12-31，现在是“已交办”。",
    ) in told("li")
    act(home, cai, number, "report", {"text": "已压减。"}, now=late)
    kinds = [kind for kind, _ in told("li")]
    assert kinds == ["replied", "overdue"]
    assert [s for k, s in told("cai") if k == "turn"] == [
        f"决议事项 {number} 压减一般性支出：曾轮到您办，现在已经是“已报告”。"
    ]
    act(home, wang, number, "evaluate", {"word": "不满意", "remark": "没有金额"}, now=late)
    assert told("cai")[0][0] == "unsatisfied"
    assert sweep(home, late + timedelta(days=1)) == 0
    assert store_at(home) is not None
    engine(home).dispose()


def test_the_commands_and_the_forms(home, capsys):
    def run(*words: str) -> tuple[int, list[dict]]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), "resolution", *words, "--json"])
        said = capsys.readouterr().out
        return int(str(ended.value.code or 0)), [json.loads(line) for line in said.splitlines()]

    asked = ["add", "压减会议费", "压减差旅费", "--source", "审议意见", "--title", "审议意见"]
    status, said = run(*asked, "--date", "2026-02-10", "--to", "101", "--role", "经办")
    assert status == 0 and said[-1]["demands"] == 2
    number = said[0]["demand"]
    status, said = run("act", "交办", number, "--role", "审核")
    assert (status, said[-1]["state"]) == (0, "已交办")
    status, said = run("list", "--overdue", "--role", "审核")
    assert status == 1 and number in [each.get("demand") for each in said]
    assert next(each for each in said if each.get("demand") == number)["mark"] == "逾期"
    status, said = run("list", "--draft", "2027", "--role", "审核")
    assert number in [each.get("demand") for each in said]
    status, said = run("show", number, "--role", "审核")
    assert {each["step"] for each in said[0]["next"]} == {
        "extend", "remind", "link", "unlink", "note"}  # fmt: skip
    assert run("flow")[1][-1]["steps"] == len(DemandDesk.of(home).flow.transitions)
    given = {"source": "决议", "title": "决议", "decided": "2026-02-01", "texts": "甲事\n乙事"}
    given |= {"whom": "政府", "due": "2026-12-31", "things": "/exec/d101 /debt"}
    told = on_resolution(home, LI, Asked("resolution-new", "register", 0, "f", given))
    assert told.startswith("已登记 2 项：JY2026-")
    with pytest.raises(ActError, match="请求读不懂"):
        on_resolution(home, LI, Asked("resolution-new", "register", 0, "g", {"x": "y"}))
