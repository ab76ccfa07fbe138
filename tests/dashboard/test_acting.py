"""Taking a step from the page of a finding: what is let through, and in a real browser."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.acting import act
from budget_watch.casework.cases import Actor, get_case
from budget_watch.casework.findings import get_finding, list_findings
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import answer, create_app
from tests.dashboard.reading import kinds, words
from tests.dashboard.test_browser import browser, looker  # noqa: F401

OURS = {"X-Budget-Watch": "act"}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
LI = Actor(Grant.operator("test"), "经办")


@pytest.fixture
def own(home: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the small city, to be worked on."""
    engine(home).dispose()
    shutil.copytree(home.root, tmp_path / "own")
    made = Home(tmp_path / "own")
    yield made
    engine(made).dispose()


@pytest.fixture
def client(own: Home) -> Any:
    return create_app(own).server.test_client()


def one(home: Home, level: str = "red") -> str:
    return list_findings(home, LI.grant, level=level)[0].finding


def asked(target: str, step: str, **more: Any) -> dict[str, Any]:
    given = {"target": target, "step": step, "version": 0, "request": "r1", "role": "经办"}
    return {**given, "given": {}, **more}


def test_a_step_is_taken_once_and_told(own: Home, client: Any) -> None:
    target = one(own)
    for _ in range(2):
        told = client.post("/act", json=asked(target, "take"), headers=OURS)
        assert (told.status_code, told.json) == (200, {"done": True, "said": "“受理初核”已办。"})
    assert get_finding(own, LI.grant, target).work_state == "初核"
    assert get_case(own, LI, target).version == 1


def test_what_is_not_possible_is_told_and_changes_nothing(own: Home, client: Any) -> None:
    target = one(own)
    act(own, LI, target, "take")
    for change, status, words_told in (
        ({"version": 0, "request": "x"}, 409, "已经先办了“受理初核”"),
        ({"version": 1, "request": "y", "role": "签发"}, 422, "您的角色是签发"),
        ({"version": 1, "request": "z"}, 422, "还要填：理由"),
        ({"version": "1"}, 422, "请刷新页面"),
        ({"version": 1, "given": []}, 422, "请求不完整"),
        ({"version": 1, "given": {"reason": ["x"]}}, 422, "应是文字或整数"),
        ({"version": 1, "given": {"reason": "x" * 20_001}}, 422, "一栏最多写"),
        ({"version": 1, "target": "0" * 64}, 404, "没有找到这条记录，或您没有查看权限。"),
        ({"version": 1, "step": "偷看"}, 422, "流程里没有“偷看”"),
    ):
        told = client.post("/act", json=asked(target, "uphold") | change, headers=OURS)
        assert (told.status_code, told.json["done"]) == (status, False), change
        assert words_told in told.json["said"]
    assert get_case(own, LI, target).version == 1


def test_requests_of_other_sites_are_refused(own: Home, client: Any) -> None:
    target = one(own)
    body = asked(target, "take")
    for headers in (
        {},
        {"X-Budget-Watch": "1"},
        {**OURS, "Sec-Fetch-Site": "cross-site"},
        {**OURS, "Origin": "https://example.org"},
    ):
        assert client.post("/act", json=body, headers=headers).status_code == 403
    assert client.post("/act", data={"target": target}, headers=OURS).status_code == 403
    assert (
        client.post(
            "/act", data="[", headers={**OURS, "Content-Type": "application/json"}
        ).status_code
        == 400
    )
    assert client.get("/act").status_code in (404, 405)  # a page that is not there, no step
    assert get_case(own, LI, target).id == ""


def test_a_file_is_uploaded_shown_and_handed_out_as_a_download(own: Home, client: Any) -> None:
    target = one(own)
    done = act(own, LI, target, "take")
    place = f"/file/{done.case}"
    ask = {"query_string": {"name": "说明.pdf", "role": "经办"}, "data": PDF}
    assert client.post(place, **ask).status_code == 403
    told = client.post(place, headers=OURS, **ask)
    assert (told.status_code, told.json["said"]) == (200, "已附上“说明.pdf”。")
    bad = {"query_string": {"name": "x.exe", "role": "经办"}, "data": b"MZ"}
    told = client.post(place, headers=OURS, **bad)
    assert (told.status_code, "类型不收" in told.json["said"]) == (422, True)
    shown = page(own, target)
    (at,) = [each.href for each in kinds(shown, "A") if words(each) == "说明.pdf"]
    got = client.get(at)
    assert (got.status_code, got.data) == (200, PDF)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"{place}/{'0' * 64}").status_code == 404


def page(home: Home, target: str) -> Any:
    return answer(home, Grant.operator("test"), f"/finding/{target}", "")


def test_the_page_offers_what_is_possible_and_says_what_was_done(own: Home) -> None:
    target = one(own, "orange")
    summaries = [words(each) for each in kinds(page(own, target), "Summary")]
    assert "受理初核" in summaries and "初核成立" not in summaries
    act(own, LI, target, "take")
    act(own, LI, target, "uphold", {"reason": "凭证已核对"})
    shown = page(own, target)
    summaries = [words(each) for each in kinds(shown, "Summary")]
    assert "拟转交文书" in summaries and "受理初核" not in summaries
    assert "理由：凭证已核对" in words(shown)
    assert "operator（经办）" in words(shown)


def test_once_held_the_sentence_says_suspected_and_never_a_verdict(own: Home) -> None:
    found = next(f for f in list_findings(own, LI.grant, klass="法") if f.level == "red")
    assert "待核实" in words(page(own, found.finding))
    act(own, LI, found.finding, "take")
    act(own, LI, found.finding, "uphold", {"reason": "凭证已核对"})
    told = words(kinds(page(own, found.finding), "Main"))
    assert "疑似与《" in told
    assert "不符合《" not in told


@pytest.mark.browser
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_finding_is_taken_and_upheld_in_a_browser(
    browser: Any,  # noqa: F811
    own: Home,
    size: str,
) -> None:
    import waitress

    app = create_app(own)
    server = waitress.create_server(app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    target = one(own, "orange")
    window = looker(browser, f"http://127.0.0.1:{server.effective_port}", size)
    try:
        window.open(f"/finding/{target}")
        form = window.page.locator("details.step-form", has_text="受理初核")
        form.locator("summary").click()
        form.locator("button[type=submit]").click()
        window.page.locator("#told.on", has_text="“受理初核”已办。").wait_for(timeout=60_000)
        form = window.page.locator("details.step-form", has_text="初核成立")
        form.locator("summary").click()
        form.locator("textarea").fill("查")
        form.locator("button[type=submit]").click()
        form.locator(".form-said", has_text="至少写两个字").wait_for(timeout=60_000)
        form.locator("textarea").fill("凭证已核对，数额无误")
        form.locator("button[type=submit]").click()
        window.page.locator("#told.on", has_text="“初核成立”已办。").wait_for(timeout=60_000)
        window.page.locator("ol.acts-list", has_text="凭证已核对，数额无误").wait_for(
            timeout=60_000
        )
        wide = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        if size == "phone":
            small = window.page.evaluate(
                """() => [...document.querySelectorAll('.step-form > summary')]
                    .filter(e => e.getBoundingClientRect().height < 48).map(e => e.textContent)"""
            )
            assert small == []
        refused = [each for each in window.complaints if "422" not in each]
        assert refused == []
    finally:
        server.close()
    assert get_finding(own, LI.grant, target).work_state == "初核成立"
