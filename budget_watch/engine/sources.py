"""What rules may read: the contracts and the marts, as typed columns.

Both are described by contracts: `budget_watch.tables` has those of the tables, `budget_watch.lake`
those of the marts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import polars as pl

from budget_watch.engine.units import (
    BOOL,
    DATE,
    MONEY,
    NUMBER,
    RATIO,
    TEXT,
    Column,
    Type,
    quantity,
)
from budget_watch.tables.contract import Contract

Kind = Literal["event", "period", "reference"]
SMALL_BITS = {"fiscal_year": 12, "month": 4, "quarter": 3, "wd": 24, "weekday": 3, "seq": 20}


class Reader(Protocol):
    """What the engine asks of the lake: frames by name under a grant, and the ledger."""

    def scan(
        self, name: str, year: int | None = None, key: tuple[str, str] | None = None
    ) -> pl.LazyFrame:
        """The rows of a table or mart; empty with its schema if never delivered.

        Args:
            year: only rows of this fiscal year are wanted; others may come too.
            key: only rows with this value in this column are wanted; others may come too.
        """

    def coverage(self) -> pl.DataFrame:
        """table, fiscal_year, month, mof_div_code, delivered."""


@dataclass(frozen=True)
class Source:
    """A table or mart as rules see it.

    Attributes:
        kind: whether a missing row means nothing happened (event) or nothing was said (period).
        tables: codes of the contracts whose delivery decides that.
        date_column: business date of a row, if it has one.
    """

    name: str
    title: str
    kind: Kind
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    tables: tuple[str, ...]
    date_column: str | None = None


TECHNICAL = {
    "src_dept": Column("src_dept", TEXT, title="送数部门"),
    "batch_id": Column("batch_id", TEXT, title="批次号"),
    "biz_date": Column("biz_date", DATE, title="业务日期"),
    "src_row": Column("src_row", NUMBER, title="来源行号", bits=31),
    "data_status": Column("data_status", TEXT, title="数据状态"),
    "round_fen": Column("round_fen", MONEY, title="舍入单位"),
}

# The ledger of deliveries, as a source of its own.
COVERAGE = Source(
    "ledger_coverage",
    "送达台账",
    "reference",
    ("table", "fiscal_year", "month", "mof_div_code"),
    {
        "table": Column("table", TEXT, nullable=False, title="报表"),
        "fiscal_year": Column("fiscal_year", NUMBER, title="年度", bits=12),
        "month": Column("month", NUMBER, title="月份（0 为全年）", bits=4),
        "mof_div_code": Column("mof_div_code", TEXT, title="区划"),
        "delivered": Column("delivered", BOOL, nullable=False, title="已送达"),
    },
    (),
)


def from_contract(contract: Contract, technical: bool = True) -> Source:
    """A contract's table as rules see it; with the technical columns unless it is a mart's."""
    kinds: dict[str, Type] = {
        "str": TEXT,
        "int": NUMBER,
        "money": MONEY,
        "date": DATE,
        "bool": BOOL,
        "ratio": RATIO,
    }
    columns: dict[str, Column] = {}
    for entry in contract.columns:
        number = entry.type == "number"
        columns[entry.name] = Column(
            entry.name,
            quantity(_dimension(entry.unit)) if number else kinds[entry.type],
            10**entry.scale if number else 10**6 if entry.type == "ratio" else 1,
            not entry.required,
            entry.personal,
            entry.title,
            SMALL_BITS.get(entry.name, 63),
        )
    # A mart declares the technical columns it carries; they mean the same (round_fen of a mart is
    # money, too).
    columns |= {name: TECHNICAL[name] for name in TECHNICAL.keys() & columns.keys()}
    kind: Kind = (
        "event"
        if contract.kind == "event"
        else "reference"
        if contract.kind == "reference"
        else "period"
    )
    return Source(
        contract.name,
        contract.title,
        kind,
        contract.key,
        {**(TECHNICAL if technical else {}), **columns},
        (contract.name,),
        contract.date_column,
    )


def _dimension(unit: str | None) -> str | None:
    """Areas keep their unit; counts of things and indexes are plain numbers."""
    return "平方米" if unit in ("平方米", "㎡", "m2") else None


@cache
def sources() -> Mapping[str, Source]:
    """All sources by name: contracts, marts, and the ledger of deliveries."""
    from budget_watch.lake.marts import MARTS
    from budget_watch.tables.reading import contracts

    found = {contract.name: from_contract(contract) for contract in contracts().values()}
    found |= {name: from_contract(mart.contract, False) for name, mart in MARTS.items()}
    return {**found, COVERAGE.name: COVERAGE}
