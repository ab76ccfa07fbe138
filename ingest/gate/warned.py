"""What the gate notices and lets through: figures that do not add up, credit codes that are wrong.

An error in published figures is what supervision looks for, so no row is kept out for it (the
rules find it in the lake: SJ04, SJ07). It is counted here, so that who delivered hears of it the
same day.
"""

from __future__ import annotations

import polars as pl

from budget_watch.codes.uscc import is_valid
from budget_watch.tables import Contract
from budget_watch.tables.checks import row_violation
from ingest.gate.relations import relations
from ingest.gate.violations import Kind, Violation

_ROUND = "round_fen"
_GROUPED = ("parents", "rows")
GROUPED_ROWS = 400_000  # relations over groups are looked at in deliveries of up to so many rows


def row_warnings(contract: Contract, columns: frozenset[str]) -> tuple[Violation, ...]:
    """Return the checks that look at one stored row each, for a frame of these columns."""
    found = []
    for check in contract.checks:
        if check.kind not in ("holds", "balance"):
            continue
        expr = row_violation(check)
        if set(expr.meta.root_names()) - {_ROUND} <= columns:
            kind: Kind = "holds" if check.kind == "holds" else "balance"
            found.append(_warning(check.id, kind, check.title, expr))
    for column in contract.columns:
        if "uscc" in column.codes and column.name in columns:
            wrong = pl.col(column.name).map_batches(
                _wrong_codes, return_dtype=pl.Boolean, is_elementwise=True
            )
            said = f"“{column.title}”校验位不对"
            found.append(_warning(column.name, "uscc", said, wrong))
    return tuple(found)


def count_warnings(rules: tuple[Violation, ...], good: pl.DataFrame) -> dict[str, int]:
    """Return rule id → rows that break it."""
    if not rules or good.is_empty():
        return {}
    rows = good if _ROUND in good.columns else good.with_columns(pl.lit(1).alias(_ROUND))
    rows = rows.with_columns(pl.col(_ROUND).fill_null(1))
    counted = rows.select([rule.expr.sum().alias(rule.id) for rule in rules]).row(0, named=True)
    return {rule: int(count) for rule, count in counted.items() if count}


def group_warnings(contract: Contract, good: pl.DataFrame) -> dict[str, int]:
    """Return check id → groups in which parts and whole differ by more than their rounding."""
    if not any(check.kind in _GROUPED for check in contract.checks) or good.is_empty():
        return {}
    if good.height > GROUPED_ROWS:
        return {}
    beside = {name: pl.lit(1) for name in (_ROUND, "src_row") if name not in good.columns}
    rows = good.with_columns(**beside).with_columns(pl.col(_ROUND).fill_null(1))
    others = frozenset(check.id for check in contract.checks if check.kind not in _GROUPED)
    return {
        f"{one.id}.parents": one.failed
        for one in relations(contract, rows, without=others)
        if one.failed
    }


def _warning(name: str, kind: Kind, said: str, expr: pl.Expr) -> Violation:
    return Violation(f"{name}.{kind}", name, kind, said, expr.fill_null(False))


def _wrong_codes(codes: pl.Series) -> pl.Series:
    """True where a credit code has a wrong form or check digit; each code looked at once."""
    seen = codes.unique().drop_nulls()
    wrong = [code for code in seen.to_list() if not is_valid(code)]
    return codes.is_in(wrong)
