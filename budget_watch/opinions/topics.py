"""Topics (议题): opinions on one matter brought together, shown as one with its count.

The office keeps them. Deputies and members see a topic once the office opens it, and those who are
invited see it in any case, with its discussion and its vote. Of its opinions a reader sees those
that are theirs to see, and of the others the count, in their own regions. When the result of a vote
shows is settled when the vote begins.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions import tables as t
from budget_watch.opinions.errors import UnknownTopicError
from budget_watch.opinions.opinion import Opinion, OpinionDesk, select
from budget_watch.opinions.seeing import in_region, inside, sees, submitted

TOPIC = "YT"
AFTER_END, AFTER_OWN, ALWAYS, OFFICE_ONLY = "结束后", "投票后", "随时", "只给工作机构"


@dataclass(frozen=True)
class TopicAct:
    """A step of the office. `at` is ISO time, UTC."""

    version: int
    step: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]
    audit_seq: int


@dataclass(frozen=True)
class Topic:
    """A topic as it stands.

    Attributes:
        id: `YT2026-001`.
        open: whether deputies and members see it. discussing: whether those invited may speak.
        vote: number of the vote, 0 before the first; vote_open: whether it still runs.
        question, options, named, shows: of the last vote; `named`: who voted what is told.
        ballots: of the last vote: user → (choice, when), the last word of each.
    """

    id: str
    version: int
    title: str
    summary: str
    open: bool
    discussing: bool
    question: str | None
    options: tuple[str, ...]
    named: bool
    shows: str
    vote: int
    vote_open: bool
    opened_at: str
    changed_at: str
    invited: frozenset[str] = frozenset()
    opinions: tuple[Opinion, ...] = ()
    acts: tuple[TopicAct, ...] = ()
    remarks: tuple[Mapping[str, Any], ...] = ()
    ballots: Mapping[str, tuple[str, str]] = field(default_factory=dict)


ROW = (
    *("id", "version", "title", "summary", "open", "discussing", "question", "vote", "vote_open"),
    *("opened_at", "changed_at"),
)


def find_topic(connection: sa.Connection, desk: OpinionDesk, number: str) -> Topic | None:
    """One topic by its id, whoever asks: inside this room only."""
    found = _topics(connection, desk, t.topic.c.id == number)
    return found[0] if found else None


def _topics(
    connection: sa.Connection, desk: OpinionDesk, *where: sa.ColumnElement[bool]
) -> list[Topic]:
    table = t.topic
    query = sa.select(table).where(*where).order_by(table.c.changed_at.desc(), table.c.seq.desc())
    rows = connection.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    members = select(connection, desk, t.opinion.c.topic.in_(ids))
    return [_topic(connection, row, members) for row in rows]


def _topic(connection: sa.Connection, row: Mapping[Any, Any], members: Sequence[Opinion]) -> Topic:
    number = row["id"]
    own = t.topic_invited
    invited = connection.execute(sa.select(own.c.user).where(own.c.topic == number)).scalars()
    ballots: dict[str, tuple[str, str]] = {}
    b = t.topic_ballot
    cast = sa.select(b).where(b.c.topic == number, b.c.vote == row["vote"]).order_by(b.c.seq)
    for each in connection.execute(cast).mappings():
        ballots[each["user"]] = (each["choice"], each["at"])
    return Topic(
        **{name: row[name] for name in ROW},
        options=tuple(json.loads(row["options"] or "[]")),
        named=bool(row["named"]),
        shows=row["shows"] or "",
        invited=frozenset(invited),
        opinions=tuple(sorted((o for o in members if o.topic == number), key=lambda o: o.id)),
        acts=_acts(connection, number),
        remarks=_remarks(connection, number),
        ballots=ballots,
    )


def _acts(connection: sa.Connection, number: str) -> tuple[TopicAct, ...]:
    table = t.topic_act
    query = sa.select(table).where(table.c.topic == number).order_by(table.c.version)
    names = ("version", "step", "user", "role", "at", "audit_seq")
    return tuple(
        TopicAct(**{name: row[name] for name in names}, given=json.loads(row["given"]))
        for row in connection.execute(query).mappings()
    )


def _remarks(connection: sa.Connection, number: str) -> tuple[Mapping[str, Any], ...]:
    table = t.topic_remark
    query = sa.select(table).where(table.c.topic == number).order_by(table.c.seq)
    names = ("user", "role", "name", "text", "at")
    rows = connection.execute(query).mappings()
    return tuple({name: row[name] for name in names} for row in rows)


def get_topic(home: Home, actor: Actor, number: str) -> Topic:
    """One topic.

    Raises:
        UnknownTopicError: none such, or not the reader's.
    """
    desk = OpinionDesk.of(home)
    with engine(home).connect() as connection:
        found = find_topic(connection, desk, number)
    if found is None or not sees_topic(desk, actor, found):
        raise UnknownTopicError(number)
    return found


def list_topics(home: Home, actor: Actor) -> list[Topic]:
    """Topics that the reader sees, those changed last first."""
    desk = OpinionDesk.of(home)
    with engine(home).connect() as connection:
        found = _topics(connection, desk)
    return [each for each in found if sees_topic(desk, actor, each)]


def sees_topic(desk: OpinionDesk, actor: Actor, topic: Topic) -> bool:
    """Whether a topic is the reader's to see."""
    if not actor.grant.business:
        return False
    party = desk.party(actor)
    if party == "office":
        empty = not topic.opinions and actor.grant.scope.whole
        return empty or any(inside(desk, actor, each) for each in topic.opinions)
    if actor.user in topic.invited:
        return True
    return party in ("deputies", "members") and topic.open and bool(counted(desk, actor, topic))


def counted(desk: OpinionDesk, actor: Actor, topic: Topic) -> list[Opinion]:
    """The opinions that the topic's count tells this reader of: submitted, in their regions."""
    if desk.party(actor) == "office":
        return [each for each in topic.opinions if inside(desk, actor, each)]
    return [each for each in topic.opinions if submitted(desk, each) and in_region(actor, each)]


def takes_part(desk: OpinionDesk, actor: Actor, topic: Topic) -> bool:
    """Whether the reader discusses and votes, or keeps the topic."""
    return actor.user in topic.invited or desk.party(actor) == "office"


def shows_result(desk: OpinionDesk, actor: Actor, topic: Topic) -> bool:
    """Whether the reader may see how the last vote stands, as was settled when it began."""
    if not topic.vote or not takes_part(desk, actor, topic):
        return False
    ended, voted = not topic.vote_open, actor.user in topic.ballots
    if topic.shows == OFFICE_ONLY:
        return ended and desk.party(actor) == "office"
    if topic.shows == AFTER_OWN:
        return ended or voted
    return ended if topic.shows == AFTER_END else topic.shows == ALWAYS


def tally(topic: Topic) -> dict[str, int]:
    """How often each option was chosen, in the order of the options."""
    found = Counter(choice for choice, _ in topic.ballots.values())
    return {option: found[option] for option in topic.options}


def topic_record(desk: OpinionDesk, actor: Actor, topic: Topic) -> dict[str, Any]:
    """The JSON object of a topic, as this reader may see it."""
    those = counted(desk, actor, topic)
    told: dict[str, Any] = {
        "topic": topic.id,
        "title": topic.title,
        "summary": topic.summary,
        "version": topic.version,
        "open": topic.open,
        "count": len(those),
        "authors": len({each.author for each in those}),
        "opinions": [each.id for each in topic.opinions if sees(desk, actor, each)],
        "opened_at": topic.opened_at,
        "changed_at": topic.changed_at,
    }
    if not takes_part(desk, actor, topic):
        return told
    office = desk.party(actor) == "office"
    told |= {"discussing": topic.discussing, "remarks": [dict(each) for each in topic.remarks]}
    told |= {"invited": sorted(topic.invited) if office else None}
    told["vote"] = _vote(desk, actor, topic) if topic.vote else None
    if office:
        told["history"] = [dict(each.__dict__) for each in topic.acts]
    return told


def _vote(desk: OpinionDesk, actor: Actor, topic: Topic) -> dict[str, Any]:
    result = shows_result(desk, actor, topic)
    mine = topic.ballots.get(actor.user)
    return {
        "number": topic.vote,
        "question": topic.question,
        "options": list(topic.options),
        "named": topic.named,
        "shows": topic.shows,
        "open": topic.vote_open,
        "voted": len(topic.ballots),
        "invited": len(topic.invited),
        "mine": mine[0] if mine else None,
        "result": tally(topic) if result else None,
        "by_name": {user: choice for user, (choice, _) in sorted(topic.ballots.items())}
        if result and topic.named
        else None,
    }
