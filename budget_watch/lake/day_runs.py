"""Runs of business days (运行记录): what was attempted when, how far it came, how it ended.

A business date is run by attempts, numbered from 1. An attempt without an outcome is running, or
its process died: only one at a time runs (lease `runner`), so the next one to begin closes what
it finds open as 中断. Nothing here is ever deleted.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from budget_watch.lake import lease, records
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
from budget_watch.lake.state import engine, writing

PHASES = ("取数", "校验入库", "发布", "规则", "疑点")
RUNNING, DONE, LOOK, FAILED, CANCELLED, BROKEN = (
    "running", "done", "look", "failed", "cancelled", "broken",
)  # fmt: skip
OUTCOMES = {
    RUNNING: "运行中",
    DONE: "完成",
    LOOK: "完成，有待查看",
    FAILED: "失败",
    CANCELLED: "已取消",
    BROKEN: "中断",
}
WHOLE = (DONE, LOOK)  # outcomes of an attempt that went through to the findings
PART = "手工补取"  # the reason of an attempt at one source alone, or at what was refused before


class NoSuchRun(LakeError):
    """No run has this id, or there is none to act upon."""


@dataclass(frozen=True)
class SourceResult:
    """What one source brought in a run.

    Attributes:
        outcome: `done`, `failed`, `stopped`.
        message: the fault, one sentence; empty where it went well.
        parcels: how many it has handed over, known ones included.
        tables: codes of the tables it brought or is asked for. kind: folder, sftp, database, http.
    """

    outcome: str
    message: str = ""
    parcels: int = 0
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = ""

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "outcome": self.outcome,
            "message": self.message,
            "parcels": self.parcels,
            "tables": list(self.tables),
            "notes": list(self.notes),
            "kind": self.kind,
        }


@dataclass(frozen=True)
class DayRun:
    """One attempt at a business date. Times are UTC; `alive` is False where its process died.

    Attributes:
        outcome: one of OUTCOMES; an attempt whose process died is `broken` even before the next
            one closes it.
        sources: result of each source, by name; counts: of the whole run.
    """

    id: str
    seq: int
    biz_date: date
    attempt: int
    reason: str
    host: str
    pid: int
    started_at: datetime
    finished_at: datetime | None
    phase: str
    phases: tuple[Mapping[str, str], ...]
    outcome: str
    message: str
    sources: Mapping[str, SourceResult]
    counts: Mapping[str, Any]
    cancel_by: str | None
    cancel_at: datetime | None

    @property
    def whole(self) -> bool:
        """Whether it went through from all sources to the findings."""
        return self.outcome in WHOLE and not self.part

    @property
    def part(self) -> bool:
        """Whether it was not the day's run, but somebody's fetching of a part by hand."""
        return self.reason == PART

    @property
    def failed_sources(self) -> dict[str, SourceResult]:
        """The sources that brought nothing, or not all."""
        return {name: one for name, one in self.sources.items() if one.outcome != "done"}

    def record(self) -> dict[str, Any]:
        """The JSON object of `runs list` and `runs show`."""
        seconds = (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
        return {
            "run": self.id,
            "biz_date": self.biz_date.isoformat(),
            "attempt": self.attempt,
            "reason": self.reason,
            "outcome": self.outcome,
            "phase": self.phase,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "finished_at": self.finished_at.isoformat(timespec="seconds")
            if self.finished_at
            else None,
            "seconds": None if seconds is None else round(seconds, 1),
            "message": self.message,
            "sources": {name: one.record() for name, one in self.sources.items()},
            "counts": dict(self.counts),
            "phases": [dict(each) for each in self.phases],
            "host": self.host,
            "pid": self.pid,
            "cancel_by": self.cancel_by,
            "cancel_at": self.cancel_at.isoformat(timespec="seconds") if self.cancel_at else None,
        }


def begin(home: Home, biz_date: date, reason: str, now: datetime) -> str:
    """Open an attempt; call with the lease `runner` held. Returns its id."""
    t = records.day_run
    with writing(home) as connection:
        _close_the_dead(connection, now)
        seq = 1 + (connection.execute(sa.select(sa.func.max(t.c.seq))).scalar() or 0)
        before = sa.select(sa.func.max(t.c.attempt)).where(t.c.biz_date == biz_date)
        attempt = 1 + (connection.execute(before).scalar() or 0)
        run = f"{biz_date.isoformat()}/{attempt}"
        connection.execute(
            sa.insert(t).values(
                id=run,
                seq=seq,
                biz_date=biz_date,
                attempt=attempt,
                reason=reason,
                host=socket.gethostname(),
                pid=os.getpid(),
                started_at=now,
                phase=PHASES[0],
                phases="[]",
                message="",
                sources="{}",
                counts="{}",
            )
        )
    return run


def enter(home: Home, run: str, phase: str, now: datetime) -> None:
    """Say that an attempt has come to a phase."""
    t = records.day_run
    with writing(home) as connection:
        known = connection.execute(sa.select(t.c.phases).where(t.c.id == run)).scalar_one()
        phases = [*json.loads(known), {"phase": phase, "started_at": _text(now)}]
        connection.execute(
            sa.update(t).where(t.c.id == run).values(phase=phase, phases=_json(phases))
        )


def note_source(home: Home, run: str, source: str, result: SourceResult) -> None:
    """Keep what a source brought, while the attempt goes on."""
    t = records.day_run
    with writing(home) as connection:
        known = connection.execute(sa.select(t.c.sources).where(t.c.id == run)).scalar_one()
        told = {**json.loads(known), source: result.record()}
        connection.execute(sa.update(t).where(t.c.id == run).values(sources=_json(told)))


def finish(
    home: Home, run: str, outcome: str, message: str, counts: Mapping[str, Any], now: datetime
) -> None:
    """Close an attempt; one that is closed already stays as it is."""
    t = records.day_run
    with writing(home) as connection:
        connection.execute(
            sa.update(t)
            .where(t.c.id == run, t.c.outcome.is_(None))
            .values(outcome=outcome, message=message, counts=_json(dict(counts)), finished_at=now)
        )


def ask_to_cancel(home: Home, run: str | None, by: str, now: datetime) -> DayRun:
    """Ask the running attempt to stop at its next safe point; its process sees it within seconds.

    Raises:
        NoSuchRun: nothing runs, or not this one.
    """
    open_ = running(home)
    if open_ is None:
        raise NoSuchRun("现在没有正在进行的运行，没有可取消的。")
    if run is not None and run != open_.id:
        raise NoSuchRun(f"{run} 没有在运行；正在进行的是 {open_.id}。")
    t = records.day_run
    with writing(home) as connection:
        connection.execute(
            sa.update(t)
            .where(t.c.id == open_.id, t.c.outcome.is_(None), t.c.cancel_at.is_(None))
            .values(cancel_by=by, cancel_at=now)
        )
    return get(home, open_.id)


def cancel_asked(home: Home, run: str) -> bool:
    """Whether somebody has asked this attempt to stop."""
    t = records.day_run
    with engine(home).connect() as connection:
        asked = connection.execute(sa.select(t.c.cancel_at).where(t.c.id == run)).scalar()
    return asked is not None


def running(home: Home) -> DayRun | None:
    """The attempt that runs just now."""
    return next((run for run in day_runs(home, limit=1) if run.outcome == RUNNING), None)


def get(home: Home, run: str) -> DayRun:
    """One attempt by its id, or the last one of a business date (`2026-11-20`).

    Raises:
        NoSuchRun: there is none.
    """
    found = [one for one in day_runs(home) if run in (one.id, one.biz_date.isoformat())]
    if not found:
        raise NoSuchRun(f"没有运行记录 {run}。请用 budget-watch runs list 查看。")
    return found[0]


def day_runs(home: Home, limit: int | None = None, day: date | None = None) -> list[DayRun]:
    """The attempts, latest first."""
    if not home.exists:
        return []
    t = records.day_run
    query = sa.select(t).order_by(t.c.seq.desc())
    if day is not None:
        query = query.where(t.c.biz_date == day)
    if limit is not None:
        query = query.limit(limit)
    with engine(home).connect() as connection:
        rows: Sequence[sa.RowMapping] = connection.execute(query).mappings().all()
    alive = any(row["outcome"] is None for row in rows) and lease.held(home, lease.RUNNER)
    newest = max((row["seq"] for row in rows), default=0)
    return [_run(row, alive and row["seq"] == newest) for row in rows]


def _close_the_dead(connection: sa.Connection, now: datetime) -> None:
    t = records.day_run
    connection.execute(
        sa.update(t)
        .where(t.c.outcome.is_(None))
        .values(
            outcome=BROKEN,
            finished_at=now,
            message=sa.literal("进程在“") + t.c.phase + "”中断；已完成的部分都在，下次运行接着做。",
        )
    )


def _run(row: sa.RowMapping, alive: bool) -> DayRun:
    sources = {
        name: SourceResult(
            **{**told, "tables": tuple(told["tables"]), "notes": tuple(told["notes"])}
        )
        for name, told in json.loads(row["sources"]).items()
    }
    outcome = row["outcome"] or (RUNNING if alive else BROKEN)
    message = row["message"]
    if row["outcome"] is None and not alive:
        message = f"进程在“{row['phase']}”中断；已完成的部分都在，下次运行接着做。"
    return DayRun(
        **{
            **row,
            "started_at": _aware(row["started_at"]),
            "finished_at": _aware(row["finished_at"]),
            "cancel_at": _aware(row["cancel_at"]),
            "phases": tuple(json.loads(row["phases"])),
            "outcome": outcome,
            "message": message,
            "sources": sources,
            "counts": json.loads(row["counts"]),
        }
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
