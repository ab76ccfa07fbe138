"""社保基金: pools by place and kind, their months behind them, gaps named."""

from types import SimpleNamespace

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from tests.dashboard.reading import cells, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.small_city import CITY, EAST


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Home:
    return small_city.make(tmp_path_factory.mktemp("social"))


def rows(page, block):
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_pools_stand_with_their_sums_or_with_what_is_missing(city: Home) -> None:
    page = main(city, "/social")
    assert rows(page, "本级经办的险种") == [
        ["合计", "—", "缺", "0.00", "缺", "缺", "150.00", "—", "—", "—"],
        [
            "企业职工基本养老",
            "省级统筹",
            "81.00",
            "0.00",
            "72.00",
            "9.00",
            "50.00",
            "—",
            "缺",
            "不作判断",
        ],
        ["失业", "市级统筹", "13.50", "0.00", "18.00", "-4.50", "50.00", "25.00", "缺", "—"],
        ["工伤", "市级统筹", "缺", "0.00", "缺", "缺", "50.00", "缺", "缺", "—"],
    ]
    (east,) = rows(page, "各县区经办的险种")
    assert east[0] == "东城区 城乡居民基本养老"
    assert east[2:9] == ["36.00", "9.00", "27.00", "9.00", "50.00", "16.67", "66.7%"]
    assert (
        "2026年9月末，3个险种，其中2个在本级统筹，累计结余100.00万元；本年支出大于收入的1个：失业。"
    ) in words(page)


def test_a_pool_leads_to_its_months_which_add_up(city: Home) -> None:
    down = next(link for link in links(main(city, "/social")) if EAST in link)
    page = main(city, down)
    months = rows(page, "各月收支")
    assert months[0] == ["2026年1—9月合计", "36.00", "9.00", "27.00", "9.00", "50.00"]
    assert months[1] == ["2026-09", "4.00", "1.00", "3.00", "1.00", "50.00"]
    assert len(months) == 1 + 21
    assert sum(float(row[1]) for row in months[1:10]) == 36
    assert "没有找到这条记录，或您没有查看权限。" in words(main(city, f"/social/{EAST}/失业"))


def test_who_sees_departments_alone_sees_no_pool(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    text = words(main(city, "/social", own))
    assert "数据不足" in text and "失业" not in text


def test_nothing_delivered_is_insufficient(tmp_path) -> None:
    bare = small_city.make(tmp_path, without=("social_fund_month",))
    assert "数据不足：缺 HRSS-01" in words(main(bare, "/social"))


def test_a_pools_findings_are_those_of_the_year(city: Home, monkeypatch) -> None:
    def found(year: int) -> SimpleNamespace:
        return SimpleNamespace(
            area="social",
            mof_div_code=CITY,
            grain={"fund_kind": "失业", "fiscal_year": year},
            values={},
            level="yellow",
            provisional=False,
            finding=f"{year}" * 16,
            message=f"{year}年的疑点",
            rule="SB01",
        )

    both = [found(2025), found(2026)]
    monkeypatch.setattr("budget_watch.views.alerts.open_findings", lambda home, grant: both)
    idle = next(row for row in rows(main(city, "/social"), "本级经办的险种") if row[0] == "失业")
    assert idle[-1] == "■黄 1条"
    text = words(main(city, f"/social/{CITY}/失业"))
    assert "2026年的疑点" in text and "2025年的疑点" not in text
