"""The pages in a real browser: no console error, no foreign address, nothing scrolls sideways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home

pytestmark = pytest.mark.browser
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update"]  # fmt: skip
REFUSED = "/alerts/" + "0edb1fa37840c5d0" * 4  # no page: the browser tells of its status
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (NOT FOUND)"
PAGES = ["/overview", "/exec?open=101", "/exec?scope=all", "/exec/d101?tab=v", "/exec/d101?by=y",
         "/voucher/2026/V2026011010011", "/debt", "/alerts", "/data", "/data/payment_voucher",
         "/data/recon",
         "/todo", "/draft", "/final", "/performance",
         "/laws", "/laws/budget-law/35", "/params/execution.lag.serious",
         "/rules", "/rules/PZ02",
         "/search?q=%E6%95%99%E8%82%B2",
         REFUSED]  # fmt: skip
SIZES = {"desktop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}


class Looker:
    """One browser window, and everything it complained about or asked the network for."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"asked {request.url}")

    def open(self, path: str) -> None:
        """Load a page and wait until it stands."""
        self.page.goto(self.base + path)
        self.stands(path.split("?", maxsplit=1)[0])

    def stands(self, path: str) -> None:
        """Wait for the page of a path (no string is evaluated: the CSP forbids it)."""
        for _ in range(300):
            here = self.page.url.removeprefix(self.base).split("?")[0]
            if here == path and self.page.locator("main h1").count():
                self.page.wait_for_timeout(150)
                if self.page.title() != "正在更新…":  # what stood before may still be shown
                    return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{path} did not appear; complaints: {self.complaints}")

    def text(self, selector: str) -> str:
        """The words of an element."""
        return str(self.page.locator(selector).first.text_content())


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        window = player.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield window
        window.close()


def looker(browser: Any, base: str, size: str, dark: bool = False) -> Looker:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    theme = "dark" if dark else "light"
    context.add_cookies([{"name": "bw_theme", "value": theme, "url": base}])
    return Looker(context.new_page(), base)


@pytest.mark.parametrize(
    ("size", "dark", "every"),
    [
        ("desktop", False, 1),
        ("phone", False, 1),
        ("desktop", True, 3),
        ("phone", True, 3),
        ("tablet", False, 3),
    ],
)
def test_pages_stand_quietly_and_fit(
    browser: Any, served: str, home: Home, size: str, dark: bool, every: int
) -> None:
    findings = {f.rule: f.finding[:16] for f in list_findings(home, Grant.operator("test"))}
    window = looker(browser, served, size, dark)
    for path in [*PAGES, *(f"/finding/{found}" for found in findings.values())][::every]:
        window.open(path)
        if path == REFUSED:
            window.complaints.remove(NOT_FOUND)
        wide = window.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} scrolls sideways by {wide} px at {size}"
        scheme = window.page.locator("html").get_attribute("data-mantine-color-scheme")
        assert scheme == ("dark" if dark else "light"), path
    assert window.page.locator("html").get_attribute("lang") == "zh-CN"
    assert window.complaints == []


def test_clicking_drills_and_the_back_button_comes_up_again(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/exec")
    trail = ["/exec"]
    for name, path in (
        ("教育局", "/exec/d101"),
        ("教育局本级", "/exec/d101/u101001"),
        ("教育局本级项目1", "/exec/d101/u101001/pP1010011"),
    ):
        window.page.locator("tbody th.name a", has_text=name).filter(
            has_not_text="展开"
        ).first.click()
        window.stands(path)
        assert name in window.text("main h1")
        trail.append(path)
    for path in reversed(trail[:-1]):
        window.page.go_back()
        window.stands(path)
    assert window.text("main h1") == "市本级预算执行"
    assert window.complaints == []


def test_opening_a_row_replaces_the_address_and_shows_its_parts(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/overview")
    window.page.locator(".nav a", has_text="预算执行").click()
    window.stands("/exec")
    window.page.locator("a.fold").first.click()
    for _ in range(100):
        if window.page.locator("a.fold[aria-expanded=true]").count():
            break
        window.page.wait_for_timeout(100)
    assert "open=101" in window.page.url
    assert window.page.locator("tbody", has_text="第一中学").count()
    window.page.go_back()
    window.stands("/overview")
    assert window.complaints == []


def test_charts_are_drawn_when_unfolded(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/exec")
    window.page.locator("details.charts > summary").click()
    for _ in range(200):
        if window.page.locator("details.charts svg.main-svg").count() >= 2:
            break
        window.page.wait_for_timeout(100)
    box = window.page.locator("details.charts .js-plotly-plot").first.bounding_box()
    assert box is not None
    assert box["width"] > 400
    assert "时间进度" in window.text("details.charts svg.main-svg")
    assert window.complaints == []


def test_the_theme_switch_turns_the_page_dark_and_stays(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/overview")
    window.page.locator("[data-theme-switch]").click()
    window.page.wait_for_timeout(300)
    html = window.page.locator("html")
    assert html.get_attribute("data-mantine-color-scheme") == "dark"
    window.open("/debt")
    assert html.get_attribute("data-mantine-color-scheme") == "dark"
    assert window.complaints == []


def test_the_first_tab_stop_leads_to_the_text(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/overview")
    window.page.keyboard.press("Tab")
    focused = window.page.evaluate("document.activeElement.textContent")
    assert focused == "跳到正文"


def test_on_a_phone_targets_are_large_and_text_is_readable(browser: Any, served: str) -> None:
    window = looker(browser, served, "phone")
    for path in ("/overview", "/exec", "/alerts", "/debt"):
        window.open(path)
        small = window.page.evaluate(
            """() => [...document.querySelectorAll('.tabbar a, .seg a, main .menu > summary')]
                .filter(e => e.getBoundingClientRect().height < 48).map(e => e.textContent)"""
        )
        assert small == [], path
        size = window.page.evaluate("getComputedStyle(document.querySelector('main p')).fontSize")
        assert float(size.removesuffix("px")) >= 18, path


def test_the_slash_key_leads_into_the_search_box_and_enter_searches(
    browser: Any, served: str
) -> None:
    window = looker(browser, served, "desktop")
    window.open("/overview")
    window.page.keyboard.press("/")
    window.page.keyboard.type("教育局")
    window.page.keyboard.press("Enter")
    window.stands("/search")
    assert "搜索：教育局" in window.text("main h1")
    window.page.locator("main tbody a", has_text="教育局").first.click()
    window.stands("/exec/d101")
    assert window.complaints == []


def test_the_search_of_laws_leads_to_a_law_and_its_rules(browser: Any, served: str) -> None:
    window = looker(browser, served, "desktop")
    window.open("/laws")
    window.page.fill("main input[name=q]", "预算法实施")
    window.page.keyboard.press("Enter")
    window.page.locator("main .law-hits a", has_text="实施条例").click()
    window.stands("/laws/budget-law-regulation")
    window.page.locator("main .seg a", has_text="引用本法的规则").click()
    window.page.locator("main tbody a", has_text="第五十七条").first.click()
    window.stands("/laws/budget-law-regulation/57")
    window.page.locator("main tbody a", has_text="PZ02").click()
    window.stands("/rules/PZ02")
    assert window.complaints == []
