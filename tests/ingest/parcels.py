"""Parcels laid down as a source would, and what the lake made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.access import Grant
from budget_watch.lake import Home, Reader, Writer
from budget_watch.lake.ledger import Entry, entries
from ingest.spool import Parcel, Spool
from ingest.taking import Taken, Taker

SYSTEM = Grant.system("test")
TODAY = date(2026, 11, 20)


def voucher(number: int, yuan: str = "1000.25", **more: Any) -> dict[str, Any]:
    """A payment voucher as a finance office hands it in."""
    return {
        "pay_cert_id": f"V{number:06}",
        "pay_cert_no": f"NO{number}",
        "pay_app_id": f"A{number}",
        "fiscal_year": "2026",
        "pay_date": "2026-09-10",
        "mof_div_code": "990100000",
        "dept_code": "101",
        "agency_code": "101001",
        "pro_code": "P1",
        "fund_type_code": "11",
        "exp_func_code": "2010101",
        "dep_bgt_eco_code": "30201",
        "pay_amt": yuan,
        **more,
    }


def csv(rows: Iterable[dict[str, Any]], encoding: str = "utf-8") -> bytes:
    """The rows as a CSV file."""
    return pl.DataFrame(list(rows)).write_csv().encode(encoding)


def parcel(home: Home, content: bytes, suffix: str = ".csv", **told: Any) -> Parcel:
    """Lay a parcel into the spool of its source (default 财政), FIN-15 for September by default."""
    told = {
        "source": "财政",
        "table": "FIN-15",
        "period": "2026-09",
        "biz_date": date(2026, 10, 8),
        "name": f"凭证{suffix}",
        **told,
    }
    spool = Spool(home, told["source"])
    staged = spool.staged(suffix)
    staged.write_bytes(content)
    return spool.put(staged, Parcel(path=staged, sha256="", **told))


def take(home: Home, *parcels: Parcel) -> list[Taken]:
    """Take parcels with one writer and publish."""
    with Writer.open(home, "test") as writer:
        taker = Taker(writer, TODAY)
        taken = [taker.take(one) for one in parcels]
        writer.publish(TODAY)
    return taken


def stored(home: Home, table: str = "payment_voucher", *columns: str) -> list[tuple[Any, ...]]:
    """The stored rows: these columns, or key and amount of the vouchers; sorted."""
    frame = Reader(home, Grant.system("test")).scan(table).collect()
    return sorted(frame.select(columns or ("pay_cert_id", "pay_amt")).rows())


def ledger(home: Home, table: str | None = None) -> list[Entry]:
    """The ledger's lines."""
    return entries(home, table)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
