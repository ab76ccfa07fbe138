"""Files in a folder are read once they are whole, once, and stay or are moved, never deleted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from budget_watch.lake import Coverage, Home
from ingest.day import run_day
from ingest.registry import open_sources
from ingest.source import SourceFault, Stopped
from ingest.sources.drop.intake import Intake
from ingest.sources.drop.place import LocalPlace, Seen
from ingest.spool import Spool
from tests.ingest.drop.laying import DAY, NAME, errand, fetch, lay, said, settings
from tests.ingest.parcels import csv, digest, stored, voucher


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_file_is_read_only_once_it_stands_still(home: Home, inbox: Path) -> None:
    path = lay(inbox, "FIN-15_2026-09.csv", b"half")
    # the first look sees it for the first time; it waits, and meanwhile the file grows
    grown = threading.Timer(0.2, lambda: lay(inbox, "FIN-15_2026-09.csv"))
    grown.start()
    fetched = fetch(home, inbox, stable_seconds=1.5)
    grown.join()
    (parcel,) = fetched.parcels
    assert parcel.path.read_bytes() == path.read_bytes() == csv([voucher(1)])


def test_a_file_that_never_stands_still_is_left_and_told(home: Home, inbox: Path) -> None:
    path = lay(inbox, "FIN-15_2026-09.csv")
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.02):
            with path.open("ab") as file:
                file.write(b"\n")

    writer = threading.Thread(target=write)
    writer.start()
    fetched = fetch(home, inbox, stable_seconds=0.5, patience=0.5, day=date(2099, 1, 1))
    over.set()
    writer.join()
    assert fetched.parcels == ()
    assert "还在变化" in fetched.notes[0]
    assert list((Spool(home, NAME).folder / "coming").glob("*")) == []


def test_it_may_have_stood_still_since_an_earlier_run(home: Home, inbox: Path) -> None:
    lay(inbox, "FIN-15_2026-09.csv")
    clock, stop = Clock(), threading.Event()
    stop.set()
    first = Intake(LocalPlace(inbox, NAME), settings(inbox, stable_seconds=60), errand(home), clock)
    first.errand.stop = threading.Event()
    first._known = {}
    assert first._turn(first.place.files(True, None)) == ["FIN-15_2026-09.csv"]
    first._remember()
    clock.now += 61
    assert len(fetch(home, inbox, clock=clock, stable_seconds=60).parcels) == 1


def test_with_markers_only_marked_files_are_read(home: Home, inbox: Path) -> None:
    for name in ("FIN-15_2026-07.csv", "FIN-15_2026-08.csv", "FIN-15_2026-09.csv"):
        lay(inbox, name)
    lay(inbox, "FIN-15_2026-07.csv.ok", b"")
    lay(inbox, "FIN-15_2026-08.DONE", b"")
    fetched = fetch(home, inbox, ready="marker", markers=[".ok", ".DONE"])
    assert [one.period for one in fetched.parcels] == ["2026-07", "2026-08"]
    assert fetched.notes == ("1 个文件没有完成标记，没有读：FIN-15_2026-09.csv。",)


def test_what_was_read_is_remembered_until_it_is_laid_down_anew(home: Home, inbox: Path) -> None:
    path = lay(inbox, "FIN-15_2026-09.csv")
    (first,) = fetch(home, inbox).parcels
    assert fetch(home, inbox).parcels == ()
    lay(inbox, "FIN-15_2026-09.csv", csv([voucher(1, "7.00")]), on="2026-10-10")
    (second,) = fetch(home, inbox).parcels
    assert second.period == first.period
    assert second.revision > first.revision
    (errand(home).memory / "files.json").write_text("torn")
    assert fetch(home, inbox).parcels == (second,)  # read again, known to the spool
    assert len(list(Spool(home, NAME).parcels())) == 2
    assert path.exists()


def test_a_file_that_changes_while_it_is_copied_waits(home: Home, inbox: Path) -> None:
    path = lay(inbox, "FIN-15_2026-09.csv", csv([voucher(n) for n in range(9)]))

    class Changing(LocalPlace):
        times = 0

        def fetch(self, seen: Seen, target: Path, go_on: object) -> Seen:
            found = super().fetch(seen, target, lambda: None)
            self.times += 1
            if self.times == 1:
                lay(inbox, path.name, csv([voucher(1)]), on="2026-10-09")
                return self._seen(path)
            return found

    place = Changing(inbox, NAME)
    (parcel,) = fetch(home, inbox, place=place).parcels
    assert parcel.path.read_bytes() == csv([voucher(1)])
    assert place.times == 2


def test_a_correction_laid_down_again_takes_back_what_came_between(home: Home, inbox: Path) -> None:
    old, new = csv([voucher(1, "1.00")]), csv([voucher(1, "2.00")])
    steps = [
        ("FIN-15_2026-09.csv", old, "2026-10-01", "stored"),
        ("FIN-15_2026-09_更正.csv", new, "2026-10-02", "stored"),
        ("FIN-15_2026-09.csv", old, "2026-10-01", None),  # not touched
        ("FIN-15_2026-09(1).csv", old, "2026-10-01", None),  # copied with its old time
        ("FIN-15_2026-09(2).csv", old, "2026-09-30", "superseded"),
        ("FIN-15_2026-09.csv", old, "2026-10-03", "stored"),  # laid down anew
        ("FIN-15_2026-09.csv", old, "2026-10-04", "repeated"),  # touched
        ("FIN-15_2026-09_更正.csv", new, "2026-10-05", "stored"),
    ]
    home.root.mkdir(parents=True, exist_ok=True)
    (home.root / "budget_watch.toml").write_text(
        f'[[source]]\nname = "{NAME}"\nkind = "folder"\npath = "{inbox}"\nstable_seconds = 0\n',
        encoding="utf-8",
    )
    for name, content, day, outcome in steps:
        lay(inbox, name, content, on=day)
        report = run_day(home, DAY, open_sources(home), rules=False)
        assert [one.outcome for one in report.taken] == ([outcome] if outcome else []), (name, day)
    assert stored(home) == [("V000001", 200)]


def test_names_give_table_period_day_and_what_tells_files_apart(home: Home, inbox: Path) -> None:
    lay(inbox, "FIN-15_2026-10-09.csv", on="2026-10-11")
    lay(inbox, "东城/凭证_2026年9月.csv", on="2026-10-10")
    lay(inbox, "单位名录.csv")
    lay(inbox, ".hidden.csv")
    lay(inbox, "~$凭证.xlsx")
    lay(inbox, "big.csv.part")
    fetched = fetch(home, inbox)
    assert said(fetched.parcels) == [
        ("", "单位名录", "2026-10-08"),
        ("FIN-15", "2026-10-09", "2026-10-09"),
        ("", "2026-09@凭证", "2026-10-10"),
    ]
    assert fetched.notes == ()


def test_patterns_give_table_coverage_and_increments(home: Home, inbox: Path) -> None:
    lay(inbox, "in/凭证_东城_202609.csv")
    lay(inbox, "in/付款_20261009.csv")
    lay(inbox, "readme.txt")
    regions = ["990101000"]
    fetched = fetch(
        home,
        inbox,
        files=[
            {"pattern": "**/凭证_*_{period}.csv", "table": "FIN-15", "regions": regions},
            {"pattern": "in/付款_{period}.csv", "table": "FIN-14", "whole": False},
        ],
    )
    one, two = fetched.parcels
    assert (one.table, one.period, one.whole) == ("FIN-15", "2026-09@东城", True)
    assert one.coverage == (Coverage(2026, 9, "990101000"),)
    assert (two.table, two.period, two.whole, two.coverage) == ("FIN-14", "2026-10-09", False, None)
    assert fetched.notes == ("1 个文件的名字不合任何 pattern，没有读：readme.txt。",)


def test_what_belongs_to_a_later_day_is_read_on_it(home: Home, inbox: Path) -> None:
    lay(inbox, "FIN-15_2026-09.csv", on="2026-10-13")
    assert fetch(home, inbox).notes == (
        "1 个文件属于以后的业务日，到那天再读：FIN-15_2026-09.csv（2026-10-13）。",
    )
    assert len(fetch(home, inbox, day=date(2026, 10, 13)).parcels) == 1


def test_read_files_are_moved_away_with_their_markers_and_never_deleted(
    home: Home, inbox: Path
) -> None:
    path = lay(inbox, "FIN-15_2026-09.csv")
    lay(inbox, "FIN-15_2026-09.csv.ok", b"")
    mark = digest(path)[:12]
    for _ in range(2):
        fetch(home, inbox, ready="marker", done="已读")
    kept = sorted(one.relative_to(inbox).as_posix() for one in inbox.rglob("*") if one.is_file())
    assert kept == [
        f"已读/2026-10-08/{mark}_FIN-15_2026-09.csv",
        f"已读/2026-10-08/{mark}_FIN-15_2026-09.csv.ok",
    ]
    # laid down again: the spool has it
    lay(inbox, "FIN-15_2026-09.csv")
    lay(inbox, "FIN-15_2026-09.csv.ok", b"")
    fetch(home, inbox, ready="marker", done="已读")
    assert len(list(Spool(home, NAME).parcels())) == 1


def entry(**more: object) -> dict[str, object]:
    return {"file": "a.csv", "table": "FIN-15", "period": "2026-09", "biz_date": "2026-10-08",
            **more}  # fmt: skip


def test_a_list_says_what_files_are(home: Home, inbox: Path) -> None:
    path = lay(inbox, "财政/a.csv")
    told = entry(
        rows=1, revision=3, bytes=path.stat().st_size, sha256=digest(path), whole=False,
        fiscal_years=[2026], months=[9], regions=["990100000"],
    )  # fmt: skip
    later = entry(file="b.csv", biz_date="2026-12-01")
    absent = entry(file="c.csv")
    listed = json.dumps([told, later, absent]).encode()
    lay(inbox, "财政/deliveries.json", listed)
    lay(inbox, "财政/d.csv", csv([voucher(4)]))
    lay(inbox, "财政/d.csv.manifest.json", json.dumps(entry() | {"period": "2026-08"}).encode())
    bare = {name: value for name, value in entry(period="2026-07").items() if name != "file"}
    lay(inbox, "e.csv", csv([voucher(5)]))
    lay(inbox, "e.csv.manifest.json", json.dumps(bare).encode())
    fetched = fetch(home, inbox, ready="list")
    found = {one.name: one for one in fetched.parcels}
    one = found["财政/a.csv"]
    assert {o.period for o in fetched.parcels} == {"2026-09", "2026-08", "2026-07"}
    first = next(o for o in fetched.parcels if o.period == "2026-09")
    assert (first.rows, first.revision, first.whole) == (1, 3, False)
    assert first.coverage == (Coverage(2026, 9, "990100000"),)
    assert one.table == "FIN-15"
    assert fetched.notes == ("1 个清单所列的文件还没有到：财政/c.csv。",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"file": "a.csv", "tab', "不是完整的 JSON"),
        (json.dumps([entry(file="../x.csv")]).encode(), "不在本文件夹内"),
        (json.dumps([entry(table="FIN-99")]).encode(), "没有报表 FIN-99"),
        (json.dumps([entry(biz_date="morgen")]).encode(), "第 1 条写错了（biz_date"),
        (json.dumps([entry(sha256="0" * 64)]).encode(), "sha256 不符"),
    ],
)
def test_a_wrong_list_is_told_and_the_others_are_read(
    home: Home, inbox: Path, content: bytes, said: str
) -> None:
    lay(inbox, "a.csv")
    lay(inbox, "deliveries.json", content)
    lay(inbox, "good/b.csv", csv([voucher(2)]))
    lay(inbox, "good/b.csv.manifest.json", json.dumps(entry(file="b.csv")).encode())
    with pytest.raises(SourceFault, match=said):
        fetch(home, inbox, ready="list")
    assert [one.name for one in Spool(home, NAME).parcels()] == ["good/b.csv"]


def test_a_file_shorter_than_its_list_says_waits(home: Home, inbox: Path) -> None:
    path = lay(inbox, "a.csv")
    lay(inbox, "deliveries.json", json.dumps([entry(bytes=path.stat().st_size + 1)]).encode())
    fetched = fetch(home, inbox, ready="list", patience=0.1)
    assert fetched.parcels == ()
    assert "没有传完" in fetched.notes[0]


def test_a_folder_that_is_not_there_is_a_fault_and_not_an_empty_one(
    home: Home, tmp_path: Path
) -> None:
    with pytest.raises(SourceFault, match="不存在，或网络盘没有挂载"):
        fetch(home, tmp_path / "none")


def test_an_unreadable_file_is_told_and_the_others_are_read(home: Home, inbox: Path) -> None:
    class Denying(LocalPlace):  # as root, no mode of a file denies anything
        def fetch(self, seen: Seen, target: Path, go_on: Callable[[], None]) -> Seen:
            if seen.name == "FIN-15_2026-08.csv":
                raise PermissionError(13, "Permission denied", seen.path)
            return super().fetch(seen, target, go_on)

    lay(inbox, "FIN-15_2026-08.csv")
    lay(inbox, "FIN-15_2026-09.csv")
    with pytest.raises(SourceFault, match=r"FIN-15_2026-08\.csv”（Permission denied）"):
        fetch(home, inbox, place=Denying(inbox, NAME))
    assert [one.period for one in Spool(home, NAME).parcels()] == ["2026-09"]


def test_a_cancelled_fetch_leaves_nothing_half(home: Home, inbox: Path) -> None:
    lay(inbox, "FIN-15_2026-09.csv")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Intake(LocalPlace(inbox, NAME), settings(inbox), errand(home, stop=stop)).run()


def test_a_configured_folder_goes_all_the_way_into_the_lake(home: Home, inbox: Path) -> None:
    lay(inbox, "FIN-15_2026-09.csv", csv([voucher(1), voucher(2, "2.00")], "gb18030"))
    home.root.mkdir(parents=True, exist_ok=True)
    (home.root / "budget_watch.toml").write_text(
        f'[[source]]\nname = "{NAME}"\nkind = "folder"\npath = "{inbox}"\nstable_seconds = 0.1\n',
        encoding="utf-8",
    )
    report = run_day(home, DAY, open_sources(home), rules=False)
    assert report.faults == {}
    assert stored(home) == [("V000001", 100025), ("V000002", 200)]
    lay(inbox, "FIN-15_2026-09.csv", csv([voucher(1, "5.00")]), on="2026-10-09")
    run_day(home, DAY, open_sources(home), rules=False)
    assert stored(home) == [("V000001", 500)]
