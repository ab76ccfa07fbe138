"""Kept lists of findings: a run and an act are seen at once, nothing else is asked twice."""

from datetime import date

import pytest

from budget_watch.access import Grant, Mask
from budget_watch.casework import finding_lists
from budget_watch.casework.findings import list_findings
from budget_watch.casework.recording import record_run
from budget_watch.lake import Home
from tests.casework.made_cases import LI, do, fill, id_of
from tests.casework.test_recording import ANYONE, observation, run


@pytest.fixture(autouse=True)
def nothing_kept():
    finding_lists._kept.clear()


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def test_a_run_is_seen_at_once(home):
    record_run(home, run("r1", 19), [observation("a")], baseline=None)
    assert [each.last_seen for each in list_findings(home, ANYONE)] == [date(2026, 11, 19)]
    record_run(home, run("r2", 20), [observation("a"), observation("b")], baseline=None)
    assert [(each.finding[0], each.last_seen) for each in list_findings(home, ANYONE)] == [
        ("b", date(2026, 11, 20)),
        ("a", date(2026, 11, 20)),
    ]


def test_an_act_is_seen_at_once(home):
    fill(home, 1)
    assert [each.work_state for each in list_findings(home, ANYONE)] == ["新触发"]
    do(home, LI, id_of(1), "take")
    assert [each.work_state for each in list_findings(home, ANYONE)] == ["初核"]


def test_what_nobody_changed_is_read_once_and_each_gets_a_list_of_their_own(home, monkeypatch):
    fill(home, 2)
    first = list_findings(home, ANYONE)
    monkeypatch.setattr("budget_watch.casework.findings._finding", None)
    first.clear()
    assert len(list_findings(home, ANYONE)) == 2


def test_masks_are_kept_apart(home):
    seen = observation("a", values={"payee_acct_name": "张三", "payee_acct_no": "6222001234"})
    record_run(home, run("r1", 19), [seen], baseline=None)
    open_to = Grant.operator("test")
    hidden = Grant(user="u", purpose="test", scope=open_to.scope, mask=Mask.PERSONS)
    plain = Grant(user="u", purpose="test", scope=open_to.scope, mask=Mask.NONE)
    for _ in range(2):
        assert [f.values["payee_acct_name"] for f in list_findings(home, plain)] == ["张三"]
        assert [f.values["payee_acct_name"] for f in list_findings(home, hidden)] == ["张**"]


def test_another_home_is_another_list(home, tmp_path):
    other = Home(tmp_path / "other")
    fill(home, 1)
    fill(other, 2)
    assert (len(list_findings(home, ANYONE)), len(list_findings(other, ANYONE))) == (1, 2)


def test_together_they_stay_within_bounds(home, monkeypatch):
    monkeypatch.setattr(finding_lists, "MOST", 3)
    fill(home, 2)
    for level in ("orange", "red", None):
        list_findings(home, ANYONE, level=level)
    assert sum(len(each) for each in finding_lists._kept.values()) <= 3
