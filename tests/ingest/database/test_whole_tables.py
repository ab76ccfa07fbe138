"""Whole tables: what is not there any more is not in the next version."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from budget_watch.lake import Coverage
from tests.ingest.database.made import CITY, DAY, Desk, insert, row, section


@pytest.fixture
def execute(postgres, finance):
    def run(sql, *rows):
        with postgres.connect(finance) as connection:
            if rows:
                connection.cursor().executemany(*insert(rows))
            if sql:
                connection.execute(sql)

    return run


@pytest.fixture
def desk(home, postgres, finance):
    def made(**table):
        told = {"since": None, **table}
        return Desk(home, section(postgres.address(finance), told))

    return made


def told(parcel):
    rows = pl.read_parquet(parcel.path)["pay_cert_id"].to_list()
    return parcel.period, parcel.biz_date, parcel.whole, parcel.revision, rows


def test_a_whole_table_is_one_slot_put_when_it_changed(execute, desk) -> None:
    made = desk()
    execute(None, row(2), row(1))
    [first] = made.fetch().parcels
    assert told(first) == ("全部", DAY, True, 1, ["V000001", "V000002"])
    assert made.fetch(DAY + timedelta(days=1)).parcels == ()
    execute("DELETE FROM pay_voucher_bill WHERE pay_cert_id = 'V000001'")
    [second] = made.fetch(DAY + timedelta(days=2)).parcels
    assert told(second) == ("全部", DAY + timedelta(days=2), True, 3, ["V000002"])
    execute(None, row(1))  # as it was: a version of its own nevertheless
    [third] = made.fetch(DAY + timedelta(days=3)).parcels
    assert (third.sha256, third.revision) == (first.sha256, 4)


def test_a_table_is_read_by_periods_and_earlier_ones_again(execute, desk) -> None:
    rows = {1: "2026-09-30", 2: "2026-10-31", 3: "2026-11-18", 4: "2026-12-01"}
    made = desk(period="month", period_date="pay_date", periods_back=1, regions=[CITY])
    execute(None, *(row(number, pay_date=at) for number, at in rows.items()))
    october, november = made.fetch().parcels
    assert told(october) == ("2026-10", date(2026, 10, 31), True, 1, ["V000002"])
    assert told(november) == ("2026-11", DAY, True, 1, ["V000003"])
    assert november.coverage == (Coverage(2026, 11, CITY),)
    execute("DELETE FROM pay_voucher_bill WHERE pay_date < '2026-11-01'")
    [emptied] = made.fetch().parcels
    assert told(emptied) == ("2026-10", date(2026, 10, 31), True, 2, [])
    assert emptied.coverage == (Coverage(2026, 10, CITY),)


def test_a_year_is_asked_for_by_its_column(execute, desk) -> None:
    made = desk(
        period="year", period_year="fiscal_year", where="dept_code <> '999'", regions=[CITY]
    )
    execute(None, row(1), row(2, fiscal_year=2025), row(3, dept_code="999"))
    [parcel] = made.fetch().parcels
    assert told(parcel) == ("2026", DAY, True, 1, ["V000001"])
    assert parcel.coverage == (Coverage(2026, 0, CITY), Coverage(2026, 11, CITY))


def test_a_query_with_casts_percent_and_colons_is_sent_as_it_is_written(execute, desk) -> None:
    made = desk(
        **{"from": None},
        query="""SELECT *, '12:30' AS t FROM pay_voucher_bill
                 WHERE pay_amt::text LIKE '1%' AND 用途 <> ':x' ;""",
    )
    execute(None, row(1), row(2), row(3, 用途=":x", pay_amt=1))
    [parcel] = made.fetch().parcels
    assert told(parcel)[4] == ["V000001"]
    assert parcel.name.startswith("查询“SELECT *, '12:30' AS t FROM pay_voucher")


def test_two_tables_of_one_contract_have_slots_of_their_own(execute, desk) -> None:
    made = desk(part="2026", where="fiscal_year = 2026")
    first = made.section["tables"][0]
    made.section["tables"].append({**first, "part": "2025", "where": "fiscal_year = 2025"})
    execute(None, row(1), row(2, fiscal_year=2025))
    assert [told(one)[::4] for one in made.fetch().parcels] == [
        ("全部@2026", ["V000001"]),
        ("全部@2025", ["V000002"]),
    ]


def test_constants_and_named_columns_fill_what_does_not_bind(execute, desk) -> None:
    execute(
        "ALTER TABLE pay_voucher_bill RENAME pay_amt TO je;"
        "ALTER TABLE pay_voucher_bill DROP mof_div_code",
        row(1),
    )
    made = desk(columns={"pay_amt": "JE"}, constants={"mof_div_code": CITY})
    [parcel] = made.fetch().parcels
    got = pl.read_parquet(parcel.path)
    assert got.select("pay_amt", "mof_div_code").rows() == [("1.10", CITY)]


def test_rows_without_a_period_are_told(execute, desk) -> None:
    made = desk(period="month", period_date="pay_date")
    execute(None, row(1, pay_date=None))
    found = made.fetch()
    assert [told(one)[4] for one in found.parcels] == [[]]
    assert any("有 1 行的 pay_date 为空，不属于任何期间，没有取" in note for note in found.notes)
