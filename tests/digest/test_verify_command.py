"""`budget-watch digest verify`: its lines and exit codes are a contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from budget_watch.cli.main import main
from budget_watch.lake import Home
from tests.digest import hands


def run(capsys: pytest.CaptureFixture[str], home: Home, *given: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home.root), "digest", *given])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_zero_one_two_and_three(own: Home, capsys: pytest.CaptureFixture[str]) -> None:
    out = own.root / "out"
    status, _, _ = run(capsys, own, "--period", "2026Q3", "--out", str(out), "--json")
    assert status == 0
    file = out / "quarterly-2026Q3.docx"
    status, told, _ = run(capsys, own, "verify", str(file), "--json")
    (summary,) = map(json.loads, told.splitlines())
    assert (status, summary["summary"], summary["issue"]) == (0, True, 1)
    assert summary["agree"] == summary["figures"] > 100

    def change(root: hands.Any) -> None:
        hands.typed(hands.paragraph(root, "分项看"), "另有12.5万元。")

    worked = out / "改.docx"
    worked.write_bytes(hands.reworked(file.read_bytes(), change))
    status, told, _ = run(capsys, own, "verify", str(worked), "--json")
    first, summary = map(json.loads, told.splitlines())
    assert (status, summary["added"], summary["agree"]) == (1, 1, summary["figures"])
    assert first == {
        "kind": "added",
        "title": "人工添加",
        "figure": "",
        "label": "",
        "places": ["六、三公经费"],
        "sentence": "另有12.5万元。",
        "printed": "12.5",
        "was": "",
        "now": "",
        "message": "“12.5”是人工添加的，未经核对：另有12.5万元。",
    }
    status, told, _ = run(capsys, own, "verify", str(worked))
    assert status == 1 and "人工添加1处" in told and "六、三公经费" in told

    for wrong, said in (
        (("verify", str(out / "没有.docx")), "没有文件"),
        ((), "请写明期间，如 --period 2026Q3；核对文件用 digest verify"),
        (("--period", "2026Q3", "verify", str(file)), "--period 用于生成"),
        (("--period", "2026年"), "期间“2026年”不能识别"),
    ):
        status, _, err = run(capsys, own, *wrong)
        assert (status, said in err) == (2, True), err
    page = out / "别的.html"
    page.write_text("<html></html>", encoding="utf-8")
    status, _, err = run(capsys, own, "verify", str(page))
    assert (status, "网页里没有数字清单" in err) == (3, True)
    status, _, err = run(capsys, Home(Path(own.root / "none")), "verify", str(file))
    assert (status, "里没有数据" in err) == (3, True)
