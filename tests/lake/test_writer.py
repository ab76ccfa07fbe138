from datetime import date
from itertools import pairwise
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from budget_watch.lake import Batch, FrameError, Home, LakeError, Reader, Snapshot, Writer, draft
from budget_watch.lake.files import ROW_GROUP_ROWS
from budget_watch.lake.ledger import entries
from tests.lake.made import SYSTEM, application, batch, content, data_files, rows, voucher

SEPTEMBER, OCTOBER = date(2026, 9, 30), date(2026, 10, 30)


def amounts(home, table="payment_voucher"):
    frame = Reader(home, SYSTEM).scan(table).select("pay_cert_id", "pay_amt").collect()
    return dict(frame.sort("pay_cert_id").rows())


def deliver(home, frame, delivery, **how):
    with Writer.open(home, "test") as writer:
        stored = writer.replace(delivery.table, frame, delivery, **how)
        writer.publish(delivery.biz_date)
    return stored


def test_a_delivery_is_read_back_as_it_came(home):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER, 12345), voucher(2, OCTOBER, -5))
    stored = deliver(home, frame, batch("payment_voucher", "a"))
    found = Reader(home, SYSTEM).scan("payment_voucher").collect().sort("pay_cert_id")
    assert (stored.rows, stored.removed, stored.repeated) == (2, 0, False)
    assert found.select(frame.columns).equals(frame)
    assert (
        found.select("batch_id", "biz_date", "src_dept", "data_status", "round_fen").rows()
        == [("payment_voucher/a", date(2026, 9, 30), "财政", "正式", 1)] * 2
    )


def test_nothing_is_seen_before_publishing(home):
    with Writer.open(home, "test") as writer:
        writer.replace(
            "payment_voucher",
            rows("payment_voucher", voucher(1, SEPTEMBER)),
            batch("payment_voucher", "a"),
        )
        assert Snapshot.latest(home) is None
    assert Snapshot.latest(home) is None
    assert data_files(home) == set()


def test_the_same_batch_given_again_changes_nothing(home):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER))
    deliver(home, frame, batch("payment_voucher", "a"))
    first = Snapshot.latest(home)
    again = deliver(home, frame, batch("payment_voucher", "a"))
    assert again.repeated
    assert Snapshot.latest(home) == first


def test_the_same_content_under_another_name_changes_nothing(home):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER))
    deliver(home, frame, batch("payment_voucher", "a"))
    other = Batch("other", "payment_voucher", "b", "payment_voucher-a-1", SEPTEMBER)
    assert deliver(home, frame, other).repeated
    assert amounts(home) == {"V0001": 100}


def test_a_correction_of_a_batch_replaces_its_rows_and_may_be_taken_back(home):
    before = rows("payment_voucher", voucher(1, SEPTEMBER, 100), voucher(2, SEPTEMBER, 7))
    after = rows("payment_voucher", voucher(1, SEPTEMBER, 200))
    deliver(home, before, batch("payment_voucher", "a", "1"))
    first = Snapshot.latest(home)
    deliver(home, after, batch("payment_voucher", "a", "2"))
    assert amounts(home) == {"V0001": 200}
    assert deliver(home, before, batch("payment_voucher", "a", "1")).repeated  # a replay
    deliver(home, before, batch("payment_voucher", "a", "1", OCTOBER))  # taken back later
    assert amounts(home) == {"V0001": 100, "V0002": 7}
    old = Reader(home, SYSTEM, first).scan("payment_voucher").select("pay_amt").sum().collect()
    assert old.item() == 107


def test_a_correction_in_the_same_draft_leaves_both_in_the_ledger_so_a_replay_changes_nothing(home):
    before = rows("payment_voucher", voucher(1, SEPTEMBER, 100), voucher(2, SEPTEMBER, 7))
    after = rows("payment_voucher", voucher(1, SEPTEMBER, 200))
    both = [
        (before, batch("payment_voucher", "a", "1")),
        (after, batch("payment_voucher", "a", "2")),
    ]
    with Writer.open(home, "test") as writer:
        first = [writer.replace(one.table, frame, one).repeated for frame, one in both]
        writer.publish(SEPTEMBER)
    assert [entry.stored for entry in entries(home, "payment_voucher")] == [2, 1]
    again = [deliver(home, frame, one).repeated for frame, one in both]
    assert (first, again) == ([False, False], [True, True])
    assert amounts(home) == {"V0001": 200}


def test_a_predicate_takes_out_the_slice_that_a_delivery_stands_for(home):
    deliver(
        home,
        rows("payment_voucher", voucher(1, SEPTEMBER), voucher(2, SEPTEMBER), voucher(3, OCTOBER)),
        batch("payment_voucher", "a"),
    )
    stored = deliver(
        home,
        rows("payment_voucher", voucher(4, SEPTEMBER, 9)),
        batch("payment_voucher", "b"),
        predicate="pay_date <= date '2026-09-30'",
    )
    assert stored.removed == 2
    assert amounts(home) == {"V0003": 100, "V0004": 9}


def test_columns_take_out_the_rows_that_are_equal_in_them(home):
    with Writer.open(home, "test") as writer:
        writer.replace(
            "payment_voucher",
            rows("payment_voucher", voucher(1, SEPTEMBER), voucher(3, OCTOBER)),
            batch("payment_voucher", "a"),
        )
        writer.publish(SEPTEMBER)
        writer.replace(
            "payment_voucher",
            rows("payment_voucher", voucher(5, SEPTEMBER, 5)),
            batch("payment_voucher", "b"),
        )
        stored = writer.replace(
            "payment_voucher",
            rows("payment_voucher", voucher(1, SEPTEMBER, 2), voucher(5, SEPTEMBER, 6)),
            batch("payment_voucher", "c"),
            by=["pay_cert_id"],
        )
        writer.publish(OCTOBER)
    assert stored.removed == 2
    assert amounts(home) == {"V0001": 2, "V0003": 100, "V0005": 6}


def test_large_lazy_deliveries_give_the_same_lake_as_small_ones(home, tmp_path, monkeypatch):
    frame = rows(
        "payment_voucher",
        *(voucher(n, date(2026, 1 + n % 11, 1 + n % 28), n) for n in range(300)),
    )
    deliver(home, frame, batch("payment_voucher", "a"))
    monkeypatch.setattr("budget_watch.lake.writer.BUFFER_ROWS", 50)
    monkeypatch.setattr(draft, "BUFFER_ROWS", 50)
    monkeypatch.setattr("budget_watch.lake.refresh.CHUNK_ROWS", 10)
    other = Home(tmp_path / "other")
    deliver(other, frame.lazy(), batch("payment_voucher", "a"))
    assert content(other) == content(home)


def test_many_small_deliveries_become_few_files(home):
    with Writer.open(home, "test") as writer:
        for number in range(40):
            delivery = batch("general_revenue", str(number))
            writer.replace("general_revenue", rows("general_revenue", {"month": number}), delivery)
        snapshot = writer.publish(SEPTEMBER)
    assert (snapshot.rows("general_revenue"), len(snapshot.files("general_revenue"))) == (40, 1)


def test_daily_deliveries_of_a_small_table_are_joined(home):
    for number in range(20):
        frame = rows("general_revenue", {"month": number})
        deliver(home, frame, batch("general_revenue", str(number)))
    snapshot = Snapshot.latest(home)
    assert snapshot.rows("general_revenue") == 20
    assert len(snapshot.files("general_revenue")) < 8


def test_row_groups_stay_small_and_months_apart(home):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER), voucher(2, OCTOBER))
    deliver(home, frame, batch("payment_voucher", "a"))
    parts = sorted(path.split("/")[-2] for path in Snapshot.latest(home).files("payment"))
    assert parts == ["2026-09", "2026-10"]
    assert ROW_GROUP_ROWS == 250_000


def test_delta_keeps_every_version_and_names_the_batches(home):
    deliver(home, rows("payment_voucher", voucher(1, SEPTEMBER)), batch("payment_voucher", "a"))
    table = DeltaTable(home.lake / "payment_voucher")
    assert table.metadata().configuration == {
        "delta.enableExpiredLogCleanup": "false",
        "delta.logRetentionDuration": "interval 36500 days",
        "delta.deletedFileRetentionDuration": "interval 36500 days",
        "delta.checkpointInterval": "100",
    }
    assert table.history(1)[0]["batch_id"] == "payment_voucher/a"
    assert table.metadata().partition_columns == ["fiscal_year"]
    mart = DeltaTable(home.lake / "payment")
    assert mart.metadata().partition_columns == ["fiscal_year", "month"]
    assert pl.scan_delta(str(home.lake / "payment_voucher")).collect().height == 1


def test_what_comes_late_does_not_move_the_business_date_back(home):
    deliver(home, rows("indicator", {"bgt_id": "1"}), batch("indicator", "a", day=OCTOBER))
    deliver(home, rows("indicator", {"bgt_id": "2"}), batch("indicator", "b", day=SEPTEMBER))
    assert Snapshot.latest(home).id == "S20261030-02"


def test_publishing_without_anything_new_gives_the_same_snapshot(home):
    deliver(home, rows("payment_voucher", voucher(1, SEPTEMBER)), batch("payment_voucher", "a"))
    with Writer.open(home, "test") as writer:
        assert writer.publish(SEPTEMBER) == Snapshot.latest(home)
        other = writer.publish(SEPTEMBER, book_hash="new")
    assert (other.id, other.hashes["book_hash"]) == ("S20260930-02", "new")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda f: f.drop("pay_amt"),
            "批次 payment_voucher/a：报表 payment_voucher 缺少必填列 pay_amt。请补齐后再送。",
        ),
        (
            lambda f: f.with_columns(colour=pl.lit(1)),
            "批次 payment_voucher/a：报表 payment_voucher 的约定没有列 colour。"
            "请在约定里加上，或在送入前去掉。",
        ),
        (
            lambda f: f.with_columns(pl.col("pay_amt").cast(pl.Float64)),
            "批次 payment_voucher/a：报表 payment_voucher 的列 pay_amt 应为 Int64，"
            "送来的是 Float64。"
            "金额以分为单位的整数入库，请在送入前换算。",
        ),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_a_sentence(home, change, sentence):
    frame = change(rows("payment_voucher", voucher(1, SEPTEMBER)))
    with Writer.open(home, "test") as writer, pytest.raises(FrameError) as error:
        writer.replace("payment_voucher", frame, batch("payment_voucher", "a"))
    assert str(error.value) == sentence


def test_a_predicate_on_an_unknown_column_is_refused(home):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER))
    delivery = batch("payment_voucher", "a")
    with Writer.open(home, "test") as writer, pytest.raises(LakeError, match="没有的列 colour"):
        writer.replace("payment_voucher", frame, delivery, predicate="colour = 1")


def test_marts_cannot_be_written(home):
    with Writer.open(home, "test") as writer, pytest.raises(FrameError, match="是主题表"):
        writer.replace("payment", pl.DataFrame(), batch("payment", "a"))


def test_rows_in_must_equal_rows_out(home):
    with Writer.open(home, "test") as writer:
        delivery = batch("payment_voucher", "a")
        writer.replace("payment_voucher", rows("payment_voucher", voucher(1, SEPTEMBER)), delivery)
        writer.note(delivery, quarantined=2)
        writer.refuse(batch("indicator", "b"), delivered=5, reason="不是 Parquet 文件")
        writer.publish(SEPTEMBER)
    from budget_watch.lake.ledger import entries

    assert [
        (e.batch.id, e.delivered, e.stored, e.quarantined, e.refused, e.reason)
        for e in entries(home)
    ] == [
        ("payment_voucher/a", 3, 1, 2, 0, None),
        ("indicator/b", 5, 0, 0, 5, "不是 Parquet 文件"),
    ]


def test_a_refused_delivery_may_come_again(home):
    with Writer.open(home, "test") as writer:
        writer.refuse(batch("payment_voucher", "a"), delivered=0, reason="文件为空")
        writer.publish(SEPTEMBER)
        assert not writer.known(batch("payment_voucher", "a"))


def test_vouchers_join_the_applications_that_came_later(home):
    deliver(
        home,
        rows("payment_voucher", voucher(1, SEPTEMBER), voucher(2, OCTOBER)),
        batch("payment_voucher", "a"),
    )
    before = Snapshot.latest(home).files("payment")
    deliver(
        home,
        rows("payment_application", application(1, date(2026, 2, 3))),
        batch("payment_application", "a"),
    )
    after = Snapshot.latest(home).files("payment")
    frame = Reader(home, SYSTEM).scan("payment").select("pay_cert_id", "bgt_id", "app_found")
    assert sorted(frame.collect().rows()) == [("V0001", "B0001", True), ("V0002", None, False)]
    assert [path for path in after if path in before] == [p for p in before if "2026-10" in p]


def test_a_full_disk_leaves_the_published_lake_as_it_was(home, monkeypatch):
    frame = rows("payment_voucher", voucher(1, SEPTEMBER))
    deliver(home, frame, batch("payment_voucher", "a"))
    before, files = content(home), data_files(home)

    def full(self, *args, **more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "write_parquet", full)
        with pytest.raises(LakeError, match=r"磁盘满了：.*indicator.*请腾出空间"):
            deliver(home, rows("indicator", {"bgt_id": "1"}), batch("indicator", "a"))
    assert (content(home), data_files(home)) == (before, files)


@settings(max_examples=8, deadline=None)
@given(
    order=st.permutations(range(12)),
    cuts=st.sets(st.integers(1, 11)),
    publishes=st.sets(st.integers(0, 11)),
)
def test_neither_the_order_nor_the_cut_of_deliveries_changes_the_lake(order, cuts, publishes):
    records = [
        (voucher(n, date(2026, 1 + n % 3, 5)), application(n, date(2026, 1 + n % 2, 4)))
        for n in order
    ]
    edges = [0, *sorted(cuts), 12]
    with TemporaryDirectory() as one, TemporaryDirectory() as many:
        for root, pieces in ((one, [(0, 12)]), (many, list(pairwise(edges)))):
            with Writer.open(Home(root), "test") as writer:
                for start, end in pieces:
                    for at, table in enumerate(("payment_voucher", "payment_application")):
                        frame = rows(table, *(both[at] for both in records[start:end]))
                        writer.replace(table, frame, batch(table, str(start)))
                    if start in publishes:
                        writer.publish(SEPTEMBER)
                writer.publish(SEPTEMBER)
        assert content(Home(many)) == content(Home(one))
