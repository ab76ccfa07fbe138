"""Whole columns of figures to fen, as polars expressions that agree with `to_fen` to the fen."""

from __future__ import annotations

import polars as pl

from budget_watch.money.figure import plain_expr
from budget_watch.money.unit import Unit

# 12 decimals: two below the fen of an 亿元 figure. What is cut off behind cannot change the
# rounding, because half up looks at the first digit after the fen only.
_DECIMAL = pl.Decimal(38, 12)
_LIMIT = 2**63 - 1


def fen_expr(column: str | pl.Expr, unit: Unit | str, dtype: pl.DataType) -> pl.Expr:
    """Return an Int64 expression: the column's amounts in fen, null where there is no figure.

    `dtype` is the column's type. Integers scale; decimals, floats (by their shortest text) and
    strings are read digit by digit, never multiplied as floats; parts of a fen are rounded half up.
    The column keeps its name. Text that is no number and amounts beyond Int64 give null: the caller
    compares nulls before and after to find them.
    """
    source = pl.col(column) if isinstance(column, str) else column
    factor = Unit(unit).fen
    if dtype.is_integer():
        fen = _scaled(source.cast(pl.Int64, strict=False), factor)
    elif dtype == pl.String:
        fen = _rounded(plain_expr(source), factor)
    else:
        fen = _rounded(source.cast(pl.String), factor)
    return fen.alias(source.meta.output_name())


def _scaled(whole: pl.Expr, factor: int) -> pl.Expr:
    return pl.when(whole.is_between(-(_LIMIT // factor), _LIMIT // factor)).then(whole * factor)


def _rounded(text: pl.Expr, factor: int) -> pl.Expr:
    exact = text.cast(_DECIMAL, strict=False)
    near = pl.when(exact.abs() <= pl.lit(_LIMIT // factor + 1)).then(exact)
    fen = (near * pl.lit(factor)).round(0, mode="half_away_from_zero")
    return fen.cast(pl.Int64, strict=False)
