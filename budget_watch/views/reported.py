"""全市 as the monthly report has it: 本级 + 县区 + 开发区 − 抵销, and what is left over.

Vouchers hold each payment once, so summing them needs no 抵销. The monthly reports count
a transfer twice (given by the city, spent by the county): there the 抵销 row is taken off.
Money is fen; only the last closed month of the span can be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from budget_watch.views.query import Desk
from budget_watch.views.report_rows import STAGES
from budget_watch.views.span import Span

KINDS = ("本级", "县区", "开发区", "抵销", "全市")


@dataclass(frozen=True)
class Reported:
    """One level's expenditure in the report.

    Attributes:
        flag: 本级支出 or 对下转移 for the city itself, empty for the others.
        budget, adjusted, ytd, before: 年初预算, 调整预算, 累计, 上年同期累计; 抵销 positive.
    """

    region: str
    scope_kind: str
    flag: str
    budget: int
    adjusted: int
    ytd: int
    before: int


@dataclass(frozen=True)
class Consolidated:
    """The levels, the whole as reported, and whole − (levels − 抵销)."""

    month: int
    stage: str
    levels: tuple[Reported, ...]
    offset: Reported | None
    whole: Reported | None

    @property
    def gap(self) -> Reported | None:
        """What the parts do not explain of the whole; None without a whole."""
        if self.whole is None:
            return None
        taken = [self.offset] if self.offset else []

        def left(name: str) -> int:
            parts = sum(getattr(level, name) for level in self.levels)
            return int(
                getattr(self.whole, name) - parts + sum(getattr(each, name) for each in taken)
            )

        return Reported(
            self.whole.region, "全市", "", left("budget"), left("adjusted"), left("ytd"),
            left("before"),
        )  # fmt: skip


def consolidated(desk: Desk, span: Span, book: str = "一般公共预算") -> Consolidated | None:
    """Expenditure of a book by level at the last closed month; None where nothing was reported."""
    rows = desk.rows(
        "execution_month",
        ("fiscal_year", "=", span.fiscal_year),
        ("book", "=", book),
        ("side", "=", "支出"),
        ("month", "<=", span.closed_month),
        ("stage", "in", STAGES),
    )
    if rows.is_empty():
        return None
    month = int(str(rows["month"].max()))
    rows = rows.filter(pl.col("month") == month)
    stage = max(rows["stage"].unique().to_list(), key=STAGES.index)
    rows = rows.filter(pl.col("stage") == stage).with_columns(pl.col("level_flag").fill_null(""))
    levels = []
    for (region, kind, flag), part in rows.partition_by(
        "mof_div_code", "scope_kind", "level_flag", as_dict=True
    ).items():
        levels.append(_summed(str(region), str(kind), str(flag), part))
    levels = [each for each in levels if each.ytd or each.budget]
    levels.sort(key=lambda each: (KINDS.index(each.scope_kind), each.region, each.flag))
    return Consolidated(
        month,
        stage,
        tuple(each for each in levels if each.scope_kind in ("本级", "县区", "开发区")),
        _merged(each for each in levels if each.scope_kind == "抵销"),
        _merged(each for each in levels if each.scope_kind == "全市"),
    )


def _summed(region: str, kind: str, flag: str, part: pl.DataFrame) -> Reported:
    """Sum the codes that have no parent among the rows."""
    codes = set(part["code"].to_list())
    roots = [c for c in codes if not any(c[:n] in codes for n in range(3, len(c)))]
    sums = part.filter(pl.col("code").is_in(roots)).select(
        pl.col("budget_amt", "adj_amt", "ytd_amt", "ly_ytd").sum()
    )
    return Reported(region, kind, flag, *(int(value or 0) for value in sums.row(0)))


def _merged(found: Iterable[Reported]) -> Reported | None:
    """Rows of one kind as one, whatever their flag."""
    rows = list(found)
    if not rows:
        return None
    names = ("budget", "adjusted", "ytd", "before")
    sums = (sum(getattr(row, name) for row in rows) for name in names)
    return Reported(rows[0].region, rows[0].scope_kind, "", *sums)
