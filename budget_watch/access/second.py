"""The second factor: one-time passwords by time (TOTP, RFC 6238) and recovery codes.

The seed is encrypted with a key outside the database. A code counts once; a step earlier or later
than now is taken, for clocks differ. Recovery codes count once each.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pyotp
import sqlalchemy as sa

from budget_watch.access import tables as t
from budget_watch.access.accounts import row_of, update
from budget_watch.access.apart import check_apart
from budget_watch.access.errors import AccessError
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

ISSUER = "人大预算国资联网监督"
STEP = 30
CODES = 10
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that is taken for another


@dataclass(frozen=True)
class Seed:
    """A new second factor, shown once: the address of its QR code and the key to type in."""

    uri: str
    key: str


def begin(store: Store, by: Who, user: str) -> Seed:
    """Make a new seed; it is in force when a first code confirms it. An old one stays until then.

    Raises:
        AccessError: one is in force already.
    """
    with store.writing() as connection:
        row = row_of(connection, user)
        if row["totp_at"] is not None:
            raise AccessError("已启用动态口令；要换手机请先停用再启用。")
        key = pyotp.random_base32()
        update(connection, user, totp=store.sealed(key), totp_step=None)
        store.note(connection, by, "totp_begin", user)
    uri = pyotp.TOTP(key).provisioning_uri(name=user, issuer_name=ISSUER)
    return Seed(uri, key)


def confirm(store: Store, by: Who, user: str, code: str) -> list[str]:
    """Put the seed in force with its first code; gives the recovery codes, shown once.

    Raises:
        AccessError: no seed was begun, or the code is not its.
    """
    with store.writing() as connection:
        row = row_of(connection, user)
        if row["totp"] is None or row["totp_at"] is not None:
            raise AccessError("没有待确认的动态口令；请先生成二维码。")
        step = _step(store, row["totp"], None, code)
        if step is None:
            raise AccessError("动态口令不对；请核对手机时间，再输入当前的6位数字。")
        update(connection, user, totp_at=store.now, totp_step=step)
        made = _new_codes(store, connection, by, user)
        store.note(connection, by, "totp_on", user)
    return made


def stop(store: Store, by: Who, user: str, reason: str) -> None:
    """Take the second factor away, with its recovery codes.

    Raises:
        AccessError: there is none, no reason is given, or it is another administrator's (`apart`).
    """
    check_apart(store, by, user)
    if not reason.strip():
        raise AccessError("请写明停用动态口令的原因。")
    with store.writing() as connection:
        row = row_of(connection, user)
        if row["totp"] is None:
            raise AccessError(f"账号 {user} 没有启用动态口令。")
        update(connection, user, totp=None, totp_at=None, totp_step=None)
        _end_codes(store, connection, user)
        store.note(connection, by, "totp_off", user, reason=reason.strip())


def accepted(store: Store, connection: sa.Connection, user: str, code: str) -> str | None:
    """How a code is accepted, `totp` or `recovery`, and used up with it; None where it is not.

    Inside the caller's transaction.
    """
    row, typed = row_of(connection, user), "".join(code.split()).upper()
    if row["totp"] is None or row["totp_at"] is None:
        return None
    step = _step(store, row["totp"], row["totp_step"], typed)
    if step is not None:
        update(connection, user, totp_step=step)
        return "totp"
    kept = t.code.c
    used = connection.execute(
        sa.update(t.code)
        .where(
            kept.hash == digest(f"recovery:{user}:{typed.replace('-', '')}"),
            kept.user == user,
            kept.kind == "recovery",
            kept.used_at.is_(None),
            kept.ended_at.is_(None),
        )
        .values(used_at=store.now)
    )
    return "recovery" if used.rowcount == 1 else None


def codes_left(store: Store, user: str) -> int:
    """How many recovery codes were not used."""
    kept = t.code.c
    query = sa.select(sa.func.count()).where(
        kept.user == user,
        kept.kind == "recovery",
        kept.used_at.is_(None),
        kept.ended_at.is_(None),
    )
    with store.reading() as connection:
        return int(connection.execute(query).scalar() or 0)


def _step(store: Store, sealed: str, last: int | None, code: str) -> int | None:
    """The time step whose code this is, if it is near now and later than the last one used."""
    totp = pyotp.TOTP(store.opened(sealed))
    now = store.now // STEP
    for step in (now, now - 1, now + 1):
        fits = secrets.compare_digest(totp.at(step * STEP).encode(), code.strip().encode())
        if fits and (last is None or step > last):
            return step
    return None


def _new_codes(store: Store, connection: sa.Connection, by: Who, user: str) -> list[str]:
    _end_codes(store, connection, user)
    made = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(CODES)]
    rows = [
        {
            "hash": digest(f"recovery:{user}:{each}"),
            "user": user,
            "kind": "recovery",
            "made_at": store.now,
            "made_by": by.user,
        }
        for each in made
    ]
    connection.execute(sa.insert(t.code), rows)
    return [f"{each[:5]}-{each[5:]}" for each in made]


def _end_codes(store: Store, connection: sa.Connection, user: str) -> None:
    connection.execute(
        sa.update(t.code)
        .where(t.code.c.user == user, t.code.c.kind == "recovery", t.code.c.ended_at.is_(None))
        .values(ended_at=store.now)
    )
