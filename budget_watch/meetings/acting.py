"""Registering 决议事项 and taking steps on them: the only place where their state changes.

A step is one transaction: the demand, the act, its audit entry and its notices stand or fall
together. A request that comes twice is one act; of two people at one demand the second is told
what the first did.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.clocks import add_months
from budget_watch.casework.errors import ActError, StaleError
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.casework.telling.audience import readers
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.meetings import tables as t
from budget_watch.meetings.demands import (
    PLAIN,
    PREFIX,
    Demand,
    DemandDesk,
    Linked,
    find_demand,
    refusal,
    sees_demand,
)
from budget_watch.meetings.errors import UnknownDemandError
from budget_watch.meetings.flow import Source, Step
from budget_watch.meetings.given import addressees, checked, day, line, linked_with, short, words
from budget_watch.meetings.telling import tell_of

REGISTER = "register"
MOST_AT_ONCE = 50  # demands of one document in one go


@dataclass(frozen=True)
class Document:
    """Where demands stand: a resolution, an 审议意见, a 初步审查意见.

    Attributes:
        source: its kind. decided: its day. item: the agenda item it comes from.
        region: the government it is addressed to; the actor's own where it is left out.
    """

    source: str
    title: str
    decided: str
    number: str = ""
    item: str = ""
    region: str | None = None


@dataclass(frozen=True)
class DemandDone:
    """What a step came to."""

    demand: str
    state: str
    version: int
    repeated: bool
    audit_seq: int


def register(
    home: Home,
    actor: Actor,
    document: Document,
    texts: Sequence[str],
    whom: Sequence[str] | str,
    *,
    due: str = "",
    things: Sequence[str] = (),
    request: str | None = None,
    now: datetime | None = None,
) -> list[DemandDone]:
    """Register the demands of a document, one each text.

    Args:
        whom: codes of departments and units, 政府, 财政.
        due: their last day; by the kind's own period where it is left out and there is one.
        things: pages and findings that they speak of.

    Raises:
        ActError: not a role that registers, or something is missing or wrong.
    """
    desk, at = DemandDesk.of(home), now or datetime.now(UTC)
    if actor.role not in desk.flow.registrars or not actor.grant.business:
        able = "、".join(desk.flow.registrars)
        raise ActError(f"决议事项由{able}登记，您的角色是{actor.role or '（无）'}。")
    said = [words(each) for each in texts if each.strip()]
    if not 1 <= len(said) <= MOST_AT_ONCE:
        raise ActError(f"请写 1 至 {MOST_AT_ONCE} 项要求，每行一项。")
    like = _blank(desk, actor, document, whom, due, at)
    like = replace(like, linked=tuple(linked_with(home, actor, each) for each in things))
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        before = _registered(connection, actor, request)
        if before:
            return before
        made = []
        for at_text, text in enumerate(said):
            one = replace(like, id=_number(connection, like.year), text=text, version=1)
            seq = next_seq(connection, t.demand)
            connection.execute(t.demand.insert().values(seq=seq, **_row(one, at)))
            asked = None if request is None else f"{request}#{at_text}"
            entry = _written(connection, home, actor, one, one, REGISTER, _said(one), asked, at)
            made.append(DemandDone(one.id, one.state, one.version, False, entry))
    return made


def _blank(
    desk: DemandDesk,
    actor: Actor,
    document: Document,
    whom: Sequence[str] | str,
    due: str,
    at: datetime,
) -> Demand:
    """A demand of a document, without its text."""
    source = desk.flow.source.get(document.source)
    if source is None:
        raise ActError(f"没有“{document.source}”这种文件；可用 {'、'.join(desk.flow.source)}。")
    decided = day(document.decided)
    if decided > today_of(at):
        raise ActError(f"文件日期 {decided} 还没有到。")
    regions = actor.grant.scope.regions
    own = next(iter(regions)) if regions is not None and len(regions) == 1 else None
    last = day(due) if due else _term(desk, source, decided)
    if last < decided:
        raise ActError(f"期限 {last} 早于文件日期 {decided}。")
    return Demand(
        id="",
        version=0,
        state=desk.flow.start.id,
        round=0,
        year=decided.year,
        source=source.id,
        title=line(document.title),
        number=short(document.number) if document.number else None,
        decided=decided,
        item=document.item or None,
        text="",
        addressees=tuple(addressees(whom)),
        due=last,
        linked=(),
        word=None,
        mof_div_code=document.region or own,
        opened_at=iso(at),
        changed_at=iso(at),
    )


def _term(desk: DemandDesk, source: Source, decided: date) -> date:
    if source.term is None:
        raise ActError(f"{source.id}的期限由文件规定，请填期限。")
    if source.term.months is not None:
        return add_months(decided, source.term.months)
    calendar = desk.calendar
    wanted = calendar.wd(decided) + (source.term.workdays or 0)
    at = calendar.index(decided)
    while calendar.ordinals[at] < wanted:
        at += 1
    found: date = calendar.frame["date"][at]
    return found


def _number(connection: sa.Connection, year: int) -> str:
    count = sa.select(sa.func.count()).where(t.demand.c.year == year)
    return f"{PREFIX}{year}-{int(connection.execute(count).scalar() or 0) + 1:03}"


def _said(one: Demand) -> dict[str, Any]:
    names = ("source", "title", "number", "decided", "item", "text", "addressees", "due")
    told = {name: getattr(one, name) for name in names}
    return {**told, "linked": [each.__dict__ for each in one.linked]}


def act(
    home: Home,
    actor: Actor,
    number: str,
    step_name: str,
    given: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> DemandDone:
    """Take a step on a demand.

    Args:
        step_name: id or title of the step.
        given: what the step needs: reason, text, due, word …
        version: what the person saw; None to take it as it stands.

    Raises:
        UnknownDemandError: no such demand, or not theirs to see.
        StaleError: it moved on since they looked.
        ActError: not possible now, not by them, or something is missing or wrong.
    """
    desk, at = DemandDesk.of(home), now or datetime.now(UTC)
    step = desk.flow.named(step_name)
    if step is None:
        known = "、".join(f"{each.id}（{each.title}）" for each in desk.flow.transitions)
        raise ActError(f"决议事项没有“{step_name}”这一步；可用 {known}。")
    anchor_log(home, once_a_day=True)
    people = readers(home, at)
    with writing(home) as connection:
        one = find_demand(connection, number)
        if one is None or not sees_demand(desk, actor, one):
            raise UnknownDemandError(number)
        before = _before(connection, actor, request)
        if before is not None:
            return _again(before, one, step)
        if version not in (None, one.version):
            raise StaleError(_stale(desk, one))
        why = refusal(desk, actor, one, step)
        if why is not None:
            raise ActError(f"决议事项 {one.id}：{why}。")
        said = checked(home, desk, actor, one, step, given or {})
        after = _after(desk, one, step, said)
        after = replace(after, version=one.version + 1)
        entry = _written(connection, home, actor, one, after, step.id, said, request, at)
        own = t.demand.update().where(t.demand.c.id == one.id)
        connection.execute(own.values(**_row(after, at)))
        whole = find_demand(connection, one.id) or after
        tell_of(connection, desk, people, actor, step, one, whole, at)
    return DemandDone(after.id, after.state, after.version, False, entry)


def _stale(desk: DemandDesk, one: Demand) -> str:
    last = one.acts[-1]
    title = desk.flow.step[last.step].title if last.step in desk.flow.step else "登记"
    return (
        f"决议事项 {one.id}：{last.user}（{last.role}）已经先办了“{title}”。"
        "您的这一步没有生效；请刷新后再办。"
    )


def _after(desk: DemandDesk, one: Demand, step: Step, said: Mapping[str, Any]) -> Demand:
    """The demand after a step."""
    state = one.state if step.to is None else step.to
    if step.every:
        reported = {*one.reports, said["addressee"]}
        whole = set(one.addressees) <= reported
        state = state if whole else _working(desk, one)
    changed: dict[str, Any] = {"state": state, "round": one.round + step.anew}
    if step.id == "amend":
        changed |= {name: said[name] for name in ("text", "number") if name in said}
        if "addressees" in said:
            changed["addressees"] = tuple(said["addressees"])
    if "due" in said:
        changed["due"] = said["due"]
    if "word" in said:
        changed["word"] = said["word"]
    elif step.anew:
        changed["word"] = None
    if step.id == "link":
        changed["linked"] = (*one.linked, Linked(**said["thing"]))
    if step.id == "unlink":
        gone = Linked(**said["thing"])
        changed["linked"] = tuple(each for each in one.linked if each != gone)
    return replace(one, **changed)


def _working(desk: DemandDesk, one: Demand) -> str:
    """Where a demand is of which not every addressee has reported."""
    receive = next((e for e in desk.flow.transitions if e.own and not e.every), None)
    return receive.to if receive is not None and receive.to else one.state


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    table = t.demand_act
    query = sa.select(table).where(table.c.request == f"{actor.user}\t{request}")
    return connection.execute(query).mappings().first()


def _registered(connection: sa.Connection, actor: Actor, request: str | None) -> list[DemandDone]:
    """What a request registered before."""
    if request is None:
        return []
    table = t.demand_act
    asked = [f"{actor.user}\t{request}#{at}" for at in range(MOST_AT_ONCE)]
    query = sa.select(table).where(table.c.request.in_(asked)).order_by(table.c.seq)
    found = connection.execute(query).mappings()
    return [
        DemandDone(row["demand"], row["to_state"], row["version"], True, row["audit_seq"])
        for row in found
    ]


def _again(before: Any, one: Demand, step: Step) -> DemandDone:
    if (before["demand"], before["step"]) != (one.id, step.id):
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    return DemandDone(one.id, one.state, before["version"], True, before["audit_seq"])


def _row(one: Demand, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PLAIN},
        "addressees": json.dumps(list(one.addressees), ensure_ascii=False),
        "linked": as_json([each.__dict__ for each in one.linked]),
        "changed_at": iso(at),
    }


def _written(
    connection: sa.Connection,
    home: Home,
    actor: Actor,
    before: Demand,
    after: Demand,
    step: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
) -> int:
    given = json.loads(as_json(dict(said)))
    details = {"step": step, "state": after.state, "version": after.version, "given": given}
    note = Note(actor.who, f"resolution.{step}", "resolution", after.id, details, at)
    (entry,) = append(connection, key_of(home.root), note)
    table = t.demand_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            demand=after.id,
            version=after.version,
            round=before.round,
            step=step,
            from_state=before.state,
            to_state=after.state,
            user=actor.user,
            role=actor.role,
            at=iso(at),
            given=as_json(given),
            request=None if request is None else f"{actor.user}\t{request}",
            audit_seq=entry.seq,
        )
    )
    return entry.seq
