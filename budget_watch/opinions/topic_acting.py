"""Steps on topics: brought together, opened, discussed, voted on. Each is one transaction.

The office's steps carry a version, so that of two the second is told; remarks and ballots of those
invited do not disturb each other. A ballot may be changed until the vote ends, the last one counts,
and each person has one. Who voted what stands in the audit log only where the vote is by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.casework.stored import iso, next_seq
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import readers
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.opinions import tables as t
from budget_watch.opinions.acting import moved, name_of
from budget_watch.opinions.errors import UnknownOpinionError, UnknownTopicError
from budget_watch.opinions.given import heading, names, words
from budget_watch.opinions.inviting import guests, users_of
from budget_watch.opinions.opinion import OpinionDesk, get
from budget_watch.opinions.seeing import inside
from budget_watch.opinions.telling import tell_of_topic
from budget_watch.opinions.topics import ROW, TOPIC, Topic, find_topic, sees_topic, tally

STEPS: Mapping[str, str] = {
    "make": "立为议题",
    "add": "并入意见",
    "remove": "移出意见",
    "edit": "改写",
    "show": "向代表开放",
    "hide": "不再向代表开放",
    "invite": "邀请",
    "discuss": "开始讨论",
    "quiet": "结束讨论",
    "vote": "开始表决",
    "end": "结束表决",
}
_MOST_OPTIONS = 9
_TELLS = {"vote": outbox.VOTE, "discuss": outbox.TALK, "invite": outbox.TALK}


@dataclass(frozen=True)
class TopicDone:
    """What a step came to. `audit_seq`: number of its audit entry, None where nothing changed."""

    topic: str
    version: int
    repeated: bool
    audit_seq: int | None


def make_topic(
    home: Home,
    actor: Actor,
    title: str,
    opinions: Sequence[str],
    summary: str = "",
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> TopicDone:
    """Bring opinions together as a topic.

    Raises:
        UnknownOpinionError: one of them is not there, or not theirs to work on.
        ActError: not a keeper of topics, no opinion, or one that is in a topic already.
    """
    desk, at = OpinionDesk.of(home), now or datetime.now(UTC)
    _keeps(desk, actor)
    name, about = heading(desk, None, title), summary.strip()[:2000]
    chosen = list(dict.fromkeys(each.strip() for each in opinions if each.strip()))
    if not chosen:
        raise ActError("请给出要归并的意见编号。")
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = _before(connection, actor, request)
        if before is not None:
            return _again(before, None, "make")
        seq = next_seq(connection, t.topic)
        made = Topic(
            id=f"{TOPIC}{today_of(at).year}-{seq:03}",
            version=1,
            title=name,
            summary=about,
            open=False,
            discussing=False,
            question=None,
            options=(),
            named=False,
            shows="",
            vote=0,
            vote_open=False,
            opened_at=iso(at),
            changed_at=iso(at),
        )
        connection.execute(t.topic.insert().values(seq=seq, **_row(made, at)))
        _join(connection, desk, actor, made.id, chosen, at)
        said = {"title": name, "summary": about, "opinions": chosen}
        number = _written(connection, desk, actor, made, "make", said, request, at)
    return TopicDone(made.id, made.version, False, number)


def act_on_topic(
    home: Home,
    actor: Actor,
    number: str,
    step: str,
    given: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> TopicDone:
    """A step of the office on a topic: one of `STEPS` but the first.

    Args:
        given: opinions (add, remove), title and summary (edit), users and pick (invite: accounts
            or names; one out of the list), question, options,
            named and shows (vote).

    Raises:
        UnknownTopicError: no such topic, or not theirs to see.
        StaleError: it moved on since they looked.
        ActError: not a keeper of topics, not possible now, or something is missing.
    """
    desk, at = OpinionDesk.of(home), now or datetime.now(UTC)
    name = next((key for key, title in STEPS.items() if step in (key, title)), None)
    if name in (None, "make"):
        known = "、".join(f"{key}（{title}）" for key, title in STEPS.items() if key != "make")
        raise ActError(f"议题没有“{step}”这一步；可用 {known}。")
    anchor_log(home, once_a_day=True)
    people = list(readers(home, at)) if name in _TELLS else []
    with writing(home) as connection:
        topic = find_topic(connection, desk, number)
        if topic is None or not sees_topic(desk, actor, topic):
            raise UnknownTopicError(number)
        _keeps(desk, actor)
        before = _before(connection, actor, request)
        if before is not None:
            return _again(before, topic.id, str(name))
        _fresh(topic, version)
        said, after = _after(home, connection, desk, actor, topic, str(name), given or {}, at)
        after = replace(after, version=topic.version + 1)
        seq = _written(connection, desk, actor, after, str(name), said, request, at)
        table = t.topic
        connection.execute(table.update().where(table.c.id == after.id).values(**_row(after, at)))
        if name == "invite":  # into a discussion that has begun
            people = [each for each in people if after.discussing and each.user in said["users"]]
            after = replace(after, invited=topic.invited | set(said["users"]))
        if people:
            key = f"act:{seq}"
            tell_of_topic(connection, desk, people, after, _TELLS[str(name)], actor.user, key, at)
    return TopicDone(after.id, after.version, False, seq)


def _after(
    home: Home,
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    topic: Topic,
    step: str,
    given: Mapping[str, Any],
    at: datetime,
) -> tuple[dict[str, Any], Topic]:
    """What is stored of a step, and the topic after it."""
    if step in ("add", "remove"):
        chosen = names(desk, None, given.get("opinions") or [])
        if not chosen:
            raise ActError("请给出意见编号。")
        move = _join if step == "add" else _leave
        move(connection, desk, actor, topic.id, chosen, at)
        return {"opinions": chosen}, topic
    if step == "edit":
        title = heading(desk, None, given.get("title", topic.title))
        summary = str(given.get("summary", topic.summary)).strip()[:2000]
        said = {"title": title, "summary": summary}
        return said, replace(topic, title=title, summary=summary)
    if step in ("show", "hide"):
        _anew(topic, topic.open, step == "show", step)
        return {}, replace(topic, open=step == "show")
    if step in ("discuss", "quiet"):
        if step == "discuss" and not topic.invited:
            raise ActError("请先邀请参加讨论的人。")
        _anew(topic, topic.discussing, step == "discuss", step)
        return {}, replace(topic, discussing=step == "discuss")
    if step == "invite":
        return _invite(home, connection, desk, actor, topic, given, at), topic
    return _voting(desk, topic, step, given)


def _anew(topic: Topic, now: bool, wanted: bool, step: str) -> None:
    if now is wanted:
        raise ActError(f"议题 {topic.id}：现在就是这样，不用再办“{STEPS[step]}”。")


def _voting(
    desk: OpinionDesk, topic: Topic, step: str, given: Mapping[str, Any]
) -> tuple[dict[str, Any], Topic]:
    if step == "end":
        if not topic.vote_open:
            raise ActError(f"议题 {topic.id} 没有在表决。")
        said = {"vote": topic.vote, "tally": tally(topic), "invited": len(topic.invited)}
        return said, replace(topic, vote_open=False)
    if topic.vote_open:
        raise ActError(f"议题 {topic.id} 正在表决；请先结束。")
    if not topic.invited:
        raise ActError("请先邀请参加表决的人。")
    votes = desk.flow.votes
    options = tuple(names(desk, None, given.get("options") or list(votes.options)))
    shows = given.get("shows") or votes.shows[0]
    if not 2 <= len(options) <= _MOST_OPTIONS:
        raise ActError(f"选项应为 2 至 {_MOST_OPTIONS} 个，各不相同。")
    if shows not in votes.shows:
        raise ActError(f"结果没有“{shows}”这种显示办法；可用 {'、'.join(votes.shows)}。")
    named = given.get("named") in (True, "是")
    question = heading(desk, None, given.get("question") or topic.title)
    said = {"question": question, "options": list(options), "named": named, "shows": shows}
    after = replace(
        topic,
        question=question,
        options=options,
        named=named,
        shows=shows,
        vote=topic.vote + 1,
        vote_open=True,
        ballots={},
    )
    return {**said, "vote": after.vote}, after


def _invite(
    home: Home,
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    topic: Topic,
    given: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    if topic.vote_open:
        raise ActError(f"议题 {topic.id} 正在表决，中途不能再邀请；请在结束后邀请。")
    said = [
        *names(desk, None, given.get("users") or []),
        *names(desk, None, given.get("pick") or []),
    ]
    wanted = users_of(home, guests(home, desk, actor, at), said)
    fresh = [each for each in wanted if each not in topic.invited]
    if not fresh:
        raise ActError("请给出还没有邀请的人：账号或姓名。")
    for user in fresh:
        row = {"topic": topic.id, "user": user, "since": iso(at)}
        connection.execute(t.topic_invited.insert().values(**row))
    return {"users": fresh}


def _join(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    topic: str,
    numbers: Sequence[str],
    at: datetime,
) -> None:
    for number in numbers:
        one = get(connection, desk, number)
        if one is None or not inside(desk, actor, one):
            raise UnknownOpinionError(number)
        if one.topic is not None:
            raise ActError(f"意见 {number} 已在议题 {one.topic} 里；请先移出。")
        if desk.state(one).final and not desk.state(one).registered:
            raise ActError(f"意见 {number} 已撤回，不能归并。")
        moved(connection, desk, actor, one, topic, "join", at)


def _leave(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    topic: str,
    numbers: Sequence[str],
    at: datetime,
) -> None:
    for number in numbers:
        one = get(connection, desk, number)
        if one is None or not inside(desk, actor, one) or one.topic != topic:
            raise UnknownOpinionError(number)
        moved(connection, desk, actor, one, None, "leave", at)


def say(
    home: Home,
    actor: Actor,
    number: str,
    text: str,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> int:
    """Speak in a topic's discussion; the number of the audit entry.

    Raises:
        UnknownTopicError: no such topic, or not theirs to see.
        ActError: not invited, or nothing is being discussed.
    """
    desk, at = OpinionDesk.of(home), now or datetime.now(UTC)
    said = words(desk, None, text)
    name = name_of(home, actor)
    with writing(home) as connection:
        topic = _theirs(connection, desk, actor, number)
        table, own = t.topic_remark, None if request is None else f"{actor.user}\t{request}"
        if own is not None:
            query = sa.select(table.c.audit_seq).where(table.c.request == own)
            seq = connection.execute(query).scalar()
            if seq is not None:
                return int(seq)
        if not topic.discussing:
            raise ActError(f"议题 {topic.id} 现在没有讨论。")
        if actor.user not in topic.invited and actor.role not in desk.flow.topics.keepers:
            raise ActError(f"议题 {topic.id} 的讨论只限受邀的人。")
        note = Note(actor.who, "topic.say", "topic", topic.id, {"text": said}, at)
        (entry,) = append(connection, key_of(home.root), note)
        row: dict[str, Any] = {"topic": topic.id, "user": actor.user, "role": actor.role}
        row |= {"name": name, "text": said, "at": iso(at), "request": own}
        row |= {"seq": next_seq(connection, table), "audit_seq": entry.seq}
        connection.execute(table.insert().values(**row))
    return entry.seq


def cast(
    home: Home, actor: Actor, number: str, choice: str, *, now: datetime | None = None
) -> int | None:
    """Vote, or change one's vote; the number of the audit entry, None where it was so already.

    Raises:
        UnknownTopicError: no such topic, or not theirs to see.
        ActError: not invited, no vote is open, or no such option.
    """
    desk, at = OpinionDesk.of(home), now or datetime.now(UTC)
    with writing(home) as connection:
        topic = _theirs(connection, desk, actor, number)
        if actor.user not in topic.invited:
            raise ActError(f"议题 {topic.id} 的表决只限受邀的人。")
        if not topic.vote_open:
            raise ActError(f"议题 {topic.id} 现在没有表决。")
        if choice not in topic.options:
            raise ActError(f"没有“{choice}”这个选项；可用 {'、'.join(topic.options)}。")
        if topic.ballots.get(actor.user, ("", ""))[0] == choice:
            return None
        details: dict[str, Any] = {"vote": topic.vote}
        details |= {"choice": choice} if topic.named else {}
        note = Note(actor.who, "topic.cast", "topic", topic.id, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        table = t.topic_ballot
        row: dict[str, Any] = {"topic": topic.id, "vote": topic.vote, "user": actor.user}
        row["choice"] = choice
        row |= {"seq": next_seq(connection, table), "at": iso(at), "audit_seq": entry.seq}
        connection.execute(table.insert().values(**row))
    return entry.seq


def _theirs(connection: sa.Connection, desk: OpinionDesk, actor: Actor, number: str) -> Topic:
    topic = find_topic(connection, desk, number)
    if topic is None or not sees_topic(desk, actor, topic):
        raise UnknownTopicError(number)
    return topic


def keeps(desk: OpinionDesk, actor: Actor) -> bool:
    """Whether somebody keeps topics."""
    return actor.grant.business and actor.role in desk.flow.topics.keepers


def _keeps(desk: OpinionDesk, actor: Actor) -> None:
    if not keeps(desk, actor):
        able = "、".join(desk.flow.topics.keepers)
        raise ActError(f"议题由{able}办理，您的角色是{actor.role or '（无）'}。")


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    query = sa.select(t.topic_act).where(t.topic_act.c.request == f"{actor.user}\t{request}")
    return connection.execute(query).mappings().first()


def _again(before: Any, number: str | None, step: str) -> TopicDone:
    if number not in (None, before["topic"]) or before["step"] != step:
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    return TopicDone(before["topic"], before["version"], True, before["audit_seq"])


def _fresh(topic: Topic, version: int | None) -> None:
    if version is None or version == topic.version:
        return
    last = topic.acts[-1]
    raise StaleError(
        f"议题 {topic.id}：{last.user}（{last.role}）已经先办了“{STEPS[last.step]}”。"
        "您的这一步没有生效；请刷新后再办。"
    )


def _row(topic: Topic, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(topic, name) for name in (*ROW, "named", "shows")},
        "options": json.dumps(list(topic.options), ensure_ascii=False),
        "changed_at": iso(at),
    }


def _written(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    topic: Topic,
    step: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
) -> int:
    details = {"step": step, "version": topic.version, "given": dict(said)}
    note = Note(actor.who, f"topic.{step}", "topic", topic.id, details, at)
    (entry,) = append(connection, key_of(desk.home.root), note)
    table = t.topic_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            topic=topic.id,
            version=topic.version,
            step=step,
            user=actor.user,
            role=actor.role,
            at=iso(at),
            given=json.dumps(said, ensure_ascii=False, sort_keys=True),
            request=None if request is None else f"{actor.user}\t{request}",
            audit_seq=entry.seq,
        )
    )
    return entry.seq
