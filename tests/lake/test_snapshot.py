from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from budget_watch.lake import (
    DamagedError,
    Home,
    Reader,
    Snapshot,
    UnknownSnapshotError,
    Writer,
    records,
)
from budget_watch.lake import snapshot as snapshot_module
from budget_watch.lake.state import engine
from tests.lake.made import SYSTEM, batch, rows, voucher

DAY = date(2026, 9, 30)


@pytest.fixture
def published(home):
    with Writer.open(home, "test") as writer:
        for number in (1, 2):
            frame = rows("payment_voucher", voucher(number, DAY, number * 100))
            writer.replace("payment_voucher", frame, batch("payment_voucher", str(number)))
            writer.publish(DAY, rule_book="r", laws="l")
    return home


def test_snapshots_are_numbered_within_their_business_date(published):
    assert [(id_, day) for id_, day, _ in Snapshot.all(published)] == [
        ("S20260930-01", DAY),
        ("S20260930-02", DAY),
    ]
    latest = Snapshot.latest(published)
    assert (latest.id, latest.seq, latest.biz_date) == ("S20260930-02", 2, DAY)
    assert latest.hashes == {"rule_book": "r", "laws": "l", "calendar": latest.hashes["calendar"]}
    assert {n: (t.kind, t.rows, dict(t.money)) for n, t in latest.tables.items()} == {
        "calendar": ("mart", 13149, {}),
        "payment": ("mart", 2, {"pay_amt": 300}),
        "payment_voucher": ("table", 2, {"pay_amt": 300}),
    }


def test_an_old_snapshot_is_read_as_it_was(published):
    reader = Reader(published, SYSTEM, "S20260930-01")
    assert reader.scan("payment").collect()["pay_cert_id"].to_list() == ["V0001"]
    assert Snapshot.get(published, "S20260930-01").rows("payment_voucher") == 1


def test_what_was_known_on_a_day_is_the_last_snapshot_published_by_then(published):
    t = records.snapshot
    with engine(published).begin() as connection:
        for seq, moment in ((1, "2026-10-01 17:59:00"), (2, "2026-10-02 16:30:00")):
            connection.execute(
                sa.text("UPDATE lake_snapshot SET published_at = :m WHERE seq = :s"),
                {"m": f"{moment}.000000", "s": seq},
            )
        assert connection.execute(sa.select(sa.func.count()).select_from(t)).scalar() == 2
    # 16:30 UTC on the 2nd is the 3rd in Shanghai.
    assert Snapshot.known(published, date(2026, 10, 2)).seq == 1
    assert Snapshot.known(published, date(2026, 10, 3)).seq == 2
    with pytest.raises(UnknownSnapshotError, match="到 2026-10-01 为止还没有发布过"):
        Snapshot.known(published, date(2026, 10, 1))


def test_an_unknown_snapshot_is_named(published):
    with pytest.raises(UnknownSnapshotError, match="没有数据快照 S20260101-01"):
        Snapshot.get(published, "S20260101-01")


def test_a_missing_file_is_damage(published):
    latest = Snapshot.latest(published)
    path = latest.folder / "payment_voucher" / latest.tables["payment_voucher"].files[0].path
    path.unlink()
    with pytest.raises(DamagedError, match="不见了。请从备份恢复它"):
        latest.check("payment_voucher")


def test_figures_that_do_not_add_up_are_damage(published):
    with engine(published).begin() as connection:
        connection.execute(
            sa.text(
                """UPDATE lake_table_version SET money = '{"pay_amt": "301"}'
                   WHERE name = 'payment' AND version = 2"""
            )
        )
    with pytest.raises(DamagedError) as error:
        Snapshot.latest(published).check("payment")
    assert "payment 应有 2 行、金额合计 {'pay_amt': 301} 分，读到 2 行、{'pay_amt': 300} 分" in str(
        error.value
    )


def test_files_found_right_before_are_looked_at_by_size_alone(published, monkeypatch):
    latest = Snapshot.latest(published)
    read = []
    measured = snapshot_module.measure
    monkeypatch.setattr(
        snapshot_module,
        "measure",
        lambda paths, *more: read.append(paths) or measured(paths, *more),
    )
    files = latest.files("payment_voucher")
    latest.check("payment_voucher", set(files[:1]))
    assert len(files) == 2
    assert read == [files[1:]]
    latest.check("payment_voucher", set(files))
    assert read == [files[1:]]
    Path(files[0]).write_bytes(b"")
    with pytest.raises(DamagedError, match="大小不符"):
        latest.check("payment_voucher", set(files))


def test_years_are_those_the_files_lie_by(published):
    latest = Snapshot.latest(published)
    assert latest.years("payment") == [2026]
    assert latest.years("unit") == []


def test_a_home_without_anything_has_no_snapshot_and_is_not_made(home):
    assert Snapshot.latest(home) is None
    assert Snapshot.all(home) == []
    assert not home.root.exists()


def test_the_same_id_for_other_data_has_another_fingerprint(tmp_path):
    def load(name, fen, use):
        home = Home(tmp_path / name)
        frame = rows("payment_voucher", {**voucher(1, DAY, fen), "use_des": use})
        delivery = batch("payment_voucher", "1", f"{fen} {use}")
        with Writer.open(home, "test") as writer:
            writer.replace("payment_voucher", frame, delivery)
            writer.publish(DAY)
        reader = Reader(home, SYSTEM)
        return reader.snapshot.id, reader.fingerprint

    one, again, dearer, other = (
        load("one", 100, "水费"),
        load("again", 100, "水费"),
        load("dearer", 101, "水费"),
        load("other", 100, "电费"),
    )
    assert {each[0] for each in (one, again, dearer, other)} == {"S20260930-01"}
    assert one == again
    assert len({one[1], dearer[1], other[1]}) == 3
    assert Reader(Home(tmp_path / "none"), SYSTEM).fingerprint == ""
