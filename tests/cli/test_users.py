"""``users``: the commands of docs/users.md, one after another, and what they refuse."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from budget_watch.audit import read
from budget_watch.cli.main import main
from budget_watch.lake import Home
from budget_watch.lake.state import engine

GOOD = "春江水暖鸭先知道"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def run(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict], str]:
    """Exit status, JSON lines, and what was said to people."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), "users", *words, "--json"])
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    return int(ended.value.code or 0), lines, told.err


def test_three_administrators_run_the_house_and_nobody_does_anothers_work(home, capsys):
    for name, role in (
        ("xitong", "系统管理员"),
        ("anquan", "安全管理员"),
        ("shenji", "审计管理员"),
    ):
        status, lines, _ = run(
            home, capsys, "add", name, "--name", name, "--role", role, "--password"
        )
        assert status == 0 and len(lines[0]["password"]) == 24
    assert run(home, capsys, "add", "wang", "--name", "王经办", "--as", "xitong")[0] == 0
    status, _, said = run(
        home, capsys, "role", "wang", "经办", "--because", "任职", "--as", "xitong"
    )
    assert (status, "可办理的有 安全管理员" in said) == (3, True)
    status, lines, _ = run(
        home, capsys, "role", "wang", "经办", "--because", "任职", "--as", "anquan"
    )
    assert status == 0 and lines[0]["role"] == "clerk"
    status, _, said = run(home, capsys, "disable", "wang", "--because", "x", "--as", "anquan")
    assert (status, "系统管理员" in said) == (3, True)
    status, _, said = run(home, capsys, "matrix", "--as", "xitong")
    assert (status, "审计管理员" in said) == (3, True)
    status, _, said = run(home, capsys, "role", "shenji", "系统管理员", "--because", "x")
    assert (status, "不得兼任" in said) == (3, True)


def test_an_account_with_a_role_that_lacks_its_rows_is_not_made(home, capsys):
    status, _, said = run(home, capsys, "add", "dan", "--name", "单位", "--role", "单位经办")
    assert (status, "单位（--unit）" in said) == (3, True)
    assert run(home, capsys, "list")[1][-1]["users"] == 0
    status, _, _ = run(
        home, capsys, "add", "dan", "--name", "单位", "--role", "单位经办", "--unit", "101002"
    )
    assert status == 0
    assert run(home, capsys, "show", "dan")[1][0]["units"] == ["101002"]


def test_scope_approval_password_sessions_and_their_end(home, capsys, monkeypatch):
    run(home, capsys, "add", "li", "--name", "李代表", "--role", "代表", "--region", "990100000")
    status, lines, _ = run(home, capsys, "scope", "li", "代表", "--because", "换届")
    assert (status, lines[0]["regions"]) == (0, None)
    more = ("--until", "2099-12-31", "--because", "调研", "--department", "101")
    status, lines, _ = run(home, capsys, "approve", "li", "--of", "凭证", "--of", "ZW*", *more)
    assert (status, lines[-1]["approval"]) == (0, 1)
    shown = run(home, capsys, "show", "li")[1]
    assert "payment_voucher" in shown[2]["names"] and "ZW*" in shown[2]["names"]
    status, _, said = run(home, capsys, "approve", "li", "--of", "paymnet", *more)
    assert (status, "成组的词" in said) == (2, True)
    assert run(home, capsys, "revoke", "--approval", "1", "--because", "结束")[0] == 0
    status, lines, _ = run(home, capsys, "password", "li")
    assert status == 0 and lines[0]["password"]
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO(GOOD + "\n"))
    assert run(home, capsys, "password", "li", "--stdin")[0] == 0
    monkeypatch.setattr("sys.stdin", __import__("io").StringIO("123456\n"))
    status, _, said = run(home, capsys, "password", "li", "--stdin")
    assert (status, "至少12个字符" in said) == (3, True)
    status, lines, _ = run(home, capsys, "enrol", "li", "--url", "https://jd.example.gov.cn/")
    assert lines[-1]["link"].startswith("https://jd.example.gov.cn/q/")
    assert run(home, capsys, "totp", "li")[1][-1] == {
        "summary": True, "user": "li", "second": False, "codes": 0,
    }  # fmt: skip
    assert run(home, capsys, "connect", "li", "--subject", "https://sso#1")[0] == 0
    assert run(home, capsys, "sessions")[1][-1]["sessions"] == 0
    assert run(home, capsys, "revoke", "--user", "li")[1][-1]["ended"] == 0
    assert run(home, capsys, "revoke")[0] == 2
    assert run(home, capsys, "disable", "li", "--because", "辞职")[0] == 0
    assert run(home, capsys, "list")[1][0]["state"] == "已停用"
    with engine(Home(home)).connect() as connection:
        acts = [entry.act for entry in read(connection)]
    assert acts == [
        "user.add", "user.role", "user.scope", "user.approve", "user.approve_end",
        "user.password", "user.password", "user.enrol_code", "user.connect", "user.disable",
    ]  # fmt: skip


def test_the_matrix_names_every_role_with_every_table_and_rule(home, capsys, tmp_path):
    out = tmp_path / "matrix.csv"
    status, lines, _ = run(home, capsys, "matrix", "--out", str(out))
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert (status, len(rows)) == (0, lines[-1]["lines"])
    told = {(r["角色"], r["代码"]): (r["可读"], r["深度"]) for r in rows}
    assert len(told) == len(rows) == 15 * (len(rows) // 15)
    assert told["代表", "FIN-15"] == ("不可读", "")
    assert told["代表", "payment"] == ("合计", "项目")
    assert told["代表", "ZX06"] == ("初核成立后", "部门")
    assert told["代表", "ZX19"] == ("不可读", "部门")
    assert told["经办", "FIN-15"] == ("逐行", "支付凭证")
    assert told["单位经办", "TRE-02"] == ("不可读", "")
    assert {told["系统管理员", code][0] for _, code in told} == {"不可读"}
    book = tmp_path / "matrix.xlsx"
    assert run(home, capsys, "matrix", "--out", str(book))[0] == 0 and book.stat().st_size > 20_000
    assert run(home, capsys, "matrix", "--out", str(tmp_path / "m.txt"))[0] == 3


def test_who_looks_at_accounts_says_who_they_are(home, capsys):
    run(home, capsys, "add", "xitong", "--name", "张", "--role", "系统管理员")
    run(home, capsys, "add", "shenji", "--name", "王", "--role", "审计管理员")
    run(home, capsys, "add", "wang", "--name", "王经办", "--role", "经办")
    for words in (["list"], ["show", "wang"], ["sessions"], ["totp", "wang"]):
        assert run(home, capsys, *words, "--as", "xitong")[0] == 0, words
        status, _, said = run(home, capsys, *words, "--as", "wang")
        assert (status, "系统管理员" in said) == (3, True), words
    assert run(home, capsys, "sessions", "--as", "shenji")[0] == 0
    told = {name: command for name, command in _commands().items() if "--as" not in command}
    assert told == {}


def _commands() -> dict[str, set[str]]:
    """The options of every command of `users`."""
    import typer

    from budget_watch.cli.accounts import users_app

    group = typer.main.get_command(users_app)
    commands = group.commands  # type: ignore[attr-defined]
    return {n: {o for p in c.params for o in p.opts} for n, c in commands.items()}


def test_example_accounts_close_with_the_first_real_one_and_are_retired(home, capsys):
    from budget_watch.access import accounts, assigning
    from budget_watch.access.errors import NoRoleError
    from budget_watch.audit import Who
    from budget_watch.casework.accounts import grant_as, store_of

    made, by = store_of(Home(home)), Who("operator")
    for name, role in (("demo-clerk", "clerk"), ("demo-system-admin", "system_admin")):
        accounts.add(made, by, name, "示范", example=True)
        assigning.assign(made, by, name, role, "示范")
    assert grant_as(Home(home), "demo-clerk", "test").role == "clerk"
    assert run(home, capsys, "list", "--as", "demo-system-admin")[1][-1]["active"] == 2
    run(home, capsys, "add", "xitong", "--name", "张", "--role", "系统管理员")
    with pytest.raises(NoRoleError, match="demo-clerk 是示范账号"):
        grant_as(Home(home), "demo-clerk", "test")
    status, _, said = run(
        home, capsys, "disable", "xitong", "--because", "x", "--as", "demo-system-admin"
    )
    assert (status, "示范账号" in said) == (3, True)
    *lines, last = run(home, capsys, "list")[1]
    assert {line["user"]: line["state"] for line in lines} == {
        "demo-clerk": "示范，不能登录",
        "demo-system-admin": "示范，不能登录",
        "xitong": "未设密码",
    }
    assert (last["users"], last["active"]) == (3, 1)
    status, lines, _ = run(home, capsys, "retire-demo", "--as", "xitong")
    assert (status, lines[-1]["retired"]) == (0, ["demo-clerk", "demo-system-admin"])
    assert run(home, capsys, "list")[1][0]["state"] == "已停用"
    assert run(home, capsys, "retire-demo", "--as", "xitong")[1][-1]["retired"] == []
