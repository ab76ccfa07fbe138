"""Small made-up deliveries for the lake's tests, and the lake's content as plain rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.access import Grant
from budget_watch.lake import Batch, Coverage, Home, Reader
from budget_watch.tables import TECHNICAL, contract, polars_schema

CITY, COUNTY, ZONE = "990100000", "990102000", "990171000"
SYSTEM = Grant.system("test")
# Outside "the same lake": which batch brought a row, and when.
UNSTABLE = {"batch_id", "load_time"}


def rows(table: str, *records: dict[str, Any]) -> pl.DataFrame:
    """A delivery's frame: what is not said is filled with the plainest value."""
    shape = contract(table)
    schema = polars_schema(shape, technical=False)
    plain = {
        "str": "x",
        "int": 1,
        "money": 0,
        "date": date(2026, 9, 1),
        "bool": False,
        "ratio": 0,
        "number": 0,
    }
    required = {c.name: plain[c.type] for c in shape.columns if c.required}
    technical = {n: t for n, t in TECHNICAL.items() if any(n in r for r in records)}
    full = [
        dict.fromkeys([*schema, *technical]) | required | {"mof_div_code": CITY} | record
        if "mof_div_code" in schema
        else dict.fromkeys([*schema, *technical]) | required | record
        for record in records
    ]
    return pl.DataFrame(full, schema=pl.Schema({**schema, **technical}), orient="row")


def voucher(number: int, day: date, fen: int = 100, **more: Any) -> dict[str, Any]:
    """One payment voucher's row."""
    return {
        "pay_cert_id": f"V{number:04}",
        "pay_cert_no": f"N{number:04}",
        "pay_app_id": f"A{number:04}",
        "fiscal_year": day.year,
        "pay_date": day,
        "dept_code": "101",
        "agency_code": "101001",
        "pay_amt": fen,
        **more,
    }


def application(number: int, day: date, **more: Any) -> dict[str, Any]:
    """The application of the voucher of the same number."""
    return {
        "pay_app_id": f"A{number:04}",
        "fiscal_year": day.year,
        "create_date": day,
        "dept_code": "101",
        "agency_code": "101001",
        "bgt_id": f"B{number:04}",
        **more,
    }


def batch(table: str, slot: str, content: str = "1", day: date = date(2026, 9, 30)) -> Batch:
    """A batch; `content` stands for the hash of what was delivered."""
    return Batch(
        id=f"{table}/{slot}",
        table=table,
        source=f"{slot}.parquet",
        source_hash=f"{table}-{slot}-{content}",
        biz_date=day,
        coverage=(Coverage(day.year, day.month, CITY),),
    )


def content(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """Every delivered table and mart: its business columns, sorted. Equal means the same lake."""
    reader = Reader(home, SYSTEM)
    if reader.snapshot is None:
        return {}
    found = {}
    for name in reader.snapshot.tables:
        frame = reader.scan(name).collect()
        stable = [column for column in frame.columns if column not in UNSTABLE]
        found[name] = sorted(frame.select(stable).rows(), key=repr)
    return found


def data_files(home: Home) -> set[str]:
    """The Parquet data files on the disk, relative to the lake."""
    return {
        path.relative_to(home.lake).as_posix()
        for path in Path(home.lake).rglob("*.parquet")
        if "_delta_log" not in path.parts
    }
