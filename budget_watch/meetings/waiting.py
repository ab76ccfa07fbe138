"""Which demands and agenda items wait for whom; steps that are always there are not waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from budget_watch.casework.cases import FINANCE, FINANCE_ROLE, Actor
from budget_watch.lake import Home, Reader
from budget_watch.meetings.agenda import (
    PREPARING,
    READY,
    STEPS,
    AgendaFlow,
    AgendaItem,
    agenda_flow,
    list_agenda,
)
from budget_watch.meetings.agenda import refusal as item_refusal
from budget_watch.meetings.demands import (
    GOVERNMENT,
    LATE,
    Demand,
    DemandDesk,
    list_demands,
    next_steps,
    own_addressees,
)
from budget_watch.meetings.flow import Step

CALL = "remind"  # what the office may do where a period is over and the addressee is silent


@dataclass(frozen=True)
class WaitingDemand:
    """A demand, and the titles of the steps that this reader is waited for to take."""

    demand: Demand
    mark: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class WaitingItem:
    """An agenda item that is to be prepared, or whose outcome is to be written down."""

    item: AgendaItem
    step: str


def waiting_demands(
    home: Home, actor: Actor, roles: tuple[str, ...], today: date
) -> list[WaitingDemand]:
    """Demands that wait for the reader in one of these roles, the first due first.

    A department is waited for until it has reported; the office for the step that leads on, and for
    calling where the period is over.
    """
    desk, found = DemandDesk.of(home), []
    for one in list_demands(home, actor):
        titles: dict[str, None] = {}
        for role in roles:
            acting = Actor(actor.grant, role, actor.session)
            titles |= dict.fromkeys(_steps(desk, acting, one, today))
        if titles:
            found.append(WaitingDemand(one, desk.mark(one, today), tuple(titles)))
    return sorted(found, key=lambda each: (each.demand.due, each.demand.id))


def _steps(desk: DemandDesk, actor: Actor, one: Demand, today: date) -> list[str]:
    able = next_steps(desk, actor, one)
    if desk.party(actor) == "department" and not _owes(desk, actor, one):
        return []
    ahead = [step.title for step in able if _leads_on(desk, step)]
    if ahead or desk.mark(one, today) != LATE:
        return ahead
    return [step.title for step in able if step.id == CALL]


def _owes(desk: DemandDesk, actor: Actor, one: Demand) -> bool:
    """Whether a department's own report is still to come; finance only coordinates others'."""
    own = set(own_addressees(actor, one)) - one.reports.keys()
    if actor.role == FINANCE_ROLE:
        own &= {GOVERNMENT, FINANCE}
    return desk.state(one).running and bool(own)


def _leads_on(desk: DemandDesk, step: Step) -> bool:
    """Whether a step brings a demand nearer to its end; calling a registration off does not."""
    if step.to is None:
        return False
    state = desk.flow.state[step.to]
    return state.reported or not state.final


def waiting_items(
    reader: Reader, actor: Actor, roles: tuple[str, ...], today: date
) -> list[WaitingItem]:
    """Items to prepare or to close by the reader in one of these roles, the next meeting first.

    An item that somebody was named for waits for them (and the local operator) alone; of past
    meetings those that somebody worked on and REF-03 tells no outcome of.
    """
    flow, found = agenda_flow(), []
    for one in list_agenda(reader, actor):
        step = _wanted(one, today)
        named = one.owner is not None and actor.grant.role is not None
        if step is None or (step == "ready" and named and one.owner != actor.user):
            continue
        if any(_may(flow, Actor(actor.grant, role), one, step) for role in roles):
            found.append(WaitingItem(one, STEPS[step]))
    return sorted(found, key=lambda each: (each.item.held, each.item.id))


def _wanted(one: AgendaItem, today: date) -> str | None:
    """The step that is next to be taken on it; None where nobody is waited for."""
    if one.held >= today:
        return "ready" if one.state == PREPARING else None
    silent = one.version and not one.resolution
    return "close" if silent and one.state in (PREPARING, READY) else None


def _may(flow: AgendaFlow, actor: Actor, one: AgendaItem, step: str) -> bool:
    return item_refusal(flow, actor, one, step) is None
