"""Recovery (`clear:`): a finding stays open until enough periods in a row are fine."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_watch.engine import load_book, run_check
from budget_watch.engine.errors import BookError
from budget_watch.engine.load import Book
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.engine.result import RunResult
from tests.engine.books import CITY, book_of, reader_of, write_book

RULE = """
grain: [fiscal_year, month, mof_div_code, code]
universe: {from: execution_month}
measures: {done: {from: execution_month, value: sum(ytd_amt)}}
skip: [{when: "done = 7元", because: 不判断}]
levels:
  - {level: orange, when: "done >= 20元"}
  - {level: yellow, when: "done >= 10元"}
clear: {when: "done < 5元", for: 2 months}
identity: [mof_div_code, code]
message: "完成{done:money}"
"""
DAY = date(2027, 12, 31)


def table(series: dict[str, dict[int, Any]]) -> dict[str, Any]:
    """code → month number (13 = January of the next year) → yuan (None: blank)."""
    return {
        "execution_month": [
            {
                "fiscal_year": 2026 + (month - 1) // 12, "month": (month - 1) % 12 + 1,
                "mof_div_code": CITY, "scope_kind": "本级", "stage": "月报", "code": code,
                "ytd_amt": None if yuan is None else f"{yuan}元",
            }
            for code, months in series.items()
            for month, yuan in months.items()
        ]
    }  # fmt: skip


def run(book: Book, tables: dict[str, Any]) -> RunResult:
    reader = reader_of(tables)
    result = run_check(reader, book, DAY)
    assert not result.per_rule[0].message
    assert seen(result.observations) == Oracle(reader, book, DAY).run()
    return result


def story(result: RunResult, code: str = "201") -> dict[int, str]:
    """Month number → level (in brackets while held open, with ~ once recovered), or outcome."""
    told = {}
    for row in result.observations.to_dicts():
        grain = json.loads(row["grain"])
        if grain["code"] != code:
            continue
        word = row["level"] or row["outcome"]
        word = f"({word})" if row["outcome"] == "hit" and row["because"] else word
        month = (grain["fiscal_year"] - 2026) * 12 + grain["month"]
        told[month] = word + ("~" if row["recovered"] else "")
    return dict(sorted(told.items()))


def of(*yuan: Any) -> dict[str, Any]:
    return table({"201": {at: amount for at, amount in enumerate(yuan, 1) if amount != "gap"}})


@pytest.mark.parametrize(
    ("yuan", "told"),
    [
        ((10, 4), {1: "yellow", 2: "(yellow)"}),
        ((10, 4, 4), {1: "yellow~", 2: "(yellow)~"}),
        ((10, 4, 4, 4, 4), {1: "yellow~", 2: "(yellow)~"}),
        ((20, 10, 4), {1: "orange", 2: "yellow", 3: "(yellow)"}),
        ((10, 20, 4), {1: "yellow", 2: "orange", 3: "(orange)"}),
        ((10, 20, 4, 4), {1: "yellow~", 2: "orange~", 3: "(orange)~"}),
        ((10, 5, 5, 5), {1: "yellow", 2: "(yellow)", 3: "(yellow)", 4: "(yellow)"}),
        ((10, 4, 5, 4), {1: "yellow", 2: "(yellow)", 3: "(yellow)", 4: "(yellow)"}),
        ((10, 4, 5, 4, 4), {1: "yellow~", 2: "(yellow)~", 3: "(yellow)~", 4: "(yellow)~"}),
        ((10, 4, 4, 10, 4), {1: "yellow~", 2: "(yellow)~", 4: "yellow", 5: "(yellow)"}),
        ((10, 4, 7, 4), {1: "yellow", 2: "(yellow)", 4: "(yellow)"}),
        ((10, 4, None, 4), {1: "yellow", 2: "(yellow)", 3: "insufficient_data", 4: "(yellow)"}),
        ((10, 4, "gap", 4), {1: "yellow", 2: "(yellow)", 4: "(yellow)"}),
        ((10, 4, "gap", 4, 4), {1: "yellow~", 2: "(yellow)~", 4: "(yellow)~"}),
        ((4, 4, 10), {3: "yellow"}),
        ((0,) * 10 + (10, 4, 4, 4), {11: "yellow~", 12: "(yellow)~"}),
    ],
)
def test_the_story_of_one_finding(tmp_path: Path, yuan: Any, told: dict[int, str]) -> None:
    assert story(run(book_of(tmp_path, {"ZX91": RULE}), of(*yuan))) == told


def test_where_nothing_was_delivered_there_is_nothing_to_hold_open(tmp_path: Path) -> None:
    book = book_of(tmp_path, {"ZX91": RULE})
    result = run_check(reader_of({}, not_delivered=["execution_month"]), book, DAY)
    assert (result.per_rule[0].error, result.observations.height) == (0, 0)


def test_what_is_held_open_is_counted_and_says_how_far_it_is(tmp_path: Path) -> None:
    result = run(book_of(tmp_path, {"ZX91": RULE}), of(10, 6, 4))
    tally = result.per_rule[0].record()
    assert (tally["hit"], tally["unrecovered"], tally["clear"], tally["judged"]) == (3, 2, 0, 3)
    assert result.observations["because"].to_list() == [
        None,
        "本期未触发，尚未连续2个月恢复（已连续0个月）",
        "本期未触发，尚未连续2个月恢复（已连续1个月）",
    ]
    assert [json.loads(each)["done"] for each in result.observations["values"]] == [1000, 600, 400]


def test_the_sentence_of_a_finding_held_open_does_not_claim_this_periods_hit(
    tmp_path: Path,
) -> None:
    from budget_watch.engine.wording import render

    book = book_of(tmp_path, {"ZX91": RULE})
    row = run(book, of(10, 4)).observations.row(1, named=True)
    said = render(book, row)
    assert "“试验规则”此前触发，本期未触发，尚未连续2个月恢复（已连续1个月）" in said
    assert "完成" not in said


def test_other_findings_and_years_stand_apart_as_the_identity_says(tmp_path: Path) -> None:
    tables = table({"201": {1: 10, 2: 4}, "202": {2: 4, 3: 4}, "203": {12: 10, 13: 4}})
    result = run(book_of(tmp_path, {"ZX91": RULE}), tables)
    assert (story(result, "201"), story(result, "202"), story(result, "203")) == (
        {1: "yellow", 2: "(yellow)"}, {}, {12: "yellow", 13: "(yellow)"},
    )  # fmt: skip
    yearly = RULE.replace("identity: [", "identity: [fiscal_year, ")
    result = run(book_of(tmp_path, {"ZX91": yearly}), tables)
    assert story(result, "203") == {12: "yellow"}


def test_a_hit_that_is_exempted_opens_nothing(tmp_path: Path) -> None:
    write_book(tmp_path, {"ZX91": RULE})
    (tmp_path / "exemptions").mkdir()
    (tmp_path / "exemptions" / "all.yaml").write_text(
        "- {id: L1, rule: ZX91, scope: {code: '201'}, document: 纪要, from: 2026-01-01, "
        "to: 2026-02-28, registered_by: 甲, approved_by: 乙, reason: 试验}",
        encoding="utf-8",
    )
    book = load_book(tmp_path)
    assert story(run(book, of(10, 4, 4))) == {1: "not_applicable"}
    assert story(run(book, of(10, 10, 10, 4))) == {
        1: "not_applicable", 2: "not_applicable", 3: "yellow", 4: "(yellow)",
    }  # fmt: skip


def test_a_provisional_figure_holds_a_red_finding_open_at_orange(tmp_path: Path) -> None:
    rule = RULE.replace('level: orange, when: "done >= 20元"', 'level: red, when: "done >= 20元"')
    tables = of(20, 4)
    tables["execution_month"][1]["stage"] = "快报"
    result = run(book_of(tmp_path, {"ZX91": rule}, klass="法", confidence="H"), tables)
    assert story(result) == {1: "red", 2: "(orange)"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("for: 2 months", "for: 0 months", "至少一期"),
        ("for: 2 months", "for: 2 quarters", "以 quarter 为最细的期间"),
        ("for: 2 months", "for: 2 years", "以 fiscal_year 为最细的期间"),
        ("identity: [mof_div_code, code]", "identity: [mof_div_code]", "期间以外的列"),
        ("identity: [mof_div_code, code]", "", "且不含 month"),
        ("done < 5元", "done < 5", "金额"),
        ("for: 2 months", "for: 2 weeks", "weeks|pattern"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    write_book(tmp_path, {"ZX91": RULE.replace(old, new)})
    with pytest.raises(BookError, match=said):
        load_book(tmp_path)


@given(
    st.lists(st.sampled_from([4, 6, 7, 10, 20, None, "gap"]), min_size=1, max_size=14),
    st.integers(1, 3),
)
@settings(max_examples=40, deadline=None)
def test_the_engine_and_the_walk_tell_the_same_story(
    tmp_path_factory: Any, yuan: list[Any], count: int
) -> None:
    rule = RULE.replace("for: 2 months", f"for: {count} months")
    run(book_of(tmp_path_factory.mktemp("book"), {"ZX91": rule}), of(*yuan, 4))
