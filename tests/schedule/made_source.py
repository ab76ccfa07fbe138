"""A department's database and inbox of a city that is run in seconds, as they stand on two days.

Day one brings the history; day two vouchers of the day and rows for quarantine from the database,
a correction, a file that came twice and one that nobody can read from the inbox.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from budget_watch.tables import Contract, contracts
from tests.views_drill.small_city import frames

DAYS = (date(2026, 11, 18), date(2026, 11, 19))
GROWING = {
    "payment_application": "create_date",
    "payment_voucher": "pay_date",
    "payment_detail": "pay_date",
}
FILES = ("bond", "debt_limit", "general_expenditure", "indicator_adjustment", "project", "unit")
FEN = {"元": 100, "万元": 1_000_000, "亿元": 10_000_000_000}


def make_database(path: Path, day: date) -> None:
    """Write the database as it stands at the end of a day."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        for name, frame in frames().items():
            if name in FILES:
                continue
            contract = contracts()[name]
            rows = frame.to_dicts()
            if name in GROWING:
                rows = [_dated(row, GROWING[name]) for row in rows]
                rows = [row for row in rows if row["changed"] <= day.isoformat()]
            if name == "payment_voucher" and day > DAYS[0]:
                rows += [
                    {**rows[-1], "pay_cert_id": f"bad{n}", "mof_div_code": "x"} for n in (1, 2)
                ]
            _write(
                connection,
                contract,
                [*frame.columns, *(["changed"] if name in GROWING else [])],
                rows,
            )
    connection.close()


def make_inbox(folder: Path, day: date) -> None:
    """Lay down what came to the inbox up to the end of a day, the list last."""
    folder.mkdir(exist_ok=True)
    listed = [_laid(folder, name, frames()[name], DAYS[0]) for name in FILES]
    if day > DAYS[0]:
        spending = frames()["general_expenditure"]
        more = spending.with_columns(pl.col("ytd_amt") + FEN["万元"])
        listed.append(_laid(folder, "general_expenditure", more, day, 2))
        listed.append(_laid(folder, "unit", frames()["unit"], day, 2))
        (folder / "FIN-02.csv").write_text("不是报表", encoding="utf-8")
        bad = {"file": "FIN-02.csv", "table": "FIN-02", "period": "2026", "biz_date": str(day)}
        listed.append(bad)
    (folder / "deliveries.json").write_text(json.dumps(listed), encoding="utf-8")


def settings(database: Path, inbox: Path) -> str:
    """What budget_watch.toml says of them."""
    told = f'[[source]]\nname = "收件"\nkind = "folder"\npath = "{inbox}"\nready = "list"\n'
    told += f'[[source]]\nname = "财政库"\nkind = "database"\nurl = "sqlite:///{database}"\n'
    for name in frames():
        if name in FILES:
            continue
        contract = contracts()[name]
        told += f'[[source.tables]]\ntable = "{contract.code}"\nfrom = "{name}"\n'
        if name in GROWING:
            told += 'since = "changed"\nbusiness_date = "changed"\n'
    return told


def _laid(
    folder: Path, name: str, rows: pl.DataFrame, day: date, revision: int = 1
) -> dict[str, Any]:
    code = contracts()[name].code
    path = folder / f"{code}_{revision}.parquet"
    rows.write_parquet(path)
    return {"file": path.name, "table": code, "period": "全部", "biz_date": day.isoformat(),
            "rows": rows.height, "revision": revision}  # fmt: skip


def _dated(row: dict[str, Any], column: str) -> dict[str, Any]:
    """With the day on which it came: what is dated after the first day came on the second."""
    later = row[column] > DAYS[0]
    return {**row, "changed": (DAYS[1] if later else DAYS[0]).isoformat()}


def _write(
    connection: sqlite3.Connection,
    contract: Contract,
    columns: list[str],
    rows: list[dict[str, Any]],
) -> None:
    connection.execute(f"CREATE TABLE {contract.name} ({', '.join(columns)})")
    marks = ", ".join("?" for _ in columns)
    values = [[_plain(contract, name, row.get(name)) for name in columns] for row in rows]
    connection.executemany(f"INSERT INTO {contract.name} VALUES ({marks})", values)


def _plain(contract: Contract, name: str, value: Any) -> Any:
    """A stored value as a department's table holds it."""
    if name in contract.names and value is not None:
        column = contract.column(name)
        if column.type == "money":
            return str(Decimal(value) / FEN[str(column.unit)])
    return value.isoformat() if isinstance(value, date) else value
