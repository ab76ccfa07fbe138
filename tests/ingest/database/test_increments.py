"""Increments of a real PostgreSQL: nothing lost, nothing twice, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from budget_watch.lake import Coverage
from ingest.source import SourceFault
from tests.ingest.database.made import CITY, DAY, Desk, insert, row, section

NEXT = DAY + timedelta(days=1)
Put = Callable[..., None]


@pytest.fixture
def put(postgres, finance) -> Put:
    def run(*rows: dict[str, Any]) -> None:
        with postgres.connect(finance) as connection, connection.cursor() as cursor:
            cursor.executemany(*insert(rows))

    return run


@pytest.fixture(params=["auto", "sqlalchemy"])
def desk(request, home, postgres, finance) -> Callable[..., Desk]:
    def made(**table: Any) -> Desk:
        return Desk(home, section(postgres.address(finance), table, driver=request.param))

    return made


def ids(parcel) -> list[str]:
    return sorted(pl.read_parquet(parcel.path)["pay_cert_id"].to_list())


def test_a_first_fetch_brings_every_row_in_the_contracts_columns(put, desk) -> None:
    put(
        row(1),
        row(2, pay_amt="12345678901234.56", 用途="空格 与“引号”, 逗号\n换行"),
        row(3, pay_amt=None),
    )
    [parcel] = desk().fetch().parcels
    got = pl.read_parquet(parcel.path)
    assert (parcel.table, parcel.biz_date, parcel.rows, parcel.whole) == ("FIN-15", DAY, 3, False)
    assert got["pay_amt"].to_list() == ["1.10", "12345678901234.56", None]
    assert got["pay_cert_no"].to_list() == ["凭000001", "凭000002", "凭000003"]
    assert got["use_des"][1] == "空格 与“引号”, 逗号\n换行"
    assert got["pay_date"].to_list() == [date(2026, 11, 18)] * 3
    assert got.schema["pay_date"] == pl.Date
    assert got.schema["fiscal_year"] == pl.Int64
    assert "update_time" not in got.columns


def test_only_what_grew_is_read_again(put, desk) -> None:
    made = desk()
    put(row(1), row(2))
    made.fetch()
    put(row(3, update_time="2026-11-19 09:00:00"))
    assert made.fetch().parcels == ()  # of the next business day
    [parcel] = made.fetch(NEXT).parcels
    assert (ids(parcel), parcel.biz_date) == (["V000003"], NEXT)
    assert made.fetch(NEXT).parcels == ()


def test_a_row_that_was_committed_late_is_not_lost(postgres, finance, put, desk) -> None:
    made = desk()
    with postgres.connect(finance, autocommit=False) as slow, slow.cursor() as cursor:
        cursor.executemany(*insert([row(1, update_time="2026-11-18 09:00:00")]))
        put(row(2, update_time="2026-11-18 23:59:00"))
        assert [ids(one) for one in made.fetch().parcels] == [["V000002"]]
        slow.commit()
    assert [ids(one) for one in made.fetch(NEXT).parcels] == [["V000001"]]
    assert made.fetch(NEXT).parcels == ()


def test_a_row_changed_again_comes_again_and_the_later_one_counts(
    postgres, finance, put, desk
) -> None:
    made = desk()
    put(row(1), row(2))
    made.fetch()
    with postgres.connect(finance) as connection:
        connection.execute(
            "UPDATE pay_voucher_bill SET pay_amt = 7, update_time = '2026-11-19 08:00'"
            " WHERE pay_cert_id = 'V000001'"
        )
    made.fetch(NEXT)
    with postgres.connect(finance) as connection:  # and back, without any trace in the contract
        connection.execute(
            "UPDATE pay_voucher_bill SET pay_amt = 1.10, update_time = '2026-11-19 09:00'"
            " WHERE pay_cert_id = 'V000001'"
        )
    made.fetch(NEXT)
    assert [(ids(one), one.revision) for one in made.parcels()] == [
        (["V000001", "V000002"], 1), (["V000001"], 2), (["V000001"], 3),
    ]  # fmt: skip
    assert len({one.sha256 for one in made.parcels()}) == 3
    assert made.lake()["pay_amt"].to_list() == ["1.10", "2.10"]


def test_rows_without_a_mark_are_read_once(put, desk) -> None:
    made = desk()
    put(row(1), row(2, update_time=None))
    assert [ids(one) for one in made.fetch().parcels] == [["V000001", "V000002"]]
    assert made.fetch(NEXT).parcels == ()
    put(row(3, update_time=None))
    assert [ids(one) for one in made.fetch(NEXT).parcels] == [["V000003"]]


def test_rows_go_to_their_own_business_day(put, desk) -> None:
    made = desk(business_date="pay_date")
    put(row(1), row(2, pay_date="2026-11-17"), row(3, pay_date="2027-01-01"), row(4, pay_date=None))
    told = [(one.biz_date, ids(one)) for one in made.fetch().parcels]
    assert told == [
        (date(2026, 11, 17), ["V000002"]),
        (DAY, ["V000001", "V000003", "V000004"]),
    ]
    put(row(5, pay_date="2026-10-09", update_time="2026-11-19 10:00"))
    assert [(one.biz_date, ids(one)) for one in made.fetch(NEXT).parcels] == [
        (date(2026, 10, 9), ["V000005"])
    ]


def test_a_number_that_grows_is_a_cursor_too(postgres, finance, put, desk) -> None:
    with postgres.connect(finance) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill ADD COLUMN seq numeric(20,0)")
    made = desk(since="SEQ", overlap_numbers=5)
    put(row(1, seq=10), row(2, seq=11))
    assert [ids(one) for one in made.fetch().parcels] == [["V000001", "V000002"]]
    put(row(3, seq=9), row(4, seq=12))
    assert [ids(one) for one in made.fetch(NEXT).parcels] == [["V000003", "V000004"]]
    assert made.fetch(NEXT).parcels == ()


def test_a_mark_written_as_text_is_a_cursor_too(postgres, finance, put, desk) -> None:
    with postgres.connect(finance) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill ADD COLUMN gxsj varchar(14)")
    made = desk(since="gxsj")
    put(row(1, gxsj="20261118100000"), row(2, gxsj="20261119000000"))
    assert [ids(one) for one in made.fetch().parcels] == [["V000001"]]
    put(row(3, gxsj="20261118110000"))
    assert [ids(one) for one in made.fetch(NEXT).parcels] == [["V000002", "V000003"]]


def test_a_day_without_rows_is_delivered_where_the_regions_are_told(put, desk) -> None:
    made = desk(regions=[CITY], business_date="pay_date")
    put(row(1, update_time="2026-11-20 08:00"))
    [empty] = made.fetch().parcels
    assert (empty.rows, empty.biz_date) == (0, DAY)
    assert empty.coverage == (Coverage(2026, 11, CITY),)
    assert made.fetch().parcels == ()  # the day has its answer, also where the run is made again
    put(row(2, pay_date="2026-10-30", update_time="2026-11-19 08:00"))
    late, day = made.fetch(NEXT).parcels
    assert (late.biz_date, late.coverage) == (date(2026, 10, 30), (Coverage(2026, 10, CITY),))
    assert (day.biz_date, day.rows, day.coverage) == (NEXT, 0, (Coverage(2026, 11, CITY),))


def test_without_its_memory_everything_is_read_again_as_a_later_revision(put, desk) -> None:
    made = desk()
    put(row(1))
    made.fetch()
    for file in made.memory.iterdir():
        file.unlink()
    [again] = made.fetch().parcels
    assert (ids(again), again.revision) == (["V000001"], 2)


def test_rows_marked_as_deleted_are_told_by_their_keys(postgres, finance, put, desk) -> None:
    made = desk(deleted="is_deleted")
    put(row(1), row(2), row(3, is_deleted=1))
    made.fetch()
    with postgres.connect(finance) as connection:
        connection.execute(
            "UPDATE pay_voucher_bill SET is_deleted = 1, update_time = '2026-11-19 08:00'"
            " WHERE pay_cert_id = 'V000001'"
        )
    [gone] = made.fetch(NEXT).parcels
    assert (gone.gone, gone.whole, ids(gone)) == (True, False, ["V000001"])
    assert made.lake()["pay_cert_id"].to_list() == ["V000002"]


def test_a_deleted_row_does_not_take_a_living_one_of_its_key_along(put, desk) -> None:
    made = desk(deleted="is_deleted")
    put(row(1, is_deleted=1, pay_amt=5), row(1))
    made.fetch()
    assert made.lake()["pay_amt"].to_list() == ["1.10"]


def test_rows_marked_as_secret_are_not_even_spooled(postgres, finance, put, desk) -> None:
    with postgres.connect(finance) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill ADD COLUMN secret_flag varchar(1)")
    made = desk()
    put(row(1, secret_flag="0"), row(2, secret_flag="1"), row(3, secret_flag=None))
    found = made.fetch()
    rows, gone = sorted(found.parcels, key=lambda one: one.gone)
    assert ids(rows) == ["V000001", "V000003"]
    assert ids(gone) == ["V000002"]  # an earlier version may have come without the mark
    assert any("1 行标为涉密" in text for text in found.notes)
    assert made.lake()["pay_cert_id"].to_list() == ["V000001", "V000003"]


def test_a_full_comparison_finds_what_was_deleted(postgres, finance, put, desk) -> None:
    made = desk(compare_days=7)
    put(row(1), row(2), row(3))
    assert [one.gone for one in made.fetch().parcels] == [False]
    with postgres.connect(finance) as connection:
        connection.execute("DELETE FROM pay_voucher_bill WHERE pay_cert_id = 'V000002'")
    assert made.fetch(NEXT).parcels == ()  # not due
    week = made.fetch(DAY + timedelta(days=7))
    assert [(one.gone, ids(one)) for one in week.parcels] == [(True, ["V000002"])]
    assert week.notes == (
        "FIN-15：列“is_deleted”不在约定中，未读",
        "FIN-15：全量比对：pay_voucher_bill 有 1 行已被删除",
    )
    assert made.fetch(DAY + timedelta(days=14)).parcels == ()
    put(row(2, update_time="2026-12-02 08:00"))
    made.fetch(DAY + timedelta(days=14))
    assert made.lake()["pay_cert_id"].to_list() == ["V000001", "V000002", "V000003"]


def test_a_mark_in_the_far_future_is_told(put, desk) -> None:
    made = desk()
    put(row(1), row(2, update_time="2099-01-01 00:00"))
    found = made.fetch()
    assert [ids(one) for one in found.parcels] == [["V000001"]]
    assert any("2099-01-01" in note for note in found.notes)


def test_what_is_no_mark_cannot_be_a_cursor(put, desk) -> None:
    put(row(1))
    with pytest.raises(SourceFault, match="pay_voucher_bill 的 用途 的值“购办公用品”不是时间"):
        desk(since="用途").fetch()
