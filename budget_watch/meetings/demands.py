"""决议事项 as their readers see them: what was demanded, of whom, by when, what came of it.

The office, members and deputies of its region see a demand; a department sees those addressed to it
once they are handed over. What was reported and attached is open to deputies when the report is in.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.calendar.days import WorkCalendar, standard_calendar
from budget_watch.casework.cases import FINANCE, FINANCE_ROLE, Actor
from budget_watch.casework.checking import book_folders
from budget_watch.casework.findings import visible_among
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.meetings import tables as t
from budget_watch.meetings.errors import UnknownDemandError
from budget_watch.meetings.flow import DemandFlow, State, Step, load_demand_flow

PREFIX = "JY"
GOVERNMENT = "政府"  # an addressee: the government itself, through its finance department
LATE, SOON = "逾期", "临期"
OUT_OF_SIGHT = "现在不在您的查看范围"


@dataclass(frozen=True)
class Linked:
    """A figure or finding that a demand speaks of. kind: `figure` (id is a page) or `finding`."""

    kind: str
    id: str
    title: str
    as_of: str | None
    snapshot: str | None


@dataclass(frozen=True)
class DemandAct:
    """One step that was taken. `at` is ISO time, UTC."""

    version: int
    round: int
    step: str
    from_state: str
    to_state: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]
    audit_seq: int


@dataclass(frozen=True)
class Demand:
    """A demand as it stands.

    Attributes:
        id: `JY2026-001`. round: how often it was handed over anew.
        year: in which it was demanded. decided: day of the document. item: its agenda item.
        addressees: codes; 政府 and 财政 stand for the government and its finance department.
        word: how the last report was evaluated.
    """

    id: str
    version: int
    state: str
    round: int
    year: int
    source: str
    title: str
    number: str | None
    decided: date
    item: str | None
    text: str
    addressees: tuple[str, ...]
    due: date
    linked: tuple[Linked, ...]
    word: str | None
    mof_div_code: str | None
    opened_at: str
    changed_at: str
    acts: tuple[DemandAct, ...] = field(default=())

    @property
    def reports(self) -> dict[str, DemandAct]:
        """Addressee → their last report of this round."""
        return {
            act.given["addressee"]: act
            for act in self.acts
            if act.step == "report" and act.round == self.round
        }


@dataclass(frozen=True)
class DemandDesk:
    """What demands are read and worked on with."""

    flow: DemandFlow
    calendar: WorkCalendar

    @classmethod
    def of(cls, home: Home) -> DemandDesk:
        """The flow with the home's changes, and the working calendar.

        Raises:
            WorkflowError: the file is wrong; says where.
        """
        flow = load_demand_flow(book_folders(home.root))
        return cls(flow, standard_calendar(home.calendar_file))

    def state(self, one: Demand) -> State:
        """Where it is."""
        return self.flow.state[one.state]

    def party(self, actor: Actor) -> str | None:
        """On which side somebody stands; the local operator looks as the office does."""
        if actor.grant.role is None and not actor.role:
            return "office"
        return self.flow.party.get(actor.role)

    def mark(self, one: Demand, today: date) -> str | None:
        """逾期, 临期, or nothing; only while its period counts."""
        if not self.state(one).running:
            return None
        if one.due < today:
            return LATE
        return SOON if self.left(one, today) <= self.flow.remind_workdays else None

    def left(self, one: Demand, today: date) -> int:
        """Working days to its last day; negative when that is over."""
        return self.calendar.wd(one.due) - self.calendar.wd(today)


PLAIN = (
    *("id", "version", "state", "round", "year", "source", "title", "number", "decided", "item"),
    *("text", "due", "word", "mof_div_code", "opened_at", "changed_at"),
)


def find_demand(connection: sa.Connection, number: str) -> Demand | None:
    """One demand by its id, whoever asks: inside this room only."""
    found = select(connection, t.demand.c.id == number)
    return found[0] if found else None


def select(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Demand]:
    """Demands with their acts, the latest document first, whoever asks: inside this room only."""
    table, own = t.demand, t.demand_act
    query = sa.select(table).where(*where).order_by(table.c.decided.desc(), table.c.seq)
    rows = connection.execute(query).mappings().all()
    acts: dict[str, list[DemandAct]] = defaultdict(list)
    known = {row["id"] for row in rows}
    names = tuple(DemandAct.__dataclass_fields__)
    for act in connection.execute(sa.select(own).order_by(own.c.demand, own.c.version)).mappings():
        if act["demand"] in known:
            told = {name: act[name] for name in names if name != "given"}
            acts[act["demand"]].append(DemandAct(**told, given=json.loads(act["given"])))
    return [
        Demand(
            **{name: row[name] for name in PLAIN},
            addressees=tuple(json.loads(row["addressees"])),
            linked=tuple(Linked(**each) for each in json.loads(row["linked"])),
            acts=tuple(acts[row["id"]]),
        )
        for row in rows
    ]


def get_demand(home: Home, actor: Actor, number: str) -> Demand:
    """One demand.

    Raises:
        UnknownDemandError: none such, or not the reader's.
    """
    desk = DemandDesk.of(home)
    with engine(home).connect() as connection:
        found = find_demand(connection, number)
    if found is None or not sees_demand(desk, actor, found):
        raise UnknownDemandError(number)
    return found


def list_demands(
    home: Home, actor: Actor, *, year: int | None = None, item: str | None = None
) -> list[Demand]:
    """Demands that the reader sees, the latest document first."""
    where = [] if year is None else [t.demand.c.year == year]
    where += [] if item is None else [t.demand.c.item == item]
    desk = DemandDesk.of(home)
    with engine(home).connect() as connection:
        found = select(connection, *where)
    return [each for each in found if sees_demand(desk, actor, each)]


def carried(home: Home, actor: Actor, year: int) -> list[Demand]:
    """What the review of a year's draft asks about: last year's demands, and all open earlier ones.

    Args:
        year: budget year of the draft.
    """
    desk = DemandDesk.of(home)
    return [
        each
        for each in list_demands(home, actor)
        if each.year < year
        and (not desk.state(each).final or (each.year == year - 1 and desk.state(each).reported))
    ]


def sees_demand(desk: DemandDesk, actor: Actor, one: Demand) -> bool:
    """Whether a demand is the reader's to see."""
    grant, party = actor.grant, desk.party(actor)
    if not grant.business or party is None:
        return False
    regions = grant.scope.regions
    if regions is not None and one.mof_div_code is not None and one.mof_div_code not in regions:
        return False
    if party == "department":
        return desk.state(one).shown and addressed(actor, one)
    if grant.scope.own:
        return False
    return party == "office" or one.state != "已撤销" or bool(one.reports)


def addressed(actor: Actor, one: Demand) -> bool:
    """Whether a department's person belongs to an addressee; finance coordinates all."""
    return actor.role == FINANCE_ROLE or bool(own_addressees(actor, one))


def own_addressees(actor: Actor, one: Demand) -> list[str]:
    """Addressees for which a department's person speaks."""
    if actor.role == FINANCE_ROLE:
        return [each for each in one.addressees if each in (GOVERNMENT, FINANCE)] or list(
            one.addressees
        )
    codes = actor.codes
    return [each for each in one.addressees if codes is None or each in codes]


def refusal(desk: DemandDesk, actor: Actor, one: Demand, step: Step) -> str | None:
    """Why this person may not take this step now; None where they may."""
    if actor.role not in step.who or not actor.grant.business:
        return f"{step.title}由{'、'.join(step.who)}办理，您的角色是{actor.role or '（无）'}"
    if step.own and not addressed(actor, one):
        return f"{step.title}由承办单位办理，这一项不是交给您的单位的"
    if one.state not in step.sources:
        return f"“{one.state}”的事项不能{step.title}"
    counted = desk.flow.evaluation.counted
    if step.satisfied and one.word not in counted:
        return f"评价是“{one.word}”，不能{step.title}；请再次交办"
    if step.dissatisfied and one.word in counted:
        return f"评价是“{one.word}”，不用{step.title}"
    return None


def next_steps(desk: DemandDesk, actor: Actor, one: Demand) -> list[Step]:
    """Steps that this person may take now."""
    return [s for s in desk.flow.transitions if refusal(desk, actor, one, s) is None]


def opened(desk: DemandDesk, actor: Actor, one: Demand) -> bool:
    """Whether the reader sees what was reported and attached so far."""
    return desk.party(actor) != "deputies" or desk.state(one).reported


def linked_for(home: Home, actor: Actor, linked: Sequence[Linked]) -> list[Linked | None]:
    """What a demand is linked with, None for a finding that is not the reader's to see."""
    wanted = [each.id for each in linked if each.kind == "finding"]
    seen: set[str] = set()
    if wanted:
        with engine(home).connect() as connection:
            seen = visible_among(home, actor.grant, connection, wanted)
    return [each if each.kind != "finding" or each.id in seen else None for each in linked]


def demand_record(
    home: Home, desk: DemandDesk, actor: Actor, one: Demand, today: date
) -> dict[str, Any]:
    """The JSON object of a demand, as this reader may see it."""
    open_ = opened(desk, actor, one)
    reports = one.reports if open_ else {}
    things = linked_for(home, actor, one.linked)
    evaluated = [act for act in one.acts if act.step == "evaluate"]
    return {
        "demand": one.id,
        "year": one.year,
        "source": one.source,
        "title": one.title,
        "number": one.number,
        "decided": one.decided.isoformat(),
        "item": one.item,
        "text": one.text,
        "addressees": list(one.addressees),
        "due": one.due.isoformat(),
        "mark": desk.mark(one, today),
        "left": desk.left(one, today) if desk.state(one).running else None,
        "state": one.state,
        "version": one.version,
        "round": one.round,
        "linked": [{} if each is None else each.__dict__ for each in things],
        "reports": [
            {"addressee": whom, "text": act.given["text"], "letter": act.given.get("letter")}
            | {"user": act.user, "role": act.role, "at": act.at}
            for whom, act in reports.items()
        ],
        "waiting": [each for each in one.addressees if each not in reports] if open_ else [],
        "word": one.word,
        "evaluations": [{**act.given, "at": act.at, "round": act.round} for act in evaluated],
        "next": [{"step": s.id, "title": s.title} for s in next_steps(desk, actor, one)],
    }
