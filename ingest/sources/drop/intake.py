"""Reads what was laid down and is whole: `Intake(place, settings, errand).run()`.

A file is read when it stands still, when its marker lies beside it, or when a list names it; it is
copied to the spool, and looked at once more, so that what grew meanwhile waits. What was read is
remembered by size and time; laid down anew it is a delivery anew, and whether its content is known,
newer or older than what the lake has is seen there. Read files may be moved away; none is deleted.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from budget_watch.lake import Coverage
from budget_watch.lake.snapshot import CHINA
from ingest.content_hash import sha256_of
from ingest.errors import Unreadable
from ingest.source import Errand, Fetched, SourceFault
from ingest.sources.drop.lists import Listed, is_list, read_list
from ingest.sources.drop.names import Named, by_itself, by_pattern, months
from ingest.sources.drop.place import Place, Seen
from ingest.sources.drop.settings import DropSettings, FileSettings
from ingest.spool import Parcel

# What programs leave while they copy, and what is nobody's delivery.
_HALF = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".!ut", ".lock")
_SHOWN = 5
_SAVE_EVERY = 200


@dataclass
class _Known:
    """What is remembered of a file: as it stood, since when, and what was read of it."""

    size: int
    mtime_ns: int
    since: float
    sha256: str = ""

    def still(self, seen: Seen) -> bool:
        """Whether the file stands as it stood."""
        return (self.size, self.mtime_ns) == (seen.size, seen.mtime_ns)


@dataclass(frozen=True)
class _Wanted:
    """A file that is to be read, and the parcel that it becomes."""

    seen: Seen
    parcel: Parcel
    key: str
    size: int | None = None
    sha256: str | None = None
    beside: tuple[Seen, ...] = ()  # its marker, which moves with it


@dataclass
class Intake:
    """One fetch from one folder.

    Attributes:
        clock: the wall's time in seconds; tests set it.
        patience: seconds to wait for files that are still being written, beside `stable_seconds`.
    """

    place: Place
    settings: DropSettings
    errand: Errand
    clock: Callable[[], float] = time.time
    patience: float = 5.0
    parcels: list[Parcel] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self) -> Fetched:
        """Put every whole file that belongs to the errand's day or before.

        Raises:
            SourceFault: the folder cannot be read, or some of its files; the others were put.
            Stopped: see `Errand.go_on`.
        """
        self._known = self._remembered()
        try:
            self._read_all()
        finally:
            self._remember()
        if self.faults:
            listed = "；".join(self.faults[:_SHOWN])
            more = f"等 {len(self.faults)} 处" if len(self.faults) > _SHOWN else ""
            raise SourceFault(
                f"数据源“{self.settings.name}”有文件没有读成：{listed}{more}。其余已读入；"
                "这些下次再读。"
            )
        return Fetched(tuple(self.parcels), tuple(self.notes))

    def _read_all(self) -> None:
        deadline = time.monotonic() + 2 * self.settings.stable_seconds + self.patience
        while True:
            self.errand.go_on()
            files = self.place.files(self.settings.subfolders, self.settings.done)
            self._forget({seen.path for seen in files})
            waits = self._turn(files)
            if not waits:
                return
            if time.monotonic() > deadline:
                self._note(waits, "个文件还在变化或没有传完，下次再读：")
                return
            self.errand.tell(f"等 {len(waits)} 个文件写完")
            self.errand.stop.wait(min(1.0, max(0.05, self.settings.stable_seconds / 4)))

    def _turn(self, files: list[Seen]) -> list[str]:
        """Read what is ready; return the paths of what is not yet."""
        self.notes = []
        waits = []
        number = 0
        for wanted in self._wanted(files):
            self.errand.go_on()
            if not self._ready(wanted):
                waits.append(wanted.seen.path)
                continue
            number += 1
            if not self._read(wanted):
                waits.append(wanted.seen.path)
            if number % _SAVE_EVERY == 0:
                self._remember()
        return waits

    def _wanted(self, files: list[Seen]) -> Iterator[_Wanted]:
        """The files to be read, oldest first: of one period the newer comes later."""
        match self.settings.ready:
            case "list":
                found = list(self._listed(files))
            case _:
                found = list(self._matched(files))
        return iter(sorted(found, key=lambda one: (one.parcel.biz_date, one.parcel.revision)))

    def _matched(self, files: list[Seen]) -> Iterator[_Wanted]:
        there = {seen.path: seen for seen in files}
        strange: list[str] = []
        later: list[str] = []
        unmarked: list[str] = []
        for seen in files:
            if self._passed_over(seen):
                continue
            marker = self._marker(seen, there)
            if self.settings.ready == "marker" and marker is None:
                unmarked.append(seen.path)
                continue
            told = self._told(seen)
            if told is None:
                strange.append(seen.path)
                continue
            parcel = self._parcel(seen, *told)
            if parcel.biz_date <= self.errand.day:
                yield _Wanted(seen, parcel, seen.path, beside=(marker,) if marker else ())
            else:
                later.append(f"{seen.path}（{parcel.biz_date}）")
        self._note(strange, "个文件的名字不合任何 pattern，没有读：")
        self._note(later, "个文件属于以后的业务日，到那天再读：")
        self._note(unmarked, "个文件没有完成标记，没有读：")

    def _told(self, seen: Seen) -> tuple[Named, FileSettings | None] | None:
        if not self.settings.files:
            return by_itself(seen.path), None
        for kind in self.settings.files:
            named = by_pattern(kind.pattern, seen.path)
            if named is not None:
                return named, kind
        return None

    def _parcel(self, seen: Seen, named: Named, kind: FileSettings | None) -> Parcel:
        """A file's parcel. A day's file belongs to its day; others to the day that they came."""
        period, day = named.period, came_on(seen)
        if period is not None:  # an old clock does not deliver a period before it began
            day = period.first if period.span == "day" else max(day, period.first)
        covered = None
        if kind is not None and kind.regions and period is not None:
            covered = tuple(
                Coverage(year, month, region)
                for year, month in months(period)
                for region in kind.regions
            )
        revision = named.revision
        return Parcel(
            source=self.settings.name,
            table=(kind.table if kind else None) or named.table or "",
            period=named.slot,
            biz_date=day,
            path=Path(),
            sha256="",
            revision=seen.mtime_ns // 1_000_000 if revision is None else revision,
            coverage=covered,
            whole=kind.whole if kind else True,
            name=seen.path,
        )

    def _listed(self, files: list[Seen]) -> Iterator[_Wanted]:
        there = {seen.path: seen for seen in files}
        read = {
            key
            for key, known in self._known.items()
            if known.since == _READ
            and ((file := there.get(key.partition("|")[0])) is None or known.still(file))
        }
        absent: list[str] = []
        for seen in files:
            if not is_list(seen.name):
                continue
            for entry in self._entries(seen, read):
                file = there.get(entry.path)
                if entry.biz_date > self.errand.day:
                    continue
                if file is None:
                    absent.append(entry.path)
                    continue
                parcel = self._listed_parcel(entry)
                yield _Wanted(file, parcel, entry.key, entry.size, entry.sha256)
        self._note(absent, "个清单所列的文件还没有到：")

    def _entries(self, seen: Seen, read: Collection[str]) -> list[Listed]:
        try:
            return read_list(seen.path, self.place.text(seen), read)
        except Unreadable as error:
            self._fault(str(error).rstrip("。"))
        except OSError as error:
            self._fault(f"清单“{seen.path}”读不出（{error.strerror or error}）")
        return []

    def _listed_parcel(self, entry: Listed) -> Parcel:
        return Parcel(
            source=self.settings.name,
            table=entry.table,
            period=entry.period,
            biz_date=entry.biz_date,
            path=Path(),
            sha256="",
            revision=entry.revision,
            rows=entry.rows,
            coverage=entry.coverage,
            whole=entry.whole,
            name=entry.path,
        )

    def _ready(self, wanted: _Wanted) -> bool:
        """Whether a file is whole, as far as can be told without reading it."""
        seen, now = wanted.seen, self.clock()
        known = self._known.get(wanted.key)
        if known is None or not known.still(seen) or known.since > now + 1:  # the clock went back
            known = self._known[wanted.key] = _Known(seen.size, seen.mtime_ns, now)
            if self.settings.ready == "stable":
                return self.settings.stable_seconds == 0
        if self.settings.ready == "list":
            return wanted.size is None or wanted.size == seen.size
        return self.settings.ready == "marker" or now - known.since >= self.settings.stable_seconds

    def _read(self, wanted: _Wanted) -> bool:
        """Put a file's content; False where it changed meanwhile. Files read before are known."""
        known = self._known[wanted.key]
        if known.since == _READ:
            self._move(wanted, known.sha256)
            return True
        suffix = Path(wanted.seen.name).suffix.lower() or ".bin"
        staged = self.errand.spool.staged(suffix)
        try:
            after = self.place.fetch(wanted.seen, staged, self.errand.go_on)
            if after != wanted.seen or staged.stat().st_size != wanted.seen.size:
                return False
            digest = sha256_of(staged)
            if wanted.sha256 and digest != wanted.sha256:
                self._fault(f"“{wanted.seen.path}”的内容与清单所写的 sha256 不符，可能没有传完")
                return True
            self.parcels.append(self.errand.spool.put(staged, wanted.parcel, digest))
        except FileNotFoundError:
            return True  # taken away meanwhile
        except OSError as error:
            self._fault(f"“{wanted.seen.path}”（{error.strerror or error}）")
            return True
        finally:
            staged.unlink(missing_ok=True)
        self._known[wanted.key] = _Known(wanted.seen.size, wanted.seen.mtime_ns, _READ, digest)
        self._move(wanted, digest)
        return True

    def _move(self, wanted: _Wanted, digest: str) -> None:
        """Move a read file away, under its hash; where that fails it stays and is known."""
        if self.settings.done is None or self.settings.ready == "list":
            return
        for seen in (wanted.seen, *wanted.beside):
            target = f"{self.settings.done}/{wanted.parcel.biz_date}/{digest[:12]}_{seen.name}"
            try:
                self.place.move(seen, target)
            except OSError as error:
                self.notes.append(f"“{seen.path}”已读入，但移不到 {target}（{error}）。")

    def _passed_over(self, seen: Seen) -> bool:
        name = seen.name.lower()
        hidden = any(part.startswith(".") for part in seen.path.split("/"))
        half = name.endswith(_HALF) or name.startswith(("~$", "~"))
        return hidden or half or is_list(seen.name) or name.endswith(self._marks)

    def _marker(self, seen: Seen, there: dict[str, Seen]) -> Seen | None:
        stem = seen.path.rpartition(".")[0]
        names = [f"{base}{mark}" for mark in self.settings.markers for base in (seen.path, stem)]
        return next((there[name] for name in names if name in there), None)

    def _note(self, paths: list[str], text: str) -> None:
        if paths:
            more = " 等" if len(paths) > _SHOWN else ""
            self.notes.append(f"{len(paths)} {text}{'、'.join(paths[:_SHOWN])}{more}。")

    def _fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)

    @property
    def _marks(self) -> tuple[str, ...]:
        return tuple(mark.lower() for mark in self.settings.markers)

    @property
    def _memory(self) -> Path:
        return self.errand.memory / "files.json"

    def _remembered(self) -> dict[str, _Known]:
        try:
            told: dict[str, Any] = json.loads(self._memory.read_text(encoding="utf-8"))
            return {name: _Known(**one) for name, one in told.items()}
        except (OSError, ValueError, TypeError):
            return {}  # costs reading again; the spool knows what it has

    def _remember(self) -> None:
        told = {name: vars(one) for name, one in self._known.items()}
        half = self._memory.with_suffix(".half")
        half.parent.mkdir(parents=True, exist_ok=True)
        with half.open("w", encoding="utf-8") as file:
            json.dump(told, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self._memory)

    def _forget(self, there: set[str]) -> None:
        """Forget files that are no longer there; what a list named stays known."""
        gone = [key for key in self._known if key.partition("|")[0] not in there and "|" not in key]
        for key in gone:
            del self._known[key]


_READ = -1.0  # `since` of what was read


def came_on(seen: Seen) -> date:
    """The day, in China, on which a file was last changed."""
    return datetime.fromtimestamp(seen.mtime_ns / 1e9, CHINA).date()
