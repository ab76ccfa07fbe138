"""Makes one parcel of a whole listing: each row once, sorted, columns as text, in Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from budget_watch.lake import Coverage
from budget_watch.tables import Contract
from ingest.gate.classified import is_secret
from ingest.sources.http.kept import Kept
from ingest.sources.http.page import KEY, ROW, UPDATED, VOID

SORTED_ROWS = 50_000  # a larger parcel keeps the order it was listed in, in bounded memory
_GROUP = 20_000
_PASSED, _LIVE, _GONE = 0, 1, 2


@dataclass(frozen=True)
class Written:
    """How many rows were written; how many came twice; the keys of those marked as deleted.

    secret: how many rows were left out because they are marked as state secrets; their keys are
    among those of `void`, since an earlier version may have come without the mark.
    """

    rows: int
    repeated: int
    void: pl.DataFrame
    secret: int = 0


def written(pages: Sequence[Kept], contract: Contract, target: Path) -> Written:
    """Write the rows of all pages once, without those marked as deleted.

    Of a key that was listed in several versions the one updated last stays. Versions that nothing
    tells apart in time all stay: the gate reports them.
    """
    picked, repeated = _picked(pages)
    rows = int((picked == _LIVE).sum())
    writer: pq.ParquetWriter | None = None
    waiting: list[pl.DataFrame] = []
    void: list[pl.DataFrame] = []
    start = secret = 0
    for number, page in enumerate(pages):
        frame = page.frame()
        mine = picked.slice(start, frame.height)
        start += frame.height
        hidden = is_secret(frame) & (mine == _LIVE)
        secret += int(hidden.sum())
        waiting.append(frame.filter((mine == _LIVE) & ~hidden))
        void.append(frame.filter((mine == _GONE) | hidden).select(contract.key))
        full = sum(one.height for one in waiting) >= _GROUP and rows > SORTED_ROWS
        if not full and number + 1 < len(pages):
            continue
        table = _table(pl.concat(waiting), contract, rows <= SORTED_ROWS)
        waiting = []
        writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    gone = pl.concat(void).sort(contract.key)
    return Written(rows - secret, repeated, gone, secret)


def _picked(pages: Sequence[Kept]) -> tuple[pl.Series, int]:
    """Of each row of all pages, in order, what becomes of it; and how many are repetitions."""
    marks = pl.concat([page.frame(KEY, ROW, UPDATED, VOID) for page in pages])
    first = pl.int_range(pl.len()).over(KEY, ROW) == 0
    newest = pl.col(UPDATED).max().over(KEY)
    last = newest.is_null() | (pl.col(UPDATED) == newest).fill_null(False)
    fate = pl.when(first & last).then(pl.when(VOID).then(_GONE).otherwise(_LIVE)).otherwise(_PASSED)
    picked = marks.select(fate.cast(pl.Int8).alias("fate"))["fate"]
    return picked, int((picked == _PASSED).sum())


def write_keys(keys: pl.DataFrame, contract: Contract, target: Path) -> None:
    """Write the keys of rows that are gone at the source."""
    table = keys.to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(table.replace_schema_metadata({"table": contract.code}), target)


def _table(frame: pl.DataFrame, contract: Contract, sort: bool) -> pa.Table:
    if sort:
        frame = frame.sort(*contract.key, ROW)
    blank = [
        name
        for name in ("data_status", "src_dept", "secret_flag", "round_fen")
        if name in frame.columns and not frame[name].count() and sort
    ]
    frame = frame.drop(UPDATED, KEY, ROW, VOID, *blank)
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.replace_schema_metadata({"table": contract.code})


def covered(
    path: Path, contract: Contract, regions: Sequence[str], slices: Sequence[tuple[int, int]]
) -> tuple[Coverage, ...] | None:
    """What a parcel stands for: its slot's months for the regions, and what its rows speak of.

    None where no regions are configured: then it is read off the rows alone.
    """
    if not regions:
        return None
    found = {Coverage(year, month, region) for year, month in slices for region in regions}
    names = pq.read_schema(path).names
    if "fiscal_year" in names and "mof_div_code" in names:
        month = pl.lit(0)
        if "month" in names and "month" in contract.period:
            month = pl.col("month").cast(pl.Int64, strict=False)
        elif contract.date_column in names:
            month = pl.col(str(contract.date_column)).str.slice(5, 2).cast(pl.Int64, strict=False)
        rows = (
            pl.scan_parquet(path)
            .select(
                pl.col("fiscal_year").cast(pl.Int64, strict=False), month.alias("m"), "mof_div_code"
            )
            .drop_nulls()
            .filter(pl.col("m").is_between(0, 12))
            .unique()
            .collect(engine="streaming")
        )
        found |= {Coverage(year, m, region) for year, m, region in rows.iter_rows()}
    return tuple(sorted(found))


def newest(pages: Sequence[Kept]) -> int:
    """The newest update time of a listing in seconds; 0 where it has none."""
    times = [page.frame(UPDATED)[UPDATED].max() for page in pages]
    return max((int(one) // 1000 for one in times if isinstance(one, int)), default=0)
