"""What retention lets go is gone, what anything names stays whole; joining changes no content."""

import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from budget_watch.access import Grant
from budget_watch.casework.findings import list_findings
from budget_watch.lake import Home, Reader, Snapshot, UnknownSnapshotError, Writer, pruning
from budget_watch.lake.content import fingerprint
from budget_watch.lake.errors import LakeError, LeaseError
from budget_watch.lake.retention import Retention, plan, read_retention
from budget_watch.lake.state import engine
from tests.backup.pruned import KEEP, NOW, grow_old, prune
from tests.backup.test_backup import explanations, files_of, made, restored
from tests.lake.made import SYSTEM, batch, content, data_files, rows, voucher

HOUSE = Path(__file__).parents[2]
GOING = ["S20261205-01", "S20261215-01"]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def aged(city):
    home = city.copy("lived", city.folder / "aged")
    grow_old(home)
    (home.root / "digest" / "quarterly-2026Q4.html").write_text("<p>数据快照 S20270110-01</p>")
    engine(home).dispose()
    return home


@pytest.fixture
def home(city, aged, tmp_path):
    return city.copy("aged", tmp_path / "home")


def whole(home):
    """Every snapshot that is there, looked at file by file, row by row."""
    found = {}
    for name, _, _ in Snapshot.all(home):
        snapshot = Snapshot.get(home, name)
        for table in snapshot.tables:
            snapshot.check(table)
        found[name] = fingerprint(home, snapshot)
    return found


def own_files(home, ids):
    """Files that only these snapshots need."""
    needed = {}
    for name, _, _ in Snapshot.all(home):
        for table, version in Snapshot.get(home, name).tables.items():
            for file in version.files:
                needed.setdefault(f"{table}/{file.path}", set()).add(name)
    return {path for path, users in needed.items() if users <= set(ids)}


def test_what_nothing_names_goes_and_all_else_opens_and_verifies(home):
    before, told = whole(home), explanations(home)
    findings = [f.record() for f in list_findings(home, Grant.system("t"), outcome=None)]
    leaving = own_files(home, GOING)
    size = sum((home.lake / path).stat().st_size for path in leaving)
    planned = plan(home, KEEP, NOW)
    assert [one.id for one in planned.going] == GOING
    assert (planned.size, planned.due) == (size, 0)
    assert planned.kept == {
        "最近的": 1, "400 天以内": 1, "月末": 3, "有规则运行": 1, "季刊提到": 1
    }  # fmt: skip
    assert data_files(home) >= leaving  # a plan changes nothing
    assert whole(home) == before

    first = prune(home)
    assert (first.freed_files, [one.id for one in first.plan.going]) == (0, GOING)
    assert data_files(home) >= leaving  # whoever has them open goes on reading
    for name in GOING:
        with pytest.raises(UnknownSnapshotError, match="已于 2028-07-01 按保留设置清理"):
            Snapshot.get(home, name)
    early = prune(home, NOW + DAY - timedelta(seconds=1))
    assert (early.freed_files, early.plan.waiting) == (0, size)
    second = prune(home, NOW + DAY)
    assert (second.freed_files, second.freed) == (len(leaving), size)
    assert not data_files(home) & leaving
    third = prune(home, NOW + 2 * DAY)
    assert (third.freed_files, third.plan.going, third.plan.due) == (0, [], 0)
    assert whole(home) == {name: mark for name, mark in before.items() if name not in GOING}
    assert explanations(home) == told
    assert [f.record() for f in list_findings(home, Grant.system("t"), outcome=None)] == findings


def test_what_is_pruned_is_not_missed_by_a_backup(home, tmp_path):
    prune(home)
    prune(home, NOW + DAY)
    found = made(home, tmp_path / "b").manifest
    assert found.missing == ()
    assert whole(restored(tmp_path / "b", tmp_path / "new")) == whole(home)


def killed(home, point, nth, at):
    command = [sys.executable, "-m", "tests.backup.pruned", home.root, point, str(nth)]
    done = subprocess.run([*command, at.isoformat()], cwd=HOUSE, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(("point", "nth"), [("marked", 1), ("unlink", 2)])
def test_killed_half_way_a_prune_is_harmless_and_the_next_ends_the_same(
    city, home, tmp_path, point, nth
):
    calm = city.copy("aged", tmp_path / "calm")
    prune(calm)
    prune(calm, NOW + DAY)
    if point == "unlink":
        prune(home)
    at = NOW if point == "marked" else NOW + DAY
    killed(home, point, nth, at)
    assert whole(home).keys() >= whole(calm).keys()
    prune(home)
    prune(home, NOW + DAY)
    assert whole(home) == whole(calm)
    assert {p for p in files_of(home.root / "lake") if "_delta_log" not in p} == {
        p for p in files_of(calm.root / "lake") if "_delta_log" not in p
    }


def test_nothing_is_pruned_while_somebody_writes(home):
    with Writer.open(home, "夜间入库"), pytest.raises(LeaseError, match="另一个写入正在进行"):
        prune(home)


def test_a_clock_that_runs_ahead_or_behind_prunes_nothing_more(home):
    expected = [one.id for one in plan(home, KEEP, NOW).going]
    for years in (-20, 20):
        moved = NOW + timedelta(days=365 * years)
        assert [one.id for one in plan(home, KEEP, moved).going] == expected
    prune(home)
    back = prune(home, NOW - 400 * DAY)  # set back after marking: the grace is not over
    assert back.freed_files == 0


def test_the_settings_are_read_and_mistakes_named(home, command):
    assert read_retention(home) == Retention()
    settings = home.root / "budget_watch.toml"
    text = settings.read_text()
    settings.write_text(text + '\n[retention]\nlast = 1\nruns = "findings"\n')
    assert read_retention(home) == Retention(last=1, runs="findings")
    told = command(home.root, "lake", "prune", "--dry-run", "--json")
    assert [one["snapshot"] for one in told.lines[:-1]] == GOING
    assert told.summary["dry_run"] and told.summary["grace_hours"] == 24
    told = command(home.root, "lake", "prune", "--no-compact")
    assert told.status == 0 and "标记了 2 个快照" in told.said
    acts = command(home.root, "audit", "list", "--act", "lake.prune", "--json").lines
    assert [one["subject"] for one in acts[:-1]] == ["2 个"]
    told = command(home.root, "findings", "--json")
    assert told.status == 0
    settings.write_text(text + "\n[retention]\ndays = 3\n")
    with pytest.raises(LakeError, match=r"\[retention\] 写错了：days"):
        read_retention(home)


@pytest.fixture
def months(tmp_path):
    """Five days of September in five files, and one of October."""
    home = Home(tmp_path / "months")
    with Writer.open(home, "load") as writer:
        for number in range(6):
            day = date(2026, 9, 26) + number * DAY
            frame = rows("payment_voucher", *(voucher(number * 9 + n, day, n) for n in range(9)))
            delivery = batch("payment_voucher", str(day), day=day)
            writer.replace("payment_voucher", frame, delivery)
            writer.publish(day, rule_book="r")
    return home


def files_in(home, name, part):
    return [file for file in Snapshot.latest(home).tables[name].files if file.part == part]


def test_joining_small_files_changes_no_content_and_no_published_snapshot(months):
    before, fingerprints = content(months), whole(months)
    assert len(files_in(months, "payment_voucher", "2026-09")) == 5
    done = pruning.prune(months, Retention(), "test")
    assert done.joined >= 5 and done.snapshot == "S20261001-02"
    assert len(files_in(months, "payment_voucher", "2026-09")) == 1
    assert content(months) == before
    after = whole(months)
    assert after.pop(done.snapshot) == fingerprints["S20261001-01"]
    assert after == fingerprints
    again = pruning.prune(months, Retention(), "test")
    assert (again.joined, again.snapshot, again.freed_files) == (0, None, 0)
    with Writer.open(months, "load") as writer:  # marts go on from where they were
        day = date(2026, 10, 2)
        frame = rows("payment_voucher", voucher(99, day))
        writer.replace("payment_voucher", frame, batch("payment_voucher", "x", day=day))
        writer.publish(day, rule_book="r")
    assert len(files_in(months, "payment", "2026-09")) == 1
    assert Reader(months, SYSTEM).scan("payment").collect().height == 55


def test_killed_while_joining_nothing_is_changed_and_the_next_joins(months):
    before, fingerprints, files = content(months), whole(months), data_files(months)
    killed(months, "joined", 1, NOW)
    assert (content(months), whole(months)) == (before, fingerprints)
    assert data_files(months) > files
    done = prune(months, compact=True)
    assert (done.snapshot, content(months)) == ("S20261001-02", before)
    named = {
        f"{name}/{file.path}"
        for each in whole(months)
        for name, version in Snapshot.get(months, each).tables.items()
        for file in version.files
    }
    assert data_files(months) == named


def test_observations_are_joined_and_none_is_lost(home, monkeypatch):
    folder = home.lake / "observations"
    before = sorted(pl.read_delta(str(folder)).rows(), key=repr)
    monkeypatch.setattr(pruning, "MANY_RUNS", 2)
    assert before and len(list(folder.glob("*.parquet"))) >= 2
    prune(home, compact=True)
    assert sorted(pl.read_delta(str(folder)).rows(), key=repr) == before
    from deltalake import DeltaTable

    assert len(DeltaTable(folder).file_uris()) == 1
