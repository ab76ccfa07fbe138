"""notices list|follow|address|try|send|out|again, as a person types them; the real time counts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from tests.casework.made_cases import id_of
from tests.notices.office import finding, night, open_office
from tests.notices.servers import MailServer
from tests.notices.test_going_out import configure
from tests.servers.own import free_port

EVER = ("gather_minutes = 0", 'quiet = ""', "workdays_only = false")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    home = Home(tmp_path)
    open_office(home)
    night(home, "r1", [finding(1), finding(2)], at=datetime.now(UTC))

    def told(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        with pytest.raises(SystemExit) as ended:
            main(["--home", str(tmp_path), *words])
        said = capsys.readouterr()
        rows = [json.loads(line) for line in said.out.splitlines()] if "--json" in words else []
        return int(ended.value.code or 0), rows, said.out + said.err

    yield told
    engine(home).dispose()


def test_a_person_reads_follows_and_is_told(run):
    status, rows, _ = run("notices", "list", "--as", "li", "--json")
    at = rows[0].pop("at")
    assert status == 1 and at.startswith("2026-")
    assert rows == [
        {
            "notice": 1,
            "kind": "new",
            "title": "新增疑点",
            "seen": False,
            "cases": [],
            "subjects": [],
            "rule": "ZX06",
            "count": 2,
            "message": "ZX06 支出进度滞后序时：新增疑点 2 条。",
        },
        {"summary": True, "notices": 1, "unread": 1},
    ]
    assert run("notices", "list", "--as", "li", "--mark")[0] == 0
    assert run("notices", "list", "--as", "li", "--unread", "--json")[1] == [
        {"summary": True, "notices": 0, "unread": 0}
    ]
    status, rows, _ = run("notices", "follow", id_of(1), "--as", "sun", "--json")
    assert (status, rows) == (0, [{"summary": True, "case": None, "following": True}])
    assert run("notices", "list")[0] == 2  # whose?
    assert "没有找到办理" in run("notices", "follow", id_of(1), "--as", "dai")[2]


def test_an_administrator_sets_addresses_tries_and_sends(run, tmp_path):
    status, _, told = run("notices", "send")
    assert status == 0 and "没有设置邮件或网关，消息只在系统里。" in told
    with MailServer(answers=["554 no"]) as server:
        configure(Home(tmp_path), server, *EVER)
        status, rows, _ = run("notices", "address", "li", "--mail", "li@rd.example.cn", "--json")
        assert rows[0] == {"user": "li", "mail": "li@rd.example.cn", "gateway": None}
        status, _, told = run("notices", "try", "me@rd.example.cn")
        assert status == 1 and "没有发出：邮件服务器没有收下：554 no。" in told
        server.answers.append("554 no")
        status, rows, _ = run("notices", "send", "--json")
        assert (status, rows[-1]["sent"], rows[-1]["failed"]) == (1, 0, 1)
        status, rows, _ = run("notices", "out", "--failed", "--json")
        assert (status, rows[0]["error"]) == (1, "邮件服务器没有收下：554 no")
        assert "body" not in rows[0]
        run("notices", "again")
        status, _, told = run("notices", "send")
        assert status == 0 and "发出 1 封。" in told
    status, _, told = run("notices", "out", "--as", "wang")
    assert status == 3 and "可办理的有 系统管理员" in told


def test_the_recipe_for_trying_mail_on_this_machine_works_as_written(run, tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
    part = guide.split("### 在本机试邮件")[1].split("### 网关收到什么")[0]
    shell, settings, console = (
        block.split("\n", 1)[1].strip() for block in part.split("```")[1::2]
    )
    port = str(free_port())
    (tmp_path / "budget_watch.toml").write_text(settings.replace("8025", port), encoding="utf-8")
    words = shell.replace("8025", port).split()
    command = [sys.executable, *words[1:]]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        _listens(int(port))
        told = [line[2:].split() for line in console.splitlines() if line.startswith("$ ")]
        assert [words[:3] for words in told] == [
            ["budget-watch", "notices", name] for name in ("try", "address", "send")
        ]
        said = [run(*words[1:]) for words in told]
        assert [status for status, _, _ in said] == [0, 0, 0]
        assert "对方已收下。" in said[0][2] and "对方已收下。" in console
        assert "发出 1 封。" in said[2][2]
    finally:
        server.terminate()
        shown = server.communicate()[0]
    assert shown.count("MESSAGE FOLLOWS") == 2 and "To: li@example.gov.cn" in shown


def _listens(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)
