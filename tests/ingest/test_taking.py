"""Parcels of every kind go through the gate into their slot; the newest counts, in any order."""

from __future__ import annotations

import io
import itertools
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from budget_watch.lake import Coverage, Home, Reader
from budget_watch.lake.status import table_status
from budget_watch.tables import contract
from fixtures.delivery import shaped
from tests.ingest.parcels import SYSTEM, csv, ledger, parcel, stored, take, voucher
from tests.ingest.workbooks import book, spending

VOUCHER = contract("FIN-15")


def workbook(*sheets: tuple[str, list[dict[str, object]]]) -> bytes:
    """Contract-shaped sheets, and one that explains."""
    made = openpyxl.Workbook()
    made.active.title = "说明"
    made.active.append(["本表由示范市财政局填报"])
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append(list(row.values()))
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def parquet(rows: list[dict[str, object]], unit: bool) -> bytes:
    """As stored types with metadata (fen), or as a plain file of texts."""
    target = io.BytesIO()
    if unit:
        frame = pl.DataFrame(rows).with_columns(
            pl.col("fiscal_year").cast(pl.Int64),
            pl.col("pay_date").str.to_date(),
            (pl.col("pay_amt").cast(pl.Float64) * 100).round().cast(pl.Int64),
        )
        pq.write_table(shaped(VOUCHER, frame), target)
    else:
        pq.write_table(pa.table(pl.DataFrame(rows).to_arrow()), target)
    return target.getvalue()


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


ROWS = [voucher(1), voucher(2, "2000.00")]
FOUND = [("V000001", 100025), ("V000002", 200000)]
KINDS = {
    "csv": (".csv", csv(ROWS)),
    "gb18030": (".csv", csv(ROWS, "gb18030")),
    "xlsx": (".xlsx", workbook(("凭证", ROWS))),
    "two sheets": (".xlsx", workbook(("上旬", ROWS[:1]), ("下旬", ROWS[1:]))),
    "parquet stored": (".parquet", parquet(ROWS, unit=True)),
    "parquet delivered": (".parquet", parquet(ROWS, unit=False)),
    "zip": (".zip", zipped(**{"1.csv": csv(ROWS[:1]), "2.csv": csv(ROWS[1:])})),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_rows(home: Home, kind: str) -> None:
    suffix, content = KINDS[kind]
    (taken,) = take(home, parcel(home, content, suffix, rows=None))
    assert (taken.outcome, taken.rows, taken.stored, taken.quarantined, taken.refused) == (
        "stored", 2, 2, 0, 0,
    )  # fmt: skip
    assert stored(home) == FOUND
    assert {line.batch.id.partition("#")[0] for line in ledger(home)} == {"FIN-15/2026-09"}
    assert ledger(home)[0].batch.id == "FIN-15/2026-09"


def test_the_ledger_says_from_where_how_new_and_when(home: Home) -> None:
    given = parcel(home, csv(ROWS), revision=7, rows=2)
    take(home, given)
    (line,) = ledger(home)
    batch = line.batch
    assert (batch.origin, batch.revision, batch.declared, batch.source) == (
        "财政", 7, 2, "凭证.csv",
    )  # fmt: skip
    assert batch.parcel == given.slip_id
    assert given.fetched_at is not None
    fetched = batch.fetched_at
    assert fetched is not None
    assert fetched.replace(tzinfo=None) == given.fetched_at.replace(tzinfo=None)
    assert (line.delivered, line.stored, line.outcome) == (2, 2, "stored")


VERSIONS = {
    1: [voucher(1), voucher(2)],
    2: [voucher(1, "1100.00"), voucher(3)],
    3: [voucher(1, "1200.00"), voucher(2)],
}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_the_newest_revision_counts_in_whatever_order_they_come(
    home: Home, order: tuple[int, ...], together: bool
) -> None:
    given = [parcel(home, csv(VERSIONS[number]), revision=number) for number in order]
    taken = take(home, *given) if together else [take(home, one)[0] for one in given]
    assert stored(home) == [("V000001", 120000), ("V000002", 100025)]
    newest = 0
    for number, one in zip(order, taken, strict=True):
        assert one.outcome == ("superseded" if number < newest else "stored")
        newest = max(newest, number)
        assert one.rows == one.stored + one.quarantined + one.refused == 2
    late = [line for line in ledger(home) if line.outcome == "superseded"]
    assert all("已有更新的版本" in (line.reason or "") for line in late)
    assert all(line.delivered == line.refused == 2 for line in late)


def test_what_comes_twice_is_written_down_and_counted_once(home: Home) -> None:
    first = parcel(home, csv(ROWS))
    again = parcel(home, csv(ROWS), biz_date=date(2026, 10, 9), name="再送.csv")
    assert [one.outcome for one in take(home, first, again)] == ["stored", "repeated"]
    assert take(home, parcel(home, csv(ROWS), revision=4))[0].outcome == "repeated"
    assert stored(home) == FOUND
    status = {one["name"]: one for one in table_status(home, SYSTEM)}["payment_voucher"]
    assert (status["rows"], status["refused"]) == (2, 0)
    # the newer number counts, although its content was there
    older = parcel(home, csv([voucher(9)]), revision=3)
    assert take(home, older)[0].outcome == "superseded"


@pytest.mark.parametrize("together", [True, False])
def test_a_correction_may_be_taken_back(home: Home, together: bool) -> None:
    contents = [csv(ROWS), csv([voucher(1, "1.00")]), csv(ROWS)]
    given = [parcel(home, one, revision=at) for at, one in enumerate(contents, 1)]
    taken = take(home, *given) if together else [take(home, one)[0] for one in given]
    assert [one.outcome for one in taken] == ["stored"] * 3
    assert stored(home) == FOUND


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_row_of_two_slots_is_the_later_days_in_whatever_order_they_come(
    home: Home, order: tuple[int, ...]
) -> None:
    given = [
        parcel(home, csv([voucher(1, "1.00"), voucher(2, "2.00")]), period="2026-09"),
        parcel(home, csv([voucher(2, "22.00")]), period="2026-10-12", biz_date=date(2026, 10, 12)),
        parcel(home, csv([voucher(2, "9.00")]), period="2026-10-10", biz_date=date(2026, 10, 10)),
    ]
    for at in order:
        (taken,) = take(home, given[at])
        assert taken.rows == taken.stored + taken.quarantined + taken.refused
    assert stored(home) == [("V000001", 100), ("V000002", 2200)]


def test_increments_add_to_each_other_also_under_one_name(home: Home) -> None:
    one = parcel(home, csv([voucher(1), voucher(2, "2.00")]), whole=False, revision=1)
    two = parcel(home, csv([voucher(2, "3.00"), voucher(3)]), whole=False, revision=2)
    take(home, one)
    take(home, two)
    wanted = [("V000001", 100025), ("V000002", 300), ("V000003", 100025)]
    assert stored(home) == wanted
    assert [one.outcome for one in take(home, one, two)] == ["repeated", "repeated"]
    assert stored(home) == wanted


def test_keys_that_are_gone_leave_and_their_slot_stays(home: Home) -> None:
    keys = io.BytesIO()
    pl.DataFrame({"pay_cert_id": ["V000001"]}).write_parquet(keys)
    gone = parcel(home, keys.getvalue(), ".parquet", whole=False, gone=True)
    taken = take(home, parcel(home, csv(ROWS), whole=False), gone)
    assert [(one.outcome, one.rows) for one in taken] == [("stored", 2), ("stored", 0)]
    assert stored(home) == FOUND[1:]
    assert taken[1].reason == "来源已删除，移出 1 行"


def test_coverage_is_read_off_the_rows_unless_the_source_says_it(home: Home) -> None:
    told = (Coverage(2026, 10, "990100000"), Coverage(2026, 10, "990102000"))
    take(
        home,
        parcel(home, csv(ROWS)),
        parcel(home, csv([voucher(1)]).splitlines()[0], period="2026-10", coverage=told),
    )
    found = Reader(home, SYSTEM).coverage()
    mine = found.filter((pl.col("table") == "payment_voucher") & pl.col("delivered"))
    assert mine.select("month", "mof_div_code").sort("month", "mof_div_code").rows() == [
        (9, "990100000"), (10, "990100000"), (10, "990102000"),
    ]  # fmt: skip


def test_a_correction_with_fewer_sheets_leaves_nothing_of_the_others(home: Home) -> None:
    two = workbook(("上旬", ROWS[:1]), ("下旬", ROWS[1:]))
    take(home, parcel(home, two, ".xlsx", revision=1))
    assert stored(home) == FOUND
    take(home, parcel(home, workbook(("上旬", ROWS[:1])), ".xlsx", revision=2))
    assert stored(home) == FOUND[:1]
    take(home, parcel(home, two, ".xlsx", revision=1))
    assert stored(home) == FOUND[:1]
    take(home, parcel(home, two, ".xlsx", revision=3))
    assert stored(home) == FOUND


def test_a_published_form_feeds_its_table_whether_or_not_the_source_names_it(
    home: Home, tmp_path: Path
) -> None:
    content = book(tmp_path / "执行.xlsx", {"支出": spending()}).read_bytes()
    for table in ("", "FIN-02"):
        (taken,) = take(
            home, parcel(home, content, ".xlsx", table=table, period="2025", name="执行.xlsx")
        )
        assert taken.outcome == ("stored" if not table else "repeated"), taken.reason
        assert taken.rows == 9
    assert len(stored(home, "general_expenditure", "exp_func_code")) == 9
    (line, again) = ledger(home, "general_expenditure")
    assert (line.batch.id, again.batch.id) == ("FIN-02/2025", "FIN-02/2025")


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (b"PAR1 cut off", ".parquet", "缺尾"),
        (b"", ".csv", "空文件"),
        (b"a,b\n1,2\n", ".csv", "不相符"),
        (zipped(**{"x.txt": b""}), ".zip", "空文件"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name_and_holds_nothing(
    home: Home, content: bytes, suffix: str, said: str
) -> None:
    bad = parcel(home, content, suffix, name=f"坏{suffix}", period="2026-08", rows=5)
    taken = take(home, bad, parcel(home, csv(ROWS)))
    assert [one.outcome for one in taken] == ["refused", "stored"]
    assert (taken[0].rows, taken[0].refused) == (5, 5)
    assert said in taken[0].reason
    assert "坏" in taken[0].reason or suffix == ".zip"
    assert bad.sha256 not in taken[0].reason
    lines = [line for line in ledger(home) if line.outcome == "refused"]
    assert [(one.batch.parcel, one.delivered, one.refused) for one in lines] == [
        (bad.slip_id, 5, 5)
    ]
    assert stored(home) == FOUND


def test_a_refused_parcel_does_not_stand_in_the_way_of_its_correction(home: Home) -> None:
    take(home, parcel(home, b"PAR1 cut off", ".parquet", revision=5))
    assert take(home, parcel(home, csv(ROWS), revision=1))[0].outcome == "stored"


def test_two_sources_of_one_slot_go_by_their_business_dates(home: Home) -> None:
    take(home, parcel(home, csv(ROWS), revision=900))
    by_hand = {"source": "财政补正", "revision": 1}
    early = parcel(home, csv([voucher(8)]), biz_date=date(2026, 10, 1), **by_hand)
    later = parcel(home, csv([voucher(9)]), biz_date=date(2026, 10, 9), **by_hand)
    assert [one.outcome for one in take(home, early, later)] == ["superseded", "stored"]
    assert stored(home) == [("V000009", 100025)]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_delivery_that_is_not_as_long_as_declared_is_refused_whole(home, monkeypatch, streamed):
    if streamed:
        monkeypatch.setattr("ingest.flat_file._MEMORY_BYTES", 0)
    take(home, parcel(home, csv([voucher(1)]), rows=1, revision=1))
    short = parcel(home, csv([voucher(2), voucher(3)]), rows=3, revision=2)
    (taken,) = take(home, short)
    assert (taken.outcome, taken.stored, taken.refused) == ("refused", 0, 3)
    assert "声明 3 行，读出 2 行，可能没有传完整；整批未入库" in taken.reason
    assert [key for key, _ in stored(home)] == ["V000001"]
    (taken,) = take(home, parcel(home, csv([voucher(2), voucher(3)]), rows=2, revision=3))
    assert (taken.outcome, taken.stored) == ("stored", 2)


def test_rows_marked_as_secret_are_counted_and_no_more(home: Home) -> None:
    rows = [
        voucher(1, secret_flag="否"),
        voucher(2, secret_flag="是", use_des="不能说的用途"),
        voucher(3, secret_flag="是", pay_amt="不是数"),
    ]
    (taken,) = take(home, parcel(home, csv(rows), rows=3))
    assert (taken.rows, taken.stored, taken.quarantined, taken.refused) == (3, 1, 0, 2)
    assert taken.reason == "2 行标为涉密，没有接收，也没有留存；请送数部门在源头剔除"
    assert [key for key, _ in stored(home)] == ["V000001"]
    (line,) = ledger(home)
    assert (line.delivered, line.stored, line.quarantined, line.refused) == (3, 1, 0, 2)
    assert line.reason == taken.reason
    assert not list(home.quarantine.rglob("*.*"))
