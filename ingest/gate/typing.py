"""Turns delivered columns (text, floats, whole numbers) into the contract's stored types.

What cannot be read becomes null; the delivered text stays beside as `raw:<column>` so that the gate
can tell “not a number” from “nothing there”.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from budget_watch.money import fen_expr, plain_expr
from budget_watch.money.unit import Unit
from budget_watch.tables import Contract
from budget_watch.tables.contract import Column
from budget_watch.tables.schema import TECHNICAL
from ingest.gate import quick

RAW = "raw:"
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y-%m-%d %H:%M:%S")
_TRUE = ("是", "true", "1", "y", "yes", "有", "√")
_FALSE = ("否", "false", "0", "n", "no", "无", "×")


def raw_columns(contract: Contract, given: pl.Schema) -> list[str]:
    """Return the contract columns that are delivered in another type than they are stored in."""
    return [
        column.name
        for column in contract.columns
        if column.type != "str" and column.name in given and given[column.name] == pl.String
    ]


def typed(contract: Contract, given: pl.Schema, stored: frozenset[str]) -> list[pl.Expr]:
    """Return expressions that give every contract column its stored type, and the raw texts.

    `given` is the delivered schema with contract names; `stored` the columns that are already in
    stored units (fen, millionths), as Parquet files written with our field metadata are.
    """
    columns: list[pl.Expr] = []
    for column in contract.columns:
        if column.name not in given:
            continue
        dtype = given[column.name]
        columns.append(_typed(column, dtype, column.name in stored).alias(column.name))
        if column.type != "str" and dtype == pl.String:
            columns.append(pl.col(column.name).alias(RAW + column.name))
    return columns


def readings(
    contract: Contract, given: pl.Schema, stored: frozenset[str]
) -> dict[str, quick.Reading]:
    """Return column → reading, for the columns that `typed` would read the quick way.

    Called on the series of a frame in memory they give what the expressions of `typed` give and
    spare the detour through the engine, which costs more than the reading.
    """
    found = {}
    for column in contract.columns:
        reading = _reading(column)
        kept = column.name in stored and column.type != "str"
        if reading is not None and given.get(column.name) == pl.String and not kept:
            found[column.name] = reading
    return found


def technical(name: str, dtype: pl.DataType) -> pl.Expr:
    """The stored value of a column that no contract has and every delivery may bring.

    A mark of secrecy that cannot be read counts as set.
    """
    source = pl.col(name)
    wanted = TECHNICAL.get(name)
    if name == "secret_flag" and dtype != pl.Boolean:
        text = source.cast(pl.String).str.strip_chars()
        blank = text.is_null() | (text == "")
        return (_bool(source).fill_null(True) & ~blank).alias(name)
    if name == "round_fen" and dtype == pl.String:
        return plain_expr(source).cast(pl.Int64, strict=False).alias(name)
    return source if wanted is None or wanted == dtype else source.cast(wanted, strict=False)


def _typed(  # noqa: PLR0911 (one way out a type)
    column: Column, dtype: pl.DataType, stored: bool
) -> pl.Expr:
    source = pl.col(column.name)
    if stored and column.type != "str":
        return source.cast(_STORED[column.type], strict=False)
    if dtype == pl.String:
        return _read(column, source)
    if column.type == "str":
        return source.cast(pl.String, strict=False)
    if column.type == "money":
        return fen_expr(source, str(column.unit), dtype)
    if column.type in ("ratio", "number"):
        return _scaled(column, source, dtype)
    if column.type == "int":
        return source.cast(pl.Int64, strict=False)
    if column.type == "date":
        return _date(source, dtype)
    return source if dtype == pl.Boolean else _bool(source)


def _read(column: Column, source: pl.Expr) -> pl.Expr:
    """The stored value of a delivered text."""
    reading = _reading(column)
    if reading is None:
        return _scaled(column, source, pl.String())
    return quick.read(source, _READ[column.type], reading)


def _reading(column: Column) -> quick.Reading | None:
    """The quick way to read a column's texts where they are written plainly; None: there is none.

    It falls back to the long way by itself.
    """
    slow = partial(_slowly, column)
    match column.type:
        case "str":
            return quick.text
        case "money":
            return partial(quick.fen, factor=Unit(str(column.unit)).fen, otherwise=slow)
        case "int":
            return partial(quick.whole, otherwise=slow)
        case "date":
            return partial(quick.day, otherwise=slow)
        case "bool":
            return partial(quick.few, otherwise=slow)
    return None


_READ: dict[str, pl.DataType] = {
    "str": pl.String(),
    "money": pl.Int64(),
    "int": pl.Int64(),
    "date": pl.Date(),
    "bool": pl.Boolean(),
}


def _slowly(column: Column, values: pl.Series) -> pl.Series:
    """Any way of writing that is understood, value by value."""
    source = pl.col(values.name)
    match column.type:
        case "money":
            reading = fen_expr(source, str(column.unit), pl.String())
        case "int":
            reading = plain_expr(source).cast(pl.Int64, strict=False)
        case "date":
            reading = _date(source, pl.String())
        case _:
            reading = _bool(source)
    return values.to_frame().select(reading).to_series()


_STORED: dict[str, pl.DataType] = {
    "money": pl.Int64(),
    "ratio": pl.Int64(),
    "number": pl.Int64(),
    "int": pl.Int64(),
    "date": pl.Date(),
    "bool": pl.Boolean(),
}


def _scaled(column: Column, source: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Ratios are stored in millionths (15% = 0.15 = 150000), numbers × 10^scale."""
    factor = 10**6 if column.type == "ratio" else 10**column.scale
    if dtype.is_integer():
        return source.cast(pl.Int64) * factor
    text = source if dtype == pl.String else source.cast(pl.String)
    bare = text.str.replace_many(["％"], ["%"]).str.strip_chars()
    percent = bare.str.ends_with("%")
    figure = plain_expr(bare.str.strip_suffix("%"))
    value = figure.cast(pl.Decimal(38, 12), strict=False) * pl.lit(factor)
    value = pl.when(percent).then(value / pl.lit(100)).otherwise(value)
    return value.round(0, mode="half_away_from_zero").cast(pl.Int64, strict=False)


def _date(source: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date:
        return source
    if dtype == pl.String:
        text = source.str.strip_chars()
        return pl.coalesce(*(text.str.to_date(form, strict=False) for form in _DATES))
    if isinstance(dtype, pl.Datetime):
        return source.dt.date()
    return source.cast(pl.String).str.to_date("%Y%m%d", strict=False)


def _bool(source: pl.Expr) -> pl.Expr:
    text = source.cast(pl.String).str.strip_chars().str.to_lowercase()
    return (
        pl.when(text.is_in(_TRUE)).then(True).when(text.is_in(_FALSE)).then(False).otherwise(None)
    ).alias(source.meta.output_name())
