"""Reads one table inside an open session: an increment, or whole periods. Nothing is put here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import Coverage
from ingest.gate.classified import is_secret, note
from ingest.job import coverage_of
from ingest.source import Errand
from ingest.sources.database.faults import Lost
from ingest.sources.database.marks import clock_of
from ingest.sources.database.memory import Memory, seen_rows
from ingest.sources.database.periods import Period, periods
from ingest.sources.database.plan import DAY, DELETED, Plan, column
from ingest.sources.database.session import Session
from ingest.sources.database.shaping import days, shaped, text
from ingest.sources.database.staging import Sheet, Sheets
from ingest.sources.database.window import Window, span
from ingest.spool import Parcel


@dataclass(frozen=True)
class Coming:
    """A staged file and the parcel that it will be (its path and hash are not known yet)."""

    staged: Path
    parcel: Parcel


@dataclass
class Found:
    """What a read of one table brought.

    Attributes:
        memory: as it will be once everything is put.
        seen: hashes of the overlap's rows.
        keys: staged keys of all rows, where they are to be compared.
    """

    plan: Plan
    memory: Memory
    coming: list[Coming] = field(default_factory=list)
    seen: pl.DataFrame | None = None
    keys: Path | None = None
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def drop(self) -> None:
        """Remove what was staged."""
        for one in self.coming:
            one.staged.unlink(missing_ok=True)
        if self.keys is not None:
            self.keys.unlink(missing_ok=True)


@dataclass(frozen=True)
class Reading:
    """One table's read: its plan, the session, the errand, what is remembered."""

    plan: Plan
    session: Session
    errand: Errand
    memory: Memory
    folder: Path
    batch_rows: int

    def whole(self) -> Found:
        """Read the whole table, or the periods asked for."""
        found = Found(self.plan, self.memory)
        told = self.plan.settings
        clock = None
        if told.period_date is not None:
            newest = self.session.one(self.plan.newest(told.period_date))
            clock = clock_of(newest, f"{told.place} 的 {told.period_date}") if newest else None
        self._say_what_has_no_period(found)
        secret = 0

        def open_ones(frame: pl.DataFrame) -> pl.DataFrame:
            nonlocal secret
            hidden = is_secret(frame)
            secret += int(hidden.sum())
            return frame.filter(~hidden)

        for period in periods(told.period, told.periods_back, self.errand.day):
            where = self.plan.within(clock, period.first, period.last)
            sheets = Sheets(self.errand.spool, period.day, self._metadata(period.name))
            try:
                self._into(sheets, where, found, open_ones)
                self._fill(sheets, period.day)
            except BaseException:
                sheets.drop()
                found.drop()
                raise
            self._coming(found, sheets, period.name, True, period)
        if secret:
            found.notes.append(note(secret))
        return found

    def _say_what_has_no_period(self, found: Found) -> None:
        """Rows without a period belong to no version: they are told, not passed over in silence."""
        told = self.plan.settings
        for name in (told.period_date, told.period_year, told.period_month):
            if name is None:
                continue
            rows = int(self.session.one(self.plan.count(column(name).is_(None))))
            if rows:
                found.notes.append(
                    f"{told.place} 有 {rows:,} 行的 {name} 为空，不属于任何期间，没有取"
                )

    def grown(self) -> Found:
        """Read what grew since the cursor, and within the overlap what was not put before."""
        asked = span(self.plan, self.session, self.memory, self.errand)
        found = Found(self.plan, self.memory, notes=list(asked.notes))
        name = f"{asked.name}#{self.memory.turn}"
        where = self.plan.grown(asked.clock, asked.low, asked.end)
        sheets = Sheets(self.errand.spool, asked.last, self._metadata(name))
        window = Window(self.plan, asked, seen_rows(self.folder, self.memory))
        try:
            self._into(sheets, where, found, window.fresh)
            answered = self.memory.answered
            if self.plan.settings.regions and (answered is None or answered < self.errand.day):
                self._fill(sheets, self.errand.day)
            self._gone(found, window, sheets, name)
            self._coming(found, sheets, name, False, None)
            self._keys(found)
        except BaseException:
            sheets.drop()
            found.drop()
            raise
        if window.secret:
            found.notes.append(note(window.secret))
        found.seen = window.kept()
        clock = asked.clock or self.memory.clock
        answered = max(self.errand.day, self.memory.answered or self.errand.day)
        found.memory = replace(found.memory, clock=clock, high=asked.high, answered=answered)
        return found

    def _metadata(self, slot: str) -> dict[str, str]:
        # The slot in the file: two deliveries of equal rows are two, also by their hash.
        return {"table": self.plan.contract.code, "slot": slot}

    def _into(
        self,
        sheets: Sheets,
        where: list[Any],
        found: Found,
        fresh: Callable[[pl.DataFrame], pl.DataFrame],
    ) -> None:
        """Stream the rows into the sheets, and let the database count them once more."""
        rows = 0
        constants = self.plan.settings.constants
        for frame in self._frames(where):
            rows += frame.height
            new = fresh(frame)
            if new.height:
                own = new.select(list(self.plan.columns))
                day = days(new[DAY]) if self.plan.day else None
                sheets.add(shaped(own, self.plan.contract, constants), day)
        found.rows += rows
        if self.plan.settings.count:
            counted = int(self.session.one(self.plan.count(*where)))
            if counted != rows:
                raise Lost(
                    f"{self.plan.settings.place} 读到 {rows:,} 行，数据库说有 {counted:,} 行；"
                    "这次读的不算，重新读。"
                )

    def _frames(self, where: list[Any]) -> Iterator[pl.DataFrame]:
        for frame in self.session.frames(self.plan.select(*where), self.batch_rows):
            self.errand.go_on()
            frame.columns = self.plan.labels
            yield frame

    def _fill(self, sheets: Sheets, day: date) -> None:
        """See to it that there is a sheet of the day: no rows are an answer too."""
        if any(at == day for at, _ in sheets.sheets):
            return
        names = [*self.plan.columns, *self.plan.settings.constants]
        sheets.add_empty(day, pl.DataFrame(schema=dict.fromkeys(names, pl.String())))

    def _coming(
        self,
        found: Found,
        sheets: Sheets,
        name: str,
        whole: bool,
        period: Period | None,
    ) -> None:
        told = self.plan.settings
        count: dict[date, int] = {}
        for day, sheet in sheets.ended():
            count[day] = count.get(day, 0) + 1
            again = f"~{count[day]}" if count[day] > 1 else ""
            own = name if whole or self.plan.day is None else f"{day}_{name}"
            parcel = self._parcel(day, own, again, sheet, whole)
            covered = self._coverage(sheet.path, day, period) if told.regions else None
            found.coming.append(Coming(sheet.path, replace(parcel, coverage=covered)))

    def _parcel(self, day: date, period: str, again: str, sheet: Sheet, whole: bool) -> Parcel:
        told = self.plan.settings
        part = f"@{told.part}" if told.part else ""
        return Parcel(
            source="",
            table=told.table,
            period=f"{period}{again}{part}",
            biz_date=day,
            path=sheet.path,
            sha256="",
            revision=self.memory.turn,
            rows=sheet.rows,
            whole=whole,
            name=f"{told.place} {period}",
        )

    def _coverage(self, path: Path, day: date, period: Period | None) -> tuple[Coverage, ...]:
        """The slices that the rows speak of, and the day's own, whether or not it has rows."""
        contract = self.plan.contract
        rows = pl.read_parquet(path)
        wanted = ("fiscal_year", "month", "mof_div_code", contract.date_column)
        have = [rows[name] for name in wanted if name in rows.columns]
        typed = [
            days(one)
            if one.name == contract.date_column
            else one.cast(pl.String if one.name == "mof_div_code" else pl.Int64, strict=False)
            for one in have
        ]
        own = set(coverage_of(contract, pl.DataFrame(typed)))
        if period is not None or day == self.errand.day:
            month = 0 if period is not None and period.yearly else day.month
            own |= {Coverage(day.year, month, region) for region in self.plan.settings.regions}
        return tuple(sorted(own))

    def _gone(self, found: Found, window: Window, sheets: Sheets, name: str) -> None:
        """Stage the keys of rows marked as deleted, but not where a living row has the key."""
        keys = window.deleted()
        if keys.is_empty():
            return
        texts = [pl.col(one).cast(pl.String) for one in self.plan.key]
        for _, sheet in sheets.ended():
            living = pl.scan_parquet(sheet.path).select(texts).collect()
            keys = keys.join(living, on=self.plan.key, how="anti")
        if not keys.is_empty():
            found.coming.append(self.gone(keys, name))

    def gone(self, keys: pl.DataFrame, name: str) -> Coming:
        """Stage a list of keys whose rows are gone."""
        period = f"销_{name}"
        sheet = Sheet(self.errand.spool.staged(".parquet"), self._metadata(period))
        sheet.add(keys.select(self.plan.key).unique().sort(self.plan.key))
        sheet.close()
        parcel = self._parcel(self.errand.day, period, "", sheet, False)
        return Coming(sheet.path, replace(parcel, gone=True, coverage=()))

    def _keys(self, found: Found) -> None:
        """Stage the keys of all rows there are, where a comparison is due."""
        every, day = self.plan.settings.compare_days, self.errand.day
        before = self.memory.compared
        if every is None or (before is not None and day < before + timedelta(days=every)):
            return
        sheet = Sheet(self.errand.spool.staged(".keys"), {})
        names = [name for name in self.plan.key if name in self.plan.columns]
        labels = [*names, *([DELETED] if self.plan.deleted else [])]
        constants = {k: v for k, v in self.plan.settings.constants.items() if k in self.plan.key}
        for frame in self.session.frames(self.plan.keys(), self.batch_rows):
            self.errand.go_on()
            frame.columns = labels
            living = (
                frame.filter(~self.plan.is_deleted(frame[DELETED])) if DELETED in labels else frame
            )
            sheet.add(
                shaped(living.select(names), self.plan.contract, constants).select(
                    pl.all().map_batches(text, pl.String)
                )
            )
        if not sheet.rows:
            sheet.add(pl.DataFrame(schema=dict.fromkeys(self.plan.key, pl.String())))
        sheet.close()
        found.keys = sheet.path
        found.memory = replace(found.memory, compared=day)
