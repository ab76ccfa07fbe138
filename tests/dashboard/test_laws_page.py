"""政策法规: the register, the search, an article with its dates, the ways between rule and law."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from budget_watch.access import Grant, Scope
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home
from tests.dashboard.reading import cells, classed, kinds, links, words
from tests.dashboard.test_pages import main

TEXT = """# 中华人民共和国预算法

2018年12月29日 第二次修正

## 第四章 预算编制

第三十四条 中央一般公共预算必需的部分资金，可以举借债务。

第三十五条 地方各级预算不列赤字。

举借的债务只能用于公益性资本支出，不得用于经常性支出。

第四十条 各级一般公共预算应当按照本级一般公共预算支出额的百分之一至百分之三设置预备费。
"""
OLD = """
- id: budget-law-1994
  title: 中华人民共和国预算法
  short: 预算法
  version: "1994-03-22"
  valid_from: 1995-01-01
  valid_to: 2014-12-31
  authority: law
  file_hint: 预算法1994
- id: budget-law-next
  title: 中华人民共和国预算法
  short: 预算法
  version: "2030-01-01"
  valid_from: 2030-01-01
  authority: law
"""


@pytest.fixture(scope="module")
def loaded(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The small city with one law's text, and two more versions of it registered."""
    root: Path = tmp_path_factory.mktemp("laws") / "home"
    shutil.copytree(home.root, root)
    (root / "laws").mkdir()
    (root / "laws" / "预算法(2018-12-29).md").write_text(TEXT, encoding="utf-8")
    (root / "laws" / "预算法1994.md").write_text("第三条 旧文。\n", encoding="utf-8")
    (root / "rules").mkdir(exist_ok=True)
    (root / "rules" / "laws.yaml").write_text(OLD, encoding="utf-8")
    return Home(root)


def rows(page: object, title: str) -> list[list[str]]:
    (section,) = [s for s in kinds(page, "Section") if words(kinds(s, "H2")[0]).startswith(title)]
    return [cells(row) for row in kinds(section, "Tr")[1:]]


def test_the_register_says_what_is_loaded_and_what_was_never_checked(loaded: Home) -> None:
    page = main(loaded, "/laws")
    assert "登记46部法律法规和文件，已载入2部、4条原文；其余44部没有原文。" in words(page)
    state = {row[0]: row[4:6] for row in rows(page, "法律")}
    assert state["中华人民共和国审计法"] == ["现行", "未载入"]
    assert state["中华人民共和国教育法"] == ["现行", "待核对原文"]
    assert rows(page, "法律")[0][:6] == [
        "中华人民共和国预算法", "主席令第二十二号", "2018-12-29", "2015-01-01", "现行", "3条",
    ]  # fmt: skip
    assert "还没有载入法规原文" not in words(page)
    weak = main(loaded, "/laws/education-law")
    assert words(kinds(weak, "H1")[0]) == "中华人民共和国教育法（待核对原文）"
    assert "现行，自2021年4月30日起施行。（待核对原文）" in words(weak)


def test_without_texts_it_says_how_to_load_them(home: Home) -> None:
    for path in ("/laws", "/laws?q=预备费", "/laws/budget-law"):
        assert "budget-watch laws load 文件夹" in words(main(home, path)), path
    page = main(home, "/laws/budget-law/35")
    assert "条文原文尚未载入" in words(page)
    assert "规则摘引：“只能用于公益性资本支出，不得用于经常性支出”" in words(page)
    assert "名称相符的法规" in words(main(home, "/laws?q=预算法"))


def test_a_word_leads_to_the_article_with_the_word_marked(loaded: Home) -> None:
    page = main(loaded, "/laws?q=公益性 债务")
    assert "找到1条，在1部法规中。" in words(page)
    listed = classed(page, "law-list")[0]
    assert "《预算法》第三十五条" in words(listed)
    assert [words(mark) for mark in kinds(listed, "Mark")] == ["债务", "公益性"]
    article = classed(page, "law")[0]
    assert words(article) == (
        "地方各级预算不列赤字。举借的债务只能用于公益性资本支出，不得用于经常性支出。"
    )
    assert [words(mark) for mark in kinds(article, "Mark")] == ["债务", "公益性"]
    assert links(listed)[0].startswith("/laws/budget-law/35?q=")
    assert "已载入的条文里没有“没有的词”。" in words(main(loaded, "/laws?q=没有的词"))


def test_an_article_has_its_chapter_its_neighbours_and_the_rules_that_cite_it(
    loaded: Home,
) -> None:
    page = main(loaded, "/laws/budget-law/35")
    assert "第四章 预算编制" in words(page) and "现行，自2015年1月1日起施行。" in words(page)
    assert words(classed(page, "law-ways")[0]) == "上一条 第三十四条下一条 第四十条"
    found = rows(page, "引用本条的规则 5")
    assert [row[0].split()[0] for row in found] == ["BZ03", "ZW01", "ZW08", "ZW09", "ZW10"]
    assert "/rules/ZW08" in links(page)
    (limit,) = [
        r for r in rows(main(loaded, "/laws/budget-law/40"), "引用本条的参数") if "下限" in r[0]
    ]
    assert limit == ["预备费占本级一般公共预算支出下限", "1%", "2015-01-01"]
    assert words(main(loaded, "/laws/budget-law/第三十五条")) == words(page)


def test_an_article_outside_its_dates_says_so_and_the_versions_stand_side_by_side(
    loaded: Home,
) -> None:
    page = main(loaded, "/laws/budget-law-1994/3")
    assert "该条文已于2014年12月31日失效。" in words(page)
    assert rows(page, "各版本") == [
        ["2030-01-01", "2030-01-01", "—", "尚未施行", "未载入"],
        ["2018-12-29", "2015-01-01", "—", "现行", "3条"],
        ["1994-03-22（本页）", "1995-01-01", "2014-12-31", "已失效", "1条"],
    ]
    future = words(main(loaded, "/laws/budget-law-next"))
    assert "该法规自2030年1月1日起施行，2026年" in future and "尚未施行。" in future


def test_a_law_lists_its_articles_the_rules_and_the_parameters_that_rest_on_it(
    loaded: Home,
) -> None:
    page = main(loaded, "/laws/budget-law")
    (whole,) = classed(page, "law-whole")
    assert [words(each) for each in classed(page, "law-part")] == ["第四章 预算编制"]
    assert [words(each) for each in kinds(whole, "Dt")] == [
        "第三十四条",
        "第三十五条规则 5",
        "第四十条规则 2",
    ]
    rules = rows(main(loaded, "/laws/budget-law?tab=rules"), "引用本法的规则")
    assert ["ZW08 债券资金用于经常性支出", "法", "◆红", "第三十五条"] in [row[:4] for row in rules]
    params = rows(main(loaded, "/laws/budget-law?tab=params"), "引用本法的参数")
    assert ["预备费占本级一般公共预算支出下限", "1%", "2015-01-01", "第四十条"] in params
    weak = rows(main(loaded, "/laws/debt-emergency-plan-2016?tab=rules"), "引用本法的规则")
    assert {row[3] for row in weak} == {"整部（条号待核对）"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/laws/no-such-law", "没有找到这条记录"),
        ("/laws/budget-law/99", "《预算法》已载入的文本有3条，没有第九十九条。"),
        ("/laws/budget-law/abc", "不是条号"),
        ("/laws/budget-law?tab=x", "应为 rules 或 params"),
    ],
)
def test_what_is_not_there_is_said(loaded: Home, path: str, said: str) -> None:
    assert said in words(main(loaded, path))


def test_rules_and_findings_lead_to_the_articles_they_rest_on(loaded: Home) -> None:
    assert "/laws/budget-law/35" in links(main(loaded, "/rules/ZW08"))
    assert "/laws/debt-emergency-plan-2016" in links(main(loaded, "/rules/ZW03"))
    assert "/laws/budget-law/40" in links(main(loaded, "/rules/BZ01"))  # beside its parameter
    (finding, *_) = [f for f in list_findings(loaded, Grant.operator("t")) if f.rule == "PZ02"]
    page = main(loaded, f"/finding/{finding.finding[:16]}")
    assert "/laws/budget-law-regulation/57" in links(page)
    assert "2020-08-03版，现行，自2020年10月1日起施行。" in words(page)


def test_the_search_of_everything_has_the_group_of_articles(loaded: Home) -> None:
    page = main(loaded, "/search?q=债务")
    assert [row[0] for row in rows(page, "法条")] == [
        "《预算法》第三十四条",
        "《预算法》第三十五条",
    ]
    assert "/laws/budget-law/35" in links(page)


def test_whoever_sees_a_part_of_the_data_reads_the_laws_like_everybody(loaded: Home) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    assert words(kinds(main(loaded, "/laws/budget-law/35", own), "Section")[0]) == words(
        kinds(main(loaded, "/laws/budget-law/35"), "Section")[0]
    )
