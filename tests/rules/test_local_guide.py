"""docs/local.md, followed: its files load over the product's book and do what the page says."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from budget_watch.engine import load_book
from budget_watch.engine.lint import lint

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
FILES = (
    "params/local.yaml",
    "words/local.yaml",
    "groups/local.yaml",
    "exemptions/2026.yaml",
)


def written(page: str, home: Path, root: str) -> list[str]:
    """Write the page's files into a home; their names under its rules."""
    names = []
    for head, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", page, re.S):
        name = head.removeprefix(f"{root}/rules/")
        path = home / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        names.append(name)
    return names


def test_the_files_of_the_page_load_are_clean_and_change_what_it_says(tmp_path: Path) -> None:
    assert written(PAGE, tmp_path, "<home>") == list(FILES)
    product = load_book(ROOT / "rules")
    book = load_book([ROOT / "rules", tmp_path / "rules"])
    own = str(tmp_path)
    assert [each for each in lint(book, today=date(2026, 11, 27)) if own in each.file] == []
    told = re.findall(r"^  ((?:参数|词表|代码组) .*)$", PAGE, re.M)
    assert [each.sentence for each in book.local] == told
    assert len(told) == 3
    limit = book.params["drafting.turnover.limit"]
    found = [limit.at(date(2026, 9, 30), region) for region in ("990122000", "990121000")]
    assert [each and str(each.value) for each in found] == ["3/500", "1/100"]
    before, since = (
        product.named.words["reception"].editions,
        book.named.words["reception"].editions,
    )
    assert [each.since.year for each in since] == [1900, 2026]
    assert since[0].include == before[0].include
    assert set(since[1].include) ^ set(before[0].include) == {"来宾茶歇", "家宴"}
    assert set(since[1].exclude) ^ set(before[0].exclude) == {"接待费补助"}
    codes = book.named.groups["official_card_codes"].sets
    assert set(codes[0].codes) ^ set(codes[1].codes) == {"30226", "30218"}
    assert [each.said.id for each in book.exemptions] == ["LW-2026-001"]
    assert book.hash != product.hash


def test_the_chinese_readme_gives_a_file_that_loads(tmp_path: Path) -> None:
    assert written(CHINESE, tmp_path, "目录") == ["params/local.yaml"]
    book = load_book([ROOT / "rules", tmp_path / "rules"])
    assert [(each.kind, each.id) for each in book.local] == [("参数", "drafting.turnover.limit")]
