"""转移支付: parts add up to the whole, days stand beside their limit and whose it is."""

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.small_city import EAST


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("transfer"))


def rows(page, block):
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_kinds_origins_counties_and_projects_add_up(city: Home) -> None:
    page = main(city, "/transfer?to=9")
    assert rows(page, "按类型和资金来源方式") == [
        ["合计", "151.00", "100.0%", "106.00", "40.00", "5.00", "50.00", "90.0%"],
        ["一般", "50.00", "33.1%", "50.00", "—", "—", "—", "—"],
        ["共同财权", "50.00", "33.1%", "50.00", "—", "—", "50.00", "90.0%"],
        ["专项", "51.00", "33.8%", "6.00", "40.00", "5.00", "—", "—"],
        ["差额（未列明）", "0.00", "0.0%", "—", "—", "—", "—", "—"],
    ]
    assert rows(page, "各县区") == [
        ["合计", "151.00", "100.0%", "50.00", "50.00", "51.00", "5"],
        ["东城区", "120.00", "79.5%", "30.00", "50.00", "40.00", "3"],
        ["990103000", "31.00", "20.5%", "20.00", "0.00", "11.00", "3"],
    ]
    assert [row[3] for row in rows(page, "项目")] == [
        "151.00",
        "50.00",
        "50.00",
        "40.00",
        "6.00",
        "5.00",
    ]
    assert "下达转移支付151.00万元，其中上级转下达26.5%" in words(page)


def test_documents_show_days_limit_and_whose_limit(city: Home) -> None:
    found = rows(main(city, "/transfer"), "下达文件与天数")
    assert [(row[0], row[4], row[5], row[6], row[7]) for row in found] == [
        ("D1", "2026-01-20", "2026-03-01", "40天", "法定30天 《预算法》第五十二条"),
        ("D2", "2026-06-01", "2026-06-20", "19天", "经验30天"),
        ("D3", "2026-01-20", "2025-11-20", "提前61天", "法定30天 《预算法》第五十二条"),
        ("D6", "缺", "2026-10-08", "缺", "经验30天"),
    ]
    every = rows(main(city, "/transfer?tab=all"), "下达文件与天数")
    assert [row[0] for row in every] == ["D5", "D1", "D2", "D3", "D4", "D6"]
    assert every[0][6:8] == ["224天", "—"]
    assert every[4][4:8] == ["—", "2026-07-01", "—", "—"]


def test_a_county_sees_what_it_was_given(city: Home) -> None:
    down = next(link for link in links(main(city, "/transfer?to=9")) if f"z{EAST}" in link)
    page = main(city, down)
    assert words(kinds(page, "H1")[0]) == "下达东城区的转移支付"
    assert rows(page, "按类型和资金来源方式")[0][1] == "120.00"
    assert "没有找到这条记录，或您没有查看权限。" in words(main(city, "/transfer/z990199000"))


def test_who_may_not_see_the_table_is_told_so(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    text = words(main(city, "/transfer", own))
    assert "数据不足" in text and "D1" not in text and "151" not in text


def test_nothing_delivered_is_insufficient(tmp_path) -> None:
    bare = small_city.make(tmp_path, without=("transfer",))
    assert "数据不足：缺 FIN-08 转移支付预算下达明细表" in words(main(bare, "/transfer"))
