"""What a database holds comes exact: money, moments, texts in old encodings, types that change."""

from __future__ import annotations

import sqlite3
from datetime import date

import polars as pl
import pytest

from budget_watch.lake import Home
from tests.ingest.database.made import COLUMNS, CREATE, Desk, insert, row, section


def fetched(desk: Desk) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(one.path) for one in desk.fetch().parcels])


def test_both_ways_into_postgresql_give_the_same_bytes(tmp_path, postgres, finance) -> None:
    with postgres.connect(finance) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill ALTER update_time TYPE timestamptz")
        connection.execute("ALTER TABLE pay_voucher_bill ALTER pay_date TYPE timestamptz")
        connection.execute("ALTER TABLE pay_voucher_bill ALTER exp_func_code TYPE integer USING 0")
        connection.execute("ALTER TABLE pay_voucher_bill ADD act_lqd_date timestamp(3)")
        connection.execute("ALTER TABLE pay_voucher_bill ADD payee_is_person boolean")
        connection.execute("ALTER TABLE pay_voucher_bill ADD bgt_id uuid, ADD abstract jsonb")
        connection.execute(
            "ALTER TABLE pay_voucher_bill ADD invoice_no float8, ADD contract_no time"
        )
        connection.cursor().executemany(
            *insert(
                [
                    row(
                        number,
                        pay_date="2026-11-17 23:30:00+00",  # the 18th in Shanghai
                        update_time="2026-11-17 20:00:00+00",
                        act_lqd_date="2026-11-18 12:00:00.125",
                        payee_is_person=number == 2,
                        bgt_id="0a0b0c0d-0000-0000-0000-00000000000f",
                        abstract='{"甲": 1}',
                        exp_func_code=2010101,
                        invoice_no=0.1,
                        contract_no="12:30",
                        pay_amt=None if number == 3 else f"{number}00000000000000.05",
                    )
                    for number in (1, 2, 3)
                ]
            )
        )
    hashes = set()
    for driver in ("auto", "sqlalchemy"):
        told = section(postgres.address(finance), {"since": None}, driver=driver)
        desk = Desk(Home(tmp_path / driver), told)
        got = fetched(desk)
        hashes.add(desk.parcels()[0].sha256)
    assert len(hashes) == 1
    assert got["pay_amt"].to_list() == ["100000000000000.05", "200000000000000.05", None]
    assert got["pay_date"].to_list() == [date(2026, 11, 18)] * 3
    assert got["act_lqd_date"].to_list() == [date(2026, 11, 18)] * 3
    assert got["payee_is_person"].to_list() == [False, True, False]
    assert got["exp_func_code"].to_list() == ["2010101"] * 3
    assert got["bgt_id"].to_list() == ["0a0b0c0d-0000-0000-0000-00000000000f"] * 3
    assert got["abstract"].to_list() == ['{"甲": 1}'] * 3
    assert got["invoice_no"].to_list() == ["0.1"] * 3
    assert got["contract_no"].to_list() == ["12:30:00"] * 3


def test_money_of_postgresqls_own_type_is_not_a_hundredfold(home, postgres, finance) -> None:
    with postgres.connect(finance) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill ALTER pay_amt TYPE money")
        connection.cursor().executemany(*insert([row(1, pay_amt="1234.50")]))
    desk = Desk(home, section(postgres.address(finance)))
    assert fetched(desk)["pay_amt"].to_list() == ["1234.50"]


@pytest.mark.parametrize("driver", ["auto", "sqlalchemy"])
def test_a_database_in_a_gb_encoding_gives_chinese(home, postgres, driver) -> None:
    name = postgres.new_database("ENCODING 'EUC_CN' TEMPLATE template0")
    with postgres.connect(name) as connection:
        connection.execute(CREATE)
        connection.cursor().executemany(*insert([row(1)]))
    got = fetched(Desk(home, section(postgres.address(name), driver=driver)))
    assert got.select("pay_cert_no", "use_des").rows() == [("凭000001", "购办公用品")]


def test_a_database_that_does_not_know_its_encoding_is_told(home, postgres) -> None:
    name = postgres.new_database("ENCODING 'SQL_ASCII' TEMPLATE template0")
    with postgres.connect(name, client_encoding="SQL_ASCII") as connection:
        plain = COLUMNS.replace("支付凭证号", "pay_cert_no").replace("用途", "use_des")
        connection.execute(f"CREATE TABLE pay_voucher_bill ({plain})".encode())
        told = {k: v for k, v in row(1).items() if k.isascii()}
        gb = {**told, "pay_cert_no": "凭1", "use_des": "镕基㐂", "payee_acct_name": "甲"}
        values = ", ".join(f"'{value}'" for value in gb.values())
        sql = f"INSERT INTO pay_voucher_bill ({', '.join(gb)}) VALUES ({values})"
        connection.execute(sql.encode("gb18030"))
    got = fetched(Desk(home, section(postgres.address(name), encoding="gb18030")))
    assert got.select("pay_cert_no", "use_des").rows() == [("凭1", "镕基㐂")]


def sqlite(tmp_path, *rows) -> str:
    path = tmp_path / "finance.db"
    with sqlite3.connect(path) as connection:
        connection.execute(CREATE)
        connection.executemany(*insert(rows, "?"))
    connection.close()
    return f"sqlite:///{path}"


def test_sqlite_is_read_exact_and_never_written(home, tmp_path) -> None:
    url = sqlite(tmp_path, row(1), row(2, pay_amt=1234567.89, 用途="购办公用品".encode("gb18030")))
    before = (tmp_path / "finance.db").read_bytes()
    got = fetched(Desk(home, section(url)))
    assert got["pay_amt"].to_list() == ["1.1", "1234567.89"]
    assert got["use_des"].to_list() == ["购办公用品", "购办公用品"]
    assert (tmp_path / "finance.db").read_bytes() == before
    assert [p.name for p in tmp_path.glob("finance*")] == ["finance.db"]


def test_a_column_whose_type_changes_midway_becomes_text_from_the_start(home, tmp_path) -> None:
    rows = [row(n, pay_date=None, fiscal_year=2026) for n in range(70_000)]
    rows[60_000] |= {"fiscal_year": "二〇二六", "pay_date": "2026/11/18"}
    got = fetched(Desk(home, section(sqlite(tmp_path, *rows), batch_rows=20_000)))
    assert got.height == 70_000
    assert got["fiscal_year"].value_counts(sort=True).rows() == [("2026", 69_999), ("二〇二六", 1)]
    assert got["pay_date"].drop_nulls().to_list() == ["2026/11/18"]
    assert got["pay_cert_id"].n_unique() == 70_000


def test_an_increment_of_sqlite_goes_on_where_it_stopped(home, tmp_path) -> None:
    desk = Desk(home, section(sqlite(tmp_path, row(1))))
    assert fetched(desk).height == 1
    assert desk.fetch().parcels == ()
    with sqlite3.connect(tmp_path / "finance.db") as connection:
        connection.executemany(*insert([row(2, update_time="2026-11-18 09:00:00")], "?"))
    connection.close()
    assert fetched(desk)["pay_cert_id"].to_list() == ["V000002"]
