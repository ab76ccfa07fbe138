"""Steps in a session: opened, opinions given, merged, put to those who answer, answered, closed.

Each is one transaction with its audit entry, and a request that comes twice is one act: a phone
that got no answer sends the same number again and never makes a second opinion.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError
from budget_watch.casework.stored import iso, next_seq
from budget_watch.casework.telling.audience import readers
from budget_watch.congress import tables as t
from budget_watch.congress.roll import read_roll
from budget_watch.congress.session import (
    CLOSE,
    DEPUTY,
    DESK,
    PREFIX,
    Congress,
    CongressDesk,
    Member,
)
from budget_watch.congress.steps import (
    After,
    CongressDone,
    answering,
    done_before,
    kept_congress,
    seen_congress,
    take_step,
    written,
)
from budget_watch.congress.telling import tell_of_route
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.opinions.acting import Done, write
from budget_watch.opinions.tables import opinion as opinion_table
from budget_watch.opinions.topic_acting import TopicDone, act_on_topic, make_topic

OPEN, ROUTE, ANSWER = "open", "route", "answer"
STEPS = {
    OPEN: "开会次",
    "give": "提意见",
    "merge": "并为一题",
    "join": "并入一题",
    ROUTE: "转财政解答组",
    ANSWER: "解答",
    CLOSE: "提前闭会",
    "report": "上传报告文本",
}
_LONGEST_DAYS, _HEAD = 60, 30


def open_congress(
    home: Home,
    actor: Actor,
    title: str,
    since: date,
    until: date,
    roll: str,
    *,
    region: str = "",
    hours: int | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> CongressDone:
    """Open a session with its delegations and members.

    Args:
        roll: a line a person: delegation, name, account; those who answer under 财政解答组.
        region: the place whose people's congress meets; the actor's own where they have one.
        hours: within which a question is answered; the file's where it is left out.

    Raises:
        ActError: not a keeper, or something is missing or wrong.
    """
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)
    if actor.role not in desk.flow.keepers or not actor.grant.business or actor.grant.scope.own:
        raise ActError(
            f"会次由{'、'.join(desk.flow.keepers)}开，您的角色是{actor.role or '（无）'}。"
        )
    name = " ".join(title.split())
    if not 2 <= len(name) <= 100:
        raise ActError("会次名称应写 2 至 100 个字。")
    if until < since or (until - since).days > _LONGEST_DAYS or until < today_of(at):
        raise ActError(f"会期 {since} 至 {until} 不对：不早于今天结束，不超过{_LONGEST_DAYS}天。")
    place = _region(actor, region)
    members = read_roll(roll)
    period = desk.flow.answer_hours.hours if hours is None else hours
    if not 1 <= period <= 240:
        raise ActError("解答时限应在 1 至 240 小时之间。")
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = done_before(connection, actor, request)
        if before is not None:
            return before
        seq = next_seq(connection, t.congress)
        own = f"{PREFIX}{since.year}-{seq:02}"
        row: dict[str, Any] = {"id": own, "seq": seq, "title": name, "since": since, "until": until}
        row |= {"mof_div_code": place, "hours": period, "at": iso(at)}
        connection.execute(t.congress.insert().values(row))
        first = next_seq(connection, t.congress_member)
        connection.execute(
            t.congress_member.insert(),
            [{"seq": first + n, "congress": own, **m.__dict__} for n, m in enumerate(members)],
        )
        said: dict[str, Any] = {"title": name, "since": str(since), "until": str(until)}
        said |= {"region": place}
        said |= {"hours": period, "members": len(members)}
        _, entry = written(connection, home, actor, own, OPEN, said, request, at)
    return CongressDone(own, entry, False)


def _region(actor: Actor, region: str) -> str:
    regions = actor.grant.scope.regions
    own = region.strip() or (next(iter(regions)) if regions and len(regions) == 1 else "")
    if not own:
        raise ActError("请写明区划代码（9位），哪一级人民代表大会开会。")
    if regions is not None and own not in regions:
        raise ActError(f"区划 {own} 不在您的范围。")
    if len(own) != 9 or not own.isdigit():
        raise ActError(f"区划代码“{own}”应为 9 位数字。")
    return own


def give(
    home: Home,
    actor: Actor,
    number: str,
    text: str,
    *,
    page: str = "",
    request: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Give an opinion in a session: one field, submitted at once, in the deputy's delegation.

    Args:
        page: address of the page it is about.

    Raises:
        UnknownCongressError: no such session, or it is over, or they are not in it.
        ActError: they do not speak in it, or the text is too short or too long.
    """
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)
    with_member: list[Member] = []

    def beside(connection: sa.Connection, opinion: str) -> None:
        _, member = _speaker(connection, desk, actor, number, today_of(at))
        with_member.append(member)
        row = {"opinion": opinion, "congress": number, "delegation": member.delegation}
        connection.execute(t.congress_opinion.insert().values(**row, at=iso(at)))

    said = text.strip()
    about = ("figure", page) if page.strip() else ("free", "")
    return write(
        home,
        actor,
        _heading(said),
        said,
        about=about[0],
        about_id=about[1],
        submit=True,
        beside=beside,
        request=request,
        now=at,
    )


def _heading(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _HEAD else f"{line[: _HEAD - 1]}…"


def _speaker(
    connection: sa.Connection, desk: CongressDesk, actor: Actor, number: str, day: date
) -> tuple[Congress, Member]:
    one = seen_congress(connection, desk, actor, number, day)
    member = desk.part(actor, one, day)
    if member is None or member.part != DEPUTY:
        raise ActError(f"会次 {one.id} 的意见由出席的代表在会期内提出。")
    return one, member


def merge(
    home: Home,
    actor: Actor,
    number: str,
    title: str,
    opinions: Sequence[str],
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> TopicDone:
    """Bring opinions of a session together as one topic; their own words stay as they are.

    Raises:
        UnknownCongressError, UnknownOpinionError: not there, or not theirs.
        ActError: not a keeper, or an opinion of elsewhere, or one in a topic already.
    """
    chosen = _of_session(home, actor, number, opinions, now)
    return make_topic(home, actor, title, chosen, request=request, now=now)


def join(
    home: Home,
    actor: Actor,
    number: str,
    topic: str,
    opinions: Sequence[str],
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> TopicDone:
    """Bring further opinions of a session into a topic."""
    chosen = _of_session(home, actor, number, opinions, now)
    given = {"opinions": chosen}
    return act_on_topic(home, actor, topic, "add", given, request=request, now=now)


def _of_session(
    home: Home, actor: Actor, number: str, opinions: Sequence[str], now: datetime | None
) -> list[str]:
    desk, table = CongressDesk.of(home), t.congress_opinion
    chosen = list(dict.fromkeys(each.strip() for each in opinions if each.strip()))
    with writing(home) as connection:
        kept_congress(connection, desk, actor, number, today_of(now or datetime.now(UTC)))
        query = sa.select(table.c.opinion).where(table.c.congress == number)
        known = set(connection.execute(query).scalars())
    strange = [each for each in chosen if each not in known]
    if strange:
        raise ActError(f"{'、'.join(strange)} 不是会次 {number} 的意见。")
    return chosen


def route(
    home: Home,
    actor: Actor,
    number: str,
    topic: str,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> CongressDone:
    """Put a topic to those who answer; its hours begin.

    Raises:
        ActError: not a keeper, nobody to answer, not of this session, or put to them before.
    """
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)

    people = readers(home, at)

    def work(connection: sa.Connection, one: Congress) -> tuple[dict[str, Any], After]:
        if not any(each.part == DESK for each in one.members):
            raise ActError(f"会次 {one.id} 没有财政解答组的人。")
        if topic not in _topics(connection, number):
            raise ActError(f"议题 {topic} 里没有会次 {number} 的意见。")
        q = t.congress_question
        if connection.execute(sa.select(q.c.topic).where(q.c.topic == topic)).first():
            raise ActError(f"议题 {topic} 已经转给财政解答组。")
        due = iso(at + timedelta(hours=one.hours))
        row = {"topic": topic, "congress": number, "routed_at": iso(at), "due_at": due}

        def after(connection: sa.Connection, act: int) -> None:
            connection.execute(q.insert().values(**row, act=act))
            tell_of_route(connection, one, people, actor, topic, due, at)

        return {"topic": topic, "due": due}, after

    return take_step(home, desk, actor, number, ROUTE, kept_congress, work, request, at)


def answer(
    home: Home,
    actor: Actor,
    number: str,
    topic: str,
    text: str,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> CongressDone:
    """Answer a topic; a further answer stands after the first.

    Raises:
        ActError: not one of those who answer, or the topic was not put to them.
    """
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)
    said = text.strip()
    if not 2 <= len(said) <= 5000:
        raise ActError("解答应写 2 至 5000 个字。")

    def work(connection: sa.Connection, _one: Congress) -> tuple[dict[str, Any], Any]:
        q, a = t.congress_question, t.congress_answer
        known = sa.select(q.c.topic).where(q.c.topic == topic, q.c.congress == number)
        if connection.execute(known).first() is None:
            raise ActError(f"议题 {topic} 没有转给会次 {number} 的财政解答组。")
        row = {"seq": next_seq(connection, a), "topic": topic, "text": said}
        row |= {"user": actor.user, "role": actor.role, "at": iso(at)}

        def after(connection: sa.Connection, act: int) -> None:
            connection.execute(a.insert().values(**row, act=act))

        return {"topic": topic, "text": said}, after

    return take_step(home, desk, actor, number, ANSWER, answering, work, request, at)


def close_congress(
    home: Home,
    actor: Actor,
    number: str,
    reason: str,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> CongressDone:
    """Close a session before its last day; from now on nobody speaks or answers in it."""
    desk, at = CongressDesk.of(home), now or datetime.now(UTC)
    if not reason.strip():
        raise ActError("请写明提前闭会的原因。")

    def work(_: sa.Connection, one: Congress) -> tuple[dict[str, Any], Any]:
        if not one.running(today_of(at)) and one.closed_at is not None:
            raise ActError(f"会次 {one.id} 已经闭会。")
        return {"reason": reason.strip()}, None

    return take_step(home, desk, actor, number, CLOSE, kept_congress, work, request, at)


def _topics(connection: sa.Connection, number: str) -> set[str]:
    own, o = t.congress_opinion, opinion_table
    query = sa.select(o.c.topic).join(own, own.c.opinion == o.c.id)
    found = connection.execute(query.where(own.c.congress == number)).scalars()
    return {each for each in found if each}
