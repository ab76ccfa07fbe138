"""docs/add-a-rule.md, followed: its files load, their tests pass, no change goes unnoticed."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from budget_watch.engine import load_book
from budget_watch.engine.lint import lint
from budget_watch.engine.load import Book
from budget_watch.engine.mutate.run import of_rule
from budget_watch.engine.testing import run_tests

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-rule.md").read_text(encoding="utf-8")
FILES = (
    "params/own.yaml",
    "execution/ZX91.yaml",
    "execution/ZX91.test.yaml",
    "params/entrusted.yaml",
    "execution/ZX92.yaml",
    "execution/ZX92.test.yaml",
)
RULES = ["ZX91", "ZX92"]


def followed(home: Path) -> Book:
    """The book with the page's files in the home's own folder."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    assert len(blocks) == len(FILES)
    for name, text in zip(FILES, blocks, strict=True):
        path = home / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_book([ROOT / "rules", home / "rules"])


def test_the_files_of_the_page_are_clean_tested_and_covered(tmp_path: Path) -> None:
    book = followed(tmp_path)
    own = str(tmp_path)
    assert [each for each in lint(book, today=date(2026, 11, 27)) if own in each.file] == []
    run = run_tests(book, RULES, coverage=True)
    assert (run.summary["failed"], run.summary["uncovered"]) == (0, 0)


@pytest.mark.parametrize("rule", RULES)
def test_no_change_of_the_pages_rules_goes_unnoticed(tmp_path: Path, rule: str) -> None:
    result = of_rule(followed(tmp_path), rule)
    assert (result.survivors, result.killed > 20) == ((), True)
