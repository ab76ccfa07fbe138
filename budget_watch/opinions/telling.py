"""Who is told of steps on opinions, of votes on topics, and of periods of opinions.

The author and those who follow are told how far it has come; those whose turn it has become are
told that it is theirs, as with cases: nobody where whoever acted can go on alone, and of several
only those who have worked on it, where some have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import FINANCE, FINANCE_ROLE, Actor, today_of
from budget_watch.casework.clocks import OVERDUE, SOON
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.opinions import tables as t
from budget_watch.opinions.flow import Step
from budget_watch.opinions.opinion import Opinion, OpinionDesk, select
from budget_watch.opinions.seeing import next_steps, sees
from budget_watch.opinions.topics import Topic, sees_topic

# always there, so nobody waits for them
ASIDE = frozenset(("note", "extend", "remind", "publish", "edit", "withdraw", "forward"))
KINDS = {SOON: outbox.SOON, OVERDUE: outbox.OVERDUE}


@dataclass(frozen=True)
class Taken:
    """A step that was taken.

    Attributes:
        before, after: the opinion before and after it, `after` with the act in its history.
        low: it was a rating that is not satisfied.
        key: of the cause: the act, or the bulk of acts that it belongs to.
    """

    step: Step
    actor: Actor
    before: Opinion
    after: Opinion
    low: bool
    key: str


def tell_of(
    connection: sa.Connection,
    desk: OpinionDesk,
    people: Sequence[Reader],
    taken: Taken,
    at: datetime,
) -> None:
    """Tell whom a step concerns; must be called inside its transaction."""
    others = [
        each
        for each in people
        if each.user != taken.actor.user and sees(desk, actor_of(each), taken.after)
    ]
    seen: set[str] = set()
    for kind, whom in _groups(connection, desk, others, taken, today_of(at)):
        fresh = [each for each in whom if each.user not in seen]
        seen |= {each.user for each in fresh}
        outbox.tell(connection, outbox.Cause(kind, taken.key, (taken.after.id,)), fresh, at)


def _groups(
    connection: sa.Connection,
    desk: OpinionDesk,
    people: Sequence[Reader],
    taken: Taken,
    today: date,
) -> list[tuple[str, list[Reader]]]:
    """Kinds and people, the most pressing first; whoever is told one thing is not told the next."""
    one, step = taken.after, taken.step
    if step.id == "remind":
        return [(outbox.CALLED, waited_for(desk, people, one, today))]
    interested = _followers(connection, one) | {one.author}
    own = [each for each in people if each.user == one.author and each.title == one.author_role]
    worked = {act.user for act in one.acts}
    mine = [*own, *(each for each in people if each.user in interested)]
    before, after = desk.state(taken.before), desk.state(one)
    groups: list[tuple[str, list[Reader]]] = []
    if any(each.takes_kind for each in _leading(desk, own, one, today)):
        groups.append((outbox.CONFIRM, own))
    if taken.low:
        answered = [e for e in people if e.user in worked and desk.party(actor_of(e)) != "deputies"]
        groups.append((outbox.UNSATISFIED, answered))
    if after.final:
        groups.append((outbox.ENDED, [*mine, *(e for e in people if e.user in worked)]))
    elif after.answered and not before.answered:
        groups.append((outbox.REPLIED, mine))
    elif after.shown_to_departments and not before.shown_to_departments:
        groups.append((outbox.SENT, mine))
    elif after.registered and not before.registered:
        groups.append((outbox.REGISTERED, mine))
    return [*groups, (outbox.TURN, _next(desk, people, taken, today))]


def _next(desk: OpinionDesk, people: Sequence[Reader], taken: Taken, today: date) -> list[Reader]:
    """Whose turn it has become."""
    if turns(desk, taken.actor, taken.after, today):
        return []
    found: dict[str, list[Reader]] = {}
    for each in people:
        actor = actor_of(each)
        fresh = turns(desk, actor, taken.after, today) - turns(desk, actor, taken.before, today)
        for name in fresh:
            found.setdefault(name, []).append(each)
    worked = {act.user for act in taken.after.acts}
    told: set[tuple[str, str]] = set()
    for able in found.values():
        known = [each for each in able if each.user in worked]
        told |= {(each.user, each.role) for each in known or able}
    return [each for each in people if (each.user, each.role) in told]


def waited_for(
    desk: OpinionDesk, people: Iterable[Reader], one: Opinion, today: date
) -> list[Reader]:
    """Whose turn it is on an opinion as it stands."""
    return [each for each in people if turns(desk, actor_of(each), one, today)]


def turns(desk: OpinionDesk, actor: Actor, one: Opinion, today: date) -> set[str]:
    """The steps that this person is waited for to take; an answer is rated once a round."""
    if desk.party(actor) == "department" and not _holds(actor, one):
        return set()
    rated = any(each["round"] == one.round for each in one.ratings)
    able = {each.id for each in next_steps(desk, actor, one, today) if not (rated and each.rates)}
    return able - ASIDE


def _holds(actor: Actor, one: Opinion) -> bool:
    """Whether an opinion lies with this person's own department, not only within its reach."""
    if actor.role == FINANCE_ROLE:
        return one.addressee == FINANCE
    return actor.codes is None or one.addressee in actor.codes


def _leading(desk: OpinionDesk, people: Iterable[Reader], one: Opinion, today: date) -> list[Step]:
    return [step for each in people for step in next_steps(desk, actor_of(each), one, today)]


def _followers(connection: sa.Connection, one: Opinion) -> set[str]:
    table = t.opinion_follow
    query = sa.select(table.c.user).where(table.c.opinion == one.id, table.c.following.is_(True))
    return set(connection.execute(query).scalars())


def tell_of_topic(
    connection: sa.Connection,
    desk: OpinionDesk,
    people: Sequence[Reader],
    topic: Topic,
    kind: str,
    by: str,
    key: str,
    at: datetime,
) -> None:
    """Tell those invited that a discussion or vote has begun; inside the step's transaction."""
    whom = [
        each
        for each in people
        if each.user in topic.invited
        and each.user != by
        and sees_topic(desk, actor_of(each), topic)
    ]
    outbox.tell(connection, outbox.Cause(kind, key, (topic.id,)), whom, at)


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of periods of opinions that are nearly due or overdue; how many notices were new."""
    at = now or datetime.now(UTC)
    people = readers(home, at)
    if not people:
        return 0
    desk, today = OpinionDesk.of(home), today_of(at)
    with engine(home).connect() as connection:
        if not _due(connection, desk, today):
            return 0
    with writing(home) as connection:
        found = []
        for one, kind, ref in _due(connection, desk, today):
            seen = [each for each in people if sees(desk, actor_of(each), one)]
            found.append((kind, ref, _concerned(desk, seen, one, kind, today)))
        return outbox.tell_periods(connection, f"opinions:{today}", found, at)


def _due(
    connection: sa.Connection, desk: OpinionDesk, today: date
) -> list[tuple[Opinion, str, str]]:
    """Opinions with a period that is nearly due or overdue: kind, period by its last day."""
    clocks = t.opinion_clock.c
    running = sa.select(clocks.opinion).where(clocks.stopped.is_(None), clocks.paused.is_(None))
    found = []
    for one in sorted(select(connection, desk, t.opinion.c.id.in_(running)), key=lambda o: o.id):
        for each in one.clocks:
            kind = KINDS.get(desk.reckoning.mark(each, today)["mark"])
            if kind is not None:
                found.append((one, kind, f"{one.id}/{each.number}/{each.due}"))
    return found


def _concerned(
    desk: OpinionDesk, people: Sequence[Reader], one: Opinion, kind: str, today: date
) -> list[Reader]:
    """Those whose turn it is; of what is overdue also the office's people who worked on it."""
    found = waited_for(desk, people, one, today)
    if kind == outbox.OVERDUE:
        worked = {act.user for act in one.acts}
        found += [e for e in people if e.user in worked and desk.party(actor_of(e)) == "office"]
    return found


def actor_of(reader: Reader) -> Actor:
    """The person as they act in this role."""
    return Actor(reader.grant, reader.title)
