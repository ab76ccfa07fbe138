"""The slots (报表×期) of one resource: which there are up to a day, and what was put for each."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from ingest.sources.http.kept import remember, remembered
from ingest.sources.http.settings import HOLDER, Resource
from ingest.spool import Parcel, Spool

_CLOSE = 31  # days: an older gap is asked for by months
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """A stretch of days with a name; `last` belongs to it."""

    period: str
    first: date
    last: date

    @property
    def months(self) -> list[tuple[int, int]]:
        """Year and month of every month it touches."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
        start = self.first.year * 12 + self.first.month - 1
        return [((start + n) // 12, (start + n) % 12 + 1) for n in range(count + 1)]

    def filled(self, text: str) -> str:
        """A request parameter with the slot's {start} {end} {after} {year} {month} {day}."""
        told = {
            "start": self.first.isoformat(),
            "end": self.last.isoformat(),
            "after": (self.last + _DAY).isoformat(),
            "year": str(self.last.year),
            "month": f"{self.last.month:02}",
            "day": f"{self.last.day:02}",
        }
        return HOLDER.sub(lambda found: told[found[1]], text)


def windows(since: date, day: date) -> list[Slot]:
    """The days from `since` to `day` in stretches: months while they lie far back, then days."""
    found = []
    while since <= day:
        last = date(since.year, since.month, monthrange(since.year, since.month)[1])
        if last <= day - timedelta(days=_CLOSE):
            whole = since.day == 1
            name = f"{since:%Y-%m}" if whole else f"{since:%Y-%m-%d}~{last:%Y-%m-%d}"
        else:
            last, name = since, since.isoformat()
        found.append(Slot(name, since, last))
        since = last + _DAY
    return found


def slot_of(resource: Resource, day: date) -> Slot:
    """The slot that a day lies in, as the resource is taken."""
    year, month = day.year, day.month
    if resource.take == "day":
        return Slot(day.isoformat(), day, day)
    if resource.take == "month":
        last = date(year, month, monthrange(year, month)[1])
        return Slot(f"{year}-{month:02}", date(year, month, 1), last)
    return Slot(str(year), date(year, 1, 1), date(year, 12, 31))


def whole_slots(resource: Resource, start: date, since: date, day: date) -> list[Slot]:
    """The slots to ask for as wholes: those from `since` on, and the last ones again."""
    if resource.take == "all":
        return [Slot(str(day.year), date(day.year, 1, 1), day)]
    first = max(since, start)
    for _ in range(resource.reread):
        first = max(start, slot_of(resource, first).first - _DAY)
    found = []
    at = slot_of(resource, first)
    while at.first <= day:
        found.append(at)
        at = slot_of(resource, at.last + _DAY)
    return found


@dataclass(frozen=True)
class Seen:
    """The newest parcel of a slot."""

    revision: int
    sha256: str


class SlotBook:
    """A resource's memory: the next day to ask for, and what was put for each slot.

    What was put is read off the spool where the memory was lost; the days are then asked for again.
    """

    def __init__(self, path: Path, resource: Resource, spool: Spool) -> None:
        self.path = path
        self._suffix = f"@{resource.name}" if resource.name else ""
        self._spool = spool
        found = remembered(path)
        slots = found.get("slots")
        self._next = _date(found.get("next"))
        self._slots: dict[str, Seen] = (
            {str(name): Seen(int(one[0]), str(one[1])) for name, one in slots.items()}
            if isinstance(slots, dict)
            else _spooled(spool, resource.table, self._suffix)
        )

    def since(self, start: date) -> date:
        """The first day that was not asked for yet."""
        return max(self._next or start, start)

    def name(self, slot: Slot) -> str:
        """The period of a slot's parcels: two resources of one table have slots of their own."""
        return slot.period + self._suffix

    def newest(self, period: str) -> Seen | None:
        """The newest parcel of a slot; None where none was put."""
        return self._slots.get(period)

    def put(self, staged: Path, told: Parcel, digest: str) -> Parcel | None:
        """Put a parcel unless its slot's newest has the same content; None where it has.

        `told.revision` is the newest update time in seconds; one more than the last stands where
        that would not grow, as when a row is gone.
        """
        before = self.newest(told.period)
        if before is not None and before.sha256 == digest:
            staged.unlink(missing_ok=True)
            return None
        if before is not None:
            told = replace(told, revision=max(told.revision, before.revision + 1))
        kept = self._spool.put(staged, told)
        self._slots[told.period] = Seen(kept.revision, kept.sha256)
        return kept

    def move(self, day: date | None = None) -> None:
        """Write down what was put, and that all before `day` was asked for; never back."""
        if day is not None:
            self._next = max(self._next or day, day)
        slots = {name: [one.revision, one.sha256] for name, one in self._slots.items()}
        remember(self.path, {"next": self._next and self._next.isoformat(), "slots": slots})


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _spooled(spool: Spool, table: str, suffix: str) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    for parcel in spool.parcels():
        _, at, name = parcel.period.partition("@")
        if parcel.table != table or at + name != suffix:
            continue
        before = found.get(parcel.period)
        if before is None or before.revision <= parcel.revision:
            found[parcel.period] = Seen(parcel.revision, parcel.sha256)
    return found
