"""The Reader: the only way to rows. Takes a Grant, reads one published snapshot.

What `scan` returns has been cut to what the grant lets through (`lake.letting`) and its natural
persons masked; filters and aggregations above it see no more than that. Nothing is read before
`collect`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from budget_watch.access import Grant, Mask
from budget_watch.lake import bloom, by_payee, records
from budget_watch.lake.content import fingerprint
from budget_watch.lake.errors import LakeError
from budget_watch.lake.home import Home
from budget_watch.lake.layout import Layout, layout
from budget_watch.lake.letting import COUNT, cut, letting
from budget_watch.lake.marts import MARTS
from budget_watch.lake.masking import masked
from budget_watch.lake.snapshot import Snapshot
from budget_watch.lake.state import engine
from budget_watch.tables import TIME_ZONE, Contract, contracts

_checked: set[str] = set()  # paths of the files that were found whole
_checked_lock = threading.Lock()


class Reader:
    """Reads tables and marts of one snapshot under one grant.

    Attributes:
        home: the installation.
        grant: scope, mask and purpose; no read goes without.
        snapshot: what is read; None where nothing was published (every table is then empty).
        as_it_lies: files are read as they are now, even where they are not what was published: for
            telling what that changes. The caller looks at them first (`Snapshot.check`).
    """

    def __init__(
        self,
        home: Home,
        grant: Grant,
        snapshot: Snapshot | str | None = None,
        *,
        as_it_lies: bool = False,
    ) -> None:
        self.home = home
        self.grant = grant
        self.as_it_lies = as_it_lies
        self.snapshot = (
            Snapshot.get(home, snapshot)
            if isinstance(snapshot, str)
            else snapshot or Snapshot.latest(home)
        )

    @property
    def names(self) -> list[str]:
        """Every table and mart there can be, delivered or not."""
        return [*contracts(), *MARTS]

    @property
    def fingerprint(self) -> str:
        """A hash of what the snapshot holds, the same for the same deliveries; `` where none."""
        return "" if self.snapshot is None else fingerprint(self.home, self.snapshot)

    def contract(self, name: str) -> Contract:
        """Columns, titles, units of a table or mart.

        Raises:
            UnknownTableError: there is none of this name.
        """
        return layout(name).contract

    def schema(self, name: str) -> pl.Schema:
        """Columns and types as `scan` gives them: money Int64 fen, times in Asia/Shanghai.

        Raises:
            UnknownTableError: there is none of this name.
        """
        return pl.Schema(
            {
                column: pl.Datetime("us", TIME_ZONE) if isinstance(dtype, pl.Datetime) else dtype
                for column, dtype in layout(name).schema.items()
            }
        )

    def scan(
        self, name: str, year: int | None = None, key: tuple[str, str] | None = None
    ) -> pl.LazyFrame:
        """The rows of a table or mart that the grant lets through; lazy.

        Empty, with the schema, where the table was never delivered.

        Args:
            year: leave files alone that hold no row of this fiscal year; others may still come
                with rows of other years.
            key: a column and its value: leave row groups alone that do not hold it, where that is
                known (`lake.bloom`); rows with other values may still come.

        Raises:
            UnknownTableError: there is none of this name.
            DamagedError: the files are not what was published (looked at once a process).
        """
        paths = self._files(name, year)
        if not paths:
            return self._let_through(name, pl.LazyFrame(schema=layout(name).schema))
        shape = layout(name)
        if key is None or self.as_it_lies or not self._found_by(shape, key[0]):
            return self._let_through(name, _scanned(shape, paths))
        return self._let_through(name, _cut_out(shape, self.home, paths, *key))

    def one(self, name: str, year: int, key: str, value: str) -> dict[str, Any] | None:
        """The first row of a fiscal year with this key; None where the grant lets none through.

        Raises:
            UnknownTableError, DamagedError: as `scan`.
        """
        own = (pl.col("fiscal_year") == year, pl.col(key) == value)
        rows = self.scan(name, year, (key, value)).filter(*own).head(1).collect()
        return rows.row(0, named=True) if rows.height else None

    def paid_to(self, account: str, years: Iterable[int]) -> pl.LazyFrame:
        """Payments of these fiscal years to an account, columns `by_payee.COLUMNS`.

        The account is asked for as the grant shows it: where it shows none, there is no payment.

        Raises:
            DamagedError: as `scan`.
        """
        shape = layout(by_payee.MART)
        paths = list(dict.fromkeys(p for year in years for p in self._files(shape.name, year)))
        if not paths or letting(self.grant, shape).hides(by_payee.ACCOUNT):
            return pl.LazyFrame(schema=self.schema(shape.name)).select(by_payee.COLUMNS)
        own = pl.col(by_payee.ACCOUNT) == account
        read = paths if self.as_it_lies else by_payee.copies(self.home, paths)
        rows = self._let_through(shape.name, _scanned(shape, read).filter(own))
        return rows.filter(own).select(by_payee.COLUMNS)

    def _found_by(self, shape: Layout, column: str) -> bool:
        """Whether files may be passed over by a column: not where the grant does not show it."""
        named = column in bloom.columns_of(shape.name)
        return named and not letting(self.grant, shape).hides(column)

    def _let_through(self, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        shape = layout(name)
        rows = cut(rows, self.grant, shape, self.agencies)
        changes = [
            pl.col(column).dt.convert_time_zone(TIME_ZONE)
            for column, dtype in shape.schema.items()
            if isinstance(dtype, pl.Datetime)
        ]
        if self.grant.mask is Mask.PERSONS:
            changes += masked(shape.contract, frozenset(shape.schema))
        return rows.with_columns(changes) if changes else rows

    def files(self, name: str) -> list[str]:
        """The Parquet files of a table or mart, absolute; for another engine on the same rows.

        They are neither cut nor masked, so a grant that cuts rows gets none, but of public
        reference tables (the calendar), of which nothing is ever cut.

        Raises:
            LakeError: the grant does not let everything through.
            DamagedError: they are not what was published.
        """
        about = layout(name).contract
        if not (self.grant.whole or (about.kind == "reference" and about.sensitivity == "公开")):
            raise LakeError(f"{name} 的文件未按权限裁剪，只供不受范围限制的读取使用。")
        return self._files(name)

    def withheld(self, name: str) -> str | None:
        """Why the grant sees nothing of a table or mart, in Chinese; None where it may."""
        return letting(self.grant, layout(name)).closed

    def counted(self, name: str, where: pl.Expr | None = None) -> pl.Expr:
        """How many rows, of a table that comes as sums the rows behind them; an aggregation."""
        summed = letting(self.grant, layout(name)).summed is not None
        each = pl.col(COUNT) if summed else pl.lit(1, pl.Int64)
        if where is None:
            return each.sum() if summed else pl.len().cast(pl.Int64)
        return pl.when(where).then(each).otherwise(0).sum().cast(pl.Int64)

    def _files(self, name: str, year: int | None = None) -> list[str]:
        layout(name)
        if self.snapshot is None:
            return []
        if self.as_it_lies:
            return [path for path in self.snapshot.files(name) if Path(path).exists()]
        self._check(self.snapshot, name)
        return self.snapshot.files(name, year)

    def first_published(self, name: str) -> pl.DataFrame:
        """Batches of a table as of this snapshot: batch_id, and the first biz_date it came for.

        A slot that was delivered again keeps the day of its first delivery.
        """
        schema = {"batch_id": pl.String, "biz_date": pl.Date}
        if self.snapshot is None:
            return pl.DataFrame(schema=schema)
        batch, published = records.batch.c, records.snapshot.c
        query = (
            sa.select(batch.id, sa.func.min(batch.biz_date))
            .join(records.snapshot, published.id == batch.snapshot)
            .where(batch.table_name == name, published.seq <= self.snapshot.seq)
            .group_by(batch.id)
            .order_by(batch.id)
        )
        with engine(self.home).connect() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def coverage(self) -> pl.DataFrame:
        """What was delivered: table, fiscal_year, month (0 = whole year), mof_div_code, delivered.

        One row a delivered slice, also where it had no rows; a mart's slices are those delivered in
        all the tables it covers (payment: payment_voucher). Cut to the grant's regions; what was
        delivered is no secret, what it says is.
        """
        schema = {
            "table": pl.String,
            "fiscal_year": pl.Int64,
            "month": pl.Int64,
            "mof_div_code": pl.String,
            "delivered": pl.Boolean,
        }
        if self.snapshot is None or not self.grant.business:
            return pl.DataFrame(schema=schema)
        t = records.coverage
        query = sa.select(t.c.table_name, t.c.fiscal_year, t.c.month, t.c.mof_div_code).where(
            t.c.snapshot_seq <= self.snapshot.seq
        )
        if self.grant.scope.regions is not None:
            query = query.where(t.c.mof_div_code.in_(sorted(self.grant.scope.regions)))
        with engine(self.home).connect() as connection:
            rows = [(*row, True) for row in connection.execute(query)]
        tables = pl.DataFrame(rows, schema=schema, orient="row")
        marts = [
            tables.filter(pl.col("table").is_in(mart.covers))
            .group_by("fiscal_year", "month", "mof_div_code")
            .agg(pl.col("table").n_unique().alias("n"))
            .filter(pl.col("n") == len(mart.covers))
            .select(pl.lit(mart.name).alias("table"), *list(schema)[1:4], delivered=pl.lit(True))
            for mart in MARTS.values()
        ]
        return pl.concat([tables, *marts]).sort("table", "fiscal_year", "month", "mof_div_code")

    def agencies(self, departments: frozenset[str]) -> list[str]:
        """The units of these departments, as the unit table has them."""
        paths = self._files("unit")
        if not paths:
            return []
        units = pl.scan_parquet(paths).filter(pl.col("dept_code").is_in(sorted(departments)))
        return sorted(units.select("agency_code").unique().collect()["agency_code"].to_list())

    @staticmethod
    def _check(snapshot: Snapshot, name: str) -> None:
        paths = snapshot.files(name)
        with _checked_lock:
            known = _checked.intersection(paths)
        if len(known) < len(paths):
            snapshot.check(name, known)
            with _checked_lock:
                _checked.update(paths)


def _scanned(shape: Layout, paths: list[str]) -> pl.LazyFrame:
    return pl.scan_parquet(
        paths, schema=shape.schema, missing_columns="insert", extra_columns="ignore"
    )


def _cut_out(shape: Layout, home: Home, paths: list[str], column: str, value: str) -> pl.LazyFrame:
    """The row groups of these files that may hold the value, whole files in one scan."""
    found = bloom.pieces(home, shape.name, paths, column, value)
    whole = [piece.path for piece in found if piece.length is None]
    parts = [_scanned(shape, whole)] if whole else []
    parts += [
        _scanned(shape, [piece.path]).slice(piece.offset, piece.length)
        for piece in found
        if piece.length is not None
    ]
    return pl.concat(parts) if parts else pl.LazyFrame(schema=shape.schema)
