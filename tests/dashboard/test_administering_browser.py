"""三员 at a desktop and on a phone: their pages fit; what is shown once stands until closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import waitress

from budget_watch.access import accounts
from budget_watch.audit import Note, Who
from budget_watch.casework.auditing import noted
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.app import create_app
from tests.dashboard.signing import PASSWORD, make, store_at
from tests.dashboard.test_browser import Looker, browser, looker  # noqa: F401

pytestmark = pytest.mark.browser


LONG: list[tuple[str, str, dict[str, Any]]] = [
    ("attachment.read", "5f" * 32, {"case": "C-2026-0001"}),
    ("livelihood.report", "L2026-01", {"step": "report", "given": {"percent": 60, "word": "滞后"}}),
    ("opinion.submit", "O-2026-0001", {"given": {"text": "ab" * 32, "title": "cd" * 32}}),
]
WIDTHS = """() => Object.fromEntries(
    Array.from(document.querySelectorAll("main table.listed th[scope=col]"))
    .map(each => [each.textContent, each.getBoundingClientRect().width]))"""


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    root: Path = tmp_path_factory.mktemp("browsed")
    home = Home(root)
    for role in ("system_admin", "security_admin", "audit_admin", "deputy"):
        make(store_at(home), role.replace("_", "-"), role)
    for act, subject, details in LONG:
        noted(home, Note(Who("deputy", "deputy", "1", "看板"), act, "case", subject, details))
    yield home
    engine(home).dispose()


@pytest.fixture(scope="module")
def base(offices: Home) -> Iterator[str]:
    server = waitress.create_server(create_app(offices).server, host="127.0.0.1", port=0, threads=6)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


SMALL = """least => Array.from(document.querySelectorAll("button, a.button"))
    .map(each => [each.textContent, each.getBoundingClientRect()])
    .filter(([, box]) => box.width && box.height < least).map(([words]) => words)"""


def fits(page: Any) -> bool:
    """Whether nothing scrolls sideways and every button can be hit by a thumb; asked at once."""
    width = page.viewport_size["width"]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return bool(wide <= width and page.evaluate(SMALL, 48 if width < 768 else 32) == [])


def signed(browser: Any, base: str, size: str, name: str) -> Looker:  # noqa: F811
    person = looker(browser, base, size)
    person.page.goto(f"{base}/login")
    person.page.fill("input[name=name]", name)
    person.page.fill("input[name=password]", PASSWORD)
    person.page.click("form[action='/login'] button[type=submit]")
    person.stands("/admin")
    return person


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_section_fits_and_is_reached_from_the_menu(browser, base, size):  # noqa: F811
    people = {
        "system-admin": {"账号": "/admin/accounts"},
        "security-admin": {"账号": "/admin/accounts", "权限矩阵": "/admin/matrix"},
        "audit-admin": {"权限矩阵": "/admin/matrix", "审计日志": "/admin/audit"},
    }
    if size == "desktop":
        del people["system-admin"]  # what they see, the other two see wider
    for name, sections in people.items():
        person = signed(browser, base, size, name)
        for title, path in sections.items():
            menu = ".tabbar" if size == "phone" else ".tools"
            if len(sections) > 1 or size == "phone":
                person.page.locator(f"{menu} a", has_text=title).first.click()
                person.stands(path)
            assert (
                person.page.evaluate("document.documentElement.scrollWidth")
                <= (person.page.viewport_size["width"])
            ), (name, path)
            assert fits(person.page), (name, path)
        if name != "audit-admin":
            person.open("/admin/accounts/deputy")
            person.page.evaluate(
                "document.querySelectorAll('details.step-form').forEach(d => { d.open = true; })"
            )
            assert fits(person.page), (name, "account")
        assert person.complaints == []


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_first_password_and_a_qr_code_are_shown_once(browser, base, offices, size):  # noqa: F811
    person = signed(browser, base, size, "system-admin")
    page = person.page
    page.locator("summary", has_text="开立账号").click()
    page.fill("form[data-act=add] input[name=name]", f"li-{size}")
    page.fill("form[data-act=add] input[name=display]", "李代表")
    page.check("form[data-act=add] input[name=password]")
    page.click("form[data-act=add] button[type=submit]")
    page.wait_for_selector(".once")
    shown = page.locator(".once dd").all_text_contents()
    assert shown[0] == f"li-{size}" and len(shown[1]) == 24
    page.click(".once button")
    person.stands(f"/admin/accounts/li-{size}")
    assert shown[1] not in page.content()
    page.locator("summary", has_text="发放手机二维码").click()
    page.click("form[data-act=enrol] button[type=submit]")  # the box is not ticked: nothing is sent
    assert page.locator(".once").count() == 0
    page.check("form[data-act=enrol] input[name=sure]")
    page.click("form[data-act=enrol] button[type=submit]")
    page.wait_for_selector(".once img")
    size_of = page.locator(".once img").evaluate("i => i.complete ? i.naturalWidth : 0")
    assert size_of > 0
    assert "/q/" in page.locator(".once dd").inner_text()
    page.click(".once button")
    person.stands(f"/admin/accounts/li-{size}")
    page.locator("summary", has_text="停用账号").click()
    page.fill("form[data-act=disable] textarea", "试用结束")
    page.check("form[data-act=disable] input[name=sure]")
    page.click("form[data-act=disable] button[type=submit]")
    page.wait_for_selector("#told.on")
    assert not accounts.account(store_at(offices), f"li-{size}").active
    assert person.complaints == []


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_log_is_read_at_a_glance(browser, base, size):  # noqa: F811
    person = signed(browser, base, size, "audit-admin")
    person.open("/admin/audit")
    said = person.text("main table.listed")
    assert "填写：完成百分比 60、评定 滞后" in said and "{" not in said
    assert "5f5f5f5f5f…" in said and "5f" * 32 not in said
    assert "文字 ababababab…" in said and "正文" not in said
    assert "角色：代表" in said and "范围：不限行" in said
    assert fits(person.page)
    if size == "desktop":
        wide = person.page.evaluate(WIDTHS)
        assert wide["时间"] >= 140 and wide["谁"] >= 140 and wide["内容"] >= 300, wide
        assert wide["内容"] > wide["对象"], wide
    assert person.complaints == []


def test_a_code_is_named_while_it_is_typed(browser, base):  # noqa: F811
    person = signed(browser, base, "desktop", "security-admin")
    person.open("/admin/accounts/deputy")
    form = "form[data-act=assign]"
    person.page.locator("summary", has_text="授予角色").click()
    told = person.page.locator(f"{form} input[name=regions] + .field-names")
    person.page.fill(f"{form} input[name=regions]", "990121000")
    told.filter(has_text="示范市清河县").wait_for()
    person.page.fill(f"{form} input[name=regions]", "990121009")
    told.filter(has_text="没有这个代码").wait_for()
    assert person.complaints == []
