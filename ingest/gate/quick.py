"""Readings of delivered texts: quick where a column is written plainly, the same where it is not.

Almost every column of almost every delivery is written in one way: days as 2026-09-30, amounts with
two decimals, no blanks around a text. Each function here looks first whether a batch is, and takes
the long way of `typing` only for batches that are not. Both ways give the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

Reading = Callable[[pl.Series], pl.Series]
_SAMPLE, _VARIED = 1_000, 500
_EXACT_DIGITS = 15  # as many decimal digits as a double keeps
_ERROR = 5e-16  # relative; a double times a power of ten is nearer than this
_EXACT_WHOLE = 2**53  # up to here a double tells every whole number apart


def read(source: pl.Expr, dtype: pl.DataType, reading: Reading) -> pl.Expr:
    """The reading of a column as an expression that streams."""
    return source.map_batches(reading, return_dtype=dtype, is_elementwise=True)


def text(values: pl.Series) -> pl.Series:
    """Texts without blanks around, null where nothing stands."""
    return text_and_seen(values)[0]


def text_and_seen(values: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """The same, and its different values where they are few and were looked at for it."""
    if values.null_count() == values.len():
        return values, None
    few_ones = values.head(_SAMPLE).n_unique() <= _VARIED
    seen = values.unique() if few_ones else values
    stripped = seen.str.strip_chars()
    if not ((stripped != seen) | (stripped == "")).any():
        return values, seen if few_ones else None
    if seen is not values:
        stripped = values.str.strip_chars()
    return pl.select(pl.when(stripped != "").then(stripped)).to_series().alias(values.name), None


def day(values: pl.Series, otherwise: Reading) -> pl.Series:
    """Days written as 2026-09-30."""
    found = values.str.to_date("%Y-%m-%d", strict=False)
    return found if found.null_count() == values.null_count() else otherwise(values)


def whole(values: pl.Series, otherwise: Reading) -> pl.Series:
    """Whole numbers written as digits."""
    found = values.cast(pl.Int64, strict=False)
    return found if found.null_count() == values.null_count() else otherwise(values)


def fen(values: pl.Series, factor: int, otherwise: Reading) -> pl.Series:
    """Amounts whose digits end with the fen, by doubles where these are exact."""
    near = _exactly(values, factor)
    return otherwise(values) if near is None else near.cast(pl.Int64)


def ends_with_the_fen(values: pl.Series, factor: int) -> bool:
    """Whether the quick way takes these amounts: none has digits below the fen."""
    return _exactly(values, factor) is not None


def _exactly(values: pl.Series, factor: int) -> pl.Series | None:
    """The amounts in fen as whole doubles; None where some cannot be told so.

    Up to 15 digits a double tells every decimal apart; times the factor it is nearer to a whole
    number than its error only if the figure itself is whole in fen. Beyond 2^53 it skips some.
    """
    values = values.rechunk()
    scaled = values.cast(pl.Float64, strict=False) * factor
    if values.null_count() == values.len():
        return scaled
    longest = values.str.len_bytes().max()
    exact = isinstance(longest, int) and longest <= _EXACT_DIGITS
    if not exact or scaled.null_count() != values.null_count():
        return None
    near = scaled.round(0)
    off = ((scaled - near).abs() > near.abs() * _ERROR) | (near.abs() > _EXACT_WHOLE)
    return None if off.any() or not scaled.is_finite().all() else near


def few(values: pl.Series, otherwise: Reading) -> pl.Series:
    """Yes or no, written in few ways, each read once."""
    values = values.rechunk()
    plainly = values == "true"
    if (plainly | (values == "false")).all():  # as most machines write it; blanks pass as blanks
        return plainly
    seen = values.unique().drop_nulls()
    if seen.len() > _VARIED:
        return otherwise(values)
    meant = otherwise(seen)
    if meant.null_count():
        return otherwise(values)
    return values.is_in(seen.filter(meant).implode())


def blank_rows(columns: Sequence[pl.Series]) -> pl.Series:
    """Which rows hold nothing at all; columns after the first are looked at only if need be."""
    blank = pl.repeat(True, columns[0].len(), dtype=pl.Boolean, eager=True)
    for column in columns:
        empty = column.is_null() | (column < "!") | (column > "\x7f")  # cheap: may be blank
        blank = blank & empty
        if not blank.any():
            return blank
    for column in columns:
        blank = blank & (column.fill_null("").str.strip_chars() == "")
    return blank
