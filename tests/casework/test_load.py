"""The load a rule may make: above it new findings are held, but never a statute's red."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.checking import check
from budget_watch.casework.findings import list_findings
from budget_watch.casework.load import limit
from budget_watch.casework.recording import Recorded, Run, record_run
from budget_watch.casework.runs import runs, to_calibrate
from budget_watch.cli.main import main
from budget_watch.lake import Home, Writer
from budget_watch.lake.state import MIGRATIONS, engine
from tests.casework.test_recording import observation
from tests.lake.made import batch, rows, voucher
from tests.servers.every_home import bare

ANYONE = Grant.operator("test")
DAY = date(2026, 9, 30)
RULE = """
id: PZ97
title: 大额支付
area: voucher
class: 理
confidence: M
valid: {from: 2018-01-01}
basis: [{law: budget-law, article: "13"}]
why: 试验。
each: payment_voucher
levels: [{level: yellow, when: "pay_amt >= 1元"}]
message: "支付{pay_amt:money}"
load: {hits_per_month_per_100: 50}
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def run(name: str, day: int, most: int | None = 2, month: int = 11) -> Run:
    tally = {"rule": "ZX06", "judged": 40, "hit": 3}
    limits = {"ZX06": most}
    return Run(name, "S1", "b", date(2026, month, day), frozenset({"ZX06"}), [tally], limits)


def held(home: Home) -> dict[str, bool]:
    return {each.finding[0]: each.held for each in list_findings(home, ANYONE)}


@pytest.mark.parametrize(
    ("rate", "judged", "most"),
    [
        (None, 500, None),
        (5, 40, 2),
        (5, 39, 1),
        (0.1, 10, 1),
        (2.9, 100, 2),
        (0.3, 1000, 3),
        (5, 0, 1),
    ],
)
def test_what_a_rule_may_make(rate: float | None, judged: int, most: int | None) -> None:
    assert limit(rate, judged) == most


def test_up_to_the_limit_nothing_is_held(home: Home) -> None:
    done = record_run(home, run("r1", 2), [observation("a"), observation("b")], None)
    assert (done.new, done.held, held(home)) == (2, 0, {"a": False, "b": False})
    wanted = {"rule": "ZX06", "judged": 40, "hit": 3, "new": 2, "load_limit": 2, "calibrate": False}
    assert done.tallies == [wanted]


def test_above_it_the_runs_new_findings_are_held_but_a_statutes_red(home: Home) -> None:
    record_run(home, run("r1", 2), [observation("a")], None)
    red = observation("d", "red", **{"class": "法"})
    four = [observation("a"), observation("b"), observation("c", "red"), red]
    done = record_run(home, run("r2", 3), four, None)
    assert (done.new, done.held) == (3, 2)
    assert held(home) == {"a": False, "b": True, "c": True, "d": False}
    assert (done.tallies[0]["new"], done.tallies[0]["calibrate"]) == (3, True)
    assert to_calibrate(home) == {"ZX06"}


def test_recording_again_changes_nothing_and_tells_the_same(home: Home) -> None:
    three = [observation("a"), observation("b"), observation("c")]
    first = record_run(home, run("r1", 2), three, None)
    again = record_run(home, run("r1", 2), three, None)
    assert again == Recorded(repeated=True)
    assert again.tallies == first.tallies
    assert held(home) == {"a": True, "b": True, "c": True}


def test_the_month_counts_and_a_new_month_begins_at_nothing(home: Home) -> None:
    record_run(home, run("r1", 2, month=10), [observation("a"), observation("b")], None)
    ab = [observation("a"), observation("b")]
    record_run(home, run("r2", 1), [*ab, observation("c")], None)
    assert held(home)["c"] is False
    record_run(home, run("r3", 2), [*ab, observation("c"), observation("d")], None)
    assert held(home)["d"] is False
    five = [*ab, observation("c"), observation("d"), observation("e")]
    record_run(home, run("r4", 3), five, None)
    assert held(home) == {"a": False, "b": False, "c": False, "d": False, "e": True}


def test_stock_is_not_counted_nor_held_and_no_limit_holds_nothing(home: Home) -> None:
    three = [observation("a"), observation("b"), observation("c")]
    record_run(home, run("r1", 2), three, date(2026, 11, 2))
    assert [each.stock for each in list_findings(home, ANYONE)] == [True] * 3
    assert record_run(home, run("r2", 3), [*three, observation("d")], date(2026, 11, 2)).held == 0
    four = [observation("e"), observation("f"), observation("0"), observation("1")]
    assert record_run(home, run("r3", 4, None), four, date(2026, 11, 2)).held == 0


def test_a_finding_stays_held_and_one_that_recovered_at_once_is_no_load(home: Home) -> None:
    three = [observation("a"), observation("b"), observation("c")]
    record_run(home, run("r1", 2), three, None)
    record_run(home, run("r2", 3), three[:1], None)
    assert held(home) == {"a": True}
    over = [observation("d", recovered=True), observation("e", recovered=True)]
    assert record_run(home, run("r3", 4, month=12), [*over, observation("f")], None).held == 0


def test_an_older_state_database_is_brought_up_to_date(home: Home) -> None:
    from alembic import command
    from alembic.config import Config

    old = sa.create_engine(bare(home.root))
    with old.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        columns = {each["name"] for each in sa.inspect(connection).get_columns("finding")}
        assert "held" not in columns
        values: dict[str, Any] = dict.fromkeys(columns, "x")
        values |= {"first_seen": "2026-11-01", "last_seen": "2026-11-01", "stock": False}
        values |= {"provisional": False, "observation": '{"grain": {}}', "outcome": "hit"}
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO finding ({names}) VALUES ({marks})"), values)
    old.dispose()
    assert [each.held for each in list_findings(home, ANYONE)] == [False]
    with engine(home).connect() as connection:
        assert sa.inspect(connection).has_table("back_test")


def test_a_check_marks_the_rule_in_every_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    with Writer.open(home, "test") as writer:
        paid = [voucher(number, DAY, 100 if number < 3 else 1) for number in range(4)]
        writer.replace(
            "payment_voucher", rows("payment_voucher", *paid), batch("payment_voucher", "1")
        )
        writer.publish(DAY)
    folder = home.root / "rules" / "voucher"
    folder.mkdir(parents=True)
    (folder / "PZ97.yaml").write_text(RULE, encoding="utf-8")
    (folder / "PZ98.yaml").write_text(
        RULE.replace("PZ97", "PZ98").replace("50}", "80}"), encoding="utf-8"
    )
    result = check(home.root, rules=["PZ97", "PZ98"])
    loads = {t["rule"]: (t["new"], t["load_limit"], t["calibrate"]) for t in result.tallies}
    assert loads == {"PZ97": (3, 2, True), "PZ98": (3, 3, False)}
    assert (result.summary["held"], result.summary["calibrate"]) == (3, ["PZ97"])
    assert "PZ97 的新增超过声明的负荷，待校准：3 条只列出，不发通知、不计期限。" in result.sentence
    listed = [json.loads(line) for line in said(capsys, home, "rules", "list")]
    assert {each["rule"]: each["load"] for each in listed if each.get("rule") in loads} == {
        "PZ97": "待校准", "PZ98": "",
    }  # fmt: skip
    listed = [json.loads(line) for line in said(capsys, home, "findings")][:-1]
    assert sorted((each["rule"], each["held"]) for each in listed) == [
        *[("PZ97", True)] * 3, *[("PZ98", False)] * 3,
    ]  # fmt: skip


def test_a_back_test_is_written_down_once_and_listed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    record_run(home, run("r2", 3), [observation("a")], None)
    for _ in range(2):
        assert record_run(home, run("r1", 2), [observation("b")], None).back_test
    assert held(home) == {"a": False}
    listed = {each["run"]: (each["back_test"], each["as_of"], each["hit"]) for each in runs(home)}
    assert listed == {"r2": (False, date(2026, 11, 3), 3), "r1": (True, date(2026, 11, 2), 3)}
    *_, summary = said(capsys, home, "runs", "checks")
    assert json.loads(summary) == {"summary": True, "runs": 1, "back_tests": 1}


def said(capsys: pytest.CaptureFixture[str], home: Home, *words: str) -> list[str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home.root), *words, "--json"])
    assert left.value.code == 0
    return capsys.readouterr().out.splitlines()
