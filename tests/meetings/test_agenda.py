"""Agenda items: of REF-03 and registered; what hangs on them, who sees what, how they close."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from budget_watch.access import Scope
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.cli.main import main
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import load_book, registered
from budget_watch.engine.year_nodes import load_nodes
from budget_watch.lake import Batch, Home, Reader, Writer
from budget_watch.lake.state import engine
from budget_watch.meetings.agenda import (
    STEPS,
    agenda_flow,
    get_item,
    hung_for,
    list_agenda,
    refusal,
)
from budget_watch.meetings.agenda_acting import act_on_item, register_item
from budget_watch.meetings.errors import UnknownAgendaError, UnknownDemandError
from budget_watch.views.chronicle import events
from dashboard.acting_on_agenda import on_agenda
from dashboard.acting_on_opinions import Asked
from dashboard.address import PAGES
from tests.meetings.made_demands import RESOLVED, do, new
from tests.notices.office import open_office
from tests.opinions.made_opinions import (
    ADMIN,
    BUREAU,
    CLERK,
    DAI,
    FINANCE,
    LI,
    MEMBER,
    STRANGER,
    WANG,
    ZHAO,
)
from tests.views_drill.small_city import AS_OF, CITY, COUNTY, make_home

RULES = Path(__file__).parents[2] / "rules"
LAWS = RULES / "../../shared/data/laws"
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
FLOW = agenda_flow()


def ref03(number: str, day: date, agenda: str, region: str = CITY) -> dict[str, object]:
    return {
        "item_id": number,
        "meeting_name": f"{day.year}年常委会会议",
        "meeting_date": day,
        "fiscal_year": day.year,
        "mof_div_code": region,
        "kind": "常委会",
        "agenda": agenda,
        "resolution": "要求抓好整改",
        "addressee": "市人民政府",
        "due_date": date(day.year, 12, 31),
    }


def with_meetings(folder: Path) -> Home:
    """The small city with REF-03 delivered."""
    home, _ = make_home(folder)
    rows = [
        ref03("HY202602", date(2026, 7, 24), "审议决算、审计工作报告"),
        ref03("HY202601", date(2026, 1, 23), "审查批准预算"),
        ref03("HY202609", date(2026, 8, 1), "审议决算", COUNTY),
    ]
    with Writer.open(home, owner="test") as writer:
        batch = Batch("meeting/all", "meeting", "meeting.parquet", "hash-meeting", AS_OF, ())
        writer.replace("meeting", pl.DataFrame(rows), batch)
        writer.publish(AS_OF)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    made = with_meetings(tmp_path_factory.mktemp("agenda"))
    open_office(made)
    yield made
    engine(made).dispose()


def item(home: Home, actor, number: str):
    return get_item(Reader(home, actor.grant), actor, number)


def take(home: Home, actor, number: str, step: str, **more):
    options = {name: more.pop(name) for name in ("version", "request") if name in more}
    return act_on_item(home, actor, number, step, more, now=NOW, **options)


def test_the_file_names_nodes_pages_areas_and_articles_that_there_are():
    book = load_book([RULES])
    nodes = {node.id for node in load_nodes([RULES], book).nodes}
    areas = {rule.rule.area for rule in book.rules.values()}
    for topic in FLOW.topics:
        assert set(topic.nodes) <= nodes, topic.id
        assert set(topic.areas) <= areas, topic.id
        assert {page[1:] for page in topic.pages} <= set(PAGES), topic.id
        assert {cite.law for cite in topic.basis} <= set(book.laws)


@pytest.mark.real
@pytest.mark.skipif(not LAWS.is_dir(), reason="没有法律文本（../shared/data/laws）")
def test_the_articles_of_topics_say_what_is_quoted():
    texts = load_dir(LAWS, registered([RULES]))
    for topic in FLOW.topics:
        for cite in topic.basis:
            assert cite.quote in texts[cite.law][cite.article].replace("\n", ""), cite


@pytest.mark.parametrize(
    ("title", "topics"),
    [
        ("审议决算、审计工作报告", ["final", "audit"]),
        ("审查批准预算", ["draft"]),
        ("听取上半年预算执行情况的报告", ["execution"]),
        ("审批预算调整方案", ["adjustment"]),
        ("政府债务管理情况的报告", ["debt"]),
        ("国有资产管理情况的综合报告", ["assets"]),
        ("选举事项", []),
    ],
)
def test_an_item_is_about_what_its_title_says(title, topics):
    assert sorted(each.id for each in FLOW.about(title)) == sorted(topics)


def test_items_of_ref03_and_registered_ones_are_one_list_cut_to_the_readers_region(home):
    own = register_item(home, LI, "第三十一次会议", "2026-12-20", "听取债务管理报告", now=NOW).item
    assert own.startswith("YC2026-")
    every = [each.id for each in list_agenda(Reader(home, LI.grant), LI)]
    assert every[:1] == [own] and {"HY202601", "HY202602", "HY202609"} < set(every)
    scope = Scope(regions=frozenset({CITY}))
    near = replace(MEMBER, grant=replace(MEMBER.grant, scope=scope))
    assert {e.id for e in list_agenda(Reader(home, near.grant), near)} >= {"HY202601", "HY202602"}
    assert "HY202609" not in {e.id for e in list_agenda(Reader(home, near.grant), near)}
    for actor in (DAI, MEMBER, FINANCE):
        with pytest.raises(UnknownAgendaError):
            item(home, actor, own)  # not ready yet
    take(home, LI, own, "ready")
    assert item(home, DAI, own).state == "已备"
    assert list_agenda(Reader(home, ADMIN.grant), ADMIN) == []


def test_every_role_with_every_step(home):
    given = {
        "assign": {"whom": "sun"},
        "hang": {"thing": "财政部门关于决算的说明"},
        "take_off": {"thing": "财政部门关于决算的说明"},
        "topics": {"topics": "决算、审计工作和整改"},
        "ready": {},
        "close": {"outcome": "批准决算，提出四条意见。"},
        "note": {"reason": "材料已送委员"},
    }
    assert set(given) == set(STEPS)
    for actor in (DAI, MEMBER, LI, WANG, ZHAO, FINANCE, BUREAU, CLERK, STRANGER, ADMIN):
        for step, more in given.items():
            able = actor.role in FLOW.who(step)
            if actor is ADMIN:
                with pytest.raises(UnknownAgendaError):
                    take(home, actor, "HY202602", step, **more)
                continue
            before = item(home, LI, "HY202602")
            assert (refusal(FLOW, actor, before, step) is None) is able or before.state != "准备中"
            if not able:
                with pytest.raises(ActError, match="办理，您的角色是"):
                    take(home, actor, "HY202602", step, **more)
                assert item(home, LI, "HY202602") == before
    for step, more in given.items():
        take(home, WANG, "HY202602", step, **more)
    one = item(home, DAI, "HY202602")
    assert (one.state, one.outcome, one.version, one.resolution, one.owner) == (
        "已议", "批准决算，提出四条意见。", 7, "要求抓好整改", "sun")  # fmt: skip
    with pytest.raises(ActError, match="“已议”的议题不能备齐"):
        take(home, LI, "HY202602", "ready")


def test_what_hangs_on_an_item_is_shown_to_whom_it_is_open(home):
    demand = new(home)
    for thing in ("/debt", demand, "审查要点"):
        take(home, LI, "HY202601", "hang", thing=thing)
    with pytest.raises(ActError, match="已经挂了"):
        take(home, LI, "HY202601", "hang", thing="/debt")
    with pytest.raises(UnknownDemandError):
        take(home, LI, "HY202601", "hang", thing="JY2026-999")
    with pytest.raises(ActError, match="没有挂“/exec”"):
        take(home, LI, "HY202601", "take_off", thing="/exec")
    one = item(home, FINANCE, "HY202601")
    kinds = [each and each.kind for each in hung_for(home, LI, one.linked)]
    assert kinds == ["figure", "demand", "document"]
    assert [e and e.kind for e in hung_for(home, STRANGER, one.linked)] == [
        "figure", None, "document"]  # fmt: skip
    do(home, WANG, demand, "hand_over")
    assert hung_for(home, FINANCE, one.linked)[1] is not None


def test_of_two_at_once_the_second_is_told_and_a_request_is_one_act(home):
    one = item(home, LI, "HY202609")
    take(home, LI, "HY202609", "note", reason="已联系县里", version=one.version, request="n")
    assert take(home, LI, "HY202609", "note", reason="再一次", request="n").repeated
    with pytest.raises(StaleError, match=r"li（经办）已经先办了“补记说明”"):
        take(home, WANG, "HY202609", "ready", version=one.version)
    for words in ("UPDATE agenda_act SET seq = seq + 100", "DELETE FROM agenda_act"):
        with pytest.raises(sa.exc.DatabaseError), engine(home).begin() as connection:
            connection.exec_driver_sql(words)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"held": "2026-02-30"}, "日期“2026-02-30”不对"),
        ({"title": " "}, "标题、文号、会议应为"),
        ({"kind": "茶话会"}, "没有“茶话会”这种会议"),
        ({"year": 2035}, "与会议日期 2026-12-20 不合"),
    ],
)
def test_what_is_wrong_with_a_registration_is_said(home, change, told):
    given = {"meeting": "会议", "held": "2026-12-20", "title": "议题", **change}
    with pytest.raises(ActError, match=told):
        register_item(home, LI, now=NOW, **given)
    with pytest.raises(ActError, match="议题由经办、审核登记"):
        register_item(home, ZHAO, "会议", "2026-12-20", "议题", now=NOW)
    number = register_item(home, LI, "会议", "2030-12-20", "议题", now=NOW).item
    with pytest.raises(ActError, match="会议 2030-12-20 还没有开"):
        take(home, WANG, number, "close", outcome="通过")
    with pytest.raises(ActError, match="没有专题“教育”"):
        take(home, WANG, number, "topics", topics="教育")


def test_the_chronicle_tells_what_happened_and_only_what_is_the_readers(tmp_path):
    home = with_meetings(tmp_path)
    number = new(home, document=RESOLVED)
    do(home, WANG, number, "hand_over")

    def told(actor, year: int = 2026) -> list[tuple[str, str, tuple[str, ...]]]:
        found = events(home, Reader(home, actor.grant), actor, (), year)
        return [(each.kind, each.title, each.at) for each in found]

    assert told(LI) == [
        ("决议事项", "交办：严格控制一般性支出", ("resolution", number)),
        ("会议", "2026年常委会会议：审议决算", ("agenda", "HY202609")),
        ("会议", "2026年常委会会议：审议决算、审计工作报告", ("agenda", "HY202602")),
        ("决议事项", "决议提出：严格控制一般性支出", ("resolution", number)),
        ("会议", "2026年常委会会议：审查批准预算", ("agenda", "HY202601")),
    ]
    assert [kind for kind, *_ in told(STRANGER)] == ["会议"] * 3
    assert told(ADMIN) == [] == told(LI, 2024)
    engine(home).dispose()


def test_the_commands_and_the_forms(home, capsys):
    def run(*words: str) -> tuple[int, list[dict]]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(home.root), "agenda", *words, "--json"])
        said = capsys.readouterr().out
        return int(str(ended.value.code or 0)), [json.loads(line) for line in said.splitlines()]

    asked = ["add", "听取国资报告", "--meeting", "第三十二次会议", "--date", "2026-12-25"]
    status, said = run(*asked, "--role", "经办")
    number = said[-1]["item"]
    assert status == 0 and number.startswith("YC2026-")
    assert run("act", "挂材料", number, "--thing", "/assets", "--role", "经办")[0] == 0
    status, said = run("show", number, "--role", "审核")
    assert (said[0]["topics"], said[0]["things"][0]["id"]) == (["国有资产"], "/assets")
    assert number in [each.get("item") for each in run("list", "--year", "2026")[1]]
    given = {"meeting": "会议", "kind": "常委会", "held": "2026-12-26", "title": "议题"}
    told = on_agenda(home, LI, Asked("agenda-new", "register", 0, "f", given))
    assert told.startswith("已登记为 YC2026-")
    told = on_agenda(home, LI, Asked(f"agenda:{number}", "note", 2, "g", {"reason": "已备"}))
    assert told == "“补记说明”已办。"
