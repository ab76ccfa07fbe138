"""One entry of the audit log, and the code that ties it to the one before."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from budget_watch.audit.errors import AuditError

GENESIS = "0" * 64  # what the first entry is tied to
_FORM = "budget_watch audit 1"  # changes whenever what the code covers changes


@dataclass(frozen=True)
class Who:
    """Who acts: user id, the role they act in, their session, and for what purpose."""

    user: str
    role: str = ""
    session: str = ""
    purpose: str = ""


@dataclass(frozen=True)
class Note:
    """What is to be written down.

    Attributes:
        act: code of the act, `room.verb`: `case.transfer`, `user.add`, `voucher.view`.
        kind: on what kind of thing: `case`, `user`, `voucher` …
        subject: its id.
        details: what else must be provable later; JSON-ready. Never a secret.
        at: when, UTC; now where it is None.
    """

    who: Who
    act: str
    kind: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """An entry as it is stored; every field is text but `seq`.

    Attributes:
        details: canonical JSON.
        key: fingerprint of the key that the code was made with.
        prev: the code of the entry before.
        mac: HMAC-SHA256 over all other fields, 64 hexadecimal digits.
    """

    seq: int
    at: str
    user: str
    role: str
    session: str
    purpose: str
    act: str
    kind: str
    subject: str
    details: str
    key: str
    prev: str
    mac: str

    def record(self) -> dict[str, Any]:
        """The entry as a JSON-ready mapping, details parsed."""
        return {**self.__dict__, "details": json.loads(self.details)}


def code(entry: Entry, key: bytes, seq: int | None = None) -> str:
    """The code that this entry must carry; `seq` asks as if it stood at another place."""
    covered = [
        _FORM,
        entry.seq if seq is None else seq,
        *(entry.at, entry.user, entry.role, entry.session, entry.purpose),
        *(entry.act, entry.kind, entry.subject, entry.details, entry.key, entry.prev),
    ]
    text = json.dumps(covered, ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, text.encode("ascii"), "sha256").hex()


def canonical(details: Mapping[str, Any]) -> str:
    """Details as text: keys sorted, one way to write each value."""
    text = json.dumps(
        details,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        default=str,
    )
    return _sound(text)


def plain(text: str, name: str) -> str:
    """A field's text as both databases can keep it.

    Raises:
        AuditError: it holds a NUL, which PostgreSQL does not store.
    """
    if "\0" in text:
        raise AuditError(f"审计日志的 {name} 里有空字符（NUL），不能保存。")
    return _sound(text)


def _sound(text: str) -> str:
    """The text with half surrogates, which no database keeps, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
