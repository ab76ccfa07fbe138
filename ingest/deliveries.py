"""Takes listed deliveries in their order of arrival through gate and lake, and publishes.

`deliveries.json` is what a source hands over: for each file its table, business date, period and
what it covers. Files already in the lake are passed over, so that a run killed at any instant and
started again ends in the same lake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from budget_watch.lake import Coverage, Home, Snapshot, Writer
from budget_watch.lake.snapshot import CHINA
from budget_watch.tables import contract as contract_of
from ingest.content_hash import sha256_of
from ingest.errors import Unreadable
from ingest.gate.expectations import validated_beside
from ingest.spool import Parcel
from ingest.taking import Taker, batch_of

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Delivery:
    """One line of deliveries.json."""

    path: Path
    table: str
    biz_date: date
    period: str
    coverage: tuple[Coverage, ...]
    rows: int | None = None

    def parcel(self) -> Parcel:
        """The delivery as a parcel of no configured source, where it lies. Raises OSError."""
        return Parcel(
            source="",
            table=self.table,
            period=self.period,
            biz_date=self.biz_date,
            path=self.path,
            sha256=sha256_of(self.path),
            rows=self.rows,
            coverage=self.coverage,
            name=self.path.name,
        )


@dataclass
class DayResult:
    """What a run did. rows = stored + quarantined; `refused` are whole files."""

    biz_date: date | None = None
    snapshot: str | None = None
    batches: int = 0
    repeated: int = 0
    rows: int = 0
    stored: int = 0
    quarantined: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Return the result as a JSON-ready mapping."""
        return {
            "biz_date": self.biz_date.isoformat() if self.biz_date else None,
            "snapshot": self.snapshot,
            "batches": self.batches,
            "repeated": self.repeated,
            "rows": self.rows,
            "stored": self.stored,
            "quarantined": self.quarantined,
            "refused": self.refused,
            "reasons": self.reasons,
        }


def read_deliveries(listing: Path) -> list[Delivery]:
    """Return the deliveries of a listing, in order of arrival. Raises Unreadable."""
    try:
        entries = json.loads(listing.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Unreadable(
            f"找不到送达清单“{listing}”；用数据源取数的，请核对 --home（或 BUDGET_WATCH_HOME），"
            "并在其 budget_watch.toml 里写 [[source]]（见 docs/sources）。"
        ) from error
    except ValueError as error:
        raise Unreadable(f"送达清单“{listing}”不是 JSON（{error}）；请重新生成。") from error
    found = [_delivery(listing.parent, entry) for entry in entries]
    return sorted(found, key=lambda one: one.biz_date)


def _delivery(folder: Path, entry: Mapping[str, Any]) -> Delivery:
    try:
        months: Iterable[int] = entry.get("months") or [0]
        coverage = tuple(
            Coverage(int(year), int(month), str(region))
            for year in entry.get("fiscal_years", ())
            for month in months
            for region in entry.get("regions", ())
        )
        return Delivery(
            folder / entry["file"],
            str(entry["table"]),
            date.fromisoformat(entry["biz_date"]),
            str(entry["period"]),
            coverage,
            int(entry["rows"]) if "rows" in entry else None,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Unreadable(f"送达清单的一条缺少或写错 {error}：{entry}") from error


def run_deliveries(
    home: Home,
    deliveries_json: Path,
    upto: date | None = None,
    progress: Progress | None = None,
    hashes: Mapping[str, str] | None = None,
) -> DayResult:
    """Store all deliveries that arrived up to a business date and publish one snapshot.

    Args:
        deliveries_json: the listing; file paths are relative to its folder.
        upto: last business date to take in; default: all.
        progress: is told (done, of how many, what) after every file and while publishing.
        hashes: of rule book, laws, lock file, for the snapshot; default: the last snapshot's.

    Raises:
        Unreadable: the listing cannot be read. LeaseError: somebody else is writing.
    """
    tell = progress or (lambda done, total, what: None)
    waiting = [one for one in read_deliveries(deliveries_json) if not upto or one.biz_date <= upto]
    result = DayResult()
    with Writer.open(home, "ingest") as writer:
        taker = Taker(writer, datetime.now(CHINA).date())
        for number, delivery in enumerate(waiting):
            tell(number, len(waiting), f"{delivery.table} {delivery.period}")
            _one(taker, delivery, result)
        tell(len(waiting), len(waiting), "发布数据快照")
        _publish(taker, home, waiting, upto, result, hashes, tell)
    return result


def _publish(
    taker: Taker,
    home: Home,
    waiting: list[Delivery],
    upto: date | None,
    result: DayResult,
    hashes: Mapping[str, str] | None,
    tell: Progress,
) -> None:
    before = Snapshot.latest(home)
    if not waiting and before is None:
        return
    last = waiting[-1].biz_date if waiting else None
    biz_date = max(day for day in (last, before.biz_date if before else None) if day)
    if not result.batches and not result.refused and before is not None:
        result.biz_date, result.snapshot = before.biz_date, before.id
        return
    given = dict(hashes if hashes is not None else before.hashes if before else {})
    given.pop("calendar", None)
    total = len(waiting)
    with validated_beside(home.root, taker.summaries, f"ingest-{biz_date}"):
        snapshot = taker.writer.publish(
            biz_date, given, progress=lambda text: tell(total, total, text)
        )
    result.biz_date, result.snapshot = snapshot.biz_date, snapshot.id


def _one(taker: Taker, delivery: Delivery, result: DayResult) -> None:
    """Take in one file; a file that is wrong as a whole is refused and the run goes on."""
    try:
        parcel = delivery.parcel()
    except OSError:
        result.refused += 1
        result.reasons.append(f"找不到送达文件“{delivery.path.name}”；请核对送达清单。")
        return
    if taker.writer.known(batch_of(parcel, contract_of(parcel.table))):
        result.repeated += 1
        return
    taken = taker.take(parcel)
    if taken.outcome == "refused":
        result.refused += 1
        result.reasons.append(taken.reason)
        return
    result.batches += 1
    result.rows += taken.rows
    result.stored += taken.stored
    result.quarantined += taken.quarantined
