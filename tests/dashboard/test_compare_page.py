"""比较 on /exec as it is read: both sides, differences, ways down, refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from budget_watch.views import drill
from dashboard.app import answer
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_browser import browser, looker  # noqa: F401
from tests.dashboard.test_pages import main


def rows(home: Home, path: str, caption: str) -> list[list[str]]:
    found = [t for t in kinds(main(home, path), "Table") if words(t.children[0]) == caption]
    return [cells(row) for row in kinds(found[0], "Tr")]


def test_two_departments_stand_side_by_side(home: Home) -> None:
    assert rows(home, "/exec/d101?cmp=d102", "两方比较") == [
        ["指标", "教育局", "水利局", "差额", "前者较后者"],
        ["年初预算", "1,800.00", "2,400.00", "-600.00", "-25.0%"],
        ["调整预算", "1,800.00", "2,400.00", "-600.00", "-25.0%"],
        ["变动预算", "1,920.00", "2,400.00", "-480.00", "-20.0%"],
        ["用款计划", "1,705.00", "770.00", "935.00", "+121.4%"],
        ["累计支出", "1,488.20", "660.00", "828.20", "+125.5%"],
        ["末月支出", "135.00", "60.00", "75.00", "+125.0%"],
        ["支出进度", "77.5%", "27.5%", "+50.0个百分点", "—"],
        ["追加率", "6.7%", "0.0%", "+6.7个百分点", "—"],
        ["时间进度", "88.8%", "88.8%", "0.0个百分点", "—"],
    ]
    assert rows(home, "/exec/d101?cmp=d102", "两方按部门经济科目") == [
        ["部门经济科目", "教育局支出", "水利局支出", "差额", "前者较后者"],
        ["合计", "1,488.20", "660.00", "828.20", "+125.5%"],
        ["302 商品和服务支出", "745.70", "330.00", "415.70", "+126.0%"],
        ["310 资本性支出", "742.50", "330.00", "412.50", "+125.0%"],
        ["差额（未列明）", "0.00", "0.00", "0.00", "—"],
    ]
    page = main(home, "/exec/d101?cmp=d102")
    assert (
        "教育局支出1,488.20万元，进度77.5%，高于水利局50.0个百分点；"
        "水利局支出660.00万元，进度27.5%。"
    ) in words(page)
    assert {"/exec/d101?tab=v", "/exec/d102?tab=v", "/exec/d102/e302", "/exec/d101/e310"} <= set(
        links(page)
    )


def test_last_year_stands_beside_this_one_cut_at_the_same_day(home: Home) -> None:
    found = rows(home, "/exec?cmp=ly", "两方比较")
    assert found[0] == ["指标", "截至2026年11月20日", "截至2025年11月20日", "差额", "前者较后者"]
    assert found[5] == ["累计支出", "2,148.20", "2,145.00", "3.20", "+0.1%"]
    page = main(home, "/exec?cmp=ly")
    assert (
        "市本级截至2026年11月20日支出2,148.20万元，较截至2025年11月20日增加3.20万元（+0.1%）。"
    ) in words(page)
    assert "/exec?fy=2025&to=11&tab=v" in links(page)
    titles = {getattr(link, "title", None) for link in kinds(page, "A")}
    assert "打开2025年1—11月；本数截至2025-11-20" in titles
    months = rows(home, "/exec?cmp=ly", "实线为截至2026年11月20日，虚线为截至2025年11月20日")
    assert months[-1] == ["11月", "2,148.20", "2,145.00"]
    assert len(kinds(classed(page, "compare-two"), "Graph")) == 1


def test_what_has_no_months_at_all_has_no_line(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an indicator that a later day brought, looked at as it was known before."""
    own = replace(Grant.operator("看板"), user="no months")  # nothing of it is kept from before
    monkeypatch.setattr(drill, "by_month", lambda *asked: {})
    page = answer(home, own, "/exec/d101/u101001/pP1010011/iI20251010011", "?cmp=2026-6")
    found = [t for t in kinds(page, "Table") if words(t.children[0]) == "两方比较"]
    assert cells(kinds(found[0], "Tr")[5])[:3] == ["累计支出", "0.00", "0.00"]
    assert "两方都没有支出，没有可画的线。" in words(page)


def test_a_department_among_its_peers(home: Home) -> None:
    page = main(home, "/exec/d102?cmp=peers")
    assert ("水利局支出进度27.5%，在市本级的2个部门中排第2位（2个有进度，从高到低）。") in words(
        page
    )
    assert rows(home, "/exec/d102?cmp=peers", "名次") == [
        ["指标", "本处", "名次", "下四分位", "中位数", "上四分位"],
        ["支出进度", "27.5%", "2/2", "—", "—", "—"],
        ["同比", "0.0%", "2/2", "—", "—", "—"],
        ["追加率", "0.0%", "2/2", "—", "—", "—"],
    ]
    assert rows(home, "/exec/d102?cmp=peers", "同类各处") == [
        ["名次", "部门", "变动预算", "支出", "支出进度", "同比", "追加率"],
        ["1", "教育局", "1,920.00", "1,488.20", "77.5%", "+0.2%", "6.7%"],
        ["2", "▸ 水利局", "2,400.00", "660.00", "27.5%", "0.0%", "0.0%"],
    ]
    dots = [(dot.href, dot.className) for dot in classed(page, "dot")]
    assert dots == [("/exec/d101", "dot"), ("/exec/d102", "dot here")]


def test_what_cannot_be_compared_is_refused_with_a_sentence(home: Home) -> None:
    for path, sentence in (
        ("/exec?cmp=peers", "没有可比的同类"),
        ("/exec?cmp=5", "不能识别，应为期间"),
        ("/exec?cmp=2026-12", "还没有2026年12月的数据"),
        ("/exec?cmp=2021-3", "没有2021年的数据，不能比较"),
        ("/exec/d101?cmp=d101", "两方是同一处"),
        ("/exec/d101?cmp=d999", "没有找到这条记录，或您没有查看权限"),
        ("/exec/d101?cmp=x1", "不能识别"),
    ):
        assert sentence in words(main(home, path)), path


def test_a_department_outside_the_scope_reads_like_one_that_is_not_there(home: Home) -> None:
    grant = Grant("u", "test", Scope(departments=frozenset({"102"})))
    hidden = words(main(home, "/exec/d102?cmp=d101", grant))
    assert hidden == words(main(home, "/exec/d102?cmp=d999", grant))
    assert "教育局" not in words(main(home, "/exec/d102", grant))
    assert "没有可比的同类" in words(main(home, "/exec/d102?cmp=peers", grant))


@pytest.mark.browser
def test_in_a_browser_a_comparison_is_chosen_and_left_again(
    browser: Any,  # noqa: F811
    served: str,
) -> None:
    window = looker(browser, served, "desktop")
    window.open("/exec/d101")
    menu = window.page.locator(".tools details", has_text="比较")
    menu.locator("summary").click()
    menu.locator("a", has_text="水利局").click()
    window.page.locator("h2", has_text="比较：教育局 与 水利局").wait_for()
    assert window.page.url.endswith("/exec/d101?cmp=d102")
    window.page.locator(".compare-two svg.main-svg").first.wait_for()
    window.page.locator(".compare-two a", has_text="660.00").click()
    window.stands("/exec/d102")
    assert window.complaints == []
