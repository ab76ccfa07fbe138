"""我的消息 on the page: what each reads, the count on the frame, reading, following."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.accounts import grant_as
from budget_watch.casework.acting import act
from budget_watch.casework.cases import actor_of
from budget_watch.casework.findings import list_findings
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import answer, create_app
from tests.casework.made_cases import LI
from tests.dashboard.reading import words
from tests.dashboard.signing import Browser, make, store_at

OURS = {"X-Budget-Watch": "act"}


@pytest.fixture(scope="module")
def own(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of the small city; li has drafted a letter to unit 101001 that wang has to review."""
    folder: Path = tmp_path_factory.mktemp("inbox") / "own"
    engine(home).dispose()
    shutil.copytree(home.root, folder)
    made = Home(folder)
    store = store_at(made)
    for name, role in (("li", "clerk"), ("wang", "reviewer"), ("dai", "deputy")):
        make(store, name, role)
    make(store, "kuai", "unit_clerk", scope=Scope(units=frozenset({"101001"})))
    open_ = visible_rules(made.root, grant_as(made, "dai", "test")) or ()
    found = list_findings(made, LI.grant)
    first = next(each.finding for each in found if each.rule in open_)
    actor = actor_of(made, grant_as(made, "li", "test"))
    act(made, actor, first, "take")
    act(made, actor, first, "uphold", {"reason": "已核对"})
    text = {"document": "问询函", "addressee": "101001", "text": "请说明。"}
    act(made, actor, first, "draft", text)
    yield made
    engine(made).dispose()


def test_the_inbox_says_what_waits_links_to_it_and_is_read_by_a_press(own: Home) -> None:
    app = create_app(own)
    wang, li, kuai = (Browser(own, app) for _ in range(3))
    for browser, name in ((wang, "wang"), (li, "li"), (kuai, "kuai")):
        assert browser.sign_in(name).status_code == 302
    told = wang.said("/inbox")
    assert "有1条未读消息。" in told and "消息 1" in told and "/case/2026-0001" in told
    assert "轮到您办，现在是“待转交（拟稿）”" in told
    for other in (li, kuai):
        told = other.said("/inbox")
        assert "没有未读消息" in told and "2026-0001" not in told
    assert press(wang, "seen", "inbox", 0).json["said"] == "已读 0 条。"
    assert press(kuai, "seen", "inbox", 99).json["said"] == "已读 0 条。"
    assert press(wang, "seen", "inbox", 2**70).json["said"] == "已读 1 条。"
    told = wang.said("/inbox")
    assert "没有未读消息" in told and "消息 1" not in told
    assert "轮到您办" in wang.said("/inbox", "?tab=all")


def test_a_deputy_follows_what_they_may_see_and_nothing_else(own: Home) -> None:
    dai = Browser(own, create_app(own))
    assert dai.sign_in("dai").status_code == 302
    finding = next(f.finding for f in list_findings(own, LI.grant) if f.work_state == "新触发")
    told = press(dai, "follow", finding)
    assert (told.status_code, told.json["said"]) == (404, "没有找到这条记录，或您没有查看权限。")
    assert press(dai, "follow", "2026-0001").json["said"] == "已关注；反馈、办完时通知您。"
    assert "不再关注" in dai.said("/case/2026-0001")
    assert press(dai, "unfollow", "2026-0001").json["said"] == "已不再关注。"
    assert "不再关注" not in dai.said("/case/2026-0001")


def test_the_local_operator_has_no_inbox(home: Home) -> None:
    told = words(answer(home, Grant.operator("看板"), "/inbox", ""))
    assert "本机操作员没有消息" in told and "消息 0" not in told


def press(browser: Browser, step: str, target: str, version: int = 1) -> Any:
    cookie = browser.client.get_cookie("_csrf_token")
    assert cookie is not None
    headers = {**OURS, "X-CSRFToken": cookie.value}
    body = {"target": target, "step": step, "version": version, "given": {}, "role": ""}
    return browser.post("/act", json=body, headers=headers)
