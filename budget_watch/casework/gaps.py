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
import sqlalchemy as sa

from budget_watch.access import Grant, Mask
from budget_watch.casework import tables as t
from budget_watch.casework.data_state import ERROR, EXEMPT, INSUFFICIENT
from budget_watch.casework.hiding import hidden
from budget_watch.engine import Book
from budget_watch.engine.observations import read_run
from budget_watch.engine.wording import render
from budget_watch.lake import Home
from budget_watch.lake.state import engine

STATES = {"insufficient_data": INSUFFICIENT, "error": ERROR, "not_applicable": EXEMPT}


def last_run(home: Home) -> dict[str, Any] | None:
    """The last recorded run: run, snapshot, book_hash, as_of, tallies; None before the first."""
    query = sa.select(t.run).order_by(t.run.c.seq.desc()).limit(1)
    with engine(home).connect() as connection:
        row = connection.execute(query).mappings().first()
    return None if row is None else {**row, "tallies": json.loads(row["tallies"])}


def to_calibrate(home: Home) -> set[str]:
    """The rules that made more new findings in the last run than they declare (待校准)."""
    last = last_run(home) if home.exists else None
    return {
        tally["rule"] for tally in (last or {"tallies": []})["tallies"] if tally.get("calibrate")
    }


def runs(home: Home) -> list[dict[str, Any]]:
    """All recorded runs and back-tests, newest first.

    Each with run, snapshot, as_of, recorded_at, hit (how many), back_test (whether it was one).
    """
    found = []
    with engine(home).connect() as connection:
        for table, back_test in ((t.run, False), (t.back_test, True)):
            for row in connection.execute(sa.select(table)).mappings():
                hits = sum(int(each["hit"]) for each in json.loads(row["tallies"]))
                about = {name: row[name] for name in ("run", "snapshot", "as_of", "recorded_at")}
                found.append({**about, "hit": hits, "back_test": back_test})
    return sorted(found, key=lambda each: (each["recorded_at"], each["run"]), reverse=True)


def observations_of(home: Home, grant: Grant, run: str, outcome: str | None = None) -> pl.DataFrame:
    """Observations of a run within the grant's regions and departments."""
    rows = read_run(home, run)
    if outcome is not None:
        rows = rows.filter(pl.col("outcome") == outcome)
    if grant.scope.regions is not None:
        rows = rows.filter(pl.col("mof_div_code").is_in(sorted(grant.scope.regions)))
    if grant.scope.departments is not None:
        rows = rows.filter(pl.col("dept_code").is_in(sorted(grant.scope.departments)))
    return rows


def gaps(home: Home, grant: Grant, book: Book, outcome: str) -> Iterator[dict[str, Any]]:
    """Records of the last run's observations of one outcome, shaped like findings."""
    last = last_run(home)
    if last is None:
        return
    for row in observations_of(home, grant, last["run"], outcome).iter_rows(named=True):
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
            "last_seen": last["as_of"].isoformat(),
            "data_state": STATES[row["outcome"]],
            "work_state": None,
        }
