"""One business day from the sources to the findings: `run_day(home, day, sources)`.

Phases, each a function of its own: 取数 `fetching.fetch_all`, 校验入库 `take_waiting`, 发布
`publish`, 规则 `judge`. Killed at any instant and run again, the day ends in the same lake: what
was fetched lies in the spool, what was taken becomes visible with one transaction, findings know
their run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from budget_watch.lake import Home, Snapshot, Writer
from budget_watch.lake.ledger import known_parcels
from budget_watch.lake.snapshot import CHINA
from ingest.deliveries import read_deliveries, run_deliveries
from ingest.fetching import SourceReport, fetch_all
from ingest.gate.expectations import validated_beside
from ingest.registry import Configured
from ingest.source import Stopped
from ingest.spool import Parcel, Spool, in_order, spools
from ingest.taking import Taken, Taker

if TYPE_CHECKING:
    from budget_watch.casework.checking import Checked

__all__ = [
    "DayReport", "Watch", "judge", "publish", "read_deliveries", "run_day", "run_deliveries",
    "take_waiting", "waiting",
]  # fmt: skip

SHOWN_REASONS = 20
NAMED_REASONS = 3


class Watch(Protocol):
    """Who is told how a day goes."""

    def phase(self, name: str) -> None:
        """The day has come to 取数, 校验入库, 发布, 规则 or 疑点."""

    def source(self, report: SourceReport) -> None:
        """A source has brought what it could."""

    def step(self, done: int, total: int, what: str) -> None:
        """So much of the phase is done; total 0: nobody knows how much there is."""

    def go_on(self) -> None:
        """A safe point. Raises Stopped where the run was cancelled."""


class Unwatched:
    """Nobody looks on."""

    def phase(self, name: str) -> None:
        """Nothing."""

    def source(self, report: SourceReport) -> None:
        """Nothing."""

    def step(self, done: int, total: int, what: str) -> None:
        """Nothing."""

    def go_on(self) -> None:
        """Nothing."""


@dataclass
class DayReport:
    """What a day did. delivered = stored + quarantined + refused + repeated + superseded, in rows.

    Attributes:
        biz_date: the day that was asked for.
        batches: parcels by outcome: stored, refused, repeated, superseded.
        snapshot: id of what was published; None where nothing has ever arrived.
        checked: what the rules found; None where they did not run.
        reasons: sentences on what was refused or quarantined.
    """

    biz_date: date
    sources: list[SourceReport] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    snapshot: str | None = None
    checked: Checked | None = None

    @property
    def batches(self) -> dict[str, int]:
        """Parcels by outcome."""
        kinds = ("stored", "refused", "repeated", "superseded")
        return {kind: sum(one.outcome == kind for one in self.taken) for kind in kinds}

    @property
    def rows(self) -> dict[str, int]:
        """Rows by what became of them. Of parcels that came twice or late, all rows count there."""
        found = dict.fromkeys(
            ("delivered", "stored", "quarantined", "refused", "repeated", "superseded"), 0
        )
        for one in self.taken:
            found["delivered"] += one.rows
            found["stored"] += one.stored
            found["quarantined"] += one.quarantined
            set_aside = one.outcome in ("repeated", "superseded")
            found[one.outcome if set_aside else "refused"] += one.refused
        return found

    @property
    def reasons(self) -> list[str]:
        """Why rows or files were kept out, each sentence once."""
        return list(dict.fromkeys(one.reason for one in self._kept_out))

    @property
    def kept_out(self) -> list[str]:
        """The same with the name of each delivery, for people: `凭证.csv：…`."""
        named = (f"{one.parcel.name or one.parcel.period}：{one.reason}" for one in self._kept_out)
        return list(dict.fromkeys(named))

    @property
    def _kept_out(self) -> list[Taken]:
        return [
            one
            for one in self.taken
            if one.reason
            and one.outcome in ("stored", "refused")
            and (one.outcome == "refused" or one.quarantined or one.refused)
        ]

    @property
    def faults(self) -> dict[str, str]:
        """Source → what went wrong."""
        return {one.name: one.fault for one in self.sources if one.fault}

    @property
    def must_look(self) -> bool:
        """Whether a person must see it."""
        rows = self.rows
        judged = self.checked.summary if self.checked else {"error": 0, "not_loaded": ()}
        return bool(
            self.faults
            or rows["quarantined"]
            or rows["refused"]
            or self.batches["refused"]
            or judged["error"]
            or judged["not_loaded"]
        )

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        rows = self.rows
        return {
            "biz_date": self.biz_date.isoformat(),
            "snapshot": self.snapshot,
            "sources": [one.record() for one in self.sources],
            "parcels": len(self.taken),
            "batches": self.batches["stored"],
            "repeated": self.batches["repeated"],
            "superseded": self.batches["superseded"],
            "refused_batches": self.batches["refused"],
            "rows": rows["delivered"],
            "stored": rows["stored"],
            "quarantined": rows["quarantined"],
            "refused": rows["refused"],
            "repeated_rows": rows["repeated"],
            "superseded_rows": rows["superseded"],
            "reasons": self.reasons[:SHOWN_REASONS],
            "check": self.checked.summary if self.checked else None,
        }

    @property
    def not_taken(self) -> str:
        """Which deliveries were not stored whole and why; of many the first few."""
        kept_out = self.kept_out
        if not kept_out:
            return ""
        more = len(kept_out) - NAMED_REASONS
        told = "；".join(one.rstrip("。；") for one in kept_out[:NAMED_REASONS])
        return f"没有全部入库的：{told}" + (f"；另有 {more} 件，见 --json。" if more > 0 else "。")


def run_day(
    home: Home,
    day: date,
    sources: Sequence[Configured],
    *,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
    only_these: bool = False,
    again: bool = False,
    rules: bool = True,
) -> DayReport:
    """Fetch from all sources, take what waits, publish one snapshot, run the rules.

    Args:
        day: business date D; what belongs to a later day is left for its turn.
        sources: from `registry.open_sources`. None of them holds the others.
        watch: is told of phases, sources and steps, and asked at safe points whether to go on.
        stop: set from outside to cancel.
        only_these: take only what these sources fetched; else whatever waits in any spool.
        again: also take what was refused before, say after the program or a table was put right.
        rules: whether to run the rule book at the end.

    Raises:
        Stopped: cancelled; nothing was lost, and nothing of the day is visible half.
        LeaseError: somebody else is writing. LakeError: the disk would not take it.
    """
    watch, stop = watch or Unwatched(), stop or threading.Event()
    report = DayReport(day)
    watch.phase("取数")
    turn = threading.Lock()  # sources speak from threads of their own, one at a time

    def said(text: str) -> None:
        with turn:
            watch.step(0, 0, text)

    report.sources = fetch_all(home, day, sources, stop, watch.source, said)
    _go_on(watch, stop)
    watch.phase("校验入库")
    names = [one.name for one in sources] if only_these else None
    with Writer.open(home, "ingest") as writer:
        taker = Taker(writer, datetime.now(CHINA).date())
        found, known = waiting(home, day, names, again)
        report.taken = take_waiting(taker, found, watch, stop)
        _go_on(watch, stop)
        watch.phase("发布")
        with validated_beside(home.root, taker.summaries, f"ingest-{day}"):
            snapshot = publish(home, writer, day, bool(found), lambda text: watch.step(0, 0, text))
    for spool, parcel in [*known, *found]:
        spool.done(parcel)
    report.snapshot = snapshot.id if snapshot else None
    if snapshot is None or not rules:
        return report

    def at_phase(name: str) -> None:
        _go_on(watch, stop)
        watch.phase(name)

    report.checked = judge(home, day, snapshot, at_phase)
    return report


def waiting(
    home: Home, day: date, names: Sequence[str] | None = None, again: bool = False
) -> tuple[list[tuple[Spool, Parcel]], list[tuple[Spool, Parcel]]]:
    """The parcels up to a day that are to be taken, in their order, and those that the ledger knows
    although their spools do not (a run was killed after it had published).

    Args:
        names: only the spools of these sources.
        again: those that were refused are to be taken, too.
    """
    chosen = [one for one in spools(home) if names is None or one.source in names]
    found = [(spool, one) for spool in chosen for one in spool.parcels(day, waiting=not again)]
    known = known_parcels(home, [one.slip_id for _, one in found])
    todo: list[tuple[Spool, Parcel]] = []
    done: list[tuple[Spool, Parcel]] = []
    for spool, one in found:
        seen = known.get(one.slip_id)
        (done if seen or (seen is False and not again) else todo).append((spool, one))
    return sorted(todo, key=lambda pair: in_order(pair[1])), done


def take_waiting(
    taker: Taker,
    found: Sequence[tuple[Spool, Parcel]],
    watch: Watch | None = None,
    stop: threading.Event | None = None,
) -> list[Taken]:
    """Take parcels in their order. Raises Stopped between two of them."""
    watch, stop = watch or Unwatched(), stop or threading.Event()
    taken = []
    for number, (_, parcel) in enumerate(found):
        _go_on(watch, stop)
        watch.step(number, len(found), f"{parcel.table or parcel.name} {parcel.period}")
        taken.append(taker.take(parcel))
    watch.step(len(found), len(found), "")
    return taken


def publish(
    home: Home,
    writer: Writer,
    day: date,
    anything: bool,
    progress: Callable[[str], None] = lambda text: None,
    hashes: Mapping[str, str] | None = None,
) -> Snapshot | None:
    """Publish the day's snapshot; None where nothing has ever arrived.

    A day on which nothing came has one, too: what was known on it is part of the record.
    """
    if not anything and Snapshot.latest(home) is None:
        return None
    from budget_watch.casework.checking import book_hashes

    given = dict(hashes if hashes is not None else book_hashes(home.root))
    given.pop("calendar", None)
    return writer.publish(day, given, progress=progress)


def judge(
    home: Home, day: date, snapshot: Snapshot, phase: Callable[[str], None] = lambda name: None
) -> Checked:
    """Run the rule book on a snapshot as of a day and record what it found."""
    from budget_watch.casework.baseline import baseline_of
    from budget_watch.casework.checking import check

    baseline = baseline_of(home.root)
    return check(home.root, as_of=day, snapshot=snapshot.id, baseline=baseline, phase=phase)


def _go_on(watch: Watch, stop: threading.Event) -> None:
    watch.go_on()
    if stop.is_set():
        raise Stopped("运行被取消；已取到的都在，下次运行从停下的地方接着做。")
