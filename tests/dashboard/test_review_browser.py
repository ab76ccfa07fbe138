"""Review pages in a browser: they fit, a sentence is copied, 科目 open, a project leads down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboard.test_browser import browser, looker  # noqa: F401  (a fixture)
from tests.views import review_city

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the review city."""
    import waitress

    from dashboard.app import create_app

    app = create_app(review_city.make(tmp_path_factory.mktemp("review_browser")))
    server = waitress.create_server(app.server, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


PATHS = (
    "/draft",
    "/draft?rule=BZ15",
    "/draft/d102",
    "/final?open=1",
    "/final/d101",
    "/performance?tab=all",
    "/performance/pPI2",
)


@pytest.mark.parametrize(("size", "dark"), [("desktop", False), ("phone", False), ("phone", True)])
def test_review_pages_fit_and_are_quiet(
    browser: Any,  # noqa: F811
    reviewed: str,
    size: str,
    dark: bool,
) -> None:
    window = looker(browser, reviewed, size, dark)
    for path in PATHS:
        window.open(path)
        wide = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
    assert window.complaints == []


def test_a_sentence_is_copied_whole(browser: Any, reviewed: str) -> None:  # noqa: F811
    window = looker(browser, reviewed, "desktop")
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=reviewed)
    window.open("/draft")
    row = window.page.locator("tr", has_text="BZ01").first
    row.locator("button.copy").click()
    assert row.locator("button.copy").text_content() == "已复制"
    copied = window.page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "数据显示示范市本级2026年草案预算预备费10.00万元，占一般公共预算支出1,710.00万元的0.6%，"
        "法定区间1.0%至3.0%，涉及《预算法》第四十条，待核实。"
    )
    window.page.locator("button", has_text="复制全部句子").click()
    every = window.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert copied in every
    assert len(every) == window.page.locator("button.copy").count()
    assert window.complaints == []


def test_a_subject_opens_and_a_rule_and_a_voucher_are_reached(
    browser: Any,  # noqa: F811
    reviewed: str,
) -> None:
    window = looker(browser, reviewed, "desktop")
    window.open("/draft")
    window.page.locator("a", has_text="▸ 教育支出").click()
    window.page.locator("th", has_text="普通教育").wait_for()
    assert "open=205" in window.page.url
    window.page.locator("a", has_text="示范市水利局").first.click()
    window.stands("/draft/d102")
    window.page.locator("a", has_text="专项PI2").first.click()
    window.stands("/performance/pPI2")
    window.page.locator("a", has_text="查看凭证").last.click()
    window.stands("/exec/d102/u102001/pPI2")
    window.page.locator("a", has_text="VI2-20250506").first.click()
    window.stands("/voucher/2025/VI2-20250506")
    for path in ("/exec/d102/u102001/pPI2", "/performance/pPI2", "/draft/d102", "/draft"):
        window.page.go_back()
        window.stands(path)
    assert window.complaints == []


def test_a_long_page_on_a_phone_begins_with_the_way_to_its_blocks(browser, reviewed):  # noqa: F811
    window = looker(browser, reviewed, "phone")
    window.open("/final")
    listed = window.page.locator(".jump a").all_inner_texts()
    assert listed == [
        *("逐条审查", "决算与预算", "九张公开表的勾稽关系", "各部门", "文字与表", "公开时间"),
    ]
    window.page.locator(".jump a", has_text="九张公开表").click()
    window.page.wait_for_timeout(300)
    heading = window.page.get_by_role("heading", name="九张公开表的勾稽关系")
    top = heading.bounding_box()["y"]
    assert 0 <= top < 200
    assert window.page.url.endswith("#block-3")
    window.page.go_back()
    window.stands("/final")
    assert window.complaints == []
    wide = looker(browser, reviewed, "desktop")
    wide.open("/final")
    assert not wide.page.locator(".jump").is_visible()


def test_on_a_phone_an_article_opens_its_rules(browser: Any, reviewed: str) -> None:  # noqa: F811
    window = looker(browser, reviewed, "phone")
    window.open("/draft")
    group = window.page.locator(".folding tbody", has_text="BZ06").first
    quiet = group.locator("tr", has_text="BZ06").first
    assert not quiet.is_visible()
    group.locator(".row-fold > summary").click()
    assert quiet.is_visible()
    hit = window.page.locator(".folding tr.open", has_text="BZ01").first
    sentence = hit.locator("td.long")
    assert hit.is_visible() and not sentence.is_visible()
    window.page.emulate_media(media="print")
    assert sentence.is_visible()


def test_on_a_wide_screen_every_rule_stands_open(browser: Any, reviewed: str) -> None:  # noqa: F811
    window = looker(browser, reviewed, "desktop")
    window.open("/draft")
    assert window.page.locator(".row-fold").first.is_hidden()
    shown = window.page.locator(".folding tr", has_text="BZ06").first
    assert shown.is_visible()


def test_on_a_phone_the_long_lists_of_a_review_open_when_asked(
    browser: Any,  # noqa: F811
    reviewed: str,
) -> None:
    window = looker(browser, reviewed, "phone")
    window.open("/draft")
    books = window.page.locator("section.block", has=window.page.locator("h2", has_text="按科目"))
    listed = books.locator("table").first
    assert not listed.is_visible()
    books.locator("header .row-fold > summary").click()
    assert listed.is_visible()
    window.open("/draft?open=all")
    assert listed.is_visible()
