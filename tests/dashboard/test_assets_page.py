"""国有资产: classes of their own dates, enterprises down to their months, gaps named."""

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.small_city import FIRM


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("assets"))


def rows(page, block):
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_the_four_classes_stand_apart_with_their_dates(city: Home) -> None:
    page = main(city, "/assets")
    assert rows(page, "四类资产") == [
        ["企业（不含金融）市本级", "100.00", "80.00", "20.00", "10.00", "2026年9月末"],
        ["企业（不含金融）县区", "40.00", "10.00", "30.00", "缺", "2026年9月末"],
        ["企业（不含金融）合计", "140.00", "90.00", "50.00", "缺", "2026年9月末"],
        ["金融企业", "缺", "缺", "缺", "—", "—"],
        ["行政事业性市本级", "50.00", "—", "—", "—", "2025年末"],
        ["行政事业性县区", "缺", "—", "—", "—", "—"],
        ["行政事业性合计", "50.00", "—", "—", "—", "2025年末"],
        ["自然资源市本级", "缺", "—", "—", "—", "2025年末"],
        ["自然资源县区", "缺", "—", "—", "—", "—"],
        ["自然资源合计", "缺", "—", "—", "—", "2025年末"],
    ]
    assert (
        "企业为2026年9月快报，2户，资产负债率高于行业基准的1户；"
        "行政事业性为2025年末，闲置面积率不能计算；自然资源为2025年末。"
    ) in words(page)


def test_an_enterprise_leads_to_its_months(city: Home) -> None:
    page = main(city, "/assets?tab=soe")
    assert rows(page, "企业") == [
        ["城投", "市政", "100.00", "80.0%", "+10.0个百分点", "1.00", "105.0%", "4.00", "0"],
        ["公交", "市政", "40.00", "25.0%", "缺", "1.00", "缺", "—", "0"],
    ]
    down = next(link for link in links(page) if FIRM in link)
    page = main(city, down)
    assert [row[:6] for row in rows(page, "各月快报")] == [
        ["2026-09", "100.00", "80.00", "20.00", "80.0%", "+10.0个百分点"],
        ["2025-12", "90.00", "70.00", "20.00", "77.8%", "+7.8个百分点"],
    ]
    assert (
        "2026年9月末资产100.00万元，资产负债率80.0%，高于行业基准10.0个百分点，2025年保值增值率105.0%。"
    ) in words(page)
    assert "没有找到这条记录，或您没有查看权限。" in words(main(city, "/assets/91990000MA00000099"))


def test_offices_and_resources(city: Home) -> None:
    page = main(city, "/assets?tab=admin")
    assert rows(page, "市本级各部门") == [
        ["合计", "100.00", "50.00", "缺", "3.00", "5.00", "80.0%", "缺", "—", "1项"],
        ["示范市教育局", "70.00", "35.00", "10.0%", "2.00", "5.00", "80.0%", "缺", "—", "1项"],
        ["示范市水利局", "30.00", "15.00", "缺", "1.00", "—", "—", "缺", "—", "0"],
    ]
    assert [row[1:] for row in rows(main(city, "/assets?tab=nature"), "自然资源")] == [
        ["森林", "123.45", "公顷", "+0.50", "7.00"],
        ["水", "1.00", "万立方米", "-0.20", "缺"],
    ]
    assert "应为 soe、admin 或 nature" in words(main(city, "/assets?tab=other"))


def test_a_department_sees_no_enterprise_and_its_own_offices(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    assert "城投" not in words(main(city, "/assets?tab=soe", own))
    assert "没有找到这条记录" in words(main(city, f"/assets/{FIRM}", own))
    text = words(main(city, "/assets?tab=admin", own))
    assert "教育局" in text and "水利局" not in text


def test_nothing_delivered_is_insufficient_class_by_class(tmp_path) -> None:
    bare = small_city.make(tmp_path, without=("soe_monthly", "admin_asset", "natural_asset"))
    assert "国有资产各表都没有送达。" in words(main(bare, "/assets"))
    for tab, table in (("soe", "SASAC-01"), ("admin", "FIN-28"), ("nature", "NR-02")):
        assert f"数据不足：缺 {table}" in words(main(bare, f"/assets?tab={tab}"))
