"""Signing in as people do: a phone bound by its code signs a desktop in; 1440 and 390 px."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress

from budget_watch.access import enrolling, sessions
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.signing import OPERATOR, PASSWORD, make, store_at
from tests.dashboard.test_browser import Looker, browser, looker  # noqa: F401

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def staffed(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    engine(home).dispose()
    folder: Path = tmp_path_factory.mktemp("staffed") / "own"
    shutil.copytree(home.root, folder)
    made = Home(folder)
    make(store_at(made), "wang", "clerk")
    make(store_at(made), "li", "deputy")
    yield made
    engine(made).dispose()


@pytest.fixture(scope="module")
def base(staffed: Home) -> Iterator[str]:
    server = waitress.create_server(create_app(staffed).server, host="127.0.0.1", port=0, threads=6)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


def fits(page: Any) -> bool:
    """Whether nothing scrolls sideways and every button can be hit by a thumb."""
    box = page.locator("main").bounding_box()
    width = page.viewport_size["width"]
    small = [
        each.bounding_box()["height"]
        for each in page.locator("button:visible, a.button:visible").all()
        if each.bounding_box()["height"] < (48 if width < 768 else 32)
    ]
    return bool(box["x"] >= 0 and box["x"] + box["width"] <= width) and small == []


def test_a_bound_phone_signs_in_a_desktop(browser, base, staffed):  # noqa: F811
    desk: Looker = looker(browser, base, "desktop")
    phone: Looker = looker(browser, base, "phone")
    code = enrolling.issue(store_at(staffed), OPERATOR, "li")
    phone.page.goto(f"{base}/q/{code}")
    assert fits(phone.page) and "li某，您好" in phone.text("main")
    phone.page.fill("input[name=pin]", "258036")
    phone.page.fill("input[name=again]", "258036")
    phone.page.click("button.main")
    phone.stands("/")
    assert "li某" in phone.page.locator(".head").inner_html()

    desk.page.goto(f"{base}/alerts")
    assert fits(desk.page)
    number = desk.text("[data-number]")
    held = next(c for c in desk.page.context.cookies() if c["name"] == "bw_desktop")
    phone.page.goto(f"{base}/d/{held['value'].partition('.')[0]}")
    assert fits(phone.page) and "本机" in phone.text("main")
    phone.page.click(f'button[value="{number}"]')
    desk.stands("/alerts")
    assert "到项目为止" in desk.text("body")
    desk.page.goto(f"{base}/login/account")
    phone.page.goto(f"{base}/login/account")
    assert fits(desk.page) and fits(phone.page)
    assert (desk.complaints, phone.complaints) == ([], [])


def test_a_session_that_was_ended_leads_back_to_the_sign_in(browser, base, staffed):  # noqa: F811
    desk: Looker = looker(browser, base, "desktop")
    desk.page.goto(f"{base}/debt")
    desk.page.fill("input[name=name]", "wang")
    desk.page.fill("input[name=password]", PASSWORD)
    desk.page.click("button.main")
    desk.stands("/debt")
    desk.page.wait_for_load_state("networkidle")
    assert desk.complaints == []
    sessions.end_all(store_at(staffed), OPERATOR, "wang")
    desk.page.click("nav.nav a[href^='/alerts']")
    desk.page.wait_for_url("**/login?next=**")
    assert desk.page.url.endswith("/login?next=%2Falerts")
    assert all("401" in each for each in desk.complaints)
