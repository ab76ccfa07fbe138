"""隔离区: which deliveries have rows in quarantine, which rows, why, and what became of them.

As of a snapshot: what was released or discarded later does not show on an older one. A reader with
a limited scope sees the rows of their places and departments, and counts of these alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from budget_watch.access import Grant
from budget_watch.lake import Home, Snapshot, quarantine
from budget_watch.lake.quarantine import ACTIONS, Bundle, Done
from budget_watch.lake.quarantined_rows import OPEN, quarantined
from budget_watch.tables import Contract, contract

HEAD = ("line", "src_row", "sheet", "reason", "soft", "fate", "fate_why")
_MOST = 300  # bundles that a limited reader's counts are worked out for


@dataclass(frozen=True)
class Waiting:
    """One delivery with rows in quarantine; rows = open + released + discarded + superseded."""

    name: str
    contract: Contract
    batch: str
    source: str
    day: str
    rows: int
    open: int
    released: int
    discarded: int
    superseded: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Row:
    """One row in quarantine, its content as (title, text), persons masked by the grant."""

    line: int
    place: str
    reason: str
    releasable: bool
    state: str
    why: str
    content: tuple[tuple[str, str], ...]


def bundles(
    home: Home, grant: Grant, snapshot: Snapshot, table: str | None = None
) -> list[Waiting]:
    """All deliveries with rows in quarantine, newest first, those with open rows before others."""
    found = quarantine.bundles(home, snapshot.seq, table)
    limited = grant.scope.regions is not None or grant.scope.departments is not None
    told = (
        [_limited(home, grant, snapshot, one) for one in found[:_MOST]]
        if limited
        else [_told(one) for one in found]
    )
    return sorted((one for one in told if one.rows), key=lambda one: not one.open)


def bundle(home: Home, snapshot: Snapshot, name: str) -> Bundle | None:
    """The bundle called `Q17` as of a snapshot; None where there is none."""
    number = name.removeprefix("Q")
    if not number.isdigit():
        return None
    return next(iter(quarantine.bundles(home, snapshot.seq, numbers=[int(number)])), None)


def rows(
    home: Home, grant: Grant, snapshot: Snapshot, one: Bundle, limit: int = 200
) -> tuple[list[Row], int]:
    """The rows that the grant lets through, open ones first, and how many there are."""
    known = contract(one.table)
    seen = quarantined(home, grant, one, snapshot.seq)
    ordered = seen.sort(pl.col("fate") != OPEN, "line")
    return [_row(row, known) for row in ordered.head(limit).iter_rows(named=True)], seen.height


def log(home: Home, snapshot: Snapshot, one: Bundle) -> list[tuple[str, str, str, int, str]]:
    """What was done, oldest first: time, who, what, rows, why."""
    return [_entry(done) for done in quarantine.acts(home, one.number, snapshot.seq)]


def _entry(done: Done) -> tuple[str, str, str, int, str]:
    when = done.acted_at.strftime("%Y-%m-%d %H:%M")
    rows = quarantine.count(done.lines)
    return when, done.actor, ACTIONS[done.action], rows, done.reason


def _told(one: Bundle) -> Waiting:
    return Waiting(
        one.name,
        contract(one.table),
        one.batch_id,
        one.source.rsplit("/", 1)[-1],
        one.biz_date.isoformat(),
        one.rows,
        one.open,
        one.released,
        one.discarded,
        one.superseded,
        tuple(one.reasons.items()),
    )


def _limited(home: Home, grant: Grant, snapshot: Snapshot, one: Bundle) -> Waiting:
    seen = quarantined(home, grant, one, snapshot.seq)["fate"]
    told = _told(one)
    count = {word: int((seen == word).sum()) for word in {*ACTIONS.values(), OPEN}}
    return Waiting(
        told.name,
        told.contract,
        told.batch,
        told.source,
        told.day,
        seen.len(),
        count[OPEN],
        count[ACTIONS["release"]] + count[ACTIONS["correct"]],
        count[ACTIONS["discard"]],
        count[ACTIONS["supersede"]],
        (),
    )


def _row(row: dict[str, object], known: Contract) -> Row:
    place = [str(row["sheet"] or ""), f"第{row['src_row']}行" if row["src_row"] else ""]
    titles = {column.name: column.title for column in known.columns}
    content = tuple(
        (titles.get(name, name), str(value))
        for name, value in row.items()
        if name not in HEAD and value is not None
    )
    return Row(
        int(str(row["line"])),
        " ".join(part for part in place if part),
        str(row["reason"]),
        bool(row["soft"]),
        str(row["fate"]),
        str(row["fate_why"]),
        content,
    )
