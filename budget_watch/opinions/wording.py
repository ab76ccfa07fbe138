"""What notices of opinions and of topics say to their reader; those not theirs are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.told import (
    Noted,
    Told,
    named,
    numbers_in,
    periods,
    told,
)
from budget_watch.lake import Home
from budget_watch.opinions import tables as t
from budget_watch.opinions.opinion import Opinion, OpinionDesk, select
from budget_watch.opinions.seeing import mine, sees
from budget_watch.opinions.topics import find_topic, sees_topic

_SAYS = {
    outbox.TURN: "轮到您办",
    outbox.CONFIRM: "拟改登记为另一类，等您确认",
    outbox.CALLED: "催办，请尽快办",
    outbox.REGISTERED: "已经登记",
    outbox.SENT: "已经交办",
    outbox.REPLIED: "已经答复",
    outbox.UNSATISFIED: "评价为不满意",
    outbox.ENDED: "已经办完",
}


def of_opinions(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about opinions."""
    desk = OpinionDesk.of(home)
    wanted = sorted({number for each in noted for number in numbers_in(each)})
    known = {one.id: one for one in select(connection, desk, t.opinion.c.id.in_(wanted))}
    seen = {number: one for number, one in known.items() if sees(desk, actor, one)}
    found = (_worded(desk, actor, each, seen, today) for each in noted)
    return [each for each in found if each is not None]


def _worded(
    desk: OpinionDesk, actor: Actor, noted: Noted, seen: Mapping[str, Opinion], today: date
) -> Told | None:
    refs = [ref for ref in noted.refs if ref.partition("/")[0] in seen]
    if not refs:
        return None
    numbers = [number for number in numbers_in(noted) if number in seen]
    timed = noted.kind in (outbox.SOON, outbox.OVERDUE)
    said = periods(noted.kind, refs, today) if timed else _SAYS[noted.kind]
    final = all(desk.state(seen[number]).final for number in numbers)
    if final and noted.kind in (outbox.TURN, outbox.CONFIRM, outbox.CALLED):
        said = "曾轮到您办，已经办完"
    if len(numbers) > 1:
        sentence = f"{len(numbers)} 件意见（{named(numbers)}）{said}。"
        return told(noted, "opinion", sentence, numbers, count=len(refs))
    one = seen[numbers[0]]
    if noted.kind == outbox.REPLIED and mine(actor, one) and not final:
        said = "已经答复，请您评价"
    state = f"现在是“{desk.state(one).title}”"
    sentence = f"意见 {one.id} {one.title}：{said}，{state}。"
    return told(noted, "opinion", sentence, numbers, count=len(refs))


def of_topics(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], _today: date
) -> list[Told]:
    """Notices about votes."""
    desk, found = OpinionDesk.of(home), []
    for each in noted:
        topic = find_topic(connection, desk, each.refs[0])
        if topic is None or not sees_topic(desk, actor, topic):
            continue
        said = f"请您表决“{topic.question}”" if topic.vote_open else "表决已经结束"
        if topic.vote_open and actor.user in topic.ballots:
            said = "您已表决，结束以前可以改"
        sentence = f"议题 {topic.id} {topic.title}：{said}。"
        found.append(told(each, "topic", sentence, [topic.id]))
    return found
