"""MariaDB (and by its protocol MySQL): the same promises on a real server."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from ingest.source import SourceFault
from ingest.sources.database import reading
from tests.ingest.database.made import COLUMNS, DAY, Desk, insert, row, section

pytestmark = pytest.mark.slow
CREATE = f"CREATE TABLE pay_voucher_bill ({COLUMNS.replace('timestamp', 'datetime(6)')})"


@pytest.fixture
def base(mariadb):
    """A database as old ones are: texts in GBK."""
    name = mariadb.new_database("CHARACTER SET gbk")
    with mariadb.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(CREATE)
    return name


@pytest.fixture
def put(mariadb, base):
    def run(*rows, sql: str | None = None) -> None:
        with mariadb.connect(base) as connection, connection.cursor() as cursor:
            if rows:
                cursor.executemany(*insert(rows))
            if sql:
                cursor.execute(sql)

    return run


@pytest.fixture
def desk(home, mariadb, base):
    def made(*tables, **more) -> Desk:
        return Desk(home, section(mariadb.address(base), *tables, **more))

    return made


def ids(parcel) -> list[str]:
    return sorted(pl.read_parquet(parcel.path)["pay_cert_id"].to_list())


def test_increments_come_exact_and_once(put, desk) -> None:
    made = desk({"business_date": "pay_date"})
    put(row(1), row(2, pay_amt="12345678901234.56", pay_date="2026-11-17"))
    old, new = made.fetch().parcels
    got = pl.read_parquet(old.path)
    assert got.select("pay_amt", "use_des", "pay_cert_no").rows() == [
        ("12345678901234.56", "购办公用品", "凭000002")
    ]
    assert (got.schema["pay_date"], got.schema["fiscal_year"]) == (pl.Date, pl.Int64)
    assert (old.biz_date, new.biz_date) == (DAY - timedelta(days=1), DAY)
    put(row(3, update_time="2026-11-18 10:00:00.000001"))
    assert [ids(one) for one in made.fetch().parcels] == [["V000003"]]
    assert made.fetch().parcels == ()


def test_one_fetch_is_one_consistent_read_and_writes_nothing(
    put, desk, mariadb, base, monkeypatch
) -> None:
    put(*(row(n) for n in range(30)))
    plain = reading.shaped

    def deleting(*given):
        put(sql="DELETE FROM pay_voucher_bill")
        return plain(*given)

    monkeypatch.setattr(reading, "shaped", deleting)
    found = desk({"part": "a"}, {"part": "b"}).fetch()
    assert [one.rows for one in found.parcels] == [30, 30]


def test_the_session_is_read_only(put, desk) -> None:
    put(row(1))
    put(
        sql="CREATE FUNCTION f() RETURNS INT MODIFIES SQL DATA"
        " BEGIN DELETE FROM pay_voucher_bill; RETURN 1; END"
    )
    with pytest.raises(SourceFault, match="READ ONLY transaction"):
        desk({"where": "f() = 1"}).fetch()


@pytest.mark.parametrize(
    ("table", "more", "told"),
    [
        ({"from": "no_such"}, {}, "没有 no_such"),
        ({"where": "no_such = 1"}, {}, "没有设置里写的列"),
        ({"where": "sleep(20) = 0"}, {"statement_minutes": 0.02}, "超过时限"),
        ({"where": "pay_amt >"}, {}, "SQL 写错了"),
    ],
)
def test_faults_are_told(put, desk, table, more, told) -> None:
    put(row(1))
    with pytest.raises(SourceFault, match=told):
        desk(table, **more).fetch()


def test_a_wrong_password_and_a_wrong_name_are_told(home, mariadb, base, desk, monkeypatch) -> None:
    with pytest.raises(SourceFault, match="没有这个库"):
        Desk(home, section(mariadb.address("no_such"))).fetch()
    monkeypatch.setenv("BW_TEST_PASSWORD", "wrong")
    with pytest.raises(SourceFault, match="用户名或密码不对"):
        desk().fetch()


def test_a_connection_killed_in_mid_read_is_made_anew(put, desk, mariadb, monkeypatch) -> None:
    put(*(row(n) for n in range(20_000)))
    killed: list[int] = []
    plain = reading.shaped

    def killing(*given):
        if not killed:
            with mariadb.connect() as admin, admin.cursor() as cursor:
                cursor.execute("SHOW PROCESSLIST")
                for number, *_, command in [(one[0], one[4]) for one in cursor.fetchall()]:
                    if command in ("Query", "Sleep") and number != admin.thread_id():
                        cursor.execute(f"KILL {number}")
                        killed.append(number)
        return plain(*given)

    monkeypatch.setattr(reading, "shaped", killing)
    monkeypatch.setattr("ingest.sources.database.source._PAUSE_SECONDS", 0.1)
    found = desk(retries=2, batch_rows=500).fetch()
    assert killed
    assert [one.rows for one in found.parcels] == [20_000]
    assert any("连接断了" in note for note in found.notes)
