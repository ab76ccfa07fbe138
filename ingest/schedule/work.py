"""A business day from the sources to the findings, as the schedule and `ingest` run it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from budget_watch.lake import Home, room
from budget_watch.lake.day_runs import SourceResult
from ingest.day import DayReport, run_day, run_deliveries
from ingest.fetching import SourceReport
from ingest.registry import open_sources
from ingest.schedule.recorded import Ended, Teller, Work
from ingest.settings import sections


def work(home: Home, day: date, tell: Teller) -> Ended:
    """Fetch, take, publish, judge. See `Work`.

    A home without configured sources takes its list of deliveries, as the made-up city has one.
    """
    return _worked(home, day, tell)


def part(source: str | None, again: bool) -> Work:
    """The work of a day from one source alone, or with what was refused before taken once more."""
    return partial(_worked, source=source, again=again)


def _worked(
    home: Home, day: date, tell: Teller, source: str | None = None, again: bool = False
) -> Ended:
    room.enough(home)
    sources = open_sources(home, only=source)
    if not sources and not again:
        return _listed(home, day, tell)
    configured = {str(one["name"]): one for one in sections(home)}
    report = run_day(
        home,
        day,
        sources,
        watch=_Told(tell, configured),
        stop=tell.stop,
        only_these=source is not None,
        again=again,
    )
    figures = {name: value for name, value in report.record().items() if name != "check"}
    checked = report.checked.summary if report.checked else {}
    return Ended(_message(report), {**figures, **checked}, report.must_look)


def _message(report: DayReport) -> str:
    """What a day did, in one sentence; the sources' faults stand beside it in the record."""
    rows, batches = report.rows, report.batches
    told = f"入库 {batches['stored']:,} 件、{rows['stored']:,} 行，隔离 {rows['quarantined']:,} 行"
    if batches["refused"]:
        told += f"，退回 {batches['refused']:,} 件"
    if report.checked is None:
        return told + "；还没有可判断的数据。" + report.not_taken
    found = report.checked.summary
    told += f"；{found['rules']} 条规则命中 {found['hit']:,}，新增疑点 {found['new']:,} 条"
    told += f"，恢复 {found['cleared']:,} 条"
    if found["error"]:
        told += f"，规则出错 {found['error']:,} 处"
    return told + "。" + report.not_taken


def _tables(section: object) -> set[str]:
    """The contract codes that a source's section names, at whatever depth."""
    if isinstance(section, Mapping):
        own = {str(section["table"])} if isinstance(section.get("table"), str) else set()
        return own.union(*map(_tables, section.values()))
    if isinstance(section, list):
        return set().union(*map(_tables, section))
    return set()


class _Told:
    """Passes on to the run's record what a day tells."""

    def __init__(self, tell: Teller, configured: Mapping[str, Mapping[str, object]]) -> None:
        self._configured = configured
        self.phase = tell.phase
        self.step = tell.step
        self.go_on = tell.go_on
        self._tell = tell

    def source(self, report: SourceReport) -> None:
        """Write down what a source brought."""
        section = self._configured.get(report.name, {})
        result = SourceResult(
            report.outcome,
            report.fault or "",
            report.parcels,
            tuple(sorted({*report.tables, *_tables(section)})),
            report.notes,
            str(section.get("kind", "")),
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

    def at_phase(name: str) -> None:
        tell.go_on()
        tell.phase(name)

    publishing: list[str] = []

    def arrived(done: int, total: int, what: str) -> None:
        tell.go_on()
        if what == "发布数据快照" and not publishing:
            publishing.append(what)
            tell.phase("发布")
        tell.step(done, total, what)

    taken = run_deliveries(home, listing, upto=day, progress=arrived, hashes=book_hashes(home.root))
    tell.go_on()
    if Snapshot.latest(home) is None:
        return Ended("没有送达，还没有数据快照。", taken.record())
    baseline = baseline_of(home.root)
    checked = check(home.root, as_of=day, baseline=baseline, phase=at_phase)
    message = f"入库 {taken.stored:,} 行，隔离 {taken.quarantined:,} 行。{checked.sentence}"
    look = bool(taken.quarantined or taken.refused or checked.summary["error"])
    return Ended(message, {**taken.record(), **checked.summary}, look)
