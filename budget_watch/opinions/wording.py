"""What notices of opinions and of topics say to their reader; those not theirs are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.told import (
    Noted,
    Standing,
    Told,
    numbers_in,
    periods,
    running,
    standing,
    told,
)
from budget_watch.lake import Home
from budget_watch.opinions import tables as t
from budget_watch.opinions.opinion import Opinion, OpinionDesk, select
from budget_watch.opinions.seeing import mine, next_steps, sees
from budget_watch.opinions.telling import turns
from budget_watch.opinions.topics import Topic, find_topic, sees_topic

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
_SAID = {
    outbox.TURN: "曾轮到您办",
    outbox.CONFIRM: "曾拟改登记为另一类，等您确认",
    outbox.CALLED: "曾催办",
    outbox.REGISTERED: "曾通知已登记",
    outbox.SENT: "曾通知已交办",
    outbox.REPLIED: "曾通知已答复",
    outbox.UNSATISFIED: "曾评价为不满意",
    outbox.ENDED: "曾办完，又重新办理",
}
_TIMED = (outbox.SOON, outbox.OVERDUE)


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
    open_ = [ref for ref in refs if _holds(desk, actor, noted.kind, ref, seen, today)]
    still = {ref.partition("/")[0] for ref in open_}
    found = [_standing(desk, seen[number], number in still) for number in numbers]
    if noted.kind in _TIMED:
        said = periods(noted.kind, open_ or refs, today)
        past = f"曾提醒{said}"
    else:
        said, past = _SAYS[noted.kind], _SAID[noted.kind]
    if noted.kind in (outbox.CONFIRM, outbox.CALLED) and all(each.over for each in found):
        past = _SAID[outbox.TURN]
    if noted.kind == outbox.REPLIED and len(numbers) == 1:
        said = _answered(actor, seen[numbers[0]])
    sentence = standing("意见", said, past, found)
    return told(noted, "opinion", sentence, numbers, count=len(open_ or refs), open_=open_)


def _answered(actor: Actor, one: Opinion) -> str:
    """What is said of an answer: its author is asked to rate it, once a round."""
    rated = any(each["round"] == one.round for each in one.ratings)
    return "已经答复，请您评价" if mine(actor, one) and not rated else _SAYS[outbox.REPLIED]


def _standing(desk: OpinionDesk, one: Opinion, open_: bool) -> Standing:
    state = desk.state(one)
    return Standing(one.id, f"意见 {one.id} {one.title}", state.title, state.final, open_)


def _holds(
    desk: OpinionDesk,
    actor: Actor,
    kind: str,
    ref: str,
    seen: Mapping[str, Opinion],
    today: date,
) -> bool:
    """Whether what was told of an opinion still holds: its reader is waited for, or it is so."""
    one = seen[ref.partition("/")[0]]
    state = desk.state(one)
    if state.final or kind == outbox.ENDED:
        return state.final and kind == outbox.ENDED
    if kind in _TIMED:
        return ref in running(one.id, one.clocks)
    asked = next_steps(desk, actor, one, today) if kind == outbox.CONFIRM else []
    holds = {
        outbox.CONFIRM: any(step.takes_kind for step in asked),
        outbox.REGISTERED: state.registered and not state.shown_to_departments,
        outbox.SENT: state.shown_to_departments and not state.answered,
        outbox.REPLIED: state.answered,
        outbox.UNSATISFIED: state.answered,
    }
    return holds[kind] if kind in holds else bool(turns(desk, actor, one, today))


def of_topics(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], _today: date
) -> list[Told]:
    """Notices about discussions and votes."""
    desk, found = OpinionDesk.of(home), []
    for each in noted:
        topic = find_topic(connection, desk, each.refs[0])
        if topic is None or not sees_topic(desk, actor, topic):
            continue
        said, waits = _talk(topic, actor) if each.kind == outbox.TALK else _vote(topic, actor)
        sentence = f"议题 {topic.id} {topic.title}：{said}。"
        found.append(told(each, "topic", sentence, [topic.id], open_=[topic.id] if waits else []))
    return found


def _vote(topic: Topic, actor: Actor) -> tuple[str, bool]:
    """What is said of a vote, and whether it waits for the reader."""
    if not topic.vote_open:
        return "表决已经结束", False
    if actor.user in topic.ballots:
        return "您已表决，结束以前可以改", False
    return f"请您表决“{topic.question}”", True


def _talk(topic: Topic, actor: Actor) -> tuple[str, bool]:
    """What is said of a discussion, and whether it waits for the reader."""
    if not topic.discussing:
        return "讨论已经结束", False
    if any(each["user"] == actor.user for each in topic.remarks):
        return "您已发言，讨论还在进行", False
    return "请您参加讨论", True
