"""Periods and due dates."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_watch.calendar import (
    CalendarError,
    Reckoned,
    add_days,
    add_workdays,
    due_date,
    parse_due,
    standard_calendar,
    workdays_between,
)

DAYS = st.dates(date(2005, 1, 1), date(2033, 12, 31))


def test_a_period_in_days_does_not_count_the_day_of_the_event():
    assert add_days(date(2026, 9, 11), 20) == date(2026, 10, 1)
    assert add_days(date(2026, 9, 11), 20, roll_over=True) == date(2026, 10, 8)


def test_working_days_skip_holidays_and_count_shifted_saturdays():
    assert add_workdays(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert add_workdays(date(2026, 10, 10), -3) == date(2026, 9, 30)
    assert workdays_between(date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert workdays_between(date(2026, 10, 10), date(2026, 9, 30)) == -3


@given(DAYS, st.integers(1, 300))
def test_the_nth_working_day_is_n_working_days_away(start, days):
    end = add_workdays(start, days)
    assert workdays_between(start, end) == days
    assert standard_calendar().is_workday(end)


@pytest.mark.parametrize(
    ("text", "base", "due"),
    [
        ("T+1工作日", date(2026, 11, 20), date(2026, 11, 23)),
        ("事件后5工作日", date(2026, 9, 30), date(2026, 10, 13)),
        ("批准后20日", date(2026, 1, 20), date(2026, 2, 9)),
        ("季后20日", date(2026, 9, 30), date(2026, 10, 20)),
        ("次月12日", date(2026, 12, 31), date(2027, 1, 12)),
        ("次月31日", date(2026, 10, 31), date(2026, 11, 30)),
        ("次年3-31", date(2026, 12, 31), date(2027, 3, 31)),
        ("次年3月31日", date(2026, 12, 31), date(2027, 3, 31)),
    ],
)
def test_due_texts_are_reckoned_from_their_base(text, base, due):
    assert parse_due(text).reckon(base) == Reckoned(due, announced=True)


def test_working_days_that_are_not_announced_yet_make_a_reckoned_date():
    assert parse_due("T+1工作日").reckon(date(2034, 9, 29)) == Reckoned(date(2034, 10, 4), False)


def test_of_several_due_texts_the_one_for_the_span_counts():
    texts = ["季后20日", "次年3-31"]
    assert due_date(texts, date(2026, 6, 30), "quarter").day == date(2026, 7, 20)
    assert due_date(texts, date(2026, 12, 31), "year").day == date(2027, 3, 31)
    assert due_date(["事件后5工作日"], date(2026, 11, 20), "month").day == date(2026, 11, 27)


@pytest.mark.parametrize("text", ["", "明天", "次月0日", "次月32日", "次年2-30", "T+工作日"])
def test_an_unknown_due_text_is_refused_with_the_known_forms(text):
    with pytest.raises(CalendarError, match="次月12日"):
        parse_due(text)
