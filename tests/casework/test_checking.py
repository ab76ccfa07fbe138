"""A check on a home where one report came: the rest of the book waits and is no error."""

from datetime import date
from pathlib import Path

from budget_watch.casework.checking import check
from budget_watch.lake import Home, Writer
from tests.lake.made import batch, rows, voucher

DAY = date(2026, 9, 30)


def test_rules_whose_reports_never_came_are_not_judged_and_are_no_error(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with Writer.open(home, "test") as writer:
        frame = rows("payment_voucher", voucher(1, DAY, 100))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    found = check(home.root, rules=["PZ14", "ZW01", "ZX01"])
    tallies = {each["rule"]: each for each in found.tallies}
    assert {rule: each["undelivered"] for rule, each in tallies.items()} == {
        "PZ14": [],
        "ZW01": ["debt_limit"],
        "ZX01": ["procedure_node"],
    }
    assert (found.summary["error"], found.summary["not_judged"]) == (0, 2)
    assert "2 条规则所需的报表没有送达，没有判断。" in found.sentence
