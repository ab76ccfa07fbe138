"""预算草案审查, 决算与公开, 绩效: rows add up, outcomes are worded with care, parts lead down."""

from __future__ import annotations

import re

import pytest

from budget_watch.access import Grant, Reached, Scope
from budget_watch.lake import Home
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_pages import main
from tests.views import review_city

NOT_THERE = "没有找到这条记录，或您没有查看权限。"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return review_city.make(tmp_path_factory.mktemp("review_pages"))


def section(page, block: str):
    (found,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]) == block]
    return found


def rows(page, block: str) -> list[list[str]]:
    return [cells(row) for row in kinds(section(page, block), "Tr")[1:]]


def of_rule(page, rule: str) -> list[str]:
    (found,) = [row for row in rows(page, "逐条审查") if rule in row[0]]
    return found


# ---- draft
def test_a_rule_of_the_draft_shows_outcome_value_limit_difference_and_sentence(city: Home) -> None:
    page = main(city, "/draft")
    assert of_rule(page, "BZ01") == [
        "法 BZ01 预备费设置比例不符法定区间",
        "◆红 涉及法条，待核实判断1：命中1；疑点1条",
        "10.00万元",
        "17.00万元法定",
        "低于7.00万元",
        "数据显示示范市本级2026年草案预算预备费10.00万元，占一般公共预算支出1,710.00万元的0.6%，"
        "法定区间1.0%至3.0%，涉及《预算法》第四十条，待核实。 复制",
    ]
    assert of_rule(page, "BZ06")[1:5] == ["✓ 未触发判断2：未触发2", "—", "—", "—"]
    assert of_rule(page, "BZ14")[1] == "数据不足 财政部门没有提供“三保”测算需求判断1：数据不足1"
    assert of_rule(page, "BZ02")[1].startswith("未判断 数据未送达")
    assert of_rule(page, "BZ09")[0].endswith("判断上年（2025年）")
    assert "1,710.00万元，比上年预算增加90.00万元（5.6%）" in words(page)


def test_the_page_says_no_law_is_broken_and_clear_is_not_legal(city: Home) -> None:
    for path in ("/draft", "/final", "/performance"):
        said = words(main(city, path))
        said = said.replace("“不符合”只由人复核认定，本页不写", "").replace("不等于合规", "")
        said = said.replace("预备费设置比例不符法定区间", "")
        assert not re.search("不符合|合规|违法|违规|正常", said), path


def test_what_can_be_copied_is_what_is_written(city: Home) -> None:
    page = main(city, "/draft")
    button, *each = [one for one in kinds(page, "Button") if hasattr(one, "data-copy-text")]
    assert words(button) == "复制全部句子"
    texts = [getattr(one, "data-copy-text") for one in each]
    assert getattr(button, "data-copy-text") == "\n".join(texts)
    written = [row[-1] for row in rows(page, "逐条审查") if len(row) == 6]
    assert [f"{text} 复制" for text in texts] == written


def test_a_rule_opens_what_it_found_and_what_it_could_not_judge(city: Home) -> None:
    page = main(city, "/draft?rule=BZ15")
    found = rows(page, "BZ15 项目未入库或没有绩效目标")
    assert [row[0] for row in found] == ["◆红", "▲橙"]
    assert "P9" in found[0][1] and "PI2" in found[1][1]
    lacking = rows(main(city, "/draft?rule=BZ14"), "BZ14 “三保”预算安排不足")
    assert lacking[0][0] == "2026年 示范市 本级 草案"
    assert "不在本页的规则中" in words(main(city, "/draft?rule=PZ01"))


def test_subjects_and_departments_add_up(city: Home) -> None:
    page = main(city, "/draft?open=205")
    found = [row[:7] for row in rows(page, "按科目")]
    assert found == [
        ["支出合计", "1,620.00", "2,080.00", "1,710.00", "90.00", "+5.6%", "-17.8%"],
        ["▾ 教育支出", "1,000.00", "1,500.00", "1,100.00", "100.00", "+10.0%", "-26.7%"],
        ["普通教育", "—", "—", "1,100.00", "—", "—", "—"],
        ["社会保障和就业支出", "600.00", "580.00", "600.00", "0.00", "0.0%", "+3.4%"],
        ["预备费", "20.00", "0.00", "10.00", "-10.00", "-50.0%", "—"],
        ["差额（未列明）", "0.00", "0.00", "0.00", "—", "—", "—"],
    ]
    assert "数据不足：缺 2026年一般公共预算收入草案" in words(page)
    found = rows(page, "各部门")
    assert [(row[0], row[1], row[2], row[3], row[4], row[-1]) for row in found] == [
        ("合计", "900.00", "544.00", "1,050.00", "150.00", "3"),
        ("示范市教育局", "500.00", "406.00", "620.00", "120.00", "—"),
        ("示范市水利局", "400.00", "138.00", "430.00", "30.00", "2"),
    ]
    assert {row[-2] for row in found} == {"缺"}


def test_versions_are_compared_and_what_did_not_come_is_named(city: Home) -> None:
    found = rows(main(city, "/draft"), "版本比较")
    (out,) = [row for row in found if row[0] == "一般公共预算支出"]
    assert out == ["一般公共预算支出", "缺", "1,710.00", "缺", "—", "—"]
    (whole,) = [row for row in found if row[0].startswith("部门预算合计")]
    assert whole[1:] == ["1,000.00", "1,050.00", "缺", "50.00", "—"]
    assert ["示范市水利局", "400.00", "430.00", "30.00", "1", "0", "0"] in found


def test_disclosed_budgets_stand_in_where_departments_budgets_did_not_come(tmp_path) -> None:
    bare = review_city.make(tmp_path, without=("department_budget",), judged=False)
    page = main(bare, "/draft")
    assert "缺 FIN-09 部门预算批复表（2026年）" in words(section(page, "各部门"))
    assert rows(page, "各部门") == [
        ["合计", "缺", "缺", "810.00", "—", "—", "—"],
        ["示范市教育局", "700.00", "缺", "720.00", "20.00", "+2.9%", "—"],
        ["示范市水利局", "缺", "缺", "90.00", "—", "—", "—"],
    ]


def test_a_department_has_its_projects_on_one_page(city: Home) -> None:
    down = next(to for to in links(main(city, "/draft")) if to.startswith("/draft/d102"))
    page = main(city, down)
    assert words(kinds(page, "H1")[0]) == "示范市水利局2026年预算草案"
    assert [row[:5] for row in rows(page, "按项目")] == [
        ["合计", "400.00", "138.00", "430.00", "30.00"],
        ["专项PI2", "400.00", "120.00", "400.00", "0.00"],
        ["P9", "0.00", "0.00", "30.00", "30.00"],
        ["专项PI4", "0.00", "18.00", "0.00", "0.00"],
        ["差额（未列明）", "0.00", "0.00", "0.00", "—"],
    ]
    assert rows(main(city, "/draft/d101"), "按项目")[1][-1] == "市政府文件"
    assert NOT_THERE in words(main(city, "/draft/d999"))
    first = main(city, "/draft/d102?stage=初步方案")
    assert rows(first, "按项目")[0][3] == "400.00"


def test_a_year_without_a_draft_is_refused_with_the_years_there_are(city: Home) -> None:
    assert "有数据的年度：2026、2025" in words(main(city, "/draft?fy=2023"))


# ---- final accounts
def test_books_stand_beside_their_budgets_and_open(city: Home) -> None:
    page = main(city, "/final?open=1")
    found = [row[:7] for row in rows(page, "决算与预算")]
    at = next(n for n, row in enumerate(found) if row[0] == "▾ 一般公共预算支出")
    assert found[at : at + 5] == [
        ["▾ 一般公共预算支出", "1,620.00", "1,650.00", "1,030.00", "2,080.00", "460.00", "+28.4%"],
        ["教育支出", "1,000.00", "1,050.00", "1,030.00", "1,500.00", "500.00", "+50.0%"],
        ["社会保障和就业支出", "600.00", "600.00", "0.00", "580.00", "-20.00", "-3.3%"],
        ["预备费", "20.00", "0.00", "0.00", "0.00", "-20.00", "-100.0%"],
        ["差额（未列明）", "0.00", "0.00", "0.00", "0.00", "—", "—"],
    ]
    assert found[0][:5] == ["一般公共预算收入", "缺", "缺", "—", "缺"]
    assert "2,080.00万元，为年初预算的128.4%；公开表计算3条勾稽关系，1条不符" in words(page)


def test_identities_are_counted_by_form_and_shown_by_department(city: Home) -> None:
    page = main(city, "/final")
    assert [row[1:] for row in rows(page, "九张公开表的勾稽关系")] == [
        ["01表收入总计＝支出总计", "2", "1", "1", "0", "1.00", "不符"],
        ["02表合计＝01表本年收入合计", "1", "1", "0", "0", "—", "✓ 相符"],
        ["08表没有数的要说明", "2", "1", "1", "0", "—", "空表未说明"],
        ["09表没有数的要说明", "2", "1", "1", "0", "—", "空表未说明"],
    ]
    assert rows(page, "各部门")[0] == ["合计", "2", "3", "1", "2", "1.00"]
    own = main(city, "/final/d101")
    assert rows(own, "勾稽关系")[0] == [
        "公开01", "01表收入总计＝支出总计", "100.00", "99.00", "1.00", "0.00", "不符",
    ]  # fmt: skip
    assert [row[1] for row in rows(own, "九张公开表")] == [
        "100.00", "90.00", "缺", "缺", "缺", "缺", "缺", "—", "缺",
    ]  # fmt: skip
    assert NOT_THERE in words(main(city, "/final/d999"))


def test_words_are_held_against_figures_and_missing_text_is_named(city: Home) -> None:
    page = main(city, "/final")
    assert rows(page, "文字与表") == [
        ["示范市水利局", "公开09", "本部门没有国有资本经营支出", "5.00"]
    ]
    assert "文字说明没有对应的报表" in words(section(page, "文字与表"))


def test_publication_shows_days_limit_and_finding(city: Home) -> None:
    late = rows(main(city, "/final"), "公开时间")
    assert [row[:6] for row in late] == [
        ["示范市水利局", "决算公开", "2026-08-01", "缺", "111天", "法定20天"]
    ]
    every = rows(main(city, "/final?tab=all"), "公开时间")
    assert [row[3:5] for row in every] == [["缺", "111天"], ["2026-08-15", "14天"]]
    assert [row[-1] for row in every] == ["◆红", "—"]


# ---- performance
def test_projects_lead_to_their_vouchers(city: Home) -> None:
    page = main(city, "/performance")
    found = rows(page, "项目")
    assert [(row[0], row[2], row[3], row[4], row[7]) for row in found] == [
        ("合计（1个）", "—", "—", "500.00", "—"),
        ("专项PI2示范市水利局本级", "92分", "差（2025年）", "500.00", "24.4%"),
    ]
    down = next(to for to in links(page) if to.startswith("/performance/pPI2"))
    own = main(city, down)
    assert rows(own, "各年预算与支出") == [
        ["合计", "800.00", "900.00", "220.00", "24.4%", "—"],
        ["2026年", "400.00", "500.00", "100.00", "20.0%", "查看凭证"],
        ["2025年", "400.00", "400.00", "120.00", "30.0%", "查看凭证"],
    ]
    to = next(to for to in links(own) if to.startswith("/exec/d102/u102001/pPI2") and "2025" in to)
    assert "VI2-20250506" in words(main(city, to))


def test_projects_are_sorted_and_crossed_and_counted_by_department(city: Home) -> None:
    page = main(city, "/performance?tab=all&sort=-rate")
    assert [row[0][:5] for row in rows(page, "项目")[1:]] == [
        "专项PI4", "专项PI1", "专项PI3", "专项PI2",
    ]  # fmt: skip
    assert rows(page, "自评得分与执行率")[:2] == [
        ["合计", "4", "2", "1", "0", "1", "0"],
        ["90分及以上", "2", "1", "1", "0", "0", "0"],
    ]
    assert [row[:3] for row in rows(page, "各部门")] == [
        ["合计", "4", "1,130.00"],
        ["示范市教育局", "2", "610.00"],
        ["示范市水利局", "2", "520.00"],
    ]
    assert "不能识别" in words(main(city, "/performance?sort=x"))


# ---- who sees what, what is not there
def test_a_reader_of_one_department_is_shown_nothing_of_the_other(city: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    for path in ("/draft?open=all", "/final?tab=all&open=all", "/performance?tab=all"):
        text = words(main(city, path, own))
        assert "您范围内的" in text, path
        assert "水利" not in text and "P9" not in text and "PI2" not in text, path
        assert not re.search(r"判断\d", text), path  # how many were judged is of everybody
    after = Grant("u", "test", scope=own.scope, findings=Reached.TRANSFERRED)
    for path in ("/draft/d101", "/final/d101", "/performance/d101", "/performance/pPI1"):
        text = words(main(city, path, after))
        assert "疑点只列已转交的，没有可查看的" in text, path
        assert "没有疑点" not in text, path
    for path in ("/draft/d102", "/final/d102", "/performance/d102", "/performance/pPI2"):
        assert NOT_THERE in words(main(city, path, own)), path


def test_nothing_delivered_is_insufficient(tmp_path) -> None:
    bare = review_city.make(
        tmp_path,
        without=(
            "general_expenditure",
            "department_budget",
            "budget_form",
            "project",
            "final_account_form",
        ),
        judged=False,
    )
    for path, said in (
        ("/draft", "还没有送达任何年度的预算草案"),
        ("/final", "还没有送达任何年度的决算"),
        ("/performance", "缺 FIN-10 项目库与绩效目标表"),
    ):
        page = main(bare, path)
        assert said in words(page)
        assert classed(page, "insufficient")


def test_without_a_run_no_rule_has_an_outcome(tmp_path) -> None:
    fresh = review_city.make(tmp_path, judged=False)
    page = main(fresh, "/draft")
    assert "尚无运行记录，以下规则都没有判断" in words(page)
    assert {row[1] for row in rows(page, "逐条审查") if len(row) == 6} == {"未判断 规则没有运行"}
