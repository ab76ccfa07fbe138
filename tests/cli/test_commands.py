"""Commands answer in Chinese, refuse what they do not know, and make nothing by being asked."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from rich.cells import cell_len

from budget_watch.cli.explanation import _evidence
from budget_watch.cli.judging import _short
from budget_watch.cli.main import main
from budget_watch.cli.output import Printer
from budget_watch.lake.marts import MARTS

HOUSE = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "foo")
    assert (status, out) == (2, "")
    assert err.startswith("用法不对")


@pytest.mark.parametrize("option", ["--level", "--class", "--outcome"])
def test_a_word_outside_the_list_is_refused(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "--home", str(tmp_path), "findings", option, "purple")
    assert (status, out) == (2, "")
    assert f"{option} 没有“purple”，可用" in err


@pytest.mark.parametrize("command", [["findings"], ["explain", "1a2b3c4d"], ["check"]])
def test_reading_a_home_that_is_not_there_makes_none(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "--home", str(tmp_path / "mistyped"), *command)
    assert status == 3
    assert "里没有数据。请核对 --home" in err
    assert not (tmp_path / "mistyped").exists()


def test_a_busy_port_is_said_before_anything_is_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        status, out, err = run(capsys, "--home", str(tmp_path), "serve", "--port", str(port))
    assert (status, out) == (3, "")
    assert f"不能在 127.0.0.1:{port} 上启动看板" in err
    assert "看板：http" not in err


def test_serving_says_who_can_open_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.serve.serve", lambda *given: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def said() -> str:
        status, out, err = run(capsys, "--home", str(tmp_path), "serve", "--port", str(port))
        assert status == 0
        return (out + err).replace("\n", "")

    assert "还没有开立正式账号，所以只有这台机器上的浏览器能打开，不用登录" in said()
    run(capsys, "--home", str(tmp_path), "users", "add", "li", "--name", "李")
    assert "已有正式账号：打开后须登录。" in said()


def test_every_command_of_the_readmes_exists(capsys: pytest.CaptureFixture[str]) -> None:
    words = set()
    for name in ("README.md", "README.zh-CN.md"):
        text = (HOUSE / name).read_text(encoding="utf-8")
        words |= set(
            re.findall(r"budget-watch(?: --home \S+)? ((?:rules|tables|laws)? ?[a-z]+)", text)
        )
    assert len(words) > 8
    for command in sorted(words):
        status, out, _ = run(capsys, *command.split(), "--help")
        assert (status, "Usage" in out) == (0, True), command


def test_the_columns_of_a_mart_are_shown_like_those_of_a_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "tables", "show", "payment", "--json")
    lines = [json.loads(each) for each in out.splitlines()]
    assert status == 0
    assert [each["name"] for each in lines[:-1]] == [
        each.name for each in MARTS["payment"].contract.columns
    ]
    assert lines[-1]["key"] == ["pay_cert_id"]
    status, _, err = run(capsys, "tables", "show", "payments")
    assert status == 3
    assert err.startswith("未能完成：没有名为 payments 的报表；是否指 payment、")


FLAW = {
    "code": "message-word",
    "file": "/srv/a-rather-long-name/of-a-home/rules/execution/ZX95.yaml:12",
    "message": "ZX95：title 中不能用“异常”" * 3,
    "page": "docs/lint/message-word.md",
}


@pytest.mark.parametrize(("width", "table"), [(80, False), (240, True)])
def test_what_does_not_fit_stands_in_lines_and_no_path_or_sentence_is_broken(
    width: int,
    table: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    headings = {"code": "代码", "file": "文件", "message": "说明", "page": "说明页"}
    printer = Printer(False, headings)
    printer.record(FLAW)
    printer.note("甲" * 100)
    printer.close({}, "乙" * 100)
    out = capsys.readouterr().out
    assert out.endswith(f"{'甲' * 100}\n{'乙' * 100}\n")
    assert all(FLAW[key] in out for key in FLAW)
    assert ("┃" in out) is table
    if not table:
        assert out.splitlines()[:3] == [
            "代码 message-word",
            f"    文件 {FLAW['file']}",
            f"    说明 {FLAW['message']}",
        ]


def test_a_table_with_one_long_column_is_folded_while_it_stays_readable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    printer = Printer(False, {"rule": "规则", "title": "名称"})
    printer.record({"rule": "ZX95", "title": "名" * 60})
    printer.close({}, "完。")
    out = capsys.readouterr().out
    assert "│ ZX95 │" in out
    assert max(cell_len(each) for each in out.splitlines()) == 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["foo"], "没有命令 foo。"),
        (["explain"], "缺少 finding。"),
        (["laws", "show", "budget-law"], "缺少 article。"),
        (["check", "--bogus"], "没有选项 --bogus。"),
        (["findings", "--level"], "选项 --level 后面要写值。"),
        (["findings", "extra"], "多写了 extra。"),
        (["serve", "--port", "x"], "要写整数的选项写了别的；请写 8050 这样的数。"),
    ],
)
def test_a_wrong_call_is_told_of_in_chinese(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "--home", str(tmp_path / "home"), *words)
    assert (status, err) == (2, f"用法不对：{said}\n用 budget-watch --help 查看命令和选项。\n")


def test_a_rule_is_shown_and_listed_in_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    home = ("--home", str(tmp_path))
    status, out, _ = run(capsys, *home, "rules", "show", "ZX06")
    page = (HOUSE / "docs" / "rules" / "ZX06.md").read_text(encoding="utf-8")
    assert (status, out.rstrip()) == (0, page.rstrip())
    status, out, _ = run(capsys, *home, "rules", "show", "ZX06", "--json")
    told = json.loads(out)
    assert (told["id"], told["class"], told["grain"][0]) == ("ZX06", "理", "fiscal_year")
    status, _, err = run(capsys, *home, "rules", "show", "ZZ99")
    assert (status, err) == (
        3,
        "未能完成：规则库里没有 ZZ99。请用 budget-watch rules list 查看编号。\n",
    )
    status, out, _ = run(capsys, *home, "rules", "list")
    (line,) = [each for each in out.splitlines() if "│ ZX06 " in each]
    cells = [each.strip() for each in line.strip("│").split("│")]
    assert (cells[0], cells[2], cells[6]) == ("ZX06", "预算执行", "在用")
    assert cells[7].startswith("每月每百个 ")


def test_a_finding_says_which_state_is_the_datas_and_which_the_works() -> None:
    record = {
        "level": "yellow",
        "class": "理",
        "rule": "ZX06",
        "title": "支出进度",
        "finding": "1a2b3c4d5e6f7",
        "data_state": "持续",
        "work_state": "新触发",
        "first_seen": "2026-11-20",
        "message": "截至10月。",
    }
    assert _short(record) == (
        "■黄 理 ZX06 支出进度  1a2b3c4d5e6f  数据：持续，办理：新触发 首见 2026-11-20\n"
        "    截至10月。"
    )


def test_the_evidence_of_an_explanation_names_technical_columns_in_chinese() -> None:
    rows = [{"pay_cert_id": "a", "pay_amt": 123, "src_dept": "财政", "src_row": 7}]
    found = {"source": "payment_voucher", "count": 1, "rows": rows, "sum": None}
    assert list(_evidence(found)) == [
        "\n证据",
        "  来源 国库集中支付凭证表（payment_voucher），共 1 行",
        "  · 支付凭证主键 a，支付金额 1.23元，送数部门 财政，来源文件行号 7",
    ]
