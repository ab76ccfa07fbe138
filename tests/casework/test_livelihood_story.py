"""`docs/livelihood.md`, command by command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from textwrap import dedent

import pytest

from budget_watch.cli.main import main
from tests.views_drill.small_city import make_home

PAGE = Path(__file__).parents[2] / "docs" / "livelihood.md"
PEOPLE = (
    ("li", "经办", ""),
    ("wang", "审核", ""),
    ("dai", "代表", ""),
    ("kuai", "单位经办", "101001"),
)


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path, capsys):
    home, _ = make_home(tmp_path / "home")

    def run(*words: str) -> str:
        with pytest.raises(SystemExit):
            main(["--home", str(home.root), *words])
        return "".join(capsys.readouterr())

    for name, role, unit in PEOPLE:
        run(
            "users",
            "add",
            name,
            "--name",
            name,
            "--role",
            role,
            *(["--unit", unit] if unit else []),
        )
    parts = re.findall(r"^( *)```console\n(.*?)^\1```", PAGE.read_text("utf-8"), re.S | re.M)
    page, followed = "".join(dedent(part) for _, part in parts), 0
    for command in re.split(r"^\$ ", page, flags=re.M)[1:]:
        first, *lines = command.strip().splitlines()
        printed = run(*shlex.split(first)[1:])
        assert lines and all(line in printed for line in lines), f"{first}\n{printed}"
        followed += 1
    assert followed == 6
