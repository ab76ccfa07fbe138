"""Snapshots (数据快照): what was published together for a business date and is read together."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.lake import records
from budget_watch.lake.errors import DamagedError, UnknownSnapshotError
from budget_watch.lake.files import File, add_up, measure
from budget_watch.lake.home import Home
from budget_watch.lake.layout import layout
from budget_watch.lake.state import engine

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


@dataclass(frozen=True)
class TableVersion:
    """One table's or mart's published content.

    Attributes:
        name: table or mart.
        kind: `table` or `mart`.
        version: Delta version.
        rows: row count.
        money: sum of each money column, fen.
        files: the files, and no others.
        made_from: for a mart, fingerprint and versions of its inputs.
    """

    name: str
    kind: str
    version: int
    rows: int
    money: Mapping[str, int]
    files: tuple[File, ...]
    made_from: Mapping[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """One published state of the lake. Never changes.

    Attributes:
        id: `S20261120-01`: business date and how many-th of that date.
        seq: order of publishing over all dates.
        biz_date: business date.
        published_at: when, with time zone.
        epoch: of the lease under which it was published.
        hashes: rule book, laws, lock file, calendar … as given by the publisher.
        tables: every table and mart that was ever delivered.
        folder: of the lake.
    """

    id: str
    seq: int
    biz_date: date
    published_at: datetime
    epoch: int
    hashes: Mapping[str, str]
    tables: Mapping[str, TableVersion]
    folder: Path

    @classmethod
    def latest(cls, home: Home) -> Snapshot | None:
        """The snapshot published last; None where nothing was published yet."""
        return _one(home, sa.select(records.snapshot))

    @classmethod
    def get(cls, home: Home, snapshot_id: str) -> Snapshot:
        """The snapshot of this id.

        Raises:
            UnknownSnapshotError: there is none.
        """
        query = sa.select(records.snapshot).where(records.snapshot.c.id == snapshot_id)
        found = _one(home, query)
        if found is None:
            raise UnknownSnapshotError(
                f"没有数据快照 {snapshot_id}；`budget-watch status` 给出最近一个。"
            )
        return found

    @classmethod
    def known(cls, home: Home, day: date) -> Snapshot:
        """What was known on a day: the latest snapshot published by its end (Asia/Shanghai).

        Raises:
            UnknownSnapshotError: nothing had been published by then.
        """
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), CHINA)
        column = records.snapshot.c.published_at
        found = _one(home, sa.select(records.snapshot).where(column < end.astimezone(UTC)))
        if found is None:
            raise UnknownSnapshotError(f"到 {day} 为止还没有发布过数据快照。请换一个较晚的日期。")
        return found

    @classmethod
    def all(cls, home: Home) -> list[tuple[str, date, datetime]]:
        """Id, business date and publishing time of every snapshot that is there, oldest first."""
        if not home.exists:
            return []
        t = records.snapshot
        kept = t.c.id.not_in(sa.select(records.pruned.c.snapshot))
        query = sa.select(t.c.id, t.c.biz_date, t.c.published_at).where(kept).order_by(t.c.seq)
        with engine(home).connect() as connection:
            return [
                (row.id, row.biz_date, _aware(row.published_at))
                for row in connection.execute(query)
            ]

    def files(self, name: str, year: int | None = None) -> list[str]:
        """Absolute paths of the files of a table or mart; empty if it was never delivered.

        Args:
            year: only files that may hold rows of this fiscal year.
        """
        found = self.tables.get(name)
        if found is None:
            return []
        own = ("", f"{year:04}") if year is not None else None
        return [
            str(self.folder / name / file.path)
            for file in found.files
            if own is None or file.part[:4] in own
        ]

    def rows(self, name: str) -> int:
        """Row count of a table or mart; 0 if it was never delivered."""
        found = self.tables.get(name)
        return 0 if found is None else found.rows

    def years(self, name: str) -> list[int]:
        """The fiscal years that the files of a table lie by, oldest first."""
        found = self.tables.get(name)
        return sorted({int(file.part[:4]) for file in found.files if file.part} if found else ())

    def check(self, name: str, known: Collection[str] = ()) -> None:
        """Compare a table's files with the ledger: size, row count, sum of each money column.

        Args:
            known: absolute paths that were read and found right before; of these the size alone.

        Raises:
            DamagedError: they differ; says which file or figure.
        """
        found = self.tables.get(name)
        if found is None or not found.files:
            return
        new: list[File] = []
        seen: list[File] = []
        for file in found.files:
            path = self.folder / name / file.path
            if not path.exists() or path.stat().st_size != file.size:
                state = "大小不符" if path.exists() else "不见了"
                raise DamagedError(
                    f"数据快照 {self.id}：{name} 的文件 {path} {state}。请从备份恢复它。",
                    name,
                )
            (seen if str(path) in known else new).append(file)
        if not new:
            return
        shape = layout(name)
        stored = sorted({column for column in found.money if column in shape.schema})
        paths = [str(self.folder / name / file.path) for file in new]
        rows, money = measure(paths, shape.schema, stored)
        before, sums = add_up(seen)
        rows, money = rows + before, {name: money[name] + sums.get(name, 0) for name in stored}
        expected = {column: found.money[column] for column in stored}
        if rows != found.rows or money != expected:
            raise DamagedError(
                f"数据快照 {self.id}：{name} 应有 {found.rows} 行、金额合计 {expected} 分，"
                f"读到 {rows} 行、{money} 分。请从备份恢复 {self.folder / name}。",
                name,
            )


def table_versions(connection: sa.Connection, snapshot_id: str) -> dict[str, TableVersion]:
    """The published content of every table of a snapshot."""
    part, whole = records.snapshot_table, records.table_version
    query = (
        sa.select(whole)
        .join(part, sa.and_(part.c.name == whole.c.name, part.c.version == whole.c.version))
        .where(part.c.snapshot == snapshot_id)
        .order_by(whole.c.name)
    )
    return {row["name"]: _version(row) for row in connection.execute(query).mappings()}


def table_version(connection: sa.Connection, name: str, version: int) -> TableVersion | None:
    """One published content of one table."""
    t = records.table_version
    query = sa.select(t).where(t.c.name == name, t.c.version == version)
    row = connection.execute(query).mappings().first()
    return None if row is None else _version(row)


def _version(row: sa.RowMapping) -> TableVersion:
    return TableVersion(
        name=row["name"],
        kind=row["kind"],
        version=row["version"],
        rows=row["row_count"],
        money={name: int(text) for name, text in json.loads(row["money"]).items()},
        files=tuple(File.from_record(record) for record in json.loads(row["files"])),
        made_from=json.loads(row["made_from"]),
    )


def _one(home: Home, query: sa.Select[Any]) -> Snapshot | None:
    if not home.exists:
        return None
    with engine(home).connect() as connection:
        newest = query.order_by(records.snapshot.c.seq.desc()).limit(1)
        row = connection.execute(newest).mappings().first()
        if row is None:
            return None
        _refuse_pruned(connection, row["id"])
        return Snapshot(
            id=row["id"],
            seq=row["seq"],
            biz_date=row["biz_date"],
            published_at=_aware(row["published_at"]),
            epoch=row["epoch"],
            hashes=json.loads(row["hashes"]),
            tables=table_versions(connection, row["id"]),
            folder=home.root / "lake",
        )


def _refuse_pruned(connection: sa.Connection, snapshot_id: str) -> None:
    t = records.pruned
    at = connection.execute(sa.select(t.c.at).where(t.c.snapshot == snapshot_id)).scalar()
    if at is not None:
        raise UnknownSnapshotError(
            f"数据快照 {snapshot_id} 已于 {_aware(at):%Y-%m-%d} 按保留设置清理，"
            "没有规则运行、办理或季刊用到它。请换用其他日期的快照（月末的都在），或从那以前的备份恢复。"
        )


def _aware(moment: datetime) -> datetime:
    utc = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return utc.astimezone(CHINA)
