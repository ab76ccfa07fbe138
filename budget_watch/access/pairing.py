"""Signing a desktop in with a phone that is signed in.

The desktop shows a code for a minute and a number; the phone that opens it is told which device
asks from where, and must choose that number among three. A stolen picture of the code is worth
nothing: the number stands on the desktop's screen alone, and the session goes to the browser that
asked, which holds the other half of the secret.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from budget_watch.access import sessions
from budget_watch.access import tables as t
from budget_watch.access.accounts import row_of
from budget_watch.access.errors import SignInError
from budget_watch.access.sessions import Lasting, Session
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

LASTS = 60
OVER = "二维码已过期，请刷新。"
State = Literal["waiting", "seen", "agreed", "refused", "over"]


@dataclass(frozen=True)
class Waiting:
    """What a desktop holds while it waits.

    Attributes:
        code: in the QR code's address. secret: in a cookie of the desktop alone.
        number: shown beside the code.
    """

    code: str
    secret: str
    number: int
    expires_at: int


@dataclass(frozen=True)
class Asking:
    """What the phone is shown: the device and address that ask, when, and three numbers."""

    device: str
    address: str
    made_at: int
    choices: tuple[int, ...]


def begin(store: Store, device: str, address: str) -> Waiting:
    """A desktop begins to wait."""
    code, secret = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    picked = secrets.SystemRandom().sample(range(10, 100), 3)
    number = secrets.choice(picked)
    data = {
        "secret": digest(secret),
        "number": number,
        "choices": picked,
        "device": device[:200],
        "address": address[:64],
    }
    with store.writing() as connection:
        connection.execute(
            sa.insert(t.flow).values(
                hash=digest(code),
                kind="desktop",
                state="waiting",
                data=json.dumps(data, ensure_ascii=False),
                made_at=store.now,
                expires_at=store.now + LASTS,
            )
        )
    return Waiting(code, secret, number, store.now + LASTS)


def seen(store: Store, code: str, phone: Session) -> Asking:
    """The phone opened the code: it is that phone's from now on.

    Raises:
        SignInError: over, used, or another phone's.
    """
    with store.writing() as connection:
        row = _row(store, connection, code)
        if row["state"] == "waiting":
            connection.execute(
                sa.update(t.flow)
                .where(t.flow.c.hash == row["hash"])
                .values(state="seen", user=phone.user)
            )
        elif row["state"] != "seen" or row["user"] != phone.user:
            raise SignInError(OVER)
    data = json.loads(row["data"])
    return Asking(data["device"], data["address"], row["made_at"], tuple(data["choices"]))


def answer(store: Store, code: str, phone: Session, number: int | None) -> bool:
    """The phone chooses a number, or refuses (None); whether the desktop is let in.

    A wrong number counts as a refusal. Both are written down.

    Raises:
        SignInError: over, used, or another phone's.
    """
    who = Who(phone.user, phone.role or "", str(phone.number), "手机确认")
    with store.writing() as connection:
        row = _row(store, connection, code)
        if row["state"] != "seen" or row["user"] != phone.user:
            raise SignInError(OVER)
        data = json.loads(row["data"])
        right = number is not None and number == data["number"]
        connection.execute(
            sa.update(t.flow)
            .where(t.flow.c.hash == row["hash"])
            .values(state="agreed" if right else "refused")
        )
        act = "desktop_agreed" if right else "desktop_refused"
        told = {"device": data["device"], "address": data["address"]}
        if number is not None and not right:
            told["why"] = "数字不符"
        store.note(connection, who, act, phone.user, **told)
    return right


def collect(
    store: Store, code: str, secret: str, device: str, address: str, lasting: Lasting | None = None
) -> tuple[State, str | None]:
    """The desktop asks how it stands; with `agreed` comes the session's token, once.

    Args:
        secret: the half that only the desktop holds.
    """
    with store.writing() as connection:
        try:
            row = _row(store, connection, code)
        except SignInError:
            return "over", None
        data = json.loads(row["data"])
        if not secrets.compare_digest(data["secret"], digest(secret)):
            return "over", None
        if row["state"] != "agreed":
            state: State = row["state"]
            return state, None
        if row_of(connection, row["user"])["disabled_at"] is not None:
            return "over", None
        connection.execute(
            sa.update(t.flow).where(t.flow.c.hash == row["hash"]).values(state="done")
        )
        token = sessions.begin(store, connection, row["user"], "desktop", device, address, lasting)
        return "agreed", token


def _row(store: Store, connection: sa.Connection, code: str) -> Mapping[Any, Any]:
    query = sa.select(t.flow).where(t.flow.c.hash == digest(code), t.flow.c.kind == "desktop")
    row = connection.execute(query).mappings().first()
    if row is None or row["expires_at"] <= store.now or row["state"] == "done":
        raise SignInError(OVER)
    return row
