"""Makes a backup: `back_up(home, store, spool_files)`."""

from __future__ import annotations

import importlib.metadata
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from budget_watch.lake.backup import keys
from budget_watch.lake.backup.contents import SpoolFiles, Wanted, audit_files, wanted
from budget_watch.lake.backup.manifest import Entry, Manifest
from budget_watch.lake.backup.state_copy import copied
from budget_watch.lake.backup.store import ArchiveStore, FolderStore, Kept, Store
from budget_watch.lake.errors import BackupError
from budget_watch.lake.home import Home

Progress = Callable[[str], None]
_TRIES = 3


@dataclass(frozen=True)
class Made:
    """A backup that was made, how many files and bytes of it were new, and where it lies."""

    manifest: Manifest
    new_files: int
    new_bytes: int
    path: Path


class _Gone(Exception):
    """A file that somebody names is not there, or is not what it was."""


def back_up(
    home: Home,
    store: FolderStore | ArchiveStore,
    spool_files: SpoolFiles,
    whole_spool: bool = True,
    progress: Progress = lambda text: None,
) -> Made:
    """Back a home up while runs and pages go on; killed at any instant it leaves no backup.

    Args:
        spool_files: tells the spools' files, see `ingest.spool_backup`.
        whole_spool: also the content of what is in the lake; without, the sources' originals are
            not kept, but nothing is lost of what the lake does not have.
        progress: is told in Chinese what is being done.

    Raises:
        BackupError: the place cannot be written, the state cannot be read.
    """
    apart(home, store.path)
    with store.writing(home.root) as place:
        progress("复制状态数据库")
        made_at, left_out = datetime.now(UTC), dict[str, str]()
        anchors = audit_files(home)
        with copied(home, place.scratch) as state:
            work = _Copying(place)
            work.take(Wanted(state.name, state.path, needed=True))
            progress("复制数据文件")
            # Slips are listed after the state, so that no parcel falls between the two.
            for one in wanted(home, state.named, anchors, left_out):
                work.take(one)
            for one in spool_files(home, state.named.taken, whole_spool):
                work.take(one)
            manifest = Manifest(
                max(place.numbers(), default=0) + 1 if isinstance(place, FolderStore) else 1,
                str(home.root),
                made_at,
                importlib.metadata.version("budget-watch"),
                state.named.revision,
                state.named.snapshot,
                state.named.biz_date,
                "whole" if whole_spool else "waiting",
                keys.of_home(home),
                left_out,
                tuple(work.missing),
                _private(home, work.entries),
                tuple(work.entries.values()),
            )
        progress("落盘并写清单")
        try:
            place.finish(manifest)
        except OSError as error:
            raise _no_room(store.path, error) from error
    return Made(manifest, work.new_files, work.new_bytes, store.path)


class _Copying:
    """Takes files into a store, those that it has from an earlier backup only by name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.entries: dict[str, Entry] = {}
        self.missing: list[str] = []
        self.new_files = self.new_bytes = 0

    def take(self, one: Wanted) -> None:
        try:
            self.entries[one.path] = self._taken(one)
        except (_Gone, FileNotFoundError):
            if one.needed:
                self.missing.append(one.path)

    def _taken(self, one: Wanted) -> Entry:
        if one.data is not None:
            return self._entry(one.path, self._put(one), 0o600, 0)
        for _ in range(_TRIES):
            before = one.source.stat()
            mode = stat.S_IMODE(before.st_mode)
            known = self._store.known(one.path)
            if known is not None and _same(one, known, before):
                entry = Entry(one.path, known.sha256, known.size, mode, before.st_mtime_ns)
                return entry
            if one.size not in (None, before.st_size):
                raise _Gone(one.path)
            kept = self._put(one)
            if one.sha256 not in (None, kept.sha256):
                raise _Gone(one.path)
            after = one.source.stat()
            if (after.st_size, after.st_mtime_ns) == (kept.size, before.st_mtime_ns) or one.once:
                break  # else it was written anew meanwhile
        return self._entry(one.path, kept, mode, before.st_mtime_ns)

    def _put(self, one: Wanted) -> Kept:
        try:
            return self._store.put(one.path, one.source if one.data is None else one.data)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.filename == str(one.source):
                raise BackupError(
                    f"文件 {one.source} 读不出：{error.strerror}。没有备份成。"
                    "请检查它的读权限，用运行服务的账号备份。"
                ) from error
            raise _no_room(self._store.path, error) from error

    def _entry(self, path: str, kept: Kept, mode: int, mtime_ns: int) -> Entry:
        self.new_files += kept.new
        self.new_bytes += kept.size if kept.new else 0
        return Entry(path, kept.sha256, kept.size, mode, mtime_ns)


def _same(one: Wanted, known: Entry, now: os.stat_result) -> bool:
    if one.sha256 is not None:
        return known.sha256 == one.sha256
    if one.once:
        return known.size == now.st_size
    return (known.size, known.mtime_ns) == (now.st_size, now.st_mtime_ns)


def apart(home: Home, place: Path) -> None:
    """Refuse a place in the home, or around it."""
    root, there = home.root.resolve(), place.resolve()
    if there.is_relative_to(root) or root.is_relative_to(there):
        raise BackupError(
            f"备份不能放在数据目录里（{place}）：磁盘坏了会一起丢。请用 --to 给出别处的文件夹。"
        )


def _no_room(path: Path, error: OSError) -> BackupError:
    return BackupError(
        f"备份写不进 {path}：{error.strerror or error}。这次没有备份成，以前的备份不受影响。"
        "请腾出空间（可用 --keep 少留几份）或检查写权限，然后重新运行。"
    )


def _private(home: Home, entries: dict[str, Entry]) -> tuple[str, ...]:
    """The folders of these files that only their owner may enter."""
    folders = {str(parent) for path in entries for parent in Path(path).parents} - {"."}
    found = []
    for folder in sorted(folders):
        try:
            if not stat.S_IMODE((home.root / folder).stat().st_mode) & 0o077:
                found.append(folder)
        except OSError:
            continue
    return tuple(found)
