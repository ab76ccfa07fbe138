"""Which table × period × region was delivered: turns “no rows” into 0 or into “not known”."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

FLAG = "__delivered"


def delivered(
    frame: pl.DataFrame, coverage: pl.DataFrame, tables: Iterable[str], last_month: pl.Expr
) -> pl.Series:
    """For each row of a frame, whether all months up to `last_month` of its year were delivered.

    Args:
        frame: rows with fiscal_year (may be absent: any year) and mof_div_code (may be absent).
        coverage: the ledger: table, fiscal_year, month (0 or null = whole year), mof_div_code.
        tables: names any of which stands for the source; none means no delivery is asked for.
        last_month: month up to which delivery is needed, as an expression over the frame.
    """
    names = list(tables)
    if not names:
        return pl.Series(FLAG, [True] * frame.height, dtype=pl.Boolean)
    known = coverage.filter(pl.col("table").is_in(names) & pl.col("delivered"))
    on = [name for name in ("fiscal_year", "mof_div_code") if name in frame.columns]
    if not on:
        return pl.Series(FLAG, [known.height > 0] * frame.height, dtype=pl.Boolean)
    reach = _reach(known, on)
    joined = frame.select(*on, need=last_month).join(
        reach, on=on, how="left", maintain_order="left", nulls_equal=True
    )
    enough = pl.col("whole").fill_null(False) | (pl.col("reach").fill_null(0) >= pl.col("need"))
    return joined.select(enough.fill_null(False).alias(FLAG)).to_series()


def _reach(known: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    """Per year and region: delivered as a whole year, or without a gap up to month `reach`."""
    months = known.with_columns(pl.col("month").fill_null(0)).select(*on, "month").unique()
    return (
        months.sort("month")
        .group_by(list(on), maintain_order=True)
        .agg(
            whole=(pl.col("month") == 0).any(),
            month=pl.col("month").filter(pl.col("month") > 0),
        )
        .with_columns(
            reach=pl.col("month")
            .list.eval(
                (pl.element() == pl.int_range(1, pl.len() + 1)).cast(pl.Int64).cum_prod().sum()
            )
            .list.first()
        )
        .select(*on, "whole", pl.col("reach").cast(pl.Int64))
    )
