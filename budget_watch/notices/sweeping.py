"""Telling of periods: of cases, opinions, 民生实事, 决议事项, agenda items,
nodes of the year and questions of 人代会.

`sweep` may run at any time, as often as one likes and in several processes: what was told is known
by person, kind, period and last day. All that comes due on a day is one notice a person and room.
"""

from __future__ import annotations

from datetime import UTC, datetime

from budget_watch.casework.telling import of_clocks, of_livelihood
from budget_watch.congress import telling as of_congress
from budget_watch.lake import Home
from budget_watch.meetings import agenda_telling, node_sweep
from budget_watch.meetings import telling as of_demands
from budget_watch.opinions import telling as of_opinions

ROOMS = (
    of_clocks.sweep,
    of_opinions.sweep,
    of_livelihood.sweep,
    of_demands.sweep,
    agenda_telling.sweep,
    node_sweep.sweep,
    of_congress.sweep,
)


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of periods that are nearly due or overdue today; how many notices were new."""
    at = now or datetime.now(UTC)
    return sum(room(home, at) for room in ROOMS)
