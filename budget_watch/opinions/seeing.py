"""Who sees which opinion, and what of it.

The author sees their own, a draft nobody else. The office sees what was submitted, members what was
registered, the addressee what was handed to it. Others see what the author opened, once it is
registered, and what was published to them; of that the text and how far it has come, no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.cases import FINANCE_ROLE, Actor
from budget_watch.casework.findings import visible_among
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.opinions import tables as t
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.flow import Step
from budget_watch.opinions.opinion import Act, Opinion, OpinionDesk, get, select

EVERYBODY, DEPUTIES = "社会", "代表"


def get_opinion(home: Home, actor: Actor, number: str) -> Opinion:
    """One opinion.

    Raises:
        UnknownOpinionError: none such, or not the reader's.
    """
    desk = OpinionDesk.of(home)
    with engine(home).connect() as connection:
        found = get(connection, desk, number)
    if found is None or not sees(desk, actor, found):
        raise UnknownOpinionError(number)
    return found


def list_opinions(
    home: Home,
    actor: Actor,
    *,
    mine: bool = False,
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    finding: str | None = None,
    topic: str | None = None,
) -> list[Opinion]:
    """Opinions that the reader sees, those changed last first.

    Args:
        mine: only those that they wrote or follow.
        finding: only those on this finding, by its whole id.
    """
    desk = OpinionDesk.of(home)
    c = t.opinion.c
    where: list[sa.ColumnElement[bool]] = []
    if states:
        known = [each.id for each in desk.flow.states if {each.id, each.word} & set(states)]
        where.append(c.state.in_(known))
    if kinds:
        where.append(c.kind.in_(list(kinds)))
    if finding is not None:
        where += [c.about == "finding", c.about_id == finding]
    if topic is not None:
        where.append(c.topic == topic)
    if mine:
        own = sa.select(t.opinion_follow.c.opinion).where(
            t.opinion_follow.c.user == actor.user, t.opinion_follow.c.following.is_(True)
        )
        where.append(sa.or_(c.author == actor.user, c.id.in_(own)))
    with engine(home).connect() as connection:
        found = select(connection, desk, *where)
    return [each for each in found if sees(desk, actor, each)]


def sees(desk: OpinionDesk, actor: Actor, one: Opinion) -> bool:
    """Whether an opinion is the reader's to see."""
    return mine(actor, one) or inside(desk, actor, one) or _opened(desk, actor, one)


def mine(actor: Actor, one: Opinion) -> bool:
    """Whether the reader wrote it."""
    return actor.grant.business and one.author == actor.user


def inside(desk: OpinionDesk, actor: Actor, one: Opinion) -> bool:
    """Whether the reader works on it: the office, members, its addressee."""
    if not actor.grant.business:
        return False
    party, state = desk.party(actor), desk.state(one)
    if party == "department":
        return state.shown_to_departments and addressed(actor, one, copies=True)
    if party == "office":
        return submitted(desk, one) and _in_scope(actor, one)
    return party == "members" and state.registered and _in_scope(actor, one)


def submitted(desk: OpinionDesk, one: Opinion) -> bool:
    """Whether it left its author's desk; one withdrawn as a draft did not."""
    start, state = desk.flow.start.id, desk.state(one)
    if state.final and not state.registered:
        return one.acts[-1].from_state != start
    return one.state != start


def _opened(desk: OpinionDesk, actor: Actor, one: Opinion) -> bool:
    """Whether it is open to a reader who does not work on it."""
    grant, party = actor.grant, desk.party(actor)
    if not grant.business or not in_region(actor, one):
        return False
    if EVERYBODY in one.published_to:
        return True
    if party not in ("deputies", "members"):
        return False
    return DEPUTIES in one.published_to or (one.open and desk.state(one).registered)


def _in_scope(actor: Actor, one: Opinion) -> bool:
    scope = actor.grant.scope
    return (
        in_region(actor, one)
        and (scope.departments is None or one.dept_code in scope.departments)
        and (scope.units is None or one.agency_code in scope.units)
    )


def in_region(actor: Actor, one: Opinion) -> bool:
    """Whether an opinion's place lies in the reader's regions; one of no place does."""
    regions = actor.grant.scope.regions
    return regions is None or one.mof_div_code is None or one.mof_div_code in regions


def addressed(actor: Actor, one: Opinion, *, copies: bool = False) -> bool:
    """Whether an opinion was handed to this person of a department (or copied to them)."""
    if one.addressee is None:
        return False
    if actor.role == FINANCE_ROLE:
        return in_region(actor, one)
    codes = actor.codes
    if codes is None:
        return True
    return one.addressee in codes or (copies and one.copy_to in codes)


def next_steps(desk: OpinionDesk, actor: Actor, one: Opinion, today: date) -> list[Step]:
    """The steps that this person may take on the opinion as it stands."""
    near = (e for e in desk.flow.transitions if one.state in e.sources and e.concerns(one.kind))
    return [each for each in near if not possible(desk, actor, one, each, today)]


def possible(desk: OpinionDesk, actor: Actor, one: Opinion, step: Step, today: date) -> str | None:
    """Why this person may not take this step now; None where they may."""
    state = desk.state(one)
    if one.state not in step.sources or not step.concerns(one.kind):
        known = "、".join(desk.flow.state[each].title for each in step.sources)
        only = f"，种类是{'、'.join(step.kinds)}" if step.kinds else ""
        return f"{one.kind}在“{state.title}”时不能{step.title}；可以的是{known}{only}"
    self_ = desk.flow.self_ in step.who and _is_author(actor, one)
    if not self_ and actor.role not in step.who:
        return f"{step.title}由{'、'.join(step.who)}办理，您的角色是{actor.role or '（无）'}"
    party = desk.party(actor)
    if not self_ and party == "department" and not addressed(actor, one):
        return f"{step.title}由承办单位办理，这一件不是交给您的单位的"
    if not self_ and not inside(desk, actor, one):
        return f"{step.title}不在您的范围"
    for earlier in step.other_than:
        last = next((act for act in reversed(one.acts) if act.step == earlier), None)
        if last is not None and last.user == actor.user:
            before = desk.flow.step[earlier].title
            return f"{step.title}与{before}不能是同一人；请由另一人办理"
    return _by_clock(desk, one, step, today) or _by_outcome(desk, one, step)


def _is_author(actor: Actor, one: Opinion) -> bool:
    return mine(actor, one) and actor.role == one.author_role


def _by_clock(desk: OpinionDesk, one: Opinion, step: Step, today: date) -> str | None:
    if step.after is None:
        return None
    running = next((each for each in one.clocks if each.open and each.clock == step.after), None)
    if running is not None and running.due < today:
        return None
    title = desk.flow.clock[step.after].title
    until = f"到 {running.due} 为止" if running is not None else "没有在计"
    return f"{step.title}要等{title}期限过后；{title}期限{until}"


def _by_outcome(desk: OpinionDesk, one: Opinion, step: Step) -> str | None:
    least = desk.flow.satisfaction.least_percent
    low = one.share is not None and one.share[0] * 100 < least * one.share[1]
    if step.satisfied and low and one.share is not None:
        return f"满意度 {one.share[0]}/{one.share[1]}，低于{least}%；请先再次办理"
    if step.dissatisfied and not low:
        return f"满意度没有低于{least}%，不再次办理"
    if step.published and desk.kind(one).publish.to and not one.published:
        to = "、".join(desk.kind(one).publish.to)
        return f"{one.kind}及其办理情况须向{to}通报或公布，登记以后才能{step.title}"
    return None


def answer_of(desk: OpinionDesk, one: Opinion) -> dict[str, Any] | None:
    """The answer of this round: its text, form, who gave it and when."""
    if not desk.state(one).answered:
        return None
    for at in range(len(one.acts) - 1, -1, -1):
        act = one.acts[at]
        step = desk.flow.step.get(act.step)
        if step is None or not step.answers:
            continue
        drafts = (each for each in reversed(one.acts[:at]) if "text" in each.given)
        text = act.given.get("text") or next((each.given["text"] for each in drafts), "")
        more = {name: act.given.get(name) for name in ("form", "signed_by")}
        return {"text": text, **more, "user": act.user, "role": act.role, "at": act.at}
    return None


def record(
    desk: OpinionDesk, actor: Actor, one: Opinion, today: date, *, seen: int | None = None
) -> dict[str, Any]:
    """The JSON object of an opinion, as this reader may see it.

    Args:
        seen: the version that they looked at last, where they follow it.
    """
    state = desk.state(one)
    whole = mine(actor, one) or inside(desk, actor, one)
    told = {
        "opinion": one.id,
        "kind": one.kind,
        "group": desk.kind(one).group,
        "state": one.state,
        "word": state.word,
        "step": state.step,
        "version": one.version,
        "title": one.title,
        "text": one.text,
        "author": one.author_name,
        "author_role": one.author_role,
        "signers": list(one.signers),
        "mine": mine(actor, one),
        "about": one.about,
        "published": None if one.published_at is None else one.published_at.isoformat(),
        "published_in": one.published_in,
        "answer": answer_of(desk, one) if whole or one.published else None,
        "opened_at": one.opened_at,
        "changed_at": one.changed_at,
    }
    if not whole:
        return told
    office = desk.flow.party.get(actor.role) != "department"
    return {
        **told,
        "proposed": one.proposed if office else None,
        "ask": one.ask,
        "open": one.open,
        "addressee": one.addressee,
        "copy_to": one.copy_to,
        "number": one.number,
        "topic": one.topic if inside(desk, actor, one) and office else None,
        "round": one.round,
        "ratings": [dict(each) for each in one.ratings],
        "satisfaction": None
        if one.share is None
        else {"satisfied": one.share[0], "rated": one.share[1]},
        "clocks": [desk.reckoning.mark(each, today) for each in one.clocks],
        "news": seen is not None and one.version > seen,
        "next": [
            {
                "step": each.id,
                "title": each.title,
                "needs": list(each.needs),
                "law": each.basis.kind == "law" and each.basis.binds(one.mof_div_code),
            }
            for each in next_steps(desk, actor, one, today)
        ],
    }


def history(desk: OpinionDesk, actor: Actor, one: Opinion) -> list[dict[str, Any]]:
    """What was done, oldest first, as far as this reader may know it."""
    department = desk.party(actor) == "department"
    whole = mine(actor, one) or inside(desk, actor, one)
    told = []
    for act in one.acts:
        step = desk.flow.step.get(act.step)
        states = (desk.flow.state.get(act.from_state), desk.flow.state.get(act.to_state))
        if step is not None and step.inner and not department:
            continue
        if act.to_state == desk.flow.start.id and act.step in DRAFTING and not mine(actor, one):
            continue
        handed = any(each is not None and each.shown_to_departments for each in states)
        if department and not handed and not mine(actor, one):
            continue
        if not whole and not any(each is not None and each.registered for each in states):
            continue
        told.append(_told(desk, act, whole))
    return told


def _told(desk: OpinionDesk, act: Act, whole: bool) -> dict[str, Any]:
    step = desk.flow.step.get(act.step)
    line = {"title": step.title if step else OTHER_STEPS.get(act.step, act.step), "at": act.at}
    if not whole:
        return {**line, "to": act.to_state}
    return {
        **line,
        "version": act.version,
        "step": act.step,
        "from": act.from_state,
        "to": act.to_state,
        "user": act.user,
        "role": act.role,
        "given": dict(act.given),
        "audit_seq": act.audit_seq,
    }


DRAFTING = ("write", "edit")
OTHER_STEPS = {"write": "起草", "join": "归并", "leave": "移出议题"}


def about(home: Home, actor: Actor, one: Opinion) -> dict[str, Any]:
    """What an opinion is about, as far as the reader may see that thing itself."""
    told: dict[str, Any] = {"about": one.about, "id": one.about_id, "title": one.about_title}
    told["as_of"] = None if one.about_as_of is None else one.about_as_of.isoformat()
    told["snapshot"] = one.about_snapshot
    if one.about != "finding":
        return told
    with engine(home).connect() as connection:
        seen = visible_among(home, actor.grant, connection, [one.about_id])
    return told if seen else {**told, "id": None, "title": None}


def looked(home: Home, actor: Actor, one: Opinion) -> int | None:
    """Note that a follower has seen it as it stands; the version they had seen before, if any."""
    table = t.opinion_follow
    own = (table.c.opinion == one.id) & (table.c.user == actor.user)
    with engine(home).connect() as connection:
        row = connection.execute(sa.select(table).where(own)).mappings().first()
    if row is None or not row["following"]:
        return None
    if row["seen"] < one.version:
        later = own & (table.c.seen < one.version)
        with writing(home) as connection:
            connection.execute(table.update().where(later).values(seen=one.version))
    return int(row["seen"])


def seen_by(home: Home, actor: Actor) -> dict[str, int]:
    """Of the opinions that a person follows: the version they looked at last."""
    table = t.opinion_follow
    query = sa.select(table.c.opinion, table.c.seen).where(
        table.c.user == actor.user, table.c.following.is_(True)
    )
    with engine(home).connect() as connection:
        return {number: seen for number, seen in connection.execute(query)}


def set_follow(
    connection: sa.Connection, user: str, number: str, seen: int, *, following: bool = True
) -> None:
    """The row of somebody who follows, inside the caller's transaction."""
    table = t.opinion_follow
    own = (table.c.opinion == number) & (table.c.user == user)
    values = {"following": following, "seen": seen, "since": now_text()}
    if connection.execute(sa.select(table.c.seen).where(own)).first() is None:
        connection.execute(table.insert().values(opinion=number, user=user, **values))
    else:
        connection.execute(table.update().where(own).values(**values))


def now_text() -> str:
    """This moment, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
