"""The source of a `kind = "http"` section: its resources one after the other, up to a day."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from budget_watch.lake import Home
from ingest.gate.secrets import person_key
from ingest.settings import read_as
from ingest.source import Errand, Fetched, SourceFault
from ingest.sources.http.client import Client
from ingest.sources.http.listing import Listing, Question, Whole
from ingest.sources.http.parcels import covered, newest, written
from ingest.sources.http.settings import HttpSettings, Resource
from ingest.sources.http.slots import Slot, SlotBook, slot_of, whole_slots, windows
from ingest.sources.http.times import midnight
from ingest.sources.http.times import written as time_text
from ingest.spool import Parcel

_DAY = timedelta(days=1)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class HttpSource:
    """One interface. Its parcels hold columns as text; money in the contract's unit."""

    settings: HttpSettings
    key: bytes

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return self.settings.name

    def fetch(self, errand: Errand) -> Fetched:
        """Bring what changed up to the errand's day, resource by resource.

        A resource that fails does not hold the others; what it failed with is raised at the end.

        Raises:
            SourceFault: one or several resources failed; the others' parcels are put.
            Stopped: see `Errand.go_on`.
        """
        client = Client(self.settings, errand)
        parcels: list[Parcel] = []
        notes: list[str] = []
        faults: list[SourceFault] = []
        try:
            for resource in self.settings.resource:
                try:
                    for parcel, words in _Turn(self, client, errand, resource).run():
                        if parcel is not None:
                            parcels.append(parcel)
                        notes.extend(f"{resource.title}：{text}" for text in words)
                except SourceFault as fault:
                    faults.append(fault)
        finally:
            client.close()
        if faults:
            raise SourceFault("\n".join(dict.fromkeys(map(str, faults)))) from faults[0]
        return Fetched(tuple(parcels), tuple(dict.fromkeys(notes)))


def open_source(section: Mapping[str, Any], home: Home) -> HttpSource:
    """The source of a section.

    Raises:
        SettingError: the section is wrong; names the key.
    """
    return HttpSource(read_as(HttpSettings, section), person_key(home.root))


Step = tuple[Parcel | None, tuple[str, ...]]


class _Turn:
    """One resource's part of a fetch."""

    def __init__(
        self, source: HttpSource, client: Client, errand: Errand, resource: Resource
    ) -> None:
        self.settings = source.settings
        self.errand = errand
        self.resource = resource
        self.folder = errand.memory / resource.title
        self.listing = Listing(client, self.folder / "pages", source.key)
        self.book = SlotBook(self.folder / "state.json", resource, errand.spool)

    def run(self) -> Iterator[Step]:
        """Put what is new; the memory moves on after each parcel."""
        since = self.book.since(self.settings.start)
        if self.resource.take == "increment":
            for window in windows(since, self.errand.day):
                yield self._taken(window, self._changes(window), whole=False)
                self._move(window.last + _DAY)
            return
        slots = whole_slots(self.resource, self.settings.start, since, self.errand.day)
        for slot in sorted({*slots, *self._changed(since)}, key=lambda one: one.first):
            yield self._taken(slot, self._whole(slot), whole=True)
            self._move()
        self._move(self.errand.day + _DAY)

    def _move(self, day: date | None = None) -> None:
        self.book.move(day)
        shutil.rmtree(self.folder / "pages", ignore_errors=True)

    def _changed(self, since: date) -> set[Slot]:
        """The slots of rows that were changed since, where the resource follows changes."""
        if not self.resource.follow or since > self.errand.day:
            return set()
        column = str(self.resource.contract.date_column)
        listing = self.listing.read(self._changes(Slot("", since, self.errand.day)))
        texts = {text for page in listing.pages for text in page.frame(column)[column]}
        days = [date.fromisoformat(text) for text in texts if text and _ISO.fullmatch(text)]
        wanted = [day for day in days if self.settings.start <= day <= self.errand.day]
        return {slot_of(self.resource, day) for day in wanted}

    def _changes(self, window: Slot) -> Question:
        told = self.resource
        since = midnight(window.first) - told.overlap_minutes * 60_000
        before = midnight(window.last + _DAY)
        params = [(told.since, time_text(since, told.time_format))]
        if told.until:
            params.append((told.until, time_text(before, told.time_format)))
        fixed = tuple((name, window.filled(text)) for name, text in told.params.items())
        title = f"{told.title} {window.period} 更新"
        return Question(told, (*fixed, *params), title, before, dated=True)

    def _whole(self, slot: Slot) -> Question:
        told = self.resource
        params = tuple((name, slot.filled(text)) for name, text in told.params.items())
        return Question(told, params, f"{told.title} {slot.period}")

    def _taken(self, slot: Slot, question: Question, whole: bool) -> Step:
        """Read a listing and put it as the slot's parcel, if it is new."""
        listing = self.listing.read(question)
        contract = self.resource.contract
        staged = self.errand.spool.staged(".parquet")
        rows, repeated = written(listing.pages, contract, staged)
        yearly = self.resource.take in ("year", "all")
        slices = [(slot.last.year, 0)] if yearly else slot.months
        told = Parcel(
            source=self.settings.name,
            table=self.resource.table,
            period=self.book.name(slot),
            biz_date=slot.last if not whole else self._biz_date(slot),
            path=staged,
            sha256="",
            revision=newest(listing.pages),
            rows=None if listing.total is None else rows,
            coverage=covered(staged, contract, self.settings.regions, slices),
            whole=whole,
            name=f"{self.settings.name} {question.title}",
        )
        parcel = self.book.put(staged, told, _digest(staged))
        return parcel, _notes(listing, repeated)

    def _biz_date(self, slot: Slot) -> date:
        """A day's first parcel belongs to that day; all else to the day it was asked for."""
        first = self.book.newest(self.book.name(slot)) is None
        return slot.last if first and self.resource.take == "day" else self.errand.day


def _notes(listing: Whole, repeated: int) -> tuple[str, ...]:
    notes = list(listing.notes)
    if repeated:
        notes.append(f"{repeated:,} 条在几页里重复出现，只取一次")
    return tuple(notes)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
