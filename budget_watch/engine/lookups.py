"""Many-to-one look-ups (`join:`) onto grains and rows."""

from __future__ import annotations

import polars as pl

from budget_watch.engine.check import CheckedJoin
from budget_watch.engine.errors import RunError
from budget_watch.engine.frames import Frames


def table(join: CheckedJoin, frames: Frames) -> pl.DataFrame:
    """The looked-up rows, one a key: key columns `__on_i`, taken columns, `<name>_found`.

    Raises:
        RunError: two rows for one key and no `last_by`.
    """
    rows = frames.scan(join.source)
    if join.condition is not None:
        rows = rows.filter(frames.condition(join.source, join.condition))
    keys = [pl.col(theirs).alias(f"__on_{at}") for at, theirs in enumerate(join.on)]
    names = [f"__on_{at}" for at in range(len(join.on))]
    taken = [pl.col(column).alias(f"__t_{new}") for new, column in join.take.items()]
    order = []
    if join.last_by is not None:
        order = [pl.col(join.last_by).alias("__last")]
        order += [pl.col(each).alias(f"__o_{each}") for each in join.source.key]
    found = rows.select(*keys, *taken, *order).drop_nulls(names).collect(engine="streaming")
    if join.last_by is not None:
        sorted_by = [each.meta.output_name() for each in order]
        found = found.sort(sorted_by, nulls_last=False).unique(
            names, keep="last", maintain_order=True
        )
        found = found.drop(sorted_by)
    elif found.height != found.select(pl.struct(names).n_unique()).item():
        raise RunError(
            f"join.{join.name}：{join.source.title}同一个 {'、'.join(join.on)} 有多行，无法对应"
        )
    return found.rename({f"__t_{new}": new for new in join.take}).with_columns(
        pl.lit(True).alias(f"{join.name}_found")
    )


def look_up(rows: pl.LazyFrame, join: CheckedJoin, found: pl.DataFrame) -> pl.LazyFrame:
    """Rows, in their order, with the columns taken and the flag; none is lost or doubled."""
    joined = rows.join(
        found.lazy(),
        left_on=list(join.on.values()),
        right_on=[f"__on_{at}" for at in range(len(join.on))],
        how="left",
        maintain_order="left",
    )
    return joined.with_columns(pl.col(f"{join.name}_found").fill_null(False))
