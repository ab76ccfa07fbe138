"""Anchors: the head of the chain, signed, kept where the database cannot reach.

A chain alone does not show that its last entries were cut off. An anchor says: on this day the log
reached entry N with this code. Files lie in `<home>/audit/anchors`; copies in syslog, in the
printed digest or on another machine also bind a person who holds this machine.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.audit.entry import Entry
from budget_watch.audit.errors import AuditError
from budget_watch.audit.key import FOLDER, AuditKey, fingerprint, sync_folder
from budget_watch.audit.log import head

_FORM = "budget_watch audit anchor 1"


@dataclass(frozen=True)
class Anchor:
    """The head as it stood at a moment.

    Attributes:
        seq: number of the last entry.
        mac: its code.
        entry_at: when it was written.
        at: when the anchor was made, UTC.
        key: fingerprint of the key.
        sign: HMAC-SHA256 over the rest.
    """

    seq: int
    mac: str
    entry_at: str
    at: str
    key: str
    sign: str = ""

    def signed(self, secret: bytes) -> Anchor:
        """The same with its signature."""
        fields = [_FORM, self.seq, self.mac, self.entry_at, self.at, self.key]
        text = json.dumps(fields, separators=(",", ":"))
        return replace(self, sign=hmac.digest(secret, text.encode("ascii"), "sha256").hex())

    @property
    def line(self) -> str:
        """The anchor in one line, for syslog and for print."""
        return f"第{self.seq}条 {self.mac} {self.at}"


def make_anchor(
    connection: sa.Connection, key: AuditKey, at: datetime | None = None
) -> Anchor | None:
    """An anchor of the log as it stands; None where nothing was written yet."""
    last = head(connection)
    return None if last is None else anchor_of(last, key, at)


def anchor_of(last: Entry, key: AuditKey, at: datetime | None = None) -> Anchor:
    """An anchor at this entry."""
    secret = key.read()
    when = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="microseconds")
    return Anchor(last.seq, last.mac, last.at, when, fingerprint(secret)).signed(secret)


def anchors_folder(root: Path) -> Path:
    """Where a home keeps its anchors."""
    return root / FOLDER / "anchors"


def write_anchor(folder: Path, anchor: Anchor, name: str | None = None) -> Path:
    """Write an anchor to a file of its own, whole or not at all; an existing one stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name or f'{anchor.at[:10]}-{anchor.seq}'}.json"
    draft = folder / f".{secrets.token_hex(8)}"
    with draft.open("x", encoding="utf-8") as file:
        file.write(json.dumps(asdict(anchor), ensure_ascii=False, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_folder(folder)
    return path


def read_anchors(place: Path) -> list[tuple[Path, Anchor | None]]:
    """The anchors of a folder or of one file; None for a file that is none (damaged)."""
    paths = sorted(place.glob("*.json")) if place.is_dir() else [place]
    return [(path, _read(path)) for path in paths]


def own_anchors(root: Path) -> list[tuple[Path, Anchor | None]]:
    """The anchors that a home keeps itself."""
    folder = anchors_folder(root)
    return read_anchors(folder) if folder.is_dir() else []


def _read(path: Path) -> Anchor | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Anchor(**found) if isinstance(found.get("seq"), int) else None
    except FileNotFoundError:
        raise AuditError(f"没有锚文件 {path}。") from None
    except (ValueError, TypeError, AttributeError):
        return None
