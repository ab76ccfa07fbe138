"""Evaluates a contract's relations between rows and columns: balances, parents and children.

Published figures are rounded: a sum may differ from its total by half a rounding unit for each
addend (design §4). What differs by more is reported with its place; the rows are stored all the
same, because an error in published figures is what supervision looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from budget_watch.tables import Contract
from budget_watch.tables.contract import Check

_ROUND = "round_fen"


@dataclass(frozen=True)
class Relation:
    """What one check found: how many groups were looked at, how many differ, and the first."""

    id: str
    title: str
    groups: int
    failed: int
    example: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the check as a JSON-ready mapping."""
        return {
            "check": self.id,
            "title": self.title,
            "groups": self.groups,
            "failed": self.failed,
            "example": self.example,
        }


def relations(
    contract: Contract, rows: pl.DataFrame, without: frozenset[str] = frozenset()
) -> list[Relation]:
    """Return the results of all checks that one table's rows can answer (not cross, not chain).

    `without` are checks that are not asked.
    """
    found: list[Relation] = []
    for check in contract.checks:
        if check.id in without:
            continue
        if check.kind == "parents":
            found.append(_parents(contract, check, rows))
        elif check.kind == "balance":
            found.append(_balance(check, rows))
        elif check.kind == "rows":
            found.append(_rows(check, rows))
        elif check.kind == "holds":
            found.append(_holds(check, rows))
    return [relation for relation in found if relation.groups]


def _parents(contract: Contract, check: Check, rows: pl.DataFrame) -> Relation:
    """Each code's figures equal the sum of the codes one level below, where there are any."""
    code = str(check.column)
    by = [name for name in check.by if name in rows.columns]
    sums = [name for name in check.sums if name in rows.columns and rows[name].count()]
    if not sums or rows.is_empty():
        return Relation(check.id, check.title, 0, 0)
    coded = rows.filter(pl.col(code).str.contains(r"^\d+$"))
    known = set(coded[code].to_list())
    parent = {one: _parent(one, known) for one in known}
    children = coded.with_columns(
        pl.col(code).replace_strict(parent, default=None, return_dtype=pl.String).alias("_parent")
    ).filter(pl.col("_parent").is_not_null())
    totals = children.group_by([*by, "_parent"]).agg(
        [pl.col(sums).sum(), pl.len().alias("_addends"), pl.col(_ROUND).max().alias("_unit")]
    )
    both = coded.join(
        totals, left_on=[*by, code], right_on=[*by, "_parent"], suffix="_children", nulls_equal=True
    )
    if both.is_empty():
        return Relation(check.id, check.title, 0, 0)
    slack = pl.col("_unit") * (pl.col("_addends") + 1) // 2
    gaps = [
        (pl.col(name).fill_null(0) - pl.col(name + "_children")).abs() > _slack(slack)
        for name in sums
    ]
    judged = both.with_columns(pl.any_horizontal(gaps).alias("_off"))
    off = judged.filter("_off")
    example = None
    if off.height:
        row = off.row(0, named=True)
        name = next(n for n in sums if (row[n] or 0) != row[n + "_children"])
        title = contract.column(name).title
        example = (
            f"{row[code]} {row.get('item_name') or ''} {title}：本行 {_yuan(row[name])}，"
            f"下级合计 {_yuan(row[name + '_children'])}"
        )
    return Relation(check.id, check.title, judged.height, off.height, example)


def _slack(slack: pl.Expr) -> pl.Expr:
    return pl.when(pl.col("_unit") > 1).then(slack).otherwise(0)


def _parent(code: str, known: set[str]) -> str | None:
    return next((code[:n] for n in range(len(code) - 1, 2, -1) if code[:n] in known), None)


def _balance(check: Check, rows: pl.DataFrame) -> Relation:
    """left = right per row, within half a rounding unit for each figure that takes part."""
    left, right = pl.sql_expr(str(check.left)), pl.sql_expr(str(check.right))
    names = {*left.meta.root_names(), *right.meta.root_names()}
    if not names <= set(rows.columns):
        return Relation(check.id, check.title, 0, 0)
    slack = pl.when(pl.col(_ROUND) > 1).then(pl.col(_ROUND) * len(names) // 2).otherwise(0)
    scope = rows if check.when is None else rows.filter(pl.sql_expr(check.when))
    judged = scope.select(
        left.alias("l"), right.alias("r"), slack.alias("s"), "src_row"
    ).drop_nulls(["l", "r"])
    off = judged.filter((pl.col("l") - pl.col("r")).abs() > pl.col("s"))
    example = None
    if off.height:
        row = off.row(0, named=True)
        example = f"第{row['src_row']}行：{_yuan(row['l'])} 对 {_yuan(row['r'])}"
    return Relation(check.id, check.title, judged.height, off.height, example)


def _rows(check: Check, rows: pl.DataFrame) -> Relation:
    """Within each group Σ value of the left rows = Σ value of the right rows."""
    by = [name for name in check.by if name in rows.columns]
    value = pl.sql_expr(str(check.value))
    left, right = pl.sql_expr(str(check.left)), pl.sql_expr(str(check.right))
    judged = (
        rows.with_columns(value.alias("_v"), left.alias("_l"), right.alias("_r"))
        .filter(pl.col("_v").is_not_null())
        .group_by(by)
        .agg(
            pl.col("_v").filter("_l").sum().alias("l"),
            pl.col("_v").filter("_r").sum().alias("r"),
            pl.col("_v").filter("_l").len().alias("nl"),
            pl.col("_v").filter("_r").len().alias("nr"),
            pl.col(_ROUND).max().alias("u"),
        )
        .filter((pl.col("nl") > 0) & (pl.col("nr") > 0))
    )
    slack = pl.when(pl.col("u") > 1).then(pl.col("u") * (pl.col("nl") + pl.col("nr")) // 2)
    off = judged.filter((pl.col("l") - pl.col("r")).abs() > slack.otherwise(0))
    example = None
    if off.height:
        row = off.sort(by).row(0, named=True)
        where = "、".join(str(row[name]) for name in by)
        example = f"{where}：{_yuan(row['l'])} 对 {_yuan(row['r'])}"
    return Relation(check.id, check.title, judged.height, off.height, example)


def _holds(check: Check, rows: pl.DataFrame) -> Relation:
    expression = pl.sql_expr(str(check.holds))
    if not set(expression.meta.root_names()) <= set(rows.columns):
        return Relation(check.id, check.title, 0, 0)
    scope = rows if check.when is None else rows.filter(pl.sql_expr(check.when))
    judged = scope.select(expression.alias("ok"), "src_row").drop_nulls("ok")
    off = judged.filter(~pl.col("ok"))
    example = f"第{off['src_row'][0]}行" if off.height else None
    return Relation(check.id, check.title, judged.height, off.height, example)


def _yuan(fen: int | None) -> str:
    return "空" if fen is None else f"{fen / 100:,.2f}元"
