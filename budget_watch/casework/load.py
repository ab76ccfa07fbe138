"""The load a rule may make: how many new findings a month before its notices are held.

A rule declares hits a month per 100 judged grains. Where the findings first seen in the month of a
run are more, those of that run are stored and listed but `held`: no notice, no clock, and the rule
is marked 待校准 (to be calibrated). What a statute calls red is never held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.casework import tables as t

CALIBRATE = "待校准"


@dataclass(frozen=True)
class Load:
    """One rule's new findings in a run.

    Attributes:
        new: first seen in this run.
        month: first seen in the calendar month of the run's day, this run's among them.
        limit: how many the rule may make in a month; none if it declares nothing.
    """

    new: int = 0
    month: int = 0
    limit: int | None = None

    @property
    def exceeded(self) -> bool:
        """Whether this run's new findings are held."""
        return self.limit is not None and self.new > 0 and self.month > self.limit


def limit(hits_per_month_per_100: float | None, judged: int) -> int | None:
    """How many new findings a month a rule may make; at least one."""
    if hits_per_month_per_100 is None:
        return None
    return max(1, int(hits_per_month_per_100 * judged / 100 + 1e-9))


def loads(
    connection: sa.Connection,
    new: Iterable[Mapping[str, Any]],
    limits: Mapping[str, int | None],
    as_of: date,
) -> dict[str, Load]:
    """The load of each rule that has new findings or a limit."""
    counts = Counter(item["rule"] for item in new)
    first = t.finding_event.c
    query = (
        sa.select(t.finding.c.rule, sa.func.count())
        .join(t.finding_event, first.finding == t.finding.c.id)
        .where(
            first.seq == 1,
            first.outcome == "hit",
            first.as_of.between(as_of.replace(day=1), as_of),
            t.finding.c.stock.is_(False),
        )
        .group_by(t.finding.c.rule)
    )
    before: dict[str, int] = {rule: count for rule, count in connection.execute(query)}
    return {
        rule: Load(counts[rule], before.get(rule, 0) + counts[rule], limits.get(rule))
        for rule in {*counts, *limits}
    }


def held(item: Mapping[str, Any], load: Load | None) -> bool:
    """Whether a new finding is held: its rule exceeds its load and it is no statute's red."""
    statutory = item["level"] == "red" and item["class"] == "法"
    return load is not None and load.exceeded and not statutory
