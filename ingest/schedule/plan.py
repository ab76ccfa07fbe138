"""What is due to run: pure reckoning from the clock, the settings and the records.

Business date D is due at `at` (02:00) on D+1 in China's time. It counts as run when an attempt that
began at or after that moment went through. The present clock is believed against the past one: an
attempt that began “later” than the present clock says, or than an attempt made after it, was begun
under a clock that ran ahead. It does not count, and the day is run again when it is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from budget_watch.lake.day_runs import BROKEN, CANCELLED, FAILED, RUNNING, DayRun
from budget_watch.lake.home import Home
from budget_watch.lake.section import read_section
from budget_watch.lake.snapshot import CHINA
from ingest.settings import SettingError

ON_TIME, CATCH_UP, RETRY, RESUME, BY_HAND = "定时", "补跑", "重试", "继续", "手工"
FUTURE = timedelta(hours=2)  # a correction of the clock by less makes no day run twice
DAY = timedelta(days=1)


class Settings(BaseModel):
    """The `[schedule]` section of budget_watch.toml.

    Attributes:
        at: when business date D is run on D+1, `"02:00"`, China's time.
        since: the first business date to run; by default the one after what is published already.
        retry_minutes: how long to wait after a failure, and before sources that failed are asked
            again. attempts: how often a day is tried in one night.
        settle_minutes: how long the clock must stand after a jump before it is believed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: time = time(2, 0)
    since: date | None = None
    retry_minutes: float = Field(default=30, ge=0)
    attempts: int = Field(default=4, ge=1)
    settle_minutes: float = Field(default=30, ge=0)

    @field_validator("at", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                return time.fromisoformat(value)
            except ValueError:
                raise ValueError('请写成 at = "02:00" 这样') from None
        return value


def read_settings(home: Home) -> Settings:
    """The section as it stands now; all defaults where there is none.

    Raises:
        SettingError: says which key is wrong.
    """
    return read_section(home, "schedule", Settings, SettingError)


def due_at(day: date, settings: Settings) -> datetime:
    """The moment at which a business date is to be run."""
    return datetime.combine(day + DAY, settings.at, CHINA)


def last_due(now: datetime, settings: Settings) -> date:
    """The latest business date whose moment has come."""
    local = now.astimezone(CHINA)
    return local.date() - (DAY if local.time() >= settings.at else 2 * DAY)


def run_days(runs: Sequence[DayRun], now: datetime, settings: Settings) -> set[date]:
    """The business dates whose T+1 run was made, by the present clock.

    Args:
        runs: latest first.
    """
    found = set()
    since = now  # no attempt seen so far began before
    for run in runs:
        due = due_at(run.biz_date, settings)
        believed = run.started_at <= now + FUTURE and since >= due - FUTURE
        if run.whole and run.started_at >= due and believed:
            found.add(run.biz_date)
        since = min(since, run.started_at)
    return found


@dataclass(frozen=True)
class Turn:
    """The day to run next, why, and from when on."""

    day: date
    reason: str
    not_before: datetime | None = None
    held: str = ""  # a sentence, where it waits for a person or for the next night
    again: bool = False  # it was run, but a source failed


def next_turn(
    runs: Sequence[DayRun], now: datetime, settings: Settings, published: date | None
) -> Turn | None:
    """The next day to run, the oldest missing first; None where all that is due has been run.

    Args:
        runs: latest first.
        published: business date of the latest snapshot.
    """
    runs = [run for run in runs if not run.part]  # they are no attempt at the whole day
    last = last_due(now, settings)
    done = run_days(runs, now, settings)
    tried = min((run.biz_date for run in runs), default=None)
    day = max(done) + DAY if done else tried or _first(settings, published, last)
    if settings.since is not None:
        day = max(day, settings.since)
    if day > last:
        return _again(runs, now, settings, last)
    tries = _tonight(runs, day, now, settings)
    reason = ON_TIME if day == last else CATCH_UP
    if not tries:
        return Turn(day, reason)
    newest = tries[0]
    if newest.outcome == CANCELLED:
        return Turn(
            day, RETRY, held=f"业务日 {day} 被{newest.cancel_by or '人'}取消，等待 runs resume。"
        )
    spent = [run for run in tries if run.outcome in (FAILED, BROKEN)]
    if len(spent) >= settings.attempts:
        return Turn(day, RETRY, held=f"业务日 {day} 已试 {len(spent)} 次没有完成，下一夜再试。")
    if newest.outcome == FAILED and newest.finished_at is not None:
        return Turn(day, RETRY, newest.finished_at + timedelta(minutes=settings.retry_minutes))
    return Turn(day, RETRY)


def _first(settings: Settings, published: date | None, last: date) -> date:
    if settings.since is not None:
        return settings.since
    return last if published is None else published + DAY


def _tonight(runs: Sequence[DayRun], day: date, now: datetime, settings: Settings) -> list[DayRun]:
    """The attempts at a day since the latest 02:00, latest first."""
    night = due_at(last_due(now, settings), settings)
    return [run for run in runs if run.biz_date == day and night <= run.started_at <= now + FUTURE]


def _again(runs: Sequence[DayRun], now: datetime, settings: Settings, last: date) -> Turn | None:
    """The last day once more, where a source failed in its run and may answer by now."""
    tries = _tonight(runs, last, now, settings)
    if not tries or len(tries) >= settings.attempts:
        return None
    newest = tries[0]
    faults = any(one.outcome != "done" for one in newest.sources.values())
    if newest.outcome in (RUNNING, CANCELLED) or not faults or newest.finished_at is None:
        return None
    at = newest.finished_at + timedelta(minutes=settings.retry_minutes)
    return Turn(last, RETRY, at, again=True)
