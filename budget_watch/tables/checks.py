"""Runs the checks of a contract on stored rows: which relations do not hold, and by how much.

Amounts are fen. Published figures are rounded: a gap counts only above half a rounding unit
(`round_fen`) per addend; where the rounding is one fen, above nothing. Blanks decide nothing: a gap
with a blank addend is null.
"""

from __future__ import annotations

import polars as pl

from budget_watch.tables.contract import Check, Contract

GAPS = pl.Schema(
    {
        "check": pl.String,
        "column": pl.String,
        "grain": pl.String,
        "left": pl.Int64,
        "right": pl.Int64,
        "gap": pl.Int64,
        "tolerance": pl.Int64,
    }
)


def row_violation(check: Check) -> pl.Expr:
    """Return a Boolean expression for a `holds` or `balance` check: true where it is violated.

    Null where a blank leaves it open. Needs `round_fen` for balances. Raises ValueError for kinds
    that look at more than one row.
    """
    if check.kind == "holds" and check.holds:
        violated = ~pl.sql_expr(check.holds)
    elif check.kind == "balance" and check.left and check.right:
        left, right = pl.sql_expr(check.left), pl.sql_expr(check.right)
        addends = len({*left.meta.root_names(), *right.meta.root_names()})
        violated = (left - right).abs() > _tolerance(pl.col("round_fen"), addends)
    else:
        raise ValueError(f"校验 {check.id}（{check.kind}）不能逐行判断；请用 gaps")
    return violated if check.when is None else violated & pl.sql_expr(check.when)


def gaps(contract: Contract, check: Check, rows: pl.LazyFrame | pl.DataFrame) -> pl.DataFrame:
    """Return one row (GAPS) wherever a `rows`, `parents`, `chain` or `scopes` check fails.

    `grain` names the place as text (`fiscal_year=2025 month=9 …`), `column` the amount in question,
    and left − right = gap. `rows` are stored rows of the contract's table with `round_fen`.
    Raises ValueError for kinds that are judged elsewhere.
    """
    frame = rows.lazy()
    if check.when is not None:
        frame = frame.filter(pl.sql_expr(check.when))
    parts = {"rows": _rows, "parents": _parents, "chain": _chain, "scopes": _scopes}
    if check.kind not in parts:
        raise ValueError(f"{contract.code} 的校验 {check.id}（{check.kind}）不在本表内逐组判断")
    found = parts[check.kind](check, frame)
    failed = found.filter((pl.col("left") - pl.col("right")).abs() > pl.col("tolerance"))
    return failed.select(
        pl.lit(check.id).alias("check"),
        "column",
        "grain",
        "left",
        "right",
        (pl.col("left") - pl.col("right")).alias("gap"),
        "tolerance",
    ).collect()


def _tolerance(round_fen: pl.Expr, addends: pl.Expr | int) -> pl.Expr:
    return pl.when(round_fen > 1).then(round_fen * addends // 2).otherwise(0).cast(pl.Int64)


def _grain(columns: tuple[str, ...]) -> pl.Expr:
    pairs = [
        pl.format(f"{name}={{}}", pl.col(name).cast(pl.String).fill_null("空")) for name in columns
    ]
    return pl.concat_str(pairs, separator=" ").alias("grain")


def _whole_sum(value: pl.Expr) -> pl.Expr:
    """Sum that is null if any addend is."""
    return pl.when(value.null_count() == 0).then(value.sum())


def _rows(check: Check, frame: pl.LazyFrame) -> pl.LazyFrame:
    value = pl.col(str(check.value))
    left, right = (pl.sql_expr(str(side)) for side in (check.left, check.right))
    sums = frame.group_by(check.by).agg(
        _whole_sum(value.filter(left)).alias("left"),
        _whole_sum(value.filter(right)).alias("right"),
        left.sum().alias("n_left"),
        (left | right).sum().alias("addends"),
        right.any().alias("has_right"),
        pl.col("round_fen").max(),
    )
    complete = pl.col("has_right") | (pl.lit(check.right == "false"))
    return sums.filter((pl.col("n_left") > 0) & complete).select(
        pl.lit(check.value).alias("column"),
        _grain(check.by),
        "left",
        "right",
        _tolerance(pl.col("round_fen"), pl.col("addends")).alias("tolerance"),
    )


def _long(check: Check, frame: pl.LazyFrame, keep: tuple[str, ...]) -> pl.LazyFrame:
    return frame.select(*keep, "round_fen", *check.sums).unpivot(
        check.sums, index=[*keep, "round_fen"], variable_name="column", value_name="amount"
    )


def _parents(check: Check, frame: pl.LazyFrame) -> pl.LazyFrame:
    code = str(check.column)
    by = [*check.by, "column"]
    long = _long(check, frame, (*check.by, code))
    length = pl.col(code).str.len_chars()
    below = (
        long.filter(length > 3)
        .with_columns(pl.col(code).str.slice(0, length - 2))
        .group_by(*by, code)
        .agg(_whole_sum(pl.col("amount")).alias("right"), (pl.len() + 1).alias("addends"))
    )
    return long.join(below, on=[*by, code], nulls_equal=True).select(
        "column",
        _grain((*check.by, code)),
        pl.col("amount").alias("left"),
        "right",
        _tolerance(pl.col("round_fen"), pl.col("addends")).alias("tolerance"),
    )


def _chain(check: Check, frame: pl.LazyFrame) -> pl.LazyFrame:
    left, right = (pl.sql_expr(str(side)) for side in (check.left, check.right))
    addends = len({*left.meta.root_names(), *right.meta.root_names()}) + 1
    place = (*check.by, *check.order)
    linked = (
        frame.with_columns(left.alias("left"), right.alias("own"), _position(check).alias("at"))
        .sort(*check.by, "at")
        .with_columns(
            pl.col("own").shift(1).over(check.by).alias("right"),
            (pl.col("at") - pl.col("at").shift(1).over(check.by)).alias("step"),
        )
    )
    if not check.order[-1].endswith("date"):
        linked = linked.filter(pl.col("step") == 1)
    return linked.select(
        pl.lit(check.right).alias("column"),
        _grain(place),
        "left",
        "right",
        _tolerance(pl.col("round_fen"), addends).alias("tolerance"),
    )


def _position(check: Check) -> pl.Expr:
    """Number the periods, so that neighbours differ by one."""
    if check.order == ("fiscal_year", "month"):
        return pl.col("fiscal_year") * 12 + pl.col("month")
    last = pl.col(check.order[-1])
    return last.cast(pl.Int32).cast(pl.Int64) if check.order[-1].endswith("date") else last


def _scopes(check: Check, frame: pl.LazyFrame) -> pl.LazyFrame:
    long = _long(check, frame, (*check.by, "scope_kind"))
    whole = pl.col("scope_kind") == "全市"
    part = pl.col("scope_kind").is_in(["本级", "县区", "开发区", "抵销"])
    signed = (
        pl.when(pl.col("scope_kind") == "抵销").then(-pl.col("amount")).otherwise(pl.col("amount"))
    )
    counties = (pl.col("scope_kind") == "县区").any()
    own = (pl.col("scope_kind") == "本级").any()
    sums = long.group_by(*check.by, "column").agg(
        _whole_sum(pl.col("amount").filter(whole)).alias("left"),
        _whole_sum(signed.filter(part)).alias("right"),
        (whole.any() & own & counties).alias("complete"),
        (whole | part).sum().alias("addends"),
        pl.col("round_fen").max(),
    )
    return sums.filter("complete").select(
        "column",
        _grain(check.by),
        "left",
        "right",
        _tolerance(pl.col("round_fen"), pl.col("addends")).alias("tolerance"),
    )
