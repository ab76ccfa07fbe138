"""Issues are kept, refused with a sentence, cancelled, published by another, compared exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from budget_watch.access import Grant, Scope, Window
from budget_watch.access.errors import ForbiddenError
from budget_watch.casework.auditing import entries
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.digest import DigestError, DigestRefusedError, issues
from budget_watch.digest.build import FORMATS, compose
from budget_watch.digest.comparing import Changed, Comparison, compare
from budget_watch.digest.issues import (
    DONE,
    FAILED,
    REFUSED,
    RUNNING,
    STOPPED,
    Issue,
    UnknownIssueError,
    content,
    figures_of,
    get_issue,
    list_issues,
    may_see,
)
from budget_watch.digest.issuing import (
    begin,
    build_now,
    cancel,
    carry_out,
    exported,
)
from budget_watch.digest.period import parse
from budget_watch.digest.publishing import publish, withdraw
from budget_watch.digest.template import read_template
from budget_watch.lake import Home
from tests.views.small_city import CITY

GRANT = Grant.operator("test")
CLERK, SIGNER = Actor(GRANT, "经办"), Actor(GRANT, "签发")
DEPUTY = Grant("dai", "test", scope=Scope(regions=frozenset({CITY})), role="deputy")


def built(home: Home, period: str = "2026Q3") -> Issue:
    return build_now(home, CLERK, period, ("docx",), home.root / "out")[0]


def log(home: Home) -> list[tuple[str, str, dict[str, Any]]]:
    found = [e for e in entries(home, GRANT) if e.kind == "digest"]
    return [(e.act, e.subject, json.loads(e.details)) for e in found]


def test_an_issue_keeps_what_was_built_and_an_earlier_one_stays(own: Home) -> None:
    document = compose(own, GRANT, parse("2026Q3"), read_template("quarterly"))
    first, (copy,) = build_now(own, CLERK, "2026Q3", ("docx",), own.root / "out")
    assert (first.number, first.state, first.user, first.role) == (1, DONE, "operator", "经办")
    made = first.made
    assert made is not None
    assert (made.title, made.subtitle) == (document.masthead.title, "2026年第三季度")
    assert (made.snapshot, made.biz_date) == (document.snapshot, "2026-11-20")
    assert made.region == CITY
    assert made.gaps == tuple((gap.text, gap.chapters) for gap in document.gaps)
    assert made.figures == len(document.figures)
    for format, write in FORMATS.items():  # the anchor of the log moved with the act itself
        name, told = content(own, first, format)
        assert name == f"quarterly-2026Q3.{format}"
        assert made.files[format] == (name, issues.sha256_of(told), len(told))
        assert abs(len(told) - len(write(document))) < 2_000
    before = copy.read_bytes()
    assert before == content(own, first, "docx")[1]
    second = built(own)
    assert [issue.number for issue in list_issues(own, GRANT)] == [2, 1]
    assert content(own, get_issue(own, GRANT, 1), "docx")[1] == before
    assert compare(figures_of(own, first), figures_of(own, second)) == Comparison(
        (), made.figures, (), ()
    )
    assert log(own) == [
        ("digest.build", "1", {"period": "2026Q3", "report": "quarterly"}),
        ("digest.build", "2", {"period": "2026Q3", "report": "quarterly"}),
    ]


def test_what_can_be_refused_at_once_makes_no_issue_and_what_cannot_is_listed(own: Home) -> None:
    with pytest.raises(DigestRefusedError, match="尚未结束：数据业务日为2026-11-20"):
        begin(own, CLERK, "2026Q4")
    with pytest.raises(DigestError, match="期间“2026年”不能识别"):
        begin(own, CLERK, "2026年")
    with pytest.raises(DigestRefusedError, match="您的身份只看其中一部分"):
        begin(
            own,
            Actor(Grant("x", "t", scope=Scope(frozenset({CITY})), role="clerk"), "经办"),
            "2026Q3",
        )
    with pytest.raises(ForbiddenError, match="不能办理这件事"):
        begin(own, Actor(DEPUTY, "代表"), "2026Q3")
    assert list_issues(own, GRANT) == []
    with pytest.raises(DigestRefusedError, match="2023年第一季度没有可写的数据：缺FIN-01"):
        build_now(own, CLERK, "2023Q1", ("docx",), own.root / "out")
    (refused,) = list_issues(own, GRANT)
    assert (refused.state, refused.made) == (REFUSED, None)
    assert refused.stage.startswith("2023年第一季度没有可写的数据：缺FIN-01")


def test_a_request_sent_twice_begins_one_build_and_a_second_waits_for_the_first(own: Home) -> None:
    first, new = begin(own, CLERK, "2026Q3", request="r1")
    assert new and first.state == RUNNING
    assert begin(own, CLERK, "2026Q3", request="r1") == (first, False)
    with pytest.raises(ActError, match="2026年第三季度正在生成（第1号）"):
        begin(own, CLERK, "2026Q3", request="r2")
    later = datetime.now(UTC) + timedelta(minutes=11)
    dead = get_issue(own, GRANT, 1, later)
    assert (dead.state, dead.stage) == (FAILED, "生成在“等待开始”时中断，请重新生成。")
    assert begin(own, CLERK, "2026Q3", now=later)[0].number == 2


def test_a_cancelled_build_stops_at_its_next_stage(own: Home) -> None:
    issue, _ = begin(own, CLERK, "2026Q3")
    cancel(own, CLERK, issue.number)
    assert carry_out(own, GRANT, issue.number).state == STOPPED
    assert not issues.folder_of(own, issue.number).exists()
    with pytest.raises(ActError, match="没有在生成"):
        cancel(own, CLERK, issue.number)
    assert [act for act, _, _ in log(own)] == ["digest.build", "digest.cancel"]


def test_an_issue_is_open_to_whom_it_is_published_within_its_government(own: Home) -> None:
    issue = built(own)
    with pytest.raises(UnknownIssueError):
        get_issue(own, DEPUTY, issue.number)
    with pytest.raises(ActError, match="由签发发布，您的角色是经办"):
        publish(own, CLERK, issue.number, ["代表"], "主任会议决定")
    with pytest.raises(DigestError, match="至少4个字"):
        publish(own, SIGNER, issue.number, ["代表"], "好")
    for strange in (["财政归口"], []):
        with pytest.raises(ActError, match="可选：财经委委员、常委会领导、代表"):
            publish(own, SIGNER, issue.number, strange, "主任会议决定")
    publish(own, SIGNER, issue.number, ["代表"], "主任会议决定")
    shown = get_issue(own, DEPUTY, issue.number)
    assert shown.published is not None and shown.published.roles == ("代表",)
    assert [each.number for each in list_issues(own, DEPUTY)] == [issue.number]
    for other in (
        Grant("m", "t", scope=Scope(regions=frozenset({CITY})), role="member"),
        Grant("d", "t", scope=Scope(regions=frozenset({"990200000"})), role="deputy"),
        Grant("d", "t", scope=Scope(departments=frozenset({"101"})), role="deputy"),
        Grant("d", "t", scope=DEPUTY.scope, role="deputy", only=frozenset({"PZ14"})),
        Grant("d", "t", scope=DEPUTY.scope, role="deputy", window=Window(datetime.now(UTC).date())),
        Grant("d", "t", scope=DEPUTY.scope, role="deputy", business=False),
    ):
        assert not may_see(own, other, shown)
        assert list_issues(own, other) == []
    withdraw(own, SIGNER, issue.number, "数据更正后重编")
    assert list_issues(own, DEPUTY) == []
    with pytest.raises(ActError, match="没有发布"):
        withdraw(own, SIGNER, issue.number, "数据更正后重编")
    assert issue.made is not None and issue.made.sensitive
    assert log(own)[1:] == [
        (
            "digest.publish",
            "1",
            {
                "roles": ["代表"],
                "reason": "主任会议决定",
                "sensitive": list(issue.made.sensitive),
                "signer": "",
                "reach": "代表",
            },
        ),
        ("digest.withdraw", "1", {"reason": "数据更正后重编"}),
    ]


def test_who_built_an_issue_does_not_publish_it_alone(own: Home) -> None:
    both = Actor(Grant("zhao", "t", role="signer"), "签发")
    issue, _ = begin(own, both, "2026Q3")
    carry_out(own, both.grant, issue.number)
    with pytest.raises(ActError, match="生成的人不能自己发布"):
        publish(own, both, issue.number, ["代表"], "主任会议决定")
    publish(own, Actor(Grant("qian", "t", role="signer"), "签发"), 1, ["代表"], "主任会议决定")


def test_a_file_is_taken_away_with_a_reason_by_whom_it_is_for_and_as_it_was_built(
    own: Home,
) -> None:
    issue = built(own)
    name, told = exported(own, CLERK, issue.number, "docx", "常委会会议材料")
    assert issue.made is not None
    assert name == f"{issue.made.title}2026Q3-1.docx"
    assert told == content(own, issue, "docx")[1]
    assert log(own)[-1] == (
        "digest.export",
        "1",
        {
            "reason": "常委会会议材料",
            "file": "quarterly-2026Q3.docx",
            "bytes": len(told),
            "sha256": issues.sha256_of(told),
        },
    )
    for format, reason, why in (
        ("docx", "看", "至少4个字"),
        ("figures", "常委会会议材料", "只导出 Word"),
    ):
        with pytest.raises(DigestError, match=why):
            exported(own, CLERK, issue.number, format, reason)
    publish(own, SIGNER, issue.number, ["代表"], "主任会议决定")
    with pytest.raises(ForbiddenError):
        exported(own, Actor(DEPUTY, "代表"), issue.number, "docx", "常委会会议材料")
    path = issues.folder_of(own, issue.number) / get_issue(own, GRANT, 1).shown["docx"][0]
    path.write_bytes(told[:-1] + b"x")
    with pytest.raises(DigestError, match="与生成时的校验码不符，没有给出"):
        exported(own, CLERK, issue.number, "docx", "常委会会议材料")
    path.unlink()
    with pytest.raises(DigestError, match="不在了；请从备份恢复，或重新生成"):
        exported(own, CLERK, issue.number, "docx", "常委会会议材料")


def figure(
    value: int | None, unit: str = "fen", over: int = 1, label: str = "甲"
) -> dict[str, Any]:
    return {"label": label, "scope": "本级", "unit": unit, "value": value, "over": over}


def test_figures_are_compared_exactly_and_differences_have_signs() -> None:
    before = {
        "a": figure(100_00),
        "b": figure(1, "share", 3),
        "c": figure(500_000_00),
        "d": figure(None),
        "e": figure(3, "count"),
        "f": figure(1, label="去"),
        "g": figure(None),
        "i": figure(10_000, "share", 30_000),
    }
    after = {
        "a": figure(100_01),
        "b": figure(2, "share", 6),
        "c": figure(400_000_00),
        "d": figure(7_00),
        "e": figure(5, "count"),
        "g": figure(None),
        "h": figure(1, label="来"),
        "i": figure(10_001, "share", 30_000),
    }
    assert compare(before, after) == Comparison(
        (
            Changed("a", "甲", "本级", "100.00元", "100.01元", "+0.01元"),
            Changed("c", "甲", "本级", "50.00万元", "40.00万元", "-10.00万元"),
            Changed("d", "甲", "本级", "缺", "7.00元", "—"),
            Changed("e", "甲", "本级", "3", "5", "+2"),
            Changed("i", "甲", "本级", "10,000 / 30,000", "10,001 / 30,000", "小于显示位数"),
        ),
        2,
        ("去",),
        ("来",),
    )
