"""监督日历: dates with whose rule they are, states told by entries, a way down, a month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings.node_sweep import sweep
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import small_city
from tests.views.test_supervision_year import home_of, row

CITY = small_city.CITY
SPRING = date(2026, 1, 23)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    import polars as pl

    rows = [
        row("草案送审", SPRING, date(2025, 12, 20)),
        row("人代会批准", SPRING, SPRING),
        row("部门批复", SPRING, date(2026, 2, 12), dept_code="101"),
        row("部门批复", SPRING, date(2026, 2, 13), dept_code="102"),
        row("审计报告审议", date(2026, 7, 24), date(2026, 7, 24), fiscal_year=2025),
        row("审议意见反馈", date(2026, 10, 1), None, matter_no="1"),
    ]
    days = {"base_date": pl.Date, "done_date": pl.Date, "legal_due": pl.Date}
    texts = {name: pl.String for name in ("dept_code", "agency_code", "doc_no", "matter_no")}
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={**days, **texts})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(small_city.TABLES, "procedure_node", lambda: frame)
        return small_city.make(tmp_path_factory.mktemp("calendar"))


def lines(page: object, at: int = 0) -> list[list[str]]:
    return [cells(each) for each in kinds(kinds(page, "Table")[at], "Tr")[1:]]


def test_the_year_in_order_with_dates_states_and_ways(city: Home) -> None:
    page = main(city, "/calendar")
    found = {each[1].split("法定")[0].split("惯例")[0].strip(): each for each in lines(page)}
    assert len(found) == 24

    def told(name: str) -> tuple[str, str, str, str]:
        each = found[name]
        return each[0], each[3], each[4], each[5]

    assert told("预算草案初步方案送初步审查") == ("2025-12-24", "已办", "1/1", "JS03 没有运行")
    assert told("财政部门批复部门预算") == ("2026-02-12", "已办 1项晚办", "2/2", "ZX01 没有运行")
    assert told("审议意见研究处理情况反馈") == (
        "2026-11-30",
        "临近 还有10天",
        "0/1",
        "JS11 没有运行",
    )
    assert told("听取和审议审计查出问题整改情况报告")[:3] == (
        "2027-01-24",
        "未到 还有65天FIN-29 没有登记“整改报告审议”",
        "—",
    )
    assert told("决算草案提请常委会审查和批准")[:2] == (
        "06-01 至2026-09-30",
        "无法判断FIN-29 没有登记“决算批准”",
    )
    assert told("预算调整方案送初步审查")[:2] == (
        "缺",
        "无法判断2026年没有登记“调整方案送审”的起算日期",
    )
    assert "《预算法》第五十二条" in found["财政部门批复部门预算"][1]
    where = links(page)
    for way in ("/laws/budget-law/52", "/rules/ZX01", "/transfer", "/calendar?open=GJ04"):
        assert way in where
    states = "临近1，未到4，无法判断"
    assert f"截至2026-11-20，2026年共24个节点：{states}" in words(page)
    assert "下一个是2026年11月30日“审议意见研究处理情况反馈”，还有10天。" in words(page)


def test_a_node_opens_to_its_entries(city: Home) -> None:
    page = main(city, "/calendar?open=GJ04")
    assert lines(page, 1) == [
        ["示范市教育局", "2026-01-23", "2026-02-12", "2026-02-12", "已办"],
        ["示范市水利局", "2026-01-23", "2026-02-12", "2026-02-13", "已办 晚1天"],
    ]
    assert "这一年没有节点“GJ05”的登记" in words(main(city, "/calendar?open=GJ05"))


def test_a_month_shows_days_off_and_the_nodes_on_their_days(city: Home) -> None:
    page = main(city, "/calendar?tab=month&mon=2")
    grid = kinds(page, "Table")[0]
    days = {
        words(kinds(cell, "Span")[0]): words(cell)
        for cell in kinds(grid, "Td")
        if kinds(cell, "Span")
    }
    assert len(days) == 28
    assert days["12"] == "12已办 财政部门批复部门预算无法判断 预算公开"
    assert days["16"] == "16 休" and days["14"] == "14"  # a festival's day; a worked Saturday
    off = [words(kinds(cell, "Span")[0]) for cell in classed(grid, "off")]
    assert off == ["1", "7", "8", *(str(day) for day in range(15, 24))]
    assert "日期缺的：部门批复所属单位预算" in words(page)
    assert "没有“x”这一页" in words(main(city, "/calendar?tab=x"))


def test_the_next_year_shows_what_is_reckoned_and_no_further(city: Home) -> None:
    page = main(city, "/calendar?year=2027")
    found = lines(page)
    assert len(found) == 24
    assert [each[0] for each in found if each[0] != "缺"] == [
        "06-01 至2027-09-30",
        "06-01 至2027-09-30",
        "2027-12-31",
        "2027-12-31",
        "2027-12-31",
    ]
    assert "日历只排到2027年" in words(main(city, "/calendar?year=2028"))
    month = words(main(city, "/calendar?year=2027&tab=month&mon=2"))
    assert "推算" in month


def test_a_department_sees_its_own_entries(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    page = main(city, "/calendar?open=GJ04", own)
    assert lines(page, 1) == [
        ["示范市教育局", "2026-01-23", "2026-02-12", "2026-02-12", "已办"],
    ]
    assert "示范市水利局" not in words(page)


def test_a_mistake_in_a_home_s_file_is_told_to_whom_it_concerns(city: Home, tmp_path: Path) -> None:
    folder = city.root / "rules" / "calendar"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text("- {id: GJ04, off: true, note: 会}\n", encoding="utf-8")
    try:
        told = "节点文件有1处写得不对"
        assert told in words(main(city, "/calendar"))
        part = Grant("d", "test", scope=Scope(regions=frozenset({CITY})), role="deputy")
        assert told not in words(main(city, "/calendar", part))
    finally:
        (folder / "own.yaml").unlink()


def test_the_landing_page_reminds_the_office_and_nobody_else(city: Home) -> None:
    (section,) = [
        each
        for each in kinds(main(city, "/todo"), "Section")
        if words(kinds(each, "H2")[0]) == "监督日历"
    ]
    assert [words(item) for item in kinds(section, "Li")] == [
        "审议意见研究处理情况反馈 2026-11-30 临近 还有10天",
    ]
    part = Grant("d", "test", scope=Scope(regions=frozenset({CITY})), role="deputy")
    assert "监督日历" not in words(main(city, "/todo", part))


def test_what_the_nodes_did_by_themselves_is_told_to_the_office_alone(city: Home) -> None:
    assert "还没有自动办过" in words(main(city, "/calendar"))
    sweep(city, datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
    told = words(main(city, "/calendar"))
    assert "节点自动办了什么" in told and "没有可提醒的账号" in told
    assert "GJ20 审议意见研究处理情况反馈" in told and "登记2项，其中1项晚办" in told
    for role in ("deputy", "finance", "unit_clerk"):
        part = Grant("x", "test", scope=Scope(regions=frozenset({CITY})), role=role)
        assert "节点自动办了什么" not in words(main(city, "/calendar", part))


def test_the_settings_name_the_government_before_its_reports_come(tmp_path: Path) -> None:
    """Early in a year there may be no report yet; a reader elsewhere is not shown it by that."""
    home = home_of(tmp_path, [row("人代会批准", SPRING, SPRING)], date(2026, 1, 25))
    untold = "还没有送达的数据，不知道是哪一级政府。"
    assert untold in words(main(home, "/calendar"))
    (tmp_path / "budget_watch.toml").write_text(f'[committee]\nregion = "{CITY}"\n', "utf-8")
    assert "2026年共24个节点" in words(main(home, "/calendar"))
    elsewhere = Grant("d", "test", scope=Scope(regions=frozenset({"990121000"})))
    assert untold in words(main(home, "/calendar", elsewhere))
    engine(home).dispose()
