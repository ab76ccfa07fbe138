"""`docs/casework.md`, command by command: a reader who follows it gets what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from budget_watch.audit import key_of, verify
from budget_watch.casework.cases import HERE, Desk, get_case
from budget_watch.cli.main import main
from budget_watch.lake.state import engine
from tests.casework.made_cases import LI, fill, id_of

PAGE = Path(__file__).parents[2] / "docs" / "casework.md"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"


def told() -> Iterator[tuple[str, list[str]]]:
    """Each command of the page with the lines that it promises."""
    for part in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        for command in re.split(r"^\$ ", part, flags=re.M)[1:]:
            first, *lines = command.strip().splitlines()
            yield first, lines


@pytest.mark.slow
def test_the_story_can_be_followed_from_found_to_finished(tmp_path, monkeypatch, capsys):
    from budget_watch.lake import Home
    from tests.views_drill.small_city import make_home

    home, _ = make_home(tmp_path / "home")
    fill(Home(home.root), 1, level="red")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "凭证.pdf").write_bytes(PDF)
    steps = 0
    for written, lines in told():
        command = written.replace("114001", "101001")  # the small city's own unit
        if "$MONTH" in command:
            acts = get_case(home, LI, id_of(1)).acts
            at = next(each.at for each in acts if each.transition == "transfer")
            month = datetime.fromisoformat(at).astimezone(HERE)
            command = command.replace("$MONTH", f"{month:%Y-%m}")
        words = shlex.split(command.replace("$F", id_of(1)))
        assert words.pop(0) == "budget-watch"
        with pytest.raises(SystemExit):
            main(["--home", str(home.root), *words])
        printed = "".join(capsys.readouterr())
        assert all(line in printed for line in lines), f"{command}\n{printed}"
        steps += "现在是“" in printed and words[:2] == ["cases", "act"]
    assert steps == 13
    assert (tmp_path / "问询函.docx").is_file()
    with engine(home).connect() as connection:
        assert verify(connection, key_of(home.root)).damages == []


def test_the_page_names_every_way_that_the_workflow_has_at_its_turns():
    from budget_watch.lake import Home

    text = PAGE.read_text(encoding="utf-8")
    flow = Desk.of(Home("/nonexistent")).flow
    for step in ("dismiss", "overrule", "object", "decline", "reassign", "second", "escalate"):
        assert (step in flow.transition and f"`{step}`" in text) or f"{step}`" in text
    for word in (*flow.results, *(each.id for each in flow.ladder)):
        assert word in text
