"""An office whose people have accounts, and findings for them to work on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from budget_watch.access import Scope, accounts, assigning
from budget_watch.access.store import Store
from budget_watch.audit import Who
from budget_watch.casework.accounts import grant_as, store_of
from budget_watch.casework.acting import Done, act
from budget_watch.casework.cases import Actor, actor_of
from budget_watch.casework.recording import Recorded, Run, record_run
from budget_watch.casework.telling.of_runs import teller
from budget_watch.casework.workflow import workflow_of
from budget_watch.lake import Home
from budget_watch.notices.inbox import Told, inbox
from tests.casework.made_cases import given_for, id_of

OPERATOR = Who("operator", "", "", "test")
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday 10:00 in Shanghai
UNIT = Scope(units=frozenset({"101001"}))
PEOPLE: dict[str, tuple[str, Scope]] = {
    "li": ("clerk", Scope()),
    "sun": ("clerk", Scope()),
    "wang": ("reviewer", Scope()),
    "zhao": ("signer", Scope()),
    "leader": ("leader", Scope()),
    "dai": ("deputy", Scope()),
    "cai": ("finance", Scope(regions=frozenset({"990100000"}))),
    "kuai": ("unit_clerk", UNIT),
    "chief": ("unit_finance", UNIT),
    "ju": ("unit_head", UNIT),
    "other": ("unit_clerk", Scope(units=frozenset({"102001"}))),
    "county": ("clerk", Scope(regions=frozenset({"990181000"}))),
}


def store_at(home: Home, day: int = 1) -> Store:
    """The accounts as of a day of November 2026."""
    return store_of(home, lambda: datetime(2026, 11, day, tzinfo=UTC))


def open_office(home: Home) -> None:
    """Everybody of PEOPLE gets an account and their role."""
    store = store_at(home)
    for name, (role, scope) in PEOPLE.items():
        accounts.add(store, OPERATOR, name, f"{name}某")
        assigning.assign(store, OPERATOR, name, role, "任职", scope)


def finding(number: int, **more: Any) -> dict[str, Any]:
    """The n-th observation: of rule ZX06, in the city, of department 101."""
    return {
        "identity": id_of(number),
        "rule": "ZX06",
        "title": "支出进度滞后序时",
        "area": "execution",
        "outcome": "hit",
        "level": "orange",
        "class": "理",
        "provisional": False,
        "grain": {"dept_code": "101", "number": number},
        "values": {"spent": number},
        "period_end": "2026-09-30",
        "mof_div_code": "990100000",
        "dept_code": "101",
        "agency_code": "101001",
        "message": "提示",
        **more,
    }


def night(
    home: Home,
    run: str,
    found: list[dict[str, Any]],
    day: int = 19,
    at: datetime = NOW,
    **more: Any,
) -> Recorded:
    """Record a run as `check` does, with its notices."""
    rules = frozenset(each["rule"] for each in found)
    made = Run(run, "S1", "b", date(2026, 11, day), rules, [], **more)
    return record_run(home, made, found, None, teller(home, lambda: workflow_of(home.root), at))


def somebody(home: Home, user: str) -> Actor:
    """A person in their role."""
    return actor_of(home, grant_as(home, user, "test"))


def do(home: Home, user: str, target: str, step: str, **more: Any) -> Done:
    """A person takes a step with everything it needs."""
    options = {name: more.pop(name) for name in ("version", "request", "now") if name in more}
    given = given_for(home, step, **more)
    return act(home, somebody(home, user), target, step, given, **{"now": NOW, **options})


def told(home: Home, user: str, **more: Any) -> list[Told]:
    """What stands in a person's inbox, oldest first."""
    return list(reversed(inbox(home, somebody(home, user), now=NOW, **more)))


def heard(home: Home) -> dict[str, list[str]]:
    """Everybody's unread sentences, and marks them as read."""
    from budget_watch.notices.inbox import mark_seen

    found = {}
    for user in PEOPLE:
        lines = [each.sentence for each in told(home, user, unseen=True)]
        if lines:
            found[user] = lines
        mark_seen(home, somebody(home, user), now=NOW)
    return found
