"""社保基金: every pool to the last month delivered, judged only where it is pooled.

Reckoned as rules SB01–SB03 do: flows are added from January; 可支付月数 = balance ÷ (expenses of
the last twelve months ÷ 12), known only where all twelve are there; pools of the province or the
nation show what passes through and are not judged, nor are personal accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from budget_watch.views.query import Desk
from budget_watch.views.span import Span

TABLE = "social_fund"
ABOVE = ("省级统筹", "全国统筹")
PERSONAL = "职工医保个人账户"
MEDICAL = "职工医保统筹基金"


@dataclass(frozen=True)
class Month:
    """One month of a pool, fen; None = not filled."""

    year: int
    month: int
    income: int | None
    support: int
    expense: int | None
    balance: int | None


@dataclass(frozen=True)
class Pool:
    """A kind of insurance in a region, to a month. Amounts in fen, flows added from January.

    Attributes:
        level: 统筹层次, "" where not told. support: 财政补贴 and 上级补助 within the income.
        year_expense: expenses of the last twelve months. due, paid: 财政补贴 应到位 and 实到位.
        whole: whether every month since January is there; else sums are None and `why` says so.
        aside: why the pool is not judged, "" where it is.
    """

    region: str
    kind: str
    level: str
    year: int
    month: int
    income: int | None
    support: int
    expense: int | None
    balance: int | None
    year_expense: int | None
    due: int | None
    paid: int | None
    why: str
    aside: str
    months: tuple[Month, ...]

    @property
    def surplus(self) -> int | None:
        """Income less expense since January."""
        if self.income is None or self.expense is None:
            return None
        return self.income - self.expense

    @property
    def payable(self) -> Fraction | None:
        """可支付月数; None where balance or twelve months' expenses are not known."""
        if self.balance is None or not self.year_expense:
            return None
        return Fraction(self.balance * 12, self.year_expense)

    @property
    def arrived(self) -> Fraction | None:
        """Share of the subsidy due that has come; None where none is due."""
        if not self.due or self.paid is None:
            return None
        return Fraction(self.paid, self.due)


def pools(desk: Desk, span: Span) -> tuple[Pool, ...]:
    """Every pool to the last month of the span that it has, by region and kind."""
    rows = desk.rows(TABLE).filter(
        (pl.col("fiscal_year") * 12 + pl.col("month")).is_between(
            (span.fiscal_year - 1) * 12 + 1, span.fiscal_year * 12 + span.closed_month
        )
    )
    made = []
    for (region, kind), own in rows.sort("fiscal_year", "month").group_by(
        "mof_div_code", "fund_kind", maintain_order=True
    ):
        now = own.filter(pl.col("fiscal_year") == span.fiscal_year)
        if now.height:
            made.append(_pool(str(region), str(kind), own, now))
    return tuple(sorted(made, key=lambda one: (one.region, one.kind)))


def _pool(region: str, kind: str, own: pl.DataFrame, now: pl.DataFrame) -> Pool:
    last = now.row(-1, named=True)
    year, month = last["fiscal_year"], last["month"]
    whole = now["month"].to_list() == list(range(1, month + 1))
    why = "" if whole else "年初以来有缺月"
    level = last["pooling_level"] or ""
    at = own["fiscal_year"] * 12 + own["month"]
    twelve = own.filter((at > year * 12 + month - 12) & (at <= year * 12 + month))
    aside = ""
    if level in ABOVE:
        aside = f"{level}，本级收支和结余没有可比性"
    elif kind == PERSONAL:
        aside = "个人账户归个人所有"
    elif kind == MEDICAL and last["has_personal_account"]:
        aside = "与个人账户合在一起，不适用统筹基金的月数"
    return Pool(
        region,
        kind,
        level,
        year,
        month,
        _sum(now, "income") if whole else None,
        sum(_support(row) for row in now.iter_rows(named=True)),
        _sum(now, "expense") if whole else None,
        last["balance_end"],
        _sum(twelve, "expense") if twelve.height == 12 else None,
        _sum(now, "subsidy_due") if whole else None,
        _sum(now, "subsidy_paid") if whole else None,
        why,
        aside,
        tuple(
            Month(
                row["fiscal_year"],
                row["month"],
                row["income"],
                _support(row),
                row["expense"],
                row["balance_end"],
            )
            for row in own.iter_rows(named=True)
        ),
    )


def _support(row: dict[str, object]) -> int:
    given = (row["subsidy_income"], row["superior_income"])
    return sum(value for value in given if isinstance(value, int))


def _sum(rows: pl.DataFrame, column: str) -> int | None:
    """The sum, None where any of the rows has none: blank is not zero."""
    return None if rows[column].null_count() else int(rows[column].sum())
