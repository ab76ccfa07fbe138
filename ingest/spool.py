"""The spool: what sources fetched, kept whole before the gate looks at it.

A parcel (送达件) is one delivery of one table. A source lays its content down first, under
the hash of its bytes, then the slip that says what it is; killed between the two, it leaves content
that nobody names, and laying it down again changes nothing. Nothing leaves the spool: processed
parcels stay, and the ledger knows which of them are in the lake.

    <home>/spool/<source>/content/<sha256><suffix>
    <home>/spool/<source>/slips/<biz_date>/<slip id>.json      waiting
    <home>/spool/<source>/taken/<biz_date>/<slip id>.json      the ledger knows them

The two folders of slips only save reading what is done: the ledger alone says what is in the lake.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from budget_watch.lake import Coverage, Home
from ingest.content_hash import sha256_of
from ingest.errors import Unreadable

_WAITING, _TAKEN = "slips", "taken"


@dataclass(frozen=True)
class Parcel:
    """One delivery of one table, as a source handed it over.

    Attributes:
        source: name of the source in budget_watch.toml.
        table: contract code, such as FIN-15; empty where only the content tells (a workbook of
            published forms, an archive of several tables).
        period: what it stands for: `2026`, `2026-09`, `2026-11-18`, or an increment's own name.
        biz_date: business date it belongs to; a late parcel keeps its old day.
        path: the content in the spool (Parquet in delivered or stored types, CSV, workbook).
        sha256: of the content.
        revision: grows with each correction of the same source, table and period, as the source
            itself numbers or dates them; a smaller one never takes the place of a larger one.
        rows: how many rows the source declared; None where it declares none.
        coverage: slices delivered, also those without rows; None: read them off the rows.
        whole: whether it stands for all rows of its period (rows it does not hold are gone), or
            only for rows of its own keys.
        gone: its rows are nothing but keys, whose rows leave the table (deleted at the source);
            see `ingest.withdraw`. Such a parcel is not `whole`.
        name: what people know it by: file name, query, address without secrets.
        fetched_at: UTC.
    """

    source: str
    table: str
    period: str
    biz_date: date
    path: Path
    sha256: str
    revision: int = 0
    rows: int | None = None
    coverage: tuple[Coverage, ...] | None = None
    whole: bool = True
    gone: bool = False
    name: str = ""
    fetched_at: datetime | None = None

    @property
    def slip_id(self) -> str:
        """The name of its slip: equal deliveries share it."""
        told = (self.table, self.period, self.biz_date.isoformat(), self.revision, self.sha256)
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Slip:
    """A slip as it stands on disk: where it lies while it waits, its bytes, its parcel."""

    waiting: str
    data: bytes
    parcel: Parcel


class Spool:
    """The spool of one source in one home."""

    def __init__(self, home: Home, source: str) -> None:
        self.source = source
        self.folder = home.root / "spool" / source
        self.last_was_new = False  # whether the parcel put last was not known before

    def staged(self, suffix: str) -> Path:
        """A path to write content to before it is put; same disk, no other writer has it."""
        folder = self.folder / "coming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{secrets.token_hex(8)}{suffix}"

    def put(self, staged: Path, parcel: Parcel, digest: str = "") -> Parcel:
        """Keep staged content and its slip, durably; return the parcel as kept.

        `path`, `sha256`, `source` and `fetched_at` of the given parcel are filled in here.

        Args:
            digest: the content's SHA-256 where it is known already.
        """
        return self.enter(self.lay(staged, parcel, digest))

    def lay(self, staged: Path, parcel: Parcel, digest: str = "") -> Parcel:
        """Keep staged content, durably, and return its parcel, which counts once it is entered."""
        digest = digest or sha256_of(staged)
        content = self.folder / "content" / f"{digest}{staged.suffix.lower()}"
        content.parent.mkdir(parents=True, exist_ok=True)
        if content.exists() and content.stat().st_size == staged.stat().st_size:
            staged.unlink()
        else:
            _settle(staged, content)
        fetched = parcel.fetched_at or datetime.now(UTC)
        return replace(parcel, source=self.source, path=content, sha256=digest, fetched_at=fetched)

    def enter(self, laid: Parcel) -> Parcel:
        """Write the slip of a laid parcel, durably; return it, or the equal one known before."""
        slip = self._slip(laid)
        self.last_was_new = False
        for known in (slip, self._slip(laid, _TAKEN)):
            if known.exists():
                return _read(known, self.folder)
        slip.parent.mkdir(parents=True, exist_ok=True)
        half = slip.with_suffix(".half")
        half.write_text(json.dumps(record(laid), ensure_ascii=False, indent=1), encoding="utf-8")
        _settle(half, slip)
        self.last_was_new = True
        return laid

    def told(self, record: Mapping[str, Any]) -> Parcel:
        """The parcel of a `record`.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        return _parcel(record, self.folder)

    def parcels(self, upto: date | None = None, waiting: bool = False) -> Iterator[Parcel]:
        """Parcels up to a business date, by date, table, period, revision and time of fetching.

        Args:
            waiting: only those not yet marked as `done`.

        Raises:
            Unreadable: a slip was damaged by hand; says which.
        """
        folders = (
            [self.folder / _WAITING] if waiting else [self.folder / _WAITING, self.folder / _TAKEN]
        )
        days: dict[str, list[Path]] = {}
        for folder in folders:
            for day in folder.glob("*"):
                if day.is_dir() and (upto is None or date.fromisoformat(day.name) <= upto):
                    days.setdefault(day.name, []).append(day)
        for _, places in sorted(days.items()):
            slips = {slip.name: slip for place in places for slip in place.glob("*.json")}
            yield from sorted((_read(slip, self.folder) for slip in slips.values()), key=in_order)

    def slips(self) -> Iterator[Slip]:
        """All slips as they stand, each once, also while others mark them as done.

        Raises:
            Unreadable: a slip was damaged by hand; says which.
        """
        names = {
            slip.relative_to(self.folder / state).as_posix()
            for state in (_WAITING, _TAKEN)
            for slip in (self.folder / state).glob("*/*.json")
        }
        for name in sorted(names):
            for state in (_WAITING, _TAKEN, _WAITING):  # it is moved from one to the other
                slip = self.folder / state / name
                try:
                    data = slip.read_bytes()
                except FileNotFoundError:
                    continue
                yield Slip(f"{_WAITING}/{name}", data, _parsed(slip, data, self.folder))
                break

    def done(self, parcel: Parcel) -> None:
        """Mark a parcel as known to the ledger, so that no later run reads its slip again."""
        slip, target = self._slip(parcel), self._slip(parcel, _TAKEN)
        if slip.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            slip.replace(target)

    def reopen(self) -> int:
        """Let all parcels wait again, say after the lake was restored from an older backup; return
        how many. Those that the ledger still knows change nothing."""
        count = 0
        for slip in (self.folder / _TAKEN).glob("*/*.json"):
            target = self.folder / _WAITING / slip.parent.name / slip.name
            target.parent.mkdir(parents=True, exist_ok=True)
            slip.replace(target)
            count += 1
        return count

    def sweep(self) -> None:
        """Remove what a killed source left half-written. Call with the source's lock held."""
        for folder in ("coming",):
            for half in (self.folder / folder).glob("*"):
                half.unlink(missing_ok=True)

    def _slip(self, parcel: Parcel, state: str = _WAITING) -> Path:
        return self.folder / state / parcel.biz_date.isoformat() / f"{parcel.slip_id}.json"


def in_order(parcel: Parcel) -> tuple[str, bool, str, str, int, str, str]:
    """The order in which parcels are taken: by business date, references first, then by slot, the
    older revision first, then as they were fetched."""
    fetched = parcel.fetched_at.isoformat() if parcel.fetched_at else ""
    return (
        parcel.biz_date.isoformat(),
        not parcel.table.startswith("REF"),
        parcel.table,
        parcel.period,
        parcel.revision,
        fetched,
        parcel.slip_id,
    )


def spools(home: Home) -> list[Spool]:
    """The spools that a home has, also of sources that are no longer configured."""
    folder = home.root / "spool"
    return [Spool(home, one.name) for one in sorted(folder.glob("*")) if one.is_dir()]


def _settle(half: Path, target: Path) -> None:
    """Rename with the content and the name on disk before it counts."""
    with half.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(half, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def record(parcel: Parcel) -> dict[str, Any]:
    """JSON-ready; the content by its name in the spool. See `Spool.told`."""
    told = asdict(parcel)
    told["path"] = parcel.path.name
    told["biz_date"] = parcel.biz_date.isoformat()
    told["fetched_at"] = parcel.fetched_at.isoformat() if parcel.fetched_at else None
    return told


def _read(slip: Path, folder: Path) -> Parcel:
    return _parsed(slip, slip.read_bytes(), folder)


def _parsed(slip: Path, data: bytes, folder: Path) -> Parcel:
    try:
        return _parcel(json.loads(data), folder)
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"送达登记“{slip}”已损坏（{error}）；请删除它后重新取数。") from error


def _parcel(told: Mapping[str, Any], folder: Path) -> Parcel:
    covered = told["coverage"]
    fetched = told["fetched_at"]
    return Parcel(
        **{
            **told,
            "path": folder / "content" / told["path"],
            "biz_date": date.fromisoformat(told["biz_date"]),
            "coverage": None if covered is None else tuple(Coverage(**c) for c in covered),
            "fetched_at": datetime.fromisoformat(fetched) if fetched else None,
        }
    )
