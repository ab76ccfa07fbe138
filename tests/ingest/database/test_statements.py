"""The SQL that each kind of database is sent, word for word; also of those no test can start."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite

from ingest.settings import read_as
from ingest.sources.database import dameng
from ingest.sources.database.dbapi import DbapiSession
from ingest.sources.database.dialects import DIALECTS
from ingest.sources.database.marks import clock_of
from ingest.sources.database.plan import everything, plan_for, rows_of
from ingest.sources.database.settings import DatabaseSettings
from tests.ingest.database.made import section

# As Oracle and 达梦 write the names of the technical standard.
NAMES = [
    *("PAY_CERT_ID", "PAY_CERT_NO", "FISCAL_YEAR", "PAY_DATE", "MOF_DIV_CODE", "DEPT_CODE"),
    *("AGENCY_CODE", "PRO_CODE", "FUND_TYPE_CODE", "EXP_FUNC_CODE", "DEP_BGT_ECO_CODE"),
    *("PAY_AMT", "用途", "UPDATE_TIME"),
]
MOMENT = datetime(2026, 11, 17, 23, 30)


def plan(table=None, **more):
    told = section("oracle://reader@h:1521/ORCLPDB1", {"from": "pay_voucher_bill", **(table or {})})
    settings = read_as(DatabaseSettings, {**told, "schema": "czyth", **more})
    [one] = settings.tables
    return plan_for(one, rows_of(one, settings.schema_), NAMES, settings.name)


def sql(statement: sa.Select, dialect) -> str:
    return " ".join(str(statement.compile(dialect=dialect)).split())


def values(statement: sa.Select, dialect) -> list[object]:
    return list(statement.compile(dialect=dialect).params.values())


def test_an_increment_as_oracle_and_dameng_are_asked() -> None:
    made = plan({"business_date": "pay_date"})
    asked = made.select(*made.grown(clock_of(MOMENT, ""), MOMENT, datetime(2026, 11, 19)))
    assert sql(asked, oracle.dialect()) == (
        'SELECT "PAY_CERT_ID" AS c0, "PAY_CERT_NO" AS c1, "FISCAL_YEAR" AS c2, "PAY_DATE" AS c3,'
        ' "MOF_DIV_CODE" AS c4, "DEPT_CODE" AS c5, "AGENCY_CODE" AS c6, "PRO_CODE" AS c7,'
        ' "FUND_TYPE_CODE" AS c8, "EXP_FUNC_CODE" AS c9, "DEP_BGT_ECO_CODE" AS c10,'
        ' "PAY_AMT" AS c11, "用途" AS c12, "UPDATE_TIME" AS c13, "PAY_DATE" AS c14'
        " FROM czyth.pay_voucher_bill"
        ' WHERE "UPDATE_TIME" >= :param_1 AND "UPDATE_TIME" < :param_2 OR "UPDATE_TIME" IS NULL'
        ' ORDER BY "PAY_DATE", "PAY_CERT_ID"'
    )
    assert values(asked, oracle.dialect()) == [MOMENT, datetime(2026, 11, 19)]


def test_the_other_questions_as_oracle_and_dameng_are_asked() -> None:
    made = plan({"since": None, "period": "month", "period_date": "PAY_DATE"})
    month = made.within(clock_of(MOMENT, ""), date(2026, 11, 1), date(2026, 11, 30))
    assert sql(made.count(*month), oracle.dialect()) == (
        "SELECT count(*) AS count_1 FROM czyth.pay_voucher_bill"
        ' WHERE "PAY_DATE" >= :param_1 AND "PAY_DATE" < :param_2'
    )
    assert sql(made.newest("UPDATE_TIME"), oracle.dialect()) == (
        'SELECT max("UPDATE_TIME") AS max_1 FROM czyth.pay_voucher_bill'
    )
    assert sql(made.keys(), oracle.dialect()) == (
        'SELECT "PAY_CERT_ID" AS c0 FROM czyth.pay_voucher_bill'
    )
    assert sql(everything(made.rows), oracle.dialect()) == (
        "SELECT * FROM czyth.pay_voucher_bill WHERE 1 = 0"
    )


def test_a_query_stands_in_brackets_without_as() -> None:
    made = plan({"from": None, "query": "SELECT * FROM v WHERE x LIKE '1%' AND t > '08:30';"})
    asked = sql(made.count(), oracle.dialect())
    assert asked == (
        "SELECT count(*) AS count_1 FROM (SELECT * FROM v WHERE x LIKE '1%' AND t > '08:30') q"
    )


@pytest.mark.parametrize(
    ("dialect", "quoted"),
    [
        (postgresql.dialect(), '"UPDATE_TIME"'),
        (mysql.dialect(), "`UPDATE_TIME`"),
        (sqlite.dialect(), '"UPDATE_TIME"'),
    ],
)
def test_names_are_quoted_as_each_database_wants_it(dialect, quoted) -> None:
    made = plan()
    asked = sql(made.newest("UPDATE_TIME"), dialect)
    assert asked == f"SELECT max({quoted}) AS max_1 FROM czyth.pay_voucher_bill"


def test_every_database_is_opened_read_only_and_consistent() -> None:
    opening = {name: dialect.opening for name, dialect in DIALECTS.items()}
    assert opening == {
        "postgresql": (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            "SET LOCAL statement_timeout = {ms}",
            "SET LOCAL lock_timeout = {ms}",
            "SET LOCAL TIME ZONE 'Asia/Shanghai'",
            "SET LOCAL DATESTYLE = 'ISO, YMD'",
        ),
        "kingbase": opening["postgresql"],
        "mysql": (
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "SET SESSION time_zone = '+08:00'",
            "SET SESSION max_execution_time = {ms}",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ),
        "mariadb": (
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "SET SESSION time_zone = '+08:00'",
            "SET SESSION max_statement_time = {s}",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ),
        "oracle": ("ALTER SESSION SET TIME_ZONE = '+08:00'", "SET TRANSACTION READ ONLY"),
        "dm": (),  # told to the driver, see below
        "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    }


class DmPython:
    """The driver's constants, as its documentation lists them."""

    DSQL_MODE_READ_ONLY, ISO_LEVEL_SERIALIZABLE, PG_UTF8, LANGUAGE_CN = 1, 3, 1, 0


def test_dameng_is_connected_read_only_and_consistent() -> None:
    told = section("dm://jd_reader@10.1.2.3", {"from": "x"}, connect_seconds=7, statement_minutes=2)
    assert dameng._told(read_as(DatabaseSettings, told), "p", DmPython) == {
        "user": "jd_reader",
        "password": "p",
        "server": "10.1.2.3",
        "port": 5236,
        "autoCommit": False,
        "access_mode": 1,
        "txn_isolation": 3,
        "login_timeout": 7,
        "connection_timeout": 120,
        "local_code": 1,
        "lang_id": 0,
    }


def test_dameng_is_sent_oracles_sql_with_question_marks() -> None:
    made = plan()
    asked = made.count(*made.grown(clock_of(MOMENT, ""), MOMENT, datetime(2026, 11, 19)))
    assert sql(asked, dameng.dialect()) == (
        "SELECT count(*) AS count_1 FROM czyth.pay_voucher_bill"
        ' WHERE "UPDATE_TIME" >= ? AND "UPDATE_TIME" < ? OR "UPDATE_TIME" IS NULL'
    )


def test_what_dameng_is_sent_a_real_driver_answers(tmp_path) -> None:
    """The session that reads 达梦, on the one driver of that interface that is always there."""
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(NAMES)})")
        row = ["V1", "凭1", 2026, "2026-11-18", *"abcdefg", "1.10", "用", "2026-11-18 10:00:00"]
        rows = [[*row[:-1], f"2026-11-18 {hour}:00:00"] for hour in ("09", "10", "11")]
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(NAMES))})", rows)
    session = DbapiSession(sqlite3.connect(path), dameng.dialect(), None)
    made = plan({"from": "t"}, schema=None)
    assert session.names(everything(made.rows)) == NAMES
    newest = session.one(made.newest("UPDATE_TIME"))
    assert newest == "2026-11-18 11:00:00"
    grown = made.grown(clock_of(newest, ""), "2026-11-18 10:00:00", datetime(2026, 11, 19))
    assert session.one(made.count(*grown)) == 2
    frames = list(session.frames(made.select(*grown), 1))
    assert [frame.row(0)[-1] for frame in frames] == ["2026-11-18 10:00:00", newest]
    session.close()
