"""Takes rows out of the lake that were deleted at the source (`Parcel.gone`): keys in, rows out.

The version before can still be read, and the change list names every row as 消失: nothing vanishes
without a trace.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from budget_watch.lake import Batch, Writer
from budget_watch.lake.writer import Stored
from budget_watch.tables import Contract, polars_schema
from ingest.errors import Refused
from ingest.gate.secrets import hashed_ids, person_key
from ingest.gate.typing import typed

_BETWEEN = "\x1f"
_LAST = "\U0010ffff"  # comes after every name


def withdraw(writer: Writer, contract: Contract, path: Path, batch: Batch) -> Stored:
    """Take the rows of the keys in a Parquet file out of the table; `removed` says how many went.

    A key that the lake does not hold is passed over. The ledger's line of the batch says 0
    delivered, 0 stored: keys are no rows.

    Raises:
        Refused: the file lacks a column of the key.
    """
    keys = pl.read_parquet(path)
    hashes = {e.meta.output_name(): e for e in hashed_ids(contract, keys.schema, _secret(writer))}
    plain = {e.meta.output_name(): e for e in typed(contract, keys.schema, frozenset())}
    missing = [name for name in contract.key if name not in {**plain, **hashes}]
    if missing:
        raise Refused(
            f"销号清单“{path.name}”（{contract.code}）缺少主键列 {'、'.join(missing)}；"
            "请在数据源设置里把主键列对应上。",
            contract.code,
        )
    wanted = keys.select([hashes.get(name, plain.get(name)) for name in contract.key])  # type: ignore[arg-type]
    gone = wanted.select(_joined(contract).alias("k"))["k"].drop_nulls().unique()
    nothing = pl.DataFrame(schema=polars_schema(contract, technical=False))
    # What the source delivered anew afterwards is not gone, although this list comes late. Of equal
    # rank the list comes after the rows.
    again = pl.col("batch_id").is_in(sorted(writer.newer(replace(batch, id=_LAST))))
    leaves = _joined(contract).is_in(gone.implode()) & ~again
    return writer.replace(contract.name, nothing, batch, predicate=leaves)


def _secret(writer: Writer) -> bytes:
    return person_key(writer.home.root)


def _joined(contract: Contract) -> pl.Expr:
    """The key's values as one text; null where one of them is."""
    return pl.concat_str(
        [pl.col(name).cast(pl.String) for name in contract.key], separator=_BETWEEN
    )
