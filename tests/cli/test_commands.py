"""Commands answer in Chinese, refuse what they do not know, and make nothing by being asked."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from budget_watch.cli.main import main

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
