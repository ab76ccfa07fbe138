"""审计整改: rates that can be counted after, issues with their way to unit, department and year."""

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("audit"))


def rows(page, block):
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_years_departments_and_the_sentence_say_the_same(city: Home) -> None:
    page = main(city, "/audit")
    assert (
        "历年审计查出问题5个、270.00万元；到期4个，整改完成50.0%（按金额63.2%）；"
        "期限已过、台账没有登记整改完成的2个，最长293天。"
    ) in words(page)
    assert rows(page, "按审计年度") == [
        ["合计（历年）", "5", "270.00", "4", "50.0%缺", "63.2%缺", "2", "293"],
        ["2026年", "3", "120.00", "2", "50.0%缺", "0.0%缺", "1", "50"],
        ["2025年", "2", "150.00", "2", "50.0%", "80.0%", "1", "293"],
    ]
    assert [row[:4] for row in rows(page, "各部门")] == [
        ["合计", "5", "270.00", "4"],
        ["示范市教育局", "2", "40.00", "2"],
        ["示范市水利局", "3", "230.00", "2"],
    ]
    assert rows(page, "同类问题再次查出") == [
        ["示范市水利局本级", "合同管理不规范", "2025、2026", "2", "180.00", "1"]
    ]


def test_the_list_begins_with_what_is_past_its_deadline(city: Home) -> None:
    past = rows(main(city, "/audit"), "问题清单")
    assert [(row[0], row[4], row[5], row[6], row[7]) for row in past] == [
        ("资产账实不符（A2）", "20.00", "2026-01-31", "阶段性", "293"),
        ("预算编制不完整（A5）", "0.00", "2026-10-01", "未登记", "50"),
    ]
    assert [row[0][-3:-1] for row in rows(main(city, "/audit?tab=open"), "问题清单")] == [
        "A2",
        "A5",
        "A3",
    ]
    every = rows(main(city, "/audit?tab=all"), "问题清单")
    assert [row[0][-3:-1] for row in every] == ["A2", "A5", "A3", "A1", "A4"]
    assert every[-1][3:5] == ["缺", "缺"]
    assert every[3][6] == "已整改 2026-01-03"
    assert "应为 open 或 all" in words(main(city, "/audit?tab=other"))


def test_a_year_and_a_department_narrow_the_page(city: Home) -> None:
    page = main(city, "/audit?fy=2025")
    assert "2025年审计查出问题2个、150.00万元" in words(page)
    assert [row[0] for row in rows(page, "问题清单")] == ["资产账实不符（A2）"]
    down = next(link for link in links(page) if link.startswith("/audit/d102"))
    page = main(city, down)
    assert words(kinds(page, "H1")[0]) == "示范市水利局审计整改"
    assert [row[0] for row in rows(page, "各单位")] == ["合计", "示范市水利局本级"]


def test_a_department_sees_its_own_issues(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    text = words(main(city, "/audit", own))
    assert "水利" not in text and "合同管理" not in text
    assert "没有找到这条记录，或您没有查看权限。" in words(main(city, "/audit/d102", own))


def test_nothing_delivered_is_insufficient(tmp_path) -> None:
    bare = small_city.make(tmp_path, without=("audit_issue",))
    assert "数据不足：缺 AUD-02 审计查出问题清单，由审计部门送达。" in words(main(bare, "/audit"))
