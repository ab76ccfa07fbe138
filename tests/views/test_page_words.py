"""A page is called in words: as the menu calls it, its places as the reader's names know them."""

from __future__ import annotations

import pytest

from budget_watch.views.names import Names
from budget_watch.views.page_words import TITLES, page_words
from dashboard.address import PAGES
from dashboard.frame import FIGURES

NAMES = Names(
    regions={"990121000": "东县"},
    units={"101": "教育局", "101001": "教育局本级"},
    projects={"P1": "校舍加固"},
)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/", "总览"),
        ("/exec", "预算执行"),
        ("/exec/d101/u101001/pP1?to=9", "预算执行 › 教育局 › 教育局本级 › 校舍加固"),
        ("/exec/d109", "预算执行 › 109"),  # not theirs to see, or not known
        ("/exec/d101?by=y&tab=v", "预算执行 › 教育局 › 支付凭证"),
        ("/exec/z990121000/m10/y5f3a", "预算执行 › 东县 › 10月 › 一个收款人"),
        ("/sangong/d101", "三公经费 › 教育局"),
        ("/debt/z990121000", "政府债务 › 东县"),
        ("/voucher/2026/V%E5%8F%B71", "支付凭证 › V号1"),
        ("/nowhere/x", "/nowhere/x"),
    ],
)
def test_an_address_is_told_in_words(address: str, said: str) -> None:
    assert page_words(NAMES, address) == said


def test_pages_are_called_as_the_menu_calls_them() -> None:
    assert {name: PAGES[name].title for name in TITLES} == TITLES
    assert set(FIGURES) <= set(TITLES)  # on these opinions are written
