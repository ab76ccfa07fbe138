"""Expressions in words: brackets once, and the rule book read anew when a file changes."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from budget_watch.casework.checking import book_stamp
from budget_watch.lake import Home
from budget_watch.views.formats import growth
from dashboard.book import book_at
from dashboard.pages.rule_words import in_words, single_brackets


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("甲 > （（首个(乙, 丙)）） × 【上限】", "甲 > 首个(乙, 丙) × 【上限】"),
        ("（（甲 − 乙）） ÷ （丙 + 丁）", "（甲 − 乙） ÷ （丙 + 丁）"),
        ("（甲 且 （乙 或 丙））", "甲 且 （乙 或 丙）"),
        ("（合计(甲) + 合计(乙)） ÷ 丙", "（合计(甲) + 合计(乙)） ÷ 丙"),
        ("不成对）", "不成对）"),
    ],
)  # fmt: skip
def test_a_bracket_stands_once(text: str, once: str) -> None:
    assert single_brackets(text) == once


def test_the_stamp_of_a_book_moves_with_its_files(tmp_path: Path) -> None:
    own = tmp_path / "rules" / "params"
    stamps = [book_stamp(tmp_path)]
    own.mkdir(parents=True)
    file = own / "ours.yaml"
    for text in ("a", "b"):
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(len(stamps), len(stamps)))
        stamps.append(book_stamp(tmp_path))
    assert book_stamp(tmp_path) == stamps[-1]
    file.unlink()
    assert len(set(stamps)) == 3
    assert book_stamp(tmp_path) == stamps[0]


def test_no_condition_of_the_book_is_left_in_the_language_of_its_files(tmp_path: Path) -> None:
    book = book_at(Home(tmp_path))
    raw = {
        rule_id: left
        for rule_id, checked in book.rules.items()
        for level in checked.rule.levels
        if (left := re.findall(r"[a-z_]{3,}", in_words(level.when, checked.rule, book)))
    }
    assert raw == {}
    said = in_words("not in_group(eco, 'reception_codes')", book.rules["SG03"].rule, book)
    assert said.endswith("代码组“公务接待费科目”)")


def test_growth_that_is_none_bears_no_sign() -> None:
    grown = [growth(now, 1000) for now in (1000, 1000 + 1, 999, 0)]
    assert grown == ["0.0%", "+0.1%", "-0.1%", "-100.0%"]
    assert growth(1_000_001, 1_000_000) == "0.0%"
