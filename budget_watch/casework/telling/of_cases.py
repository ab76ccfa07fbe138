"""Notices of a step on a case: whose turn it is now, who must confirm, who follows it.

Whose turn it is stands in the workflow (`turn`); a person is told only of what they could not do
before the step. Where whoever acted can go on alone, nobody else is told; where some of those who
can go on have worked on the case before, only they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from budget_watch.casework.cases import (
    FINANCE,
    FINANCE_ROLE,
    Actor,
    Case,
    Desk,
    may_see,
    possible,
)
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling import tables as t
from budget_watch.casework.telling.audience import Reader
from budget_watch.casework.workflow import Transition


@dataclass(frozen=True)
class Step:
    """A step that was taken.

    Attributes:
        before, after: the case before and after it, `after` with the act in its history.
        proposed: it waits for a second person.
        key: of the cause: the act, or the bulk of acts that it belongs to.
    """

    taken: Transition
    actor: Actor
    before: Case
    after: Case
    proposed: bool
    key: str


def tell_of(
    connection: sa.Connection, desk: Desk, people: Sequence[Reader], step: Step, at: datetime
) -> None:
    """Tell whom a step concerns; must be called inside its transaction."""
    known = _worked(step.after) | _followers(connection, step.after)
    others = [
        each
        for each in people
        if each.user != step.actor.user
        and (each.title in desk.flow.party or each.user in known)
        and may_see(connection, desk, _actor(each), step.after)
    ]
    for kind, whom in _told(connection, desk, others, step):
        cause = outbox.Cause(kind, step.key, (step.after.id,))
        outbox.tell(connection, cause, whom, at)


def _told(
    connection: sa.Connection, desk: Desk, people: Sequence[Reader], step: Step
) -> list[tuple[str, list[Reader]]]:
    """Kinds and people, the most pressing first; whoever is told one thing is not told the next."""
    groups: list[tuple[str, list[Reader]]] = []
    if step.proposed:
        groups.append((outbox.CONFIRM, _able(desk, people, step.after, step.taken)))
    elif step.taken.calls:
        groups.append((outbox.CALLED, waited_for(desk, people, step.after)))
    elif "rung" in step.taken.needs:
        whom = [each for each in people if each.title in step.taken.who]
        groups.append((outbox.ESCALATED, whom))
    else:
        groups.append((outbox.TURN, _next(desk, people, step)))
        groups += _over(connection, desk, people, step)
    seen: set[str] = set()
    told = []
    for kind, whom in groups:
        fresh = [each for each in whom if each.user not in seen]
        seen |= {each.user for each in fresh}
        told.append((kind, fresh))
    return told


def waited_for(desk: Desk, people: Sequence[Reader], case: Case) -> list[Reader]:
    """Whose turn it is on a case as it stands."""
    return [each for each in people if turns(desk, _actor(each), case)]


def _next(desk: Desk, people: Sequence[Reader], step: Step) -> list[Reader]:
    """Whose turn it has become."""
    if turns(desk, step.actor, step.after):
        return []
    found: dict[str, list[Reader]] = {}
    for each in people:
        actor = _actor(each)
        for name in turns(desk, actor, step.after) - turns(desk, actor, step.before):
            found.setdefault(name, []).append(each)
    worked = {act.user for act in step.after.acts}
    told: dict[tuple[str, str], Reader] = {}
    for able in found.values():
        known = [each for each in able if each.user in worked]
        told |= {(each.user, each.role): each for each in known or able}
    return [each for each in people if (each.user, each.role) in told]


def turns(desk: Desk, actor: Actor, case: Case) -> set[str]:
    """The steps that this person is waited for to take."""
    return {
        step.id
        for step in desk.flow.transitions
        if step.turn is not None
        and (step.turn == "all" or _holds(desk, actor, case))
        and possible(desk, actor, case, step) is None
    }


def _holds(desk: Desk, actor: Actor, case: Case) -> bool:
    """Whether a case lies with this person's own department, not only within its reach."""
    if not desk.department(actor.role):
        return True
    if actor.role == FINANCE_ROLE:
        return case.addressee == FINANCE
    return actor.codes is None or case.addressee in actor.codes


def _able(desk: Desk, people: Sequence[Reader], case: Case, step: Transition) -> list[Reader]:
    return [each for each in people if possible(desk, _actor(each), case, step) is None]


def _over(
    connection: sa.Connection, desk: Desk, people: Sequence[Reader], step: Step
) -> list[tuple[str, list[Reader]]]:
    """Who is told that a case was answered, or that it has ended."""
    before, after = desk.state(step.before), desk.state(step.after)
    if before.id == after.id:
        return []
    followers = _followers(connection, step.after)
    if after.final:
        concerned = _worked(step.after) | followers
        return [(outbox.ENDED, [each for each in people if each.user in concerned])]
    if after.answered and not before.answered:
        return [(outbox.REPLIED, [each for each in people if each.user in followers])]
    return []


def _worked(case: Case) -> set[str]:
    """Who took a step on a case or rated how it was handled."""
    return {act.user for act in case.acts} | {each["user"] for each in case.ratings}


def _followers(connection: sa.Connection, case: Case) -> set[str]:
    table = t.notice_follow
    query = sa.select(table.c.user).where(
        table.c.finding.in_(case.findings), table.c.ended_at.is_(None)
    )
    return set(connection.execute(query).scalars())


def _actor(reader: Reader) -> Actor:
    return Actor(reader.grant, reader.title)
