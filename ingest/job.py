"""One run of loading by hand: the writer, what was found so far, and the ways into the lake."""

from __future__ import annotations

import calendar
import hashlib
from dataclasses import dataclass, field
from datetime import date as Date
from functools import cached_property
from pathlib import Path

import polars as pl

from budget_watch.lake import Batch, Coverage, Home, Snapshot, Writer
from budget_watch.tables import Contract
from ingest.bind.form_files import FormBook, form_book
from ingest.bind.owners import Units
from ingest.content_hash import sha256_of
from ingest.deliver import Counts, Filled, deliver
from ingest.gate.expectations import Summary

_BLOCK = 1 << 20


@dataclass
class KnownMeans:
    """The latest snapshot's means, read once a run: the lake does not change before it ends."""

    snapshot: Snapshot | None = None
    read: bool = False

    def of(self, home: Home, table: str) -> pl.DataFrame | None:
        """The mean of each money column of a table, one row; None if it holds next to nothing."""
        if not self.read:
            self.snapshot, self.read = Snapshot.latest(home), True
        version = self.snapshot.tables.get(table) if self.snapshot else None
        if version is None or version.rows < 50:
            return None
        return pl.DataFrame({name: [total / version.rows] for name, total in version.money.items()})


@dataclass
class Job:
    """State of one `load_paths`. `periods` are the ends of the periods that were stored."""

    writer: Writer
    scratch: Path
    table: Contract | None
    date: Date | None
    today: Date
    means: KnownMeans = field(default_factory=KnownMeans)
    stored: int = 0
    periods: list[Date] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)

    @cached_property
    def forms(self) -> FormBook:
        """The published forms: the product's and those of the home."""
        return form_book(self.writer.home.root / "forms")

    @cached_property
    def units(self) -> Units:
        """The unit table as it is published, for the names on department forms."""
        return Units.of(self.writer.home)

    def batch(
        self, contract: Contract, name: str, rows: pl.DataFrame, digest: str, owner: str = ""
    ) -> Batch:
        """Return the batch of a file's rows for one table.

        Its slot is the file's name with the periods and places it speaks of, and the department
        whose form it is: the same file corrected replaces itself, another month or another
        department in a file of the same name does not.
        """
        covered = coverage_of(contract, rows)
        whose = f"{covered!r}{owner}" if owner else repr(covered)
        slices = hashlib.sha256(whose.encode()).hexdigest()[:12]
        short = Path(name).name
        return Batch(
            id=f"hand/{contract.code}/{short[-80:]}/{slices}",
            table=contract.name,
            source=name,
            source_hash=f"{digest}:{contract.code}",
            biz_date=self.date or min(period_end(contract, rows) or self.today, self.today),
            coverage=covered,
        )

    def deliver(
        self,
        contract: Contract,
        frame: pl.DataFrame | pl.LazyFrame,
        name: str,
        digest: str,
        stored: frozenset[str] = frozenset(),
        check_codes: bool = True,
        owner: str = "",
        filled: Filled | None = None,
    ) -> Counts:
        """Put rows through the gate and note what was stored."""

        def describe(good: pl.DataFrame | pl.LazyFrame) -> Batch:
            return self.batch(contract, name, slices(contract, good), digest, owner)

        counts = deliver(
            self.writer,
            contract,
            frame,
            self.batch(contract, name, pl.DataFrame(), digest, owner),
            stored=stored,
            check_codes=check_codes,
            describe=describe,
            filled=filled,
        )
        if not counts.repeated:
            self.stored += 1
            self.periods.append(counts.batch.biz_date)
            self.summaries.append(Summary.of(contract, counts.batch, counts))
        return counts

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file of the job."""
        return sha256_of(path)

    def known_means(self, contract: Contract) -> pl.DataFrame | None:
        """Return the mean of each money column of what the lake holds, one row; None if nothing."""
        return self.means.of(self.writer.home, contract.name)

    @property
    def takes_blank(self) -> bool:
        """Whether a sheet without rows is a delivery; by hand it is a template not filled in."""
        return False

    def aside(self, contract: Contract, name: str, digest: str) -> Batch:
        """Return the batch of a sheet of which nothing is stored."""
        return self.batch(contract, name, pl.DataFrame(), digest)


def slices(contract: Contract, rows: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Return the distinct periods and places of the rows."""
    have = rows.collect_schema()
    wanted = ("fiscal_year", "month", "mof_div_code", contract.date_column)
    columns = [name for name in wanted if name in have]
    return rows.lazy().select(columns).unique().collect(engine="streaming")


def coverage_of(contract: Contract, rows: pl.DataFrame) -> tuple[Coverage, ...]:
    """Return the slices (year, month, division) that the rows speak of."""
    have = set(rows.columns)
    if not {"fiscal_year", "mof_div_code"} <= have or rows.is_empty():
        return ()
    month = (
        pl.col("month")
        if "month" in have
        else pl.col(contract.date_column).dt.month()
        if contract.date_column in have and rows.schema[str(contract.date_column)] == pl.Date
        else pl.lit(0)
    )
    slices = (
        rows.select(
            pl.col("fiscal_year"),
            month.cast(pl.Int64).fill_null(0).alias("month"),
            pl.col("mof_div_code"),
        )
        .drop_nulls()
        .unique()
        .sort("fiscal_year", "month", "mof_div_code")
    )
    return tuple(Coverage(*row) for row in slices.iter_rows())


def period_end(contract: Contract, rows: pl.DataFrame) -> Date | None:
    """Return the last day that the rows speak of: their dates, or the end of their last month."""
    column = contract.date_column
    if column in rows.columns and rows.schema[str(column)] == pl.Date:
        last = rows[str(column)].max()
        if isinstance(last, Date):
            return last
    if "fiscal_year" not in rows.columns or not rows["fiscal_year"].count():
        return None
    months = pl.col("month").fill_null(12) if "month" in rows.columns else pl.lit(12)
    year, month = (
        rows.select(pl.col("fiscal_year"), months.cast(pl.Int64).alias("m"))
        .drop_nulls()
        .filter(pl.col("fiscal_year").is_between(1990, 2100) & pl.col("m").is_between(1, 12))
        .sort("fiscal_year", "m")
        .tail(1)
        .rows()
        or [(None, None)]
    )[0]
    if year is None or month is None:
        return None
    return Date(year, month, calendar.monthrange(year, month)[1])
