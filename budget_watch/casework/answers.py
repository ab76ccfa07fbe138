"""What departments and the finance department answered to findings, in their own words.

An answer counts once it was issued: the act by which the case came to be answered; drafts are the
department's own. A later answer, after the committee asked for more, takes the earlier one's place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from budget_watch.casework.cases import FINANCE, HERE, Act, Actor, Case, Desk, list_cases
from budget_watch.lake import Home


@dataclass(frozen=True)
class Answer:
    """One issued answer.

    Attributes:
        case: the case's number.
        by: the code of the unit or department that answered; `财政` for the finance department.
        day: when it was issued (Asia/Shanghai).
        text: their words, on one line.
    """

    case: str
    by: str
    day: date
    text: str


def answers(home: Home, actor: Actor, findings: Collection[str]) -> dict[str, Answer]:
    """The last issued answer to each of these findings, of cases that the reader may see.

    Raises:
        WorkflowError: the workflow file is wrong.
    """
    wanted, desk = set(findings), Desk.of(home)
    found: dict[str, Answer] = {}
    for case in list_cases(home, actor):
        mine = wanted.intersection(case.findings)
        told = _last(desk, case) if mine else None
        if told is not None:
            found |= dict.fromkeys(mine, told)
    return found


def _last(desk: Desk, case: Case) -> Answer | None:
    drafted, told = "", None
    for act in case.acts:
        if act.given.get("proposed") or not desk.department(act.role):
            continue
        own = str(act.given.get("text") or "")
        drafted = own or drafted
        if _answers(desk, act):
            words = " ".join((own or str(act.given.get("reason") or "") or drafted).split())
            step = desk.flow.transition.get(act.transition)
            by = case.addressee if step is not None and step.turn == "addressee" else None
            day = datetime.fromisoformat(act.at).astimezone(HERE).date()
            told = Answer(case.id, by or FINANCE, day, words) if words else told
            drafted = ""
    return told


def _answers(desk: Desk, act: Act) -> bool:
    """Whether the case was unanswered before the act and answered after it."""
    before, after = (desk.flow.state.get(name) for name in (act.from_state, act.to_state))
    return after is not None and after.answered and not (before is not None and before.answered)
