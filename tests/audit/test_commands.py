import json

import pytest

from budget_watch.cli.main import main
from tests.audit.made import fill
from tests.audit.test_verify import remove


def run(home, capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), "audit", *words])
    told = capsys.readouterr()
    return ended.value.code, told.out


def test_verify_tells_what_is_sound_what_is_proved_and_what_is_wrong(home, capsys):
    fill(home, 3)
    status, told = run(home, capsys, "verify")
    assert (status, told) == (
        0,
        "共 3 条，逐条完好。还没有锚，不能断言末尾未被截去（audit anchor）。\n",
    )
    run(home, capsys, "anchor")
    status, told = run(home, capsys, "verify")
    assert (status, told) == (0, "共 4 条，逐条完好；到第 4 条为止有锚证明没有缺漏。\n")
    remove(home, 2)
    status, told = run(home, capsys, "verify", "--json")
    assert status == 1
    assert [json.loads(line) for line in told.splitlines()] == [
        {"kind": "removed", "first": 2, "last": 2, "words": "第2条不见了"},
        {
            "summary": True,
            "entries": 4,
            "head": 5,
            "sound": False,
            "complete_to": 0,
            "damages": 1,
        },
    ]


def test_looking_and_exporting_are_written_down(home, capsys, tmp_path):
    fill(home, 2)
    run(home, capsys, "list", "--limit", "1", "--json")
    status, _ = run(home, capsys, "export", str(tmp_path / "log.jsonl"), "--reason", "年度检查")
    assert status == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["act"] for line in lines] == ["case.verify"] * 2 + ["audit.read"] * 2
    assert json.loads(lines[-1])["purpose"] == "导出：年度检查"
    status, _ = run(home, capsys, "export", str(tmp_path / "log.jsonl"), "--reason", "再来")
    assert status == 3


def test_only_the_audit_administrator_and_the_operator_look_into_the_log(home, capsys, tmp_path):
    fill(home, 1)
    for name, role in (("shen", "审计管理员"), ("li", "经办"), ("an", "安全管理员")):
        with pytest.raises(SystemExit):
            main(["--home", str(home.root), "users", "add", name, "--name", name, "--role", role])
    capsys.readouterr()
    assert run(home, capsys, "list", "--as", "shen")[0] == 0
    assert run(home, capsys, "verify", "--as", "shen")[0] == 0
    for name in ("li", "an"):
        for words in (["list"], ["verify"], ["anchor"], ["forward"]):
            assert run(home, capsys, *words, "--as", name) == (3, "")
        out = str(tmp_path / f"{name}.jsonl")
        assert run(home, capsys, "export", out, "--reason", "看看", "--as", name)[0] == 3
        assert not (tmp_path / f"{name}.jsonl").exists()
