"""``calendar``: what it lists and checks, and how it ends."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from budget_watch.cli.main import app
from tests.views import small_city
from tests.views.test_supervision_year import home_of, row

ENDS = {0: "done", 1: "look"}


def run(root: Path, *arguments: str) -> tuple[int, list[dict]]:
    made = CliRunner().invoke(
        app, ["--home", str(root), "calendar", *arguments, "--json"], standalone_mode=False
    )
    status = made.return_value if made.exception is None else -1
    return status, [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_city.make(tmp_path_factory.mktemp("cli_calendar")).root


def test_the_year_is_listed_with_its_states(city: Path) -> None:
    status, told = run(city, "list", "--year", "2026")
    *nodes, summary = told
    assert len(nodes) == 24 == summary["nodes"]
    assert (summary["summary"], summary["as_of"]) == (True, "2026-11-20")
    (one,) = [each for each in nodes if each["node"] == "GJ23"]
    assert one | {"why": ""} == {
        "node": "GJ23",
        "title": "政府综合财务报告备案",
        "part": "",
        "certainty": "惯例",
        "since": None,
        "due": "2026-12-31",
        "announced": True,
        "state": "未到",
        "left": 41,
        "done": 0,
        "late": 0,
        "entries": 0,
        "why": "",
    }
    assert status == (1 if "逾期" in summary["states"] else 0)
    _, some = run(city, "list", "--state", "未到")
    assert {each["state"] for each in some[:-1]} == {"未到"}


def test_something_overdue_ends_with_one(tmp_path: Path) -> None:
    spring = date(2026, 1, 23)
    home_of(tmp_path, [row("部门批复", spring, None, dept_code="101")])
    (tmp_path / "budget_watch.toml").write_text('[committee]\nregion = "990100000"\n')
    status, told = run(tmp_path, "list")
    assert (status, told[-1]["states"]["逾期"]) == (1, 1)
    (late,) = [each for each in told if each.get("state") == "逾期"]
    assert (late["node"], late["due"], late["left"]) == ("GJ04", "2026-02-12", -281)


def test_a_mistake_ends_the_check_with_one(tmp_path: Path) -> None:
    assert run(tmp_path, "check")[1][-1]["mistakes"] == 0
    folder = tmp_path / "rules" / "calendar"
    folder.mkdir(parents=True)
    (folder / "own.yaml").write_text("- {id: GJ04, off: true, note: 某次会议}\n", encoding="utf-8")
    status, (mistake, summary) = run(tmp_path, "check")
    assert (status, summary["mistakes"]) == (1, 1)
    assert mistake == {
        "where": f"{folder}/own.yaml:1",
        "message": "GJ04 是法定的节点，不能停用",
    }
