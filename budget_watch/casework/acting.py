"""Taking a step on a case: the only place where a work state changes.

A step is one transaction: the case, its findings' work state, its periods, the act, its audit entry
and the notices of those whom it concerns stand or fall together. A request that comes twice is one
act; of two people at one case the second is told what the first did. The data state is neither
asked nor touched.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.audit import Note, append, key_of
from budget_watch.casework import tables as t
from budget_watch.casework.attachments import known_files
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.cases import (
    Actor,
    Case,
    Desk,
    confirms,
    find,
    may_see,
    possible,
    today_of,
    tries,
    unratable,
)
from budget_watch.casework.errors import (
    ActError,
    CaseworkError,
    StaleError,
    UnknownCaseError,
)
from budget_watch.casework.given import checked
from budget_watch.casework.stored import as_json, iso, next_seq
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.of_cases import Step, tell_of
from budget_watch.casework.workflow import Transition
from budget_watch.lake import Home
from budget_watch.lake.state import writing

MERGE = "merge"


LEAST_REASON = 2  # characters


@dataclass(frozen=True)
class Done:
    """What a step came to.

    Attributes:
        case: the case's number.
        state: where it is now.
        version: its version now.
        proposed: whether it waits for a second person.
        repeated: whether the request had been carried out before.
        audit_seq: number of its audit entry.
    """

    case: str
    state: str
    version: int
    proposed: bool
    repeated: bool
    audit_seq: int


def act(
    home: Home,
    actor: Actor,
    target: str,
    transition: str,
    given: Mapping[str, Any] | None = None,
    *,
    version: int | None = None,
    request: str | None = None,
    cause: str | None = None,
    now: datetime | None = None,
) -> Done:
    """Take a step on a case.

    Args:
        actor: who, in which role, under which grant.
        target: number of the case, or a finding (its id or the beginning of it).
        transition: id or title of the step.
        given: what the step needs: reason, result, addressee …
        version: what the person saw; None to take it as it stands.
        request: number of the request, chosen by whoever asks; the same one is carried out once.
        cause: what several acts have in common; of one cause people are told once.
        now: for tests.

    Raises:
        UnknownCaseError: no such case, or not theirs to see.
        StaleError: the case moved on since they looked.
        ActError: not possible now, not by them, or something is missing.
    """
    desk = Desk.of(home)
    step = desk.flow.named(transition)
    at = now or datetime.now(UTC)
    anchor_log(home, once_a_day=True)
    people = readers(home, at)
    with writing(home) as connection:
        case = find(connection, target)
        if case is None or not may_see(connection, desk, actor, case):
            raise UnknownCaseError(target)
        before = _before(connection, actor, request)
        if before is not None:
            return _again(before, case, step)
        _fresh(desk, case, version)
        why = possible(desk, actor, case, step)
        if why is not None:
            raise ActError(f"{_name(case)}：{why}。")
        said = checked(desk, case, step, given or {}, today_of(at))
        done = _take(connection, desk, actor, case, step, said, request, at)
        _tell(connection, desk, people, actor, case, step, done, cause, at)
        return done


def act_on_many(
    home: Home,
    actor: Actor,
    targets: Sequence[str],
    transition: str,
    given: Mapping[str, Any] | None = None,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> list[tuple[str, Done | str]]:
    """The same step on many cases, each by itself: what was done, or why not, in their order."""
    told: list[tuple[str, Done | str]] = []
    cause = f"many:{uuid.uuid4()}"
    for target in dict.fromkeys(targets):
        own = None if request is None else f"{request}#{target}"
        try:
            done = act(home, actor, target, transition, given, request=own, cause=cause, now=now)
            told.append((target, done))
        except CaseworkError as error:
            told.append((target, str(error)))
    return told


def merge(
    home: Home,
    actor: Actor,
    into: str,
    others: Sequence[str],
    reason: str,
    *,
    now: datetime | None = None,
) -> Done:
    """Bring findings of one matter into one case; the others point to it and end.

    Raises:
        UnknownCaseError: one of them is not there, or not theirs to see.
        ActError: one is past the point where cases may be merged, or is another department's.
    """
    desk = Desk.of(home)
    at = now or datetime.now(UTC)
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        whole = [_mergeable(connection, desk, actor, each) for each in (into, *others)]
        main, rest = whole[0], whole[1:]
        if len({each.findings for each in whole}) < len(whole) or not rest:
            raise ActError("请给出要并入的另一件办理；同一件不能并入自己。")
        if len({each.dept_code for each in whole}) > 1:
            raise ActError("不是同一部门的事项，不能并为一件；请分别办理。")
        if len(reason.strip()) < LEAST_REASON:
            raise ActError("合并要写理由。")
        if not main.id:
            main = _opened(connection, main, at)
        moved: list[str] = []
        for other in rest:
            moved += other.findings
            _move(connection, desk, actor, other, main, reason, at)
        changed = replace(main, findings=(*main.findings, *moved), version=main.version + 1)
        said = {"reason": reason, "merged": [each.id for each in rest if each.id], "moved": moved}
        seq = _written(connection, desk, actor, main, changed, MERGE, said, None, at)
        _store(connection, desk, changed, at)
    return Done(changed.id, changed.state, changed.version, False, False, seq)


def rate(
    home: Home,
    actor: Actor,
    target: str,
    word: str,
    remark: str = "",
    *,
    now: datetime | None = None,
) -> int:
    """Rate how a case was handled (双向评价); a later word of the same person takes its place.

    Returns the number of the audit entry.

    Raises:
        UnknownCaseError: no such case, or not theirs to see.
        ActError: not answered yet or closed, an unknown word, a bad one without a reason, or a
            role that does not rate.
    """
    desk = Desk.of(home)
    at = now or datetime.now(UTC)
    rater = next((each for each in desk.flow.raters if actor.role in each.roles), None)
    if rater is None:
        able = "；".join(f"{each.title}由{'、'.join(each.roles)}作出" for each in desk.flow.raters)
        raise ActError(f"{actor.role or '（无角色）'}不参加满意度评价。{able}。")
    if word not in desk.flow.satisfaction.words:
        known = "、".join(desk.flow.satisfaction.words)
        raise ActError(f"评价“{word}”不对；可用 {known}。")
    if word not in desk.flow.satisfaction.counted and len(remark.strip()) < LEAST_REASON:
        raise ActError(f"评价“{word}”要写理由。")
    with writing(home) as connection:
        case = find(connection, target)
        if case is None or not case.id or not may_see(connection, desk, actor, case):
            raise UnknownCaseError(target)
        why = unratable(desk, case)
        if why is not None:
            raise ActError(f"{_name(case)}：{why}。")
        details = {"side": rater.side, "word": word, "remark": remark}
        note = Note(actor.who, "case.rate", "case", case.id, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        table = t.case_rating
        connection.execute(
            table.insert().values(
                **{"seq": next_seq(connection, table), "case": case.id, "user": actor.user},
                **{"round": tries(desk.flow, case), "role": actor.role, "at": iso(at)},
                **details,
                audit_seq=entry.seq,
            )
        )
    return entry.seq


def _before(connection: sa.Connection, actor: Actor, request: str | None) -> Any:
    if request is None:
        return None
    table = t.case_act
    query = sa.select(table).where(table.c.request == _own(actor, request))
    return connection.execute(query).mappings().first()


def _own(actor: Actor, request: str) -> str:
    return f"{actor.user}\t{request}"


def _again(before: Any, case: Case, step: Transition) -> Done:
    if before["case"] != case.id or before["transition"] != step.id:
        raise ActError("这个请求编号已经用于另一步；请刷新后重办。")
    given = json.loads(before["given"])
    return Done(
        before["case"],
        before["to_state"],
        before["version"],
        bool(given.get("proposed")),
        True,
        before["audit_seq"],
    )


def _fresh(desk: Desk, case: Case, version: int | None) -> None:
    if version is None or version == case.version:
        return
    last = case.acts[-1] if case.acts else None
    if last is None:
        raise StaleError(f"{_name(case)}：您看到的不是现在的样子；请刷新后再办。")
    step = desk.flow.transition.get(last.transition)
    title = step.title if step else "合并"
    raise StaleError(
        f"{_name(case)}：{last.user}（{last.role}）已经先办了“{title}”，"
        f"现在是“{desk.state(case).title}”。您的这一步没有生效；请刷新后再办。"
    )


def _name(case: Case) -> str:
    return f"办理 {case.id}" if case.id else f"疑点 {case.findings[0][:16]}"


def _take(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    case: Case,
    step: Transition,
    said: dict[str, Any],
    request: str | None,
    at: datetime,
) -> Done:
    """Carry a checked step out."""
    if not case.id:
        case = _opened(connection, case, at)
    known_files(connection, case.id, said.get("attachments", []))
    _free(connection, case, said.get("number"))
    proposed = step.two_persons and case.red and not confirms(case, step)
    if confirms(case, step):
        _same_result(case, said)
    if proposed:
        said = {**said, "proposed": True}
        mine = {"transition": step.id, "user": actor.user, "role": actor.role, "given": said}
        after = replace(case, proposal=mine, version=case.version + 1)
    else:
        after = _after(desk, case, step, said, today_of(at))
    name = f"{step.id}.propose" if proposed else step.id
    seq = _written(connection, desk, actor, case, after, step.id, said, request, at, name)
    _store(connection, desk, after, at)
    return Done(after.id, after.state, after.version, proposed, False, seq)


def _tell(
    connection: sa.Connection,
    desk: Desk,
    people: Sequence[Reader],
    actor: Actor,
    before: Case,
    taken: Transition,
    done: Done,
    cause: str | None,
    at: datetime,
) -> None:
    """Tell whom a step concerns, within its transaction."""
    after = find(connection, done.case) if people else None
    if after is None:
        return
    key = cause or f"act:{done.audit_seq}"
    tell_of(connection, desk, people, Step(taken, actor, before, after, done.proposed, key), at)


def _free(connection: sa.Connection, case: Case, number: str | None) -> None:
    """A document number is given once."""
    table = t.case_file
    query = sa.select(table.c.id).where(table.c.number == number, table.c.id != case.id)
    taken = None if number is None else connection.execute(query).scalar()
    if taken is not None:
        raise ActError(f"文号“{number}”已用于办理 {taken}；请另编一个。")


def _same_result(case: Case, said: Mapping[str, Any]) -> None:
    first = (case.proposal or {}).get("given", {}).get("result")
    if first is not None and said.get("result") != first:
        raise ActError(
            f"{_name(case)}：第一人拟的结论是“{first}”，与您填的不同。"
            "同意就填同样的结论；不同意请用“不同意所拟结论”。"
        )


def _after(desk: Desk, case: Case, step: Transition, said: Mapping[str, Any], today: date) -> Case:
    """The case as it is once the step is done."""
    fields = {name: said[name] for name in _KEPT if name in said}
    if "committed" in said:
        fields["committed"] = date.fromisoformat(said["committed"])
    state = step.to or case.state
    settled = step.answers_proposal or state != case.state
    return replace(
        case,
        **fields,
        state=state,
        version=case.version + 1,
        proposal=None if settled else case.proposal,
        clocks=desk.reckoning.after(
            case.clocks,
            today,
            starts=step.starts,
            stops=step.stops,
            pauses=step.pauses,
            resumes=step.resumes,
            longer=(said["clock"], said["days"]) if step.extends else None,
        ),
    )


_KEPT = ("level", "document", "addressee", "copy_to", "number", "result", "rung")


def _opened(connection: sa.Connection, case: Case, at: datetime) -> Case:
    """A case with a number for a finding that had none."""
    seq = next_seq(connection, t.case_file)
    made = replace(case, id=f"{today_of(at).year}-{seq:04}", opened_at=iso(at))
    row = _row(made, at)
    connection.execute(t.case_file.insert().values(**row, seq=seq, title=made.title[:200]))
    for finding in made.findings:
        connection.execute(t.case_finding.insert().values(finding=finding, case=made.id))
    return made


def _row(case: Case, at: datetime) -> dict[str, Any]:
    names = (
        *("id", "state", "version", "level", "mof_div_code", "dept_code", "agency_code"),
        *("addressee", "copy_to", "document", "number", "result", "rung", "committed"),
        *("merged_into", "opened_at"),
    )
    proposal = None if case.proposal is None else as_json(case.proposal)
    return {
        **{name: getattr(case, name) for name in names},
        "proposal": proposal,
        "changed_at": iso(at),
    }


def _store(connection: sa.Connection, desk: Desk, case: Case, at: datetime) -> None:
    """Write a case, its periods, and its word into its findings."""
    table, periods = t.case_file, t.case_clock
    connection.execute(table.update().where(table.c.id == case.id).values(**_row(case, at)))
    known = {
        each.number: each
        for each in connection.execute(sa.select(periods).where(periods.c.case == case.id))
    }
    for one in case.clocks:
        values = {
            **{"clock": one.clock, "started": one.started, "due": one.due},
            **{"extended": one.extended, "paused": one.paused, "stopped": one.stopped},
        }
        if one.number in known:
            own = (periods.c.case == case.id) & (periods.c.number == one.number)
            connection.execute(periods.update().where(own).values(**values))
        else:
            row = {"case": case.id, "number": one.number, **values}
            connection.execute(periods.insert().values(row))
    connection.execute(
        t.finding.update()
        .where(t.finding.c.id.in_(case.findings))
        .values(work_state=desk.state(case).word)
    )


def _written(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    before: Case,
    after: Case,
    transition: str,
    said: Mapping[str, Any],
    request: str | None,
    at: datetime,
    name: str | None = None,
) -> int:
    """The audit entry and the act; returns the entry's number."""
    details = {
        "transition": transition,
        "from": before.state,
        "to": after.state,
        "version": after.version,
        "findings": list(after.findings),
        "given": dict(said),
    }
    note = Note(actor.who, f"case.{name or transition}", "case", after.id, details, at)
    (entry,) = append(connection, key_of(desk.home.root), note)
    table = t.case_act
    connection.execute(
        table.insert().values(
            seq=next_seq(connection, table),
            case=after.id,
            version=after.version,
            transition=transition,
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


def _mergeable(connection: sa.Connection, desk: Desk, actor: Actor, target: str) -> Case:
    case = find(connection, target)
    if case is None or not may_see(connection, desk, actor, case) or desk.department(actor.role):
        raise UnknownCaseError(target)
    if actor.role not in desk.flow.transitions[0].who:
        raise ActError(f"合并由{'、'.join(desk.flow.transitions[0].who)}办理。")
    state = desk.state(case)
    if not state.mergeable:
        known = "、".join(each.title for each in desk.flow.states if each.mergeable)
        raise ActError(f"{_name(case)} 在“{state.title}”，不能合并；可以合并的是{known}。")
    return case


def _move(
    connection: sa.Connection,
    desk: Desk,
    actor: Actor,
    other: Case,
    main: Case,
    reason: str,
    at: datetime,
) -> None:
    """Give a case's findings to the main one."""
    own = t.case_finding
    if not other.id:
        for finding in other.findings:
            connection.execute(own.insert().values(finding=finding, case=main.id))
        return
    connection.execute(own.update().where(own.c.case == other.id).values(case=main.id))
    after = replace(
        other, findings=(), version=other.version + 1, merged_into=main.id, proposal=None
    )
    said = {"reason": reason, "into": main.id, "moved": list(other.findings)}
    _written(connection, desk, actor, other, after, MERGE, said, None, at)
    _store(connection, desk, after, at)


__all__ = ["ActError", "Done", "StaleError", "act", "act_on_many", "merge", "rate"]
