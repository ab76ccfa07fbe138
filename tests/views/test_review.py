"""逐条审查: what every rule that the law's questions ask came to, and to whom how much is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from budget_watch.access import Grant, Reached, Scope
from budget_watch.casework import finding_lists, tables
from budget_watch.casework.checking import rule_book
from budget_watch.casework.runs import latest_run
from budget_watch.engine import Book
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.views.review import Review, brief, quoted, review, sentence
from budget_watch.views.review_questions import DRAFT, FINAL, PERFORMANCE, questions
from tests.views import review_city
from tests.views.small_city import CITY

WHOLE = Grant.operator("test")
PACKS = {"drafting": DRAFT, "final": FINAL, "performance": PERFORMANCE}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return review_city.make(tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="module")
def book(city: Home) -> Book:
    return rule_book(city.root)


def made(
    city: Home, book: Book, area: str, year: int, grant: Grant = WHOLE, department: str = ""
) -> Review:
    run = latest_run(city)
    assert run is not None
    if grant is not WHOLE:
        run = run.under(frozenset(book.rules))
    return review(city, grant, book, run, (PACKS[area], area), year, department, region=CITY)


def outcomes(found: Review) -> dict[str, str]:
    return {each.rule.id: each.outcome for each in found.rules}


def test_every_rule_of_a_pack_stands_under_a_question_once_or_under_the_others(book: Book) -> None:
    for area, asked in PACKS.items():
        named = [name for each in questions(book, asked, area) for name in each.rules]
        assert {rule.id for rule in book.rules.values() if rule.rule.area == area} <= set(named)
        assert len(named) == len(set(named))
        assert all(name in book.rules for each in asked for name in each.rules)


def test_a_rule_that_no_question_names_stands_at_the_end(book: Book) -> None:
    found = questions(book, DRAFT[:2], "drafting")
    last = found[-1]
    assert (last.law, last.words) == ("", "没有列入上述内容的规则")
    assert "BZ01" in last.rules and "BZ09" not in last.rules


def test_the_articles_asked_are_those_of_registered_laws(book: Book) -> None:
    for asked in PACKS.values():
        assert {each.law for each in asked} <= set(book.laws)


def test_each_rule_of_the_draft_has_its_outcome_of_the_year(city: Home, book: Book) -> None:
    found = made(city, book, "drafting", 2026)
    waiting = ("BZ02", "BZ03", "BZ04", "BZ05", "BZ10", "BZ11", "BZ12", "BZ13", "ZW09")
    assert outcomes(found) == {
        "JS03": "none",
        "BZ09": "clear",
        "BZ01": "hit",
        "BZ14": "insufficient_data",
        "BZ16": "insufficient_data",
        "BZ06": "clear",
        "BZ07": "clear",
        "BZ08": "clear",
        "BZ15": "hit",
        "ZW01": "clear",
        "ZW05": "none",
        **dict.fromkeys(waiting, "waiting"),
    }
    by_rule = {each.rule.id: each for each in found.rules}
    assert by_rule["BZ15"].counts == {"hit": 2, "clear": 1}
    assert [each.grain["pro_code"] for each in by_rule["BZ15"].found] == ["P9", "PI2"]
    assert (by_rule["BZ09"].year, by_rule["BZ09"].counts) == (2025, {"clear": 2})
    assert len(by_rule["BZ14"].lacking) == 1
    assert by_rule["BZ02"].counts is None


def test_another_year_is_judged_by_its_own_counts(city: Home, book: Book) -> None:
    found = made(city, book, "drafting", 2025)
    told = outcomes(found)
    assert (told["BZ01"], told["BZ06"]) == ("clear", "none")  # 批准 came, a department draft not
    by_rule = {each.rule.id: each for each in found.rules}
    assert by_rule["BZ15"].counts == {"clear": 1, "hit": 1}
    assert [each.grain["fiscal_year"] for each in by_rule["BZ15"].found] == [2025]


def test_final_accounts_and_performance(city: Home, book: Book) -> None:
    final = outcomes(made(city, book, "final", 2025))
    assert {name: told for name, told in final.items() if told in ("hit", "clear")} == {
        "JS01": "clear",
        "JS02": "hit",
        "JS05": "hit",
        "JS06": "hit",
    }
    assert outcomes(made(city, book, "performance", 2026)) == {
        "JX03": "clear",
        "BZ15": "hit",
        "JX01": "hit",
        "JX02": "hit",
        "JX04": "clear",
        "JX05": "hit",
    }


def test_sentences_say_no_more_than_the_outcome(city: Home, book: Book) -> None:
    said = {
        each.rule.id: sentence(book, each)
        for each in made(city, book, "drafting", 2026).rules
        if each.rule.id in ("BZ01", "BZ06", "BZ14", "BZ02", "JS03", "BZ15")
    }
    assert said == {
        "JS03": "“决算草案和报告提请时间不符”：送达的数据中没有可判断的对象，未作判断。",
        "BZ01": "数据显示示范市本级2026年草案预算预备费10.00万元，"
        "占一般公共预算支出1,710.00万元的0.6%，法定区间1.0%至3.0%，涉及《预算法》第四十条，待核实。",
        "BZ02": "“预算周转金超限”：未作判断"
        "（数据未送达：财政专项账户与总会计余额表。送达后自动判断）。",
        "BZ14": "“‘三保’预算安排不足”：1个对象数据不足，无法判断"
        "（财政部门没有提供“三保”测算需求）。",
        "BZ06": "“预算未编列到项或到款”：判断2个对象，未触发。",
        "BZ15": "数据显示示范市水利局本级2026年项目P9安排预算30.00万元，项目库中没有这个项目，"
        "涉及《预算法实施条例》第四十一条，待核实。同类另有1条。",
    }


def test_who_sees_a_part_is_told_only_of_findings_that_are_theirs(city: Home, book: Book) -> None:
    own = Grant("u", "test", scope=Scope(departments=frozenset({"102"})))
    found = made(city, book, "drafting", 2026, own)
    assert {each.counts for each in found.rules} == {None}
    assert {each.lacking for each in found.rules} == {()}
    assert [each.rule.id for each in found.of("hit")] == ["BZ15"]
    assert set(outcomes(found).values()) == {"hit", "unsaid", "waiting"}
    other = Grant("u", "test", scope=Scope(departments=frozenset({"101"})))
    assert made(city, book, "drafting", 2026, other).found == ()
    upheld = Grant("d", "test", findings=Reached.UPHELD)
    assert made(city, book, "drafting", 2026, upheld).found == ()


def test_a_run_that_did_not_count_by_year_says_so(city: Home, book: Book) -> None:
    run = latest_run(city)
    assert run is not None
    bare = tuple({k: v for k, v in t.items() if k not in ("years", "aside")} for t in run.tallies)
    found = review(city, WHOLE, book, replace(run, tallies=bare), (DRAFT, "drafting"), 2026)
    told = outcomes(found)
    assert (told["BZ01"], told["BZ06"], told["BZ02"]) == ("hit", "uncounted", "waiting")


def test_what_a_rule_on_trial_hits_is_no_result(city: Home, book: Book) -> None:
    rule = book.rules["BZ01"]
    trial = replace(rule, rule=rule.rule.model_copy(update={"status": "trial"}))
    own = replace(book, rules={**book.rules, "BZ01": trial})
    run = latest_run(city)
    with writing(city) as connection:
        connection.execute(
            tables.finding.update().where(tables.finding.c.rule == "BZ01").values(trial=True)
        )
    finding_lists._kept.clear()  # no run and no act changed them
    try:
        found = review(city, WHOLE, own, run, (DRAFT, "drafting"), 2026)
    finally:
        with writing(city) as connection:
            connection.execute(tables.finding.update().values(trial=False))
        finding_lists._kept.clear()
    assert outcomes(found)["BZ01"] == "trial"


def test_a_departments_review_counts_nothing_of_others(city: Home, book: Book) -> None:
    found = made(city, book, "drafting", 2026, department="102")
    assert [each.rule.id for each in found.of("hit")] == ["BZ15"]
    assert {each.counts for each in found.rules} == {None}
    assert made(city, book, "drafting", 2026, department="101").found == ()


def test_words() -> None:
    assert quoted("“三保”不足") == "“‘三保’不足”"
    assert brief("没有需求（需求：表没有记录）") == "没有需求"
    assert brief("没有需求") == "没有需求"
