"""A copy of the state as of one moment, and which files it names."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from budget_watch.lake import faults
from budget_watch.lake.backup import state_rows
from budget_watch.lake.backup.manifest import STATE_ROWS
from budget_watch.lake.errors import BackupError
from budget_watch.lake.home import Home


@dataclass(frozen=True)
class Named:
    """What a state names.

    Attributes:
        files: folder in the lake → path in it → size in bytes.
        heads: table or mart → the Delta version that is published.
        quarantine: paths below the quarantine folder.
        attachments: hashes of the files attached to cases and opinions.
        taken: slips of the spool whose content is in the lake or was set aside: it is not needed
            again.
        snapshot, biz_date: the latest snapshot; None where there is none.
    """

    revision: str
    files: dict[str, dict[str, int]] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    quarantine: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()
    snapshot: str | None = None
    biz_date: str | None = None


@dataclass(frozen=True)
class StateCopy:
    """A copied state.

    Attributes:
        name: path in the home, or `state.rows`.
        path: where the copy lies.
        named: what it names.
    """

    name: str
    path: Path
    named: Named


@contextmanager
def copied(home: Home, scratch: Path) -> Iterator[StateCopy]:
    """Copy the state into a folder; runs and pages may go on meanwhile. The copy goes at the end.

    The schema is not touched: a backup made with a newer program is of the state as it was.

    Raises:
        BackupError: the database is damaged, or cannot be opened.
    """
    target = scratch / "state.copying"
    target.unlink(missing_ok=True)
    try:
        if home.state_url.startswith("sqlite"):
            _copy_file(Path(str(sa.make_url(home.state_url).database)), target)
            made = sa.create_engine(f"sqlite:///{target}", poolclass=sa.pool.NullPool)
            with made.connect() as connection:
                yield StateCopy(home.state.name, target, named(connection))
        else:
            server = _server(home.state_url)
            with state_rows.one_moment(server) as connection:
                found = named(connection)
                with target.open("wb") as file:
                    file.writelines(state_rows.rows(connection))
            server.dispose()
            yield StateCopy(STATE_ROWS, target, found)
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)


def _copy_file(state: Path, target: Path) -> None:
    try:
        source = _opened(state, target.with_name("state.beside"))
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            wrong = copy.execute("PRAGMA quick_check").fetchone()[0]
            if wrong != "ok":
                raise BackupError(
                    f"状态数据库 {state} 已损坏（{wrong}），没有备份。"
                    "请从以前的备份恢复：budget-watch restore。"
                )
            tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}
            if "lake_lease" in tables:  # whoever holds it does not hold what is restored
                copy.execute("UPDATE lake_lease SET expires_at = taken_at")
            if "schedule_job" in tables:  # they name this home's folder, and are made anew
                copy.execute("DELETE FROM schedule_job")
            copy.commit()
        finally:
            source.close()
            copy.close()
    except (sqlite3.Error, OSError) as error:
        said = faults.told(error, target.parent)
        if said is not None:
            raise BackupError(f"这次没有备份成，以前的备份不受影响。{said}") from error
        raise BackupError(
            f"状态数据库 {state} 备份不了：{error}。请检查文件权限和两边磁盘的空间；"
            "若文件已损坏，请从以前的备份恢复。"
        ) from error


def _opened(state: Path, beside: Path) -> sqlite3.Connection:
    """The database for reading. On a disk that is full or read-only SQLite cannot share it with
    others, but then nobody writes: a copy of its files is read.
    """
    source = sqlite3.connect(f"{state.as_uri()}?mode=ro", uri=True, timeout=60)
    try:
        source.execute("SELECT 1 FROM sqlite_master").fetchone()
        return source
    except sqlite3.OperationalError:
        source.close()
    for suffix in ("", "-wal"):
        part = state.with_name(state.name + suffix)
        if part.exists():
            shutil.copyfile(part, beside.with_name(beside.name + suffix))
    return sqlite3.connect(beside)


def _server(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.pool.NullPool)


def named(connection: sa.Connection) -> Named:
    """What a state names; it may be of an older schema."""
    seen = sa.inspect(connection)
    revision = state_rows.revision(connection)
    if not seen.has_table("lake_table_version"):
        return Named(revision)
    files: dict[str, dict[str, int]] = {}
    query = "SELECT name, files FROM lake_table_version"
    if seen.has_table("lake_pruned"):  # else nothing was ever let go
        query = (
            "SELECT v.name, v.files FROM lake_table_version v WHERE EXISTS (SELECT 1 FROM "
            "lake_snapshot_table p WHERE p.name = v.name AND p.version = v.version AND "
            "p.snapshot NOT IN (SELECT snapshot FROM lake_pruned))"
        )
    for name, told in _all(connection, query):
        mine = files.setdefault(name, {})
        mine.update((record["path"], record["size"]) for record in json.loads(told))
    quarantine: tuple[str, ...] = ()
    if seen.has_table("lake_quarantine"):
        quarantine = tuple(path for (path,) in _all(connection, "SELECT path FROM lake_quarantine"))
    attached: set[str] = set()
    for table in ("case_attachment", "opinion_attachment"):
        if seen.has_table(table):
            attached |= {digest for (digest,) in _all(connection, f"SELECT hash FROM {table}")}
    taken = frozenset[str]()
    if any(column["name"] == "parcel" for column in seen.get_columns("lake_batch")):
        query = "SELECT parcel FROM lake_batch WHERE outcome <> 'refused' AND parcel IS NOT NULL"
        taken = frozenset(parcel for (parcel,) in _all(connection, query))
    newest = _all(connection, "SELECT id, biz_date FROM lake_snapshot ORDER BY seq DESC LIMIT 1")
    return Named(
        revision,
        files,
        dict(_all(connection, "SELECT name, version FROM lake_head")),
        quarantine,
        tuple(sorted(attached)),
        taken,
        newest[0][0] if newest else None,
        str(newest[0][1]) if newest else None,
    )


def _all(connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(query)]
