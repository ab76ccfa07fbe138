"""What was answered to findings: issued answers alone, the last one, by whom, and who sees it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from budget_watch.casework.answers import Answer, answers
from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from tests.casework.made_cases import (
    BUREAU,
    CHIEF,
    CLERK,
    FINANCE,
    HEAD,
    LI,
    NOW,
    STRANGER,
    WANG,
    bring,
    do,
    fill,
    id_of,
)

ONE, TWO = id_of(1), id_of(2)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    fill(home, 2)
    return home


def test_an_answer_counts_once_it_was_issued(home: Home) -> None:
    bring(home, ONE, "研究处理中")
    do(home, CLERK, ONE, "draft_answer", text="项目\n前期  手续未办结。")
    do(home, CHIEF, ONE, "check_answer")
    assert answers(home, LI, [ONE, TWO]) == {}
    do(home, HEAD, ONE, "issue_answer")
    told = Answer("2026-0001", "101", date(2026, 11, 20), "项目 前期 手续未办结。")
    assert answers(home, LI, [ONE, TWO]) == {ONE: told}
    assert answers(home, CLERK, [ONE]) == {ONE: told}
    assert answers(home, STRANGER, [ONE]) == {}
    assert answers(home, LI, [TWO]) == {}


def test_a_later_answer_takes_the_place_of_the_one_sent_back(home: Home) -> None:
    bring(home, ONE, "研究处理中")
    do(home, CLERK, ONE, "draft_answer", text="手续未办结。")
    for actor, step in ((CHIEF, "check_answer"), (HEAD, "issue_answer"), (WANG, "examine")):
        do(home, actor, ONE, step)
    do(home, WANG, ONE, "ask_more")
    later = NOW + timedelta(days=3)
    do(home, CLERK, ONE, "draft_answer", text="草稿", now=later)
    assert answers(home, LI, [ONE])[ONE].text == "手续未办结。"
    do(home, CHIEF, ONE, "return_answer", reason="写明金额", now=later)
    do(home, BUREAU, ONE, "answer", text="招标推迟两个月。", now=later)
    told = Answer("2026-0001", "101", date(2026, 11, 23), "招标推迟两个月。")
    assert answers(home, LI, [ONE]) == {ONE: told}
    do(home, WANG, ONE, "examine", now=later)
    do(home, WANG, ONE, "track", now=later)
    do(home, BUREAU, ONE, "report_progress", text="已开标。", now=later)
    assert answers(home, LI, [ONE]) == {ONE: told}, "progress is no reason"


def test_finance_that_concedes_an_objection_is_the_one_who_told(home: Home) -> None:
    bring(home, ONE, "异议")
    do(home, FINANCE, ONE, "concede", reason="上级资金十一月才下达。")
    told = Answer("2026-0001", "财政", date(2026, 11, 20), "上级资金十一月才下达。")
    assert answers(home, LI, [ONE]) == {ONE: told}


@pytest.mark.parametrize("reader", [LI, WANG, FINANCE])
def test_nothing_was_answered_to_what_nobody_took(home: Home, reader: Actor) -> None:
    assert answers(home, reader, [ONE, TWO]) == {}
