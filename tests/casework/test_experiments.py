"""Experiments: two books, other numbers, past days; nothing of them reaches the findings."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from budget_watch.access import Grant
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.experiments import backtest, differ, kept, period_ends, read
from budget_watch.casework.findings import list_findings
from budget_watch.cli.main import main
from budget_watch.lake import Home, Writer
from tests.lake.made import batch, rows, voucher

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
skip: [{when: "pay_date > as_of()", because: 以后的}]
levels:
  - {level: orange, when: "pay_amt >= param('voucher.trial.high')"}
  - {level: yellow, when: "pay_amt >= param('voucher.trial.low')"}
value: pay_amt
message: "支付{pay_amt:money}"
"""
PARAMS = """
- {id: voucher.trial.high, title: 高, unit: fen, values: [{from: 2018-01-01, value: 3元, authority: customary}]}
- {id: voucher.trial.low, title: 低, unit: fen, values: [{from: 2018-01-01, value: 2元, authority: customary}]}
"""  # noqa: E501


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    with Writer.open(home, "test") as writer:
        frame = rows(
            "payment_voucher",
            voucher(1, date(2026, 8, 10), 100),
            voucher(2, date(2026, 8, 11), 200, agency_code="102001"),
            voucher(3, DAY, 300, agency_code="102001"),
        )
        writer.replace("payment_voucher", frame, batch("payment_voucher", "1"))
        writer.publish(DAY)
    book(home.root / "rules", RULE)
    return home


def book(folder: Path, rule: str) -> Path:
    for name in ("voucher", "params"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "voucher" / "PZ97.yaml").write_text(rule, encoding="utf-8")
    (folder / "params" / "ours.yaml").write_text(PARAMS, encoding="utf-8")
    return folder


def test_another_number_lets_hits_appear_vanish_and_change_their_level(home: Home) -> None:
    (lower,) = differ(home.root, (), ["voucher.trial.low=1元"], rules=["PZ97"])
    assert (lower.before.hits, lower.after.hits) == (2, 3)
    assert lower.appear.record() == {"hits": 1, "units": 1, "amount_fen": 100}
    assert [each["what"] for each in lower.examples] == ["appear"]
    assert lower.examples[0] | {"grain": None} == {
        "what": "appear", "grain": None, "before": None, "after": "yellow", "value": 100,
    }  # fmt: skip
    sets = ["voucher.trial.low=2.01元", "voucher.trial.high=3.01元"]
    (higher,) = differ(home.root, (), sets, rules=["PZ97"])
    assert (higher.vanish.hits, higher.vanish.amount, dict(higher.levels)) == (
        1, 200, {"orange→yellow": 1},
    )  # fmt: skip
    (same,) = differ(home.root, (), ["voucher.trial.low=2元"], rules=["PZ97"])
    assert not same.differs


def test_two_folders_are_compared_also_where_a_rule_is_new(home: Home, tmp_path: Path) -> None:
    for name, low in (("a", "200"), ("b", "1")):
        folder = book(tmp_path / name, RULE)
        text = PARAMS.replace("value: 2元", f"value: {low}元")
        (folder / "params" / "ours.yaml").write_text(text, encoding="utf-8")
    other = tmp_path / "b" / "voucher" / "PZ98.yaml"
    other.write_text(RULE.replace("PZ97", "PZ98"), encoding="utf-8")
    first, second = differ(home.root, (tmp_path / "a", tmp_path / "b"))
    assert (first.rule, first.appear.hits, first.before.hits) == ("PZ97", 2, 1)
    assert (second.rule, second.before.hits, second.appear.hits) == ("PZ98", 0, 3)


def test_past_days_are_judged_and_each_change_is_an_experiment_of_its_own(home: Home) -> None:
    sets = ["voucher.trial.low=1元", "voucher.trial.high=2元"]
    found = list(backtest(home.root, date(2026, 7, 1), date(2026, 12, 31), "month", sets, ["PZ97"]))
    days = [each for each in found if each["kind"] == "day"]
    assert [(each["as_of"], each["hits"], each["new"]["hits"]) for each in days] == [
        ("2026-07-31", 0, 0), ("2026-08-31", 1, 1), ("2026-09-30", 2, 1),
    ]  # fmt: skip
    assert (days[2]["units"], days[2]["amount_fen"], days[2]["levels"]) == (
        1, 500, {"orange": 1, "yellow": 1},
    )  # fmt: skip
    moves = [
        (each["set"], each["added"]["hits"], each["changed"]["hits"]) for each in days[1]["sets"]
    ]
    assert moves == [(sets[0], 1, 0), (sets[1], 0, 1)]
    (total,) = [each for each in found if each["kind"] == "rule"]
    assert (total["findings"], total["units"], total["days"]) == (2, 1, 3)
    assert total["sets"] == [
        {"set": sets[0], "added": 1, "removed": 0, "changed": 0},
        {"set": sets[1], "added": 0, "removed": 0, "changed": 1},
    ]


def test_a_back_test_is_kept_for_the_pages_and_touches_no_finding(home: Home) -> None:
    found = list(backtest(home.root, date(2026, 8, 1), DAY, rules=["PZ97"]))
    list(backtest(home.root, date(2026, 8, 1), DAY, rules=["PZ97"]))
    (head,) = kept(home.root)
    whole = read(home.root, head["id"])
    assert whole["days"] + whole["totals"] == found
    assert (head["from"], head["to"], head["every"], head["rules"]) == (
        "2026-08-31", "2026-09-30", "month", ["PZ97"],
    )  # fmt: skip
    assert list(list_findings(home, Grant.system("test"), outcome=None)) == []
    assert not (home.root / "lake" / "observations").exists()
    with pytest.raises(CaseworkError, match="没有编号为"):
        read(home.root, "../state")


@pytest.mark.parametrize(
    ("every", "ends"),
    [
        ("month", ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28"]),
        ("quarter", ["2025-12-31"]),
        ("year", ["2025-12-31"]),
    ],
)
def test_periods_end_between_the_days(every: str, ends: list[str]) -> None:
    found = period_ends(date(2025, 11, 5), date(2026, 3, 30), every)  # type: ignore[arg-type]
    assert [each.isoformat() for each in found] == ends


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("nobody=1元", "要写 参数=值"),
        ("voucher.trial.low", "要写 参数=值"),
        ("voucher.trial.low=5", "没有单位"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(home: Home, said: str, wrong: str) -> None:
    with pytest.raises(CaseworkError, match=wrong):
        list(differ(home.root, (), [said], rules=["PZ97"]))


def test_a_span_without_data_is_refused(home: Home) -> None:
    with pytest.raises(CaseworkError, match="没有已结束的期间"):
        list(backtest(home.root, date(2026, 10, 1), date(2026, 12, 31), rules=["PZ97"]))


def test_the_command_line_prints_both(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> list[dict[str, object]]:
        with pytest.raises(SystemExit) as left:
            main(["--home", str(home.root), "rules", *words, "--json"])
        assert left.value.code == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    record, summary = said("diff", "--set", "voucher.trial.low=1元", "--rule", "PZ97")
    assert (record["rule"], summary["appear"]) == ("PZ97", 1)
    *days, total, summary = said("backtest", "PZ97", "--from", "2026-08-01", "--to", "2026-09-30")
    assert (len(days), total["findings"], summary["rules"]) == (2, 2, 1)
