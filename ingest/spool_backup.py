"""Which files of the spools a backup needs: `spool_files`.

Order matters while sources fetch: their memories first, then slips, then content. A memory older
than the slips reads some rows again, which changes nothing; a younger one would never ask for them.

Every slip is backed up as one that waits. After a restore, the next run looks at all of them: those
that the restored ledger knows are done, the others are taken again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from budget_watch.lake import Home
from budget_watch.lake.backup.contents import Wanted
from ingest.errors import IngestError
from ingest.spool import Spool, spools

# Half-read pages and files of a memory: they are read again.
_HALF_READ = ("pages", "parts")


def spool_files(home: Home, taken: frozenset[str], whole: bool) -> Iterator[Wanted]:
    """The files of every spool.

    Args:
        taken: ids of slips that the backed-up ledger has as stored or set aside.
        whole: whether their content is wanted, too. Without, what waits and what was refused is
            there all the same, and no source hands anything over twice or not at all.

    Raises:
        Unreadable: a slip was damaged by hand.
    """
    for spool in spools(home):
        yield from _memory(home, spool)
        folder = spool.folder.relative_to(home.root).as_posix()
        needed, done = set[Path](), set[Path]()
        for slip in spool.slips():
            yield Wanted(f"{folder}/{slip.waiting}", spool.folder / slip.waiting, slip.data)
            wanted = whole or slip.parcel.slip_id not in taken
            (needed if wanted else done).add(slip.parcel.path)
        # What no slip names yet may be named by a memory: a read that is just being put.
        laid = {path for path in (spool.folder / "content").glob("*") if path not in done}
        for path in sorted(needed | laid):
            inside = path.relative_to(home.root).as_posix()
            digest = path.name.split(".")[0]
            yield Wanted(inside, path, once=True, sha256=digest, needed=path in needed)


def join_survivor(home: Home, spool: Path) -> int:
    """Copy a spool that outlived its lake into a restored home; return how many parcels wait.

    It may be newer than the backup: the next run takes what the restored ledger does not know.

    Raises:
        IngestError: it is not a spool, or it cannot be read.
    """
    if not any(spool.glob("*/slips")) and not any(spool.glob("*/taken")):
        raise IngestError(f"{spool} 不是收件区。请给出原数据目录里的 spool 文件夹。")
    try:
        shutil.copytree(
            spool,
            home.root / "spool",
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("*.lock", "*.half", "coming", *_HALF_READ),
        )
    except (OSError, shutil.Error) as error:
        raise IngestError(f"收件区 {spool} 复制不了：{error}。没有恢复。") from error
    for one in spools(home):
        one.reopen()
    return sum(1 for one in spools(home) for _ in one.slips())


def _memory(home: Home, spool: Spool) -> Iterator[Wanted]:
    folder = spool.folder / "memory"
    for path in sorted(folder.rglob("*")):
        half_read = set(path.relative_to(folder).parts[:-1]) & set(_HALF_READ)
        if path.is_file() and path.suffix != ".half" and not half_read:
            yield Wanted(path.relative_to(home.root).as_posix(), path)
