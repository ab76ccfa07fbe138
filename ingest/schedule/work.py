"""A business day from the sources to the findings, as the schedule and `ingest` run it."""

from __future__ import annotations

from datetime import date

from budget_watch.lake import Home
from budget_watch.lake.day_runs import SourceResult
from ingest.day import run_day, run_deliveries
from ingest.fetching import SourceReport
from ingest.registry import open_sources
from ingest.schedule.recorded import Ended, Teller


def work(home: Home, day: date, tell: Teller) -> Ended:
    """Fetch, take, publish, judge. See `Work`.

    A home without configured sources takes its list of deliveries, as the made-up city has one.
    """
    sources = open_sources(home)
    if not sources:
        return _listed(home, day, tell)
    report = run_day(home, day, sources, watch=_Told(tell), stop=tell.stop)
    figures = {name: value for name, value in report.record().items() if name != "check"}
    checked = report.checked.summary if report.checked else {}
    return Ended(report.sentence, {**figures, **checked}, report.must_look)


class _Told:
    """Passes on to the run's record what a day tells."""

    def __init__(self, tell: Teller) -> None:
        self.phase = tell.phase
        self.step = tell.step
        self.go_on = tell.go_on
        self._tell = tell

    def source(self, report: SourceReport) -> None:
        """Write down what a source brought."""
        result = SourceResult(
            report.outcome, report.fault or "", report.parcels, report.tables, report.notes
        )
        self._tell.source(report.name, result)


def _listed(home: Home, day: date, tell: Teller) -> Ended:
    from budget_watch.casework.baseline import baseline_of
    from budget_watch.casework.checking import book_hashes, check
    from budget_watch.lake import Snapshot

    tell.phase("取数")
    listing = home.root / "source" / "deliveries.json"
    tell.go_on()
    tell.phase("校验入库")

    def arrived(done: int, total: int, what: str) -> None:
        tell.go_on()
        tell.step(done, total, what)

    taken = run_deliveries(home, listing, upto=day, progress=arrived, hashes=book_hashes(home.root))
    tell.go_on()
    if Snapshot.latest(home) is None:
        return Ended("没有送达，还没有数据快照。", taken.record())
    tell.phase("规则")
    checked = check(home.root, as_of=day, baseline=baseline_of(home.root))
    message = f"入库 {taken.stored:,} 行，隔离 {taken.quarantined:,} 行。{checked.sentence}"
    look = bool(taken.quarantined or taken.refused or checked.summary["error"])
    return Ended(message, {**taken.record(), **checked.summary}, look)
