"""Whether there is room for another day, before anything is begun: `enough(home)`.

The estimate is cheap: what the latest days added, which the ledger knows. A first load has none.
"""

from __future__ import annotations

import json
import shutil
from itertools import pairwise

import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
from budget_watch.lake.state import engine

DAYS = 8  # so many latest snapshots are looked at
TIMES = 2  # files of a day, and as much for spool, observations and the state's journal


def needed(home: Home) -> int:
    """Bytes that a day needs, by what the days before it took; 0 where there were none."""
    if not home.exists:
        return 0
    s, p, v = records.snapshot, records.snapshot_table, records.table_version
    with engine(home).connect() as connection:
        query = sa.select(s.c.id).order_by(s.c.seq.desc()).limit(DAYS + 1)
        latest = list(connection.execute(query).scalars())[::-1]
        joined = sa.and_(v.c.name == p.c.name, v.c.version == p.c.version)
        wanted = (
            sa.select(p.c.snapshot, v.c.name, v.c.version)
            .join(v, joined)
            .where(p.c.snapshot.in_(latest))
        )
        versions: dict[str, set[tuple[str, int]]] = {each: set() for each in latest}
        for row in connection.execute(wanted):
            versions[row.snapshot].add((row.name, row.version))
        most = 0
        for before, after in pairwise(latest):
            old = _files(connection, versions[before] - versions[after])
            new = _files(connection, versions[after] - versions[before])
            most = max(most, sum(size for path, size in new.items() if path not in old))
    return TIMES * most


def enough(home: Home) -> None:
    """Refuse to begin a day that would not end for want of room.

    Raises:
        LakeError: says how much is needed and how much there is.
    """
    need, free = needed(home), shutil.disk_usage(home.root).free
    if free < need:
        raise LakeError(
            f"磁盘空间不够，没有开始运行：按最近几天的增量，一天约需 {need:,} 字节，"
            f"{home.root} 所在的磁盘只剩 {free:,} 字节。请腾出空间"
            "（budget-watch lake prune --dry-run 说能清理多少）或换大一些的磁盘，然后重新运行。"
        )


def _files(connection: sa.Connection, some: set[tuple[str, int]]) -> dict[str, int]:
    v = records.table_version
    found: dict[str, int] = {}
    for name, version in some:
        query = sa.select(v.c.files).where(v.c.name == name, v.c.version == version)
        told = connection.execute(query).scalar_one()
        found.update((f"{name}/{one['path']}", one["size"]) for one in json.loads(told))
    return found
