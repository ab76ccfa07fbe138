"""我的待办 and the page of a case: what the committee's and a unit's people see and may do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import answer, create_app
from tests.casework.made_cases import LI, WANG, ZHAO, do
from tests.dashboard.reading import kinds, links, words
from tests.dashboard.signing import Browser, make, store_at

OURS = {"X-Budget-Watch": "act"}


def unit(code: str, role: str = "unit_clerk") -> Grant:
    """Somebody of a unit; findings of its department lie outside their scope."""
    return Grant(f"of-{code}", "办理", Scope(units=frozenset({code})), role=role)


STAFF = Grant("li", "办理", role="clerk")


@pytest.fixture(scope="module")
def own(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A copy of the small city with one finding taken and another transferred to unit 101001."""
    folder: Path = tmp_path_factory.mktemp("todo") / "own"
    engine(home).dispose()
    shutil.copytree(home.root, folder)
    made = Home(folder)
    first, second = (f.finding for f in list_findings(made, LI.grant, level="orange")[:2])
    for actor, step in ((LI, "take"), (LI, "uphold"), (LI, "draft"), (WANG, "review")):
        do(made, actor, first, step, **({"addressee": "101001"} if step == "draft" else {}))
    do(made, ZHAO, first, "sign")
    do(made, LI, first, "transfer", number="预工〔2026〕3号")
    do(made, LI, second, "take")
    yield made
    engine(made).dispose()


def page(home: Home, grant: Grant, path: str) -> Any:
    return answer(home, grant, path, "")


def test_each_sees_what_waits_for_them(own: Home) -> None:
    staff, asked = page(own, STAFF, "/todo"), page(own, unit("101001"), "/todo")
    assert "/case/2026-0002" in links(kinds(staff, "Table"))
    assert "/case/2026-0001" not in links(kinds(staff, "Table"))  # it waits for the unit
    assert links(kinds(asked, "Table")) == ["/case/2026-0001"]
    assert "有1件待办" in words(asked)
    assert "橙" not in words(kinds(asked, "Main"))
    nobody = page(own, unit("102001"), "/todo")
    assert "现在没有待办" in words(nobody)
    assert links(kinds(nobody, "Table")) == []


def test_a_unit_reads_what_it_is_asked_without_the_level_or_the_drafting(own: Home) -> None:
    shown = kinds(page(own, unit("101001"), "/case/2026-0001"), "Main")
    told = words(shown)
    assert "请说明支出进度滞后的原因。" in told
    assert "预工〔2026〕3号" in told
    assert "橙" not in told and "拟转交文书" not in told
    summaries = [words(each) for each in kinds(shown, "Summary")]
    assert "签收" in summaries and "编号转交" not in summaries
    assert not [each for each in links(shown) if each.startswith("/finding/")]
    seen = words(kinds(page(own, STAFF, "/case/2026-0001"), "Main"))
    assert "橙" in seen and "拟转交文书" in seen


@pytest.mark.parametrize("path", ["/case/2026-0001", "/case/2026-0002", "/case/2026-9999"])
def test_another_unit_is_told_the_same_of_what_is_there_and_what_is_not(
    own: Home, path: str
) -> None:
    assert "没有找到这条记录，或您没有查看权限。" in words(page(own, unit("102001"), path))


def test_a_unit_acts_in_its_own_role_whatever_it_sends(own: Home) -> None:
    store, app = store_at(own), create_app(own)
    people = []
    for name, code in (("ours", "101001"), ("theirs", "102001")):
        make(store, name, "unit_clerk", scope=Scope(units=frozenset({code})))
        people.append(Browser(own, app))
        assert people[-1].sign_in(name).status_code == 302
    ours, theirs = people
    body = {"target": "2026-0001", "version": 6, "request": "q", "given": {}, "role": "签发"}
    told = ours.post("/act", json={**body, "step": "start"}, headers=OURS)
    assert told.status_code == 422
    told = theirs.post("/act", json={**body, "step": "receive"}, headers=OURS)
    assert (told.status_code, told.json["said"]) == (404, "没有找到这条记录，或您没有查看权限。")
    told = Browser(own, app).post("/act", json={**body, "step": "receive"}, headers=OURS)
    assert told.status_code == 401  # nobody signed in
    told = ours.post("/act", json={**body, "step": "receive"}, headers=OURS)
    assert (told.status_code, told.json["said"]) == (200, "“签收”已办。")
