"""What of a table or mart a grant lets through: whether, which rows, which columns, how deep.

A table more sensitive than the reader's role is closed; so is one whose rows lie deeper than the
reader may go, unless it has sums. Payments, plans and budget lines have: for a reader of projects
they come summed to the project and day, with no document, payee or purpose left. Where a reader is
cut to departments, a table that knows no department is open only if it is public.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from budget_watch.access import Depth, Grant, Sensitivity
from budget_watch.access.levels import column_depth, depth_of
from budget_watch.lake.layout import Layout, layout

COUNT = "__rows"  # how many rows a summed row stands for

_KEYS = ("fiscal_year", "month", "mof_div_code", "scope_kind", "dept_code", "agency_code")
_CODES = ("fund_type_code", "exp_func_code", "gov_bgt_eco_code", "dep_bgt_eco_code")


@dataclass(frozen=True)
class Sums:
    """How a table of documents is summed for readers who may not see them one by one.

    Attributes:
        by: the columns that stay, as far as the reader's depth goes; all others come blank.
        sensitivity: of the sums.
    """

    by: tuple[str, ...]
    sensitivity: Sensitivity = Sensitivity.INTERNAL


SUMS = {
    "payment": Sums(
        (*_KEYS, "quarter", "pay_date", "pro_code", "bgt_id", *_CODES, "budget_level_code")
    ),
    "payment_plan": Sums((*_KEYS, "plan_month", "plan_date", "pro_code", "bgt_id", *_CODES)),
    "budget_line": Sums(
        (*_KEYS, "eff_date", "pro_code", "bgt_id", *_CODES, "found_type_code", "entry", "cause")
    ),
    "indicator": Sums((*_KEYS, "doc_date", "pro_code", *_CODES, "found_type_code", "is_deleted")),
}


@dataclass(frozen=True)
class Letting:
    """What a grant does with one table.

    Attributes:
        closed: why nothing is shown, in Chinese; None where something is.
        summed: the columns that stay of a table that comes as sums; None where rows come whole.
        blank: columns that come without values.
    """

    closed: str | None = None
    summed: tuple[str, ...] | None = None
    blank: frozenset[str] = frozenset()

    def hides(self, column: str) -> bool:
        """Whether no row shows what stands in a column."""
        return self.closed is not None or column in self.blank


def letting(grant: Grant, shape: Layout) -> Letting:
    """What the grant lets through of a table, apart from the rows its scope cuts."""
    name, contract = shape.name, shape.contract
    if grant.whole:
        return Letting()
    own = Sensitivity.of(contract.sensitivity)
    depth = Depth.DEPARTMENT if contract.kind == "reference" else depth_of(contract.key)
    sums = SUMS.get(name)
    if sums is not None and (depth > grant.reach(name) or not grant.may_table(name, own)):
        own, depth = sums.sensitivity, grant.reach(name)
        summed: tuple[str, ...] | None = _kept(sums, shape, depth)
    else:
        summed = None
    closed = _closed(grant, shape, own, depth)
    return Letting(closed) if closed else Letting(None, summed, _blank(grant, shape, summed))


def _closed(grant: Grant, shape: Layout, own: Sensitivity, depth: Depth) -> str | None:
    """Why nothing of a table is shown, whose rows or sums are so sensitive and so deep."""
    name, title, scope = shape.name, shape.contract.title, grant.scope
    if not grant.business:
        return "您的身份不查看业务数据"
    if not grant.may_table(name, own):
        return f"{title}为{own.word}数据，不在您的权限内"
    if depth > grant.reach(name):
        return f"{title}到{depth.word}，您可查看到{grant.reach(name).word}"
    if Sensitivity.of(shape.contract.sensitivity) is not Sensitivity.OPEN:
        if scope.own and not {"dept_code", "agency_code"} & set(shape.schema):
            return f"{title}不分部门，不在您的范围"
        if scope.regions is not None and "mof_div_code" not in shape.schema:
            return f"{title}不分区划，不在您的范围"
    return None


def _kept(sums: Sums, shape: Layout, depth: Depth) -> tuple[str, ...]:
    return tuple(name for name in sums.by if name in shape.schema and column_depth(name) <= depth)


def _blank(grant: Grant, shape: Layout, summed: Collection[str] | None) -> frozenset[str]:
    hidden = {
        column.name
        for column in shape.contract.columns
        if (
            column.sensitivity is not None
            and not grant.may_table(shape.name, Sensitivity.of(column.sensitivity))
        )
        or grant.withholds(shape.name, column.name)
    }
    if summed is None:
        deep = (name for name in shape.schema if column_depth(name) > grant.reach(shape.name))
        return frozenset(hidden.union(deep))
    return frozenset(hidden | (set(shape.schema) - set(summed) - set(shape.money)))


def cut(
    rows: pl.LazyFrame,
    grant: Grant,
    shape: Layout,
    agencies: Callable[[frozenset[str]], list[str]],
) -> pl.LazyFrame:
    """Rows within scope and window, summed and blanked as the grant says; the schema stays.

    Summed rows carry one column more: `COUNT`, the number of rows behind each.

    Args:
        agencies: the units of departments, for tables that name units only.
    """
    let = letting(grant, shape)
    if let.closed is not None:
        return rows.clear()
    for term in (*_in_scope(grant, shape, agencies), *_in_window(grant, shape)):
        rows = rows.filter(term)
    if let.summed is not None:
        amounts = [name for name in shape.money if name not in let.blank]
        rows = rows.group_by(let.summed).agg(
            *(pl.col(name).sum() for name in amounts), pl.len().cast(pl.Int64).alias(COUNT)
        )
        gone = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in shape.schema.items()
            if name not in let.summed and name not in amounts
        ]
        return rows.with_columns(gone).select(*shape.schema.names(), COUNT)
    if let.blank:
        rows = rows.with_columns(
            pl.lit(None, shape.schema[name]).alias(name) for name in sorted(let.blank)
            if name in shape.schema
        )  # fmt: skip
    return rows


def _in_scope(
    grant: Grant, shape: Layout, agencies: Callable[[frozenset[str]], list[str]]
) -> list[pl.Expr]:
    scope, terms = grant.scope, []
    if scope.regions is not None and "mof_div_code" in shape.schema:
        terms.append(pl.col("mof_div_code").is_in(sorted(scope.regions)))
    if scope.departments is not None:
        if "dept_code" in shape.schema:
            terms.append(pl.col("dept_code").is_in(sorted(scope.departments)))
        elif "agency_code" in shape.schema:
            terms.append(pl.col("agency_code").is_in(agencies(scope.departments)))
    if scope.units is not None:
        if "agency_code" in shape.schema:
            terms.append(pl.col("agency_code").is_in(sorted(scope.units)))
        elif "dept_code" in shape.schema:  # a department's own figure is more than a unit's
            terms.append(pl.lit(False))
    return terms


def _in_window(grant: Grant, shape: Layout) -> list[pl.Expr]:
    window, schema = grant.window, shape.schema
    if window.open or shape.contract.kind == "reference":
        return []
    day = shape.contract.date_column
    if day is not None and day in schema:
        return [
            *([pl.col(day) >= window.since] if window.since else []),
            *([pl.col(day) <= window.until] if window.until else []),
        ]
    if "fiscal_year" not in schema:
        return [pl.lit(False)]
    if "month" not in schema:
        year = pl.col("fiscal_year")
        return [
            *([year >= window.since.year] if window.since else []),
            *([year <= window.until.year] if window.until else []),
        ]
    at = pl.col("fiscal_year") * 12 + pl.col("month")
    return [
        *([at >= _month(window.since)] if window.since else []),
        *([at <= _month(window.until)] if window.until else []),
    ]


def _month(day: date) -> int:
    return day.year * 12 + day.month


def withheld(grant: Grant, name: str) -> str | None:
    """Why a table or mart is closed to a grant, in Chinese; None where it is not."""
    return letting(grant, layout(name)).closed
