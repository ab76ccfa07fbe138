"""The rule book as a whole: it loads, its tests reach everything, its citations are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget_watch.codes import names
from budget_watch.engine import load_book
from budget_watch.engine.laws import load_dir
from budget_watch.engine.load import Book
from budget_watch.engine.model import Citation

ROOT = Path(__file__).parents[2]
LAWS = ROOT / "../shared/data/laws"

MANDATORY = re.findall(
    r"\w+",
    "ZX01 ZX02 ZX03 ZX04 ZX05 ZX06 ZX14 ZX15 ZX18 ZX21 SG01 SG02 SG03 SG04 ZW01 ZW02 ZW03 ZW04 "
    "ZW05 ZW08 ZW10 BZ01 BZ03 BZ06 GZ01 GZ03 SB01 JS05 JS08 JS09 PZ01 PZ02 PZ03 PZ04 PZ07 PZ11 "
    "PZ12 PZ14 SJ02 SJ04 SJ05",
)
AREAS = {
    "drafting",
    "execution",
    "three_public",
    "debt",
    "assets",
    "social",
    "final",
    "voucher",
    "data",
    "performance",
}
# Groups that no rule judges by: kinds of expenditure that reports and pages sum.
READ_BY_PAGES = {"eight_spending", "livelihood"}
# pages.md §5: before a person found it so, no page says these.
FORBIDDEN = re.findall(
    r"\w+",
    "违法 违规 违纪 贪污 挪用 套取 截留 虚报 造假 问题单位 涉嫌 "
    "异常 严重 重大 系统判定 智能 拦截 处罚",
)


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book([ROOT / "rules"])


def _citations(book: Book) -> Iterator[tuple[str, Citation]]:
    for rule in book.rules.values():
        for level in rule.levels:
            for each in level.basis:
                yield f"{rule.id} {level.level}", each


def test_every_mandatory_rule_is_active(book: Book) -> None:
    missing = [name for name in MANDATORY if name not in book.rules]
    assert missing == []
    assert [name for name in MANDATORY if book.rules[name].rule.status != "active"] == []


def test_every_area_has_rules_and_stands_in_its_folder(book: Book) -> None:
    assert {rule.rule.area for rule in book.rules.values()} == AREAS
    wrong = [
        name for name, rule in book.rules.items() if book.files[name].parent.name != rule.rule.area
    ]
    assert wrong == []


def test_every_rule_says_why_how_and_to_whom(book: Book) -> None:
    lacking = [
        name
        for name, checked in book.rules.items()
        if not (
            checked.rule.why and checked.rule.method and checked.rule.handling and checked.rule.load
        )
    ]
    assert lacking == []


def test_no_sentence_for_readers_passes_judgement(book: Book) -> None:
    found = [
        (name, word)
        for name, checked in book.rules.items()
        for text in (checked.rule.title, checked.rule.message, checked.rule.why)
        for word in FORBIDDEN
        if word in (text or "")
    ]
    assert found == []


def test_red_needs_a_statute_or_a_sure_document(book: Book) -> None:
    wrong = [
        (name, level.level)
        for name, checked in book.rules.items()
        for level in checked.levels
        if level.level == "red"
        and not (level.klass == "法" or (level.klass == "规" and level.confidence == "H"))
    ]
    assert wrong == []


def test_a_level_of_class_law_cites_an_article_of_a_law_or_regulation(book: Book) -> None:
    wrong = [
        (name, level.level)
        for name, checked in book.rules.items()
        for level in checked.levels
        if level.klass == "法"
        and not any(
            each.article and book.laws[each.law].authority in ("law", "regulation")
            for each in level.basis
        )
    ]
    assert wrong == []


def test_documents_of_middle_or_low_confidence_are_cited_without_articles(book: Book) -> None:
    untested = {name for name, law in book.laws.items() if not law.file_hint}
    wrong = [place for place, each in _citations(book) if each.law in untested and each.article]
    assert wrong == []


def test_statutory_parameters_have_an_article_and_a_stricter_direction(book: Book) -> None:
    statutory = [each.param for each in book.params.values() if each.param.statutory]
    assert len(statutory) >= 8
    for each in statutory:
        assert each.tighter in ("lower", "higher"), each.id
        assert all(value.basis and value.basis[0].article for value in each.values), each.id


def test_every_parameter_word_list_and_group_is_used(book: Book) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in book.files.values())
    unused = [name for name in book.params if f"'{name}'" not in text]
    lists = [*book.lists.words, *book.lists.groups]
    unused += [name for name in lists if f"'{name}'" not in text and name not in READ_BY_PAGES]
    assert unused == []


def test_the_parts_of_the_three_guarantees_are_apart_and_keep_to_their_whole(book: Book) -> None:
    names_of = ("three_guarantees", "guarantee_livelihood", "guarantee_running", "guarantee_wages")
    groups = [book.named.groups[name] for name in names_of]
    assert [[each.since.year for each in group.sets] for group in groups] == [[2018]] * 4
    whole, livelihood, running, wages = (group.sets[0].codes for group in groups)
    parts = (livelihood, running, ("20805",))  # staff's pensions are wages by economic class
    for code in names("functional", 2026):
        if len(code) == 7:  # each item of the whole is in one part, no other item in any
            assert sum(code.startswith(part) for part in parts) == code.startswith(whole), code
    assert {len(code) for code in wages} == {5}
    assert set(wages) <= set(names("gov_economic", 2026))


@pytest.mark.skipif(not LAWS.is_dir(), reason="没有法律文本（../shared/data/laws）")
def test_citations_exist_in_the_law_texts_and_quotes_are_verbatim(book: Book) -> None:
    texts = load_dir(LAWS, book.laws)
    assert {name for name, law in book.laws.items() if law.file_hint} == set(texts)
    wrong = []
    for place, each in _citations(book):
        if not book.laws[each.law].file_hint:
            continue
        if not each.article:
            wrong.append((place, each.law, "没有条"))
            continue
        article = texts[each.law].get(each.article)
        if article is None:
            wrong.append((place, each.law, each.article))
        elif each.quote and each.quote not in re.sub(r"\s", "", article):
            wrong.append((place, each.law, each.quote))
    assert wrong == []


def test_no_rule_cites_a_law_before_it_was_in_force(book: Book) -> None:
    wrong = []
    for name, checked in book.rules.items():
        start = checked.rule.valid.since
        for level in checked.levels:
            for each in level.basis:
                law = book.laws[each.law]
                if f"date '{law.valid_from}'" in level.text:
                    continue  # the level itself begins on that day
                if law.valid_from > start and law.authority != "local":
                    wrong.append((name, each.law, str(law.valid_from)))
    assert sorted(set(wrong)) == []
