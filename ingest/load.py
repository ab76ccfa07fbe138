"""Loads files given by hand: `load_paths(home, paths)` yields a line for each file or sheet.

Everything goes through one Writer and becomes visible with one snapshot at the end; a file that is
refused leaves nothing behind.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from pathlib import Path

from budget_watch.lake import Home, Snapshot, Writer
from budget_watch.lake.snapshot import CHINA
from budget_watch.tables import contract as contract_of
from ingest.gate.expectations import validated_beside
from ingest.job import Job
from ingest.load_line import LoadLine
from ingest.one_file import load_file
from ingest.sources.kind import may_load

__all__ = ["LoadLine", "load_paths"]


@dataclass(frozen=True)
class _Found:
    """A file to load: what it is called for people, and where it lies."""

    name: str
    path: Path


def load_paths(
    home: Home,
    paths: Sequence[Path],
    table: str | None = None,
    date: Date | None = None,
) -> Iterator[LoadLine]:
    """Load files and folders; publish once at the end if anything was stored.

    Args:
        table: contract code or name, where the header does not tell or should not be trusted.
        date: business date of the snapshot; default: the end of the data's last period, not after
            today.

    Raises:
        LeaseError: somebody else is writing.
        ContractError: there is no such table.
    """
    wanted = contract_of(table) if table else None
    found = [one for path in paths for one in _found(path)]
    if all(isinstance(one, LoadLine) for one in found):  # nothing to load makes no home
        yield from (one for one in found if isinstance(one, LoadLine))
        return
    scratch = Path(tempfile.mkdtemp(prefix="load-", dir=home.cache))
    today = datetime.now(CHINA).date()
    try:
        with Writer.open(home, "load") as writer:
            job = Job(writer, scratch, wanted, date, today)
            for one in found:
                if isinstance(one, LoadLine):
                    yield one
                else:
                    yield from load_file(job, one.path, one.name)
            _publish(job, home)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(job: Job, home: Home) -> None:
    if not job.stored:
        return
    before = Snapshot.latest(home)
    last = job.date or max(job.periods, default=job.today)
    biz_date = min(last, job.today) if job.date is None else last
    if before is not None:
        biz_date = max(biz_date, before.biz_date)
    hashes = dict(before.hashes) if before is not None else {}
    hashes.pop("calendar", None)
    with validated_beside(home.root, job.summaries, f"load-{job.today.isoformat()}"):
        job.writer.publish(biz_date, hashes)


def _found(path: Path) -> Iterator[_Found | LoadLine]:
    """Yield the files of a path, or the line that says why there are none."""
    if not path.exists():
        reason = f"找不到“{path.name}”；请核对路径后重新执行。"
        yield LoadLine(str(path), refused=True, reason=reason)
        return
    if not path.is_dir():
        yield _Found(str(path), path)
        return
    files = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p))
    if any(may_load(file) for file in files):
        yield from (_Found(str(file), file) for file in files)
        return
    what = "没有文件"
    if files:
        names = "、".join(file.name for file in files[:3])
        what = f"的 {len(files):,} 个文件都不是可载入的格式（{names}{'等' if files[3:] else ''}）"
    reason = f"文件夹“{path.name}”里{what}；可载入 CSV、Excel、Parquet 和 zip 文件。"
    yield LoadLine(str(path), refused=True, reason=reason)


def _hidden(path: Path) -> bool:
    return path.name.startswith((".", "~$"))
