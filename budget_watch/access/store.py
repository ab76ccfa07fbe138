"""What the functions of this room are given: the state database, the clock, the key, the audit log.

The room stands below the lake and knows no home; `casework.accounts` makes a Store for one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cryptography.fernet import Fernet

from budget_watch.access.register import Register
from budget_watch.access.roles import Role
from budget_watch.audit import AuditKey, Note, Who, append

_HERE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Store:
    """Where accounts live.

    Attributes:
        reading: opens a connection for reading.
        writing: opens a transaction that holds the write lock.
        audit: the key of the audit log, into which every act goes within its own transaction.
        key: reads, or makes at first use, the key that seeds of second factors are encrypted with.
        roles: the roles of this installation.
        clock: what time it is; with a time zone.
        register: the unit table, in which codes of a grant are looked up.
    """

    reading: Callable[[], AbstractContextManager[sa.Connection]]
    writing: Callable[[], AbstractContextManager[sa.Connection]]
    audit: AuditKey
    key: Callable[[], bytes]
    roles: Mapping[str, Role]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    register: Callable[[], Register] = Register

    @property
    def now(self) -> int:
        """Whole seconds since 1970 UTC."""
        return int(self.clock().timestamp())

    @property
    def today(self) -> date:
        """The day in China."""
        return self.clock().astimezone(_HERE).date()

    def note(
        self, connection: sa.Connection, who: Who, act: str, user: str, **details: Any
    ) -> None:
        """Write an act on an account into the audit log, within its own transaction."""
        entry = Note(who, f"user.{act}", "user", user, details, self.clock())
        append(connection, self.audit, entry)

    def sealed(self, plain: str) -> str:
        """A text encrypted with the key outside the database."""
        return Fernet(self.key()).encrypt(plain.encode()).decode()

    def opened(self, sealed: str) -> str:
        """The text again."""
        return Fernet(self.key()).decrypt(sealed.encode()).decode()


def key_file(path: Path, make: Callable[[], bytes] = Fernet.generate_key) -> bytes:
    """The key at a path, made where there is none: readable by its owner alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{secrets.token_hex(8)}.half")
        draft.touch(0o600)
        draft.write_bytes(make())
        try:
            path.hardlink_to(draft)  # the first one made stays, if two make it at once
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def digest(token: str) -> str:
    """What is stored of a token or one-time code: SHA-256; random ones need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def moment(seconds: int) -> datetime:
    """A stored time."""
    return datetime.fromtimestamp(seconds, UTC)
