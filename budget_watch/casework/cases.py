"""Cases as their readers see them: state, periods, history, next steps.

A committee's reader sees a case through its findings, which must lie in their scope. A department
sees what is addressed to it, from the transfer on, and no level before it has answered.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.access.roles import roles
from budget_watch.audit import Who
from budget_watch.calendar.days import standard_calendar
from budget_watch.casework import tables as t
from budget_watch.casework.clocks import Reckoning, Running
from budget_watch.casework.errors import UnknownCaseError
from budget_watch.casework.findings import LEVELS, visible_among
from budget_watch.casework.workflow import State, Transition, Workflow, workflow_of
from budget_watch.lake import Home
from budget_watch.lake.state import engine

HERE = ZoneInfo("Asia/Shanghai")
FINANCE = "财政"  # the addressee by default: the finance department, which coordinates (归口)
FINANCE_ROLE = "财政归口"
MERGED = "已并入"


@dataclass(frozen=True)
class Actor:
    """Who acts: the grant of their session, and the role they act in."""

    grant: Grant
    role: str
    session: str = ""

    @property
    def user(self) -> str:
        """User id."""
        return self.grant.user

    @property
    def who(self) -> Who:
        """For the audit log."""
        return Who(self.user, self.role, self.session, self.grant.purpose)

    @property
    def codes(self) -> frozenset[str] | None:
        """Departments or units for which a department's person acts; None for no limit."""
        scope = self.grant.scope
        return scope.units if scope.units is not None else scope.departments


def actor_of(home: Home, grant: Grant, chosen: str = "", session: str = "") -> Actor:
    """Who acts under a grant: in the role of its account; the local operator in the one they chose.

    Raises:
        AccessError: the home's `permissions.yaml` cannot be read.
    """
    if grant.role is None:
        return Actor(grant, chosen, session or grant.session)
    return Actor(grant, roles(home.root)[grant.role].title, session or grant.session)


@dataclass(frozen=True)
class Act:
    """One step that was taken. `at` is ISO time, UTC."""

    version: int
    transition: str
    from_state: str
    to_state: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]
    audit_seq: int


@dataclass(frozen=True)
class Case:
    """A case as it stands.

    Attributes:
        id: `2026-0001`; empty for a finding that nobody has taken yet.
        version: how many acts were done; who acts on another version is refused.
        level: the worst that any of its findings had, or a person raised it to.
        proposal: what the first of two persons proposed: transition, user, given.
    """

    id: str
    title: str
    state: str
    version: int
    level: str | None
    findings: tuple[str, ...]
    mof_div_code: str | None = None
    dept_code: str | None = None
    agency_code: str | None = None
    addressee: str | None = None
    copy_to: str | None = None
    document: str | None = None
    number: str | None = None
    result: str | None = None
    rung: str | None = None
    committed: date | None = None
    proposal: Mapping[str, Any] | None = None
    merged_into: str | None = None
    opened_at: str = ""
    changed_at: str = ""
    clocks: tuple[Running, ...] = ()
    acts: tuple[Act, ...] = ()
    ratings: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def red(self) -> bool:
        """Whether two persons are needed."""
        return self.level == "red"


@dataclass(frozen=True)
class Desk:
    """What every question about cases needs: the home, its workflow, the calendar."""

    home: Home
    flow: Workflow
    reckoning: Reckoning

    @classmethod
    def of(cls, home: Home) -> Desk:
        """The desk of a home.

        Raises:
            WorkflowError: the workflow file is wrong.
        """
        flow = workflow_of(home.root)
        calendar = standard_calendar(home.calendar_file)
        return cls(home, flow, Reckoning(flow, calendar))

    def state(self, case: Case) -> State:
        """The state of a case."""
        return self.flow.state[case.state]

    def department(self, role: str) -> bool:
        """Whether the role stands on the departments' side."""
        return self.flow.party.get(role) == "department"


def today_of(now: datetime | None = None) -> date:
    """The day in Shanghai."""
    return (now or datetime.now(UTC)).astimezone(HERE).date()


def get_case(home: Home, actor: Actor, case_id: str) -> Case:
    """One case by its id, or by a finding of it (id or its beginning).

    Raises:
        UnknownCaseError: none such, or not the reader's.
    """
    desk = Desk.of(home)
    with engine(home).connect() as connection:
        case = find(connection, case_id)
        if case is None or not may_see(connection, desk, actor, case):
            raise UnknownCaseError(case_id)
        return case


def list_cases(
    home: Home,
    actor: Actor,
    *,
    states: Sequence[str] = (),
    addressee: str | None = None,
) -> list[Case]:
    """Cases in the reader's scope, those changed last first; merged ones are left out."""
    desk = Desk.of(home)
    table = t.case_file
    query = sa.select(table).where(table.c.merged_into.is_(None))
    if states:
        wanted = [each.id for each in desk.flow.states if each.id in states or each.word in states]
        query = query.where(table.c.state.in_(wanted))
    if addressee is not None:
        query = query.where(table.c.addressee == addressee)
    query = query.order_by(table.c.changed_at.desc(), table.c.seq.desc())
    with engine(home).connect() as connection:
        found = _loaded(connection, query)
        every = {finding for case in found for finding in case.findings}
        seen = visible_among(home, actor.grant, connection, every)
    return [case for case in found if _sees(desk, actor, case, seen)]


def find(connection: sa.Connection, wanted: str) -> Case | None:
    """The case of this id (of a merged one: where it went), or that of a finding.

    A finding that nobody has taken gives a case without a number.
    """
    table = t.case_file
    row = connection.execute(sa.select(table).where(table.c.id == wanted)).mappings().first()
    while row is not None and row["merged_into"] is not None:
        query = sa.select(table).where(table.c.id == row["merged_into"])
        row = connection.execute(query).mappings().one()
    if row is not None:
        return load(connection, row)
    if len(wanted) < 8:
        return None
    ids = connection.execute(
        sa.select(t.finding.c.id).where(t.finding.c.id.startswith(wanted, autoescape=True)).limit(2)
    ).scalars()
    found = list(ids)
    return None if len(found) != 1 else of_finding(connection, found[0])


def of_finding(connection: sa.Connection, finding: str) -> Case:
    """The case that a finding belongs to; unopened where there is none."""
    own, table = t.case_finding, t.case_file
    joined = sa.select(table).join(own, own.c.case == table.c.id).where(own.c.finding == finding)
    row = connection.execute(joined).mappings().first()
    return load(connection, row) if row is not None else unopened(connection, finding)


def unopened(connection: sa.Connection, finding: str) -> Case:
    """A finding that nobody has taken, as a case without a number."""
    query = sa.select(t.finding).where(t.finding.c.id == finding)
    row = connection.execute(query).mappings().one()
    return Case(
        id="",
        title=f"{row['rule']} {row['title']}",
        state=row["work_state"],
        version=0,
        level=row["level"],
        findings=(finding,),
        mof_div_code=row["mof_div_code"],
        dept_code=row["dept_code"],
        agency_code=row["agency_code"],
    )


def whole_cases(connection: sa.Connection, numbers: Collection[str]) -> dict[str, Case]:
    """Cases by number, whoever asks: inside this room only."""
    table = t.case_file
    query = sa.select(table).where(table.c.id.in_(sorted(numbers)))
    return {each.id: each for each in _loaded(connection, query)}


def load(connection: sa.Connection, row: Mapping[Any, Any]) -> Case:
    """A case with its findings, periods, acts and ratings."""
    (found,) = _whole(connection, [row])
    return found


def _loaded(connection: sa.Connection, query: sa.Select[Any]) -> list[Case]:
    """The cases of a query, in its order."""
    rows = connection.execute(query).mappings().all()
    parts = (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))
    return [case for part in parts for case in _whole(connection, part)]


_AT_ONCE = 500  # cases whose parts are read in one go


def _whole(connection: sa.Connection, rows: Sequence[Mapping[Any, Any]]) -> list[Case]:
    ids, own = [row["id"] for row in rows], t.case_finding
    query = (
        sa.select(own.c.case, own.c.finding, t.finding.c.level)
        .join(t.finding, t.finding.c.id == own.c.finding)
        .where(own.c.case.in_(ids))
        .order_by(own.c.finding)
    )
    findings: dict[str, list[Any]] = {}
    for each in connection.execute(query):
        findings.setdefault(each.case, []).append(each)
    clocks = _parts(connection, t.case_clock, t.case_clock.c.number, ids)
    acts = _parts(connection, t.case_act, t.case_act.c.version, ids)
    ratings = _parts(connection, t.case_rating, t.case_rating.c.seq, ids)
    return [
        Case(
            **{name: row[name] for name in _PLAIN},
            level=worst([row["level"], *(each.level for each in findings.get(row["id"], []))]),
            findings=tuple(each.finding for each in findings.get(row["id"], [])),
            proposal=json.loads(row["proposal"]) if row["proposal"] else None,
            clocks=tuple(_clock(each) for each in clocks.get(row["id"], [])),
            acts=tuple(_act(each) for each in acts.get(row["id"], [])),
            ratings=tuple(_rating(each) for each in ratings.get(row["id"], [])),
        )
        for row in rows
    ]


def _parts(
    connection: sa.Connection, table: sa.Table, order: sa.Column[Any], ids: Sequence[str]
) -> dict[str, list[Mapping[Any, Any]]]:
    """Rows of a table of cases, by case."""
    found: dict[str, list[Mapping[Any, Any]]] = {}
    for row in connection.execute(
        sa.select(table).where(table.c.case.in_(ids)).order_by(order)
    ).mappings():
        found.setdefault(row["case"], []).append(row)
    return found


_PLAIN = (
    *("id", "title", "state", "version", "mof_div_code", "dept_code", "agency_code", "addressee"),
    *("copy_to", "document", "number", "result", "rung", "committed", "merged_into"),
    *("opened_at", "changed_at"),
)


def worst(levels: Sequence[str | None]) -> str | None:
    """The worst of these levels."""
    known = [LEVELS.index(each) for each in levels if each is not None]
    return LEVELS[min(known)] if known else None


def _clock(row: Mapping[Any, Any]) -> Running:
    names = ("number", "clock", "started", "due", "extended", "paused", "stopped")
    return Running(**{name: row[name] for name in names})


def _act(row: Mapping[Any, Any]) -> Act:
    names = ("version", "transition", "from_state", "to_state", "user", "role", "at", "audit_seq")
    return Act(**{name: row[name] for name in names}, given=json.loads(row["given"]))


def _rating(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    names = ("round", "side", "user", "role", "word", "remark", "at")
    return {name: row[name] for name in names}


def may_see(connection: sa.Connection, desk: Desk, actor: Actor, case: Case) -> bool:
    """Whether a case is the reader's to see."""
    seen = (
        set()
        if desk.department(actor.role)
        else visible_among(desk.home, actor.grant, connection, case.findings)
    )
    return _sees(desk, actor, case, seen)


def seen_among(
    connection: sa.Connection, desk: Desk, actor: Actor, numbers: Collection[str]
) -> dict[str, Case]:
    """Of these cases the reader's, by number, without their history; a merged one is not there."""
    table, own = t.case_file, t.case_finding
    query = sa.select(table).where(table.c.id.in_(sorted(numbers)), table.c.merged_into.is_(None))
    rows = connection.execute(query).mappings().all()
    members: dict[str, list[str]] = {row["id"]: [] for row in rows}
    if not desk.department(actor.role):
        pairs = sa.select(own.c.case, own.c.finding).where(own.c.case.in_(sorted(members)))
        for case, finding in connection.execute(pairs):
            members[case].append(finding)
    every = {finding for found in members.values() for finding in found}
    visible = visible_among(desk.home, actor.grant, connection, every) if every else set()
    light = (
        Case(**{name: row[name] for name in _PLAIN}, level=None, findings=tuple(members[row["id"]]))
        for row in rows
    )
    return {case.id: case for case in light if _sees(desk, actor, case, visible)}


def _sees(desk: Desk, actor: Actor, case: Case, visible: set[str]) -> bool:
    if not desk.department(actor.role):
        return bool(visible & set(case.findings))
    return desk.state(case).shown_to_departments and addressed(actor, case, copies=True)


def addressed(actor: Actor, case: Case, *, copies: bool = False) -> bool:
    """Whether a case is addressed to the department's person (or, asked so, copied to them)."""
    if actor.role == FINANCE_ROLE:
        regions = actor.grant.scope.regions
        return regions is None or case.mof_div_code is None or case.mof_div_code in regions
    codes = actor.codes
    if codes is None:
        return True
    return case.addressee in codes or (copies and case.copy_to in codes)


def next_steps(desk: Desk, actor: Actor, case: Case) -> list[Transition]:
    """The steps that this person may take on the case as it stands."""
    if case.merged_into is not None:
        return []
    return [each for each in desk.flow.transitions if possible(desk, actor, case, each) is None]


def possible(desk: Desk, actor: Actor, case: Case, step: Transition) -> str | None:
    """Why this person may not take this step now; None where they may."""
    state = desk.state(case)
    if case.state not in step.sources:
        return f"“{state.title}”时不能{step.title}；可以的是{_titles(desk, step.sources)}"
    if actor.role not in step.who:
        return f"{step.title}由{'、'.join(step.who)}办理，您的角色是{actor.role or '（无）'}"
    if desk.department(actor.role) and not state.shown_to_departments:
        return "承办单位还不能办理这一件"
    if desk.department(actor.role) and not addressed(actor, case):
        return f"{step.title}由承办单位办理，这一件不是交给您的单位的"
    for earlier in step.other_than:
        last = next((act for act in reversed(case.acts) if act.transition == earlier), None)
        if last is not None and last.user == actor.user:
            before = desk.flow.transition[earlier].title
            return f"{step.title}与{before}不能是同一人；请由另一人办理"
    said = _by_proposal(desk, actor, case, step) or _by_rating(desk, case, step)
    return said or _by_level(case, step)


def _by_level(case: Case, step: Transition) -> str | None:
    highest = "level" in step.needs and case.level == LEVELS[0]
    return f"已经是最高级别，不能再{step.title}" if highest else None


def _by_proposal(desk: Desk, actor: Actor, case: Case, step: Transition) -> str | None:
    if step.answers_proposal and case.proposal is None:
        return "没有等待确认的结论"
    if not (step.two_persons and case.red and case.proposal):
        return None
    mine = case.proposal["transition"] == step.id and case.proposal["user"] == actor.user
    return f"红色疑点的{step.title}须由另一人确认；您已经拟过" if mine else None


def _by_rating(desk: Desk, case: Case, step: Transition) -> str | None:
    share = satisfaction(desk.flow, case)
    least = desk.flow.satisfaction.least_percent
    low = share is not None and share[0] * 100 < least * share[1]
    if step.satisfied and low and share is not None:
        return f"满意度 {share[0]}/{share[1]}，低于{least}%；请先二次整改"
    if step.dissatisfied and not low:
        return f"满意度没有低于{least}%，不启动二次整改"
    return None


def satisfaction(flow: Workflow, case: Case) -> tuple[int, int] | None:
    """Of the ratings of the handling since the last try: how many are satisfied, of how many.

    The last word of each person counts, if theirs is a role that rates. None where nobody has.
    """
    side, roles = flow.raters[0].side, flow.raters[0].roles
    last: dict[str, str] = {}
    for one in case.ratings:
        counts = one["side"] == side and one["role"] in roles
        if counts and one["round"] == tries(flow, case):
            last[one["user"]] = one["word"]
    if not last:
        return None
    return sum(word in flow.satisfaction.counted for word in last.values()), len(last)


def unratable(desk: Desk, case: Case) -> str | None:
    """Why the handling of a case cannot be rated now, whoever asks; None where it can."""
    state = desk.state(case)
    if state.final:
        return f"已经是“{state.title}”，不再评价；重新打开以后，承办单位再反馈时可以评价"
    return None if state.answered else "承办单位反馈以后才能评价"


def tries(flow: Workflow, case: Case) -> int:
    """How often rectification was started anew; ratings count for the try that they followed."""
    anew = {each.id for each in flow.transitions if each.dissatisfied}
    return sum(act.transition in anew for act in case.acts)


def record(desk: Desk, actor: Actor, case: Case, today: date) -> dict[str, Any]:
    """The JSON object of a case, as this reader may see it."""
    state = desk.state(case)
    hide = desk.department(actor.role) and not state.answered
    share = satisfaction(desk.flow, case)
    return {
        "case": case.id,
        "title": case.title,
        "work_state": state.word,
        "state": state.id,
        "step": state.step,
        "version": case.version,
        "level": None if hide else case.level,
        "findings": list(case.findings),
        "dept_code": case.dept_code,
        "agency_code": case.agency_code,
        "addressee": case.addressee,
        "copy_to": case.copy_to,
        "document": case.document,
        "number": case.number,
        "letter": letter(desk.flow, case),
        "result": case.result,
        "rung": case.rung,
        "committed": None if case.committed is None else case.committed.isoformat(),
        "proposal": None if desk.department(actor.role) else case.proposal,
        "merged_into": case.merged_into,
        "satisfaction": None if share is None else {"satisfied": share[0], "rated": share[1]},
        "clocks": [desk.reckoning.mark(each, today) for each in case.clocks],
        "next": [
            {
                "transition": each.id,
                "title": each.title,
                "needs": list(each.needs),
                "confirms": confirms(case, each),
                "law": each.basis.kind == "law" and each.basis.binds(case.mof_div_code),
            }
            for each in next_steps(desk, actor, case)
        ],
    }


def letter(flow: Workflow, case: Case) -> str | None:
    """The text of the letter drafted last: what the addressee is asked."""
    drafts = {each.id for each in flow.transitions if "document" in each.needs}
    return next(
        (act.given.get("text") for act in reversed(case.acts) if act.transition in drafts), None
    )


def confirms(case: Case, step: Transition) -> bool:
    """Whether this step would be the second person's word."""
    return bool(
        step.two_persons and case.red and case.proposal and case.proposal["transition"] == step.id
    )


def history(desk: Desk, actor: Actor, case: Case) -> list[dict[str, Any]]:
    """Every act, oldest first; the committee's own drafting is not a department's to read."""
    inner = desk.department(actor.role)
    told = []
    for act in case.acts:
        states = (desk.flow.state.get(act.from_state), desk.flow.state.get(act.to_state))
        shown = any(each is not None and each.shown_to_departments for each in states)
        if inner and (not shown or act.given.get("proposed")):
            continue
        step = desk.flow.transition.get(act.transition)
        told.append(
            {
                "version": act.version,
                "transition": act.transition,
                "title": step.title if step else act.transition,
                "from": act.from_state,
                "to": act.to_state,
                "user": act.user,
                "role": act.role,
                "at": act.at,
                "given": dict(act.given),
                "audit_seq": act.audit_seq,
            }
        )
    return told


def _titles(desk: Desk, states: Sequence[str]) -> str:
    return "、".join(desk.flow.state[each].title for each in states)
