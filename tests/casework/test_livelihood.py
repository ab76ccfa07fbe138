"""民生实事: registered, told by quarter, rated, accepted; their money is the drill's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, Scope
from budget_watch.audit import key_of, read, verify
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.casework.livelihood import (
    STEPS,
    UnknownLivelihoodError,
    find_livelihood,
    get_livelihood,
    late,
    list_livelihoods,
    livelihood_record,
    refusal,
    sees_livelihood,
    settings,
)
from budget_watch.casework.livelihood_acting import act_on_livelihood, register
from budget_watch.cli.livelihood import money_of
from budget_watch.cli.main import main
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine
from dashboard.acting_on_livelihood import on_livelihood
from dashboard.acting_on_opinions import Asked
from tests.opinions.made_opinions import (
    ADMIN,
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

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)
RULES = settings()
EVERYBODY = (DAI, QIAN, MEMBER, LEADER, LI, WANG, ZHAO, FINANCE, CLERK, HEAD, STRANGER, EXPERT)
EVERYBODY = (*EVERYBODY, ADMIN)
VOTE = {"yes": 210, "no": 3, "abstained": 5, "outcome": "选上", "held": "市六届人大五次会议"}
GIVEN = {
    "decide": VOTE,
    "report": {"quarter": 3, "percent": 60, "word": "按计划", "text": "主体完工六成。"},
    "rate": {"word": "满意"},
    "amend": {"goal": "改造校舍三所", "reason": "票决后调整"},
    "accept": {"reason": "现场核验合格"},
    "stop": {"reason": "选址变更"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    made, _ = make_home(tmp_path_factory.mktemp("livelihood"))
    yield made
    engine(made).dispose()


def codes(home: Home, agency: str) -> list[str]:
    projects = Reader(home, Grant.system("test")).scan("project").collect()
    mine = projects.filter(pl.col("agency_code") == agency)
    return sorted(mine["pro_code"].unique().to_list())


def made(home: Home, **more) -> str:
    given = {"year": 2026, "title": "校舍改造", "goal": "改造校舍两所", "lead": "101001"}
    given |= {"projects": codes(home, "101001")[:1], "now": NOW, **more}
    return register(home, LI, **given).livelihood


def do(home: Home, actor: Actor, number: str, step: str, **more):
    options = {name: more.pop(name) for name in ("version", "request", "now") if name in more}
    given = {**GIVEN[step], **more}
    return act_on_livelihood(home, actor, number, step, given, **{"now": NOW, **options})


def test_the_office_registers_what_the_project_library_knows(home):
    number = made(home, request="r1", planned=12_000_000_00, decided="市十五届人大三次会议票决")
    again = register(home, LI, 2026, "另一个", "做点事", "101", codes(home, "101001"),
                     request="r1", now=NOW)  # fmt: skip
    assert (again.livelihood, again.repeated) == (number, True)
    one = get_livelihood(home, DAI, number)
    assert (one.mof_div_code, one.planned, one.state) == (CITY, 12_000_000_00, "实施中")
    for change, told in (
        ({"projects": ["XX9"]}, "项目库里没有项目编码 XX9"),
        ({"projects": []}, "1 至 50 个项目编码"),
        ({"year": 1999}, "年度 1999 不对"),
        ({"title": "x"}, "名称应写 2 至 60 个字"),
        ({"planned": -1}, "0 以上的整数"),
    ):
        with pytest.raises(ActError, match=told):
            made(home, **change)
    for actor in (DAI, ZHAO, CLERK, EXPERT, ADMIN):
        with pytest.raises(ActError, match="民生实事由经办、审核登记"):
            register(home, actor, 2026, "校舍", "改造", "101", ["x"], now=NOW)


def test_a_project_of_another_unit_needs_a_reason_which_is_kept(home):
    mine, other = codes(home, "101001")[0], codes(home, "102001")[0]
    told = rf"项目 {other}（水利局本级项目1，属 102001） 不是承办单位 101001 的.*请写明理由"
    with pytest.raises(ActError, match=told):
        made(home, projects=[mine, other])
    number = made(home, projects=[mine, other], others="两个单位合建")
    assert get_livelihood(home, LI, number).acts[0].given["others"] == "两个单位合建"
    whole = made(home, projects=[mine, *codes(home, "101002")], lead="101")  # its own units
    assert "others" not in get_livelihood(home, LI, whole).acts[0].given
    with pytest.raises(ActError, match="不是承办单位 102001 的"):
        do(home, LI, whole, "amend", goal="", lead="102001")
    with pytest.raises(ActError, match=rf"{other}（水利局本级项目1，属 102001）"):
        do(home, LI, whole, "amend", goal="", projects=[mine, other])
    do(home, LI, whole, "amend", goal="", projects=[mine, other], others="供水另由水利局承担")
    last = get_livelihood(home, LI, whole).acts[-1].given
    assert (last["projects"], last["others"]) == ([mine, other], "供水另由水利局承担")


def test_its_money_is_that_of_its_vouchers_to_the_fen_and_nothing_hidden_is_zero(home):
    mine = [*codes(home, "101001")[:2], codes(home, "102001")[0]]
    number = made(home, projects=mine, others="两个单位合建")
    one = get_livelihood(home, LI, number)
    money = money_of(home, LI, one)
    assert money is not None and money.whole
    rows = Reader(home, Grant.system("test")).scan("payment").collect()
    paid = rows.filter(pl.col("pro_code").is_in(mine), pl.col("fiscal_year") == 2026)
    assert money.spent == int(paid["pay_amt"].sum()) > 0
    assert money.budget == sum(line.budget or 0 for line in money.lines) > 0
    for line in money.lines:
        own = paid.filter(
            pl.col("pro_code") == line.code, pl.col("agency_code") == line.agency_code
        )
        assert line.spent == int(own["pay_amt"].sum())
    unit = money_of(home, CLERK, one)
    assert unit is not None and not unit.whole
    assert (unit.budget, unit.spent, unit.hidden) == (None, None, (mine[2],))
    assert {line.agency_code for line in unit.lines} == {"101001"}
    far = replace(LI, grant=replace(LI.grant, scope=Scope(regions=frozenset({"990121000"}))))
    none = money_of(home, far, one)
    assert none is not None and (none.lines, none.spent) == ((), None)
    assert money_of(home, LI, replace(one, year=2027)) is None


def test_every_role_with_every_step(home):
    """Done exactly where the file says so; refused otherwise, and nothing changes."""
    number = made(home)
    who = {
        "decide": set(),  # it is no candidate
        "report": {FINANCE.user, CLERK.user, HEAD.user},
        "rate": {DAI.user, QIAN.user, MEMBER.user, LEADER.user},
        "amend": {LI.user, WANG.user},
        "accept": {WANG.user, ZHAO.user},
        "stop": {WANG.user, ZHAO.user},
    }
    sees = {a.user for a in EVERYBODY} - {STRANGER.user, EXPERT.user, ADMIN.user}
    for actor in EVERYBODY:
        for step in STEPS:
            with engine(home).connect() as connection:
                before = find_livelihood(connection, number)
            assert sees_livelihood(RULES, actor, before) is (actor.user in sees), actor.user
            able = actor.user in who[step] and step != "accept"
            assert (refusal(RULES, actor, before, step) is None) is able
            if able:
                continue
            refused = ActError if actor.user in sees else UnknownLivelihoodError
            with pytest.raises(refused):
                do(home, actor, number, step)
            with engine(home).connect() as connection:
                assert find_livelihood(connection, number) == before
    version = get_livelihood(home, LI, number).version
    for step, users in who.items():
        for actor in EVERYBODY:
            if step in ("report", "rate", "amend") and actor.user in users:
                version += 1
                assert do(home, actor, number, step).version == version


@pytest.mark.parametrize(
    ("registered", "before", "behind"),
    [
        (datetime(2026, 11, 20, 2, 0, tzinfo=UTC), ["一季度", "二季度", "三季度"], []),
        (datetime(2026, 9, 30, 15, 59, tzinfo=UTC), ["一季度", "二季度"], ["三季度"]),
        (
            datetime(2026, 9, 30, 16, 0, tzinfo=UTC),
            ["一季度", "二季度", "三季度"],
            [],
        ),  # 10-01 here
    ],
)
def test_quarters_that_were_over_before_the_registration_are_not_asked_for(
    home, registered, before, behind
):
    number = made(home, now=registered)
    told = livelihood_record(home, RULES, DAI, get_livelihood(home, DAI, number), DAY)
    assert (told["before"], list(told["late"])) == (before, behind)
    do(home, CLERK, number, "report", quarter=1, percent=20)  # may be told all the same
    told = livelihood_record(home, RULES, DAI, get_livelihood(home, DAI, number), DAY)
    assert told["before"] == before[1:]
    assert set(late(home, RULES, get_livelihood(home, LI, number), date(2027, 2, 1))) >= {4}


def test_quarters_are_told_in_time_and_the_last_word_counts(home):
    number = made(home, now=datetime(2026, 1, 20, 2, 0, tzinfo=UTC))
    assert late(home, RULES, get_livelihood(home, LI, number), DAY) == {
        1: date(2026, 4, 15),
        2: date(2026, 7, 14),
        3: date(2026, 10, 20),
    }
    do(home, CLERK, number, "report", quarter=1, percent=20)
    do(home, CLERK, number, "report", quarter=1, percent=25, word="滞后")
    told = livelihood_record(home, RULES, DAI, get_livelihood(home, DAI, number), DAY)
    assert [(p["quarter"], p["percent"], p["word"]) for p in told["progress"]] == [(1, 25, "滞后")]
    assert set(told["late"]) == {"二季度", "三季度"}
    for change, words in (
        ({"quarter": 5}, "季度应为 1 至 4"),
        ({"percent": 101}, "0 至 100"),
        ({"percent": 99, "word": "已完成"}, "应是 100%"),
        ({"word": "快了"}, "进展没有“快了”"),
        ({"text": ""}, "进展说明"),
    ):
        with pytest.raises(ActError, match=words):
            do(home, CLERK, number, "report", **change)
    early = datetime(2026, 9, 30, tzinfo=UTC)
    with pytest.raises(ActError, match="四季度还没有开始"):
        do(home, CLERK, number, "report", quarter=4, now=early)


def test_it_is_accepted_when_it_is_done_and_well_rated_and_not_before(home):
    number = made(home)
    with pytest.raises(ActError, match="还不是“已完成”"):
        do(home, WANG, number, "accept")
    do(home, HEAD, number, "report", quarter=4, percent=100, word="已完成")
    with pytest.raises(ActError, match="要写明原因"):
        do(home, DAI, number, "rate", word="不满意")
    do(home, DAI, number, "rate", word="不满意", remark="漏水没有修")
    do(home, MEMBER, number, "rate")
    with pytest.raises(ActError, match=r"满意度 1/2，低于80%"):
        do(home, WANG, number, "accept")
    do(home, DAI, number, "rate", word="基本满意")
    seen = get_livelihood(home, WANG, number).version
    do(home, WANG, number, "amend", version=seen)
    with pytest.raises(StaleError, match=r"wang（审核）已经先办了“调整登记”"):
        do(home, ZHAO, number, "accept", version=seen)
    assert do(home, ZHAO, number, "accept", request="a").state == "已验收"
    assert do(home, ZHAO, number, "accept", request="a").repeated
    for step in ("report", "amend", "stop"):
        with pytest.raises(ActError, match="“已验收”的项目不能"):
            do(home, {"report": CLERK}.get(step, WANG), number, step)
    do(home, QIAN, number, "rate")  # may still be judged
    told = livelihood_record(home, RULES, LI, get_livelihood(home, LI, number), DAY)
    assert told["satisfaction"] == {"satisfied": 3, "rated": 3} and len(told["ratings"]) == 3
    assert (
        livelihood_record(home, RULES, DAI, get_livelihood(home, DAI, number), DAY)["ratings"]
        is None
    )


def test_acts_are_only_added_and_the_log_is_sound(home):
    number = made(home)
    do(home, CLERK, number, "report")
    for words in ("UPDATE livelihood_act SET seq = seq + 100", "DELETE FROM livelihood_act"):
        with pytest.raises(sa.exc.DatabaseError), engine(home).begin() as connection:
            connection.exec_driver_sql(words)
    with engine(home).connect() as connection:
        logged = [e for e in read(connection, act="livelihood.") if e.subject == number]
        assert verify(connection, key_of(home.root)).damages == []
    assert [e.act for e in logged] == ["livelihood.register", "livelihood.report"]


def test_the_commands(home, capsys):
    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), "livelihood", *words])
        return int(str(ended.value.code or 0)), "".join(capsys.readouterr())

    code = codes(home, "101001")[0]
    asked = ["register", "运动场改造", "--year", "2026", "--goal", "改造两处", "--lead", "101001"]
    status, said = run(
        *asked, "--project", code, "--planned", "1200万元", "--role", "经办", "--json"
    )
    number = json.loads(said.splitlines()[-1])["livelihood"]
    assert status == 0 and get_livelihood(home, LI, number).planned == 1200 * 10**6
    for text, fen in (
        ("1,300.5", 13_005 * 10**5),
        ("0.5亿元", 5 * 10**9),
        ("1200万元", 1200 * 10**6),
    ):
        form = {"planned": text, "reason": "调整投资"}
        amended = Asked(number, "amend", get_livelihood(home, LI, number).version, text, form)
        assert on_livelihood(home, LI, amended) == "“调整登记”已办。"
        assert get_livelihood(home, LI, number).planned == fen
    with pytest.raises(ActError, match="计划投资：金额“很多”不对，请写成 1200万元"):
        on_livelihood(home, LI, Asked(number, "amend", 5, "r", {"planned": "很多", "reason": "无"}))
    assert run(*asked, "--project", code, "--planned", "很多", "--role", "经办")[0] == 2
    report = ["act", "report", number, "--quarter", "3", "--percent", "60", "--word", "按计划"]
    status, said = run(*report, "--text", "主体完工", "--role", "单位经办")
    assert (status, f"{number} 现在是“实施中”" in said) == (0, True)
    status, said = run("show", number, "--role", "经办")
    assert status == 0 and code in said and "在登记以前，不要求报进展" in said
    assert "承办：教育局本级（101001）" in said and "计划投资（元）：12,000,000.00" in said
    made(home, now=datetime(2026, 1, 20, 2, 0, tzinfo=UTC))  # behind with its quarters
    status, said = run("list", "--role", "经办", "--json")
    found = [json.loads(line) for line in said.splitlines()]
    assert status == 1 and found[-1]["projects"] == len(list_livelihoods(home, LI))


def test_candidates_are_voted_on_and_the_chosen_are_followed(home):
    """The next year's: without budget projects yet; what was not chosen stays as it is."""
    given = {"year": 2027, "goal": "改造公厕二十座", "lead": "101001", "projects": [], "now": NOW}
    with pytest.raises(ActError, match="请给出 1 至 50 个项目编码"):
        register(home, LI, title="公厕改造", **given)
    chosen, lost = (
        register(home, LI, title=title, candidate=True, **given).livelihood
        for title in ("公厕改造", "口袋公园")
    )
    for step in ("report", "rate", "accept"):
        for actor in EVERYBODY[:-3]:
            assert refusal(RULES, actor, get_livelihood(home, LI, chosen), step) is not None
    for wrong, why in (
        ({"yes": -1}, "赞成票数应为"),
        ({"abstained": ""}, "弃权票数应为"),
        ({"outcome": "通过"}, "票决结果“通过”不对"),
        ({"held": ""}, "哪次会议应写"),
    ):
        with pytest.raises(ActError, match=why):
            do(home, WANG, chosen, "decide", **wrong)
    with pytest.raises(ActError, match="登记票决结果由审核、签发办理"):
        do(home, LI, chosen, "decide")
    assert do(home, WANG, chosen, "decide").state == "实施中"
    assert do(home, ZHAO, lost, "decide", yes=90, no=100, outcome="未选上").state == "未选上"
    one, other = (get_livelihood(home, DAI, each) for each in (chosen, lost))
    assert one.decided == "市六届人大五次会议票决：赞成210，反对3，弃权5，选上"
    assert other.vote == {"yes": 90, "no": 100, "abstained": 5, "chosen": False,
                          "held": "市六届人大五次会议"}  # fmt: skip
    with pytest.raises(ActError, match="“实施中”的项目不能登记票决结果"):
        do(home, WANG, chosen, "decide")
    with pytest.raises(ActError, match="“未选上”的项目不能调整登记"):
        do(home, LI, lost, "amend")
    codes_ = codes(home, "101001")[:1]
    do(home, LI, chosen, "amend", projects=codes_, reason="预算编成以后")
    assert get_livelihood(home, LI, chosen).projects == tuple(codes_)
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []
