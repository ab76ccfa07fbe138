"""What goes wrong with a database is said in Chinese, and costs no row."""

from __future__ import annotations

import threading
import time
from importlib.util import find_spec

import polars as pl
import pytest

from ingest.settings import SettingError
from ingest.source import SourceFault, Stopped
from ingest.sources.database import reading
from tests.ingest.database.made import Desk, insert, row, section
from tests.servers.own import free_port

DRIVERS = pytest.mark.parametrize("driver", ["auto", "sqlalchemy"])


@pytest.fixture
def filled(postgres, finance):
    with postgres.connect(finance) as connection:
        connection.cursor().executemany(*insert([row(1)]))
    return finance


def said(home, url, *tables, **more) -> str:
    with pytest.raises(SourceFault) as caught:
        Desk(home, section(url, *tables, **more)).fetch()
    return str(caught.value)


@DRIVERS
def test_a_wrong_password_is_told(home, postgres, filled, driver, monkeypatch) -> None:
    monkeypatch.setenv("BW_TEST_PASSWORD", "not-the-password")
    told = said(home, postgres.address(filled), driver=driver)
    assert "数据源“财政一体化”" in told and "用户名或密码不对" in told
    assert "not-the-password" not in told


@DRIVERS
def test_a_host_that_does_not_exist_is_told(home, driver) -> None:
    told = said(home, "postgresql://u@no-such-host.invalid/x", driver=driver, connect_seconds=5)
    assert "找不到主机" in told


@DRIVERS
def test_a_port_that_nobody_listens_on_is_told(home, driver) -> None:
    told = said(home, f"postgresql://u@127.0.0.1:{free_port()}/x", driver=driver)
    assert "连不上：主机没有在这个端口应答" in told


@DRIVERS
def test_a_database_that_does_not_exist_is_told(home, postgres, driver) -> None:
    assert "没有这个库" in said(home, postgres.address("no_such_base"), driver=driver)


@DRIVERS
def test_a_table_that_does_not_exist_is_told(home, postgres, filled, driver) -> None:
    told = said(home, postgres.address(filled), {"from": "Pay_Voucher"}, driver=driver)
    assert "没有 Pay_Voucher，或者读数账号看不见它" in told


def test_a_column_that_does_not_exist_is_told_with_those_that_do(home, postgres, filled) -> None:
    told = said(home, postgres.address(filled), {"since": "gxsj"})
    assert "没有 since 写的列“gxsj”；它的列有：pay_cert_id、支付凭证号" in told
    told = said(home, postgres.address(filled), {"where": "nothing = 1"})
    assert '没有设置里写的列（column "nothing" does not exist）' in told


def test_a_required_column_that_nothing_binds_to_is_told(home, postgres, filled) -> None:
    with postgres.connect(filled) as connection:
        connection.execute("ALTER TABLE pay_voucher_bill RENAME pay_amt TO je")
    told = said(home, postgres.address(filled))
    assert "缺少 FIN-15（国库集中支付凭证表）的必填列 支付金额 pay_amt；对不上的列有：je" in told


@DRIVERS
def test_a_right_that_is_missing_is_told(home, postgres, filled, driver) -> None:
    with postgres.connect(filled) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'geheim'")
    told = said(home, postgres.address(filled, "reader"), driver=driver)
    assert "读数账号没有读 pay_voucher_bill 的权限" in told
    assert "docs/sources/database.md" in told


@DRIVERS
def test_a_read_that_takes_too_long_is_ended_by_the_database(
    home, postgres, filled, driver
) -> None:
    slow = {"where": "pg_sleep(20) IS NOT NULL"}
    begun = time.monotonic()
    told = said(home, postgres.address(filled), slow, driver=driver, statement_minutes=0.01)
    assert "读 pay_voucher_bill 超过时限；请给 since 的列建索引" in told
    assert time.monotonic() - begun < 15


def test_sql_that_is_wrong_is_told(home, postgres, filled) -> None:
    told = said(home, postgres.address(filled), {"where": "pay_amt >"})
    assert "SQL 写错了" in told


def test_one_wrong_table_does_not_hold_the_others(home, postgres, filled) -> None:
    for driver in ("auto", "sqlalchemy"):
        desk = Desk(
            home, section(postgres.address(filled), {"from": "none", "part": "a"}, {"part": driver})
        )
        desk.section["driver"] = driver
        with pytest.raises(SourceFault, match=r"没有 none，.*其余 1 张报表已取到"):
            desk.fetch()
        assert desk.parcels()[-1].rows == 1


@DRIVERS
def test_a_stop_ends_also_a_statement_the_database_works_at(home, postgres, filled, driver) -> None:
    stop = threading.Event()
    desk = Desk(
        home,
        section(postgres.address(filled), {"where": "pg_sleep(60) IS NOT NULL"}, driver=driver),
    )
    threading.Timer(0.5, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        desk.source.fetch(desk.errand(stop=stop))
    assert time.monotonic() - begun < 20


@DRIVERS
def test_a_connection_killed_in_mid_read_is_made_anew(
    home, postgres, finance, driver, monkeypatch
) -> None:
    """The server ends our backend while rows stream; the read starts again, whole."""
    with postgres.connect(finance) as connection:
        connection.cursor().executemany(*insert([row(1)]))
        connection.execute(
            "INSERT INTO pay_voucher_bill SELECT (jsonb_populate_record(p, jsonb_build_object("
            " 'pay_cert_id', 'W' || i, 'pay_amt', i))).*"
            " FROM pay_voucher_bill p, generate_series(1, 60000) i"
        )
    killed: list[int] = []
    plain = reading.shaped

    def killing(*given):
        if not killed:
            with postgres.connect(finance) as admin:
                told = admin.execute(
                    "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
                ).fetchall()
                killed.extend(pid for pid, _ in told)
        return plain(*given)

    monkeypatch.setattr(reading, "shaped", killing)
    monkeypatch.setattr("ingest.sources.database.source._PAUSE_SECONDS", 0.1)
    desk = Desk(home, section(postgres.address(finance), driver=driver, retries=2, batch_rows=1000))
    found = desk.fetch()
    assert len(killed) == 1
    [parcel] = found.parcels
    assert (parcel.rows, parcel.revision) == (60_001, 1)
    assert pl.read_parquet(parcel.path)["pay_cert_id"].n_unique() == 60_001
    assert any("连接断了" in note and "第 1 次重试" in note for note in found.notes)
    assert list((desk.spool.folder / "coming").iterdir()) == []


def test_a_table_that_shrinks_while_read_is_one_consistent_read(
    home, postgres, finance, monkeypatch
) -> None:
    with postgres.connect(finance) as connection:
        connection.cursor().executemany(*insert([row(n) for n in range(30)]))
    plain = reading.shaped

    def deleting(*given):
        with postgres.connect(finance) as other:
            other.execute("DELETE FROM pay_voucher_bill")
        return plain(*given)

    monkeypatch.setattr(reading, "shaped", deleting)
    tables = ({"part": "a"}, {"part": "b"})
    found = Desk(home, section(postgres.address(finance), *tables, batch_rows=100)).fetch()
    assert [one.rows for one in found.parcels] == [30, 30]


@DRIVERS
def test_the_session_can_write_nothing(home, postgres, finance, driver) -> None:
    with postgres.connect(finance) as connection:
        connection.execute(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS"
            " 'INSERT INTO pay_voucher_bill DEFAULT VALUES RETURNING 1'"
        )
        connection.cursor().executemany(*insert([row(1)]))
    assert "read-only" in said(home, postgres.address(finance), {"where": "f() = 1"}, driver=driver)
    with postgres.connect(finance) as connection:
        assert connection.execute("SELECT count(*) FROM pay_voucher_bill").fetchone() == (1,)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": "postgresql://u:secret@h/x"}, "密码不要写在 url 里"),
        ({"url": "mongodb://h/x"}, "不认识 url 开头的 mongodb"),
        ({"url": "nonsense"}, "url 应写成"),
        ({"encoding": "gb9999"}, "encoding 不认识"),
        ({"tables": []}, "tables"),
        ({"tables": [{"table": "FIN-99", "from": "x"}]}, "没有报表 FIN-99"),
        ({"tables": [{"table": "FIN-15"}]}, "from（表或视图）或 query"),
        ({"tables": [{"table": "FIN-15", "from": "x", "columns": {"no": "a"}}]}, "没有列 no"),
        ({"tables": [{"table": "FIN-15", "from": "x", "deleted": "d"}]}, "只与 since 同用"),
        ({"tables": [{"table": "FIN-15", "from": "x", "period": "month"}]}, "period_date"),
        ({"tables": [{"table": "FIN-15", "from": "x"}] * 2}, "写了两次"),
    ],
)
def test_a_wrong_section_is_told_before_anything_is_asked(home, change, told) -> None:
    with pytest.raises(SettingError, match="数据源“财政一体化”写错了") as caught:
        Desk(home, {**section("postgresql://u@h/x"), **change}).source  # noqa: B018
    assert told in str(caught.value)
    assert "secret" not in str(caught.value).replace("secret@", "") or "密码" in str(caught.value)


@pytest.mark.skipif(find_spec("dmPython") is not None, reason="达梦的驱动装着")
def test_a_driver_that_is_not_installed_is_named(home) -> None:
    told = said(home, "dm://SYSDBA@127.0.0.1:5236/x")
    assert "要读 达梦 DM8，本机没有它的驱动；请安装 budget-watch[dameng]" in told
