"""Agenda items of meetings (会议议题): rows of REF-03, and those the office registers beforehand.

What hangs on an item and how far it is prepared stands in the state database; a row of REF-03 gets
a row there when somebody first works on it. What REF-03 says of an item goes before.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import rules_dir
from budget_watch.casework.findings import visible_among
from budget_watch.casework.workflow import LocalBasis
from budget_watch.engine.model import Citation, Strict
from budget_watch.engine.yaml_file import read_one
from budget_watch.lake import Home, Reader
from budget_watch.lake.state import engine
from budget_watch.meetings import tables as t
from budget_watch.meetings.demands import DemandDesk, Linked, find_demand, sees_demand
from budget_watch.meetings.errors import UnknownAgendaError
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.seeing import get_opinion

PREFIX = "YC"
TABLE = "meeting"
PREPARING, READY, OVER, HELD = "准备中", "已备", "已开", "已议"
STANDS = (PREPARING, READY, OVER, HELD)
KINDS = ("人代会", "常委会", "主任会议", "委员会会议")
ASSIGN = "assign"
STEPS: Mapping[str, str] = {
    ASSIGN: "指派",
    "hang": "挂材料",
    "take_off": "取下材料",
    "topics": "改专题",
    "ready": "备齐",
    "close": "登记审议结果",
    "note": "补记说明",
}


class Topic(Strict):
    """What an item may be about, and where what the law asks of it stands: nodes and articles."""

    id: str
    title: str
    words: tuple[str, ...]
    pages: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    basis: tuple[Citation, ...] = ()


class AgendaFlow(Strict):
    """`rules/workflow/agenda.yaml`.

    Attributes:
        closers: who write the outcome down, and say who prepares an item.
        remind_days: calendar days before the meeting from which an item not ready is reminded of.
    """

    id: str
    title: str
    basis: LocalBasis
    keepers: tuple[str, ...]
    closers: tuple[str, ...]
    remind_days: int
    topics: tuple[Topic, ...]

    def who(self, step: str) -> tuple[str, ...]:
        """The roles that take a step."""
        return self.closers if step in ("close", ASSIGN) else self.keepers

    def about(self, title: str) -> tuple[Topic, ...]:
        """The topics that a title's words name, the longest word first."""
        hits = [(max((len(w) for w in each.words if w in title), default=0), each) for each in
                self.topics]  # fmt: skip
        return tuple(each for length, each in sorted(hits, key=lambda hit: -hit[0]) if length)


@dataclass(frozen=True)
class AgendaAct:
    """One step that was taken. `at` is ISO time, UTC."""

    version: int
    step: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class AgendaItem:
    """An item as it stands.

    Attributes:
        own: registered by the office, not delivered with REF-03.
        held: day of the meeting. year: budget year it is about.
        topics: ids; None where they are recognised by the title.
        resolution, addressee, due: what REF-03 says came of it.
        outcome: what the office wrote down of the deliberation.
    """

    id: str
    version: int
    state: str
    own: bool
    meeting: str
    held: date
    kind: str
    year: int
    title: str
    topics: tuple[str, ...] | None
    linked: tuple[Linked, ...]
    outcome: str
    mof_div_code: str | None
    opened_at: str = ""
    changed_at: str = ""
    resolution: str = ""
    addressee: str = ""
    due: date | None = None
    acts: tuple[AgendaAct, ...] = field(default=())

    @property
    def owner(self) -> str | None:
        """The account that prepares it, where somebody was named."""
        named = (act.given["whom"] for act in reversed(self.acts) if act.step == ASSIGN)
        return next(named, None)

    def stands(self, today: date) -> str:
        """Its state; 已开 where the meeting was held and nothing is written down of it."""
        return OVER if self.held < today and self.state != HELD else self.state

    def about(self, flow: AgendaFlow) -> tuple[Topic, ...]:
        """Its topics."""
        if self.topics is None:
            return flow.about(self.title)
        return tuple(each for each in flow.topics if each.id in self.topics)


PLAIN = (
    *("id", "version", "state", "own", "meeting", "held", "kind", "year", "title", "outcome"),
    *("mof_div_code", "opened_at", "changed_at"),
)


def agenda_flow() -> AgendaFlow:
    """The product's file."""
    return read_one(rules_dir() / "workflow" / "agenda.yaml", AgendaFlow)


def stored_items(
    connection: sa.Connection, *where: sa.ColumnElement[bool]
) -> dict[str, AgendaItem]:
    """Items that somebody works on, by id, whoever asks: inside this room only."""
    acts: dict[str, list[AgendaAct]] = defaultdict(list)
    own = t.agenda_act
    for row in connection.execute(sa.select(own).order_by(own.c.item, own.c.version)).mappings():
        names = ("version", "step", "user", "role", "at")
        told = {name: row[name] for name in names}
        acts[row["item"]].append(AgendaAct(**told, given=json.loads(row["given"])))
    rows = connection.execute(sa.select(t.agenda_item).where(*where)).mappings()
    return {
        row["id"]: AgendaItem(
            **{name: row[name] for name in PLAIN},
            topics=None if row["topics"] is None else tuple(json.loads(row["topics"])),
            linked=tuple(Linked(**each) for each in json.loads(row["linked"])),
            acts=tuple(acts[row["id"]]),
        )
        for row in rows
    }


def _delivered(reader: Reader) -> list[AgendaItem]:
    """The rows of REF-03 that the reader may see."""
    if reader.snapshot is None or not reader.grant.business:
        return []
    rows = reader.scan(TABLE).collect().sort("item_id").to_dicts()
    return [
        AgendaItem(
            id=str(row["item_id"]),
            version=0,
            state=PREPARING,
            own=False,
            meeting=str(row["meeting_name"]),
            held=row["meeting_date"],
            kind=str(row["kind"] or "常委会"),
            year=int(row["fiscal_year"]),
            title=str(row["agenda"] or row["meeting_name"]),
            topics=None,
            linked=(),
            outcome="",
            mof_div_code=row["mof_div_code"],
            resolution=str(row["resolution"] or ""),
            addressee=str(row["addressee"] or ""),
            due=row["due_date"],
        )
        for row in rows
    ]


def list_agenda(reader: Reader, actor: Actor) -> list[AgendaItem]:
    """Items that the reader sees, the latest meeting first.

    Args:
        reader: of the snapshot that is looked at; what is registered is of today.
    """
    with engine(reader.home).connect() as connection:
        worked = stored_items(connection)
    found = [_joined(each, worked.get(each.id)) for each in _delivered(reader)]
    known = {each.id for each in found}
    found += [each for each in worked.values() if each.id not in known]
    seen = [each for each in found if sees_item(actor, each)]
    return sorted(seen, key=lambda each: (each.held, each.id), reverse=True)


def _joined(delivered: AgendaItem, worked: AgendaItem | None) -> AgendaItem:
    if worked is None:
        return delivered
    names = ("meeting", "held", "kind", "year", "title", "mof_div_code")
    told = {name: getattr(delivered, name) for name in (*names, "resolution", "addressee", "due")}
    return replace(worked, **told)


def get_item(reader: Reader, actor: Actor, number: str) -> AgendaItem:
    """One item.

    Raises:
        UnknownAgendaError: none such, or not the reader's.
    """
    found = next((e for e in list_agenda(reader, actor) if e.id == number), None)
    if found is None:
        raise UnknownAgendaError(number)
    return found


def sees_item(actor: Actor, one: AgendaItem) -> bool:
    """Whether an item is the reader's to see: of their region, the own ones of the office alone
    until they are ready."""
    grant, flow = actor.grant, agenda_flow()
    regions = grant.scope.regions
    near = regions is None or one.mof_div_code is None or one.mof_div_code in regions
    if not grant.business or not near:
        return False
    office = (grant.role is None and not actor.role) or actor.role in (*flow.keepers, *flow.closers)
    return not one.own or office or one.state != PREPARING


def refusal(flow: AgendaFlow, actor: Actor, one: AgendaItem, step: str) -> str | None:
    """Why this person may not take this step now; None where they may."""
    able = flow.who(step)
    if actor.role not in able or not actor.grant.business:
        return f"{STEPS[step]}由{'、'.join(able)}办理，您的角色是{actor.role or '（无）'}"
    if one.state == HELD and step not in ("note", "hang"):
        return f"“{HELD}”的议题不能{STEPS[step]}"
    if step == "ready" and one.state == READY:
        return "这个议题已经备齐"
    return None


def hung_for(home: Home, actor: Actor, linked: Sequence[Linked]) -> list[Linked | None]:
    """What hangs on an item, None for what is not the reader's to see."""
    return [each if _open(home, actor, each) else None for each in linked]


def _open(home: Home, actor: Actor, each: Linked) -> bool:
    if each.kind == "opinion":
        try:
            get_opinion(home, actor, each.id)
        except UnknownOpinionError:
            return False
        return True
    with engine(home).connect() as connection:
        if each.kind == "finding":
            return each.id in visible_among(home, actor.grant, connection, [each.id])
        if each.kind == "demand":
            one = find_demand(connection, each.id)
            return one is not None and sees_demand(DemandDesk.of(home), actor, one)
    return True
