"""The cut of a back-test: one snapshot, read as if rows dated after the run's day were not there.

Made only where the day lies before the snapshot's business date. Event tables and marts are cut by
business date; reports by publication, which is the first business date their slot was delivered
for (a later correction of a report that was out by then stays, as known now); marts of reports by
period and by the publication of what they are made of; reference tables not at all (their rows
carry terms of their own). `ledger_coverage` follows: a slice whose rows are all cut, or whose
period had not begun, counts as not delivered. What a kept row was given later stays in it.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from budget_watch.engine.sources import Reader, Source, sources

SLICE = ("fiscal_year", "month", "mof_div_code")


def as_of_reader(reader: Any, as_of: date) -> Reader:
    """The reader itself, or one that is cut where the day lies before the snapshot's own."""
    if isinstance(reader, CutReader):
        reader = reader.whole
    snapshot = getattr(reader, "snapshot", None)
    biz_date = getattr(snapshot, "biz_date", None)
    return CutReader(reader, as_of) if biz_date is not None and as_of < biz_date else reader


class CutReader:
    """A reader whose rows end with a day.

    Attributes:
        whole: the reader that is cut.
        as_of: the last day that counts.
    """

    def __init__(self, whole: Any, as_of: date) -> None:
        self.whole, self.as_of = whole, as_of

    @property
    def snapshot(self) -> Any:
        """The snapshot that is read."""
        return self.whole.snapshot

    @property
    def fingerprint(self) -> str:
        """What the snapshot holds; the day is part of a run's name by itself."""
        return str(getattr(self.whole, "fingerprint", ""))

    def scan(
        self, name: str, year: int | None = None, key: tuple[str, str] | None = None
    ) -> pl.LazyFrame:
        """The rows of a table or mart that were there on the day."""
        rows: pl.LazyFrame = self.whole.scan(name, year, key)
        source = sources()[name]
        inputs = _inputs(source)
        if inputs is None:
            return self._table(source, rows)
        rows = rows.filter(_begun(source, self.as_of))
        if name == "table_coverage":
            return self._arrivals(rows)
        if source.date_column is None and inputs:
            rows = self._published_marts(source, rows, inputs)
        return rows

    def coverage(self) -> pl.DataFrame:
        """The ledger as it stood on the day."""
        return self._coverage

    @cached_property
    def _coverage(self) -> pl.DataFrame:
        from budget_watch.lake.marts import MARTS

        known: pl.DataFrame = self.whole.coverage()
        kept = known.filter(~pl.col("table").is_in(list(MARTS)))
        kept = kept.filter(_slice_begun(kept, self.as_of))
        reports = [name for name in kept["table"].unique().sort() if _is_report(name)]
        gone = [self._gone(name, kept.filter(pl.col("table") == name)) for name in reports]
        if gone:
            on = ["table", *SLICE]
            kept = kept.join(pl.concat(gone), on=on, how="anti", nulls_equal=True)
        marts = [_complete(kept, mart.name, mart.covers) for mart in MARTS.values() if mart.covers]
        return pl.concat([kept, *marts]).sort("table", *SLICE)

    def _gone(self, name: str, slices: pl.DataFrame) -> pl.DataFrame:
        """Of a report's slices those that have rows, but none that had been published."""
        columns = self.whole.scan(name).collect_schema().names()
        lost = [slices.clear()]
        for on in (["fiscal_year", "mof_div_code"], ["fiscal_year", "month", "mof_div_code"]):
            if not set(on) <= set(columns):
                continue
            keys = [pl.col(key).cast(slices.schema[key]) for key in on]
            every = self.whole.scan(name).select(keys).unique()
            left = self.scan(name).select(keys).unique()
            late = every.join(left, on=on, how="anti", nulls_equal=True).collect()
            lost.append(slices.join(late, on=on, how="semi", nulls_equal=True))
        return pl.concat(lost).select("table", *SLICE).unique()

    def _table(self, source: Source, rows: pl.LazyFrame) -> pl.LazyFrame:
        if source.kind == "reference":
            return rows
        if source.date_column is not None and source.kind == "event":
            day = pl.coalesce(source.date_column, "biz_date")
            return rows.filter((day <= self.as_of).fill_null(True))
        published = getattr(self.whole, "first_published", None)
        if published is None:
            return rows.filter((pl.col("biz_date") <= self.as_of).fill_null(True))
        late = published(source.name).filter(pl.col("biz_date") > self.as_of)["batch_id"]
        return rows.filter(~pl.col("batch_id").is_in(late.to_list()).fill_null(False))

    def _published_marts(
        self, source: Source, rows: pl.LazyFrame, inputs: tuple[str, ...]
    ) -> pl.LazyFrame:
        """Rows of a mart of reports whose slice had been published."""
        on = [name for name in ("fiscal_year", "mof_div_code") if name in source.columns]
        if "fiscal_year" not in on:
            return rows
        known = self._coverage.filter(pl.col("table").is_in(inputs)).lazy()
        schema = rows.collect_schema()
        known = known.with_columns(pl.col("fiscal_year").cast(schema["fiscal_year"]))
        if "month" not in source.columns:
            return rows.join(known.select(on).unique(), on=on, how="semi", nulls_equal=True)
        months = known.with_columns(pl.col("month").fill_null(0).cast(schema["month"]))
        whole = months.filter(pl.col("month") == 0).select(on).unique().with_columns(__all=True)
        single = months.select(*on, "month").unique().with_columns(__one=True)
        joined = rows.join(whole, on=on, how="left", nulls_equal=True, maintain_order="left")
        joined = joined.join(
            single, on=[*on, "month"], how="left", nulls_equal=True, maintain_order="left"
        )
        kept = joined.filter(pl.col("__all").fill_null(False) | pl.col("__one").fill_null(False))
        return kept.select(schema.names())

    def _arrivals(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The list of expected reports, those that came later marked as not arrived."""
        from budget_watch.lake.marts.table_coverage import monthly, watched

        schema = rows.collect_schema()
        came = [
            self.scan(each.name)
            .select(
                pl.lit(each.code).alias("table_code"),
                pl.col("fiscal_year").cast(schema["fiscal_year"]),
                (pl.col("month") if monthly(each) else pl.lit(12))
                .cast(schema["month"])
                .alias("month"),
            )
            .unique()
            for each in watched()
        ]
        on = ["table_code", "fiscal_year", "month"]
        known = pl.concat(came).with_columns(pl.lit(True).alias("__came"))
        here = pl.col("__came").fill_null(False)
        counts = ("rows", "required_cells", "null_cells")
        return (
            rows.join(known, on=on, how="left", maintain_order="left")
            .with_columns(
                pl.col("arrived") & here,
                *(pl.when(here).then(name).otherwise(0).alias(name) for name in counts),
            )
            .select(schema.names())
        )


def _is_report(name: str) -> bool:
    source = sources().get(name)
    return source is not None and source.kind == "period"


def _slice_begun(slices: pl.DataFrame, as_of: date) -> pl.Expr:
    """Whether a slice's period had begun; a report of a whole year may be out before its year."""
    dated = [
        name
        for name in slices["table"].unique()
        if name in sources() and (not _is_report(name) or "month" in sources()[name].columns)
    ]
    month = pl.col("month").fill_null(0)
    start = pl.col("fiscal_year") * 12 + pl.when(month == 0).then(1).otherwise(month)
    begun = start <= as_of.year * 12 + as_of.month
    reports = [name for name in dated if _is_report(name)]
    whole_year = (month == 0) & pl.col("table").is_in(reports)
    return begun | whole_year | ~pl.col("table").is_in(dated)


def _inputs(source: Source) -> tuple[str, ...] | None:
    """The tables a mart is made of; none where the source is a table."""
    from budget_watch.lake.marts import MARTS

    mart = MARTS.get(source.name)
    return None if mart is None else tuple(mart.covers or mart.inputs)


def _begun(source: Source, as_of: date) -> pl.Expr:
    """Whether a mart's row is dated by the day; undated rows stay."""
    if source.date_column is not None:
        return (pl.col(source.date_column) <= as_of).fill_null(True)
    if "fiscal_year" not in source.columns or "month" not in source.columns:
        return pl.lit(True)
    number = pl.col("fiscal_year").cast(pl.Int64) * 12 + pl.col("month").cast(pl.Int64)
    return (number <= as_of.year * 12 + as_of.month).fill_null(True)


def _complete(tables: pl.DataFrame, mart: str, covers: tuple[str, ...]) -> pl.DataFrame:
    """The slices delivered in all tables that a mart covers."""
    return (
        tables.filter(pl.col("table").is_in(covers))
        .group_by(SLICE)
        .agg(pl.col("table").n_unique().alias("n"))
        .filter(pl.col("n") == len(covers))
        .select(pl.lit(mart).alias("table"), *SLICE, pl.lit(True).alias("delivered"))
    )
