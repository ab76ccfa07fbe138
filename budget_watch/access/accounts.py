"""Accounts: made, listed, disabled, enabled. An account without a role sees nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from budget_watch.access import tables as t
from budget_watch.access.apart import check_apart
from budget_watch.access.errors import AccessError, UnknownUserError
from budget_watch.access.store import Store
from budget_watch.audit import Who

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
EXAMPLE = "demo-"  # begins the names of the demo's example accounts
RESERVED = ("operator", "system")  # the one at the keyboard, and the machine


@dataclass(frozen=True)
class Account:
    """One account as it stands.

    Attributes:
        name: what they sign in with. display: what pages call them.
        temporary: the password was set by somebody else and must be changed.
        failures: failed tries in a row. locked_until: seconds since 1970, if locked.
        second: whether a second factor is in force.
        subject: whom the province's sign-in knows them as.
    """

    name: str
    display: str
    made_at: int
    made_by: str
    disabled_at: int | None
    has_password: bool
    temporary: bool
    failures: int
    locked_until: int | None
    second: bool
    subject: str | None

    @property
    def active(self) -> bool:
        """Whether they may sign in."""
        return self.disabled_at is None


def add(
    store: Store,
    by: Who,
    name: str,
    display: str,
    subject: str | None = None,
    *,
    example: bool = False,
) -> Account:
    """Make an account, without password and role.

    Args:
        example: one of the demo; only these are named so.

    Raises:
        AccessError: the name is not one, or is taken (also by a disabled account: names are never
            used again, so that the audit log stays clear).
    """
    if not _NAME.fullmatch(name):
        raise AccessError(
            f"账号“{name}”不合规：2至32位，小写字母、数字、点、横线、下划线，以字母或数字开头。"
        )
    if name in RESERVED:
        raise AccessError(f"账号 {name} 是系统保留的名字，请换一个。")
    if name.startswith(EXAMPLE) is not example:
        raise AccessError(f"账号 {name}：{EXAMPLE} 开头的名字只用于示范账号，请换一个。")
    if not display.strip():
        raise AccessError("请写明姓名或称谓。")
    with store.writing() as connection:
        if connection.execute(sa.select(t.user).where(t.user.c.name == name)).first():
            raise AccessError(f"账号 {name} 已经有了（停用的账号名也不再使用），请换一个。")
        _free(connection, subject, name)
        connection.execute(
            sa.insert(t.user).values(
                name=name,
                display=display.strip(),
                made_at=store.now,
                made_by=by.user,
                temporary=False,
                failures=0,
                subject=subject,
            )
        )
        store.note(connection, by, "add", name, display=display.strip(), subject=subject)
    return account(store, name)


def account(store: Store, name: str) -> Account:
    """One account. Raises UnknownUserError."""
    with store.reading() as connection:
        return _account(row_of(connection, name))


def accounts(store: Store) -> list[Account]:
    """All accounts by name, disabled ones too."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(t.user).order_by(t.user.c.name)).mappings().all()
    return [_account(row) for row in rows]


def any_accounts(store: Store) -> bool:
    """Whether there is a real account: then nobody reads without signing in."""
    real = sa.select(t.user.c.name).where(~t.user.c.name.startswith(EXAMPLE)).limit(1)
    with store.reading() as connection:
        return connection.execute(real).first() is not None


def any_examples(store: Store) -> bool:
    """Whether the demo made its example accounts here."""
    made = sa.select(t.user.c.name).where(t.user.c.name.startswith(EXAMPLE)).limit(1)
    with store.reading() as connection:
        return connection.execute(made).first() is not None


def closed(store: Store, name: str) -> bool:
    """Whether an account is one of the demo's in a home that has real ones: it signs in no more."""
    return name.startswith(EXAMPLE) and any_accounts(store)


def usable(store: Store) -> set[str]:
    """The accounts that somebody may sign in with: not disabled, no example beside real ones."""
    found = [each.name for each in accounts(store) if each.active]
    real = any_accounts(store)
    return {name for name in found if not (real and name.startswith(EXAMPLE))}


def retire_examples(store: Store, by: Who, reason: str) -> list[str]:
    """Disable the demo's accounts that are not yet; returns which. One by one, so that a second
    run ends what an interrupted one began."""
    found = [e.name for e in accounts(store) if e.active and e.name.startswith(EXAMPLE)]
    for name in found:
        disable(store, by, name, reason)
    return found


def disable(store: Store, by: Who, name: str, reason: str) -> None:
    """Close an account at once: its sessions, devices and codes end with it.

    Raises:
        AccessError: no reason, or their own account.
    """
    if not reason.strip():
        raise AccessError("请写明停用的原因。")
    if by.user == name:
        raise AccessError("不能停用自己的账号；请另一位系统管理员办理。")
    with store.writing() as connection:
        row = row_of(connection, name)
        if row["disabled_at"] is not None:
            raise AccessError(f"账号 {name} 早已停用。")
        update(connection, name, disabled_at=store.now)
        end_everything(store, connection, name, by.user)
        store.note(connection, by, "disable", name, reason=reason.strip())


def enable(store: Store, by: Who, name: str, reason: str) -> None:
    """Open a disabled account, or one that is locked by failures, again."""
    if not reason.strip():
        raise AccessError("请写明恢复的原因。")
    with store.writing() as connection:
        row = row_of(connection, name)
        if row["disabled_at"] is None and not row["failures"]:
            raise AccessError(f"账号 {name} 没有停用，也没有锁定。")
        update(connection, name, disabled_at=None, failures=0, locked_until=None)
        store.note(connection, by, "enable", name, reason=reason.strip())


def connect(store: Store, by: Who, name: str, subject: str | None) -> None:
    """Say whom the province's sign-in knows an account as (`issuer#sub`); None takes it away.

    Raises:
        AccessError: another account is known so, or it is another administrator's (`apart`).
    """
    if subject is not None:
        check_apart(store, by, name)
    with store.writing() as connection:
        row_of(connection, name)
        _free(connection, subject, name)
        update(connection, name, subject=subject)
        store.note(connection, by, "connect", name, subject=subject)


def end_everything(store: Store, connection: sa.Connection, name: str, by: str) -> None:
    """End all sessions, devices and codes of an account, inside the caller's transaction."""
    now = store.now
    for table in (t.session, t.device):
        connection.execute(
            sa.update(table)
            .where(table.c.user == name, table.c.ended_at.is_(None))
            .values(ended_at=now, ended_by=by)
        )
    connection.execute(
        sa.update(t.code)
        .where(t.code.c.user == name, t.code.c.ended_at.is_(None), t.code.c.used_at.is_(None))
        .values(ended_at=now)
    )


def row_of(connection: sa.Connection, name: str) -> Mapping[Any, Any]:
    """The stored row. Raises UnknownUserError."""
    row = connection.execute(sa.select(t.user).where(t.user.c.name == name)).mappings().first()
    if row is None:
        raise UnknownUserError(name)
    return row


def update(connection: sa.Connection, name: str, **values: Any) -> None:
    """Change columns of an account's row."""
    connection.execute(sa.update(t.user).where(t.user.c.name == name).values(**values))


def _free(connection: sa.Connection, subject: str | None, name: str) -> None:
    if subject is None:
        return
    query = sa.select(t.user.c.name).where(t.user.c.subject == subject, t.user.c.name != name)
    taken = connection.execute(query).scalar()
    if taken is not None:
        raise AccessError(f"统一认证的身份已对应账号 {taken}，一个身份只对应一个账号。")


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(
        row["name"],
        row["display"],
        row["made_at"],
        row["made_by"],
        row["disabled_at"],
        row["password"] is not None,
        row["temporary"],
        row["failures"],
        row["locked_until"],
        row["totp"] is not None and row["totp_at"] is not None,
        row["subject"],
    )
