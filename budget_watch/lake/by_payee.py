"""Payments in order of the account that was paid: a copy of a few columns beside each file.

The mart lies by month and unit, and a city's large suppliers are paid by most units every month: no
row group can be left out. In a copy ordered by account the rows of one stand together.

    <home>/cache/by_payee/<file>.<form>.parquet      form: of the columns that are copied
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import polars as pl

from budget_watch.lake.beside import thin, written
from budget_watch.lake.files import CLUSTERED_MART_ROWS, ZSTD_LEVEL
from budget_watch.lake.home import Home
from budget_watch.lake.snapshot import Snapshot

MART = "payment"
ACCOUNT = "payee_acct_no"
# What a list of payments shows, and what decides who may see a row.
COLUMNS = (
    *("pay_cert_id", "pay_cert_no", "fiscal_year", "month", "pay_date", "mof_div_code"),
    *("dept_code", "agency_code", "pro_code", "payee_acct_no", "payee_acct_name"),
    *("payee_is_person", "pay_amt", "use_des", "dep_bgt_eco_code", "exp_func_code"),
    *("set_mode_code", "bgt_id", "pay_app_id"),
)
_FORM = hashlib.sha256(",".join(COLUMNS).encode()).hexdigest()[:8]


def build(home: Home, snapshot: Snapshot) -> None:
    """Make the copies that a snapshot's files lack, and let those of files go that it has not."""
    wanted = {_place(home, path): path for path in snapshot.files(MART)}
    for place, path in wanted.items():
        if not place.exists():
            written(place, partial(_copy, path))
    thin(_folder(home), wanted)


def copies(home: Home, paths: list[str]) -> list[str]:
    """These files, each by its copy where there is one."""
    places = [(path, _place(home, path)) for path in paths]
    return [str(place) if place.exists() else path for path, place in places]


def _copy(path: str, place: Path) -> None:
    rows = pl.read_parquet(path, columns=list(COLUMNS))
    rows.sort(ACCOUNT, "pay_date", nulls_last=True, maintain_order=True).write_parquet(
        place, compression_level=ZSTD_LEVEL, row_group_size=CLUSTERED_MART_ROWS // 4
    )


def _folder(home: Home) -> Path:
    return home.root / "cache" / "by_payee"


def _place(home: Home, path: str) -> Path:
    return _folder(home) / f"{Path(path).stem}.{_FORM}.parquet"
