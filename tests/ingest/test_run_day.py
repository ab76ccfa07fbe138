"""A business day: all sources at once, none holds another, and the day may die at any instant."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from budget_watch.lake import Home, Snapshot
from ingest import fetching
from ingest.day import run_day
from ingest.registry import Configured, Misconfigured
from ingest.settings import SettingError
from ingest.source import Errand, Fetched, SourceFault, Stopped
from ingest.spool import Parcel, Spool
from tests.ingest.parcels import csv, ledger, stored, voucher

DAY = date(2026, 9, 30)


def lay(errand: Errand, number: int, day: date = DAY, yuan: str = "1.00") -> Parcel:
    """Put one parcel with one voucher."""
    staged = errand.spool.staged(".csv")
    staged.write_bytes(csv([voucher(number, yuan)]))
    return errand.spool.put(
        staged,
        Parcel("", "FIN-15", f"{day}~{number}", day, staged, "", rows=1, name=f"{number}.csv"),
    )


@dataclass
class Scripted:
    """A source that does what the test says."""

    name: str
    does: Callable[[Errand], Fetched]

    def fetch(self, errand: Errand) -> Fetched:
        return self.does(errand)


def scripted(name: str, does: Callable[[Errand], Fetched], seconds: float = 60) -> Configured:
    return Configured(Scripted(name, does), seconds)


def good(*numbers: int, day: date = DAY) -> Callable[[Errand], Fetched]:
    return lambda errand: Fetched(tuple(lay(errand, one, day) for one in numbers), ("有一处重复",))


def fails(errand: Errand) -> Fetched:
    lay(errand, 20)
    raise SourceFault("数据源“坏”连接被拒绝（10.0.0.1:5236）；请核对网络。")


def breaks(errand: Errand) -> Fetched:
    lay(errand, 30)
    raise ZeroDivisionError("oh")


def slow(errand: Errand) -> Fetched:
    lay(errand, 40)
    while True:
        errand.go_on()
        time.sleep(0.01)


def deaf(errand: Errand) -> Fetched:
    lay(errand, 50)
    threading.Event().wait(30)
    return Fetched()


class Seen:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def phase(self, name: str) -> None:
        self.told.append(name)

    def source(self, report: fetching.SourceReport) -> None:
        self.told.append(f"{report.name} {report.outcome}")

    def step(self, done: int, total: int, what: str) -> None:
        pass

    def go_on(self) -> None:
        pass


def test_no_source_holds_another_and_what_it_put_whole_is_taken(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fetching, "GRACE_SECONDS", 0.3)
    wrong = Misconfigured("错", SettingError("数据源“错”kind = 'x' 不认识。"))
    sources = [
        scripted("好", good(1, 2)),
        scripted("坏", fails),
        scripted("崩", breaks),
        scripted("慢", slow, 0.3),
        scripted("聋", deaf, 0.3),
        Configured(wrong, 60),
    ]
    seen = Seen()
    started = time.monotonic()
    report = run_day(home, DAY, sources, rules=False, watch=seen)
    assert time.monotonic() - started < 25
    assert [key for key, _ in stored(home)] == [
        f"V{number:06}" for number in (1, 2, 20, 30, 40, 50)
    ]
    told = {one.name: (one.outcome, one.parcels, one.fresh, one.tables) for one in report.sources}
    assert told == {
        "好": ("done", 2, 2, ("FIN-15",)),
        "坏": ("failed", 1, 1, ("FIN-15",)),
        "崩": ("failed", 1, 1, ("FIN-15",)),
        "慢": ("stopped", 1, 1, ("FIN-15",)),
        "聋": ("stopped", 1, 1, ("FIN-15",)),
        "错": ("failed", 0, 0, ()),
    }
    assert report.faults["坏"] == "数据源“坏”连接被拒绝（10.0.0.1:5236）；请核对网络。"
    assert "ZeroDivisionError" in report.faults["崩"]
    assert "没有回应" in report.faults["聋"]
    assert "不认识" in report.faults["错"]
    assert report.sources[0].notes == ("有一处重复",)
    assert report.must_look
    assert seen.told[0] == "取数"
    assert set(seen.told[1:7]) == {"好 done", "坏 failed", "崩 failed", "慢 stopped", "聋 stopped",
                                   "错 failed"}  # fmt: skip
    assert seen.told[7:] == ["校验入库", "发布"]
    record = report.record()
    assert (record["rows"], record["stored"], record["batches"]) == (6, 6, 6)
    assert record["snapshot"] == "S20260930-01"
    assert caplog.records[0].exc_info is not None  # the stack of what nobody foresaw is logged


def test_a_second_run_takes_nothing_twice_and_publishes_nothing_new(home: Home) -> None:
    sources = [scripted("好", good(1, 2))]
    first = run_day(home, DAY, sources, rules=False)
    again = run_day(home, DAY, sources, rules=False)
    assert (again.snapshot, again.taken) == (first.snapshot, [])
    assert (again.sources[0].parcels, again.sources[0].fresh) == (2, 0)
    assert len(ledger(home)) == 2
    assert list(Spool(home, "好").parcels(waiting=True)) == []
    assert len(list(Spool(home, "好").parcels())) == 2


def test_what_belongs_to_a_later_day_waits_for_it(home: Home) -> None:
    tomorrow = date(2026, 10, 8)

    def both(errand: Errand) -> Fetched:
        return Fetched((lay(errand, 1), lay(errand, 2, tomorrow)))

    run_day(home, DAY, [scripted("好", both)], rules=False)
    assert [key for key, _ in stored(home)] == ["V000001"]
    report = run_day(home, tomorrow, [], rules=False)
    assert [key for key, _ in stored(home)] == ["V000001", "V000002"]
    assert report.snapshot == "S20261008-01"


def test_a_day_without_any_delivery_is_published_once_there_was_one(home: Home) -> None:
    assert run_day(home, DAY, [], rules=False).snapshot is None
    run_day(home, DAY, [scripted("好", good(1))], rules=False)
    assert run_day(home, date(2026, 10, 8), [], rules=False).snapshot == "S20261008-01"


def test_a_cancelled_day_takes_nothing_and_goes_on_later(home: Home) -> None:
    stop = threading.Event()

    def cancelled(errand: Errand) -> Fetched:
        lay(errand, 1)
        stop.set()
        while True:
            errand.go_on()
            time.sleep(0.01)

    with pytest.raises(Stopped):
        run_day(home, DAY, [scripted("好", cancelled)], stop=stop, rules=False)
    assert Snapshot.latest(home) is None
    run_day(home, DAY, [], rules=False)
    assert [key for key, _ in stored(home)] == ["V000001"]


def test_only_one_process_fetches_from_a_source(home: Home) -> None:
    inside, go = threading.Event(), threading.Event()

    def long(errand: Errand) -> Fetched:
        inside.set()
        go.wait(20)
        return Fetched((lay(errand, 1),))

    first = threading.Thread(
        target=fetching.fetch_all, args=(home, DAY, [scripted("好", long)], threading.Event())
    )
    first.start()
    inside.wait(20)
    second = fetching.fetch_all(home, DAY, [scripted("好", good(2))], threading.Event())
    go.set()
    first.join()
    assert second[0].outcome == "failed"
    assert "另一个进程取数" in str(second[0].fault)


def test_refused_parcels_are_tried_again_only_when_asked(home: Home) -> None:
    def torn(errand: Errand) -> Fetched:
        staged = errand.spool.staged(".parquet")
        staged.write_bytes(b"PAR1 torn")
        told = Parcel("", "FIN-15", "2026-09", DAY, staged, "", name="凭证.parquet")
        return Fetched((errand.spool.put(staged, told),))

    report = run_day(home, DAY, [scripted("好", torn)], rules=False)
    assert report.batches["refused"] == 1
    assert "缺尾" in report.reasons[0]
    assert run_day(home, DAY, [], rules=False).taken == []
    assert run_day(home, DAY, [], rules=False, again=True).batches["refused"] == 1


def test_a_lake_brought_back_from_a_backup_takes_the_spool_again(
    home: Home, tmp_path: Path
) -> None:
    run_day(home, DAY, [scripted("好", good(1, 2))], rules=False)
    spool = Spool(home, "好")
    assert spool.reopen() == 2
    assert run_day(home, DAY, [], rules=False).taken == []  # the ledger knows them
    assert list(spool.parcels(waiting=True)) == []


RUN = """
import itertools, os, signal, sys
from datetime import date
from tests.ingest.test_run_day import DAY, good, scripted
from budget_watch.lake import Home, Writer
import ingest.day as day, ingest.taking as taking
from ingest.spool import Spool
day.validate = lambda *given: None
def die(): os.kill(os.getpid(), signal.SIGKILL)
def trap(owner, name, nth, late):
    function, calls = getattr(owner, name), itertools.count(1)
    def wrapped(*given, **more):
        number = next(calls)
        if number == nth and not late:
            die()
        result = function(*given, **more)
        if number == nth and late:
            die()
        return result
    setattr(owner, name, wrapped)
where, nth, late = sys.argv[2], int(sys.argv[3]), sys.argv[4] == "late"
trap({"Spool": Spool, "Taker": taking.Taker, "Writer": Writer, "day": day}[where.split(".")[0]],
     where.split(".")[1], nth, late)
sources = [scripted("甲", good(1, 2, 3)), scripted("乙", good(4, 5))]
day.run_day(Home(sys.argv[1]), DAY, sources, rules=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "nth", "late"),
    [
        ("Spool.put", 3, "late"),
        ("day.take_waiting", 1, "early"),
        ("Taker.take", 2, "late"),
        ("Writer.publish", 1, "early"),
        ("Writer.publish", 1, "late"),
        ("Spool.done", 3, "early"),
    ],
)
def test_killed_at_any_point_and_run_again_it_is_the_same_day(
    tmp_path: Path, where: str, nth: int, late: str
) -> None:
    sources = [scripted("甲", good(1, 2, 3)), scripted("乙", good(4, 5))]
    calm, killed = Home(tmp_path / "calm"), Home(tmp_path / "killed")
    run_day(calm, DAY, sources, rules=False)
    here = Path(__file__).parents[2]
    command = [sys.executable, "-c", RUN, str(killed.root), where, str(nth), late]
    done = subprocess.run(command, cwd=here, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    run_day(killed, DAY, sources, rules=False)
    assert stored(killed) == stored(calm)
    lines = [
        sorted((one.batch.id, one.outcome, one.delivered) for one in ledger(home))
        for home in (killed, calm)
    ]
    assert lines[0] == lines[1]
    assert [list(Spool(killed, name).parcels(waiting=True)) for name in ("甲", "乙")] == [[], []]
