"""A scheduled issue waits on 我的待办 of whoever publishes it; a leader reads, not builds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor
from budget_watch.digest.issues import get_issue
from budget_watch.digest.issuing import begin, carry_out
from budget_watch.digest.publishing import publish
from budget_watch.digest.scheduled import ACTOR
from budget_watch.digest.signature import Signature
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import answer
from tests.dashboard.reading import kinds, links, words
from tests.views import small_city

ROLES = ("clerk", "signer", "leader", "member", "deputy")
ISSUE = "/digest/2026Q3?no=1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = small_city.make(tmp_path_factory.mktemp("waiting"))
    issue, _ = begin(made, ACTOR, "2026Q3", request="schedule:quarterly:2026Q3:S1")
    carry_out(made, ACTOR.grant, issue.number)
    yield made
    engine(made).dispose()


def grant(role: str) -> Grant:
    return Grant(f"a-{role}", "阅读", role=role)


def shown(home: Home, role: str, path: str, query: str = "") -> Any:
    return answer(home, grant(role), path, query)


def forms(page: Any) -> set[str]:
    return {words(each) for each in kinds(page, "Summary")}


def test_it_waits_for_whoever_publishes_is_signed_by_them_and_read_by_the_leader(
    home: Home,
) -> None:
    waiting = {role: ISSUE in links(shown(home, role, "/todo")) for role in ROLES}
    assert waiting == {**dict.fromkeys(ROLES, False), "signer": True}
    assert "有1件待办" in words(shown(home, "signer", "/todo"))
    building = {role: "生成一期" in forms(shown(home, role, "/digest")) for role in ROLES}
    assert building == {**dict.fromkeys(ROLES, False), "clerk": True, "signer": True}

    publish(home, Actor(grant("signer"), "签发"), 1, ["常委会领导"], "主任会议决定")
    assert get_issue(home, grant("leader"), 1).signed == Signature("a-signer", "常委会领导")
    assert ISSUE not in links(shown(home, "signer", "/todo"))
    read = shown(home, "leader", "/digest/2026Q3")
    assert forms(read) & {"核对本号", "发布本号", "生成一期"} == set()
    assert {"下载 Word", "下载 PDF", "下载网页"} <= forms(read)
    assert "签发人a-signer报送范围常委会领导" in words(read)
