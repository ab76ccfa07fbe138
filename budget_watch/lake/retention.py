"""Which snapshots stay (保留), and what leaves the disk when the others go.

Named snapshots stay for ever: those of runs, back-tests, cases, reconciliation lines, audit entries
and written digests. So do the last of each month, the newest ones, and everything younger than
`days`. Age is told by business dates against the newest, so that a wrong clock prunes nothing.

A snapshot goes in two steps. First it is marked: nobody opens it any more. Its files that no other
snapshot needs leave the disk when `grace_hours` have passed, for whoever has them open. Ledger,
versions and figures of a marked snapshot stay on record.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from budget_watch.audit import Note, Who, append, key_of
from budget_watch.lake import records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
from budget_watch.lake.section import read_section
from budget_watch.lake.state import engine, writing

_ID = re.compile(r"S\d{8}-\d{2,}")
# Of these every row belongs to a run, which has its snapshot in a column of its own.
_OF_RUNS = ("finding", "finding_event", "run", "back_test")
_OWN = "lake_"


class Retention(BaseModel):
    """The `[retention]` section of budget_watch.toml.

    Attributes:
        days: everything of the last so many days stays.
        last: so many of the newest snapshots stay, whatever their age.
        grace_hours: how long files stay after their snapshot was marked.
        runs: `all`: every snapshot that rules were run on stays; `findings`: only those on which
            some finding appeared, changed or cleared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Annotated[int, Field(ge=31)] = 400
    last: Annotated[int, Field(ge=1)] = 30
    grace_hours: Annotated[float, Field(ge=0)] = 24.0
    runs: Literal["all", "findings"] = "all"


@dataclass(frozen=True)
class Going:
    """A snapshot that goes, with the files that only such snapshots need."""

    id: str
    biz_date: date
    files: int
    size: int


@dataclass(frozen=True)
class Plan:
    """What pruning would do.

    Attributes:
        going: snapshots to be marked, oldest first; a file counts with the last that needs it.
        kept: why → how many snapshots stay, each under its first reason.
        due: files of snapshots marked before whose grace has passed; their bytes.
        waiting: bytes of those whose grace has not.
    """

    going: list[Going] = field(default_factory=list)
    kept: dict[str, int] = field(default_factory=dict)
    due: int = 0
    due_files: int = 0
    waiting: int = 0

    @property
    def size(self) -> int:
        """Bytes that come free, now or after the grace."""
        return sum(one.size for one in self.going)


def read_retention(home: Home) -> Retention:
    """The settings as they stand now; all defaults where there are none.

    Raises:
        LakeError: says which key is wrong.
    """
    return read_section(home, "retention", Retention, LakeError)


def plan(home: Home, retention: Retention, now: datetime) -> Plan:
    """What `mark` and a sweep would do now; changes nothing."""
    with engine(home).connect() as connection:
        going, kept = _sorted(home, connection, retention)
        versions = _versions(connection)
        marked = _marked(connection)
        stays = _files(versions[each] for each in kept)
        passed, fresh = set[str](), set[str]()
        for each, at in marked.items():
            (passed if at <= now - _grace(retention) else fresh).add(each)
        waiting = _files(versions[each] for each in fresh)
        due = _files(versions[each] for each in passed)
        leaving = _leaving(versions, going, stays)
    reasons: dict[str, int] = {}
    for why in kept.values():
        reasons[why] = reasons.get(why, 0) + 1
    due = {path: size for path, size in due.items() if path not in stays and path not in waiting}
    due = {path: size for path, size in due.items() if (home.root / "lake" / path).exists()}
    return Plan(
        [Going(name, day, *leaving[name]) for name, day in going.items()],
        reasons,
        sum(due.values()),
        len(due),
        sum(size for path, size in waiting.items() if path not in stays),
    )


def mark(home: Home, retention: Retention, by: str, now: datetime) -> list[str]:
    """Mark the snapshots that go, in one transaction; return their ids. Call under the lease."""
    with writing(home) as connection:
        going, _ = _sorted(home, connection, retention)
        rows = [{"snapshot": name, "at": now, "by": by} for name in going]
        if rows:
            connection.execute(sa.insert(records.pruned), rows)
            note = Note(Who(by), "lake.prune", "snapshot", f"{len(rows)} 个", {"ids": list(going)})
            append(connection, key_of(home.root), note)
    return list(going)


def needed_files(connection: sa.Connection, before: datetime) -> dict[str, set[str]]:
    """Table → paths that some snapshot needs which is not marked, or was marked after `before`."""
    gone = {each for each, at in _marked(connection).items() if at <= before}
    found: dict[str, set[str]] = {}
    for each, versions in _versions(connection).items():
        if each not in gone:
            for name, files in versions.items():
                found.setdefault(name, set()).update(files)
    return found


def _grace(retention: Retention) -> timedelta:
    return timedelta(hours=retention.grace_hours)


def _sorted(
    home: Home, connection: sa.Connection, retention: Retention
) -> tuple[dict[str, date], dict[str, str]]:
    """The snapshots that go, with their dates, and those that stay, with the reason."""
    s = records.snapshot
    marked = _marked(connection)
    rows = connection.execute(sa.select(s.c.id, s.c.biz_date).order_by(s.c.seq)).all()
    there = {row.id: row.biz_date for row in rows if row.id not in marked}
    if not there:
        return {}, {}
    newest = list(there.values())[-1]
    month_ends = {f"{day:%Y-%m}": each for each, day in there.items()}
    reasons = {
        "最近的": set(list(there)[-retention.last :]),
        f"{retention.days} 天以内": {
            each for each, day in there.items() if (newest - day).days <= retention.days
        },
        "月末": set(month_ends.values()),
        "有规则运行": _of_runs(connection, retention),
        "办理、审计等提到": _named_in_state(connection),
        "季刊提到": _named_in_digests(home),
    }
    kept = {
        each: next(why for why, names in reasons.items() if each in names)
        for each in there
        if any(each in names for names in reasons.values())
    }
    return {each: day for each, day in there.items() if each not in kept}, kept


def _of_runs(connection: sa.Connection, retention: Retention) -> set[str]:
    rows = connection.exec_driver_sql("SELECT run, snapshot FROM run")
    snapshots: dict[str, str] = {row.run: row.snapshot for row in rows}
    back = {each for _, each in _select(connection, "SELECT run, snapshot FROM back_test")}
    if retention.runs == "all":
        return {*snapshots.values(), *back}
    told = "SELECT first_run FROM finding UNION SELECT last_run FROM finding"
    runs = {run for (run,) in _select(connection, f"{told} UNION SELECT run FROM finding_event")}
    return {each for run, each in snapshots.items() if run in runs} | back


def _named_in_state(connection: sa.Connection) -> set[str]:
    """Whatever any other table says of a snapshot, in a column of that name or in a text."""
    meta = sa.MetaData()
    meta.reflect(connection)
    found: set[str] = set()
    for table in meta.sorted_tables:
        if table.name.startswith(_OWN) or table.name in _OF_RUNS:
            continue
        for column in table.columns:
            if isinstance(column.type, sa.String):
                query = sa.select(column).where(column.like("%S20______-__%")).distinct()
                for text in connection.execute(query).scalars():
                    found.update(_ID.findall(text))
    return found


def _named_in_digests(home: Home) -> set[str]:
    """The snapshots that written reports name: HTML as it is, Word inside its archive."""
    found: set[str] = set()
    folder = home.root / "digest"
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            for text in _texts(path):
                found.update(_ID.findall(text))
    return found


def _texts(path: Path) -> Iterator[str]:
    if not zipfile.is_zipfile(path):
        yield path.read_text(encoding="utf-8", errors="replace")
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                yield re.sub(r"<[^>]*>", "", archive.read(name).decode("utf-8", "replace"))


def _marked(connection: sa.Connection) -> dict[str, datetime]:
    t = records.pruned
    rows = connection.execute(sa.select(t.c.snapshot, t.c.at))
    return {row.snapshot: row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC) for row in rows}


def _versions(connection: sa.Connection) -> dict[str, dict[str, dict[str, int]]]:
    """Snapshot → table → path → size in bytes."""
    p, v = records.snapshot_table, records.table_version
    files = {
        (row.name, row.version): {one["path"]: one["size"] for one in json.loads(row.files)}
        for row in connection.execute(sa.select(v.c.name, v.c.version, v.c.files))
    }
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (each,) in connection.execute(sa.select(records.snapshot.c.id)):
        found[each] = {}
    for row in connection.execute(sa.select(p.c.snapshot, p.c.name, p.c.version)):
        found[row.snapshot][row.name] = files[row.name, row.version]
    return found


def _files(some: Iterable[dict[str, dict[str, int]]]) -> dict[str, int]:
    """Path below the lake → size."""
    return {
        f"{name}/{path}": size
        for versions in some
        for name, files in versions.items()
        for path, size in files.items()
    }


def _leaving(
    versions: dict[str, dict[str, dict[str, int]]], going: Iterable[str], stays: dict[str, int]
) -> dict[str, tuple[int, int]]:
    """Of each snapshot that goes, files and bytes that nothing after it needs."""
    found: dict[str, tuple[int, int]] = {}
    seen = set(stays)
    for each in reversed(list(going)):
        mine = {path: size for path, size in _files([versions[each]]).items() if path not in seen}
        seen |= set(mine)
        found[each] = (len(mine), sum(mine.values()))
    return found


def _select(connection: sa.Connection, query: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(query)]
