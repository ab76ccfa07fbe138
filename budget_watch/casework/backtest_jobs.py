"""Back-tests asked for from a page: one at a time, in a process of their own, told and cancelled.

A job is files in `<home>/backtests/jobs`: its question (written once, by who asks), its state
(written by the process alone) and a mark that it should end. The process holds a lock as long as
it lives, so that every server knows whether one runs, and one that died is seen as such. Ending it
at any instant loses nothing: what it reads it never changes, and its result is kept at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import budget_watch
from budget_watch.access import Grant
from budget_watch.audit import Note
from budget_watch.casework.auditing import noted
from budget_watch.casework.book import book_now
from budget_watch.casework.cases import Actor
from budget_watch.casework.checking import choose_snapshot
from budget_watch.casework.errors import CaseworkError
from budget_watch.casework.experiments import FOLDER, Every, period_ends, settings
from budget_watch.casework.workflow import workflow_of
from budget_watch.lake import Home

JOBS = "jobs"
MOST_DAYS = 36  # periods of one job
KEPT = 20  # jobs whose files stay
_STARTING = timedelta(seconds=60)  # to wait for the process's first word
_JOB = re.compile(r"\d{14}-[0-9a-f]{8}")
State = Literal["running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Question:
    """What is asked: the ends of which periods, with which other number, of which rules."""

    since: date
    until: date
    every: Every
    said: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A job and how far it is.

    Attributes:
        started: UTC.
        done, of: period ends judged, and how many there are.
        told: why it failed.
        result: the kept back-test's id, once it is done.
    """

    id: str
    question: Question
    user: str
    started: datetime
    state: State
    done: int = 0
    of: int = 0
    told: str = ""
    result: str = ""


def may_ask(home: Home, grant: Grant, role: str) -> bool:
    """Whether somebody may start and cancel: the committee's people to whom all data is open."""
    return grant.whole and workflow_of(home.root).party.get(role) == "committee"


def start(home: Home, actor: Actor, question: Question) -> Job:
    """Begin a back-test in a process of its own.

    Raises:
        CaseworkError: not theirs to ask, one runs already, or the question cannot be answered.
    """
    _allowed(home, actor)
    running = current(home)
    if running is not None:
        raise CaseworkError("有一个回测正在计算，请等它结束，或先取消它。")
    _answerable(home, question)
    now = datetime.now(UTC)
    job = Job(f"{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}", question, actor.user, now, "running")
    folder = jobs_folder(home.root)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    details = {"question": _plain(question)}
    noted(home, Note(actor.who, "backtest.start", "backtest", job.id, details))
    asked = {"question": _plain(question), "user": actor.user, "started": now.isoformat()}
    put(folder / f"{job.id}.json", asked)
    _spawn(home.root, job.id)
    return job


def cancel(home: Home, actor: Actor, job: str) -> None:
    """Have the running back-test end. Raises CaseworkError where it is not running."""
    _allowed(home, actor)
    running = current(home)
    if running is None or running.id != job:
        raise CaseworkError("这个回测已经不在计算。")
    noted(home, Note(actor.who, "backtest.cancel", "backtest", job, {}))
    (jobs_folder(home.root) / f"{job}.cancel").touch()


def current(home: Home) -> Job | None:
    """The job that is being computed."""
    return next((each for each in jobs(home) if each.state == "running"), None)


def jobs(home: Home) -> list[Job]:
    """The jobs whose files are there, the latest first."""
    folder = jobs_folder(home.root)
    alive = _held(folder)
    paths = sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else []
    return [_read(path, alive) for path in paths if _JOB.fullmatch(path.stem)]


def jobs_folder(root: Path) -> Path:
    """Where the files of jobs are."""
    return Path(root) / FOLDER / JOBS


def question_of(folder: Path, job: str) -> Question:
    """The question of a job."""
    return _question(json.loads((folder / f"{job}.json").read_text(encoding="utf-8"))["question"])


def put(path: Path, content: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    half = path.with_name(f".{path.name}.half")
    half.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    half.replace(path)


@contextmanager
def lock(folder: Path, *, exclusive: bool) -> Iterator[bool]:
    """The lock that a computing process holds; tells whether it was free."""
    with (folder / "lock").open("a", encoding="utf-8") as file:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _held(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    with lock(folder, exclusive=False) as free:
        return not free


def _allowed(home: Home, actor: Actor) -> None:
    if not may_ask(home, actor.grant, actor.role):
        raise CaseworkError("回测用全部数据计算，由预算工委的人员在全部范围内进行。")


def _answerable(home: Home, question: Question) -> None:
    book, snapshot = book_now(home.root), choose_snapshot(home)
    try:
        settings(book, question.said)
    except CaseworkError as error:  # who asks on a page has written no --set
        raise CaseworkError(re.sub(r"^--set \S+?[:：] ?", "", str(error))) from error
    unknown = [rule for rule in question.rules if rule not in book.rules]
    if unknown or not question.rules:
        raise CaseworkError(f"规则库里没有 {'、'.join(unknown) or '要回测的规则'}。")
    days = period_ends(question.since, min(question.until, snapshot.biz_date), question.every)
    if not days:
        span, until = f"{question.since} 至 {question.until}", snapshot.biz_date
        raise CaseworkError(f"{span} 之间没有已结束的期间（数据到 {until}）。")
    if len(days) > MOST_DAYS:
        raise CaseworkError(f"一次最多回测{MOST_DAYS}个时点，这里有{len(days)}个；请缩短期间。")


def _spawn(root: Path, job: str) -> None:
    source = str(Path(budget_watch.__file__).parents[1])
    paths = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
    child = subprocess.Popen(
        [sys.executable, "-m", "budget_watch.casework.backtest_child", str(root), job],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    threading.Thread(target=child.wait, daemon=True).start()


def _read(path: Path, alive: bool) -> Job:
    asked = json.loads(path.read_text(encoding="utf-8"))
    started = datetime.fromisoformat(asked["started"])
    job = Job(path.stem, _question(asked["question"]), asked["user"], started, "running")
    state = path.with_suffix(".state")
    told = json.loads(state.read_text(encoding="utf-8")) if state.is_file() else None
    found = job if told is None else replace(job, **told)
    if found.state != "running" or (alive and told is not None):
        return found
    if path.with_suffix(".cancel").exists():
        return replace(found, state="cancelled")
    if told is None and datetime.now(UTC) - started < _STARTING:
        return found
    return replace(found, state="failed", told="计算的进程意外结束，没有结果。")


def _plain(question: Question) -> dict[str, Any]:
    said = {**asdict(question), "since": str(question.since), "until": str(question.until)}
    return {**said, "said": list(question.said), "rules": list(question.rules)}


def _question(said: dict[str, Any]) -> Question:
    return Question(
        date.fromisoformat(said["since"]),
        date.fromisoformat(said["until"]),
        said["every"],
        tuple(said["said"]),
        tuple(said["rules"]),
    )


def _sweep(folder: Path) -> None:
    old = sorted(folder.glob("*.json"), reverse=True)[KEPT - 1 :]
    for path in old:
        for each in folder.glob(f"{path.stem}.*"):
            each.unlink(missing_ok=True)
