"""Where files are laid down: a folder of this machine, or (in `sftp`) one of a server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ingest.source import SourceFault

_BLOCK = 1 << 20
_LIST_BYTES = 64 << 20


@dataclass(frozen=True)
class Seen:
    """A file as it stands now: path below the folder with forward slashes, bytes, time changed."""

    path: str
    size: int
    mtime_ns: int

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]


class Place(Protocol):
    """A folder with files."""

    @property
    def shown(self) -> str:
        """What people know it by."""

    def files(self, subfolders: bool, passed: str | None) -> list[Seen]:
        """Every file, in the order of paths. Links to folders are not followed.

        Args:
            passed: a folder below this one that is not looked into (read files are moved there).

        Raises:
            SourceFault: the folder is not there, or cannot be read.
        """

    def fetch(self, seen: Seen, target: Path, go_on: Callable[[], None]) -> Seen:
        """Copy a file's content in bounded memory; return the file as it stands afterwards.

        Raises:
            OSError: it cannot be read (any more).
        """

    def text(self, seen: Seen) -> bytes:
        """The content of a small file. Raises OSError; SourceFault where it is too large."""

    def move(self, seen: Seen, target: str) -> None:
        """Move a file to a path below the folder, or to an absolute one. Raises OSError."""


def too_large_a_list(seen: Seen) -> SourceFault | None:
    """The fault where a list or marker cannot be one for its size."""
    if seen.size <= _LIST_BYTES:
        return None
    return SourceFault(f"清单“{seen.path}”有 {seen.size >> 20} MB，不像清单；请核对。")


class LocalPlace:
    """A folder of this machine, also one that is mounted from elsewhere."""

    def __init__(self, root: Path, source: str) -> None:
        self.root = root
        self._source = source

    @property
    def shown(self) -> str:
        """The folder's path."""
        return str(self.root)

    def files(self, subfolders: bool, passed: str | None) -> list[Seen]:
        """See `Place.files`."""
        if not self.root.is_dir():
            raise SourceFault(
                f"数据源“{self._source}”的文件夹 {self.root} 不存在，或网络盘没有挂载；"
                "请核对后重新运行。"
            )
        skipped = (self.root / passed).absolute() if passed else None
        found: list[Seen] = []
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda one: one.name)
            except OSError as error:
                raise SourceFault(
                    f"数据源“{self._source}”的文件夹 {folder} 读不出（{error.strerror}）；"
                    "请核对服务账号的权限。"
                ) from error
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    if subfolders and path.absolute() != skipped:
                        waiting.append(path)
                elif entry.is_file():
                    try:
                        found.append(self._seen(path))
                    except FileNotFoundError:
                        continue  # taken away meanwhile
        return sorted(found, key=lambda one: one.path)

    def fetch(self, seen: Seen, target: Path, go_on: Callable[[], None]) -> Seen:
        """See `Place.fetch`."""
        path = self.root / seen.path
        with path.open("rb") as source, target.open("wb") as sink:
            while block := source.read(_BLOCK):
                go_on()
                sink.write(block)
        return self._seen(path)

    def text(self, seen: Seen) -> bytes:
        """See `Place.text`."""
        if fault := too_large_a_list(seen):
            raise fault
        return (self.root / seen.path).read_bytes()

    def move(self, seen: Seen, target: str) -> None:
        """See `Place.move`; across disks it is copied first."""
        place = self.root / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self.root / seen.path, place)

    def _seen(self, path: Path) -> Seen:
        stat = path.stat()
        return Seen(path.relative_to(self.root).as_posix(), stat.st_size, stat.st_mtime_ns)
