"""Attached files on disk: kept once by their SHA-256, checked against it whenever they are read.

`<home>/attachments/ab/abcdef…` holds the bytes; which file belongs to what stands in the tables of
cases and of opinions. Nothing is deleted.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from budget_watch.audit.key import sync_folder
from budget_watch.casework.errors import CaseworkError
from budget_watch.lake import Home


class FileLostError(CaseworkError):
    """A stored file is gone or is not what it was. Says which."""


@dataclass(frozen=True)
class Attachment:
    """A file of a case or an opinion. `size` is bytes, `hash` SHA-256."""

    hash: str
    name: str
    media: str
    size: int
    user: str
    role: str
    at: str


COLUMNS = tuple(Attachment.__dataclass_fields__)


def keep(home: Home, content: bytes) -> str:
    """Put the bytes on disk, whole or not at all; returns their hash."""
    digest = hashlib.sha256(content).hexdigest()
    path = _path(home, digest)
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return digest
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
    return digest


def bytes_of(home: Home, attached: Attachment) -> bytes:
    """What a file holds.

    Raises:
        FileLostError: it is not on disk, or not what it was.
    """
    path = _path(home, attached.hash)
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != attached.hash:
        said = f"附件“{attached.name}”（{attached.hash[:16]}）不在或已损坏；请从备份恢复。"
        raise FileLostError(said)
    return content


def _path(home: Home, digest: str) -> Path:
    return home.root / "attachments" / digest[:2] / digest
