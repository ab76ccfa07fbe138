"""The address is the page's whole state: what goes in comes out, what is unknown is refused."""

import pytest

from dashboard.address import PAGES, Address, parse
from dashboard.errors import AddressError


def test_an_address_reads_and_writes_itself() -> None:
    text = "/exec/f11/z990100000/d101/u101001?fy=2026&to=10&asof=2026-11-20&by=e&open=101001"
    assert parse(*text.split("?")).href == text


def test_keys_are_written_in_one_order_and_empty_ones_left_out() -> None:
    address = parse("/exec", "?sort=-spent&fy=2026").with_query(to="10", fy=None)
    assert address.href == "/exec?to=10&sort=-spent"


def test_chinese_parts_survive() -> None:
    address = Address("exec", ("o上级转移支付",))
    assert parse(address.href, "") == address


@pytest.mark.parametrize(
    ("path", "search", "sentence"),
    [
        ("/secret", "", "没有“secret”这个页面"),
        ("/overview", "?colour=red", "地址里的“colour”不能识别"),
        ("/overview", "?lv=red", "总览页没有这个设置"),
        ("/exec", "?fy=26", "应为四位年份"),
        ("/exec", "?to=13", "应为1至12"),
        ("/exec", "?asof=2026-02-30", "应为日期"),
        ("/exec", "?fy=2026&fy=2025", "出现了两次"),
        ("/exec/x12", "", "不能识别"),
        ("/exec/d101/d102", "", "“部门”出现了两次"),
        ("/voucher/2026", "", "不完整"),
        ("/alerts", "?lv=pink", "应为red、orange"),
        ("/exec/d<script>", "", "不能识别"),
    ],
)
def test_what_is_unknown_is_refused_with_a_sentence(path: str, search: str, sentence: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse(path, search)
    assert sentence in str(refused.value)


def test_every_page_has_a_title() -> None:
    assert all(shape.title for shape in PAGES.values())
