"""The cases commands: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from budget_watch.cli.main import main
from budget_watch.lake import Home
from tests.casework.made_cases import fill, id_of

ONE, TWO = id_of(1), id_of(2)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    fill(Home(tmp_path), 3)

    for name, role in (("li", "经办"), ("wang", "审核"), ("zhao", "签发")):
        with pytest.raises(SystemExit):
            main(["--home", str(tmp_path), "users", "add", name, "--name", name, "--role", role])
    capsys.readouterr()

    def told(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path), "cases", *words])
        said = capsys.readouterr()
        rows = [json.loads(line) for line in said.out.splitlines()] if "--json" in words else []
        return int(ended.value.code or 0), rows, said.out + said.err

    return told


def test_a_step_is_taken_by_name_or_title_and_shown(run):
    status, rows, _ = run("act", "take", ONE, "--as", "li", "--role", "经办", "--json")
    assert status == 0
    assert rows == [
        {
            "target": ONE,
            "case": "2026-0001",
            "state": "初核",
            "version": 1,
            "proposed": False,
            "repeated": False,
            "audit_seq": rows[0]["audit_seq"],
            "said": "已办",
            "done": True,
        },
        {"summary": True, "done": 1, "refused": 0},
    ]
    run("act", "初核成立", ONE, "--as", "wang", "--role", "审核", "--reason", "已核对")
    status, rows, _ = run("show", ONE, "--role", "经办", "--json")
    assert [each["title"] for each in rows[0]["history"]] == ["受理初核", "初核成立"]
    assert [each["transition"] for each in rows[0]["next"]] == ["regrade", "draft", "note"]
    status, _, told = run("show", "2026-0001")
    assert (status, "接下来：拟转交文书（draft）：经办" in told) == (0, True)


def test_a_step_of_the_wrong_person_or_without_a_reason_is_refused(run):
    status, _, told = run("act", "take", ONE, "--role", "签发")
    assert status == 3
    assert "受理初核由经办、审核办理，您的角色是签发。" in told
    run("act", "take", ONE, "--role", "经办")
    status, _, told = run("act", "dismiss", ONE, "--role", "经办")
    assert (status, "初核不成立还要填：理由、结论。" in told) == (3, True)
    status, _, told = run("act", "take", TWO, "--role", "经办", "--version", "5")
    assert (status, "您看到的不是现在的样子" in told) == (3, True)


def test_many_at_once_say_which_were_refused(run):
    run("act", "take", TWO, "--role", "经办")
    status, rows, _ = run("act", "take", ONE, TWO, "--role", "经办", "--json")
    assert status == 1
    assert [each.get("done") for each in rows] == [True, False, 1]


def test_findings_are_merged_extended_rated_and_listed(run):
    status, rows, _ = run(
        *("merge", ONE, id_of(3), "--reason", "同一事项", "--role", "经办", "--json")
    )
    assert (status, rows[-1]["findings"]) == (0, 2)
    for step in (
        ("take", "li", "经办"),
        ("uphold", "li", "经办", "--reason", "已核对"),
        ("draft", "li", "经办", "--document", "问询函", "--to", "财政", "--text", "请说明"),
        ("review", "wang", "审核"),
        ("sign", "zhao", "签发"),
        ("transfer", "li", "经办", "--number", "预工〔2026〕1号"),
    ):
        status, _, told = run("act", step[0], ONE, "--as", step[1], "--role", *step[2:])
        assert status == 0, told
    status, _, told = run(
        *("extend", ONE, "--clock", "receive", "--days", "2", "--reason", "放假", "--role", "审核")
    )
    assert (status, "已延期。签收 " in told) == (0, True)
    run("act", "receive", ONE, "--role", "财政归口")
    run("act", "start", ONE, "--role", "财政归口")
    run("act", "answer", ONE, "--role", "财政归口", "--text", "已经拨付")
    status, rows, _ = run("rate", ONE, "满意", "--role", "代表", "--json")
    assert rows[-1] == {"summary": True, "case": "2026-0001", "satisfied": 1, "rated": 1}
    status, rows, _ = run("list", "--json")
    assert [(each["case"], each["work_state"]) for each in rows[:-1]] == [("2026-0001", "已反馈")]
    assert run("list", "--todo", "--role", "经办", "--json")[1][-1]["cases"] == 1
    assert run("list", "--state", "办结", "--json")[1][-1]["cases"] == 0
    assert run("list", "--role", "单位经办", "--json")[1][-1]["cases"] == 1
    assert run("list", "--as", "wang", "--role", "经办")[0] == 3  # not a role of theirs


def test_the_workflow_is_printed_with_what_is_law(run):
    status, rows, _ = run("workflow", "--json")
    assert status == 0
    assert rows[0]["basis"] == (
        "法：《河南省预算审查监督条例》第三十条（河南省）“对发现的问题经核实后按程序转交”"
    )
    assert rows[-1] == {"summary": True, "steps": len(rows) - 1, "law": 9}


def test_an_unknown_case_is_told(run):
    status, _, told = run("show", "2026-0009")
    assert (status, "没有找到办理 2026-0009，或您没有查看权限。" in told) == (3, True)
