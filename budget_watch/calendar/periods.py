"""Periods in days (日) and in working days (工作日).

The day of the event is not counted (民法典 §201). Whether a period in days whose last day is a day
off ends on the next working day (民法典 §203) is an option: 预算法 says nothing of it.
"""

from __future__ import annotations

from datetime import date, timedelta

from budget_watch.calendar.days import WorkCalendar, standard_calendar


def add_days(
    start: date, days: int, *, roll_over: bool = False, calendar: WorkCalendar | None = None
) -> date:
    """Return the last day of a period of calendar days that begins the day after `start`."""
    end = start + timedelta(days)
    if not roll_over:
        return end
    known = calendar or standard_calendar()
    while not known.is_workday(end):
        end += timedelta(1)
    return end


def add_workdays(start: date, days: int, calendar: WorkCalendar | None = None) -> date:
    """Return the n-th working day after `start` (before it, if negative; 0 gives `start`)."""
    known = calendar or standard_calendar()
    step = timedelta(1 if days >= 0 else -1)
    end = start
    for _ in range(abs(days)):
        end += step
        while not known.is_workday(end):
            end += step
    return end


def workdays_between(start: date, end: date, calendar: WorkCalendar | None = None) -> int:
    """Return the working days after `start` up to and with `end`; negative if end is earlier."""
    known = calendar or standard_calendar()
    return known.wd(end) - known.wd(start)
