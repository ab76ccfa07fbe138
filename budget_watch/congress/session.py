"""A session as its readers see it: days, delegations, members, what was given, asked, answered.

The office and the members of the committee see it at all times; deputies and those who answer only
from its first day to its last, and only while it is not closed. Deputies see the texts of their own
delegation; of the others they see counts. Nobody else learns that it is there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import book_folders
from budget_watch.congress import tables as t
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.flow import CongressFlow, load_congress_flow
from budget_watch.lake import Home
from budget_watch.lake.state import engine
from budget_watch.opinions.opinion import Opinion, OpinionDesk, select
from budget_watch.opinions.tables import opinion as opinion_table
from budget_watch.opinions.tables import topic as topic_table

PREFIX = "RD"
DEPUTY, DESK = "deputy", "desk"
DESK_NAME = "财政解答组"
CLOSE = "close"


@dataclass(frozen=True)
class Member:
    """Who takes part: a deputy of a delegation, or one of those who answer."""

    user: str
    name: str
    delegation: str
    part: str


@dataclass(frozen=True)
class Congress:
    """A session (会次).

    Attributes:
        since, until: its days, both inclusive. hours: within which a question is answered.
        closed_at: when it was closed before its last day, ISO UTC.
    """

    id: str
    title: str
    since: date
    until: date
    mof_div_code: str
    hours: int
    at: str
    members: tuple[Member, ...]
    closed_at: str | None

    def running(self, day: date) -> bool:
        """Whether opinions are given and answered on a day."""
        return self.closed_at is None and self.since <= day <= self.until

    @property
    def delegations(self) -> tuple[str, ...]:
        """The delegations, in the order they were written."""
        return tuple(dict.fromkeys(m.delegation for m in self.members if m.part == DEPUTY))

    def member(self, user: str) -> Member | None:
        """Who somebody is in it."""
        return next((each for each in self.members if each.user == user), None)


@dataclass(frozen=True)
class Given:
    """An opinion given in a session."""

    opinion: Opinion
    delegation: str
    at: str


@dataclass(frozen=True)
class Answer:
    """What those who answer said; `at` is ISO time, UTC."""

    text: str
    user: str
    role: str
    at: str


@dataclass(frozen=True)
class Question:
    """Opinions on one matter, put to those who answer.

    Attributes:
        routed_at, due_at: ISO time, UTC; None before it is routed.
    """

    topic: str
    title: str
    summary: str
    given: tuple[Given, ...]
    routed_at: str | None
    due_at: str | None
    answers: tuple[Answer, ...]

    def state(self, now: datetime) -> str:
        """待转, 待答, 逾时 or 已答."""
        if self.answers:
            return "已答"
        if self.due_at is None:
            return "待转"
        return "逾时" if datetime.fromisoformat(self.due_at) < now else "待答"


@dataclass(frozen=True)
class CongressDesk:
    """What a session is read and worked on with."""

    home: Home
    flow: CongressFlow
    opinions: OpinionDesk

    @classmethod
    def of(cls, home: Home) -> CongressDesk:
        """The desk of a home.

        Raises:
            WorkflowError: a file is wrong; says where.
        """
        return cls(home, load_congress_flow(book_folders(home.root)), OpinionDesk.of(home))

    def keeps(self, actor: Actor, one: Congress) -> bool:
        """Whether they open sessions, merge and route."""
        return actor.role in self.flow.keepers and reads(self, actor, one)

    def part(self, actor: Actor, one: Congress, day: date) -> Member | None:
        """As whom somebody takes part on a day; None for others, and when it is over."""
        member = one.member(actor.user)
        if member is None or not one.running(day) or not actor.grant.business:
            return None
        able = self.flow.speakers if member.part == DEPUTY else self.flow.answerers
        return member if actor.role in able else None


def reads(desk: CongressDesk, actor: Actor, one: Congress) -> bool:
    """Whether they see the session at all times, whole."""
    grant = actor.grant
    if not grant.business or grant.scope.own:
        return False
    office = (grant.role is None and not actor.role) or actor.role in desk.flow.readers
    regions = grant.scope.regions
    return office and (regions is None or one.mof_div_code in regions)


def sees_congress(desk: CongressDesk, actor: Actor, one: Congress, day: date) -> bool:
    """Whether a session is the reader's to see on a day."""
    return reads(desk, actor, one) or desk.part(actor, one, day) is not None


def list_congresses(home: Home, actor: Actor, day: date) -> list[Congress]:
    """Sessions that the reader sees, the latest first."""
    desk = CongressDesk.of(home)
    with engine(home).connect() as connection:
        found = _select(connection)
    return [each for each in found if sees_congress(desk, actor, each, day)]


def get_congress(home: Home, actor: Actor, number: str, day: date) -> Congress:
    """One session.

    Raises:
        UnknownCongressError: none such, or not the reader's.
    """
    desk = CongressDesk.of(home)
    with engine(home).connect() as connection:
        found = find_congress(connection, number)
    if found is None or not sees_congress(desk, actor, found, day):
        raise UnknownCongressError(number)
    return found


def find_congress(connection: sa.Connection, number: str) -> Congress | None:
    """One session by its id, whoever asks: inside this room only."""
    found = _select(connection, t.congress.c.id == number)
    return found[0] if found else None


def all_congresses(connection: sa.Connection) -> list[Congress]:
    """Every session, the latest first, whoever asks: inside this room only."""
    return _select(connection)


def _select(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Congress]:
    table, m, a = t.congress, t.congress_member, t.congress_act
    found = []
    query = sa.select(table).where(*where).order_by(table.c.since.desc(), table.c.seq.desc())
    for row in connection.execute(query).mappings().all():
        own = sa.select(m).where(m.c.congress == row["id"]).order_by(m.c.seq)
        members = tuple(
            Member(e["user"], e["name"], e["delegation"], e["part"])
            for e in connection.execute(own).mappings()
        )
        over = sa.select(a.c.at).where(a.c.congress == row["id"], a.c.step == CLOSE)
        closed = connection.execute(over).scalar()
        names = ("id", "title", "since", "until", "mof_div_code", "hours", "at")
        found.append(Congress(**{n: row[n] for n in names}, members=members, closed_at=closed))
    return found


def given_in(home: Home, number: str) -> list[Given]:
    """Every opinion given in a session, the latest first, whoever asks: callers cut it."""
    desk, table = OpinionDesk.of(home), t.congress_opinion
    with engine(home).connect() as connection:
        query = sa.select(table).where(table.c.congress == number)
        rows = {row["opinion"]: row for row in connection.execute(query).mappings()}
        own = sa.select(table.c.opinion).where(table.c.congress == number)
        found = select(connection, desk, opinion_table.c.id.in_(own))
    given = [Given(e, rows[e.id]["delegation"], rows[e.id]["at"]) for e in found]
    return sorted(given, key=lambda each: (each.at, each.opinion.id), reverse=True)


def given_for(desk: CongressDesk, actor: Actor, one: Congress, day: date) -> list[Given]:
    """The opinions whose texts a reader sees: all, or those of their delegation."""
    if reads(desk, actor, one):
        return given_in(desk.home, one.id)
    member = desk.part(actor, one, day)
    if member is None or member.part != DEPUTY:
        return []
    return [e for e in given_in(desk.home, one.id) if e.delegation == member.delegation]


def questions_of(home: Home, given: Sequence[Given], *, routed: bool = False) -> list[Question]:
    """The topics that opinions of a session stand in, in their order.

    Args:
        routed: only those put to the people who answer.
    """
    topics = sorted({each.opinion.topic for each in given if each.opinion.topic})
    q, a = t.congress_question, t.congress_answer
    with engine(home).connect() as connection:
        known = sa.select(topic_table).where(topic_table.c.id.in_(topics))
        titles = {row["id"]: row for row in connection.execute(known).mappings()}
        asked = sa.select(q).where(q.c.topic.in_(topics))
        put = {row["topic"]: row for row in connection.execute(asked).mappings()}
        said = sa.select(a).where(a.c.topic.in_(topics)).order_by(a.c.seq)
        answers = [dict(row) for row in connection.execute(said).mappings()]
    return [
        Question(
            topic,
            titles[topic]["title"],
            titles[topic]["summary"],
            tuple(each for each in reversed(given) if each.opinion.topic == topic),
            put[topic]["routed_at"] if topic in put else None,
            put[topic]["due_at"] if topic in put else None,
            tuple(
                Answer(e["text"], e["user"], e["role"], e["at"])
                for e in answers
                if e["topic"] == topic
            ),
        )
        for topic in topics
        if topic in put or not routed
    ]


def acts_of(home: Home, number: str) -> list[dict[str, object]]:
    """Everything the office and the desk did in a session, oldest first."""
    table = t.congress_act
    query = sa.select(table).where(table.c.congress == number).order_by(table.c.seq)
    with engine(home).connect() as connection:
        rows = connection.execute(query).mappings().all()
    names = ("step", "user", "role", "at", "audit_seq")
    return [{**{n: row[n] for n in names}, "given": json.loads(row["given"])} for row in rows]
