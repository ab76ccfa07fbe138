"""Takes one file of any kind through binding and gate: `load_file(job, path, name)`.

Files given by hand and parcels out of the spool come through here alike; the job says under which
slot their rows are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import IngestError, Refused, Unreadable
from ingest.flat_file import load_parquet, load_text
from ingest.job import Job
from ingest.load_line import LoadLine
from ingest.sources.archive import unpack
from ingest.sources.kind import kind_of
from ingest.workbook_file import load_workbook


def load_file(job: Job, path: Path, name: str) -> Iterator[LoadLine]:
    """Yield the lines of one file; whatever is wrong with it becomes its one line.

    Args:
        name: what people know the file by; the path may be that of an unpacked or spooled copy.
    """
    try:
        kind = kind_of(path)
        if kind == "zip":
            yield from _load_archive(job, path, name)
        elif kind == "parquet":
            yield load_parquet(job, path, name)
        elif kind == "csv":
            yield from load_text(job, path, name)
        else:
            yield from load_workbook(job, path, kind, name)
    except IngestError as error:
        table = error.table if isinstance(error, Refused) else None
        yield LoadLine(name, table=table, refused=True, reason=str(error))
    except PermissionError:
        reason = f"“{Path(name).name}”没有读取权限；请修改权限后重新执行。"
        yield LoadLine(name, refused=True, reason=reason)


def _load_archive(job: Job, path: Path, name: str) -> Iterator[LoadLine]:
    """Unpack first, load after: an archive that proves bad half-way leaves nothing behind."""
    folder = job.scratch / hashlib.sha256(name.encode()).hexdigest()[:16]
    members: list[tuple[Path, str]] = []
    for inside, found in unpack(path, folder):
        kept = found.with_name(f"kept-{len(members)}") / found.name
        kept.parent.mkdir()
        found.rename(kept)
        members.append((kept, f"{name}/{inside}"))
    if not members:
        raise Unreadable(f"压缩包“{Path(name).name}”里没有文件；请核对后重新送达。")
    for member, shown in members:
        yield from load_file(job, member, shown)
