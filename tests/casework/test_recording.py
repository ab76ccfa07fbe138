"""Recording runs: again is nothing, corrections and clearing move the data state alone."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from budget_watch.access import Grant, Scope
from budget_watch.casework import tables as t
from budget_watch.casework.errors import UnknownFindingError
from budget_watch.casework.findings import get_finding, history, list_findings
from budget_watch.casework.recording import Recorded, Run, record_run
from budget_watch.lake import Home
from budget_watch.lake.state import engine

ANYONE = Grant.operator("test")


def observation(name: str, level: str = "orange", **change: Any) -> dict[str, Any]:
    return {
        "identity": name * 64,
        "rule": "ZX06",
        "title": "支出进度滞后序时",
        "area": "execution",
        "outcome": "hit",
        "level": level,
        "class": "理",
        "provisional": False,
        "grain": {"dept_code": "101", "month": 9},
        "values": {"spent": 1},
        "period_end": "2026-09-30",
        "mof_div_code": "990100000",
        "dept_code": "101",
        "agency_code": None,
        "message": "提示",
        **change,
    }


def run(name: str, day: int, rules: frozenset[str] = frozenset({"ZX06"})) -> Run:
    return Run(name, "S1", "b", date(2026, 11, day), rules, [])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_same_run_twice_changes_nothing(home: Home) -> None:
    first = record_run(home, run("r1", 19), [observation("a")], baseline=None)
    again = record_run(home, run("r1", 19), [observation("a")], baseline=None)
    assert (first, again) == (Recorded(new=1), Recorded(repeated=True))
    assert len(history(home, ANYONE, "a" * 64)) == 1


def test_a_corrected_figure_changes_the_data_state_and_keeps_the_identity(home: Home) -> None:
    record_run(home, run("r1", 19), [observation("a")], baseline=date(2026, 11, 19))
    record_run(home, run("r2", 20), [observation("a", values={"spent": 2})], baseline=None)
    found = get_finding(home, ANYONE, "aaaaaaaa")
    assert (found.data_state, found.values, found.first_seen, found.last_seen, found.stock) == (
        "更正",
        {"spent": 2},
        date(2026, 11, 19),
        date(2026, 11, 20),
        True,
    )


def test_a_finding_that_is_not_hit_any_more_clears_and_keeps_its_work_state(home: Home) -> None:
    record_run(home, run("r1", 18), [observation("a"), observation("b")], baseline=None)
    record_run(home, run("r2", 19), [observation("b")], baseline=None)
    record_run(home, run("r3", 20, frozenset()), [], baseline=None)
    states = {
        f.finding[0]: (f.outcome, f.data_state, f.work_state)
        for f in list_findings(home, ANYONE, outcome=None)
    }
    assert states == {"a": ("cleared", "已恢复", "新触发"), "b": ("hit", "持续", "新触发")}
    words = [event["data_state"] for event in history(home, ANYONE, "a" * 64)]
    assert words == ["新触发", "已恢复"]


def test_insufficient_data_makes_no_finding_but_marks_a_known_one(home: Home) -> None:
    record_run(home, run("r1", 19), [observation("a")], baseline=None)
    gap = {"outcome": "insufficient_data", "level": None}
    record_run(
        home, run("r2", 20), [observation("a", **gap), observation("b", **gap)], baseline=None
    )
    found = list_findings(home, ANYONE, outcome=None)
    assert [(f.finding[0], f.outcome, f.data_state) for f in found] == [
        ("a", "insufficient_data", "数据不足")
    ]


def test_a_run_for_an_earlier_day_is_a_back_test(home: Home) -> None:
    record_run(home, run("r1", 20), [observation("a")], baseline=None)
    assert record_run(home, run("r0", 19), [], baseline=None) == Recorded(back_test=True)
    with engine(home).connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.run)).scalar() == 1


def test_a_reader_sees_only_the_findings_of_their_scope(home: Home) -> None:
    record_run(
        home, run("r1", 20), [observation("a"), observation("b", dept_code="102")], baseline=None
    )
    narrow = Grant("x", "test", Scope(departments=frozenset({"102"})))
    assert [f.finding[0] for f in list_findings(home, narrow)] == ["b"]
    with pytest.raises(UnknownFindingError, match="没有查看权限"):
        get_finding(home, narrow, "a" * 64)


def test_a_hit_that_has_recovered_since_is_recorded_as_cleared_whenever_it_is_first_seen(
    home: Home,
) -> None:
    over = observation("a", recovered=True)
    assert record_run(home, run("r1", 1), [over], None) == Recorded(new=0)
    (found,) = list_findings(home, ANYONE, outcome=None)
    assert (found.outcome, found.data_state, found.level) == ("cleared", "已恢复", "orange")
    assert list_findings(home, ANYONE) == []
    record_run(home, run("r2", 2), [observation("a"), observation("b")], None)
    states = {each.finding[0]: each.data_state for each in list_findings(home, ANYONE)}
    assert states == {"a": "再次触发", "b": "新触发"}
    done = record_run(home, run("r3", 3), [over, observation("b", recovered=True)], None)
    assert (done.new, done.cleared) == (0, 2)
    assert {each.outcome for each in list_findings(home, ANYONE, outcome=None)} == {"cleared"}
