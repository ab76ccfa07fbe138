"""The source of a `kind = "http"` section: its resources one after the other, up to a day."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import Home
from ingest.gate.classified import note
from ingest.gate.secrets import person_key
from ingest.settings import read_as
from ingest.source import Errand, Fetched, SourceFault
from ingest.sources.http.client import Client
from ingest.sources.http.listing import Listing, Whole
from ingest.sources.http.parcels import Written, covered, newest, write_keys, written
from ingest.sources.http.questions import Question, all_of, changes
from ingest.sources.http.settings import HttpSettings, Resource
from ingest.sources.http.slots import Slot, SlotBook, slot_of, whole_slots, windows
from ingest.sources.http.times import CHINA
from ingest.spool import Parcel

_DAY = timedelta(days=1)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class HttpSource:
    """One interface. Its parcels hold columns as text; money in the contract's unit.

    Attributes:
        key: of the home, for identity numbers.
        clock: seconds since 1970; a day that is not over by it is asked for again.
    """

    settings: HttpSettings
    key: bytes
    clock: Callable[[], float] = time.time

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
                    for put, words in _Turn(self, client, errand, resource).run():
                        parcels.extend(put)
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


Step = tuple[list[Parcel], tuple[str, ...]]


class _Turn:
    """One resource's part of a fetch."""

    def __init__(
        self, source: HttpSource, client: Client, errand: Errand, resource: Resource
    ) -> None:
        self.settings = source.settings
        self.today = datetime.fromtimestamp(source.clock(), CHINA).date()
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
                yield self._taken(window, changes(self.resource, window), whole=False)
                self._move(window.last + _DAY)
            return
        slots = whole_slots(self.resource, self.settings.start, since, self.errand.day)
        for slot in sorted({*slots, *self._changed(since)}, key=lambda one: one.first):
            yield self._taken(slot, all_of(self.resource, slot), whole=True)
            self._move()
        self._move(self.errand.day + _DAY)

    def _move(self, day: date | None = None) -> None:
        """Write down that all before `day` was asked for; a day that goes on is asked for again."""
        self.book.move(None if day is None else min(day, self.today))
        shutil.rmtree(self.folder / "pages", ignore_errors=True)

    def _changed(self, since: date) -> set[Slot]:
        """The slots of rows that were changed since, where the resource follows changes."""
        if not self.resource.follow or not self.settings.start < since <= self.errand.day:
            return set()
        column = str(self.resource.contract.date_column)
        window = Slot(f"{since}~{self.errand.day}", since, self.errand.day)
        listing = self.listing.read(changes(self.resource, window))
        texts = {text for page in listing.pages for text in page.frame(column)[column]}
        days = [date.fromisoformat(text) for text in texts if text and _ISO.fullmatch(text)]
        wanted = [day for day in days if self.settings.start <= day <= self.errand.day]
        return {slot_of(self.resource, day) for day in wanted}

    def _taken(self, slot: Slot, question: Question, whole: bool) -> Step:
        """Read a listing and put it as the slot's parcel, if it is new, and what is gone as one."""
        listing = self.listing.read(question)
        contract = self.resource.contract
        staged = self.errand.spool.staged(".parquet")
        found = written(listing.pages, contract, staged)
        yearly = self.resource.take in ("year", "all")
        slices = [(slot.last.year, 0)] if yearly else slot.months
        told = Parcel(
            source=self.settings.name,
            table=self.resource.table,
            period=self.book.name(slot),
            biz_date=self._biz_date(slot) if whole else slot.last,
            path=staged,
            sha256="",
            revision=newest(listing.pages),
            rows=None if listing.total is None else found.rows,
            coverage=covered(staged, contract, self.settings.regions, slices),
            whole=whole,
            name=f"{self.settings.name} {question.title}",
        )
        parcels = [self.book.put(staged, told, _digest(staged))]
        if not whole and found.void.height:
            parcels.append(self._gone(told, found.void))
        return [one for one in parcels if one], _notes(listing, found)

    def _gone(self, told: Parcel, keys: pl.DataFrame) -> Parcel | None:
        """Put the keys of rows that the interface marks as deleted; they come after the rows."""
        staged = self.errand.spool.staged(".parquet")
        write_keys(keys, self.resource.contract, staged)
        gone = replace(
            told,
            period=f"{told.period}作废",
            path=staged,
            rows=keys.height,
            coverage=(),
            gone=True,
            name=f"{told.name} 作废",
        )
        return self.book.put(staged, gone, _digest(staged))

    def _biz_date(self, slot: Slot) -> date:
        """A day's first parcel belongs to that day; all else to the day it was asked for."""
        first = self.book.newest(self.book.name(slot)) is None
        return slot.last if first and self.resource.take == "day" else self.errand.day


def _notes(listing: Whole, found: Written) -> tuple[str, ...]:
    notes = list(listing.notes)
    if found.void.height > found.secret:
        notes.append(f"{found.void.height - found.secret:,} 条已作废")
    if found.secret:
        notes.append(note(found.secret))
    if found.repeated:
        notes.append(f"{found.repeated:,} 条重复列出，只取一次")
    return tuple(notes)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
