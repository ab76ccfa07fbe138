"""Periods of casework: when they are due, paused, extended, overdue.

Working days by the calendar, the day of the event not counted; days of quiet weeks do not count for
clocks that say so. Months end on the same day of the month, or its last.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol

from budget_watch.calendar.days import WorkCalendar
from budget_watch.casework.workflow import Clock, QuietWeeks

STOPPED, PAUSED, OVERDUE, SOON, RUNNING = "已止", "停计", "逾期", "临期", "在计"


@dataclass(frozen=True)
class Running:
    """One period of a case.

    Attributes:
        number: its place among the case's periods.
        extended: working days (months' clocks: days) granted on top.
        paused: the day since which it does not count, if so.
    """

    number: int
    clock: str
    started: date
    due: date
    extended: int = 0
    paused: date | None = None
    stopped: date | None = None

    @property
    def open(self) -> bool:
        """Whether it has not been stopped."""
        return self.stopped is None


class Timed(Protocol):
    """A workflow as far as its periods go; that of cases and that of opinions are two."""

    @property
    def clock(self) -> Mapping[str, Clock]:
        """Clocks by id."""

    @property
    def quiet_weeks(self) -> tuple[QuietWeeks, ...]:
        """Days of every year that some clocks do not count."""

    @property
    def remind_workdays(self) -> int:
        """How many working days before its end a period is told of."""


@dataclass(frozen=True)
class Reckoning:
    """What periods are reckoned with: the workflow's clocks and the calendar."""

    flow: Timed
    calendar: WorkCalendar

    def due(self, clock: Clock, start: date) -> date:
        """The last day of a period that begins the day after `start`."""
        if clock.months is not None:
            return add_months(start, clock.months)
        return self.add(start, clock.workdays or 0, clock.quiet)

    def add(self, start: date, days: int, quiet: bool) -> date:
        """The n-th counted working day after a day; before it where n is negative."""
        step = timedelta(1 if days >= 0 else -1)
        end, left = start, abs(days)
        while left:
            end += step
            left -= self.counts(end, quiet)
        return end

    def between(self, start: date, end: date, quiet: bool) -> int:
        """Counted working days after `start` up to and with `end`; negative if end is earlier."""
        if end < start:
            return -self.between(end, start, quiet)
        days = (start + timedelta(n) for n in range(1, (end - start).days + 1))
        return sum(self.counts(day, quiet) for day in days)

    def counts(self, day: date, quiet: bool) -> bool:
        """Whether the day is a working day outside the quiet weeks (where they matter)."""
        if not self.calendar.is_workday(day):
            return False
        return not (quiet and in_quiet_weeks(day, self.flow.quiet_weeks))

    def resumed(self, one: Running, today: date) -> date:
        """The new last day of a paused period that goes on today."""
        clock = self.flow.clock[one.clock]
        paused = one.paused or today
        if clock.months is not None:
            return one.due + (today - paused)
        left = self.between(paused, one.due, clock.quiet)
        since = today
        while left < 0 and not self.counts(since, clock.quiet):
            since -= timedelta(1)  # overdue as before: a day that does not count is no day
        return self.add(since, left, clock.quiet)

    def extended(self, one: Running, days: int) -> date:
        """The new last day of a period that is lengthened."""
        clock = self.flow.clock[one.clock]
        if clock.months is not None:
            return one.due + timedelta(days)
        return self.add(one.due, days, clock.quiet)

    def after(
        self,
        clocks: Iterable[Running],
        today: date,
        *,
        starts: Sequence[str] = (),
        stops: Sequence[str] = (),
        pauses: Sequence[str] = (),
        resumes: Sequence[str] = (),
        longer: tuple[str, int] | None = None,
    ) -> tuple[Running, ...]:
        """The periods after a step: stop, pause, go on, lengthen, start.

        Args:
            resumes: go on where they are paused, start where none runs.
            longer: a clock, and how much is granted on top.
        """

        def changed(one: Running) -> Running:
            if not one.open:
                return one
            if one.clock in stops:
                return replace(one, stopped=today)
            if one.clock in pauses and one.paused is None:
                return replace(one, paused=today)
            if one.clock in resumes and one.paused is not None:
                return replace(one, due=self.resumed(one, today), paused=None)
            if longer is not None and one.clock == longer[0]:
                due = self.extended(one, longer[1])
                return replace(one, due=due, extended=one.extended + longer[1])
            return one

        found = [changed(one) for one in clocks]
        running = {one.clock for one in found if one.open}
        for name in (*starts, *resumes):
            if name not in running:
                due = self.due(self.flow.clock[name], today)
                found.append(Running(len(found) + 1, name, today, due))
                running.add(name)
        return tuple(found)

    def mark(self, one: Running, today: date) -> dict[str, Any]:
        """How a period stands: `mark` and `left`, the working days to go (negative: overdue)."""
        clock = self.flow.clock[one.clock]
        left = self.between(today, one.due, False)
        record = {
            "clock": one.clock,
            "title": clock.title,
            "started": one.started.isoformat(),
            "due": one.due.isoformat(),
            "extended": one.extended,
            "local": clock.basis.kind == "local",
            "basis": clock.basis.says if clock.basis.kind == "local" else clock.basis.quote,
        }
        if one.stopped is not None:
            late = one.stopped > one.due
            word = "逾期完成" if late else STOPPED
            return {**record, "mark": word, "left": None, "stopped": one.stopped.isoformat()}
        if one.paused is not None:
            return {**record, "mark": PAUSED, "left": None, "stopped": None}
        if one.due < today:
            return {**record, "mark": OVERDUE, "left": left, "stopped": None}
        soon = left <= self.flow.remind_workdays
        return {**record, "mark": SOON if soon else RUNNING, "left": left, "stopped": None}


def add_months(start: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def in_quiet_weeks(day: date, weeks: Sequence[QuietWeeks]) -> bool:
    """Whether the day lies in one of them; one may pass the end of the year."""
    said = f"{day:%m-%d}"
    return any(
        each.since <= said <= each.until
        if each.since <= each.until
        else said >= each.since or said <= each.until
        for each in weeks
    )
