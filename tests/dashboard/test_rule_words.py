"""Expressions in words: brackets once, and the rule book read anew when a file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from budget_watch.casework.checking import book_stamp
from dashboard.pages.rule_words import single_brackets


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
