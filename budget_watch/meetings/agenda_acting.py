"""Registering agenda items, hanging things on them, closing them: one transaction a step."""

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
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.lake import Home
from budget_watch.lake import Reader as Lake
from budget_watch.lake.state import writing
from budget_watch.meetings import tables as t
from budget_watch.meetings.agenda import (
    ASSIGN,
    HELD,
    KINDS,
    PLAIN,
    PREFIX,
    PREPARING,
    READY,
    STEPS,
    AgendaFlow,
    AgendaItem,
    agenda_flow,
    get_item,
    refusal,
    stored_items,
)
from budget_watch.meetings.agenda_telling import able_to_prepare, tell_of
from budget_watch.meetings.demands import PREFIX as DEMAND
from budget_watch.meetings.demands import Linked, get_demand
from budget_watch.meetings.given import day, line, linked_with, words
from budget_watch.opinions.opinion import PREFIX as OPINION
from budget_watch.opinions.seeing import get_opinion

REGISTER = "register"
_MOST_HUNG = 60
_NEEDS: Mapping[str, str] = {
    ASSIGN: "whom",
    "hang": "thing",
    "take_off": "thing",
    "topics": "topics",
    "close": "outcome",
    "note": "reason",
}
_WORDS = {
    "whom": "由谁准备",
    "thing": "要挂的材料",
    "topics": "专题",
    "outcome": "审议结果",
    "reason": "说明",
}


@dataclass(frozen=True)
class AgendaDone:
    """What a step came to."""

    item: str
    state: str
    version: int
    repeated: bool
    audit_seq: int


def register_item(
    home: Home,
    actor: Actor,
    meeting: str,
    held: str,
    title: str,
    *,
    kind: str = "常委会",
    year: int | None = None,
    region: str | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> AgendaDone:
    """Register an item of a meeting that REF-03 does not have yet.

    Args:
        held: the meeting's day. year: budget year it is about; the day's where it is left out.

    Raises:
        ActError: not a role that registers, or something is missing or wrong.
    """
    flow, at = agenda_flow(), now or datetime.now(UTC)
    if actor.role not in flow.keepers or not actor.grant.business:
        raise ActError(f"议题由{'、'.join(flow.keepers)}登记，您的角色是{actor.role or '（无）'}。")
    if kind not in KINDS:
        raise ActError(f"没有“{kind}”这种会议；可用 {'、'.join(KINDS)}。")
    when = day(held)
    about = when.year if year is None else year
    if not when.year - 2 <= about <= when.year + 1:
        raise ActError(f"预算年度 {about} 与会议日期 {when} 不合。")
    regions = actor.grant.scope.regions
    own = next(iter(regions)) if regions is not None and len(regions) == 1 else None
    made = AgendaItem(
        id="",
        version=1,
        state=PREPARING,
        own=True,
        meeting=line(meeting),
        held=when,
        kind=kind,
        year=about,
        title=line(title),
        topics=None,
        linked=(),
        outcome="",
        mof_div_code=region or own,
        opened_at=iso(at),
    )
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = _before(connection, actor, request)
        if before is not None:
            return _again(connection, before, None, REGISTER)
        count = sa.select(sa.func.count()).where(t.agenda_item.c.own.is_(True))
        number = int(connection.execute(count).scalar() or 0) + 1
        made = replace(made, id=f"{PREFIX}{when.year}-{number:03}")
        seq = next_seq(connection, t.agenda_item)
        connection.execute(t.agenda_item.insert().values(seq=seq, **_row(made, at)))
        told = {name: getattr(made, name) for name in ("meeting", "held", "title", "kind", "year")}
        entry = _written(connection, home, actor, made, REGISTER, told, request, at)
    return AgendaDone(made.id, made.state, made.version, False, entry)


def act_on_item(
    home: Home,
    actor: Actor,
    number: str,
    step: str,
    given: Mapping[str, Any],
    *,
    version: int | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> AgendaDone:
    """Take a step: assign, hang, take_off, topics, ready, close, note.

    Args:
        given: assign: whom (an account of the office); hang, take_off: thing (a page, a finding,
            an opinion, a demand, or a document's name); topics: ids; close: outcome; note: reason.
        version: what the person saw.

    Raises:
        UnknownAgendaError: no such item, or not theirs to see.
        StaleError: it moved on since they looked.
        ActError: not possible now, not by them, or something is missing or wrong.
    """
    flow, at = agenda_flow(), now or datetime.now(UTC)
    name = next((key for key, title in STEPS.items() if step in (key, title)), None)
    if name is None:
        known = "、".join(f"{key}（{title}）" for key, title in STEPS.items())
        raise ActError(f"议题没有“{step}”这一步；可用 {known}。")
    seen = get_item(Lake(home, actor.grant), actor, number)
    why = refusal(flow, actor, seen, name)
    if why is not None:
        raise ActError(f"议题 {number}：{why}。")
    people = readers(home, at)
    said = _given(home, actor, flow, people, seen, name, given)
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = _before(connection, actor, request)
        if before is not None:
            return _again(connection, before, number, name)
        stored = stored_items(connection, t.agenda_item.c.id == number).get(number)
        one = seen if stored is None else stored
        if one.version != seen.version or version not in (None, one.version):
            last = one.acts[-1] if one.acts else None
            who = f"{last.user}（{last.role}）" if last else "别人"
            did = STEPS.get(last.step, "登记") if last else "一步"
            raise StaleError(
                f"议题 {number}：{who}已经先办了“{did}”。您的这一步没有生效；请刷新后再办。"
            )
        after = replace(_after(one, name, said), version=one.version + 1)
        if stored is None:
            seq = next_seq(connection, t.agenda_item)
            after = replace(after, opened_at=iso(at))
            connection.execute(t.agenda_item.insert().values(seq=seq, **_row(after, at)))
        else:
            own = t.agenda_item.update().where(t.agenda_item.c.id == number)
            connection.execute(own.values(**_row(after, at)))
        entry = _written(connection, home, actor, after, name, said, request, at)
        tell_of(connection, people, actor, name, one, after, said, at)
    return AgendaDone(number, after.state, after.version, False, entry)


def _given(
    home: Home,
    actor: Actor,
    flow: AgendaFlow,
    people: Sequence[Reader],
    one: AgendaItem,
    step: str,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """What was given, in its stored form."""
    filled = {name: value for name, value in given.items() if value not in (None, "", [])}
    need = _NEEDS.get(step)
    if need is not None and need not in filled:
        raise ActError(f"{STEPS[step]}还要填：{_WORDS[need]}。")
    extra = [name for name in filled if name not in (need, "as_of")]
    if extra:
        raise ActError(f"{STEPS[step]}不用填：{'、'.join(_WORDS.get(x, x) for x in extra)}。")
    if step == "close" and one.held > today_of():
        raise ActError(f"会议 {one.held} 还没有开，不能登记审议结果。")
    if need == "thing":
        thing = _thing(home, actor, one, step, str(filled["thing"]), str(filled.get("as_of", "")))
        return {"thing": thing.__dict__}
    if need == "whom":
        return {"whom": _whom(people, one, str(filled["whom"]))}
    if need == "topics":
        return {"topics": _topics(flow, filled["topics"])}
    return {} if need is None else {need: words(filled[need])}


def _whom(people: Sequence[Reader], one: AgendaItem, user: str) -> str:
    able = [each.user for each in able_to_prepare(people, one)]
    if user not in able:
        known = f"可指派 {'、'.join(able)}" if able else "还没有可指派的账号"
        raise ActError(f"“{user}”不是能准备这个议题的账号；{known}。")
    return user


def _topics(flow: AgendaFlow, value: Any) -> list[str]:
    parts = value if isinstance(value, list | tuple) else str(value).replace("、", ",").split(",")
    known = {each.id: each.id for each in flow.topics} | {e.title: e.id for e in flow.topics}
    found = [each.strip() for each in map(str, parts) if each.strip()]
    for each in found:
        if each not in known:
            titles = "、".join(one.title for one in flow.topics)
            raise ActError(f"没有专题“{each}”；可用 {titles}。")
    return list(dict.fromkeys(known[each] for each in found))


def _thing(home: Home, actor: Actor, one: AgendaItem, step: str, text: str, as_of: str) -> Linked:
    text = text.strip()
    if step == "take_off":
        found = next((e for e in one.linked if text in (e.id, e.title)), None)
        if found is None:
            raise ActError(f"这个议题没有挂“{text}”。")
        return found
    if len(one.linked) >= _MOST_HUNG:
        raise ActError(f"一个议题最多挂 {_MOST_HUNG} 件。")
    made = _made(home, actor, text, as_of)
    if any((e.kind, e.id, e.snapshot) == (made.kind, made.id, made.snapshot) for e in one.linked):
        raise ActError(f"这个议题已经挂了“{made.title}”。")
    return made


def _made(home: Home, actor: Actor, text: str, as_of: str) -> Linked:
    if text.startswith(OPINION):
        opinion = get_opinion(home, actor, text)
        return Linked("opinion", opinion.id, opinion.title, None, None)
    if text.startswith(DEMAND):
        demand = get_demand(home, actor, text)
        return Linked("demand", demand.id, demand.text[:80], None, None)
    hexed = len(text) >= 8 and all(sign in "0123456789abcdef" for sign in text)
    if text.startswith("/") or hexed:
        return linked_with(home, actor, text, as_of)
    named = line(text)
    return Linked("document", named, named, None, None)


def _after(one: AgendaItem, step: str, said: Mapping[str, Any]) -> AgendaItem:
    if step == "hang":
        return replace(one, linked=(*one.linked, Linked(**said["thing"])))
    if step == "take_off":
        gone = Linked(**said["thing"])
        return replace(one, linked=tuple(each for each in one.linked if each != gone))
    if step == "topics":
        return replace(one, topics=tuple(said["topics"]))
    if step == "close":
        return replace(one, state=HELD, outcome=said["outcome"])
    return replace(one, state=READY) if step == "ready" else one


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    table = t.agenda_act
    query = sa.select(table).where(table.c.request == f"{actor.user}\t{request}")
    return connection.execute(query).mappings().first()


def _again(connection: sa.Connection, before: Any, number: str | None, step: str) -> AgendaDone:
    if number not in (None, before["item"]) or before["step"] != step:
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    one = stored_items(connection, t.agenda_item.c.id == before["item"])[before["item"]]
    return AgendaDone(one.id, one.state, before["version"], True, before["audit_seq"])


def _row(one: AgendaItem, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PLAIN},
        "topics": None if one.topics is None else json.dumps(list(one.topics)),
        "linked": as_json([each.__dict__ for each in one.linked]),
        "changed_at": iso(at),
    }


def _written(
    connection: sa.Connection,
    home: Home,
    actor: Actor,
    one: AgendaItem,
    step: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
) -> int:
    given = json.loads(as_json(dict(said)))
    details = {"step": step, "state": one.state, "version": one.version, "given": given}
    note = Note(actor.who, f"agenda.{step}", "agenda", one.id, details, at)
    (entry,) = append(connection, key_of(home.root), note)
    table = t.agenda_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            item=one.id,
            version=one.version,
            step=step,
            user=actor.user,
            role=actor.role,
            at=iso(at),
            given=as_json(given),
            request=None if request is None else f"{actor.user}\t{request}",
            audit_seq=entry.seq,
        )
    )
    return entry.seq
