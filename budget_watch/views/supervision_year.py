"""监督日历 for pages: the nodes of a year as a reader's own desk knows them (`meetings.year`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from budget_watch.calendar import WorkCalendar
from budget_watch.engine.params import Parameter
from budget_watch.engine.year_model import Node
from budget_watch.meetings.year import (
    COMING,
    DONE,
    LATE,
    NEAR,
    NEAR_DAYS,
    STATES,
    TABLE,
    UNKNOWN,
    Entry,
    Standing,
    term_end,
    year_of,
    years_around,
)
from budget_watch.views.query import Desk

__all__ = [
    "COMING",
    "DONE",
    "LATE",
    "NEAR",
    "NEAR_DAYS",
    "STATES",
    "TABLE",
    "UNKNOWN",
    "Entry",
    "Standing",
    "followed",
    "supervision_year",
    "term_end",
]


def supervision_year(
    desk: Desk,
    nodes: Sequence[Node],
    params: Mapping[str, Parameter],
    calendar: WorkCalendar,
    region: str,
    year: int,
    today: date,
) -> tuple[Standing, ...]:
    """The nodes in the order of their dates, see `meetings.year.year_of`."""
    rows = desk.rows(TABLE, ("mof_div_code", "=", region))
    return year_of(rows, nodes, params, calendar, region, year, today)


def followed(
    desk: Desk,
    nodes: Sequence[Node],
    params: Mapping[str, Parameter],
    calendar: WorkCalendar,
    region: str,
    today: date,
) -> tuple[tuple[int, Standing], ...]:
    """The nodes of the years around a day that are still followed, see `years_around`."""
    rows = desk.rows(TABLE, ("mof_div_code", "=", region))
    return years_around(rows, nodes, params, calendar, region, today)
