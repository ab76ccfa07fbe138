"""Roles that begin and end with a session: given by the one who gives roles, ended by the day.

Each is an ordinary role with a first and a last day, so that after the session nothing of it is
left to be taken back. Who holds the role already keeps their own, longer one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from budget_watch.access import assigning
from budget_watch.access.errors import AccessError
from budget_watch.access.grant import Scope, Window
from budget_watch.access.granting import require
from budget_watch.access.store import Store
from budget_watch.audit import Who
from budget_watch.casework.accounts import store_of
from budget_watch.congress.errors import UnknownCongressError
from budget_watch.congress.session import DEPUTY, Congress, Member, all_congresses, find_congress
from budget_watch.lake import Home
from budget_watch.lake.state import engine

ROLE = {DEPUTY: "deputy"}
_DESK_ROLE = "finance"


@dataclass(frozen=True)
class Told:
    """What became of one member: 已授予, 已有, 已收回, or why not."""

    user: str
    name: str
    role: str
    said: str


def grant_members(
    home: Home,
    by: Who,
    role: str | None,
    number: str,
    *,
    clock: Callable[[], datetime] | None = None,
) -> list[Told]:
    """Give every member their role, from the session's first day to its last.

    Args:
        role: the code of the role in which `by` acts; None for the one at the keyboard.

    Raises:
        ForbiddenError: not one who gives roles.
        UnknownCongressError: no such session.
    """
    store = store_of(home, clock)
    require(store, role, "permissions")
    one = _found(home, number)
    return [_granted(store, by, one, each) for each in one.members]


def _granted(store: Store, by: Who, one: Congress, member: Member) -> Told:
    wanted = ROLE.get(member.part, _DESK_ROLE)
    title = store.roles[wanted].title
    held = [e for e in assigning.assignments(store, member.user) if e.role == wanted]
    now = [e for e in held if not e.ended and (e.until is None or e.until >= one.until)]
    if any(each.since <= max(one.since, store.today) for each in now):
        return Told(member.user, member.name, title, "已有，不另授")
    scope = Scope(regions=frozenset({one.mof_div_code}))
    try:
        assigning.assign(
            store,
            by,
            member.user,
            wanted,
            f"会次 {one.id} {one.title}",
            scope,
            window=Window(until=one.until),
            since=one.since,
            until=one.until,
        )
    except AccessError as error:
        return Told(member.user, member.name, title, str(error))
    return Told(member.user, member.name, title, f"已授予 {one.since} 至 {one.until}")


def to_grant(store: Store, home: Home) -> list[Congress]:
    """Sessions that are not over today, for the one who gives the roles of their members."""
    with engine(home).connect() as connection:
        found = all_congresses(connection)
    return [each for each in found if each.closed_at is None and each.until >= store.today]


def standing(store: Store, one: Congress) -> tuple[int, int]:
    """Of the members of a session: how many hold their role today, how many will on its days."""
    now = ahead = 0
    for member in one.members:
        wanted = ROLE.get(member.part, _DESK_ROLE)
        held = [e for e in assigning.assignments(store, member.user) if e.role == wanted]
        in_force = any(each.in_force(store.today) for each in held)
        now += in_force
        ahead += not in_force and any(not each.ended and each.since > store.today for each in held)
    return now, ahead


def end_grants(
    home: Home,
    by: Who,
    role: str | None,
    number: str,
    reason: str,
    *,
    clock: Callable[[], datetime] | None = None,
) -> list[Told]:
    """Take back at once what was given for a session that was closed before its last day."""
    store = store_of(home, clock)
    require(store, role, "permissions")
    one, told = _found(home, number), []
    for member in one.members:
        wanted = ROLE.get(member.part, _DESK_ROLE)
        own = f"会次 {one.id} "
        held = [
            each
            for each in assigning.assignments(store, member.user)
            if each.role == wanted and each.in_force(store.today) and each.reason.startswith(own)
        ]
        if held:
            assigning.end_assignment(store, by, member.user, wanted, reason)
            told.append(Told(member.user, member.name, store.roles[wanted].title, "已收回"))
    return told


def _found(home: Home, number: str) -> Congress:
    with engine(home).connect() as connection:
        found = find_congress(connection, number)
    if found is None:
        raise UnknownCongressError(number)
    return found
