"""Notices of a run: what is new or worse, one a rule and person, however many findings.

Told are those who may take a finding up. Held findings (a rule above its declared load), those on
trial and 存量 are listed and make no notice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.casework.data_state import NEW as FIRST_SEEN
from budget_watch.casework.data_state import RETURNED, WORSE
from budget_watch.casework.findings import in_scope
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.workflow import Workflow
from budget_watch.lake import Home

STATES = {FIRST_SEEN: outbox.NEW, WORSE: outbox.WORSE, RETURNED: outbox.WORSE}

Tell = Callable[[sa.Connection, str], None]


def teller(home: Home, workflow: Callable[[], Workflow], at: datetime) -> Tell:
    """What tells of a run once it is recorded, inside the recording's transaction."""
    people = readers(home, at)
    flow = workflow() if people else None
    if flow is None:
        return lambda connection, run: None
    takers = {
        role for step in flow.transitions if flow.start.id in step.sources for role in step.who
    }
    people = tuple(each for each in people if each.title in takers)
    for each in people:
        visible_rules(home.root, each.grant)  # read the book now, not while others wait to write

    def tell(connection: sa.Connection, run: str) -> None:
        told: dict[tuple[str, str], list[Reader]] = {}
        for person in people:
            for rule, state in _changed(home, person, connection, run):
                told.setdefault((rule, STATES[state]), []).append(person)
        for (rule, kind), whom in sorted(told.items()):
            cause = outbox.Cause(kind, f"run:{run}:{rule}", (f"{run}/{rule}",))
            outbox.tell(connection, cause, whom, at)

    return tell


def _changed(
    home: Home, person: Reader, connection: sa.Connection, run: str
) -> set[tuple[str, str]]:
    """Rule and data state of what the run changed in a person's scope."""
    f = t.finding.c
    query = (
        sa.select(f.rule, f.data_state)
        .where(*in_scope(home, person.grant), *noticed(run))
        .distinct()
    )
    return {(rule, state) for rule, state in connection.execute(query)}


def noticed(run: str) -> list[sa.ColumnElement[bool]]:
    """What makes a notice of the findings that a run saw last."""
    f = t.finding.c
    quiet = (f.held.is_(False), f.trial.is_(False), f.stock.is_(False))
    return [f.last_run == run, f.outcome == "hit", f.data_state.in_(sorted(STATES)), *quiet]
