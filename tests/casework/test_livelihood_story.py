"""`docs/livelihood.md`, command by command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from budget_watch.cli.main import main
from tests.views_drill.small_city import make_home

PAGE = Path(__file__).parents[2] / "docs" / "livelihood.md"
PEOPLE = (("li", "经办", ""), ("dai", "代表", ""), ("kuai", "单位经办", "101001"))


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
    (part,) = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    followed = 0
    for command in re.split(r"^\$ ", part, flags=re.M)[1:]:
        first, *lines = command.strip().splitlines()
        printed = run(*shlex.split(first)[1:])
        assert lines and all(line in printed for line in lines), f"{first}\n{printed}"
        followed += 1
    assert followed == 4
