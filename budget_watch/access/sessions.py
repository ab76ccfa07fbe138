"""Sessions: begun at sign-in, ended by leaving, by silence, by age, or by somebody at once.

The browser holds a random token, the database its SHA-256. What a session may see is asked anew at
every request, so that a role taken away or an account closed counts from that moment.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from budget_watch.access import tables as t
from budget_watch.access.errors import AccessError
from budget_watch.access.granting import capacities
from budget_watch.access.store import Store, digest
from budget_watch.audit import Who

MINUTE, HOUR, DAY = 60, 3600, 86400
IDLE, LONGEST = 30 * MINUTE, 12 * HOUR
_TOUCH = 30  # a session's last request is written down at most so often, seconds
METHODS = {
    "password": "密码",
    "password+totp": "密码+动态口令",
    "password+recovery": "密码+恢复码",
    "code": "手机",
    "desktop": "手机扫码",
    "oidc": "统一认证",
}


@dataclass(frozen=True)
class Lasting:
    """How long sessions of an installation last, seconds: silence, and age."""

    idle: int = IDLE
    longest: int = LONGEST


@dataclass(frozen=True)
class Session:
    """One session as it stands.

    Attributes:
        role, approval: in what they act.
        device: what the browser says it is. address: of the network.
    """

    number: int
    user: str
    role: str | None
    approval: int | None
    method: str
    device: str
    address: str
    made_at: int
    seen_at: int
    idle: int
    expires_at: int
    ended_at: int | None
    ended_by: str | None

    def open(self, now: int) -> bool:
        """Whether it counts."""
        silent = now - self.seen_at >= self.idle
        return self.ended_at is None and now < self.expires_at and not silent


def begin(
    store: Store,
    connection: sa.Connection,
    user: str,
    method: str,
    device: str,
    address: str,
    lasting: Lasting | None = None,
) -> str:
    """Begin a session inside the caller's transaction.

    Returns its token, which is stored nowhere.
    """
    token, how = secrets.token_urlsafe(32), lasting or Lasting()
    done = connection.execute(
        sa.insert(t.session).values(
            token=digest(token),
            user=user,
            method=method,
            device=device[:200],
            address=address[:64],
            made_at=store.now,
            seen_at=store.now,
            idle=how.idle,
            expires_at=store.now + how.longest,
        )
    )
    number = done.inserted_primary_key[0] if done.inserted_primary_key else None
    who = Who(user, "", str(number), METHODS[method])
    store.note(
        connection, who, "sign_in", user, method=method, device=device[:200], address=address[:64]
    )
    return token


def begun(store: Store, token: str) -> Session | None:
    """The session of a token, open or long ended; None where it never was one of this home."""
    with store.reading() as connection:
        query = sa.select(t.session).where(t.session.c.token == digest(token))
        row = connection.execute(query).mappings().first()
    return None if row is None else _session(row)


def find(store: Store, token: str) -> Session | None:
    """The open session of a token, its silence counted anew; None where there is none."""
    with store.reading() as connection:
        query = sa.select(t.session).where(t.session.c.token == digest(token))
        row = connection.execute(query).mappings().first()
        disabled = (
            row is not None
            and connection.execute(
                sa.select(t.user.c.disabled_at).where(t.user.c.name == row["user"])
            ).scalar()
        )
    found = _session(row) if row is not None and not disabled else None
    if found is None or not found.open(store.now):
        return None
    if store.now - found.seen_at >= _TOUCH:
        with store.writing() as connection:
            connection.execute(
                sa.update(t.session)
                .where(t.session.c.number == found.number, t.session.c.ended_at.is_(None))
                .values(seen_at=store.now)
            )
    return found


def act_in(store: Store, session: Session, role: str, approval: int | None = None) -> None:
    """Choose in which role, and under which approval, a session acts.

    Raises:
        AccessError: the person holds no such role or approval.
    """
    found = capacities(store, session.user)
    if not any(each.role == role and each.number == approval for each in found):
        raise AccessError("您没有所选的身份，可能已到期或被收回。请从列表中另选。")
    with store.writing() as connection:
        connection.execute(
            sa.update(t.session)
            .where(t.session.c.number == session.number)
            .values(role=role, approval=approval)
        )
        who = Who(session.user, role, str(session.number), "切换身份")
        store.note(connection, who, "act_in", session.user, role=role, approval=approval)


def end(store: Store, by: Who, number: int) -> None:
    """End a session at once. Raises AccessError where there is no open one of this number."""
    with store.writing() as connection:
        ended = _end(store, connection, by, t.session.c.number == number)
        if not ended:
            raise AccessError(f"没有仍有效的会话 {number}。")
        store.note(connection, by, "session_end", ended[0], session=number)


def end_all(store: Store, by: Who, user: str, but: int | None = None) -> int:
    """End all sessions of an account, but one if asked; returns how many were open."""
    with store.writing() as connection:
        mine = t.session.c.user == user
        ended = _end(
            store, connection, by, mine if but is None else mine & (t.session.c.number != but)
        )
        if ended:
            store.note(connection, by, "sessions_end", user, sessions=len(ended))
    return len(ended)


def sessions(store: Store, user: str | None = None, open_only: bool = True) -> list[Session]:
    """Sessions of an account or of all, the latest first."""
    query = sa.select(t.session).order_by(t.session.c.number.desc())
    if user is not None:
        query = query.where(t.session.c.user == user)
    if open_only:
        query = query.where(_still_open(store.now))
    with store.reading() as connection:
        return [_session(row) for row in connection.execute(query).mappings()]


def _end(
    store: Store, connection: sa.Connection, by: Who, which: sa.ColumnElement[bool]
) -> list[str]:
    s, now = t.session.c, store.now
    rows = connection.execute(sa.select(s.number, s.user).where(which, _still_open(now))).all()
    connection.execute(
        sa.update(t.session)
        .where(s.number.in_([row[0] for row in rows]))
        .values(ended_at=now, ended_by=by.user)
    )
    return [str(row[1]) for row in rows]


def _still_open(now: int) -> sa.ColumnElement[bool]:
    """`Session.open`, asked of the database."""
    s = t.session.c
    return s.ended_at.is_(None) & (s.expires_at > now) & (s.seen_at + s.idle > now)


def _session(row: Mapping[Any, Any]) -> Session:
    return Session(**{name: row[name] for name in Session.__dataclass_fields__})
