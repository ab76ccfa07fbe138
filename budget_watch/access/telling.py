"""How accounts, roles and approvals are told to people, once for commands and pages."""

from __future__ import annotations

from budget_watch.access.accounts import Account, closed
from budget_watch.access.assigning import Approval, Assignment
from budget_watch.access.grant import Scope
from budget_watch.access.register import WORDS
from budget_watch.access.store import Store

OFF, LOCKED, FIRST, ACTIVE, NO_PASSWORD = "已停用", "已锁定", "待改初始密码", "在用", "未设密码"
EXAMPLE_CLOSED = "示范，不能登录"
STATES = (ACTIVE, FIRST, NO_PASSWORD, LOCKED, EXAMPLE_CLOSED, OFF)


def state_of(store: Store, one: Account) -> str:
    """How an account stands, in one of `STATES`."""
    if not one.active:
        return OFF
    if closed(store, one.name):
        return EXAMPLE_CLOSED
    if one.locked_until is not None and one.locked_until > store.now:
        return LOCKED
    if one.temporary:
        return FIRST
    return ACTIVE if one.has_password or one.subject else NO_PASSWORD


def role_title(store: Store, role: str) -> str:
    """A role's title; its code where this installation has no such role any more."""
    return store.roles[role].title if role in store.roles else role


def rows_of(store: Store, scope: Scope) -> str:
    """The rows a scope lets through: each code with its name, so that a slip of a digit is seen."""
    if scope == Scope():
        return "不限行"
    register = store.register()
    said = []
    for kind, word in WORDS.items():
        codes = getattr(scope, kind)
        if codes is not None:
            told = [register.told(kind, code, scope.regions) for code in sorted(codes)]
            said.append(f"{word} {'、'.join(told)}")
    return "；".join(said)


def granted_text(store: Store, scope: Scope) -> str:
    """What follows the word that something was granted: the rows by name, and what was not checked.

    Empty where the scope cuts nothing.
    """
    if scope == Scope():
        return ""
    return f"范围：{rows_of(store, scope)}。{store.register().unchecked(scope)}"


def limits_of(store: Store, each: Assignment) -> list[str]:
    """What a role held is kept to: rows, window of business dates, matter."""
    said = [rows_of(store, each.scope)]
    if not each.window.open:
        said.append(f"业务日期 {each.window.key}")
    if each.matter is not None:
        said.append(f"限于{'、'.join(sorted(each.matter))}")
    return said


def assignment_state(store: Store, each: Assignment) -> str:
    """Whether a role held counts today."""
    if each.in_force(store.today):
        return "有效"
    return "已收回" if each.ended else "未生效或已到期"


def approval_state(store: Store, each: Approval) -> str:
    """Whether an approval counts today."""
    if each.in_force(store.today):
        return "有效"
    return "已收回" if each.ended else "已到期"


def approval_text(store: Store, each: Approval) -> str:
    """What an approval opens."""
    names = "、".join(sorted(each.names))
    return f"{names} 到{each.depth.word}，{each.sensitivity.word}；{rows_of(store, each.scope)}"
