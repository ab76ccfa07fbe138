"""Pages on paper: head, foot, watermark, everything open, nothing that only a screen needs."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from budget_watch.audit import read as logged
from budget_watch.digest.drawing import Rect, Words
from budget_watch.digest.page_book import Plot, Series
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from dashboard.plot_drawing import HIGH, drawing_of
from dashboard.signin.views import flush
from tests.dashboard.reading import classed, kinds, words
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.dashboard.test_opinions import made  # noqa: F401
from tests.dashboard.test_pages import PAGES, read


def paper(home: Home, path: str) -> list[object]:
    return read(home, f"{path}{'&' if '?' in path else '?'}print=1")


@pytest.mark.parametrize("path", [path for path in PAGES if not path.startswith("/admin")])
def test_every_page_stands_on_paper_with_nothing_of_the_screen(home: Home, path: str) -> None:
    page = paper(home, path)
    (sheet,) = classed(page, "print-sheet")
    assert "未能载入" not in words(sheet)
    assert [kinds(sheet, kind) for kind in ("Graph", "Form", "Button", "Input", "A")] == [[]] * 5
    assert all(getattr(each, "open", False) for each in kinds(sheet, "Details"))
    assert classed(sheet, "menu") == classed(sheet, "pop") == classed(sheet, "tools") == []
    screen = read(home, path)
    assert len(kinds(sheet, "Tr")) - 3 == len(kinds(screen, "Tr"))  # rows of head, body and foot
    (charts, graphs) = (classed(sheet, "print-chart"), kinds(screen, "Graph"))
    assert len(charts) == len(graphs)


def test_head_foot_and_watermark_say_whose_when_and_from_which_data(home: Home) -> None:
    page = paper(home, "/exec")
    assert words(classed(page, "print-head")) == (
        "示范市人大常委会预算工作委员会 · 人大预算国资联网监督"
    )
    foot = words(classed(page, "print-foot"))
    assert re.fullmatch(
        r"数据截至 2026-11-20 · 快照 S20261120-01 · 打印人 本机操作员 · "
        r"打印时间 20\d\d-\d\d-\d\d \d\d:\d\d",
        foot,
    )
    marks = {words(each) for each in kinds(classed(page, "print-mark"), "Span")}
    assert marks == {f"本机操作员 {foot[-16:]}"}
    upright = classed(paper(home, "/voucher/2026/V2026011010011"), "upright")
    assert upright and not classed(page, "upright")


def test_charts_are_drawn_by_the_server_with_their_words(home: Home) -> None:
    months, changes = classed(paper(home, "/exec"), "print-chart")
    drawn = base64.b64decode(months.src.partition("base64,")[2]).decode()
    assert months.alt == (
        "累计支出2,148.20万元，上年同期2,145.00万元 累计支出，万元，截至2026年11月20日"
    )
    said = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
    assert said == ["0", "2,000", "4,000",
                    *(f"{month}月" for month in range(1, 13)),
                    "时间进度", "2025年", "2026年"]  # fmt: skip
    assert "font-family" in drawn
    assert "增加120.00万元" in changes.alt


def test_peers_keep_their_places_on_paper(home: Home) -> None:
    screen, sheet = read(home, "/exec/d101?cmp=peers"), paper(home, "/exec/d101?cmp=peers")
    places = [(dot.className, dot.style) for dot in classed(screen, "dot")]
    assert places == [("dot", {"left": "0.00%"}), ("dot here", {"left": "100.00%"})]
    assert [(dot.className, dot.style) for dot in classed(sheet, "dot")] == places


def test_columns_start_at_zero_and_what_is_missing_is_not_drawn() -> None:
    series = (
        Series("本金", (10.0, None, 5.0)),
        Series("利息", (10.0, 5.0, 0.0), fill=False),
    )
    plot = Plot("到期", "亿元", "column", ("1月", "2月", "3月"), series, stacked=True)
    boxes = [shape for shape in drawing_of(plot).shapes if isinstance(shape, Rect)][:-2]
    base = HIGH - 34
    tall = boxes[0].h
    assert [(round(box.y + box.h, 3), round(box.h / tall, 3)) for box in boxes] == [
        (base, 1),
        (round(base - tall, 3), 1),
        (base, 0.5),
        (base, 0.5),
    ]
    told = [shape.text for shape in drawing_of(plot).shapes if isinstance(shape, Words)]
    assert told[-2:] == ["本金", "利息"]


def test_a_waterfall_carries_its_numbers(home: Home) -> None:
    steps = ("absolute", "relative", "relative", "total")
    bars = Series("金额", (10.0, 4.0, -6.0, 8.0), steps)
    plot = Plot("变动", "亿元", "waterfall", ("年初", "追加", "追减", "变动"), (bars,))
    told = [shape.text for shape in drawing_of(plot).shapes if isinstance(shape, Words)]
    assert told[-4:] == ["10.00", "4.00", "-6.00", "8.00"]


@pytest.mark.slow
def test_whoever_opens_it_stands_on_it_and_in_the_log(made):  # noqa: F811
    told = made.signed("dai").said("/exec", "?print=1")
    assert "打印人 dai某（dai）" in told
    flush(made.home)
    with engine(made.home).connect() as connection:
        last = list(logged(connection, act="page.print"))[-1]
    assert (last.user, last.subject) == ("dai", "/exec?print=1")


@pytest.mark.browser
def test_in_a_browser_it_is_a4_and_its_tables_repeat_their_heads(
    browser: Any,  # noqa: F811
    served: str,
) -> None:
    window = looker(browser, served, "desktop", dark=True)
    window.open("/exec/d101?tab=v")
    assert window.page.locator(".acts a", has_text="打印").get_attribute("target") == "_blank"
    sizes = {}
    for path in ("/exec/d101?tab=v&print=1", "/voucher/2026/V2026011010011?print=1"):
        window.open(path)
        scheme = window.page.locator("html").get_attribute("data-mantine-color-scheme")
        assert scheme == "light"
        assert window.page.locator(".print-bar").is_visible()
        content = window.page.pdf(prefer_css_page_size=True)
        boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
        sizes[path] = {(round(float(wide)), round(float(high))) for wide, high in boxes}
        if "tab=v" in path:
            assert len(boxes) > 1
        window.page.emulate_media(media="print")
        assert not window.page.locator(".print-bar").is_visible()
        heads = window.page.locator(".print-sheet thead").first
        assert heads.evaluate("e => getComputedStyle(e).display") == "table-header-group"
        window.page.emulate_media(media="null")
    assert sizes == {
        "/exec/d101?tab=v&print=1": {(842, 595)},
        "/voucher/2026/V2026011010011?print=1": {(595, 842)},
    }
    assert window.complaints == []
