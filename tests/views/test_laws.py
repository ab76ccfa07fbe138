"""政策法规: what words find in the texts, in which chapter an article stands, who cites it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from budget_watch.casework.book import rule_book, rules_dir
from budget_watch.engine import load_book
from budget_watch.engine.model import Law
from budget_watch.views.laws import (
    Work,
    citing,
    citing_values,
    find,
    library,
    named,
    places,
    state_of,
    versions,
)

REAL = Path(__file__).parents[3] / "shared/data/laws"
BUDGET = """# 中华人民共和国预算法

1994年3月22日 第八届全国人民代表大会第二次会议通过

2018年12月29日 第二次修正

第一章 总则
第二章 预算编制

## 第一章 总则

第一条 为了规范政府收支行为，制定本法。

### 第一节 一般规定

第二条 预算依照本法规定执行。

举借债务按ＧＤＰ的3％控制。

## 第二章 预算编制

第三条 预备费用于突发事件。
第三条之一 动用预备费，依照第三条办理。
"""
RULES = """# 中华人民共和国预算法实施条例

第三条 预备费的动用由本级政府决定，不得用于预备费以外的支出。
"""


def law(name: str, **more: object) -> Law:
    said = {
        "id": name,
        "title": f"中华人民共和国{name}",
        "short": name,
        "version": "2018-12-29",
        "valid_from": date(2015, 1, 1),
        "authority": "law",
        "file_hint": name,
        **more,
    }
    return Law.model_validate(said)


LAWS = {
    "预算法": law("预算法"),
    "预算法实施条例": law("预算法实施条例", version=None, authority="regulation"),
    "农业法": law("农业法", file_hint=None),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "laws").mkdir()
    (tmp_path / "laws" / "预算法(2018-12-29).md").write_text(BUDGET, encoding="utf-8")
    (tmp_path / "laws" / "预算法实施条例.md").write_text(RULES, encoding="utf-8")
    return tmp_path


def hits(root: Path, said: str) -> list[tuple[str, str]]:
    return [(each.work.law.id, each.article) for each in find(library(root, LAWS), said)]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("预备费", [("预算法", "3"), ("预算法", "3-1"), ("预算法实施条例", "3")]),
        ("预备费 突发事件", [("预算法", "3")]),
        ("gdp的3%", [("预算法", "2")]),  # small letters and narrow signs are the same
        ("预算法 第三条", [("预算法", "3"), ("预算法实施条例", "3"), ("预算法", "3-1")]),
        ("第三条之一", [("预算法", "3-1")]),
        ("实施条例 动用", [("预算法实施条例", "3")]),
        ("实施条例", []),  # a law's name alone names a law, not its articles
        ("农业", []),
        ("   ", []),
    ],
)
def test_words_find_the_articles_that_hold_them_all(
    root: Path, said: str, found: list[tuple[str, str]]
) -> None:
    assert hits(root, said) == found


def test_a_match_shows_the_paragraph_around_it_with_the_places(root: Path) -> None:
    (match,) = find(library(root, LAWS), "GDP")
    assert match.excerpt == "举借债务按ＧＤＰ的3％控制。"
    assert [match.excerpt[start:end] for start, end in match.spans] == ["ＧＤＰ"]
    assert places("预备费的预备费用", ("预备", "备费")) == ((0, 3), (4, 7))
    assert places("预备费", ()) == ()


def test_a_long_paragraph_is_cut_on_both_sides(tmp_path: Path) -> None:
    (tmp_path / "laws").mkdir()
    text = f"第一条 {'甲' * 60}预备费{'乙' * 90}\n"
    (tmp_path / "laws" / "预算法.md").write_text(text, encoding="utf-8")
    (match,) = find(library(tmp_path, LAWS), "预备费")
    assert match.excerpt == f"…{'甲' * 36}预备费{'乙' * 69}…"
    assert [match.excerpt[start:end] for start, end in match.spans] == ["预备费"]


def test_a_law_has_its_chapters_its_history_and_its_neighbours(root: Path) -> None:
    work = library(root, LAWS)["预算法"]
    assert work.outline.passed == (
        "1994年3月22日 第八届全国人民代表大会第二次会议通过",
        "2018年12月29日 第二次修正",
    )
    assert {article: [h.title for h in work.above(article)] for article in work.order} == {
        "1": ["第一章 总则"],
        "2": ["第一章 总则", "第一节 一般规定"],
        "3": ["第二章 预算编制"],
        "3-1": ["第二章 预算编制"],
    }
    assert (work.beside("1"), work.beside("3"), work.beside("3-1")) == (
        (None, "2"),
        ("2", "3-1"),
        ("3", None),
    )


def test_a_text_that_is_loaded_or_taken_away_is_seen_at_once(root: Path) -> None:
    assert library(root, LAWS) is library(root, LAWS)
    assert not library(root, LAWS)["农业法"].articles
    (root / "laws" / "农业法.md").write_text("第一条 农业。\n", encoding="utf-8")
    assert not library(root, LAWS)["农业法"].articles  # its title is 中华人民共和国农业法
    (root / "laws" / "农业法.md").rename(root / "laws" / "中华人民共和国农业法.md")
    assert library(root, LAWS)["农业法"].articles == {"1": "农业。"}
    (root / "laws" / "中华人民共和国农业法.md").unlink()
    assert library(root, LAWS)["农业法"].articles == {}


def test_laws_are_named_by_their_names_and_versions_go_by_the_title(root: Path) -> None:
    old = law("old", title="中华人民共和国预算法", valid_from=date(1995, 1, 1),
              valid_to=date(2014, 12, 31), version="1994-03-22")  # fmt: skip
    known = library(root, {**LAWS, "old": old})
    assert [work.law.id for work in named(known, "预算法")] == ["预算法", "预算法实施条例", "old"]
    assert [work.law.id for work in versions(known, LAWS["预算法"])] == ["预算法", "old"]
    days = (date(1994, 12, 31), date(1995, 1, 1), date(2014, 12, 31), date(2015, 1, 1))
    assert [state_of(old, day) for day in days] == ["尚未施行", "现行", "现行", "已失效"]


def test_what_a_rule_cites_stands_at_its_article_once_with_the_levels_that_rest_on_it() -> None:
    book = load_book([rules_dir()])
    found = {(e.rule.id, e.law, e.article): (e.levels, e.quotes) for e in citing(book)}
    assert found["ZW08", "budget-law", "35"] == (
        ("red",),
        ("只能用于公益性资本支出，不得用于经常性支出",),
    )
    assert ("ZW03", "debt-emergency-plan-2016", None) in found
    weak = {e.rule.id for e in citing(book) if e.article is None}
    sure = [e for e in citing(book) if e.article is not None]
    levels = {level.confidence or rule.rule.confidence for rule in book.rules.values()
              for level in rule.rule.levels}  # fmt: skip
    assert levels >= {"H", "M"} and weak and sure
    assert all("H" in (e.rule.confidence, *(lv.confidence for lv in e.rule.levels)) for e in sure)


def test_what_a_parameter_rests_on_is_an_article_only_where_it_was_checked() -> None:
    book = load_book([rules_dir()])
    found = {(e.param.id, e.law, e.article) for e in citing_values(book)}
    assert ("drafting.reserve.low", "budget-law", "40") in found
    assert ("debt.interest.ceiling", "debt-emergency-plan-2016", None) in found
    assert all(
        article is None or book.params[name].param.confidence == "H" for name, _, article in found
    )


def test_every_article_that_is_cited_stands_in_the_real_texts(tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not there: the real law texts were not read")
    (tmp_path / "laws").symlink_to(REAL)
    book = rule_book(tmp_path)
    known: dict[str, Work] = library(tmp_path, book.laws)
    assert sum(len(work.articles) for work in known.values()) == 958
    assert all(work.above(a) for work in known.values() for a in work.articles)
    for each in [*citing(book), *citing_values(book)]:
        assert each.article is None or each.article in known[each.law].articles
    for each in citing(book):
        text = known[each.law].articles.get(each.article or "", "").replace("\n", "")
        assert all(quote in text for quote in each.quotes if each.article), each.rule.id
    said = [(m.work.law.id, m.article) for m in find(known, "公益性资本支出")]
    assert said == [("budget-law", "35")]
