"""A county sets its own number: it holds there, there only, and never looser than the law's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from budget_watch.access import Grant
from budget_watch.engine import run_check
from budget_watch.engine.load import load_book
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.lake import Home, Reader
from tests.end_to_end.command import COMMAND, budget_watch, environment

COUNTY = "990122"
LOCAL = """
- id: procedure.rectification_report
  values:
    - {{from: 2018-01-01, value: {value}, authority: local, jurisdiction: "{county}", basis: [{{law: fixture-decision}}]}}
"""  # noqa: E501


@pytest.fixture
def home(city: Path, tmp_path: Path) -> Path:
    """A copy of the city's home, to which an overlay may be written."""
    copy = tmp_path / "home"
    shutil.copytree(city, copy, ignore=shutil.ignore_patterns("source", "digest"))
    return copy


def overlay(home: Path, value: str) -> Path:
    path = home / "rules" / "params" / "county.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LOCAL.format(value=value, county=COUNTY), encoding="utf-8")
    return path


def hits(home: Path) -> dict[str, list[Any]]:
    """Region → the grains that JS09 hits."""
    done = budget_watch(home, "check", "--rule", "JS09", "--list", "hit", "--json").check()
    found: dict[str, list[Any]] = {}
    for line in done.lines:
        if line.get("outcome") == "hit":
            found.setdefault(line["mof_div_code"], []).append((line["grain"], line["level"]))
    return found


def test_a_tighter_local_value_holds_in_its_county_and_nowhere_else(home: Path) -> None:
    before = hits(home)
    overlay(home, "1")
    after = hits(home)
    mine = f"{COUNTY}000"
    assert {name: each for name, each in after.items() if name != mine} == {
        name: each for name, each in before.items() if name != mine
    }
    assert len(after.get(mine, [])) > len(before.get(mine, []))


def test_engine_and_oracle_agree_on_the_local_value_and_the_explanation_names_it(
    home: Path,
) -> None:
    from budget_watch.casework.checking import book_folders

    overlay(home, "1")
    book = load_book(book_folders(home))
    reader = Reader(Home(home), Grant.system("test"))
    assert reader.snapshot is not None
    day = reader.snapshot.biz_date
    result = run_check(reader, book, day, ["JS09"])
    assert seen(result.observations) == Oracle(reader, book, day).run(["JS09"])
    budget_watch(home, "check", "--rule", "JS09", "--json").check()
    listed = budget_watch(home, "findings", "--rule", "JS09", "--json").check().lines
    mine = next(each for each in listed if each.get("grain", {}) and COUNTY in str(each))
    said = budget_watch(home, "explain", mine["finding"], "--json").check().lines[0]
    used = {each["id"]: each for each in said["parameters"]}["procedure.rectification_report"]
    assert (used["value"], used["authority"], used["jurisdiction"]) == ("1", "local", COUNTY)


def test_a_looser_local_value_of_a_statutory_number_is_refused_and_the_laws_own_holds(
    home: Path,
) -> None:
    before = hits(home)
    path = overlay(home, "12")
    done = budget_watch(home, "check", "--rule", "JS09", "--json")
    assert done.status == 1
    (mistake,) = done.summary["not_loaded"]
    assert mistake["file"] == str(path)
    assert "法定标准" in mistake["message"]
    assert "只能更严" in mistake["message"]
    assert hits(home) == before


@pytest.mark.slow
def test_the_exemption_of_the_guide_works_as_written(home: Path) -> None:
    """docs/local.md, 3: its commands on the demo, by the demo's accounts, one after the other."""
    guide = (Path(__file__).parents[2] / "docs" / "local.md").read_text(encoding="utf-8")
    part = guide.split("### Registered by accounts")[1].split("\n## ")[0]
    (console,) = re.findall(r"```console\n(.*?)```", part, re.S)
    lines = console.splitlines()
    wanted = [line for line in lines if not line.startswith("$ ")]
    program = f'budget-watch() {{ {" ".join(COMMAND)} --home "{home}" "$@"; }}'
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    done = subprocess.run(
        ["bash", "-c", "\n".join([program, *typed])],
        capture_output=True,
        text=True,
        timeout=280,
        env=environment(),
        check=False,
    )
    assert [line for line in wanted if line not in done.stdout] == [], done.stdout + done.stderr
    assert "共 2 条" in done.stdout.splitlines()[-1], done.stdout
    assert len(typed) == 8 and len(wanted) == 4
