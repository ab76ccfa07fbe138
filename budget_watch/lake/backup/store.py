"""Where backups lie: a folder that holds many, each content once, or one archive that holds one.

<folder>/budget_watch.backup            says what the folder is and whose
<folder>/objects/ab/abcd…               content by SHA-256
<folder>/backups/00012.manifest         one a backup; what no manifest names is rubbish

<file>.tar                              files/<path in the home> …, then the manifest
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeVar

from budget_watch.lake.backup.manifest import Entry, Manifest, by_path
from budget_watch.lake.errors import BackupError
from budget_watch.lake.files import make_durable

T = TypeVar("T")
BLOCK = 1 << 20
_SMALL = 8 << 20
MARKER, OBJECTS, BACKUPS, SUFFIX = "budget_watch.backup", "objects", "backups", ".manifest"


@dataclass(frozen=True)
class Kept:
    """A content that a store holds; `new`: it did not before."""

    sha256: str
    size: int
    new: bool = True


class Store(Protocol):
    """A place for backups."""

    path: Path

    def known(self, path: str) -> Entry | None:
        """The entry of the newest backup of this path whose content is here."""

    def put(self, path: str, source: Path | bytes) -> Kept:
        """Keep a content."""

    def finish(self, manifest: Manifest) -> None:
        """Make all durable and write the manifest: from now on the backup is one."""

    def open(self, entry: Entry) -> IO[bytes]:
        """The content of an entry. Raises KeyError where it is not here."""

    def numbers(self) -> list[int]:
        """The numbers of all backups, oldest first."""

    def manifest(self, number: int) -> Manifest:
        """A backup's manifest. Raises BackupError where it cannot be read."""

    @property
    def scratch(self) -> Path:
        """A folder beside the backups for what is written in between; may not be there."""


class FolderStore:
    """Backups in a folder; what did not change since the last one is not copied again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: list[str] = []
        self._earlier: dict[str, Entry] | None = None
        self._kept: set[str] = set()
        self._fresh: list[Path] = []

    @contextmanager
    def writing(self, home: Path) -> Iterator[FolderStore]:
        """Take the folder for writing; made where there is none.

        Raises:
            BackupError: it holds something else, another home's backups, or is being written.
        """
        _told_if_denied(self.path, lambda: self._prepare(home))
        with (self.path / "writing.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BackupError(
                    f"另一个备份正在写入 {self.path}。请等它结束后再运行。"
                ) from error
            found, self.damaged = self.readable()
            self._earlier = by_path(found)
            self._kept = {entry.sha256 for one in found for entry in one.files}
            for half in (self.path / OBJECTS).glob("*.half"):
                half.unlink(missing_ok=True)
            self.forget(set())  # what a killed backup left
            with _emptied(self.scratch):
                yield self

    def known(self, path: str) -> Entry | None:
        """See Store."""
        return (self._earlier or {}).get(path)

    def put(self, path: str, source: Path | bytes) -> Kept:
        """See Store."""
        if isinstance(source, bytes):
            digest = hashlib.sha256(source).hexdigest()
            if digest in self._kept:
                return Kept(digest, len(source), new=False)
        half = self.path / OBJECTS / f"{secrets.token_hex(8)}.half"
        try:
            with half.open("wb") as target:
                digest, size = _copied(source, target)
            new = digest not in self._kept
            if not new:
                half.unlink()
            else:
                place = self._object(digest)
                place.parent.mkdir(exist_ok=True)
                half.replace(place)
                self._kept.add(digest)
                self._fresh.append(place)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        return Kept(digest, size, new)

    def finish(self, manifest: Manifest) -> None:
        """See Store."""
        make_durable(self._fresh)
        target = self._manifest(manifest.number)
        half = target.with_suffix(".half")
        half.write_bytes(manifest.written())
        make_durable([half])
        half.replace(target)
        make_durable([target])

    def open(self, entry: Entry) -> IO[bytes]:
        """See Store."""
        try:
            return self._object(entry.sha256).open("rb")
        except FileNotFoundError as error:
            raise KeyError(entry.path) from error

    def numbers(self) -> list[int]:
        """See Store."""
        found = (self.path / BACKUPS).glob(f"*{SUFFIX}")
        return sorted(int(path.stem) for path in found if path.stem.isdigit())

    def manifest(self, number: int) -> Manifest:
        """See Store."""
        path = self._manifest(number)
        try:
            return Manifest.read(path.read_bytes(), str(path))
        except OSError as error:
            raise BackupError(f"备份清单 {path} 读不出：{error.strerror}。") from error

    def readable(self) -> tuple[list[Manifest], list[str]]:
        """The backups that can be read, oldest first, and what is wrong with the others."""
        found, damaged = [], []
        for number in self.numbers():
            try:
                found.append(self.manifest(number))
            except BackupError as error:
                damaged.append(str(error))
        return found, damaged

    def forget(self, numbers: set[int]) -> int:
        """Remove these backups and what no other needs; return the bytes that came free.

        Where a manifest cannot be read nobody knows what it needs, and no content is removed.
        """
        for number in numbers:
            self._manifest(number).unlink(missing_ok=True)
        found, damaged = self.readable()
        named = {entry.sha256 for one in found for entry in one.files}
        free = 0
        for path in () if damaged else (self.path / OBJECTS).glob("*/*"):
            if path.name not in named:
                free += path.stat().st_size
                path.unlink()
        return free

    @property
    def scratch(self) -> Path:
        """See Store."""
        return self.path / "scratch"

    def _manifest(self, number: int) -> Path:
        return self.path / BACKUPS / f"{number:05}{SUFFIX}"

    def _object(self, digest: str) -> Path:
        return self.path / OBJECTS / digest[:2] / digest

    def _prepare(self, home: Path) -> None:
        marker = self.path / MARKER
        if marker.exists():
            owner = marker.read_text(encoding="utf-8").strip()
            if owner != str(home):
                raise BackupError(
                    f"{self.path} 存放的是数据目录 {owner} 的备份，不是 {home} 的。"
                    "请用 --to 另给一个文件夹。"
                )
        elif self.path.exists() and any(self.path.iterdir()):
            raise BackupError(
                f"{self.path} 不是空的，也不是备份文件夹。请用 --to 另给一个空的或新的文件夹。"
            )
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (OBJECTS, BACKUPS):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)
        if not marker.exists():
            half = marker.with_suffix(".half")
            half.write_text(f"{home}\n", encoding="utf-8")
            half.replace(marker)


class ArchiveStore:
    """One backup in one tar file, readable without this program."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tar: tarfile.TarFile | None = None
        self._half = path.with_name(f".{path.name}.half")

    @contextmanager
    def writing(self, home: Path) -> Iterator[ArchiveStore]:
        """Write beside the target; `finish` renames. `home` is told by the manifest.

        Raises:
            BackupError: there is such a file already.
        """
        if self.path.exists():
            raise BackupError(f"备份文件 {self.path} 已经有了。请另起一个名字，或先移走它。")

        def opened() -> tarfile.TarFile:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            return tarfile.open(
                fileobj=os.fdopen(handle, "wb"), mode="w", format=tarfile.PAX_FORMAT
            )

        self._tar = _told_if_denied(self.path, opened)
        try:
            with _emptied(self.scratch):
                yield self
        finally:
            self._half.unlink(missing_ok=True)

    def known(self, path: str) -> Entry | None:
        """Nothing: an archive is written anew."""
        return None

    def put(self, path: str, source: Path | bytes) -> Kept:
        """See Store."""
        return self._add(f"files/{path}", source)

    def finish(self, manifest: Manifest) -> None:
        """See Store."""
        self._add(f"{BACKUPS}/{manifest.number:05}{SUFFIX}", manifest.written())
        tar = self._writer
        tar.close()
        file: IO[bytes] = tar.fileobj  # type: ignore[assignment]
        file.close()
        make_durable([self._half])
        self._half.replace(self.path)
        make_durable([self.path])

    def open(self, entry: Entry) -> IO[bytes]:
        """See Store."""
        found = self._reader.extractfile(f"files/{entry.path}")
        if found is None:
            raise KeyError(entry.path)
        return found

    def numbers(self) -> list[int]:
        """See Store."""
        return [1]

    def manifest(self, number: int) -> Manifest:
        """See Store."""
        try:
            tar = self._reader
            for member in reversed(tar.getmembers()):
                if member.name.startswith(f"{BACKUPS}/") and (file := tar.extractfile(member)):
                    return Manifest.read(file.read(), f"{self.path} 中的 {member.name}")
        except (tarfile.TarError, OSError) as error:
            raise BackupError(f"备份文件 {self.path} 读不出（{error}）。{_OTHER}") from error
        raise BackupError(
            f"备份文件 {self.path} 不完整：没有清单（没有写完，或中间有字节损坏）。{_OTHER}"
        )

    @property
    def scratch(self) -> Path:
        """See Store."""
        return self.path.with_name(f".{self.path.name}.scratch")

    @property
    def _reader(self) -> tarfile.TarFile:
        if self._tar is None:
            self._tar = tarfile.open(self.path, "r:")  # noqa: SIM115 - as long as the store
        return self._tar

    @property
    def _writer(self) -> tarfile.TarFile:
        if self._tar is None:
            raise BackupError(f"备份文件 {self.path} 没有打开。")
        return self._tar

    def _add(self, name: str, source: Path | bytes) -> Kept:
        member = tarfile.TarInfo(name)
        member.mode = 0o600
        if isinstance(source, Path) and source.stat().st_size <= _SMALL:
            source = source.read_bytes()  # it may be written anew while it is read
        if isinstance(source, bytes):
            member.size = len(source)
            self._writer.addfile(member, io.BytesIO(source))
            return Kept(hashlib.sha256(source).hexdigest(), len(source))
        with source.open("rb") as file:
            member.size = os.fstat(file.fileno()).st_size
            hashing = _Hashing(file)
            self._writer.addfile(member, hashing)  # type: ignore[arg-type]
        return Kept(hashing.digest.hexdigest(), member.size)


_OTHER = "请换用另一次备份。"


def open_store(path: Path) -> FolderStore | ArchiveStore:
    """The backups that lie at a place.

    Raises:
        BackupError: there are none.
    """
    if path.is_file():
        return ArchiveStore(path)
    if (path / MARKER).exists():
        return FolderStore(path)
    what = "不是备份文件夹" if path.exists() else "不存在"
    raise BackupError(f"{path} {what}。请给出 budget-watch backup --to 写的文件夹或 .tar 文件。")


def new_store(path: Path) -> FolderStore | ArchiveStore:
    """Where to write to: an archive where the name ends in `.tar`, a folder otherwise."""
    return ArchiveStore(path) if path.suffix == ".tar" else FolderStore(path)


class _Hashing:
    """A file that is hashed while somebody reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _copied(source: Path | bytes, target: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
            target.write(block)
    return digest.hexdigest(), size


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """An empty folder, gone at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told_if_denied(path: Path, act: Callable[[], T]) -> T:
    try:
        return act()
    except OSError as error:
        raise BackupError(
            f"备份写不进 {path}：{error.strerror or error}。请检查这个文件夹的写权限和磁盘。"
        ) from error
