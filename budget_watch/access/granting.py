"""From a person to their Grant: one role at a time, so that rights of two never add up."""

from __future__ import annotations

from dataclasses import dataclass

from budget_watch.access.accounts import account, closed
from budget_watch.access.assigning import Approval, Assignment, approvals, assignments
from budget_watch.access.errors import ForbiddenError, NoRoleError
from budget_watch.access.grant import Grant, Mask, Opening
from budget_watch.access.roles import Act, find_role
from budget_watch.access.store import Store


@dataclass(frozen=True)
class Capacity:
    """In what a person may act: a role, or a role under one approval.

    Attributes:
        title: what pages call it.
    """

    assignment: Assignment
    approval: Approval | None
    title: str

    @property
    def role(self) -> str:
        """The role's code."""
        return self.assignment.role

    @property
    def number(self) -> int | None:
        """The approval's number."""
        return self.approval.number if self.approval else None


def capacities(store: Store, user: str) -> list[Capacity]:
    """What a person may act in today, roles first, then each approval under its role.

    Raises:
        UnknownUserError: no such account.
    """
    if not account(store, user).active or closed(store, user):
        return []
    day = store.today
    held = {
        each.role: each
        for each in assignments(store, user)
        if each.in_force(day) and each.role in store.roles
    }
    found = [Capacity(each, None, store.roles[each.role].title) for each in held.values()]
    found += [
        Capacity(
            held[each.role],
            each,
            f"{store.roles[each.role].title}（批准 {each.number}，至{each.until}）",
        )
        for each in approvals(store, user)
        if each.in_force(day) and each.role in held
    ]
    return found


def grant_of(
    store: Store, user: str, purpose: str, role: str | None = None, approval: int | None = None
) -> Grant:
    """The Grant of a person in one of their roles.

    Args:
        purpose: why they read, in a few words.
        role: code or title; the first they hold where none is named.
        approval: number of the approval they act under.

    Raises:
        UnknownUserError: no such account.
        NoRoleError: disabled, no role in force, or not this role or approval.
    """
    wanted = find_role(dict(store.roles), role) if role else None
    found = capacities(store, user)
    if not found and closed(store, user):
        raise NoRoleError(
            f"{user} 是示范账号，开立正式账号后不能登录，也不能以它的身份办理；请写正式账号。"
        )
    for each in found:
        if wanted in (None, each.role) and each.number == approval:
            return grant_in(store, each, purpose)
    if not found:
        raise NoRoleError(f"账号 {user} 已停用，或没有有效的角色；请安全管理员授予。")
    names = "、".join(each.title for each in found)
    raise NoRoleError(f"账号 {user} 没有所选的角色或批准；现有 {names}。")


def grant_in(store: Store, capacity: Capacity, purpose: str) -> Grant:
    """The Grant of a capacity."""
    held, under = capacity.assignment, capacity.approval
    role = store.roles[held.role]
    opening = None
    if under is not None:
        opening = Opening(under.number, under.names, under.depth, under.sensitivity)
    return Grant(
        user=held.user,
        purpose=purpose,
        scope=held.scope if under is None else held.scope.within(under.scope),
        mask=Mask.NONE if role.names else Mask.PERSONS,
        depth=role.reach,
        tables=role.of_tables,
        rules=role.of_rules,
        only=held.matter,
        withheld=frozenset(role.withheld),
        window=held.window,
        findings=role.of_findings,
        opening=opening,
        role=held.role,
        business=not role.admin,
        sums=role.sums,
    )


def may(store: Store, role: str | None, act: Act) -> bool:
    """Whether a role may do an act; the one at the keyboard (no role) may."""
    return role is None or (role in store.roles and act in store.roles[role].acts)


def require(store: Store, role: str | None, act: Act) -> None:
    """See that a role may do an act. Raises ForbiddenError, naming the roles that may."""
    if may(store, role, act):
        return
    able = "、".join(each.title for each in store.roles.values() if act in each.acts)
    raise ForbiddenError(f"您的身份不能办理这件事；可办理的有 {able}。")
