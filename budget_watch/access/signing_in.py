"""Signing in by password, with the second factor where one is in force; setting a password.

An unknown account takes as long, fails with the same words and is locked after as many tries as a
known one, so that nobody learns which accounts there are.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from budget_watch.access import second, sessions
from budget_watch.access import tables as t
from budget_watch.access.accounts import closed, end_everything, row_of, update
from budget_watch.access.apart import check_apart
from budget_watch.access.errors import AccessError, LockedError, SignInError
from budget_watch.access.passwords import (
    FREE_TRIES,
    check_new,
    hashed,
    lock_seconds,
    matches,
    outdated,
)
from budget_watch.access.sessions import Lasting
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

_strangers: OrderedDict[str, tuple[int, int]] = OrderedDict()  # name → failures, locked until
_lock = Lock()
_MOST_STRANGERS = 10_000
SECOND_LASTS = 300


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in came to.

    Attributes:
        token: of the session; None where the second factor is still asked for.
        pending: what stands for the right password until then, for `finish`.
        temporary: the password must be changed before anything else.
    """

    user: str
    token: str | None
    pending: str | None = None
    temporary: bool = False


def sign_in(
    store: Store,
    name: str,
    password: str,
    device: str,
    address: str,
    lasting: Lasting | None = None,
) -> SignedIn:
    """Sign in with a password; where a second factor is in force, only the first half of it.

    Raises:
        SignInError: account or password is wrong; says how many tries are left.
        LockedError: too many failures.
    """
    with store.reading() as connection:
        query = sa.select(t.user).where(t.user.c.name == name)
        row = connection.execute(query).mappings().first()
    usable = row is not None and row["disabled_at"] is None and not closed(store, name)
    _not_locked(store, name, row["locked_until"] if row is not None and usable else None, usable)
    right = matches(row["password"] if row is not None and usable else None, password)
    if row is None or not usable or not right:
        raise _failed(store, name, usable, address)
    with store.writing() as connection:
        if outdated(row["password"]):
            update(connection, name, password=hashed(password))
        if row["totp_at"] is not None:
            return SignedIn(name, None, _pending(store, connection, name))
        update(connection, name, failures=0, locked_until=None)
        token = sessions.begin(store, connection, name, "password", device, address, lasting)
    return SignedIn(name, token, None, row["temporary"])


def finish(
    store: Store,
    pending: str,
    code: str,
    device: str,
    address: str,
    lasting: Lasting | None = None,
) -> SignedIn:
    """The second half: a code of the second factor, or a recovery code.

    Failures count as those of the password do, for a guesser may have that already.

    Raises:
        SignInError: the code is wrong, or the first half is too long ago.
        LockedError: too many failures.
    """
    with store.reading() as connection:
        f = t.flow.c
        row = (
            connection.execute(
                sa.select(t.flow).where(
                    f.hash == digest(pending),
                    f.kind == "second",
                    f.state == "waiting",
                    f.expires_at > store.now,
                )
            )
            .mappings()
            .first()
        )
        person = None if row is None else row_of(connection, row["user"])
    if row is None or person is None or person["disabled_at"] is not None:
        raise SignInError("等待动态口令已超过5分钟，请重新登录。")
    name = str(row["user"])
    _not_locked(store, name, person["locked_until"], True)
    with store.writing() as connection:
        how = second.accepted(store, connection, name, code)
        used = sa.update(t.flow).where(f.hash == row["hash"], f.state == "waiting")
        if how is not None and connection.execute(used.values(state="done")).rowcount == 1:
            update(connection, name, failures=0, locked_until=None)
            method = f"password+{how}"
            token = sessions.begin(store, connection, name, method, device, address, lasting)
            if how == "recovery":
                store.note(connection, Who(name), "recovery_used", name)
            return SignedIn(name, token, None, person["temporary"])
    raise _failed(store, name, True, address, "动态口令不正确")


def _pending(store: Store, connection: sa.Connection, name: str) -> str:
    token = secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(t.flow).values(
            hash=digest(token),
            kind="second",
            state="waiting",
            data="{}",
            user=name,
            made_at=store.now,
            expires_at=store.now + SECOND_LASTS,
        )
    )
    return token


def set_password(store: Store, by: Who, user: str, password: str, about: str = "") -> None:
    """Set a password; where another than the user does, it must be changed at the next sign-in.

    All sessions of the account end, for whoever knew the old password may hold one.

    Raises:
        AccessError: it may not be one, or is another administrator's (`apart`).
    """
    check_apart(store, by, user)
    with store.reading() as connection:
        display = str(row_of(connection, user)["display"])
    check_new(password, (user, display, about))
    stored = hashed(password)
    with store.writing() as connection:
        row_of(connection, user)
        own = by.user == user
        update(
            connection,
            user,
            password=stored,
            password_at=store.now,
            temporary=not own,
            failures=0,
            locked_until=None,
        )
        end_everything(store, connection, user, by.user)
        store.note(connection, by, "password", user, own=own)


def change_password(
    store: Store,
    by: Who,
    user: str,
    old: str,
    new: str,
    device: str,
    address: str,
    lasting: Lasting | None = None,
    method: str = "password",
) -> str:
    """A user's own change: the old password is asked; returns the token of a new session.

    Args:
        method: how the session began in which it is changed; the new one says the same of itself.

    Raises:
        SignInError: the old password is wrong. AccessError: the new one may not be one.
    """
    with store.reading() as connection:
        row = row_of(connection, user)
    _not_locked(store, user, row["locked_until"], True)
    if not matches(row["password"], old):
        raise _failed(store, user, True, address)
    if old == new:
        raise AccessError("新密码与原密码相同，请换一个。")
    kept = _codes(store, user)
    set_password(store, by, user, new)
    with store.writing() as connection:
        if kept:  # the second factor stays, and so do its recovery codes
            connection.execute(
                sa.update(t.code).where(t.code.c.hash.in_(kept)).values(ended_at=None)
            )
        return sessions.begin(store, connection, user, method, device, address, lasting)


def prove(store: Store, user: str, password: str, address: str) -> None:
    """Ask for the password again before something that matters. Raises SignInError."""
    with store.reading() as connection:
        row = row_of(connection, user)
    _not_locked(store, user, row["locked_until"], True)
    if not matches(row["password"], password):
        raise _failed(store, user, True, address)


def temporary_password() -> str:
    """A random password to hand over once: five groups of letters easy to read out."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def _codes(store: Store, user: str) -> list[str]:
    c = t.code.c
    query = sa.select(c.hash).where(
        c.user == user, c.kind == "recovery", c.ended_at.is_(None), c.used_at.is_(None)
    )
    with store.reading() as connection:
        return [str(each) for each in connection.execute(query).scalars()]


def _not_locked(store: Store, name: str, until: int | None, known: bool) -> None:
    if not known:
        with _lock:
            until = _strangers.get(name, (0, 0))[1]
    if until is not None and until > store.now:
        raise LockedError(until - store.now)


def _failed(
    store: Store, name: str, known: bool, address: str, what: str = "账号或密码不正确"
) -> SignInError:
    """Count a failure; what to raise."""
    if known:
        with store.writing() as connection:
            failures = int(row_of(connection, name)["failures"]) + 1
            wait = lock_seconds(failures)
            until = store.now + wait if wait else None
            update(connection, name, failures=failures, locked_until=until)
            store.note(
                connection, Who(name), "sign_in_failed", name, tries=failures, address=address
            )
    else:
        with _lock:
            failures = _strangers.get(name, (0, 0))[0] + 1
            wait = lock_seconds(failures)
            _strangers[name] = (failures, store.now + wait if wait else 0)
            _strangers.move_to_end(name)
            while len(_strangers) > _MOST_STRANGERS:
                _strangers.popitem(last=False)
    if wait:
        return LockedError(wait)
    return SignInError(f"{what}，还可尝试{FREE_TRIES - failures}次。")
