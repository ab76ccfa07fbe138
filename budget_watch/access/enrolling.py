"""A deputy's phone: a personal one-time code binds it, then a PIN of six digits signs it in.

The phone holds a random token for half a year, the database its SHA-256. The PIN counts only from
that phone, and five wrong ones in a row unbind it: what is guessed elsewhere is worth nothing.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from budget_watch.access import sessions
from budget_watch.access import tables as t
from budget_watch.access.accounts import row_of
from budget_watch.access.apart import check_apart
from budget_watch.access.errors import AccessError, SignInError
from budget_watch.access.passwords import FREE_TRIES, hashed, matches
from budget_watch.access.sessions import DAY, HOUR, Lasting
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

CODE_LASTS = 7 * DAY
DEVICE_LASTS = 180 * DAY
ON_A_PHONE = Lasting(idle=2 * HOUR, longest=12 * HOUR)
_PIN = re.compile(r"\d{6}")
USED = "此二维码已被使用，请联系预算工委重新发放。"
OVER = "二维码已过期，请联系预算工委重新发放。"


@dataclass(frozen=True)
class Code:
    """A code that may be used: for whom, and how they are called."""

    user: str
    display: str


def issue(store: Store, by: Who, user: str, lasts: int = CODE_LASTS) -> str:
    """A new enrolment code for an account; earlier unused ones end. Shown once, stored as a hash.

    Raises:
        AccessError: the account is disabled, or another administrator's (`apart`).
    """
    check_apart(store, by, user)
    token = secrets.token_urlsafe(24)
    with store.writing() as connection:
        if row_of(connection, user)["disabled_at"] is not None:
            raise AccessError(f"账号 {user} 已停用。")
        c = t.code.c
        connection.execute(
            sa.update(t.code)
            .where(c.user == user, c.kind == "enrol", c.used_at.is_(None), c.ended_at.is_(None))
            .values(ended_at=store.now)
        )
        connection.execute(
            sa.insert(t.code).values(
                hash=digest(token),
                user=user,
                kind="enrol",
                made_at=store.now,
                made_by=by.user,
                expires_at=store.now + lasts,
            )
        )
        store.note(connection, by, "enrol_code", user, expires_in_hours=lasts // HOUR)
    return token


def look(store: Store, token: str) -> Code:
    """For whom a code is. Raises SignInError where it may not be used any more."""
    with store.reading() as connection:
        return _usable(store, connection, token)


def enrol(store: Store, token: str, pin: str, device: str, address: str) -> tuple[str, str]:
    """Bind a phone with a code and a new PIN: returns the phone's token and a session's.

    Raises:
        SignInError: the code is used, over or unknown. AccessError: the PIN may not be one.
    """
    _check_pin(pin)
    stored = hashed(pin)
    phone = secrets.token_urlsafe(32)
    with store.writing() as connection:
        found = _usable(store, connection, token)
        used = connection.execute(
            sa.update(t.code)
            .where(t.code.c.hash == digest(token), t.code.c.used_at.is_(None))
            .values(used_at=store.now)
        )
        if used.rowcount != 1:
            raise SignInError(USED)
        connection.execute(
            sa.insert(t.device).values(
                token=digest(phone),
                user=found.user,
                pin=stored,
                failures=0,
                device=device[:200],
                made_at=store.now,
                expires_at=store.now + DEVICE_LASTS,
            )
        )
        store.note(connection, Who(found.user), "enrol", found.user, device=device[:200])
        return phone, sessions.begin(
            store, connection, found.user, "code", device, address, ON_A_PHONE
        )


def bound(store: Store, phone: str) -> Code | None:
    """Whose phone this is; None where it is bound to nobody (any more)."""
    with store.reading() as connection:
        row = _device(store, connection, phone)
        if row is None:
            return None
        person = row_of(connection, row["user"])
    return None if person["disabled_at"] is not None else Code(row["user"], person["display"])


def sign_in(store: Store, phone: str, pin: str, device: str, address: str) -> str:
    """Sign a bound phone in with its PIN; returns the session's token.

    Raises:
        SignInError: not bound, or the PIN is wrong; the fifth wrong one in a row unbinds it.
    """
    with store.reading() as connection:
        row = _device(store, connection, phone)
        person = None if row is None else row_of(connection, row["user"])
    usable = row is not None and person is not None and person["disabled_at"] is None
    right = matches(row["pin"] if row is not None and usable else None, pin)
    if row is None or not usable:
        raise SignInError("这部手机没有绑定，请用预算工委发放的二维码绑定。")
    with store.writing() as connection:
        now = _device(store, connection, phone)
        if now is None:
            raise SignInError("这部手机已解除绑定，请联系预算工委重新发放二维码。")
        d = t.device.c
        mine = sa.update(t.device).where(d.number == row["number"])
        if right:
            connection.execute(mine.values(failures=0))
            return sessions.begin(
                store, connection, row["user"], "code", device, address, ON_A_PHONE
            )
        failures = now["failures"] + 1
        over = failures >= FREE_TRIES
        ended = {"ended_at": store.now, "ended_by": "口令错误"} if over else {}
        connection.execute(mine.values(failures=failures, **ended))
        act = "device_end" if over else "sign_in_failed"
        store.note(connection, Who(row["user"]), act, row["user"], tries=failures, address=address)
    if over:
        raise SignInError("口令连续5次不正确，这部手机已解除绑定，请联系预算工委重新发放二维码。")
    raise SignInError(f"口令不正确，还可尝试{FREE_TRIES - failures}次。")


def devices(store: Store, user: str) -> list[Mapping[Any, Any]]:
    """The phones bound to an account now: number, device, made_at, expires_at."""
    d = t.device.c
    query = sa.select(d.number, d.device, d.made_at, d.expires_at).where(
        d.user == user, d.ended_at.is_(None), d.expires_at > store.now
    )
    with store.reading() as connection:
        return list(connection.execute(query.order_by(d.number)).mappings())


def unbind(store: Store, by: Who, user: str, number: int) -> None:
    """Unbind a phone; sessions begun on it by PIN end as well."""
    d = t.device.c
    with store.writing() as connection:
        done = connection.execute(
            sa.update(t.device)
            .where(d.number == number, d.user == user, d.ended_at.is_(None))
            .values(ended_at=store.now, ended_by=by.user)
        )
        if done.rowcount != 1:
            raise AccessError(f"账号 {user} 没有绑定的手机 {number}。")
        s = t.session.c
        connection.execute(
            sa.update(t.session)
            .where(s.user == user, s.method == "code", s.ended_at.is_(None))
            .values(ended_at=store.now, ended_by=by.user)
        )
        store.note(connection, by, "device_end", user, device=number)


def _usable(store: Store, connection: sa.Connection, token: str) -> Code:
    c = t.code.c
    query = sa.select(t.code).where(c.hash == digest(token), c.kind == "enrol")
    row = connection.execute(query).mappings().first()
    if row is None or row["used_at"] is not None or row["ended_at"] is not None:
        raise SignInError(USED)
    if row["expires_at"] <= store.now:
        raise SignInError(OVER)
    person = row_of(connection, row["user"])
    if person["disabled_at"] is not None:
        raise SignInError(USED)
    return Code(row["user"], person["display"])


def _device(store: Store, connection: sa.Connection, phone: str) -> Mapping[Any, Any] | None:
    d = t.device.c
    query = sa.select(t.device).where(
        d.token == digest(phone), d.ended_at.is_(None), d.expires_at > store.now
    )
    return connection.execute(query).mappings().first()


def _check_pin(pin: str) -> None:
    if not _PIN.fullmatch(pin):
        raise AccessError("口令是6位数字。")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    halves = len({pin[i : i + 2] for i in (0, 2, 4)}) == 1 or pin[:3] == pin[3:]
    if steps in ({0}, {1}, {-1}) or halves:
        raise AccessError("这个口令太容易被猜到（连号或重复），请换一个。")
