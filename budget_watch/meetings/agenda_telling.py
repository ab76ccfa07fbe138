"""Who is told of an agenda item and when, and its words.

Whoever is to prepare it is told; as the meeting comes near and it is not ready, they again (the
office's people who may prepare it, where nobody is named), and when it was held and nothing is
written down of it; those who worked on it when the outcome is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.told import Noted, Standing, Told, standing, told
from budget_watch.lake import Home
from budget_watch.lake import Reader as Lake
from budget_watch.lake.state import writing
from budget_watch.meetings.agenda import (
    ASSIGN,
    HELD,
    OVER,
    PREFIX,
    PREPARING,
    AgendaFlow,
    AgendaItem,
    agenda_flow,
    list_agenda,
    sees_item,
)
from budget_watch.meetings.telling import actor_of

NOTED = f"{PREFIX}:"  # how a notice names an item; its own number may begin with anything
_SAYS = {
    outbox.TURN: "指派给您准备",
    outbox.SOON: "快要开会，还没有备齐",
    outbox.OVERDUE: "会已经开了，没有登记审议结果",
    outbox.ENDED: "已登记审议结果",
}
_SAID = {
    outbox.TURN: "曾指派给您准备",
    outbox.SOON: "曾提醒还没有备齐",
    outbox.OVERDUE: "曾提醒没有登记审议结果",
    outbox.ENDED: "曾登记审议结果",
}


def able_to_prepare(people: Sequence[Reader], one: AgendaItem) -> list[Reader]:
    """The office's people who may prepare an item."""
    keepers = agenda_flow().keepers
    return [e for e in people if e.title in keepers and sees_item(actor_of(e), one)]


def tell_of(
    connection: sa.Connection,
    people: Sequence[Reader],
    actor: Actor,
    step: str,
    before: AgendaItem,
    after: AgendaItem,
    said: Mapping[str, Any],
    at: datetime,
) -> None:
    """Tell whom a step concerns; must be called inside its transaction."""
    if step == ASSIGN:
        kind, users = outbox.TURN, {said["whom"]}
    elif after.state == HELD and before.state != HELD:
        kind, users = outbox.ENDED, {act.user for act in before.acts} | {before.owner}
    else:
        return
    whom = [e for e in people if e.user in users - {actor.user} and sees_item(actor_of(e), after)]
    key = f"agenda:{after.id}:{after.version}"
    outbox.tell(connection, outbox.Cause(kind, key, (NOTED + after.id,)), whom, at)


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of items that are not ready before their meeting, or without outcome after it; how many
    notices were new. Of past meetings only items count that somebody worked on."""
    at = now or datetime.now(UTC)
    people, flow, today = readers(home, at), agenda_flow(), today_of(at)
    if not people:
        return 0
    grant = Grant.system("会议议题")
    due = [
        (kind, one)
        for one in list_agenda(Lake(home, grant), Actor(grant, ""))
        if (kind := _kind(flow, one, today)) is not None
    ]
    if not due:
        return 0
    found = [
        (kind, f"{NOTED}{one.id}/{one.held}", _waited_for(people, flow, kind, one))
        for kind, one in due
    ]
    with writing(home) as connection:
        return outbox.tell_periods(connection, f"agenda:{today}", found, at)


def _kind(flow: AgendaFlow, one: AgendaItem, today: date) -> str | None:
    if one.state == PREPARING and today <= one.held <= today + timedelta(flow.remind_days):
        return outbox.SOON
    if one.stands(today) == OVER and one.version and not one.resolution:
        return outbox.OVERDUE
    return None


def _waited_for(
    people: Sequence[Reader], flow: AgendaFlow, kind: str, one: AgendaItem
) -> list[Reader]:
    able = able_to_prepare(people, one)
    named = [each for each in able if each.user == one.owner]
    if kind == outbox.SOON:
        return named or able
    closers = [e for e in people if e.title in flow.closers and sees_item(actor_of(e), one)]
    return [*named, *closers]


def of_agenda(
    _connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about items; those not theirs to see are left out."""
    items = {one.id: one for one in list_agenda(Lake(home, actor.grant), actor)}
    found = (_worded(actor, each, items, today) for each in noted)
    return [each for each in found if each is not None]


def _worded(
    actor: Actor, noted: Noted, items: Mapping[str, AgendaItem], today: date
) -> Told | None:
    seen = [(ref, *_split(noted.kind, ref)) for ref in noted.refs]
    known = [(ref, items[number], day) for ref, number, day in seen if number in items]
    if not known:
        return None
    holds = {ref: _holds(actor, noted.kind, one, day, today) for ref, one, day in known}
    stand = [
        Standing(one.id, _named(one), one.stands(today), one.state == HELD, holds[ref])
        for ref, one, _ in known
    ]
    sentence = standing("议题", _SAYS[noted.kind], _SAID[noted.kind], stand)
    numbers = list(dict.fromkeys(one.id for _, one, _ in known))
    open_ = [ref for ref, held in holds.items() if held]
    return told(noted, "agenda", sentence, numbers, count=len(open_ or known), open_=open_)


def _named(one: AgendaItem) -> str:
    title = one.title if len(one.title) <= 30 else f"{one.title[:29]}…"
    return f"议题 {one.id} {title}（{one.held}）"


def _split(kind: str, ref: str) -> tuple[str, str]:
    """An item's number and, of a period, its day."""
    named = ref.removeprefix(NOTED)
    if kind not in (outbox.SOON, outbox.OVERDUE):
        return named, ""
    number, _, day = named.rpartition("/")
    return number, day


def _holds(actor: Actor, kind: str, one: AgendaItem, day: str, today: date) -> bool:
    """Whether what was told of an item is still so."""
    if kind == outbox.TURN:
        return one.owner == actor.user and one.state == PREPARING
    if kind == outbox.ENDED:
        return one.state == HELD
    same = day == one.held.isoformat()
    if kind == outbox.SOON:
        return same and one.state == PREPARING and one.held >= today
    return same and one.stands(today) == OVER
