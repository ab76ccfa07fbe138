"""An opinion as it is stored, with its acts, periods and ratings, read in one go for many."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.calendar.days import standard_calendar
from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import book_folders
from budget_watch.casework.clocks import Reckoning, Running
from budget_watch.lake import Home
from budget_watch.opinions import tables as t
from budget_watch.opinions.flow import Kind, OpinionFlow, Party, State, load_flow

_AT_ONCE = 500  # ids in one query
PREFIX = "YJ"


@dataclass(frozen=True)
class Act:
    """One step that was taken. `at` is ISO time, UTC."""

    version: int
    step: str
    from_state: str
    to_state: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]
    audit_seq: int


@dataclass(frozen=True)
class Opinion:
    """An opinion as it stands.

    Attributes:
        id: `YJ2026-0001`.
        proposed: the kind that the office proposes and the author has not yet confirmed.
        round: how often it was taken up anew; ratings and publication count for their round.
        open: whether the author lets others read it once it is registered.
        about: `finding`, `figure`, `report` or `free`; about_id: the finding, the page's address,
            the report; about_as_of, about_snapshot: what the figure was known from.
        share: of the ratings of this round, of its topic's where it is in one: how many are
            satisfied, of how many; None where nobody has rated.
    """

    id: str
    kind: str
    proposed: str | None
    state: str
    version: int
    round: int
    title: str
    text: str
    ask: str
    author: str
    author_role: str
    author_name: str
    signers: tuple[str, ...]
    open: bool
    about: str
    about_id: str
    about_title: str
    about_as_of: date | None
    about_snapshot: str | None
    mof_div_code: str | None
    dept_code: str | None
    agency_code: str | None
    addressee: str | None
    copy_to: str | None
    number: str | None
    topic: str | None
    published_at: date | None
    published_in: str | None
    published_to: tuple[str, ...]
    published_round: int | None
    opened_at: str
    changed_at: str
    clocks: tuple[Running, ...] = ()
    acts: tuple[Act, ...] = ()
    ratings: tuple[Mapping[str, Any], ...] = field(default=())
    share: tuple[int, int] | None = None

    @property
    def published(self) -> bool:
        """Whether the answer of this round was made known."""
        return self.published_round == self.round


PLAIN = tuple(
    name
    for name in Opinion.__dataclass_fields__
    if name not in ("clocks", "acts", "ratings", "share", "signers", "published_to")
)


@dataclass(frozen=True)
class OpinionDesk:
    """What every question about opinions needs: the home, kinds and steps, the calendar."""

    home: Home
    flow: OpinionFlow
    reckoning: Reckoning

    @classmethod
    def of(cls, home: Home) -> OpinionDesk:
        """The desk of a home.

        Raises:
            WorkflowError: the file of kinds and steps is wrong.
        """
        flow = load_flow(book_folders(home.root))
        return cls(home, flow, Reckoning(flow, standard_calendar(home.calendar_file)))

    def state(self, one: Opinion) -> State:
        """The state of an opinion."""
        return self.flow.state[one.state]

    def kind(self, one: Opinion) -> Kind:
        """The kind of an opinion."""
        return self.flow.kind[one.kind]

    def party(self, actor: Actor) -> Party | None:
        """On which side somebody stands; the local operator without a role reads as the office."""
        if actor.grant.role is None and not actor.role:
            return "office"
        return self.flow.party.get(actor.role)


def get(connection: sa.Connection, desk: OpinionDesk, number: str) -> Opinion | None:
    """One opinion by its id, whoever asks: inside this room only."""
    found = select(connection, desk, t.opinion.c.id == number)
    return found[0] if found else None


def select(
    connection: sa.Connection, desk: OpinionDesk, *where: sa.ColumnElement[bool]
) -> list[Opinion]:
    """Opinions that meet conditions, those changed last first."""
    table = t.opinion
    query = sa.select(table).where(*where).order_by(table.c.changed_at.desc(), table.c.seq.desc())
    rows = connection.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    acts = _grouped(connection, t.opinion_act, ids, t.opinion_act.c.version)
    clocks = _grouped(connection, t.opinion_clock, ids, t.opinion_clock.c.number)
    ratings = _grouped(connection, t.opinion_rating, ids, t.opinion_rating.c.seq)
    shares = _shares(connection, desk.flow, {row["topic"] for row in rows if row["topic"]})
    found = []
    for row in rows:
        own = tuple(_rating(each) for each in ratings[row["id"]])
        last = [each["word"] for each in own if each["round"] == row["round"]][-1:]
        share = shares.get(row["topic"]) if row["topic"] else _share(desk.flow, last)
        found.append(
            Opinion(
                **{name: row[name] for name in PLAIN},
                signers=tuple(json.loads(row["signers"])),
                published_to=tuple(json.loads(row["published_to"] or "[]")),
                acts=tuple(_act(each) for each in acts[row["id"]]),
                clocks=tuple(_clock(each) for each in clocks[row["id"]]),
                ratings=own,
                share=share,
            )
        )
    return found


def _grouped(
    connection: sa.Connection, table: sa.Table, ids: Sequence[str], order: sa.Column[Any]
) -> dict[str, list[Mapping[Any, Any]]]:
    found: dict[str, list[Mapping[Any, Any]]] = defaultdict(list)
    for at in range(0, len(ids), _AT_ONCE):
        part = ids[at : at + _AT_ONCE]
        query = sa.select(table).where(table.c.opinion.in_(part)).order_by(order)
        for row in connection.execute(query).mappings():
            found[row["opinion"]].append(row)
    return found


def _shares(
    connection: sa.Connection, flow: OpinionFlow, topics: set[str]
) -> dict[str, tuple[int, int] | None]:
    """Of each topic: the last word of this round on every opinion in it, taken together."""
    r, o = t.opinion_rating, t.opinion
    query = (
        sa.select(o.c.topic, r.c.opinion, r.c.word)
        .join(o, o.c.id == r.c.opinion)
        .where(o.c.topic.in_(sorted(topics)), r.c.round == o.c.round)
        .order_by(r.c.seq)
    )
    last: dict[str, dict[str, str]] = defaultdict(dict)
    for topic, number, word in connection.execute(query):
        last[topic][number] = word
    return {topic: _share(flow, list(last[topic].values())) for topic in topics}


def _share(flow: OpinionFlow, words: Sequence[str]) -> tuple[int, int] | None:
    if not words:
        return None
    return sum(word in flow.satisfaction.counted for word in words), len(words)


def _act(row: Mapping[Any, Any]) -> Act:
    names = ("version", "step", "from_state", "to_state", "user", "role", "at", "audit_seq")
    return Act(**{name: row[name] for name in names}, given=json.loads(row["given"]))


def _clock(row: Mapping[Any, Any]) -> Running:
    names = ("number", "clock", "started", "due", "extended", "paused", "stopped")
    return Running(**{name: row[name] for name in names})


def _rating(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    return {name: row[name] for name in ("round", "user", "word", "remark", "at")}
