"""Registering an exemption, confirming or refusing it, ending it early: each with its audit entry.

Whoever registered does not confirm. Nothing is deleted or changed: an entry that was wrong is ended
from the day on which it should not hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import Field, ValidationError

from budget_watch.access.accounts import account
from budget_watch.audit import Note, append, key_of
from budget_watch.casework import tables as t
from budget_watch.casework.accounts import store_of
from budget_watch.casework.auditing import anchor_log
from budget_watch.casework.book import book_now, law_texts, rules_dir
from budget_watch.casework.cases import Actor, today_of
from budget_watch.casework.errors import ActError, UnknownExemptionError
from budget_watch.casework.exemption_entries import CONFIRM, END, REFUSE, Entry, read_entries
from budget_watch.casework.exemption_scope import rows_inside, seen_by
from budget_watch.casework.findings import Finding, get_finding
from budget_watch.casework.hiding import personal_columns
from budget_watch.casework.stored import as_json, iso
from budget_watch.casework.telling.audience import readers
from budget_watch.casework.telling.outbox import EXEMPTION, Cause, tell
from budget_watch.casework.workflow import LocalBasis
from budget_watch.engine import Book
from budget_watch.engine.errors import BookError
from budget_watch.engine.exempting import checked_exemption, grain_scope
from budget_watch.engine.laws import check_citation
from budget_watch.engine.model import Exemption, Strict
from budget_watch.engine.yaml_file import read_one
from budget_watch.lake import Home
from budget_watch.lake.state import writing
from budget_watch.refusals import refusal

FILE = Path("workflow") / "exemption.yaml"
ACTS = {CONFIRM: "批准", REFUSE: "不批准", END: "提前终止"}


class Parts(Strict):
    """`rules/workflow/exemption.yaml`: which roles do what."""

    id: str
    registers: tuple[str, ...] = Field(alias="register")
    confirm: tuple[str, ...]
    end: tuple[str, ...]
    basis: LocalBasis


@dataclass(frozen=True)
class Wanted:
    """What is to be registered.

    Attributes:
        scope: column of the rule's grain or place → value, or beginning with a star.
        levels: only these; all levels of the rule where left out.
        basis: citations as a file has them: law, article, quote.
        document: name and number of the document, where no law is cited.
    """

    rule: str
    scope: Mapping[str, Any]
    since: date
    until: date
    reason: str
    levels: Sequence[str] = ()
    basis: Sequence[Mapping[str, Any]] = ()
    document: str | None = None


def parts() -> Parts:
    """Which roles register, confirm and end."""
    return read_one(rules_dir() / FILE, Parts)


def register(
    home: Home,
    actor: Actor,
    wanted: Wanted,
    *,
    request: str | None = None,
    now: datetime | None = None,
) -> str:
    """Register an exemption; it holds once another person has confirmed it. Returns its number.

    Raises:
        ActError: not by this person, outside their scope, or it cannot be: says what is wrong.
    """
    at = now or datetime.now(UTC)
    _may(actor, "登记例外情形", parts().registers)
    book = book_now(home.root)
    content = _checked(home, book, wanted, today_of(at))
    _inside(actor, wanted.scope)
    anchor_log(home, once_a_day=True)
    own = None if request is None else f"{actor.user}\t{request}"
    people = readers(home, at)
    with writing(home) as connection:
        table = t.exemption
        before = sa.select(table.c.id).where(table.c.request == own)
        known = None if own is None else connection.execute(before).scalar()
        if known is not None:
            return str(known)
        last = int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0)
        taken = {each.said.id for each in book.exemptions}
        number = f"DJ{today_of(at).year}-{last + 1:04}"
        if number in taken:
            raise ActError(f"编号 {number} 已用于规则库里的例外情形登记；请先给那一条改编号。")
        details = {**content, "from": str(wanted.since), "to": str(wanted.until)}
        note = Note(actor.who, "exemption.register", "exemption", number, details, at)
        (entry,) = append(connection, key_of(home.root), note)
        row = {"seq": last + 1, "id": number, "rule": wanted.rule, "content": as_json(content)}
        row |= {"since": wanted.since, "until": wanted.until, "request": own}
        row |= {**_by(home, actor), "at": iso(at), "audit_seq": entry.seq}
        connection.execute(table.insert().values(**row))
        whom = [
            each
            for each in people
            if each.title in parts().confirm
            and each.user != actor.user
            and seen_by(home, each.grant, wanted.rule, wanted.scope)
        ]
        cause = Cause(EXEMPTION, f"exemption:{number}", (number,))
        tell(connection, cause, whom, at)
    return number


def of_finding(home: Home, actor: Actor, finding: str) -> tuple[str, dict[str, Any]]:
    """The rule of a finding and its grain as a scope.

    Raises:
        UnknownFindingError: none such in the reader's scope. ActError: its rule is gone.
    """
    found = get_finding(home, actor.grant, finding)
    book = book_now(home.root)
    if found.rule not in book.rules:
        raise ActError(f"规则库里没有 {found.rule}，或它不能读入。")
    rule = book.rules[found.rule]
    return found.rule, grain_scope(rule, json.dumps(found.grain, default=str))


def judged_day(found: Finding) -> date:
    """The day that a finding is judged for: an exemption that shall cover it begins by then."""
    end = found.observation.get("period_end")
    return min(date.fromisoformat(str(end)), found.last_seen) if end else found.last_seen


def of_place(home: Home, actor: Actor, finding: str, place: str) -> tuple[str, dict[str, Any]]:
    """The rule of a finding, and its unit or department as a scope."""
    found = get_finding(home, actor.grant, finding)
    values = {"agency_code": found.agency_code, "dept_code": found.dept_code}
    scope = {place: values[place]}
    if actor.grant.scope.regions is not None:
        scope["mof_div_code"] = found.mof_div_code
    return found.rule, {name: value for name, value in scope.items() if value is not None}


def confirm(home: Home, actor: Actor, number: str, now: datetime | None = None) -> Entry:
    """Confirm an entry: the next run applies it.

    Raises:
        UnknownExemptionError: none such, or not theirs to see. ActError: the same person, or late.
    """
    return _act(home, actor, number, CONFIRM, "同意", None, now)


def refuse(
    home: Home, actor: Actor, number: str, reason: str, now: datetime | None = None
) -> Entry:
    """Refuse an entry that waits; who registered it may take it back so."""
    return _act(home, actor, number, REFUSE, reason, None, now)


def end(
    home: Home,
    actor: Actor,
    number: str,
    reason: str,
    day: date | None = None,
    now: datetime | None = None,
) -> Entry:
    """End an entry before its term: from a day on (today) it holds no more. It stays listed."""
    return _act(home, actor, number, END, reason, day, now)


def _act(
    home: Home,
    actor: Actor,
    number: str,
    act: str,
    reason: str,
    day: date | None,
    now: datetime | None,
) -> Entry:
    at = now or datetime.now(UTC)
    anchor_log(home, once_a_day=True)
    with writing(home) as connection:
        found = read_entries(connection, number)
        if not found or not seen_by(home, actor.grant, found[0].rule, found[0].content["scope"]):
            raise UnknownExemptionError(number)
        entry = found[0]
        if act in entry.acts and entry.acts[act].user == actor.user:
            return entry  # the same word again
        _possible(actor, entry, act)
        ends = (day or today_of(at)) if act == END else None
        if ends is not None and not entry.since <= ends <= entry.until:
            said = f"{entry.since} 至 {entry.until}"
            raise ActError(f"{number} 的终止日应在有效期内（{said}），这里是 {ends}。")
        if act != CONFIRM and len(reason.strip()) < 2:
            raise ActError(f"{ACTS[act]}要写理由。")
        table = t.exemption_act
        details = {"reason": reason.strip(), "from": None if ends is None else str(ends)}
        note = Note(actor.who, f"exemption.{act}", "exemption", number, details, at)
        (logged,) = append(connection, key_of(home.root), note)
        last = int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0)
        row = {"seq": last + 1, "exemption": number, "act": act, "reason": reason.strip()}
        row |= {**_by(home, actor), "day": ends, "at": iso(at), "audit_seq": logged.seq}
        connection.execute(table.insert().values(**row))
        return read_entries(connection, number)[0]


def _possible(actor: Actor, entry: Entry, act: str) -> None:
    """See that this person may do this to the entry as it stands. Raises ActError."""
    said = parts()
    if act == END:
        _may(actor, "终止例外情形登记", said.end)
        if CONFIRM not in entry.acts or END in entry.acts:
            raise ActError(f"{entry.id} 没有批准，或已经终止，不能再终止。")
        return
    if CONFIRM in entry.acts or REFUSE in entry.acts:
        word = "批准" if CONFIRM in entry.acts else "不批准"
        who = (entry.acts.get(CONFIRM) or entry.acts[REFUSE]).name
        raise ActError(f"{entry.id} 已由{who}{word}。")
    if act == REFUSE and actor.user == entry.user:
        return
    _may(actor, "批准例外情形登记", said.confirm)
    if actor.user == entry.user:
        raise ActError(f"{entry.id} 是您登记的，请由另一人批准。")


def _may(actor: Actor, what: str, roles: Sequence[str]) -> None:
    if actor.role not in roles:
        raise ActError(f"{what}由{'、'.join(roles)}办理，您的角色是{actor.role or '（无）'}。")


def _inside(actor: Actor, scope: Mapping[str, Any]) -> None:
    """See that an exemption reaches no farther than the person who registers it."""
    if not rows_inside(actor.grant, scope):
        raise ActError(
            "您只能登记自己范围内的例外：scope 里要写明范围内的区划、部门或单位代码，不用星号。"
        )


def _checked(home: Home, book: Book, wanted: Wanted, today: date) -> dict[str, Any]:
    """The content as it is kept, once the engine would take it. Raises ActError."""
    content: dict[str, Any] = {
        "rule": wanted.rule,
        "scope": dict(wanted.scope),
        "levels": list(wanted.levels),
        "basis": [dict(each) for each in wanted.basis],
        "document": (wanted.document or "").strip() or None,
        "reason": wanted.reason.strip(),
    }
    if wanted.rule not in book.rules:
        raise ActError(f"规则库里没有 {wanted.rule}，或它不能读入。")
    personal = sorted(personal_columns() & wanted.scope.keys())
    if personal:
        raise ActError(
            f"范围里的 {'、'.join(personal)} 是自然人的姓名或账号，不能登记在册；"
            "请按单位、部门或单据登记。"
        )
    if wanted.until < today:
        raise ActError(f"截止日 {wanted.until} 已过；例外情形登记要写将来的截止日。")
    try:
        about = {"id": "DJ", "from": wanted.since, "to": wanted.until}
        people = {"registered_by": "登记人", "approved_by": "批准人"}
        said = Exemption.model_validate({**content, **about, **people})
        checked_exemption(said, book.rules[wanted.rule], book.laws, "例外情形登记")
    except ValidationError as error:
        raise ActError(f"例外情形登记：{refusal(error)}。") from error
    except BookError as error:
        raise ActError(f"例外情形登记：{error.message}。") from error
    texts = law_texts(home.root, book.laws)
    for citation in said.basis:
        wrong = check_citation(citation, book.laws, texts, (said.since, said.until))
        if wrong:
            raise ActError(f"例外情形登记的依据：{wrong}。")
    return content


def _by(home: Home, actor: Actor) -> dict[str, str]:
    """Who acts, by account and name; the local operator has no account."""
    if actor.grant.role is None:
        return {"user": actor.user, "name": "本机操作员", "role": actor.role}
    name = account(store_of(home), actor.user).display
    return {"user": actor.user, "name": name, "role": actor.role}
