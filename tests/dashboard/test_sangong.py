"""三公经费: every amount of the page is the vouchers', and its links lead to rows that add up."""

from types import SimpleNamespace

import pytest

from budget_watch.access import Grant, Reached, Scope
from budget_watch.lake import Home
from budget_watch.views import alerts
from tests.dashboard.reading import cells, kinds, links, words
from tests.views import small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("sangong"))


def shown(home, path, grant=None):
    from tests.dashboard.test_pages import main

    return main(home, path, grant) if grant else main(home, path)


def rows(page, block):
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return {cells(row)[0]: cells(row)[1:] for row in kinds(section, "Tr")[1:]}


def test_the_five_codes_add_up_and_the_difference_is_a_row(city: Home) -> None:
    page = shown(city, "/sangong?to=9")
    assert rows(page, "五项科目") == {
        "合计（五项科目）": ["30.00", "30.00", "26.00", "86.7%", "24.00", "+8.3%"],
        "30212 因公出国（境）费用": ["0.00", "0.00", "0.00", "—", "0.00", "—"],
        "30217 公务接待费": ["10.00", "10.00", "5.00", "50.0%", "6.00", "-16.7%"],
        "30231 公务用车运行维护费": ["20.00", "20.00", "21.00", "105.0%", "18.00", "+16.7%"],
        "31013 公务用车购置": ["0.00", "0.00", "0.00", "—", "0.00", "—"],
        "30913 公务用车购置（基本建设）": ["0.00", "0.00", "0.00", "—", "0.00", "—"],
        "差额（未列明）": ["—", "—", "0.00", "—", "—", "—"],
    }
    assert "三公经费支出26.00万元，占变动预算86.7%；1个部门支出大于变动预算" in words(page)


def test_what_was_bought_stands_beside_the_vouchers_of_the_same_months(city: Home) -> None:
    assert rows(shown(city, "/sangong"), "团组、批次、车辆和单位成本") == {
        "30212 因公出国（境）费用": ["团组 2个　人次 缺", "缺", "2.00", "0.00", "2.00"],
        "30217 公务接待费": ["批次 10　人次 70", "每人次 714.29", "5.00", "5.00", "0.00"],
        "30231 公务用车运行维护费": [
            "保有量 3辆　编制 4辆",
            "每辆 66,666.67",
            "20.00",
            "21.00",
            "-1.00",
        ],
        "31013 公务用车购置": ["购置 缺", "缺", "缺", "0.00", "缺"],
        "30913 公务用车购置（基本建设）": ["购置 缺", "缺", "缺", "0.00", "缺"],
    }


@pytest.mark.parametrize(
    ("sort", "order"),
    [("", ["示范市水利局", "示范市教育局"]), ("yoy", ["示范市水利局", "示范市教育局"])],
)
def test_departments_are_ranked_and_lead_to_their_vouchers(city: Home, sort, order) -> None:
    page = shown(city, f"/sangong?to=9{'&sort=' + sort if sort else ''}")
    found = rows(page, "各部门")
    assert list(found) == order
    assert found["示范市水利局"] == ["20.00", "21.00", "105.0%", "1.00", "+16.7%", "0"]
    assert found["示范市教育局"] == ["10.00", "5.00", "50.0%", "—", "-16.7%", "0"]


def test_each_step_down_keeps_the_amount_to_the_voucher(city: Home) -> None:
    page = shown(city, "/sangong?to=9")
    of_all = next(link for link in links(page) if link.startswith("/exec/f1/e30231"))
    dept = next(link for link in links(page) if link.startswith("/sangong/d102"))
    page = shown(city, dept)
    assert words(kinds(page, "H1")[0]) == "示范市水利局三公经费"
    assert rows(page, "五项科目")["合计（五项科目）"][2] == "21.00"
    assert rows(page, "团组、批次、车辆和单位成本")["30217 公务接待费"][0] == "批次 缺　人次 缺"
    unit = next(link for link in links(page) if link.startswith("/sangong/d102/u102001"))
    page = shown(city, unit)
    assert rows(page, "五项科目")["30231 公务用车运行维护费"][2] == "21.00"
    down = next(link for link in links(page) if "/e30231" in link)
    assert down.startswith("/exec/f1/d102/u102001/e30231")
    for path in (of_all, down):
        assert "21.00" in words(shown(city, path)), path
    vouchers = [cells(row) for row in kinds(shown(city, down + "&tab=v"), "Tr")]
    paid = [one for row in vouchers for one in row if one in ("90,000.00", "120,000.00")]
    assert sorted(paid) == ["120,000.00", "90,000.00"]


def test_what_is_not_there_or_not_the_readers_is_told_alike(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    said = words(shown(city, "/sangong/d102", own))
    assert "没有找到这条记录，或您没有查看权限。" in said
    assert "没有找到这条记录，或您没有查看权限。" in words(shown(city, "/sangong/d999"))


def test_a_department_sees_its_own_alone(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    page = shown(city, "/sangong?to=9", own)
    assert list(rows(page, "各部门")) == ["示范市教育局"]
    assert "水利" not in words(page)
    assert rows(page, "五项科目")["合计（五项科目）"][2] == "5.00"


def test_a_part_of_a_governments_figures_is_never_called_the_governments(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    page = shown(city, "/sangong?to=9", own)
    assert words(kinds(page, "H1")[0]) == "您范围内的市本级三公经费"
    assert "您范围内的三公经费支出5.00万元" in words(page)
    assert "您范围内的市本级" in words(shown(city, "/exec", own))
    assert "您的范围内：截至2026年11月20日，一般公共预算" in words(shown(city, "/overview", own))
    whole = words(shown(city, "/sangong?to=9"))
    whole += words(shown(city, "/exec")) + words(shown(city, "/overview"))
    assert "您范围内" not in whole and "您的范围内" not in whole


def test_who_sees_some_findings_is_told_which(city: Home) -> None:
    some = Grant("u", "test", findings=Reached.UPHELD)
    text = words(shown(city, "/sangong", some))
    assert "疑点只列初核成立以后的" in text
    assert "规则没有命中" not in text


@pytest.mark.parametrize(
    ("grain", "values", "year"),
    [
        ({"fiscal_year": 2025}, {"pay_date": "2026-01-02"}, 2025),
        ({"pay_cert_id": "V"}, {"pay_date": "2025-07-16"}, 2025),
        ({"pay_cert_id": "V"}, {"fiscal_year": 2026}, 2026),
        ({"node_id": "N"}, {}, None),
    ],
)
def test_a_finding_belongs_to_the_year_it_is_about(grain, values, year) -> None:
    assert alerts.year_of(SimpleNamespace(grain=grain, values=values)) == year


def test_without_the_report_the_counts_are_insufficient(tmp_path) -> None:
    bare = small_city.make(tmp_path, without=("three_public",))
    text = words(shown(bare, "/sangong"))
    assert "数据不足：缺 FIN-22 “三公”经费及会议培训费执行表" in text
