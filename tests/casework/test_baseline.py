"""A home's baseline: what was there when the system came is 存量, listed without notice."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.cli.main import main
from budget_watch.lake import Home, Writer
from tests.casework.test_load import RULE
from tests.lake.made import batch, rows, voucher

BEFORE, AFTER = date(2026, 9, 29), date(2026, 9, 30)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    for day, count in ((BEFORE, 1), (AFTER, 2)):
        with Writer.open(home, "test") as writer:
            paid = [voucher(number, day, 100) for number in range(count)]
            slot = batch("payment_voucher", str(day), day=day)
            writer.replace("payment_voucher", rows("payment_voucher", paid[-1]), slot)
            writer.publish(day)
    folder = home.root / "rules" / "voucher"
    folder.mkdir(parents=True)
    (folder / "PZ97.yaml").write_text(RULE, encoding="utf-8")
    return home


def said(capsys: pytest.CaptureFixture[str], home: Home, *words: str, status: int = 0) -> list[str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), *words, "--json"])
    assert left.value.code == status
    streams = capsys.readouterr()
    return (streams.out if status == 0 else streams.err).splitlines()


def baseline(home: Home, text: str) -> None:
    (home.root / "budget_watch.toml").write_text(
        f"[findings]\nbaseline = {text}\n", encoding="utf-8"
    )


def stock(capsys: pytest.CaptureFixture[str], home: Home) -> dict[str, bool]:
    listed = [json.loads(line) for line in said(capsys, home, "findings")][:-1]
    return {each["grain"]["pay_cert_id"]: each["stock"] for each in listed}


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2026-09-28", {"V0000": False, "V0001": False}),
        ("2026-09-29", {"V0000": True, "V0001": False}),
        ("2026-09-30", {"V0000": True, "V0001": True}),
    ],
)
def test_what_is_first_seen_up_to_that_day_is_stock_and_stays_it(
    home: Home, capsys: pytest.CaptureFixture[str], day: str, wanted: dict[str, bool]
) -> None:
    baseline(home, day)
    said(capsys, home, "check", "--rule", "PZ97", "--known", "2100-01-01", "--as-of", "2026-09-29")
    said(capsys, home, "check", "--rule", "PZ97")
    assert stock(capsys, home) == wanted


def test_stock_raises_no_notice(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    baseline(home, "2026-09-30")
    said(capsys, home, "check", "--rule", "PZ97")
    grant = Grant.system("test")
    assert {each.stock for each in list_findings(home, grant)} == {True}


def test_a_baseline_that_is_no_day_is_said(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    baseline(home, '"2026-09-30"')
    told = " ".join(said(capsys, home, "check", status=3))
    assert "baseline 不是日期" in told
    assert "baseline = 2026-10-31（不加引号）" in told
