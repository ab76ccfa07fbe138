"""A session played by hand in browsers: merged on a phone, answered; the summary follows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import waitress

from budget_watch.casework.cases import today_of
from budget_watch.congress.acting import give, open_congress
from budget_watch.congress.session import given_in, questions_of
from budget_watch.digest.package_key import FOLDER, PUBLIC
from tests.congress.made_congress import CLINIC, CLINIC2, ROAD
from tests.dashboard.signing import PASSWORD
from tests.dashboard.test_browser import Looker, browser, looker  # noqa: F401
from tests.dashboard.test_congress_page import ROLL
from tests.dashboard.test_opinions import made  # noqa: F401
from tests.dashboard.test_signing_in_browser import fits
from tests.views_drill.small_city import CITY

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def held(made: Any) -> Iterator[tuple[Any, str, str]]:  # noqa: F811
    local = made.home.root / "rules" / "workflow"
    local.mkdir(parents=True, exist_ok=True)
    (local / "congress.yaml").write_text("refresh_seconds: 5\n", encoding="utf-8")
    today = today_of()
    days = (today - timedelta(1), today + timedelta(3))
    opened = open_congress(
        made.home, made.actor("li"), "第十六届人大第一次会议", *days, ROLL, region=CITY
    )
    for name, text in (("dai", CLINIC), ("qian", CLINIC2)):
        give(made.home, made.actor(name), opened.congress, text)
    server = waitress.create_server(made.app.server, host="127.0.0.1", port=0, threads=6)
    threading.Thread(target=server.run, daemon=True).start()
    yield made, opened.congress, f"http://127.0.0.1:{server.effective_port}"
    server.close()


def enter(browser: Any, base: str, size: str, name: str, path: str) -> Looker:  # noqa: F811
    window = looker(browser, base, size)
    window.page.goto(base + path)
    window.page.fill("input[name=name]", name)
    window.page.fill("input[name=password]", PASSWORD)
    window.page.click("button.main")
    window.stands(path.partition("?")[0])
    return window


def step(window: Looker, summary: str, **fields: str) -> None:
    """Unfold a form, fill it in and send it; wait until the page stands again."""
    form = window.page.locator("details.step-form", has_text=summary).first
    form.locator("summary").click()
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    with window.page.expect_navigation():
        form.locator("button[type=submit]").click()


def test_alike_opinions_are_merged_routed_answered_and_the_summary_follows(
    held: Any,
    browser: Any,  # noqa: F811
) -> None:
    made_, number, base = held
    place = f"/congress/{number}"
    wide = enter(browser, base, "desktop", "wang", place)
    assert fits(wide.page) and "2" in wide.text(".figure-number")
    phone = enter(browser, base, "phone", "li", f"{place}?tab=merge")
    assert fits(phone.page)
    assert CLINIC in phone.text(".group") and CLINIC2 in phone.text(".group")
    step(phone, "并为一题", title="乡镇卫生院经费")
    phone.page.locator(".acts-list", has_text="乡镇卫生院经费").wait_for()
    step(phone, "转财政解答组")
    phone.page.locator("main", has_text="没有待转的议题").wait_for()
    (question,) = questions_of(made_.home, given_in(made_.home, number))
    assert (question.title, len(question.given), bool(question.due_at)) == (
        "乡镇卫生院经费",
        2,
        True,
    )
    desk = enter(browser, base, "desktop", "finance", place)
    step(desk, "解答", text="已安排设备更新经费。")
    give(made_.home, made_.actor("qian"), number, ROAD)
    wide.page.locator("main", has_text=ROAD).wait_for(timeout=20_000)
    wide.page.locator("main", has_text="已安排设备更新经费。").wait_for(timeout=20_000)
    numbers = wide.page.locator(".figure-number").all_text_contents()
    assert [each.strip("件题 \n") for each in numbers] == ["3", "2", "1", "0"]
    deputy = enter(browser, base, "phone", "dai", place)
    assert fits(deputy.page) and "已安排设备更新经费。" in deputy.text("main")
    assert ROAD not in deputy.text("main")
    windows = (wide, phone, desk, deputy)
    assert [each.complaints for each in windows] == [[], [], [], []]
    for each in windows:
        each.page.context.close()


def test_the_office_makes_a_tablets_package_on_the_page_and_it_opens_from_the_disk(
    held: Any,
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    made_, number, base = held
    phrase = "两个黄鹂鸣翠柳，一行白鹭上青天"
    wide = enter(browser, base, "desktop", "li", f"/congress/{number}")
    form = wide.page.locator("details.step-form", has_text="制作离线材料")
    form.locator("summary").click()
    form.locator("[name=passphrase]").fill(phrase)
    form.locator("[name=reason]").fill("会议期间平板阅读")
    with wide.page.expect_download() as waiting:
        form.locator("button[type=submit]").click()
    waiting.value.save_as(tmp_path / "package.html")
    assert (made_.home.root / FOLDER / PUBLIC).is_file() and wide.complaints == []
    context = browser.new_context(offline=True)
    tablet = context.new_page()
    tablet.goto((tmp_path / "package.html").as_uri())
    assert "代某（dai）" in tablet.inner_text("header")
    tablet.fill("#phrase", phrase)
    tablet.click("button")
    tablet.locator("main", has_text="名词解释").wait_for()
    context.close()
    wide.page.context.close()
