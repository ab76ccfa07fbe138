"""Brings rows of a database into the contract's columns: exact text, whole numbers, days.

Money, ratios and numbers stay text, digit by digit; what is no number stays what it is, so that the
gate can say so. Days become Date where the database has days or moments, whole numbers Int64.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from budget_watch.tables import Contract
from ingest.sources.database.marks import naive

_DAYS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d")
_MOMENT = "%Y-%m-%d %H:%M:%S%.f"


def shaped(
    frame: pl.DataFrame, contract: Contract, constants: Mapping[str, object]
) -> pl.DataFrame:
    """The rows with contract names; columns that the contract does not know stay as they are."""
    types = {column.name: column.type for column in contract.columns}
    done = [
        shaped_column(series, types.get(series.name, "str"))
        if not series.name.startswith("_")
        else series
        for series in frame
    ]
    given = pl.DataFrame(done) if done else frame
    return given.with_columns(pl.lit(value).alias(name) for name, value in constants.items())


def shaped_column(  # noqa: PLR0911 (one way out a type)
    values: pl.Series, kind: str
) -> pl.Series:
    """A column in the type in which a column of this contract type is spooled.

    Null type where there is no value at all: any type may follow.
    """
    dtype = values.dtype
    if dtype == pl.Null:
        return values
    if kind == "date" and dtype == pl.Date:
        return values
    if kind == "date" and isinstance(dtype, pl.Datetime):
        return naive(values).dt.date()
    if kind == "int" and dtype.is_integer():
        return values.cast(pl.Int64)
    if kind == "int" and dtype == pl.String:
        whole = values.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == values.null_count() else values
    if kind == "bool" and dtype == pl.Boolean:
        return values
    return text(values)


def text(values: pl.Series) -> pl.Series:
    """A column as exact text."""
    if isinstance(values.dtype, pl.Datetime):
        shown = naive(values).dt.strftime(_MOMENT)
        return shown.str.replace(r"\.0*$", "")
    if values.dtype == pl.Date:
        return values.dt.strftime("%Y-%m-%d")
    return values.cast(pl.String)


def days(values: pl.Series) -> pl.Series:
    """A column as days; null where it says none."""
    if values.dtype == pl.Date:
        return values
    if isinstance(values.dtype, pl.Datetime):
        return naive(values).dt.date()
    told = text(values).str.strip_chars()
    # a moment as text begins with its day
    first = told.str.extract(r"^(\d{4}[-/年.]\d{1,2}[-/月.]\d{1,2}日?|\d{8})")
    found = [first.str.to_date(form, strict=False) for form in _DAYS]
    return pl.select(pl.coalesce(found)).to_series().alias(values.name)
