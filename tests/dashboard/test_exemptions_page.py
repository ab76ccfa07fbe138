"""例外情形登记 on the pages: registered at a finding, confirmed in the list, by role."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Scope
from budget_watch.casework.exemption_entries import entries
from budget_watch.casework.findings import Finding, list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.casework.made_cases import LI
from tests.dashboard.signing import Browser, make, store_at
from tests.dashboard.test_inbox import OURS

TERM = {"from": "2026-01-01", "to": "2099-12-31", "reason": "集中结算", "document": "会议纪要3号"}


@pytest.fixture(scope="module")
def own(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder: Path = tmp_path_factory.mktemp("exemptions") / "own"
    engine(home).dispose()
    shutil.copytree(home.root, folder)
    made = Home(folder)
    store = store_at(made)
    for name, role in (("li", "clerk"), ("wang", "reviewer"), ("dai", "deputy")):
        make(store, name, role)
    make(store, "kuai", "unit_clerk", scope=Scope(units=frozenset({"101002"})))
    yield made
    engine(made).dispose()


def post(browser: Browser, step: str, target: str, **given: str) -> Any:
    cookie = browser.client.get_cookie("_csrf_token")
    headers = {**OURS, "X-CSRFToken": cookie.value} if cookie else OURS
    body = {"target": target, "step": step, "version": 0, "request": f"{step}-{target}"}
    return browser.post("/act", json={**body, "given": given, "role": ""}, headers=headers)


def some(home: Home, agency: str) -> Finding:
    found = (f for f in list_findings(home, LI.grant) if f.agency_code == agency)
    return next(f for f in found if f.klass != "法" and f.rule.startswith("PZ"))


def test_registered_at_a_finding_and_confirmed_by_another(own: Home) -> None:
    app = create_app(own)
    li, wang, dai, kuai = (Browser(own, app) for _ in range(4))
    for browser, name in ((li, "li"), (wang, "wang"), (dai, "dai"), (kuai, "kuai")):
        assert browser.sign_in(name).status_code == 302
    one = some(own, "101001")
    assert "登记例外情形" in li.said(f"/finding/{one.finding[:16]}")
    for other in (dai, kuai):
        told = post(other, "exempt", one.finding, scope="unit", **TERM)
        assert told.status_code in (404, 422) and not told.json["done"]
    assert post(li, "exempt", one.finding, scope="unit").json["said"].startswith("起止日期")
    for _ in range(2):
        told = post(li, "exempt", one.finding, scope="unit", **TERM)
        (entry,) = entries(own)
        assert told.json == {"done": True, "said": f"已登记 {entry.id}，等待另一人批准。"}
    assert (entry.rule, entry.content["scope"]) == (one.rule, {"agency_code": "101001"})
    told = post(li, "exempt_confirm", entry.id)
    assert (told.status_code, told.json["done"]) == (422, False)
    assert entry.id in li.said("/exemptions") and f"批准 {entry.id}" not in li.said("/exemptions")
    assert f"批准 {entry.id}" in wang.said("/exemptions")
    assert entry.id not in kuai.said("/exemptions")
    assert post(kuai, "exempt_confirm", entry.id).status_code == 404
    assert post(dai, "exempt_confirm", entry.id).status_code in (404, 422)
    assert post(wang, "exempt_confirm", entry.id).json["done"]
    assert f"提前终止 {entry.id}" in wang.said("/exemptions")
    assert post(wang, "exempt_end", entry.id, reason="规定已变").json["done"]
    assert "没有有效或待批准的登记" in wang.said("/exemptions")
    assert entry.id not in wang.said("/exemptions")
    assert "规定已变" in wang.said("/exemptions", "?tab=all")
    assert post(wang, "exempt_what", entry.id).status_code == 422
