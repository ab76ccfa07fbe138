"""How a table lies on disk: which columns, which files, in what order.

Daily event tables with a row a voucher or more hold one fiscal year and month a file, sorted by
unit and date, so that a question about one unit's month reads few row groups. All other tables are
small and lie in few files. Columns stand in every file, also those that Delta calls partitions: the
same files can be read by their list alone, by polars and by DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from budget_watch.lake import marts
from budget_watch.lake.errors import UnknownTableError
from budget_watch.lake.files import CLUSTERED_MART_ROWS, CLUSTERED_TABLE_ROWS, ROW_GROUP_ROWS
from budget_watch.lake.home import Home
from budget_watch.tables import Contract, contracts, polars_schema

# Event tables that grow with every payment; everything else fits in a file.
DAILY = frozenset(
    {
        "payment_application",
        "payment_detail",
        "payment_plan",
        "payment_voucher",
        "treasury_payment_day",
    }
)


@dataclass(frozen=True)
class Layout:
    """One table's or mart's shape on disk.

    Attributes:
        name: table or mart.
        kind: `table` or `mart`.
        contract: columns with titles, units, personal marks.
        schema: stored columns; times in UTC, as Delta wants them.
        money: names of the money columns, fen.
        clustered: whether a file holds one fiscal year and month.
        month: the month of a row, an expression; only where clustered.
        partitions: the columns that Delta is told of as partitions.
        sort: order of rows inside a file.
    """

    name: str
    kind: str
    contract: Contract
    schema: pl.Schema
    money: tuple[str, ...]
    clustered: bool
    month: pl.Expr
    partitions: tuple[str, ...]
    sort: tuple[str, ...]

    @property
    def group_rows(self) -> int:
        """Rows of a Parquet row group: few where pages look for a document, or a unit's month."""
        if not self.clustered:
            return ROW_GROUP_ROWS
        return CLUSTERED_MART_ROWS if self.kind == "mart" else CLUSTERED_TABLE_ROWS

    def partition_values(self, part: str) -> dict[str, str | None]:
        """Delta's partition values of a file of this part."""
        year, _, month = part.partition("-")
        values = {"fiscal_year": str(int(year or 0)), "month": str(int(month or 0))}
        return {name: values[name] for name in self.partitions}

    @property
    def part(self) -> pl.Expr:
        """The part of a row: `2026-09`."""
        year = pl.col("fiscal_year").cast(pl.String).str.zfill(4)
        return year + "-" + self.month.fill_null(0).cast(pl.String).str.zfill(2)


@cache
def layout(name: str) -> Layout:
    """The layout of a table or mart.

    Raises:
        UnknownTableError: there is none of this name.
    """
    mart = marts.MARTS.get(name)
    contract = mart.contract if mart else contracts().get(name)
    if contract is None:
        raise UnknownTableError(
            f"没有名为 {name} 的报表或主题表；`budget-watch tables list` 列出全部。"
        )
    clustered = mart.clustered if mart else name in DAILY
    present = set(contract.names)
    own_month = "month" in present
    month = pl.col("month") if own_month else pl.col(contract.date_column or "").dt.month()
    wanted = ("agency_code", contract.date_column or "", *contract.key)
    return Layout(
        name=name,
        kind="mart" if mart else "table",
        contract=contract,
        schema=stored_schema(polars_schema(contract, technical=mart is None)),
        money=tuple(column.name for column in contract.money_columns),
        clustered=clustered,
        month=month,
        partitions=("fiscal_year", "month")[: 1 + own_month] if clustered else (),
        sort=tuple(dict.fromkeys(n for n in wanted if n in present)) if clustered else (),
    )


def table_folders(home: Home) -> list[Path]:
    """The folders of tables and marts that exist. Others under the lake are not the writer's."""
    known = {*contracts(), *marts.MARTS}
    return sorted(path for path in home.lake.iterdir() if path.name in known)


def stored_schema(schema: pl.Schema) -> pl.Schema:
    """The same columns with every time in UTC."""
    return pl.Schema(
        {
            name: pl.Datetime("us", "UTC") if isinstance(dtype, pl.Datetime) else dtype
            for name, dtype in schema.items()
        }
    )
