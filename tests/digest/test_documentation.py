"""docs/digest.md names what templates may use, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from budget_watch.access import Grant
from budget_watch.digest import charts, phrases
from budget_watch.digest.build import _dates
from budget_watch.digest.material import gather
from budget_watch.digest.period import parse
from budget_watch.lake import Home, Reader
from budget_watch.views import Desk

PAGE = (Path(__file__).parents[2] / "docs" / "digest.md").read_text(encoding="utf-8")


def test_every_word_of_the_page_exists_and_every_word_is_on_the_page(city: Home) -> None:
    reader = Reader(city, Grant.operator("test"))
    assert reader.snapshot is not None
    made = gather(Desk(reader), city, Grant.operator("test"), parse("2026Q3"))
    words = {w for w in made.words if not w[0].isdigit()} | set(_dates(reader.snapshot))
    told = set(re.findall(r"`\{([a-z_.]+)\}`", PAGE))
    assert told == words


def test_every_way_of_writing_and_every_form_of_chart_is_on_the_page() -> None:
    for name in (*phrases.FORMS, *charts.FORMS):
        assert f"`{name}`" in PAGE
