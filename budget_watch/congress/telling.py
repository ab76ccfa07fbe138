"""Who is told of a question of a session: those who answer, when it is put to them and when late.

When its hours are over the person of the office who put it is told too. Worded here, under the
reader's Grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa

from budget_watch.casework.cases import HERE, Actor, today_of
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.told import Noted, Told, told
from budget_watch.congress import tables as t
from budget_watch.congress.session import DESK, Congress, CongressDesk, find_congress, sees_congress
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.opinions.tables import topic as topic_table


def tell_of_route(
    connection: sa.Connection,
    one: Congress,
    people: Sequence[Reader],
    actor: Actor,
    topic: str,
    due: str,
    at: datetime,
) -> None:
    """Tell those who answer that a topic was put to them; inside the step's transaction."""
    whom = [each for each in _solvers(one, people) if each.user != actor.user]
    cause = outbox.Cause(outbox.TURN, f"congress:{topic}", (_ref(one.id, topic, due),))
    outbox.tell(connection, cause, whom, at)


def _ref(number: str, topic: str, due: str) -> str:
    return f"{number}/{topic}/{due}"


def _solvers(one: Congress, people: Sequence[Reader]) -> list[Reader]:
    own = {each.user for each in one.members if each.part == DESK}
    return [each for each in people if each.user in own]


def sweep(home: Home, now: datetime | None = None) -> int:
    """Tell of questions whose hours are over and that have no answer; how many notices were new."""
    at = now or datetime.now(UTC)
    people = readers(home, at)
    if not people:
        return 0
    with engine(home).connect() as connection:
        if not _late(connection, at):
            return 0
    desk, day = CongressDesk.of(home), today_of(at)
    with writing(home) as connection:
        found = []
        for number, topic, due in _late(connection, at):
            one = find_congress(connection, number)
            if one is None or not one.running(day):
                continue
            able = [each for each in people if each.title in desk.flow.answerers]
            put = _who_put(connection, topic)
            office = [e for e in people if e.user == put and e.title in desk.flow.keepers]
            ref = _ref(number, topic, due)
            found.append((outbox.OVERDUE, ref, [*_solvers(one, able), *office]))
        return outbox.tell_periods(connection, f"congress:{at:%Y-%m-%dT%H:%M}", found, at)


def _late(connection: sa.Connection, at: datetime) -> list[tuple[str, str, str]]:
    q, a = t.congress_question, t.congress_answer
    open_ = sa.select(q).where(q.c.topic.not_in(sa.select(a.c.topic)))
    rows = connection.execute(open_).mappings()
    found = [(row["congress"], row["topic"], row["due_at"]) for row in rows]
    return sorted(each for each in found if datetime.fromisoformat(each[2]) < at)


def _who_put(connection: sa.Connection, topic: str) -> str | None:
    act, q = t.congress_act, t.congress_question
    query = sa.select(act.c.user).join(q, q.c.act == act.c.seq).where(q.c.topic == topic)
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def of_congress(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices of questions; those of sessions that are no longer theirs to see are left out."""
    desk, done = CongressDesk.of(home), _answered(connection)
    found = (_worded(connection, desk, actor, each, today, done) for each in noted)
    return [each for each in found if each is not None]


def _worded(
    connection: sa.Connection,
    desk: CongressDesk,
    actor: Actor,
    each: Noted,
    today: date,
    done: set[str],
) -> Told | None:
    number = each.refs[0].partition("/")[0]
    one = find_congress(connection, number)
    if one is None or not sees_congress(desk, actor, one, today):
        return None
    parts = [ref.split("/", 2) for ref in each.refs]
    titles = _titles(connection, [topic for _, topic, _ in parts])
    open_ = [ref for ref, part in zip(each.refs, parts, strict=True) if part[1] not in done]
    named = "、".join(f"“{titles.get(topic, topic)}”" for _, topic, _ in parts[:3])
    named += f"等{len(parts)}题" if len(parts) > 3 else ""
    hour = datetime.fromisoformat(min(due for *_, due in parts)).astimezone(HERE)
    if each.kind == outbox.OVERDUE:
        said = f"过了{hour:%m-%d %H:%M}的时限，还没有解答" if open_ else "曾逾时，已经解答"
    else:
        said = f"转您解答，{hour:%m-%d %H:%M}以前" if open_ else "曾转您解答，已经解答"
    sentence = f"会次 {number} {named}：{said}。"
    return told(each, "congress", sentence, (number,), count=len(parts), open_=open_)


def _titles(connection: sa.Connection, topics: Sequence[str]) -> dict[str, str]:
    table = topic_table
    query = sa.select(table.c.id, table.c.title).where(table.c.id.in_(topics))
    return {str(row[0]): str(row[1]) for row in connection.execute(query)}


def _answered(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.select(t.congress_answer.c.topic)).scalars())
