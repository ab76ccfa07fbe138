"""The pages of docs/rules say what the rule book says now."""

from __future__ import annotations

from pathlib import Path

from budget_watch.engine import load_book
from budget_watch.engine.doc import write_all

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "rules"


def test_every_rule_has_its_page_and_no_page_is_out_of_date(tmp_path: Path) -> None:
    made = {path.name: path.read_bytes() for path in write_all(load_book(ROOT / "rules"), tmp_path)}
    kept = {path.name: path.read_bytes() for path in PAGES.glob("*.md")}
    stale = sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))
    assert stale == [], (
        "run: budget-watch rules doc --out docs/rules, and remove pages of old rules"
    )


def test_pages_name_no_place_of_the_machine_that_made_them() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES.glob("*.md"))
    assert str(ROOT) not in pages
    assert str(Path.home()) + "/" not in pages
