"""Working days, and the dates that periods of law and delivery end on.

The calendar is a dated table: each day is 公布 (announced by the State Council, or given in a file)
or 推算 (reckoned from the statutory holidays before the announcement). Nothing here asks what day
it is today, and no supervision year lives here (that is data in rules/calendar).
"""

from budget_watch.calendar.days import (
    ANNOUNCED,
    RECKONED,
    CalendarError,
    WorkCalendar,
    calendar_frame,
    read_overrides,
    standard_calendar,
)
from budget_watch.calendar.due import Due, Reckoned, due_date, parse_due
from budget_watch.calendar.periods import add_days, add_workdays, workdays_between

__all__ = [
    "ANNOUNCED",
    "RECKONED",
    "CalendarError",
    "Due",
    "Reckoned",
    "WorkCalendar",
    "add_days",
    "add_workdays",
    "calendar_frame",
    "due_date",
    "parse_due",
    "read_overrides",
    "standard_calendar",
    "workdays_between",
]
