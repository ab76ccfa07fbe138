"""Periods in working days, by hand-reckoned dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from budget_watch.calendar.days import standard_calendar
from budget_watch.casework.clocks import Reckoning, Running, add_months
from budget_watch.casework.workflow import load_workflow

FLOW = load_workflow([Path(__file__).parents[2] / "rules"])
RECKONING = Reckoning(FLOW, standard_calendar())


@pytest.mark.parametrize(
    ("clock", "start", "due"),
    [
        ("receive", date(2026, 11, 20), date(2026, 11, 25)),  # Friday: Mon, Tue, Wed
        ("examine", date(2026, 9, 28), date(2026, 10, 16)),  # National Day 1–7, 10-10 worked
        ("answer", date(2026, 12, 10), date(2027, 2, 3)),  # 12-11, 12-14, then from 01-18
        ("examine", date(2026, 12, 14), date(2026, 12, 28)),  # the committee has no quiet weeks
        ("progress", date(2026, 11, 30), date(2027, 2, 28)),
        ("result", date(2026, 8, 31), date(2027, 2, 28)),
    ],
)
def test_the_last_day(clock, start, due):
    assert RECKONING.due(FLOW.clock[clock], start) == due


def test_a_pause_takes_no_day_and_gives_none():
    one = Running(1, "answer", date(2026, 11, 2), date(2026, 11, 23), paused=date(2026, 11, 6))
    # paused on Friday with 11 working days to go; goes on a Monday two weeks later
    assert RECKONING.resumed(one, date(2026, 11, 23)) == date(2026, 12, 8)
    same = Running(1, "answer", date(2026, 11, 2), date(2026, 11, 23), paused=date(2026, 11, 23))
    assert RECKONING.resumed(same, date(2026, 11, 23)) == date(2026, 11, 23)


def test_what_was_overdue_before_a_pause_stays_overdue():
    one = Running(1, "answer", date(2026, 11, 2), date(2026, 11, 23), paused=date(2026, 11, 25))
    assert RECKONING.resumed(one, date(2026, 12, 2)) == date(2026, 11, 30)


def test_overdue_days_are_kept_also_if_a_pause_ends_on_a_day_that_does_not_count():
    # paused in the quiet weeks, one counted day late (14 December); it goes on in them, too
    one = Running(1, "answer", date(2026, 11, 20), date(2026, 12, 11), paused=date(2026, 12, 28))
    due = RECKONING.resumed(one, date(2026, 12, 28))
    assert due == date(2026, 12, 11)
    assert RECKONING.between(due, date(2026, 12, 28), True) == 1


def test_the_marks():
    one = Running(1, "examine", date(2026, 11, 9), date(2026, 11, 23))
    told = [
        (
            RECKONING.mark(one, date(2026, 11, day))["mark"],
            RECKONING.mark(one, date(2026, 11, day))["left"],
        )
        for day in (18, 19, 20, 23, 24, 27)
    ]
    assert told == [("在计", 3), ("临期", 2), ("临期", 1), ("临期", 0), ("逾期", -1), ("逾期", -4)]


def test_months_end_on_their_last_day():
    assert add_months(date(2026, 10, 31), 4) == date(2027, 2, 28)
    assert add_months(date(2026, 1, 15), 12) == date(2027, 1, 15)
