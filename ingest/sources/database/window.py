"""The overlap: what of it was put before, and what has to be remembered for the next time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from ingest.gate.classified import is_secret
from ingest.source import Errand
from ingest.sources.database.marks import Clock, Value, clock_of, read
from ingest.sources.database.memory import Memory, hashes
from ingest.sources.database.plan import DELETED, SINCE, Plan
from ingest.sources.database.session import Session
from ingest.sources.database.shaping import shaped, text


@dataclass(frozen=True)
class Span:
    """The cursor's range of one read.

    Attributes:
        clock: how the column tells time; None where no row has a mark.
        old: the largest mark put before. high: the largest of this read.
        low: from where is read: `old` set back by the overlap, or the first value of the settings.
        kept_from: from where rows are remembered: `high` set back.
        end: end of the business day; marks of that moment and later are not read.
        last: latest business day that a row may have.
        notes: what people should know of it.
    """

    clock: Clock | None
    old: Value | None
    high: Value | None
    low: Value | None
    kept_from: Value | None
    end: datetime
    last: date
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As slots are named by it."""
        shown = self.clock.shown if self.clock else lambda mark: "始"
        return f"{shown(self.old)}..{shown(self.high)}"


def span(plan: Plan, session: Session, memory: Memory, errand: Errand) -> Span:
    """Ask the database how far the column has grown, and say what is to be read."""
    told, since, notes = plan.settings, str(plan.since), []
    what = f"{told.place} 的 {since}"
    after = errand.day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day)
    newest = session.one(plan.newest(since))
    if newest is None:
        return Span(None, None, memory.high, None, None, end, errand.day)
    clock = clock_of(newest, what)
    old = memory.high
    if memory.clock is not None and memory.clock.kind != clock.kind:
        notes.append(f"{what} 换了写法，从头重读一遍")
        old = None
    if clock.is_time and clock.moment(newest) > end + timedelta(days=1):
        notes.append(f"{what} 最大是 {newest}，晚于业务日，那样的行到那天才读")
    grown = session.one(plan.newest(since, *plan.grown(clock, None, end)))
    high = max((one for one in (old, grown) if one is not None), default=None)

    def back(mark: Value) -> Value:
        return clock.back(mark, told.overlap_hours, told.overlap_numbers)

    first = read(told.start, clock) if told.start is not None else None
    return Span(
        clock,
        old,
        high,
        first if old is None else back(old),
        None if high is None else back(high),
        end,
        errand.day if clock.is_time else after,
        tuple(notes),
    )


class Window:
    """The rows of a span as they come: which are new, which are marked as deleted.

    Attributes:
        secret: how many were left out because they are marked as state secrets.
    """

    def __init__(self, plan: Plan, span: Span, seen: pl.DataFrame) -> None:
        self._plan, self._span = plan, span
        self._seen = seen
        self._kept: list[pl.DataFrame] = [seen.clear()]
        self._deleted: list[pl.DataFrame] = []
        self.secret = 0

    def fresh(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that were not put before and are not marked as deleted or secret."""
        span = self._span
        mark = span.clock.series(frame[SINCE]) if span.clock else frame[SINCE]
        none = mark.is_null()
        before = none | (mark <= span.old).fill_null(False) if span.old is not None else none
        later = (
            none | (mark >= span.kept_from).fill_null(False) if span.kept_from is not None else none
        )
        if (before | later).any():
            rows = frame.with_row_index("_row").filter(before | later)
            hashed = hashes(rows.drop("_row").select(pl.all().map_batches(text, pl.String)))
            judged = rows.select("_row").hstack(hashed)
            self._kept.append(judged.filter(later.filter(before | later)).select("a", "b"))
            again = judged.join(self._seen, on=["a", "b"], how="semi")
            frame = frame.with_row_index("_row").join(
                again, on="_row", how="anti", maintain_order="left"
            )
            frame = frame.drop("_row")
        if self._plan.deleted is not None and frame.height:
            frame = self._without(frame, self._plan.is_deleted(frame[DELETED]))
        secret = is_secret(frame)
        self.secret += int(secret.sum())
        return self._without(frame, secret)

    def _without(self, frame: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
        """The frame without some rows, whose keys are gone: an earlier version may have come."""
        if not gone.any():
            return frame
        plan = self._plan
        rows = frame.filter(gone).select(list(plan.columns))
        own = shaped(rows, plan.contract, plan.settings.constants)
        keys = own.select(plan.key).select(pl.all().map_batches(text, pl.String))
        self._deleted.append(keys)
        return frame.filter(~gone)

    def kept(self) -> pl.DataFrame:
        """The hashes to remember."""
        return pl.concat(self._kept).unique(maintain_order=True)

    def deleted(self) -> pl.DataFrame:
        """The keys of rows marked as deleted."""
        empty = pl.DataFrame(schema=dict.fromkeys(self._plan.key, pl.String()))
        return pl.concat([empty, *self._deleted]).unique()
