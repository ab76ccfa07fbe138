"""`docs/opinions.md`, command by command: a reader who follows it gets what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from budget_watch.audit import key_of, verify
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import fill
from tests.opinions.made_opinions import FLOW

PAGE = Path(__file__).parents[2] / "docs" / "opinions.md"


def told() -> Iterator[tuple[str, list[str]]]:
    """Each command of the page with the lines that it promises."""
    for part in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        for command in re.split(r"^\$ ", part, flags=re.M)[1:]:
            first, *lines = command.strip().splitlines()
            yield first, lines


@pytest.mark.slow
def test_the_page_can_be_followed_from_a_draft_to_the_end(tmp_path, capsys):
    home = Home(tmp_path / "home")
    fill(home, 1)
    followed = 0
    for command, lines in told():
        words = shlex.split(command)
        assert words.pop(0) == "budget-watch"
        with pytest.raises(SystemExit):
            main(["--home", str(home.root), *words])
        printed = "".join(capsys.readouterr())
        assert all(line in printed for line in lines), f"{command}\n{printed}"
        followed += 1
    assert followed > 30
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []


def test_the_page_names_every_kind_and_every_turn():
    text = PAGE.read_text(encoding="utf-8")
    for kind in FLOW.kinds:
        assert f"| {kind.id} |" in text
    for step in ("decline", "lapse", "register", "forward", "not_ours", "reply", "again"):
        assert step in FLOW.step and f"`{step}`" in text
