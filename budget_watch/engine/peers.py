"""Percentiles among peers (`peers:`): where a grain stands among the others of its kind.

Nearest rank on exact fractions: a value num ÷ den is put in order by its whole part and two further
digits of base 2^62, which tell any two fractions apart whose denominators are below 2^62. No float.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from budget_watch.engine.attaching import FEW, OK
from budget_watch.engine.check import CheckedPeers
from budget_watch.engine.expression import Expr
from budget_watch.engine.to_polars import Compiler

DIGIT = 2**62
_ORDER = ("__q", "__d1", "__d2")


def attach_peers(frame: pl.DataFrame, peers: CheckedPeers, build: Compiler) -> pl.DataFrame:
    """The grains with the percentile of their kind, their own rank, and how many peers there are.

    Args:
        frame: the grains with measures and look-ups.
        peers: what is compared with whom.
        build: a compiler over the frame.

    Returns:
        The frame with the columns of `peers.columns`, `__s_name` and `__p_name`.
    """
    ready = _ready(frame, peers, build)
    share_den = build.scaled(peers.share)[1]
    kind = [f"__g{at}" for at in range(len(peers.by))]
    ranked = _ranked(ready, kind)
    asked = ready.join(_counted(ready, kind), on=kind, how="left", maintain_order="left")
    asked = asked.with_columns(pl.col("__peers", "__unknown").fill_null(0))
    wanted = pl.col("__share") * pl.col("__peers") + (pl.lit(share_den) - 1)
    asked = asked.with_columns((wanted // share_den).alias("__at"))
    found = ranked.select(*kind, "__at", pl.col("__num").alias("__n"), pl.col("__den").alias("__d"))
    asked = asked.join(found, on=[*kind, "__at"], how="left", maintain_order="left")
    asked = asked.join(ranked.select("__row", "__rank"), on="__row", how="left").sort("__row")
    return frame.hstack(_named(asked, peers))


def _ready(frame: pl.DataFrame, peers: CheckedPeers, build: Compiler) -> pl.DataFrame:
    """One row a grain: its kind, its fraction, whether it counts among the peers."""
    flags = [name for name in frame.columns if name.startswith("__p_")]
    among = pl.lit(True) if peers.condition is None else build.condition(peers.condition)
    num = build.scaled(peers.num)[0].cast(pl.Int64, strict=False)
    den: pl.Expr = pl.lit(1, dtype=pl.Int64)
    if peers.den is not None:
        den = build.scaled(peers.den)[0].cast(pl.Int64, strict=False)
    rows = frame.select(
        pl.int_range(pl.len()).alias("__row"),
        *(_key(tree, build).alias(f"__g{at}") for at, (_, tree) in enumerate(peers.by)),
        num.alias("__num"),
        den.alias("__den"),
        among.fill_null(False).alias("__in"),
        (pl.any_horizontal(flags).fill_null(False) if flags else pl.lit(False)).alias("__doubt"),
        build.scaled(peers.share)[0].cast(pl.Int64).alias("__share"),
        build.whole(peers.least).alias("__least"),
    )
    known = pl.col("__num").is_not_null() & pl.col("__den").is_between(1, DIGIT - 1)
    return rows.with_columns(known.fill_null(False).alias("__known"))


def _key(tree: Expr, build: Compiler) -> pl.Expr:
    return build.scaled(tree)[0] if tree.type.base == "num" else build.any(tree)


def _counted(ready: pl.DataFrame, kind: Sequence[str]) -> pl.DataFrame:
    """How many of each kind have a value, how many have none, and whether one is provisional."""
    among = ready.filter("__in").drop_nulls(list(kind))
    return among.group_by(kind).agg(
        pl.col("__known").sum().cast(pl.Int64).alias("__peers"),
        (~pl.col("__known")).sum().cast(pl.Int64).alias("__unknown"),
        (pl.col("__doubt") & pl.col("__known")).any().alias("__doubtful"),
    )


def _ranked(ready: pl.DataFrame, kind: Sequence[str]) -> pl.DataFrame:
    """The peers in order: place from below (`__at`), rank from above; equals share the rank.

    Of equal fractions the one with the smallest denominator speaks for all.
    """
    num, den = pl.col("__num").cast(pl.Int128), pl.col("__den").cast(pl.Int128)
    rows = ready.filter(pl.col("__in") & pl.col("__known")).drop_nulls(list(kind))
    rows = rows.with_columns((num // den).alias("__q"))
    rest = (num - pl.col("__q") * den) * DIGIT
    rows = rows.with_columns((rest // den).alias("__d1"), rest.alias("__r"))
    rest = (pl.col("__r") - pl.col("__d1") * den) * DIGIT
    rows = rows.with_columns((rest // den).alias("__d2"))
    rows = rows.sort(*kind, *_ORDER, "__den", "__row")
    rows = rows.with_columns(
        (pl.int_range(pl.len()).over(kind) + 1).alias("__at"), pl.len().over(kind).alias("__all")
    )
    same = [*kind, *_ORDER]
    return rows.with_columns(
        pl.col("__num").first().over(same),
        pl.col("__den").first().over(same),
        (pl.col("__all").cast(pl.Int64) - pl.col("__at").max().over(same) + 1).alias("__rank"),
    )


def _named(asked: pl.DataFrame, peers: CheckedPeers) -> pl.DataFrame:
    """The result under its names; null where too few peers have a value."""
    enough = (pl.col("__peers") >= pl.col("__least")).fill_null(False)
    name = peers.name
    made = [pl.when(enough).then(pl.col("__n")).alias(peers.value_columns[0])]
    if peers.den is not None:
        made.append(pl.when(enough).then(pl.col("__d")).alias(peers.value_columns[1]))
    return asked.select(
        *made,
        pl.col("__rank").alias(f"{name}_rank"),
        pl.col("__peers").alias(f"{name}_peers"),
        pl.col("__unknown").alias(f"{name}_unknown"),
        pl.when(enough).then(OK).otherwise(FEW).cast(pl.Int8).alias(f"__s_{name}"),
        pl.col("__doubtful").fill_null(False).alias(f"__p_{name}"),
    )
