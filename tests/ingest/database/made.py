"""A finance department's voucher table in a real database, and what a fetch of it brings."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.lake import Home
from ingest.source import Errand, Fetched
from ingest.sources.database import DatabaseSource, open_source
from ingest.spool import Parcel, Spool

DAY = date(2026, 11, 18)
CITY = "990100000"
# Names of the technical standard and of a local table, mixed as one meets them.
COLUMNS = """
    pay_cert_id varchar(40), 支付凭证号 varchar(40), fiscal_year integer, pay_date date,
    mof_div_code varchar(9), dept_code varchar(20), agency_code varchar(20), pro_code varchar(40),
    fund_type_code varchar(4), exp_func_code varchar(7), dep_bgt_eco_code varchar(5),
    payee_acct_name varchar(200), pay_amt numeric(18,2), 用途 varchar(500),
    is_deleted integer, update_time timestamp
"""
CREATE = f"CREATE TABLE pay_voucher_bill ({COLUMNS})"
NAMES = [part.split()[0] for part in COLUMNS.replace("numeric(18,2)", "numeric").split(",")]


def row(number: int, **more: Any) -> dict[str, Any]:
    """A voucher as the department stores it."""
    told: dict[str, Any] = {
        "pay_cert_id": f"V{number:06}",
        "支付凭证号": f"凭{number:06}",
        "fiscal_year": 2026,
        "pay_date": "2026-11-18",
        "mof_div_code": CITY,
        "dept_code": "101",
        "agency_code": "101001",
        "pro_code": "P1",
        "fund_type_code": "1",
        "exp_func_code": "2010101",
        "dep_bgt_eco_code": "30201",
        "payee_acct_name": "临江市恒信办公用品有限公司",
        "pay_amt": f"{number}.10",
        "用途": "购办公用品",
        "is_deleted": 0,
        "update_time": "2026-11-18 10:00:00",
    }
    return {**told, **more}


def insert(
    rows: Sequence[dict[str, Any]], mark: str = "%s", table: str = "pay_voucher_bill"
) -> Any:
    """SQL and values for `executemany`."""
    names = list(rows[0])
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    return sql, [tuple(one[name] for name in names) for one in rows]


@dataclass
class Desk:
    """One source of one home, fetched again and again."""

    home: Home
    section: dict[str, Any]
    told: list[str] = field(default_factory=list)

    @property
    def source(self) -> DatabaseSource:
        return open_source(self.section, self.home)

    @property
    def spool(self) -> Spool:
        return Spool(self.home, self.section["name"])

    @property
    def memory(self) -> Path:
        return self.home.root / "memory"

    def errand(self, day: date = DAY, stop: threading.Event | None = None) -> Errand:
        return Errand(day, self.spool, self.memory, stop or threading.Event(), self.told.append)

    def fetch(self, day: date = DAY) -> Fetched:
        return self.source.fetch(self.errand(day))

    def parcels(self) -> list[Parcel]:
        """All parcels in the order in which they were made."""
        return sorted(self.spool.parcels(), key=lambda one: (one.revision, one.biz_date, one.gone))

    def lake(self, key: str = "pay_cert_id") -> pl.DataFrame:
        """What upserting all parcels in order gives, by key."""
        rows = pl.DataFrame()
        for parcel in self.parcels():
            new = pl.read_parquet(parcel.path)
            if rows.height:
                rows = rows.join(new, on=key, how="anti")
            if not parcel.gone:
                rows = pl.concat([rows, new], how="vertical_relaxed") if rows.height else new
        return rows.sort(key) if rows.height else rows


def section(url: str, *tables: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A section of the settings for the voucher table."""
    first = {"table": "FIN-15", "from": "pay_voucher_bill", "since": "update_time"}
    return {
        "name": "财政一体化",
        "kind": "database",
        "url": url,
        "password_env": "BW_TEST_PASSWORD",
        "retries": 0,
        "tables": [{**first, **one} for one in tables] or [first],
        **more,
    }
