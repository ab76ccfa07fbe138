"""What the year's nodes did by themselves, as it was written down: append-only, one line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, Who, append, key_of
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings import tables as t
from budget_watch.meetings.year import Standing

DATED, MOVED, REMINDED, RAN, BUILT, FAILED, DONE = (
    "dated",
    "moved",
    "reminded",
    "ran",
    "built",
    "failed",
    "done",
)
WORDS = {
    DATED: "排定日期",
    MOVED: "改期",
    REMINDED: "提醒",
    RAN: "运行规则",
    BUILT: "生成报告",
    FAILED: "报告没有生成",
    DONE: "登记已办",
}


@dataclass(frozen=True)
class NodeAct:
    """One line. `said` is what the act tells of itself; `at` is ISO time, UTC."""

    year: int
    node: str
    part: str
    act: str
    due: date | None
    at: str
    snapshot: str | None
    said: Mapping[str, Any]


def node_acts(home: Home, year: int | None = None) -> list[NodeAct]:
    """What was done, the earliest first."""
    with engine(home).connect() as connection:
        return read_acts(connection, year)


def read_acts(connection: sa.Connection, year: int | None = None) -> list[NodeAct]:
    """What was done, the earliest first."""
    table = t.node_act
    query = sa.select(table).order_by(table.c.seq)
    if year is not None:
        query = query.where(table.c.year == year)
    names = ("year", "node", "part", "act", "due", "at", "snapshot")
    return [
        NodeAct(**{name: row[name] for name in names}, said=json.loads(row["said"]))
        for row in connection.execute(query).mappings()
    ]


def note_act(
    connection: sa.Connection,
    home: Home,
    year: int,
    each: Standing,
    act: str,
    key: str,
    said: Mapping[str, Any],
    at: datetime,
    snapshot: str | None,
) -> bool:
    """Write an act down with its audit entry; False where the same was done before.

    Must be called inside a writing transaction. `key` makes it one of its kind for this node.
    """
    table = t.node_act
    whole = f"{act}:{year}:{each.node.id}:{each.part}:{key}"
    if connection.execute(sa.select(table.c.seq).where(table.c.key == whole)).first():
        return False
    told = {"title": each.node.title, **said}
    details = json.loads(as_json({"year": year, "part": each.part, **told}))
    who = Who("system", "", "", "监督日历")
    (entry,) = append(
        connection, key_of(home.root), Note(who, f"node.{act}", "node", each.node.id, details, at)
    )
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            year=year,
            node=each.node.id,
            part=each.part,
            act=act,
            key=whole,
            due=None if each.due is None else each.due.day,
            at=iso(at),
            snapshot=snapshot,
            said=as_json(told),
            audit_seq=entry.seq,
        )
    )
    return True
