"""The year's nodes act by themselves: dates that moved, reminders, what rules found, what lacks.

Reckoned with the newest snapshot's calendar and FIN-29 for today. May run at any time and in
several processes: what was done is known by its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.book import book_folders, book_now, book_stamp
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.committee import committee
from budget_watch.casework.runs import latest_run
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader as Person
from budget_watch.casework.telling.audience import readers
from budget_watch.casework.telling.told import Noted, Told, told
from budget_watch.engine.load import Book
from budget_watch.engine.workdays import calendar_of
from budget_watch.engine.year_nodes import load_nodes
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import writing
from budget_watch.meetings.agenda import agenda_flow
from budget_watch.meetings.node_acts import (
    DATED,
    DONE,
    MOVED,
    RAN,
    REMINDED,
    NodeAct,
    note_act,
    read_acts,
)
from budget_watch.meetings.year import DONE as DONE_STATE
from budget_watch.meetings.year import LATE, NEAR, TABLE, Standing, years_around
from budget_watch.tables import contracts

PREFIX = "JD"
_KINDS = {NEAR: outbox.SOON, LATE: outbox.OVERDUE}
_looked: dict[str, tuple[Any, ...]] = {}  # home → what the last look of this process was of


@dataclass(frozen=True)
class YearNow:
    """The nodes followed today (`years_around`), as the newest snapshot knows them."""

    snapshot: str
    biz_date: date
    region: str
    book: Book
    standings: tuple[tuple[int, Standing], ...]


def own_region(home: Home, reader: Reader) -> str | None:
    """The government whose year it is: the settings' own, else the one that reports for itself."""
    named = committee(home).region
    if named:
        return named
    for kinds in (["本级", "全市"], ["县区"], ["开发区"]):
        for table in ("execution_month", "debt_position"):
            rows = reader.scan(table).filter(pl.col("scope_kind").is_in(kinds))
            found = rows.select(pl.col("mof_div_code").drop_nulls().min()).collect().item()
            if found is not None:
                return str(found)
    return None


def year_now(home: Home, today: date) -> YearNow | None:
    """How the nodes stand; None before anything was delivered."""
    reader = Reader(home, Grant.system("监督日历"))
    region = None if reader.snapshot is None else own_region(home, reader)
    if reader.snapshot is None or region is None:
        return None
    book = book_now(home.root)
    nodes = load_nodes(book_folders(home.root), book).of(region)
    rows = reader.scan(TABLE).filter(pl.col("mof_div_code") == region).collect()
    found = years_around(rows, nodes, book.params, calendar_of(reader), region, today)
    snapshot = reader.snapshot
    return YearNow(snapshot.id, snapshot.biz_date, region, book, found)


def sweep(home: Home, now: datetime | None = None) -> int:
    """Let the nodes act for today; how many notices were new."""
    at = now or datetime.now(UTC)
    today = today_of(at)
    reader = Reader(home, Grant.system("监督日历"))
    if reader.snapshot is None:
        return 0
    run = latest_run(home)
    seen = (reader.snapshot.id, today, book_stamp(home.root), None if run is None else run.run)
    if _looked.get(str(home.root)) == seen:
        return 0
    there = year_now(home, today)
    if there is None:
        return 0
    people = [each for each in readers(home, at) if each.title in agenda_flow().keepers]
    with writing(home) as connection:
        known = read_acts(connection)
        told_ = _dates(connection, home, there, known, people, at)
        told_ += _reminders(connection, home, there, people, today, at)
        _found(connection, home, reader, there, at)
    _looked[str(home.root)] = seen
    return told_


def _dates(
    connection: sa.Connection,
    home: Home,
    there: YearNow,
    known: Sequence[NodeAct],
    people: Sequence[Person],
    at: datetime,
) -> int:
    """Write down each node's date, and that it moved."""
    last = {(e.year, e.node, e.part): e for e in known if e.act in (DATED, MOVED)}
    new = 0
    for year, each in there.standings:
        if each.due is None:
            continue
        before = last.get((year, each.node.id, each.part))
        now = {"to": each.due.day.isoformat(), "announced": each.due.announced}
        if before is not None and (before.said["to"], before.said["announced"]) == tuple(
            now.values()
        ):
            continue
        key = f"{there.snapshot}:{now['to']}:{now['announced']}"
        if before is None or before.said["to"] == now["to"]:
            note_act(connection, home, year, each, DATED, key, now, at, there.snapshot)
            continue
        published = each.due.announced and not before.said["announced"]
        why = "节假日安排公布后重算" if published else "起算日期、期限或日历改变后重算"
        said = {"from": before.said["to"], **now, "why": why}
        if note_act(connection, home, year, each, MOVED, key, said, at, there.snapshot):
            ref = _ref(year, each)
            cause = outbox.Cause(outbox.MOVED, f"node:{ref}:{there.snapshot}", (ref,))
            new += len(outbox.tell(connection, cause, people, at))
    return new


def _ref(year: int, each: Standing) -> str:
    """How a notice names a node: `JD2026-GJ08//2026-02-12`."""
    day = "" if each.due is None else each.due.day.isoformat()
    return f"{PREFIX}{year}-{each.node.id}/{each.part}/{day}"


def _reminders(
    connection: sa.Connection,
    home: Home,
    there: YearNow,
    people: Sequence[Person],
    today: date,
    at: datetime,
) -> int:
    """Remind of what is near, tell what is late; write down what is done."""
    found = []
    for year, each in there.standings:
        if each.state == DONE_STATE:
            said = {"entries": len(each.entries), "late": each.behind}
            key = f"{len(each.entries)}"
            note_act(connection, home, year, each, DONE, key, said, at, there.snapshot)
        kind = _KINDS.get(each.state)
        if kind is None or each.due is None:
            continue
        found.append((kind, _ref(year, each), people))
        told_: dict[str, Any] = {
            "state": each.state,
            "told": sorted({person.user for person in people}),
        }
        key = f"{each.state}:{each.due.day}"
        note_act(connection, home, year, each, REMINDED, key, told_, at, there.snapshot)
    return outbox.tell_periods(connection, f"nodes:{today}", found, at)


def _found(
    connection: sa.Connection, home: Home, reader: Reader, there: YearNow, at: datetime
) -> None:
    """Write down what a node's rules found by its date, and which of its documents are missing."""
    run = latest_run(home)
    if run is None or run.snapshot != there.snapshot:
        return
    tallies = {str(each["rule"]): each for each in run.tallies}
    for year, each in there.standings:
        if each.state not in (NEAR, LATE) or not (each.node.rules or each.node.documents):
            continue
        rules = {name: _tally(tallies.get(name)) for name in each.node.rules}
        lacks = [code for code in each.node.documents if not _delivered(reader, code)]
        said = {"run": run.run, "rules": rules, "missing": lacks}
        due = "" if each.due is None else each.due.day.isoformat()
        key = f"{each.state}:{due}"
        note_act(connection, home, year, each, RAN, key, said, at, there.snapshot)


def _tally(tally: Mapping[str, Any] | None) -> dict[str, int] | None:
    """Judged, hits and what could not be judged; None where the rule did not run."""
    if tally is None:
        return None
    hit = tally.get("hit", 0)
    hits = sum(hit.values()) if isinstance(hit, Mapping) else int(hit)
    names = ("judged", "insufficient_data", "error")
    return {"hit": hits, **{name: int(tally.get(name, 0)) for name in names}}


def _delivered(reader: Reader, code: str) -> bool:
    name = next(name for name, each in contracts().items() if each.code == code)
    version = None if reader.snapshot is None else reader.snapshot.tables.get(name)
    return version is not None and version.rows > 0


def of_nodes(
    connection: sa.Connection, _home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices of nodes, to the office; what was registered as done since says so."""
    if actor.role not in agenda_flow().keepers or not actor.grant.business:
        return []
    acts = read_acts(connection)
    titles = {(f"{e.year}-{e.node}", e.part): str(e.said["title"]) for e in acts}
    done = {(f"{e.year}-{e.node}", e.part) for e in acts if e.act == DONE}
    moved = {(f"{e.year}-{e.node}", e.part, str(e.due)): e for e in acts if e.act == MOVED}
    return [_worded(each, titles, done, moved, today) for each in noted]


def _worded(
    noted: Noted,
    titles: Mapping[tuple[str, str], str],
    done: set[tuple[str, str]],
    moved: Mapping[tuple[str, str, str], NodeAct],
    today: date,
) -> Told:
    split = [(ref, *ref.removeprefix(PREFIX).split("/")) for ref in noted.refs]
    open_ = [ref for ref, name, part, _ in split if (name, part) not in done]
    parts = []
    for _, name, part, day in split:
        called = titles.get((name, part), name) + (f"（{part}）" if part else "")
        act = moved.get((name, part, day))
        if noted.kind == outbox.MOVED and act is not None:
            parts.append(f"“{called}”由{act.said['from']}改为{day}（{act.said['why']}）")
        elif (name, part) in done:
            parts.append(f"“{called}”已登记办了")
        elif date.fromisoformat(day) < today:
            parts.append(f"“{called}”{day}到期，没有登记办了")
        else:
            parts.append(f"“{called}”{day}到期")
    more = f"，等{len(parts)}个节点" if len(parts) > 3 else ""
    sentence = f"监督日历：{'；'.join(parts[:3])}{more}。"
    return told(noted, "calendar", sentence, (), count=len(parts), open_=open_)
