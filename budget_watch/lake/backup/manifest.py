"""The manifest (清单) of a backup: every file with its SHA-256, and what the whole stands for.

On disk: one line with the SHA-256 of all that follows, then JSON. A manifest with a wrong byte is
not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from budget_watch.lake.errors import BackupError
from budget_watch.lake.snapshot import CHINA

FORMAT = 1
STATE_ROWS = "state.rows"  # the state of a database server, row by row; see `state_rows`


@dataclass(frozen=True)
class Entry:
    """One file of the home.

    Attributes:
        path: relative to the home, with forward slashes.
        sha256: of its content. size: in bytes. mode: permission bits. mtime_ns: of the original.
    """

    path: str
    sha256: str
    size: int
    mode: int
    mtime_ns: int


@dataclass(frozen=True)
class Manifest:
    """One backup.

    Attributes:
        number: how many-th backup of its folder; the order of backups, whatever the clock said.
        home: the folder that was backed up.
        made_at: when the state was copied, with time zone.
        revision: of the state's schema.
        snapshot: id of the latest snapshot; None where nothing was published.
        biz_date: its business date, ISO.
        spool: `whole`, or `waiting`: without content that the ledger has as taken.
        keys: name of a key → its fingerprint; the keys themselves are elsewhere.
        left_out: files of the home that are not here, and why.
        missing: files that the state names and that were not whole at the time.
        private: folders that only their owner may read.
        files: everything.
    """

    number: int
    home: str
    made_at: datetime
    program: str
    revision: str
    snapshot: str | None
    biz_date: str | None
    spool: str
    keys: Mapping[str, str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    files: tuple[Entry, ...] = ()

    @property
    def name(self) -> str:
        """What people call it: number and time in China."""
        return f"{self.number}（{self.made_at.astimezone(CHINA):%Y-%m-%d %H:%M}）"

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files)

    @property
    def on_server(self) -> bool:
        """Whether the state lived on a database server."""
        return any(entry.path == STATE_ROWS for entry in self.files)

    def written(self) -> bytes:
        """As it stands on disk."""
        told: dict[str, Any] = asdict(self)
        told["made_at"] = self.made_at.isoformat()
        told["files"] = [list(asdict(entry).values()) for entry in self.files]
        text = json.dumps({"format": FORMAT, **told}, ensure_ascii=False, separators=(",", ":"))
        body = text.encode()
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body

    @classmethod
    def read(cls, data: bytes, where: str) -> Manifest:
        """Read back what `written` gave.

        Raises:
            BackupError: a byte is wrong, or it was written by a newer program.
        """
        head, _, body = data.partition(b"\n")
        if head != hashlib.sha256(body).hexdigest().encode():
            raise BackupError(
                f"备份清单 {where} 已损坏（与自身的 SHA-256 不符）。"
                "请换用另一次备份，或从存放备份的另一份介质取回这个文件。"
            )
        told = json.loads(body)
        if told.pop("format") != FORMAT:
            raise BackupError(f"备份清单 {where} 由更新版本的程序写成；请升级 budget_watch。")
        told["made_at"] = datetime.fromisoformat(told["made_at"])
        told["files"] = tuple(Entry(*entry) for entry in told["files"])
        for name in ("missing", "private"):
            told[name] = tuple(told[name])
        return cls(**told)


def by_path(manifests: Iterable[Manifest]) -> dict[str, Entry]:
    """The newest entry of each path over several backups, given oldest first."""
    return {entry.path: entry for manifest in manifests for entry in manifest.files}
