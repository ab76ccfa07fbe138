"""Who is told of a 决议事项 and when, written down in the transaction of the step, and its words.

Departments are told when it is handed over to them, called for, nearly due or overdue; the office's
people who worked on it when the report is in or late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import FINANCE, FINANCE_ROLE, Actor, today_of
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.told import (
    Noted,
    Standing,
    Told,
    numbers_in,
    periods,
    standing,
    told,
)
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.meetings import tables as t
from budget_watch.meetings.demands import (
    GOVERNMENT,
    LATE,
    SOON,
    Demand,
    DemandDesk,
    own_addressees,
    refusal,
    sees_demand,
    select,
)
from budget_watch.meetings.flow import Step

_KINDS = {SOON: outbox.SOON, LATE: outbox.OVERDUE}
_TIMED = (outbox.SOON, outbox.OVERDUE)
_SAYS = {
    outbox.TURN: "轮到您办",
    outbox.CALLED: "催办，请尽快报告",
    outbox.REPLIED: "已报告办理情况",
    outbox.UNSATISFIED: "评价为不满意",
    outbox.ENDED: "已经办结",
}
_SAID = {
    outbox.TURN: "曾轮到您办",
    outbox.CALLED: "曾催办",
    outbox.REPLIED: "曾报告办理情况",
    outbox.UNSATISFIED: "曾评价为不满意",
    outbox.ENDED: "曾办结，又再次交办",
}


def tell_of(
    connection: sa.Connection,
    desk: DemandDesk,
    people: Sequence[Reader],
    actor: Actor,
    step: Step,
    before: Demand,
    after: Demand,
    at: datetime,
) -> None:
    """Tell whom a step concerns; must be called inside its transaction."""
    kind, whom = _concerned(desk, people, step, before, after)
    if kind is None:
        return
    seen = [each for each in whom if each.user != actor.user]
    key = f"demand:{after.id}:{after.version}"
    outbox.tell(connection, outbox.Cause(kind, key, (after.id,)), seen, at)


def _concerned(
    desk: DemandDesk, people: Sequence[Reader], step: Step, before: Demand, after: Demand
) -> tuple[str | None, list[Reader]]:
    was, now = desk.state(before), desk.state(after)
    waited = waited_for(desk, people, after)
    if step.id == "remind":
        return outbox.CALLED, waited
    if now.final and now.reported:
        return outbox.ENDED, [*waited, *_worked(desk, people, after)]
    if step.id == "evaluate" and after.word not in desk.flow.evaluation.counted:
        return outbox.UNSATISFIED, _departments(desk, people, after)
    if now.running and (not was.running or step.anew):
        return outbox.TURN, waited
    if now.reported and not was.reported:
        return outbox.REPLIED, _worked(desk, people, after, office=True)
    return None, []


def _departments(desk: DemandDesk, people: Sequence[Reader], one: Demand) -> list[Reader]:
    """Addressees' people; finance only where the government or finance itself is addressed."""
    found = []
    for each in people:
        actor = actor_of(each)
        own = own_addressees(actor, one) if desk.party(actor) == "department" else []
        coordinates = actor.role == FINANCE_ROLE and not {GOVERNMENT, FINANCE} & set(one.addressees)
        if own and not coordinates and sees_demand(desk, actor, one):
            found.append(each)
    return found


def waited_for(desk: DemandDesk, people: Sequence[Reader], one: Demand) -> list[Reader]:
    """Whose turn it is while its period counts: addressees that have not reported."""
    found = []
    for each in _departments(desk, people, one):
        actor = actor_of(each)
        owed = set(own_addressees(actor, one)) - one.reports.keys()
        able = (s for s in desk.flow.transitions if s.own)
        if owed and any(refusal(desk, actor, one, step) is None for step in able):
            found.append(each)
    return found


def _worked(
    desk: DemandDesk, people: Sequence[Reader], one: Demand, *, office: bool = False
) -> list[Reader]:
    worked = {act.user for act in one.acts}
    seen = [e for e in people if e.user in worked and sees_demand(desk, actor_of(e), one)]
    return [e for e in seen if not office or desk.party(actor_of(e)) == "office"]


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of demands that are nearly due or overdue; how many notices were new."""
    at = now or datetime.now(UTC)
    people = readers(home, at)
    if not people:
        return 0
    desk, today = DemandDesk.of(home), today_of(at)
    with engine(home).connect() as connection:
        if not _due(connection, desk, today):
            return 0
    with writing(home) as connection:
        found = []
        for one, kind, ref in _due(connection, desk, today):
            whom = waited_for(desk, people, one)
            if kind == outbox.OVERDUE:
                whom = [*whom, *_worked(desk, people, one, office=True)]
            found.append((kind, ref, whom))
        return outbox.tell_periods(connection, f"demands:{today}", found, at)


def _due(connection: sa.Connection, desk: DemandDesk, today: date) -> list[tuple[Demand, str, str]]:
    """Demands that are nearly due or overdue: kind, and the demand by its round and last day."""
    running = [state.id for state in desk.flow.states if state.running]
    found = []
    for one in select(connection, t.demand.c.state.in_(running)):
        kind = _KINDS.get(desk.mark(one, today) or "")
        if kind is not None:
            found.append((one, kind, f"{one.id}/{one.round}/{one.due}"))
    return sorted(found, key=lambda each: each[0].id)


def of_demands(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about demands; those not theirs to see are left out."""
    desk = DemandDesk.of(home)
    wanted = sorted({number for each in noted for number in numbers_in(each)})
    known = select(connection, t.demand.c.id.in_(wanted))
    seen = {one.id: one for one in known if sees_demand(desk, actor, one)}
    found = (_worded(desk, actor, each, seen, today) for each in noted)
    return [each for each in found if each is not None]


def _worded(
    desk: DemandDesk, actor: Actor, noted: Noted, seen: Mapping[str, Demand], today: date
) -> Told | None:
    refs = [ref for ref in noted.refs if ref.partition("/")[0] in seen]
    if not refs:
        return None
    numbers = [number for number in numbers_in(noted) if number in seen]
    open_ = [ref for ref in refs if _holds(desk, actor, noted.kind, ref, seen)]
    still = {ref.partition("/")[0] for ref in open_}
    found = [_standing(desk, seen[number], number in still) for number in numbers]
    if noted.kind in _TIMED:
        said = periods(noted.kind, open_ or refs, today)
        past = f"曾提醒{said}"
    else:
        said, past = _SAYS[noted.kind], _SAID[noted.kind]
    sentence = standing("决议事项", said, past, found)
    return told(noted, "resolution", sentence, numbers, count=len(open_ or refs), open_=open_)


def _standing(desk: DemandDesk, one: Demand, open_: bool) -> Standing:
    text = one.text if len(one.text) <= 30 else f"{one.text[:29]}…"
    return Standing(one.id, f"决议事项 {one.id} {text}", one.state, desk.state(one).final, open_)


def _holds(desk: DemandDesk, actor: Actor, kind: str, ref: str, seen: Mapping[str, Demand]) -> bool:
    """Whether what was told of a demand still holds: its reader is waited for, or it is so."""
    one = seen[ref.partition("/")[0]]
    state = desk.state(one)
    if kind == outbox.ENDED:
        return state.final
    if kind in _TIMED:
        return state.running and ref == f"{one.id}/{one.round}/{one.due}"
    if kind == outbox.REPLIED:
        return state.reported and not state.final
    if kind == outbox.UNSATISFIED:
        return one.word is not None and one.word not in desk.flow.evaluation.counted
    owed = set(own_addressees(actor, one)) - one.reports.keys()
    return state.running and bool(owed)


def actor_of(reader: Reader) -> Actor:
    """The person as they act in this role."""
    return Actor(reader.grant, reader.title)
