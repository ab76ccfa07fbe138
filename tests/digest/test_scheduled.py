"""A period that is over gets its issue by itself: once, whoever looks, however often killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.access import Grant
from budget_watch.casework.accounts import grant_as
from budget_watch.casework.auditing import entries
from budget_watch.casework.cases import Actor, actor_of
from budget_watch.digest import DigestError
from budget_watch.digest.issues import DONE, REFUSED, RUNNING, STOPPED, figures_of, list_issues
from budget_watch.digest.issues import table as kept
from budget_watch.digest.issuing import begin, build_now, cancel
from budget_watch.digest.period import parse
from budget_watch.digest.publishing import publish, withdraw
from budget_watch.digest.scheduled import ACTOR, Due, build_due, due, last_over
from budget_watch.digest.signature import Signature
from budget_watch.lake import Batch, Coverage, Home, Writer
from budget_watch.lake.state import engine
from budget_watch.notices.contacts import set_contact
from budget_watch.notices.gathering import deliveries, gather
from budget_watch.notices.inbox import inbox
from budget_watch.notices.settings import notice_settings
from ingest.schedule.recorded import Halt
from ingest.schedule.reporting import Reporter
from tests.notices.office import open_office
from tests.views import small_city
from tests.views.small_city import BUSINESS_DATE, CITY

HOUSE = Path(__file__).parents[2]
GRANT = Grant.operator("test")
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ON = '[digest]\nschedule = ["quarter"]\n'
Q3 = Due("quarterly", "2026Q3", "S20261120-01", ("state_capital",))
TITLE = "示范市预算执行监督季刊（2026年第三季度）第1号"


def settled(home: Home, text: str = ON) -> Home:
    (home.root / "budget_watch.toml").write_text(text, encoding="utf-8")
    return home


def told(home: Home, name: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    actor = actor_of(home, grant_as(home, name, "test"))
    return [(t.kind, t.sentence, t.page, t.subjects) for t in inbox(home, actor, now=NOW)]


@given(day=st.dates(date(2021, 1, 1), date(2039, 12, 31)))
@pytest.mark.parametrize(
    ("kind", "months"), [("month", 1), ("quarter", 3), ("half", 6), ("year", 12)]
)
def test_the_latest_period_that_is_over_ended_by_that_day_and_the_next_did_not(
    kind: str, months: int, day: date
) -> None:
    period = parse(last_over(kind, day))  # type: ignore[arg-type]
    assert period.months == months
    assert period.span.end <= day
    following = period.span.end + timedelta(days=1)
    later = parse(last_over(kind, following + timedelta(days=31 * months)))  # type: ignore[arg-type]
    assert later.span.end > day or later == period


def test_a_period_is_due_when_it_is_over_and_its_reports_are_in_or_were_waited_for(
    own: Home,
) -> None:
    assert due(own) == []  # not configured
    assert due(settled(own)) == [Q3]
    settled(own, ON + "wait_days = 60\n")  # September is over for 51 days
    assert due(own) == []
    capital = small_city.gov_fund().with_columns(round_fen=None)
    with Writer.open(own, owner="test") as writer:
        covered = tuple(Coverage(2026, month, CITY) for month in range(1, 10))
        batch = Batch("c", "state_capital", "c.csv", "c", BUSINESS_DATE, covered)
        writer.replace("state_capital", capital.drop("round_fen").head(0), batch)
        writer.publish(BUSINESS_DATE)
    assert due(own) == [Due("quarterly", "2026Q3", "S20261120-02")]


def test_the_issue_is_built_once_waits_and_the_signer_is_told(own: Home) -> None:
    open_office(settled(own))
    said: list[str] = []
    (issue,) = build_due(own, said.append, now=NOW)
    assert (issue.number, issue.state, issue.user, issue.role) == (1, DONE, "system", "定时编写")
    assert (issue.waits, issue.published) == (True, None)
    assert issue.made is not None
    assert said == ["2026年第三季度的季刊（第1号）已编好，待审批"]
    assert (due(own), build_due(own)) == ([], [])
    assert [i.number for i in list_issues(own, GRANT)] == [1]
    waiting = ("approve", f"{TITLE}：已经编好，等待签发。", "digest", ("2026Q3", "1"))
    assert {name: told(own, name) for name in ("zhao", "li", "leader", "dai", "county")} == {
        "zhao": [waiting], "li": [], "leader": [], "dai": [], "county": [],
    }  # fmt: skip
    by_hand = build_now(own, Actor(GRANT, "经办"), "2026Q3", ("docx",), own.root / "out")[0]
    assert figures_of(own, by_hand) == figures_of(own, issue)
    assert not by_hand.waits


def test_it_is_published_by_the_signer_to_whom_it_is_for_and_they_are_told(own: Home) -> None:
    open_office(settled(own, ON + '[notices]\nquiet = ""\ngather_minutes = 0\n'
                        '[notices.smtp]\nhost = "mail.invalid"\nsender = "a@b.cn"\n'))  # fmt: skip
    build_due(own, now=NOW)
    zhao = actor_of(own, grant_as(own, "zhao", "test"))
    publish(own, zhao, 1, ["代表", "常委会领导"], "主任会议决定", NOW)
    assert list_issues(own, GRANT)[0].signed == Signature("zhao某", "常委会领导、代表")
    fresh = [("issued", f"{TITLE}：已经发布，请您阅读。", "digest", ("2026Q3", "1"))]
    done = ("approve", f"{TITLE}：曾等待签发，现在已经发布。", "digest", ("2026Q3", "1"))
    assert {name: told(own, name) for name in ("dai", "leader", "zhao", "li", "cai")} == {
        "dai": fresh, "leader": fresh, "zhao": [done], "li": [], "cai": [],
    }  # fmt: skip
    set_contact(own, Actor(GRANT, "系统管理员"), "dai", "dai@b.cn", None)
    assert gather(own, notice_settings(own), NOW + timedelta(hours=1)) == 1
    (mail,) = deliveries(own)
    assert (mail.user, mail.address, mail.title) == (
        "dai", "dai@b.cn", "人大预算国资联网监督：有1期新季刊",
    )  # fmt: skip
    withdraw(own, zhao, 1, "数据更正后重编", NOW)
    assert (told(own, "dai"), len(told(own, "zhao"))) == ([], 1)
    acts = [e.act for e in entries(own, GRANT) if e.kind == "digest"]
    assert acts == ["digest.build", "digest.publish", "digest.withdraw"]


def test_an_issue_that_died_is_carried_out_as_the_same_issue(own: Home) -> None:
    begin(settled(own), ACTOR, "2026Q3", request=Q3.request)
    (dead,) = list_issues(own, GRANT)
    assert (dead.number, dead.state) == (1, RUNNING)
    (issue,) = build_due(own)
    assert (issue.number, issue.state) == (1, DONE)


def test_what_a_person_cancelled_or_built_themselves_is_not_begun_again(own: Home) -> None:
    begin(settled(own), ACTOR, "2026Q3", request=Q3.request)
    cancel(own, Actor(GRANT, "经办"), 1)
    assert [i.state for i in list_issues(own, GRANT)] == [STOPPED]
    assert due(own) == []


def test_an_issue_built_by_hand_before_the_reports_were_in_is_not_the_period_s(own: Home) -> None:
    build_now(settled(own), Actor(GRANT, "经办"), "2026Q3", ("docx",), own.root / "out")
    assert due(own) == [Q3]  # state_capital was lacking then


def test_a_period_without_data_is_refused_once_a_snapshot(tmp_path: Path) -> None:
    without = ("general_revenue", "general_expenditure", "payment_voucher", "debt_limit")
    home = settled(small_city.make(tmp_path / "home", without=without))
    (issue,) = build_due(home)
    assert (issue.state, issue.made) == (REFUSED, None)
    assert due(home) == []
    with Writer.open(home, owner="test") as writer:
        batch = Batch("b", "bond", "b.csv", "b2", BUSINESS_DATE, ())
        writer.replace("bond", small_city.bond().head(1), batch)
        writer.publish(BUSINESS_DATE)
    assert [one.snapshot for one in due(home)] == ["S20261120-02"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[digest]\nschedule = ["week"]\n', r"的 \[digest\] 写错了：.*schedule"),
        ("[digest]\nwait = 3\n", r"的 \[digest\] 写错了：.*wait"),
        ('[digest]\nschedule = ["quarter"]\nreport = "weekly"\n', "没有这种报告"),
        ("[digest\n", "不能读取"),
    ],
)
def test_wrong_settings_are_named(own: Home, text: str, message: str) -> None:
    with pytest.raises(DigestError, match=message):
        due(settled(own, text))


@pytest.fixture
def start(own: Home) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts processes that build what is due, and lets none outlive the test."""
    started: list[subprocess.Popen[str]] = []
    engine(settled(own)).dispose()

    def begun() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.digest.scheduled_process", str(own.root)]
        pipe = subprocess.PIPE
        made = subprocess.Popen(command, cwd=HOUSE, stdin=pipe, stdout=pipe, text=True)
        started.append(made)
        assert made.stdout is not None and made.stdout.readline() == "ready\n"
        return made

    yield begun
    for each in started:
        each.kill()
        each.wait()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_schedulers_build_it_once(
    own: Home, start: Callable[[], subprocess.Popen[str]]
) -> None:
    both = [start(), start()]
    for each in both:
        go(each)
    counts = [int(each.communicate(timeout=120)[0].split()[-1]) for each in both]
    assert sorted(counts) == [0, 1]
    assert [(i.number, i.state) for i in list_issues(own, GRANT)] == [(1, DONE)]


@pytest.mark.parametrize("at", ["等待开始", "排版 docx", "排版 html"])
def test_killed_at_any_stage_the_next_run_ends_with_the_same_issue(
    own: Home, start: Callable[[], subprocess.Popen[str]], at: str
) -> None:
    process = start()
    go(process)
    stages, end = set(), time.monotonic() + 60
    while at not in stages and time.monotonic() < end:
        with engine(own).connect() as connection:
            stages |= set(connection.execute(sa.select(kept.c.stage)).scalars())
    assert at in stages
    process.kill()
    process.wait()
    (issue,) = build_due(own)
    assert [(i.number, i.state) for i in list_issues(own, GRANT)] == [(1, DONE)]
    by_hand = build_now(own, Actor(GRANT, "经办"), "2026Q3", ("docx",), own.root / "out")[0]
    assert figures_of(own, issue) == figures_of(own, by_hand)


def test_a_reporter_asks_again_only_after_something_was_published(own: Home) -> None:
    said: list[str] = []
    asked: list[int] = []

    def build(home: Home, show: object, halt: Halt) -> None:
        asked.append(1)
        build_due(home, said.append)

    clock = [0.0]
    reporter = Reporter(settled(own), lambda one: None, Halt(), build, lambda: clock[0])
    for _ in range(3):
        reporter.look()
    assert (asked, said) == ([1], ["2026年第三季度的季刊（第1号）已编好，待审批"])


def test_a_reporter_whose_build_dies_tries_again_after_a_minute(own: Home) -> None:
    asked: list[int] = []
    clock = [0.0]
    reporter = Reporter(
        settled(own), lambda one: None, Halt(), lambda *given: asked.append(1), lambda: clock[0]
    )
    for passed in (0, 30, 59, 60, 61):
        clock[0] = passed
        reporter.look()
    assert asked == [1, 1]


def test_a_reporter_builds_in_a_process_of_its_own_and_says_what_came_of_it(own: Home) -> None:
    shown: list[object] = []
    Reporter(settled(own), shown.append, Halt()).look()
    message = "2026年第三季度的季刊（第1号）已编好，待审批"
    assert shown == [{"event": "digest", "message": message}]
    assert [i.state for i in list_issues(own, GRANT)] == [DONE]
    settled(own, '[digest]\nschedule = ["week"]\n')
    Reporter(own, shown.append, Halt()).look()
    assert "[digest] 写错了" in str(shown[-1])
