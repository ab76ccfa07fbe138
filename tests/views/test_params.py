"""参数: the history as steps, which rules use a number, what kept back-tests say of another."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path

from budget_watch.casework.book import rules_dir
from budget_watch.engine import load_book
from budget_watch.engine.model import Param
from budget_watch.engine.params import parameter
from budget_watch.views.params import kind_of, steps, uses, value_tests

RATE = Param.model_validate(
    {
        "id": "x.rate",
        "title": "比率",
        "unit": "ratio",
        "values": [
            {"from": date(2015, 1, 1), "value": "10%", "authority": "law"},
            {"from": date(2020, 1, 1), "value": "8%", "authority": "ministry"},
            {"from": date(2030, 1, 1), "value": "1%", "authority": "law"},
            {"from": date(2022, 1, 1), "to": date(2023, 12, 31), "value": "5%",
             "authority": "local", "jurisdiction": "9901"},
        ],
    }
)  # fmt: skip


def test_the_history_is_a_line_of_steps_for_each_jurisdiction_up_to_the_day() -> None:
    made = parameter(RATE, lambda at: "here")
    found = steps(made, date(2026, 11, 20))
    assert [(each.jurisdiction, each.points, each.until) for each in found] == [
        (
            "",
            (
                (date(2015, 1, 1), Fraction(1, 10), "10%"),
                (date(2020, 1, 1), Fraction(2, 25), "8%"),
            ),
            date(2026, 11, 20),
        ),
        ("9901", ((date(2022, 1, 1), Fraction(1, 20), "5%"),), date(2023, 12, 31)),
    ]
    assert steps(made, date(2010, 1, 1)) == []
    days = (date(2016, 1, 1), date(2022, 6, 1), date(2024, 1, 1), date(2010, 1, 1))
    kinds = [kind_of(made, day, "990100000") for day in days]
    assert kinds == ["法定", "本级标准", "文件规定", "法定"]


def test_a_parameter_names_the_rules_and_the_levels_that_use_it() -> None:
    book = load_book([rules_dir()])
    (use,) = uses(book, "execution.lag.serious")
    assert (use.rule.id, use.levels) == ("ZX06", ("orange",))
    assert [each.rule.id for each in uses(book, "drafting.reserve.low")] == ["BZ01"]
    assert uses(book, "no.such") == []


def test_kept_back_tests_are_cut_to_the_parameter(tmp_path: Path) -> None:
    change = {"added": 12, "removed": 3, "changed": 1}
    other = {"added": 9, "removed": 9, "changed": 9}
    whole = {
        "id": "a" * 16, "snapshot": "S1", "book": "b1", "from": "2026-01-31", "to": "2026-10-31",
        "every": "month", "sets": ["x.rate = 15%", "x.other=1"], "rules": None, "days": [],
        "totals": [
            {"kind": "rule", "rule": "ZX06", "title": "进度", "days": 10, "findings": 20,
             "units": 4,
             "sets": [{"set": "x.rate = 15%", **change}, {"set": "x.other=1", **other}]},
            {"kind": "rule", "rule": "ZX07", "title": "三保", "days": 10, "findings": 5, "units": 2,
             "sets": [{"set": "x.rate = 15%", **change}]},
            {"kind": "rule", "rule": "ZX08", "title": "收入", "days": 10, "findings": 1, "units": 1,
             "sets": []},
        ],
    }  # fmt: skip
    (tmp_path / "backtests").mkdir()
    (tmp_path / "backtests" / f"{'a' * 16}.json").write_text(json.dumps(whole), encoding="utf-8")
    (found,) = value_tests(tmp_path, "x.rate")
    assert (found.value, found.days, found.first, found.last, found.book) == (
        "15%", 10, date(2026, 1, 31), date(2026, 10, 31), "b1",
    )  # fmt: skip
    assert [(each["rule"], each["findings"]) for each in found.rules] == [("ZX06", 20), ("ZX07", 5)]
    assert [found.sum(what) for what in ("added", "removed", "changed")] == [24, 6, 2]
    assert value_tests(tmp_path, "x.rat") == []
