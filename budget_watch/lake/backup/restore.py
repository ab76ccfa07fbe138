"""Restores a home from a backup: `restore(store, manifest, target, keys)`.

Everything is written beside the target, read and checked against the manifest, and becomes the home
by one rename. Killed before, there is no home; the next restore begins anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from budget_watch.lake.backup import keys as home_keys
from budget_watch.lake.backup import state_rows
from budget_watch.lake.backup.manifest import STATE_ROWS, Entry, Manifest
from budget_watch.lake.backup.store import BLOCK, Store
from budget_watch.lake.errors import BackupError
from budget_watch.lake.files import make_durable
from budget_watch.lake.home import CONFIGURATION, Home

Progress = Callable[[str], None]
SQLITE = "sqlite"  # what `--state` says for a file in the home


def restore(
    store: Store,
    manifest: Manifest,
    target: Home,
    keys: Mapping[str, bytes],
    state_url: str | None = None,
    settle: Callable[[Home], None] = lambda home: None,
    progress: Progress = lambda text: None,
) -> None:
    """Write a backup's home to a folder where there is none, or an empty one.

    Args:
        keys: to be put into it, see `keys.given`.
        state_url: where the state shall live: an empty database of a server, or `sqlite`; needed
            where it lived on a server.
        settle: is given the home before anybody sees it, for what others have to add.
        progress: is told in Chinese what is being done.

    Raises:
        BackupError: the folder or the database is not empty, there is no room, or a byte of the
            backup is wrong; nothing is visible then.
    """
    url = _where_state_goes(manifest, target, state_url)
    _refuse_filled(target.root)
    with _beside(target.root) as half:
        _room(half, manifest)
        progress("核对并写出文件")
        for entry in manifest.files:
            _write(store, entry, half / entry.path)
        for folder in manifest.private:
            (half / folder).chmod(0o700)
        made = Home(half)
        home_keys.put(made, keys)
        home_keys.remember(made.root, manifest.keys)
        progress("恢复状态数据库")
        _settle_state(made, manifest, url, told=state_url is not None)
        settle(made)
        progress("落盘")
        _make_all_durable(half)
        _refuse_filled(target.root)
        os.rename(half, target.root)
    make_durable([target.root])


def _where_state_goes(manifest: Manifest, target: Home, given: str | None) -> str | None:
    """The server's address, or None for a file in the home."""
    if os.environ.get("BUDGET_WATCH_STATE"):
        raise BackupError(
            "环境变量 BUDGET_WATCH_STATE 指着一个状态数据库，恢复出来的数据目录会去用它。"
            "请先取消这个变量（unset BUDGET_WATCH_STATE），要用服务器上的数据库就写 --state。"
        )
    if given is None and manifest.on_server:
        raise BackupError(
            "备份时状态在数据库服务器上。请用 --state postgresql+psycopg://… 给出一个新建的"
            "空数据库，或用 --state sqlite 放在数据目录的文件里。"
        )
    return None if given in (None, SQLITE) else given


def _refuse_filled(root: Path) -> None:
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise BackupError(f"{root} 不是文件夹。请用 --home 给出一个新的或空的文件夹。")
    if root.is_dir() and any(root.iterdir()):
        raise BackupError(
            f"{root} 不是空的，没有恢复，也没有改动它。请用 --home 给出一个新的或空的文件夹。"
        )


@contextmanager
def _beside(root: Path) -> Iterator[Path]:
    """A folder beside the target, on the same disk; what a killed restore left there goes."""
    half = root.with_name(f".{root.name}.restoring")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        lock = half.with_name(f"{half.name}.lock").open("a")
    except OSError as error:
        raise BackupError(
            f"恢复写不进 {root.parent}：{error.strerror}。请检查这个文件夹的写权限和磁盘。"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError(f"另一个恢复正在写 {root}。请等它结束。") from error
        shutil.rmtree(half, ignore_errors=True)
        try:
            half.mkdir(mode=0o700)
            yield half
        except OSError as error:
            raise BackupError(
                f"恢复写不进 {half}：{error.strerror or error}。没有恢复成，也没有留下半份。"
                "请检查磁盘空间和写权限，然后重新运行。"
            ) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


def _room(half: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(half).free
    if free < manifest.size:
        raise BackupError(
            f"恢复需要 {manifest.size:,} 字节，{half.parent} 所在的磁盘只剩 {free:,} 字节。"
            "请腾出空间，或用 --home 换一个磁盘。"
        )


def _write(store: Store, entry: Entry, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with store.open(entry) as source, target.open("wb") as file:
            while block := source.read(BLOCK):
                digest.update(block)
                file.write(block)
    except (KeyError, tarfile.TarError) as error:
        raise _damaged(store, entry) from error
    if digest.hexdigest() != entry.sha256:
        raise _damaged(store, entry)
    target.chmod(entry.mode)
    os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))


def _damaged(store: Store, entry: Entry) -> BackupError:
    return BackupError(
        f"备份 {store.path} 中的 {entry.path} 已损坏（与清单的 SHA-256 不符），没有恢复。"
        "请用 --at 换一次备份，或从存放备份的另一份介质取回；"
        "budget-watch backup --verify 列出全部损坏的文件。"
    )


def _settle_state(home: Home, manifest: Manifest, url: str | None, told: bool) -> None:
    """Put the state where it shall live, and let the settings say so."""
    rows, file = home.root / STATE_ROWS, home.state
    where = url or f"sqlite:///{file}"
    if manifest.on_server or url is not None:
        if manifest.on_server:
            lines = rows.read_bytes().splitlines(keepends=True)
            rows.unlink()
        else:
            lines = _rows_of(file)
            file.unlink()
        _fill(where, lines)
    else:
        _check(file)
    if told:
        _point(home, url)
    if (found := home.state_url) != where:
        raise BackupError(
            f"{CONFIGURATION} 的 [state] url 指着 {_shown(found)}，恢复出来的状态在"
            f" {_shown(where)}。请用 --state 说明状态数据库放在哪里。"
        )


def _rows_of(file: Path) -> list[bytes]:
    made = sa.create_engine(f"sqlite:///{file}", poolclass=sa.pool.NullPool)
    with made.connect() as connection:
        return list(state_rows.rows(connection))


def _fill(url: str, lines: list[bytes]) -> None:
    made = sa.create_engine(url, poolclass=sa.pool.NullPool)
    try:
        state_rows.put(made, lines, _shown(url))
    except sa.exc.OperationalError as error:
        told = " ".join(str(error.orig).split())
        raise BackupError(f"状态数据库 {_shown(url)} 连不上：{told}。请核对 --state。") from error
    finally:
        made.dispose()


def _check(file: Path) -> None:
    """What was whole when it was copied is whole now; the database itself is asked all the same."""
    made = sa.create_engine(f"sqlite:///{file}", poolclass=sa.pool.NullPool)
    with made.connect() as connection:
        wrong = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    if wrong != "ok":
        raise BackupError(f"备份中的状态数据库不完整（{wrong}），没有恢复。请用 --at 换一次备份。")


def _point(home: Home, url: str | None) -> None:
    """Let the settings name the restored state, and not the one that was backed up."""
    path = home.root / CONFIGURATION
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    line = re.compile(r"^(\[state\][^\[]*?)^(\s*url\s*=.*)$", re.M | re.S)
    now = f'url = "{url}"' if url else ""
    if (found := line.search(text)) is not None:
        text = text[: found.start(2)] + now + text[found.end(2) :]
    elif url:
        text += f"\n[state]\n{now}\n"
    path.write_text(text, encoding="utf-8")


def _shown(url: str) -> str:
    return sa.make_url(url).render_as_string(hide_password=True)


def _make_all_durable(half: Path) -> None:
    for at, folders, files in os.walk(half, topdown=False):
        make_durable([Path(at) / name for name in files])
        make_durable([Path(at) / name for name in folders])
