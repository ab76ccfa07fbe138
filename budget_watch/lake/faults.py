"""What a disk has to say, in one sentence for a person: full, read-only, not allowed, broken.

Libraries wrap the system's error in their own, some only in words (`os error 28`); whoever ends a
run or a command asks here before it shows an error as it stands.
"""

from __future__ import annotations

import errno
import getpass
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_CODE = re.compile(r"os error (\d+)")
_WORDS = {
    errno.ENOSPC: ("No space left on device", "database or disk is full"),
    errno.EROFS: ("Read-only file system", "readonly database"),
    errno.EACCES: ("Permission denied", "Operation not permitted"),
    errno.EFBIG: ("File too large",),
    errno.EDQUOT: ("Disk quota exceeded",),
    errno.EIO: ("Input/output error", "disk I/O error"),
}
_SAME = {errno.EPERM: errno.EACCES}
LEAST = 64 << 10  # bytes
SAFE = "没有发布半份数据，已发布的不受影响"


def told(error: BaseException, folder: Path) -> str | None:
    """The sentence for a fault of the disk; None where it is none.

    Args:
        folder: the home: told where the error does not say which file it was.
    """
    for one in _chain(error):
        code = _code(one)
        if code is not None:
            name = getattr(one, "filename", None)
            return sentence(code, Path(name) if isinstance(name, str) else folder, folder)
    return None


def full(folder: Path) -> str | None:
    """The sentence where a disk has no room for even a footer; libraries do not always say why."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return sentence(errno.ENOSPC, folder, folder) if free < LEAST else None


def sentence(code: int, where: Path, folder: Path) -> str:
    """What happened, where, and what to do."""
    again = "然后重新运行，从停下的地方接着做"
    if code == errno.EROFS and not _mounted_read_only(where if where.exists() else folder):
        code = errno.EACCES  # the database says so of a file that it may not write
    match code:
        case errno.ENOSPC | errno.EDQUOT:
            what = "磁盘满了" if code == errno.ENOSPC else "磁盘配额用完了"
            return (
                f"{what}：{where} 写不下（{_free(folder)}）。{SAFE}。请腾出空间"
                f"（budget-watch lake prune --dry-run 说能清理多少）或换大一些的磁盘，{again}。"
            )
        case errno.EROFS:
            return (
                f"{where} 所在的磁盘或文件是只读的，写不进。{SAFE}。"
                f"请重新挂载为可写（磁盘出错时系统会自己改成只读，先查系统日志），{again}。"
            )
        case errno.EACCES:
            return (
                f"账号 {_user()} 没有权限读写 {where}。{SAFE}。请用运行服务的账号运行，"
                f"或把数据目录整个交给它：chown -R {_user()} {folder}，{again}。"
            )
        case errno.EFBIG:
            return (
                f"{where} 超过了系统允许的文件大小（ulimit -f）。{SAFE}。请放开这个限制，{again}。"
            )
        case _:
            return (
                f"磁盘读写出错：{where}。{SAFE}。请先备份（budget-watch backup），"
                f"查系统日志和磁盘硬件，{again}。"
            )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        yield at
        origin = getattr(at, "orig", None)
        if isinstance(origin, BaseException):
            yield origin
        at = at.__cause__ or at.__context__


def _code(error: BaseException) -> int | None:
    """The system's number of a disk's fault."""
    number = error.errno if isinstance(error, OSError) else None
    text = str(error)
    if number is None and (found := _CODE.search(text)):
        number = int(found.group(1))
    number = _SAME.get(number, number) if number is not None else None
    if number in _WORDS:
        return number
    if number is not None:
        return None
    return next((code for code, words in _WORDS.items() if any(w in text for w in words)), None)


def _mounted_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return True


def _free(folder: Path) -> str:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return f"还剩 {shutil.disk_usage(folder).free:,} 字节"
    except OSError:
        return "剩余空间未知"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "当前"
