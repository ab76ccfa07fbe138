"""Holds a delivery against the rows whose place it takes: what was rewritten, what is gone.

Called only where a delivery removed rows, and looks at those years' files alone. Rows are compared
by a hash of their contract's columns; only the first few hundred that differ are looked at closely.
What is found goes to the mart `row_change`, so that it is published with the rows or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from budget_watch.lake.ledger import Batch
from budget_watch.lake.marts.row_change import CONTRACT
from budget_watch.tables import Contract, polars_schema

CORRECTION = "更正"
SHOWN = 300  # rows of one delivery and kind that are written down; `rows` has the whole number
_SCHEMA = polars_schema(CONTRACT, technical=False)
# names that no contract has
_HASH, _WHOLE, _STATUS = ".hash", ".whole", ".status"
_KIND, _CORRECTED, _ROWS = ".kind", ".corrected", ".rows"


def compare(
    old: pl.LazyFrame, new: pl.LazyFrame, replaced: pl.Expr, contract: Contract, batch: Batch
) -> pl.DataFrame:
    """The changed and the gone rows of a delivery, as rows of `row_change`.

    Args:
        old: rows of the table before the delivery (all that may have been removed).
        new: the delivered rows, stored columns.
        replaced: over the old rows, which of them the delivery stands for as a whole, so that they
            are gone if it does not hold them; others are only held against rows of the same key.
    """
    key = list(contract.key)
    content = pl.struct([name for name in contract.names if name not in key]).hash()
    before = old.select(*key, content.alias(_HASH), replaced.fill_null(False).alias(_WHOLE))
    after = new.select(*key, content.alias(f"{_HASH}2"), pl.col("data_status").alias(_STATUS))
    found = pl.col(f"{_HASH}2").is_not_null()
    differing = (
        before.join(after, on=key, how="left", nulls_equal=True)
        .filter((found & (pl.col(_HASH) != pl.col(f"{_HASH}2"))) | (~found & pl.col(_WHOLE)))
        .select(
            *key,
            pl.when(found).then(pl.lit("改写")).otherwise(pl.lit("消失")).alias(_KIND),
            (pl.col(_STATUS) == CORRECTION).alias(_CORRECTED),
        )
        .collect(engine="streaming")
    )  # fmt: skip
    if differing.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    announced = is_correction(new)
    counted = differing.with_columns(
        pl.col(_CORRECTED).fill_null(announced),
        pl.len().over(_KIND).cast(pl.Int64).alias(_ROWS),
    ).sort(_CORRECTED, *key, nulls_last=True)
    shown = counted.group_by(_KIND, maintain_order=True).head(SHOWN).select(counted.columns)
    return _described(shown, old, new, contract, batch)


def is_correction(new: pl.LazyFrame) -> bool:
    """Whether a delivery says of itself that it corrects (更正)."""
    corrects = (pl.col("data_status") == CORRECTION).any()
    return bool(new.select(corrects).collect(engine="streaming").item())


def repeated_keys(contract: Contract, batch: Batch, rows: int) -> pl.DataFrame:
    """The row that says how many delivered rows shared their key with another."""
    one = pl.DataFrame({_KIND: ["重复"], _CORRECTED: [False], _ROWS: [rows]})
    return _finished(one, contract, batch)


def _described(
    shown: pl.DataFrame, old: pl.LazyFrame, new: pl.LazyFrame, contract: Contract, batch: Batch
) -> pl.DataFrame:
    """The rows with their key, the first column that differs (money first), and both values."""
    key = list(contract.key)
    keys = shown.select(key).lazy()
    others = [column for column in contract.columns if column.name not in key]
    ordered = sorted(others, key=lambda column: column.type != "money")
    wanted = [*key, *(column.name for column in ordered)]
    kept = old.select(wanted).join(keys, on=key, how="semi", nulls_equal=True)
    came = new.select(wanted).join(keys, on=key, how="semi", nulls_equal=True)
    sides = kept.join(came, on=key, how="left", nulls_equal=True, suffix="›").collect(
        engine="streaming"
    )
    rows = shown.join(sides, on=key, how="left", nulls_equal=True, maintain_order="left")
    changed = pl.col(_KIND) == "改写"
    column_title: list[tuple[pl.Expr, pl.Expr]] = []
    values: dict[str, list[tuple[pl.Expr, pl.Expr]]] = {
        name: [] for name in ("old_value", "new_value", "old_amt", "new_amt")
    }
    for column in ordered:
        now = f"{column.name}›"
        differs = changed & pl.col(column.name).ne_missing(pl.col(now))
        column_title.append((differs, pl.lit(column.title)))
        for name, source in (("old", column.name), ("new", now)):
            money = column.type == "money"
            text = _yuan(pl.col(source)) if money else pl.col(source).cast(pl.String)
            if column.personal is not None:  # never written down outside its own table
                text = pl.lit(None, pl.String)
            amount = pl.col(source) if money else pl.lit(None, pl.Int64)
            values[f"{name}_value"].append((differs, text.str.slice(0, 60)))
            values[f"{name}_amt"].append((differs, amount))
    shown_key = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in key], separator="/"
    )
    year = {"fiscal_year": pl.col("fiscal_year")} if "fiscal_year" in rows.columns else {}
    place = {"mof_div_code": pl.col("mof_div_code")} if "mof_div_code" in rows.columns else {}
    told = rows.select(
        _KIND,
        _CORRECTED,
        _ROWS,
        row_key=shown_key,
        column_title=_first(column_title, pl.String()),
        old_value=_first(values["old_value"], pl.String()),
        new_value=_first(values["new_value"], pl.String()),
        old_amt=_first(values["old_amt"], pl.Int64()),
        new_amt=_first(values["new_amt"], pl.Int64()),
        **year,
        **place,
    )
    return _finished(told, contract, batch)


def _yuan(fen: pl.Expr) -> pl.Expr:
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, cents = fen.abs() // 100, (fen.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(sign, whole.cast(pl.String), pl.lit("."), cents, pl.lit("元"))


def _first(cases: Sequence[tuple[pl.Expr, pl.Expr]], dtype: pl.DataType) -> pl.Expr:
    """The value of the first case that holds."""
    result = pl.lit(None, dtype)
    for when, value in reversed(cases):
        result = pl.when(when).then(value).otherwise(result)
    return result


def _finished(told: pl.DataFrame, contract: Contract, batch: Batch) -> pl.DataFrame:
    """The rows in the mart's shape."""
    year = pl.lit(batch.biz_date.year, pl.Int64)
    number = pl.int_range(pl.len()).over(_KIND).cast(pl.String)
    mark = f"{batch.id}/{batch.source_hash[:8]}/"
    given = told.columns
    full = told.with_columns(
        change_id=pl.concat_str(pl.lit(mark), _KIND, pl.lit("/"), number),
        table_code=pl.lit(contract.code),
        title=pl.lit(contract.title),
        delivering_dept=pl.lit(batch.src_dept or contract.delivering_dept),
        slot=pl.lit(batch.id),
        changed_on=pl.lit(batch.biz_date, pl.Date()),
        fiscal_year=pl.col("fiscal_year").fill_null(year) if "fiscal_year" in given else year,
        kind=pl.col(_KIND),
        corrected=pl.col(_CORRECTED),
        rows=pl.col(_ROWS),
    )
    missing = [name for name in _SCHEMA if name not in full.columns]
    return full.with_columns(pl.lit(None).alias(name) for name in missing).select(
        pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items()
    )
