"""Rules count working days by the snapshot's own calendar, not by the program's."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from budget_watch.casework.checking import check, rule_book
from budget_watch.engine import run_check
from budget_watch.engine.oracle import Oracle, seen
from budget_watch.lake import Home, Reader, Writer
from tests.casework.test_load import RULE
from tests.lake.made import SYSTEM, batch, rows, voucher

DAY = date(2026, 9, 30)
COUNTED = RULE.replace(
    'levels: [{level: yellow, when: "pay_amt >= 1元"}]',
    "let: {waited: \"workdays_between(date '2026-03-02', date '2026-03-06')\"}\n"
    'levels: [{level: yellow, when: "waited >= 4工作日"}]',
).replace("支付{pay_amt:money}", "等了{waited:day}")


def home_of(folder: Path, calendar: str | None) -> Home:
    home = Home(folder)
    home.root.mkdir(parents=True)
    if calendar is not None:
        (home.root / "calendar.csv").write_text(calendar, encoding="utf-8")
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, DAY))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    path = home.root / "rules" / "voucher" / "PZ97.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(COUNTED, encoding="utf-8")
    return home


def test_a_day_off_in_the_homes_file_counts_in_engine_oracle_and_sentence(tmp_path: Path) -> None:
    plain = home_of(tmp_path / "plain", None)
    off = home_of(tmp_path / "off", "date,kind,name\n2026-03-04,休息日,试验\n")
    told = {}
    for home in (plain, off):
        book, reader = rule_book(home.root), Reader(home, SYSTEM)
        result = run_check(reader, book, DAY, ["PZ97"])
        assert seen(result.observations) == Oracle(reader, book, DAY).run(["PZ97"])
        told[home.root.name] = result.observations.height
    assert told == {"plain": 1, "off": 0}
    (said,) = check(plain.root, rules=["PZ97"]).observations
    assert "等了4个工作日" in said["message"]


def test_the_snapshot_keeps_the_calendar_it_was_published_with(tmp_path: Path) -> None:
    home = home_of(tmp_path / "home", None)
    (home.root / "calendar.csv").write_text(
        "date,kind,name\n2026-03-04,休息日,x\n", encoding="utf-8"
    )
    assert len(check(home.root, rules=["PZ97"]).observations) == 1
    assert json.dumps(check(home.root, rules=["PZ97"]).summary["hit"]) == "1"
