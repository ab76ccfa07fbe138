"""A folder of an SFTP server: `kind = "sftp"`; see docs/sources/sftp.md.

The server must be known: by `host_key` in the settings or by a known_hosts file. A download that
breaks off goes on where it was, in this run or the next. Nothing is written on the server unless
`done` names a folder for read files.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import asyncssh
from pydantic import Field, model_validator

from budget_watch.lake import Home
from ingest.settings import SettingError, read_as, secret
from ingest.source import Errand, Fetched, SourceFault
from ingest.sources.drop.intake import Intake
from ingest.sources.drop.place import Seen, too_large_a_list
from ingest.sources.drop.settings import DropSettings

T = TypeVar("T")
_BLOCK = 1 << 20
_MARK_BYTES = 32 << 20  # so often a download is made durable; at most so much is fetched again
RETRY_SECONDS = (1.0, 4.0, 15.0)
_LOOK_SECONDS = 0.1
_LISTING = "读文件夹"
_LOST = (asyncssh.ConnectionLost, asyncssh.DisconnectError, asyncssh.SFTPConnectionLost, OSError)
_REFUSED = (asyncssh.HostKeyNotVerifiable, asyncssh.PermissionDenied, asyncssh.KeyExchangeFailed)


class SftpSettings(DropSettings):
    """What an SFTP folder needs beside what all folders say.

    Attributes:
        host_key: the server's public key, as ssh-keyscan prints it, without the host's name.
        known_hosts: a file of known servers; ~/.ssh/known_hosts where neither is given.
        encoding: of file names on the server.
        answer_seconds: how long one answer may take.
    """

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str
    password: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    key_file: Path | None = None
    passphrase_env: str | None = None
    passphrase_file: Path | None = None
    host_key: str | None = None
    known_hosts: Path | None = None
    encoding: str = "utf-8"
    connect_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    answer_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if not (self.password or self.password_env or self.password_file or self.key_file):
            raise ValueError("请写 key_file（推荐）、password_env 或 password_file 之一")
        if self.host_key and self.known_hosts:
            raise ValueError("host_key 和 known_hosts 只写一个")
        return self


@dataclass(frozen=True)
class SftpSource:
    """A folder of a server."""

    settings: SftpSettings
    root: Path

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.settings.name

    def fetch(self, errand: Errand) -> Fetched:
        """Put every whole file; see `Intake.run`."""
        with SftpPlace(self.settings, errand, self.root) as place:
            return Intake(place, self.settings, errand).run()


def open_source(section: Mapping[str, Any], home: Home) -> SftpSource:
    """The source of a section. Relative key files are below the home.

    Raises:
        SettingError: the section is wrong; names the key.
    """
    settings = read_as(SftpSettings, section)
    if settings.password is not None:
        secret(settings.name, settings.password, None, None)
    return SftpSource(settings, home.root)


class SftpPlace:
    """One connection to a server's folder, made anew where it is lost. See `drop.place.Place`."""

    def __init__(self, settings: SftpSettings, errand: Errand, root: Path) -> None:
        self.settings = settings
        self._errand = errand
        self._home = root
        self._loop = asyncio.new_event_loop()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None
        self._parts = errand.memory / "parts"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._loop.run_until_complete(self._hang_up())
            self._loop.run_until_complete(_ended(asyncio.all_tasks(self._loop)))
        finally:
            self._loop.close()

    @property
    def shown(self) -> str:
        """The folder's address, without secrets."""
        told = self.settings
        return f"sftp://{told.user}@{told.host}:{told.port}{self._root}"

    def files(self, subfolders: bool, passed: str | None) -> list[Seen]:
        """See `Place.files`."""
        skipped = self._below(passed) if passed else None
        found = self._do(lambda client: self._walk(client, subfolders, skipped), _LISTING)
        self._sweep(found)
        return sorted(found, key=lambda one: one.path)

    def fetch(self, seen: Seen, target: Path, go_on: Callable[[], None]) -> Seen:
        """See `Place.fetch`; goes on where an earlier download of the same file broke off."""
        self._parts.mkdir(parents=True, exist_ok=True)
        part = self._parts / f"{_key(seen)}.part"
        self._do(lambda client: self._download(client, seen, part), f"下载 {seen.path}")
        after = self._do(lambda client: self._stat(client, seen.path), f"查看 {seen.path}")
        os.replace(part, target)
        _mark(part).unlink(missing_ok=True)
        return after

    def text(self, seen: Seen) -> bytes:
        """See `Place.text`."""
        if fault := too_large_a_list(seen):
            raise fault

        async def read(client: asyncssh.SFTPClient) -> bytes:
            async with client.open(self._below(seen.path), "rb", encoding=None) as file:
                content: Any = await file.read()
                return bytes(content)

        return self._do(read, f"读 {seen.path}")

    def move(self, seen: Seen, target: str) -> None:
        """See `Place.move`."""
        goal = self._below(target)

        async def moved(client: asyncssh.SFTPClient) -> None:
            await client.makedirs(goal.rpartition("/")[0], exist_ok=True)
            await client.rename(self._below(seen.path), goal)

        self._do(moved, f"移动 {seen.path}")

    @property
    def _root(self) -> str:
        return self.settings.path.rstrip("/") or "/"

    def _below(self, path: str) -> str:
        return path if path.startswith("/") else f"{self._root}/{path}".replace("//", "/")

    async def _walk(
        self, client: asyncssh.SFTPClient, subfolders: bool, skipped: str | None
    ) -> list[Seen]:
        found: list[Seen] = []
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            here = self._below(folder)
            async for entry in client.scandir(here):
                name = str(entry.filename)
                if name in (".", ".."):
                    continue
                path = f"{folder}/{name}" if folder else name
                attrs = entry.attrs
                if stat.S_ISLNK(attrs.permissions or 0):
                    attrs = await client.stat(f"{here.rstrip('/')}/{name}")
                    if stat.S_ISDIR(attrs.permissions or 0):
                        continue  # a link to a folder may lead round in a circle
                if stat.S_ISDIR(attrs.permissions or 0):
                    if subfolders and self._below(path) != skipped:
                        waiting.append(path)
                elif stat.S_IFMT(attrs.permissions or 0) in (0, stat.S_IFREG):
                    found.append(_seen(path, attrs))
        return found

    async def _stat(self, client: asyncssh.SFTPClient, path: str) -> Seen:
        return _seen(path, await client.stat(self._below(path)))

    async def _download(self, client: asyncssh.SFTPClient, seen: Seen, part: Path) -> None:
        """Fetch what is missing of a file, block by block."""
        at = durable = _done_of(part)
        with closing(_Sink(part, self.settings.name)) as sink:
            sink.truncate(at)
            try:
                async with client.open(self._below(seen.path), "rb", encoding=None) as file:
                    while at < seen.size:
                        self._errand.go_on()
                        size = min(_BLOCK, seen.size - at)
                        answer: Any = file.read(size, at)
                        try:
                            block = await asyncio.wait_for(answer, self.settings.answer_seconds)
                        except TimeoutError:
                            await self._hang_up()  # to close the file would wait as long again
                            raise
                        if not block:
                            return  # shorter than it was; whoever asked compares
                        sink.write(block)
                        at += len(block)
                        if at - durable >= _MARK_BYTES:
                            sink.settle(part, at)
                            durable = at
            finally:
                sink.settle(part, at)

    def _sweep(self, found: list[Seen]) -> None:
        """Remove begun downloads of files that are gone or changed."""
        wanted = {_key(seen) for seen in found}
        for path in self._parts.glob("*"):
            if path.name.partition(".")[0] not in wanted:
                path.unlink(missing_ok=True)

    def _do(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]], what: str) -> T:
        """Do something on the server; a lost connection is made anew and it is done again.

        Raises:
            SourceFault: the server refuses, or cannot be reached however often.
            OSError: of one file: it is not there, or may not be read.
        """
        for number in range(len(RETRY_SECONDS) + 1):
            try:
                return self._run(self._worked(work))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
                if what == _LISTING:
                    raise self._fault(f"没有文件夹 {self._root}") from error
                raise FileNotFoundError(2, "服务器上没有这个文件") from error
            except asyncssh.SFTPPermissionDenied as error:
                if what == _LISTING:
                    who = self.settings.user
                    raise self._fault(f"账号 {who} 没有权限读 {self._root}") from error
                raise PermissionError(13, "服务器不让读") from error
            except _REFUSED as error:
                raise self._refused(error) from error
            except (TimeoutError, *_LOST) as error:
                self._run(self._hang_up())
                if number == len(RETRY_SECONDS):
                    raise self._fault(
                        f"{what}时连接中断或没有答复（{_short(error)}），重试后仍不行"
                    ) from error
                self._errand.tell(f"{what}时连接中断，重新连接")
                self._errand.stop.wait(RETRY_SECONDS[number])
                self._errand.go_on()
            except asyncssh.SFTPError as error:
                raise OSError(5, f"服务器答复 {error.reason}") from error
            except asyncssh.Error as error:
                raise self._fault(f"{what}不成（{_short(error)}）") from error
        raise AssertionError  # the loop always ends by itself

    async def _worked(self, work: Callable[[asyncssh.SFTPClient], Awaitable[T]]) -> T:
        return await work(await self._connected())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, or until the run is cancelled."""
        return self._loop.run_until_complete(self._watched(work))

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        while not (await asyncio.wait({task}, timeout=_LOOK_SECONDS))[0]:
            if self._errand.stop.is_set():
                await self._hang_up()
                task.cancel()
                await asyncio.wait({task})
                self._errand.go_on()
        return task.result()

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is None:
            told = self.settings
            self._connection = await asyncssh.connect(
                told.host,
                told.port,
                username=told.user,
                connect_timeout=told.connect_seconds,
                login_timeout=told.connect_seconds,
                keepalive_interval=max(1.0, told.answer_seconds / 4),
                keepalive_count_max=4,
                known_hosts=self._trusted(),
                config=None,
                agent_path=None,
                **self._credentials(),
            )
            self._client = await self._connection.start_sftp_client(path_encoding=told.encoding)
        return self._client

    async def _hang_up(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()

    def _trusted(self) -> Any:
        """Whom to believe to be the server. Never nobody: then everybody would be believed."""
        told = self.settings
        if told.host_key is not None:
            try:
                return [asyncssh.import_public_key(told.host_key)], [], []
            except (asyncssh.KeyImportError, ValueError) as error:
                raise SettingError(
                    f"数据源“{told.name}”的 host_key 不是公钥；写成“ssh-ed25519 AAAA…”。"
                ) from error
        path = self._file(told.known_hosts) or Path("~/.ssh/known_hosts").expanduser()
        if not path.is_file():
            raise SettingError(
                f"数据源“{told.name}”没有服务器公钥：{path} 不存在。{self._how_to_know()}"
            )
        return str(path)

    def _credentials(self) -> dict[str, Any]:
        told = self.settings
        name = told.name
        if told.key_file is None:
            password = secret(name, None, told.password_env, self._file(told.password_file))
            return {"password": password, "client_keys": None}
        path = self._file(told.key_file)
        phrase = secret(name, None, told.passphrase_env, self._file(told.passphrase_file))
        try:
            return {"client_keys": [asyncssh.read_private_key(str(path), phrase)]}
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise SettingError(
                f"数据源“{name}”的私钥 {path} 读不出（{_short(error)}）；"
                "有口令的私钥要写 passphrase_env 或 passphrase_file，格式先转为 PKCS8："
                "ssh-keygen -p -m PKCS8 -f 私钥。"
            ) from error

    def _file(self, path: Path | None) -> Path | None:
        return None if path is None else self._home / path.expanduser()

    def _refused(self, error: Exception) -> SourceFault:
        told = self.settings
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return self._fault(
                "服务器的公钥不认识或与登记的不同，没有连接（可能是服务器重装，也可能有人冒充）。"
                + self._how_to_know()
            )
        if isinstance(error, asyncssh.PermissionDenied):
            how = "私钥" if told.key_file else "密码"
            return self._fault(f"服务器不接受账号 {told.user} 的{how}；请向对方核对")
        return self._fault(f"与服务器没有共同的加密算法（{_short(error)}）；请对方升级 SSH 服务")

    def _how_to_know(self) -> str:
        told = self.settings
        return (
            f"请运行 ssh-keyscan -p {told.port} {told.host}，用电话等另一条途径与对方核对指纹，"
            "再把公钥写进 host_key"
        )

    def _fault(self, text: str) -> SourceFault:
        told = self.settings
        return SourceFault(f"数据源“{told.name}”（{told.host}:{told.port}）{text}。")


async def _ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Let what the library left running end, so that the loop can be closed in silence."""
    mine = [task for task in tasks if task is not asyncio.current_task()]
    for task in mine:
        task.cancel()
    if mine:
        await asyncio.wait(mine, timeout=5)


def _seen(path: str, attrs: asyncssh.SFTPAttrs) -> Seen:
    return Seen(path, int(attrs.size or 0), int(attrs.mtime or 0) * 10**9)


def _key(seen: Seen) -> str:
    """The name of a file's begun download: another size or time is another file."""
    told = f"{seen.path}\0{seen.size}\0{seen.mtime_ns}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _mark(part: Path) -> Path:
    return part.with_suffix(".at")


class _Sink:
    """A file of this machine; what its disk says is not taken for the server's fault."""

    def __init__(self, part: Path, source: str) -> None:
        self._source = source
        self._file = self._tried(lambda: part.open("r+b" if part.exists() else "w+b"))

    def _tried(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            raise SourceFault(
                f"数据源“{self._source}”下载的文件写不进本机磁盘（{error.strerror}）；"
                "请检查磁盘空间和权限，已下载的部分都在。"
            ) from error

    def truncate(self, size: int) -> None:
        """Cut it to a size and go on from there."""
        self._tried(lambda: self._file.truncate(size))
        self._tried(lambda: self._file.seek(size))

    def write(self, block: bytes) -> None:
        """Add a block."""
        self._tried(lambda: self._file.write(block))

    def settle(self, part: Path, at: int) -> None:
        """Make what was written durable, then write down how much that is."""

        def done() -> None:
            self._file.flush()
            os.fsync(self._file.fileno())
            half = part.with_suffix(".half")
            half.write_text(str(at))
            half.replace(_mark(part))

        self._tried(done)

    def close(self) -> None:
        """Close it."""
        self._tried(self._file.close)


def _done_of(part: Path) -> int:
    """How much of a begun download can be trusted."""
    try:
        return min(int(_mark(part).read_text()), part.stat().st_size)
    except (OSError, ValueError):
        return 0


def _short(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:80]
