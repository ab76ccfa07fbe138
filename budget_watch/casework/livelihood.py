"""民生实事 as their readers see them: what was promised, how far it is, how it is judged.

A project names the codes of budget projects that pay for it; `views.livelihood` drills to their
money. Deputies, members and the office of its region see it, and the department that leads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from budget_watch.calendar.days import WorkCalendar, standard_calendar
from budget_watch.casework import tables as t
from budget_watch.casework.cases import FINANCE_ROLE, Actor, today_of
from budget_watch.casework.checking import rules_dir
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.workflow import LocalBasis
from budget_watch.engine.model import Strict
from budget_watch.engine.yaml_file import read_one
from budget_watch.lake import Home
from budget_watch.lake.state import engine

PREFIX = "MS"
GOING, ACCEPTED, STOPPED = "实施中", "已验收", "已终止"
CANDIDATE, NOT_CHOSEN = "候选", "未选上"  # for a vote of the deputies, which the office writes down
QUARTERS = {1: "一季度", 2: "二季度", 3: "三季度", 4: "四季度"}
_ENDS = {1: (3, 31), 2: (6, 30), 3: (9, 30), 4: (12, 31)}


class UnknownLivelihoodError(CaseworkError):
    """No such project, or not the reader's (the two look alike on purpose)."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有找到民生实事 {number}，或您没有查看权限。"
            "请用 budget-watch livelihood list 列出可查看的项目。"
        )


class Report(Strict):
    """By when progress of a quarter is told: working days after its end; how many before that
    day its department is reminded."""

    workdays: int
    remind_workdays: int
    basis: LocalBasis


class Judged(Strict):
    """How projects are rated, and the share below which one is not accepted."""

    words: tuple[str, ...]
    counted: tuple[str, ...]
    least_percent: int
    basis: LocalBasis


class Livelihoods(Strict):
    """`rules/workflow/livelihood.yaml`."""

    id: str
    title: str
    basis: LocalBasis
    registrars: tuple[str, ...]
    closers: tuple[str, ...]
    reporters: tuple[str, ...]
    raters: tuple[str, ...]
    report: Report
    progress: tuple[str, ...]
    done: str
    satisfaction: Judged


@dataclass(frozen=True)
class LivelihoodAct:
    """One act. `at` is ISO time, UTC."""

    version: int
    step: str
    user: str
    role: str
    at: str
    given: Mapping[str, Any]
    audit_seq: int


@dataclass(frozen=True)
class Livelihood:
    """A project as it stands.

    Attributes:
        id: `MS2026-01`.
        goal: what is to be done in the year. decided: by whom and when it was chosen.
        lead: the department or unit that is responsible.
        projects: codes of budget projects that pay for it.
        planned: what it shall cost, fen.
    """

    id: str
    version: int
    state: str
    year: int
    title: str
    goal: str
    decided: str
    lead: str
    projects: tuple[str, ...]
    planned: int | None
    mof_div_code: str | None
    opened_at: str
    changed_at: str
    acts: tuple[LivelihoodAct, ...] = ()

    @property
    def asked(self) -> dict[int, date]:
        """Quarter of which progress is asked → its last day; not those over before it was
        registered."""
        since = today_of(datetime.fromisoformat(self.opened_at))
        return {quarter: day for quarter, day in self._ends.items() if day >= since}

    @property
    def before(self) -> list[int]:
        """Quarters that were over before it was registered, and of which nothing was told."""
        earlier = self._ends.keys() - self.asked.keys() - self.progress.keys()
        return sorted(earlier)

    @property
    def _ends(self) -> dict[int, date]:
        return {quarter: date(self.year, *day) for quarter, day in _ENDS.items()}

    @property
    def progress(self) -> dict[int, LivelihoodAct]:
        """Quarter → what was told of it last."""
        return {act.given["quarter"]: act for act in self.acts if act.step == "report"}

    @property
    def vote(self) -> Mapping[str, Any] | None:
        """What was written down of the vote: yes, no, abstained, chosen, held."""
        decided = (act.given for act in reversed(self.acts) if act.step == "decide")
        return next(decided, None)

    @property
    def ratings(self) -> dict[str, LivelihoodAct]:
        """Person → their last rating."""
        return {act.user: act for act in self.acts if act.step == "rate"}


PLAIN = (
    *("id", "version", "state", "year", "title", "goal", "decided", "lead", "planned"),
    *("mof_div_code", "opened_at", "changed_at"),
)


def settings() -> Livelihoods:
    """The product's file."""
    return read_one(rules_dir() / "workflow" / "livelihood.yaml", Livelihoods)


def find_livelihood(connection: sa.Connection, number: str) -> Livelihood | None:
    """One project by its id, whoever asks: inside this room only."""
    found = _select(connection, t.livelihood.c.id == number)
    return found[0] if found else None


def all_livelihoods(connection: sa.Connection) -> list[Livelihood]:
    """Every project, whoever asks: inside this room only."""
    return _select(connection)


def _select(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Livelihood]:
    table, own = t.livelihood, t.livelihood_act
    query = sa.select(table).where(*where).order_by(table.c.year.desc(), table.c.seq)
    rows = connection.execute(query).mappings().all()
    asked = sa.select(own).order_by(own.c.livelihood, own.c.version)
    asked = asked.where(own.c.livelihood.in_([row["id"] for row in rows]))
    acts: dict[str, list[LivelihoodAct]] = {}
    for act in connection.execute(asked).mappings():
        names = ("version", "step", "user", "role", "at", "audit_seq")
        told = LivelihoodAct(**{name: act[name] for name in names}, given=json.loads(act["given"]))
        acts.setdefault(act["livelihood"], []).append(told)
    return [
        Livelihood(
            **{name: row[name] for name in PLAIN},
            projects=tuple(json.loads(row["projects"])),
            acts=tuple(acts.get(row["id"], ())),
        )
        for row in rows
    ]


def get_livelihood(home: Home, actor: Actor, number: str) -> Livelihood:
    """One project.

    Raises:
        UnknownLivelihoodError: none such, or not the reader's.
    """
    with engine(home).connect() as connection:
        found = find_livelihood(connection, number)
    if found is None or not sees_livelihood(settings(), actor, found):
        raise UnknownLivelihoodError(number)
    return found


def list_livelihoods(home: Home, actor: Actor, year: int | None = None) -> list[Livelihood]:
    """Projects that the reader sees, the newest year first."""
    rules = settings()
    where = [] if year is None else [t.livelihood.c.year == year]
    with engine(home).connect() as connection:
        found = _select(connection, *where)
    return [each for each in found if sees_livelihood(rules, actor, each)]


def sees_livelihood(rules: Livelihoods, actor: Actor, one: Livelihood) -> bool:
    """Whether a project is the reader's to see."""
    grant = actor.grant
    if not grant.business:
        return False
    regions = grant.scope.regions
    near = regions is None or one.mof_div_code is None or one.mof_div_code in regions
    if actor.role in rules.reporters:
        return near and leads(actor, one)
    inside = {*rules.registrars, *rules.closers, *rules.raters}
    operator = grant.role is None and not actor.role
    return near and (operator or actor.role in inside) and not grant.scope.own


def leads(actor: Actor, one: Livelihood) -> bool:
    """Whether a department's person belongs to the one that leads it; finance coordinates all."""
    if actor.role == FINANCE_ROLE:
        return True
    codes = actor.codes
    return codes is None or one.lead in codes


def satisfaction(rules: Livelihoods, one: Livelihood) -> tuple[int, int] | None:
    """Of those who rated: how many are satisfied, of how many; None where nobody has."""
    words = [act.given["word"] for act in one.ratings.values()]
    if not words:
        return None
    return sum(word in rules.satisfaction.counted for word in words), len(words)


def late(home: Home, rules: Livelihoods, one: Livelihood, today: date) -> dict[int, date]:
    """Quarters of which nothing was told though their day has passed → that day."""
    return {q: due for q, due in owed(home, rules, one, today).items() if due < today}


def owed(home: Home, rules: Livelihoods, one: Livelihood, today: date) -> dict[int, date]:
    """Quarters of which nothing was told though their day has passed or is near → that day."""
    if one.state != GOING:
        return {}
    calendar = standard_calendar(home.calendar_file)
    near = _after(calendar, today, rules.report.remind_workdays)
    found = {}
    for quarter, end in one.asked.items():
        due = _after(calendar, end, rules.report.workdays)
        if end < today and due <= near and quarter not in one.progress:
            found[quarter] = due
    return found


def _after(calendar: WorkCalendar, start: date, days: int) -> date:
    end = start
    while days:
        end += timedelta(1)
        days -= calendar.is_workday(end)
    return end


def livelihood_record(
    home: Home, rules: Livelihoods, actor: Actor, one: Livelihood, today: date
) -> dict[str, Any]:
    """The JSON object of a project, as this reader may see it."""
    share = satisfaction(rules, one)
    mine = one.ratings.get(actor.user)
    inner = actor.role not in (*rules.registrars, *rules.closers) and actor.grant.role is not None
    ratings = [dict(act.given) for act in one.ratings.values()]
    return {
        "livelihood": one.id,
        "year": one.year,
        "title": one.title,
        "goal": one.goal,
        "decided": one.decided,
        "lead": one.lead,
        "projects": list(one.projects),
        "planned_fen": one.planned,
        "vote": None if one.vote is None else dict(one.vote),
        "state": one.state,
        "version": one.version,
        "progress": [
            {**act.given, "user": act.user, "role": act.role, "at": act.at}
            for _, act in sorted(one.progress.items())
        ],
        "before": [QUARTERS[q] for q in one.before],
        "late": {QUARTERS[q]: f"{due}" for q, due in late(home, rules, one, today).items()},
        "satisfaction": None if share is None else {"satisfied": share[0], "rated": share[1]},
        "mine": None if mine is None else mine.given["word"],
        "ratings": None if inner else ratings,
        "next": [step for step in STEPS if not refusal(rules, actor, one, step)],
    }


STEPS: Mapping[str, str] = {
    "decide": "登记票决结果",
    "report": "报季度进展",
    "rate": "评价",
    "amend": "调整登记",
    "accept": "验收",
    "stop": "终止",
}


_STATES: Mapping[str, tuple[str, ...]] = {
    "decide": (CANDIDATE,),
    "rate": (GOING, ACCEPTED),
    "amend": (GOING, CANDIDATE),
    "stop": (GOING, CANDIDATE),
}


def refusal(rules: Livelihoods, actor: Actor, one: Livelihood, step: str) -> str | None:
    """Why this person may not take this step now; None where they may."""
    who: Sequence[str] = {
        "decide": rules.closers,
        "report": rules.reporters,
        "rate": rules.raters,
        "amend": rules.registrars,
        "accept": rules.closers,
        "stop": rules.closers,
    }[step]
    if actor.role not in who:
        return f"{STEPS[step]}由{'、'.join(who)}办理，您的角色是{actor.role or '（无）'}"
    if step == "report" and not leads(actor, one):
        return f"{STEPS[step]}由承办单位办理，这一项不是您的单位承办的"
    if one.state not in _STATES.get(step, (GOING,)):
        return f"“{one.state}”的项目不能{STEPS[step]}"
    return _unfinished(rules, one) if step == "accept" else None


def _unfinished(rules: Livelihoods, one: Livelihood) -> str | None:
    """Why a project may not be accepted yet."""
    last = max(one.progress.items(), default=None)
    if last is None or last[1].given["word"] != rules.done:
        return f"最近一季的进展还不是“{rules.done}”，不能验收"
    share = satisfaction(rules, one)
    least = rules.satisfaction.least_percent
    if share is not None and share[0] * 100 < least * share[1]:
        return f"满意度 {share[0]}/{share[1]}，低于{least}%，不能验收"
    return None
