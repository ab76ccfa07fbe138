"""Finds rows deleted at the source: keys that the spool holds and the database does not."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from ingest.spool import Parcel

_GONE, _REVISION = "_gone", "_revision"


def known_keys(parcels: Iterable[Parcel], table: str, part: str, key: list[str]) -> pl.DataFrame:
    """The keys, as text, of all increments of a table that no later parcel took out."""
    frames = []
    for parcel in parcels:
        if parcel.table == table and not parcel.whole and of_part(parcel, part):
            frames.append(
                pl.scan_parquet(parcel.path).select(
                    *_texts(key),
                    pl.lit(parcel.gone).alias(_GONE),
                    pl.lit(parcel.revision).alias(_REVISION),
                )
            )
    if not frames:
        return pl.DataFrame(schema=dict.fromkeys(key, pl.String()))
    # of one turn what came counts, not what went: a deleted row may have a living one of its key
    last = pl.col(_GONE).sort_by(pl.col(_REVISION), ~pl.col(_GONE)).last()
    return (
        pl.concat(frames)
        .group_by(key)
        .agg(last.alias(_GONE))
        .filter(~pl.col(_GONE))
        .select(key)
        .collect(engine="streaming")
    )


def gone_keys(known: pl.DataFrame, there: pl.LazyFrame, key: list[str]) -> pl.DataFrame:
    """Those of the known keys that are not there, sorted."""
    left = known.lazy().join(there.select(_texts(key)), on=key, how="anti")
    return left.sort(key).collect(engine="streaming")


def of_part(parcel: Parcel, part: str) -> bool:
    """Whether a parcel came from this part of the table (`TableSettings.part`)."""
    return parcel.period.endswith(f"@{part}") if part else "@" not in parcel.period


def _texts(key: list[str]) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.String) for name in key]
