"""Who the committee is: what `[committee]` of the settings says, or what stands in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from budget_watch.casework.committee import Committee, committee
from budget_watch.lake import Home

OFFICE = "人大常委会预算工作委员会"


@pytest.mark.parametrize(
    ("settings", "found", "issuer"),
    [
        (None, Committee(), f"示范市{OFFICE}"),
        ("[access]\n", Committee(), f"示范市{OFFICE}"),
        (
            '[committee]\nname = "某市人大预算工委"\nregion = "990100000"\n',
            Committee("某市人大预算工委", "990100000"),
            "某市人大预算工委",
        ),
        ("[committee]\nname = 3\nregion = 99\n", Committee(None, "99"), f"示范市{OFFICE}"),
    ],
)
def test_the_settings_say_it_or_the_city_stands_for_it(
    tmp_path: Path, settings: str | None, found: Committee, issuer: str
) -> None:
    if settings is not None:
        (tmp_path / "budget_watch.toml").write_text(settings, encoding="utf-8")
    told = committee(Home(tmp_path))
    assert (told, told.issuer("示范市")) == (found, issuer)
