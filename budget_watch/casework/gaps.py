"""What was not judged or not held against anyone in the last recorded run.

Insufficient data, errors, and hits that an exemption took out (例外情形登记).

They are not findings, for nothing was seen; but they are listed like them, so that
“no data” never looks like “no problem”.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from budget_watch.access import Grant, Mask, Reached
from budget_watch.casework.data_state import ERROR, EXEMPT, INSUFFICIENT
from budget_watch.casework.hiding import hidden
from budget_watch.casework.rule_marks import visible_rules
from budget_watch.casework.runs import PastRun, latest_run
from budget_watch.engine import Book
from budget_watch.engine.observations import read_run
from budget_watch.engine.wording import render
from budget_watch.lake import Home

STATES = {"insufficient_data": INSUFFICIENT, "error": ERROR, "not_applicable": EXEMPT}


def observations_of(home: Home, grant: Grant, run: str, outcome: str | None = None) -> pl.DataFrame:
    """Observations of a run within the grant's scope, of the rules it may see."""
    rows = read_run(home, run)
    if outcome is not None:
        rows = rows.filter(pl.col("outcome") == outcome)
    if grant.scope.regions is not None:
        rows = rows.filter(pl.col("mof_div_code").is_in(sorted(grant.scope.regions)))
    if grant.scope.departments is not None:
        rows = rows.filter(pl.col("dept_code").is_in(sorted(grant.scope.departments)))
    if grant.scope.units is not None:
        rows = rows.filter(pl.col("agency_code").is_in(sorted(grant.scope.units)))
    rules = visible_rules(home.root, grant)
    if rules is not None:
        rows = rows.filter(pl.col("rule").is_in(sorted(rules)))
    if grant.findings is not Reached.FOUND or not grant.window.open:
        rows = rows.clear()  # what was not judged was verified by nobody, and has no day of its own
    return rows


def latest_observations(
    home: Home, grant: Grant, last: PastRun, outcome: str | None = None
) -> pl.DataFrame:
    """Observations of each rule in the latest run that ran it: the whole one, or one since."""
    return pl.concat(
        observations_of(home, grant, run, outcome).filter(pl.col("rule").is_in(rules))
        for run, rules in last.latest_of().items()
    )


def gaps(home: Home, grant: Grant, book: Book, outcome: str) -> Iterator[dict[str, Any]]:
    """Records of the latest observations of one outcome, shaped like findings."""
    last = latest_run(home)
    if last is None:
        return
    days = {each.run: each.as_of for each in (last, *last.since)}
    for row in latest_observations(home, grant, last, outcome).iter_rows(named=True):
        rule = book.rules.get(row["rule"])
        grain, values = json.loads(row["grain"]), json.loads(row["values"])
        if grant.mask is Mask.PERSONS:
            grain, values = hidden(grain), hidden(values)
        yield {
            "finding": row["identity"],
            "rule": row["rule"],
            "title": rule.title if rule else None,
            "area": rule.area if rule else None,
            "class": row["class"],
            "level": row["level"],
            "outcome": row["outcome"],
            "provisional": row["provisional"],
            "grain": grain,
            "values": values,
            "because": row["because"],
            "message": render(book, row) if rule else None,
            "first_seen": None,
            "last_seen": days[row["run"]].isoformat(),
            "data_state": STATES[row["outcome"]],
            "work_state": None,
        }
