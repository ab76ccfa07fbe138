"""A business day from the sources to the findings, as the schedule and `ingest` run it."""

from __future__ import annotations

from datetime import date

from budget_watch.lake import Home
from ingest.day import run_deliveries
from ingest.schedule.recorded import Ended, Teller


def work(home: Home, day: date, tell: Teller) -> Ended:
    """Fetch, take, publish, judge. See `Work`."""
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
    checked = check(home.root, as_of=day)
    message = f"入库 {taken.stored:,} 行，隔离 {taken.quarantined:,} 行。{checked.sentence}"
    look = bool(taken.quarantined or taken.refused or checked.summary["error"])
    return Ended(message, {**taken.record(), **checked.summary}, look)
