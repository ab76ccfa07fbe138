"""Scope kind (范围口径) of a region code, for rows that are delivered without one."""

from __future__ import annotations

import polars as pl


def scope_kind(region: pl.Expr) -> pl.Expr:
    """本级 for a city or province itself, 开发区 for zones (71–80), else 县区.

    Digits 5 and 6 of a GB/T 2260 code tell the county; 00 is the city's own level.
    """
    county = region.str.slice(4, 2)
    return (
        pl.when(county == "00")
        .then(pl.lit("本级"))
        .when(county.is_between(pl.lit("71"), pl.lit("80")))
        .then(pl.lit("开发区"))
        .otherwise(pl.lit("县区"))
    )


def own_level(region: pl.Expr) -> pl.Expr:
    """The budget level (预算级次) of a region's own government, by its code: 2 省, 3 市, 4 县."""
    return (
        pl.when(region.str.slice(2, 4) == "0000")
        .then(pl.lit("2"))
        .when(region.str.slice(4, 2) == "00")
        .then(pl.lit("3"))
        .otherwise(pl.lit("4"))
    )
