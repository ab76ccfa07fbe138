"""Writing an opinion and taking a step on one: the only place where its state changes.

A step is one transaction: the opinion, its periods, the act and its audit entry stand or fall
together. A request that comes twice is one act; of two people at one opinion the second is told
what the first did. The audit log keeps a draft's hash, not its words: a draft is its author's.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.access.accounts import account
from budget_watch.access.errors import UnknownUserError
from budget_watch.audit import Note, append, key_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, CaseworkError, StaleError
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.opinions import tables as t
from budget_watch.opinions.about import About, about_what
from budget_watch.opinions.errors import UnknownOpinionError
from budget_watch.opinions.flow import Step
from budget_watch.opinions.given import ask, checked, enough, heading, names, words, yes
from budget_watch.opinions.opinion import PLAIN, PREFIX, Opinion, OpinionDesk, get
from budget_watch.opinions.seeing import DRAFTING, OTHER_STEPS, possible, sees, set_follow
from budget_watch.opinions.telling import Taken, tell_of

WRITE = "write"


@dataclass(frozen=True)
class Done:
    """What a step came to.

    Attributes:
        opinion: its number. state, version: how it stands now.
        repeated: whether the request had been carried out before.
        audit_seq: number of its audit entry.
    """

    opinion: str
    state: str
    version: int
    repeated: bool
    audit_seq: int


def write(
    home: Home,
    actor: Actor,
    title: str,
    text: str,
    *,
    kind: str = "",
    about: str = "free",
    about_id: str = "",
    as_of: str = "",
    wanted: str = "",
    open_: bool = False,
    signers: Sequence[str] = (),
    submit: bool = False,
    beside: Callable[[sa.Connection, str], None] | None = None,
    request: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Write an opinion: a draft, or submitted at once.

    Args:
        kind: the first that the author's role may write where it is left out.
        about, about_id, as_of: what it is about, see `about.about_what`.
        wanted: what should be done, one of the file's `asks`.
        open_: whether others may read it once it is registered.
        signers: who signs with the author.
        beside: what else is written of it in the same transaction, given its number.

    Raises:
        ActError: not a role that writes opinions, or something is missing or wrong.
        UnknownFindingError: it is about a finding that is not the author's to see.
    """
    desk = OpinionDesk.of(home)
    at = now or datetime.now(UTC)
    chosen = _kind(desk, actor, kind)
    fields: dict[str, Any] = {
        "title": heading(desk, None, title),
        "text": words(desk, None, text),
        "ask": ask(desk, None, wanted) if wanted else "",
        "signers": tuple(names(desk, None, list(signers))),
        "open": yes(desk, None, open_),
    }
    if submit:
        enough(desk, chosen, actor.role, fields["signers"])
    thing = about_what(home, actor, about, about_id, as_of)
    name = name_of(home, actor)
    anchor_log(home, once_a_day=True)
    people = readers(home, at) if submit else ()
    with writing(home) as connection:
        before = _before(connection, actor, request)
        if before is not None:
            again = _again(before, None, WRITE)
            stands = get(connection, desk, again.opinion)
            return again if stands is None else replace(again, state=stands.state)
        one = _made(connection, desk, actor, chosen, thing, name, fields, at)
        after = replace(one, version=1)
        said: dict[str, Any] = {"kind": chosen, "title": one.title, "text": one.text}
        said |= {"about": thing.kind, "about_id": thing.id, "open": one.open}
        seq = _written(connection, desk, actor, one, after, WRITE, said, request, at)
        if submit:
            step = desk.flow.step["submit"]
            one, after = after, _after(desk, after, step, {}, today_of(at))
            seq = _written(connection, desk, actor, one, after, "submit", {}, None, at)
        _store(connection, after, at)
        set_follow(connection, actor.user, after.id, after.version)
        if beside is not None:
            beside(connection, after.id)
        if submit:
            _tell(connection, desk, people, actor, step, one, {}, f"act:{seq}", at)
    return Done(after.id, after.state, after.version, False, seq)


def _kind(desk: OpinionDesk, actor: Actor, kind: str) -> str:
    able = [each.id for each in desk.flow.kinds if actor.role in each.starts]
    if not able or not actor.grant.business:
        roles = "、".join(desk.flow.authors)
        raise ActError(f"意见由{roles}提出，您的角色是{actor.role or '（无）'}。")
    if kind and kind not in able:
        raise ActError(
            f"{actor.role}直接提出的是{'、'.join(able)}；登记为“{kind}”由预算工作机构拟、本人确认。"
        )
    return kind or able[0]


def name_of(home: Home, actor: Actor) -> str:
    """What somebody is called; the account's name where they have one."""
    try:
        return account(store_of(home), actor.user).display
    except UnknownUserError:
        return "本机操作员" if actor.grant.role is None else actor.user


def _made(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    kind: str,
    thing: About,
    name: str,
    fields: Mapping[str, Any],
    at: datetime,
) -> Opinion:
    seq = next_seq(connection, t.opinion)
    made = Opinion(
        id=f"{PREFIX}{today_of(at).year}-{seq:04}",
        kind=kind,
        proposed=None,
        state=desk.flow.start.id,
        version=0,
        round=0,
        author=actor.user,
        author_role=actor.role,
        author_name=name,
        about=thing.kind,
        about_id=thing.id,
        about_title=thing.title,
        about_as_of=thing.as_of,
        about_snapshot=thing.snapshot,
        mof_div_code=thing.mof_div_code or _own_region(actor),
        dept_code=thing.dept_code,
        agency_code=thing.agency_code,
        addressee=None,
        copy_to=None,
        number=None,
        topic=None,
        published_at=None,
        published_in=None,
        published_to=(),
        published_round=None,
        opened_at=iso(at),
        changed_at=iso(at),
        **fields,
    )
    connection.execute(t.opinion.insert().values(seq=seq, **_row(made, at)))
    return made


def _own_region(actor: Actor) -> str | None:
    """The author's region, where they have just one."""
    regions = actor.grant.scope.regions
    return next(iter(regions)) if regions is not None and len(regions) == 1 else None


def act(
    home: Home,
    actor: Actor,
    number: str,
    step_name: str,
    given: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    request: str | None = None,
    cause: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Take a step on an opinion.

    Args:
        step_name: id or title of the step.
        given: what the step needs: reason, addressee, text …
        version: what the person saw; None to take it as it stands.
        request: number of the request, chosen by whoever asks; the same one is carried out once.
        cause: of the notices that it makes; several acts of one cause are one notice.
        now: for tests.

    Raises:
        UnknownOpinionError: no such opinion, or not theirs to see.
        StaleError: it moved on since they looked.
        ActError: not possible now, not by them, or something is missing.
    """
    desk = OpinionDesk.of(home)
    step = desk.flow.named(step_name)
    at = now or datetime.now(UTC)
    today = today_of(at)
    anchor_log(home, once_a_day=True)
    people = readers(home, at)
    with writing(home) as connection:
        one = get(connection, desk, number)
        if one is None or not sees(desk, actor, one):
            raise UnknownOpinionError(number)
        before = _before(connection, actor, request)
        if before is not None:
            return _again(before, one.id, step.id)
        _fresh(desk, one, version)
        why = possible(desk, actor, one, step, today)
        if why is not None:
            raise ActError(f"意见 {one.id}：{why}。")
        said = checked(desk, one, step, given or {})
        _free(connection, one, said.get("number"))
        after = _after(desk, one, step, said, today)
        if step.id == "submit":
            enough(desk, one.kind, one.author_role, one.signers)
        seq = _written(connection, desk, actor, one, after, step.id, said, request, at)
        _store(connection, after, at)
        if step.rates:
            _rated(connection, actor, after, said, at, seq)
        if one.author == actor.user:
            set_follow(connection, actor.user, after.id, after.version)
        _tell(connection, desk, people, actor, step, one, said, cause or f"act:{seq}", at)
    return Done(after.id, after.state, after.version, False, seq)


def act_on_many(
    home: Home,
    actor: Actor,
    numbers: Sequence[str],
    step: str,
    given: Mapping[str, Any] | None = None,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> list[tuple[str, Done | str]]:
    """The same step on many opinions, each by itself: what was done, or why not, in their order."""
    told: list[tuple[str, Done | str]] = []
    cause = f"many:{uuid.uuid4()}"
    for number in dict.fromkeys(numbers):
        own = None if request is None else f"{request}#{number}"
        try:
            done = act(home, actor, number, step, given, request=own, cause=cause, now=now)
            told.append((number, done))
        except CaseworkError as error:
            told.append((number, str(error)))
    return told


def _tell(
    connection: sa.Connection,
    desk: OpinionDesk,
    people: Sequence[Reader],
    actor: Actor,
    step: Step,
    before: Opinion,
    said: Mapping[str, Any],
    key: str,
    at: datetime,
) -> None:
    after = get(connection, desk, before.id) if people else None
    if after is not None:
        low = step.rates and said["word"] not in desk.flow.satisfaction.counted
        tell_of(connection, desk, people, Taken(step, actor, before, after, low, key), at)


def follow(
    home: Home, actor: Actor, number: str, *, following: bool = True, now: datetime | None = None
) -> None:
    """Follow an opinion, or no more.

    Raises:
        UnknownOpinionError: none such, or not theirs to see.
    """
    desk = OpinionDesk.of(home)
    with writing(home) as connection:
        one = get(connection, desk, number)
        if one is None or not sees(desk, actor, one):
            raise UnknownOpinionError(number)
        name = "opinion.follow" if following else "opinion.unfollow"
        append(connection, key_of(home.root), Note(actor.who, name, "opinion", one.id, {}, now))
        set_follow(connection, actor.user, one.id, one.version, following=following)


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    table = t.opinion_act
    query = sa.select(table).where(table.c.request == _own(actor, request))
    return connection.execute(query).mappings().first()


def _own(actor: Actor, request: str) -> str:
    return f"{actor.user}\t{request}"


def _again(before: Any, number: str | None, step: str) -> Done:
    if number not in (None, before["opinion"]) or before["step"] != step:
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    state, version, seq = (before[name] for name in ("to_state", "version", "audit_seq"))
    return Done(before["opinion"], state, version, True, seq)


def _fresh(desk: OpinionDesk, one: Opinion, version: int | None) -> None:
    if version is None or version == one.version:
        return
    last = one.acts[-1]
    step = desk.flow.step.get(last.step)
    title = step.title if step else OTHER_STEPS.get(last.step, last.step)
    raise StaleError(
        f"意见 {one.id}：{last.user}（{last.role}）已经先办了“{title}”，"
        f"现在是“{desk.state(one).title}”。您的这一步没有生效；请刷新后再办。"
    )


def _free(connection: sa.Connection, one: Opinion, number: str | None) -> None:
    """A document number is given once."""
    c = t.opinion.c
    query = sa.select(c.id).where(c.number == number, c.id != one.id)
    taken = None if number is None else connection.execute(query).scalar()
    if taken is not None:
        raise ActError(f"文号“{number}”已用于意见 {taken}；请另编一个。")


_KEPT = ("title", "text", "ask", "open", "addressee", "copy_to", "number")


def _after(
    desk: OpinionDesk, one: Opinion, step: Step, said: Mapping[str, Any], today: date
) -> Opinion:
    """The opinion as it is once the step is done."""
    keep = _KEPT if step.id in DRAFTING else _KEPT[3:]
    fields: dict[str, Any] = {name: said[name] for name in keep if name in said}
    if "signers" in said:
        fields["signers"] = tuple(said["signers"])
    kind = one.proposed or one.kind if step.takes_kind else one.kind
    proposed = said.get("kind", None if step.to else one.proposed)
    if step.publishes:
        fields |= {"published_at": today, "published_in": said["published"]}
        fields |= {"published_round": one.round}
        fields["published_to"] = desk.flow.kind[kind].publish.to or ("代表",)
    clocks = desk.reckoning.after(
        one.clocks,
        today,
        starts=desk.flow.clocks_of(step.starts, kind),
        stops=desk.flow.clocks_of(step.stops, kind),
        longer=(said["clock"], said["days"]) if step.extends else None,
    )
    return replace(
        one,
        **fields,
        kind=kind,
        proposed=proposed,
        state=step.to or one.state,
        version=one.version + 1,
        round=one.round + step.anew,
        clocks=clocks,
    )


def _row(one: Opinion, at: datetime) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in PLAIN},
        "signers": as_json(list(one.signers)),
        "published_to": as_json(list(one.published_to)),
        "changed_at": iso(at),
    }


def _store(connection: sa.Connection, one: Opinion, at: datetime) -> None:
    """Write an opinion and its periods."""
    table, periods = t.opinion, t.opinion_clock
    connection.execute(table.update().where(table.c.id == one.id).values(**_row(one, at)))
    query = sa.select(periods.c.number).where(periods.c.opinion == one.id)
    known = set(connection.execute(query).scalars())
    for each in one.clocks:
        values = {
            **{"clock": each.clock, "started": each.started, "due": each.due},
            **{"extended": each.extended, "paused": each.paused, "stopped": each.stopped},
        }
        if each.number in known:
            own = (periods.c.opinion == one.id) & (periods.c.number == each.number)
            connection.execute(periods.update().where(own).values(**values))
        else:
            row = {"opinion": one.id, "number": each.number, **values}
            connection.execute(periods.insert().values(row))


def _rated(
    connection: sa.Connection,
    actor: Actor,
    one: Opinion,
    said: Mapping[str, Any],
    at: datetime,
    seq: int,
) -> None:
    table = t.opinion_rating
    row = {
        **{"seq": next_seq(connection, table), "opinion": one.id, "round": one.round},
        **{"user": actor.user, "word": said["word"], "remark": said.get("remark", "")},
        **{"at": iso(at), "audit_seq": seq},
    }
    connection.execute(table.insert().values(row))


def _written(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    before: Opinion,
    after: Opinion,
    step: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
) -> int:
    """The audit entry and the act; returns the entry's number."""
    details = {
        "step": step,
        "kind": after.kind,
        "from": before.state,
        "to": after.state,
        "version": after.version,
        "given": _without_draft(step, said),
    }
    note = Note(actor.who, f"opinion.{step}", "opinion", after.id, details, at)
    (entry,) = append(connection, key_of(desk.home.root), note)
    table = t.opinion_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            opinion=after.id,
            version=after.version,
            step=step,
            from_state=before.state,
            to_state=after.state,
            user=actor.user,
            role=actor.role,
            at=iso(at),
            given=as_json(said),
            request=None if request is None else _own(actor, request),
            audit_seq=entry.seq,
        )
    )
    return entry.seq


def _without_draft(step: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit log keeps of a step: of a draft's words their SHA-256."""
    if step not in DRAFTING:
        return dict(said)
    return {
        name: hashlib.sha256(value.encode()).hexdigest() if name in ("title", "text") else value
        for name, value in said.items()
    }


def moved(
    connection: sa.Connection,
    desk: OpinionDesk,
    actor: Actor,
    one: Opinion,
    topic: str | None,
    step: str,
    at: datetime,
) -> None:
    """Put an opinion into a topic, or out of it, inside the caller's transaction."""
    after = replace(one, topic=topic, version=one.version + 1)
    said = {"topic": topic or one.topic}
    _written(connection, desk, actor, one, after, step, said, None, at)
    _store(connection, after, at)
