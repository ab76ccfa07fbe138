"""Puts the rows of several sheets together that state the same key, and finds contradictions."""

from __future__ import annotations

import polars as pl

from budget_watch.tables import Contract
from ingest.bind.records import REASON, ROUND

SHEET = "_sheet"
_ORDER = "_order"


def merged(table: Contract, frames: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (rows by key, contradicting rows with their reason).

    Rows of one key from different sheets become one: the first sheet's figures, completed by later
    ones. A later row whose money differs by more than the rounding of both is kept out. Repetitions
    inside one sheet stay, for the gate to find. `_sheet` of a merged row is the first sheet's.
    """
    rows = pl.concat(frames).with_row_index(_ORDER)
    key = list(table.key)
    usable = pl.col(REASON).is_null() & pl.all_horizontal(pl.col(key).is_not_null())
    distinct = pl.struct([*key, SHEET]).is_first_distinct()
    first = rows.filter(usable & distinct)
    repeated = rows.filter(~(usable & distinct))
    several = first.filter(pl.len().over(key) > 1) if first.height else first
    if several.is_empty():
        return rows.drop(_ORDER), rows.clear().drop(_ORDER)
    money = [column.name for column in table.money_columns]
    leading = several.group_by(key, maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first().alias(f"1:{name}") for name in money),
        pl.col(SHEET).first().alias("1:sheet"),
    )
    judged = several.join(leading, on=key, how="left", nulls_equal=True).with_columns(
        pl.max(ROUND).over(key).alias("_slack")
    )
    gaps = [
        ((pl.col(name) - pl.col(f"1:{name}")).abs() > pl.col("_slack")).fill_null(False)
        for name in money
    ]
    off = judged.filter(pl.any_horizontal(gaps))
    titles = {column.name: column.title for column in table.money_columns}
    said = pl.coalesce(
        pl.when(gap).then(
            pl.format(
                "“{}”与工作表“{}”同一科目的“{}”不一致（{} 对 {} 元）",
                pl.col(SHEET),
                pl.col("1:sheet"),
                pl.lit(titles[name]),
                pl.col(name) / 100,
                pl.col(f"1:{name}") / 100,
            )
        )
        for gap, name in zip(gaps, money, strict=True)
    )
    contradicting = off.with_columns(said.alias(REASON)).select(rows.columns)
    agreeing = several.join(off.select(_ORDER), on=_ORDER, how="anti")
    others = [name for name in rows.columns if name not in (*key, _ORDER)]
    together = agreeing.group_by(key, maintain_order=True).agg(
        *(
            pl.col(name).max() if name == ROUND else pl.col(name).drop_nulls().first()
            for name in others
        ),
        pl.col(_ORDER).first(),
    )
    single = first.join(several.select(_ORDER), on=_ORDER, how="anti")
    whole = pl.concat([single, together.select(rows.columns), repeated]).sort(_ORDER)
    return whole.drop(_ORDER), contradicting.drop(_ORDER)
