"""决算: final accounts by book beside budget, adjusted and current budget. Amounts in fen.

The final accounts of a year are the rows of stage 决算批准, else 决算草案; where neither came, the
latest report stands for them and says so. 变动预算 is the sum of the year's indicators at its end
(budget_line): what never became an indicator (实拨, 总会计列支) is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from budget_watch.views.books import BOOKS, FUNDS
from budget_watch.views.draft_budget import REPORTS, first_stage, outer_parts, side_rows, stated
from budget_watch.views.query import Desk, Query
from budget_watch.views.report_rows import ADJUSTED, STAGES
from budget_watch.views.span import Place

FINALS = ("决算批准", "决算草案")


@dataclass(frozen=True)
class Account:
    """One 科目 of one side, or the whole side (code "").

    Attributes:
        initial: 年初预算. adjusted: 调整预算 as the table has it. current: 变动预算, of expenditure
            by indicators only. final: 决算数 (or what stands for it). None = not told.
    """

    code: str
    name: str
    initial: int | None
    adjusted: int | None
    current: int | None
    final: int | None

    @property
    def off(self) -> int | None:
        """决算 less 年初预算."""
        return None if self.final is None or self.initial is None else self.final - self.initial


@dataclass(frozen=True)
class SideAccount:
    """One side of one book: its whole and its 科目 (类), the largest first; stage "" = nothing."""

    book: str
    side: str
    stage: str
    month: int
    total: Account
    parts: tuple[Account, ...]


def years(desk: Desk, place: Place) -> tuple[int, ...]:
    """Years with final accounts, with disclosed forms, or ended with reports; the latest first."""
    own = ("mof_div_code", "=", place.region)
    found = set(desk.distinct(REPORTS, "fiscal_year", own, ("stage", "in", FINALS)))
    found |= set(desk.distinct("final_account_form", "fiscal_year", own))
    found |= set(
        desk.distinct(REPORTS, "fiscal_year", own, ("month", "=", 12), ("stage", "in", STAGES))
    )
    return tuple(sorted((int(each) for each in found), reverse=True))


def accounts(desk: Desk, place: Place, year: int) -> tuple[SideAccount, ...]:
    """Both sides of the four books."""
    return tuple(
        _side(desk, place, year, book, side) for book in BOOKS for side in ("收入", "支出")
    )


def _side(desk: Desk, place: Place, year: int, book: str, side: str) -> SideAccount:
    rows = side_rows(desk, place, year, book, side)
    stage, frame = first_stage(rows, tuple(reversed(STAGES)))
    if frame is None:
        return SideAccount(
            book, side, "", 0, Account("", f"{side}合计", None, None, None, None), ()
        )
    own = outer_parts(frame, book, side)
    initial_stage, before = first_stage(rows, ("批准", "草案"))
    initial = dict(own.select("code", "budget_amt").iter_rows())
    if before is not None:
        initial = dict(before.select("code", "budget_amt").iter_rows()) | {
            code: amount for code, amount in initial.items() if amount is not None
        }
    current = _current(desk, place, year, book, side)
    parts = [
        Account(
            row["code"],
            row["item_name"] or row["code"],
            initial.get(row["code"]),
            row["adj_amt"],
            None if current is None else current.get(row["code"], 0),
            row["ytd_amt"],
        )
        for row in own.iter_rows(named=True)
    ]
    parts = [each for each in parts if each.initial or each.adjusted or each.current or each.final]
    parts.sort(key=lambda each: (-(each.final or 0), each.code))
    total = Account(
        "",
        f"{side}合计",
        _whole(desk, place, year, book, side, initial_stage or "批准", own, "budget_amt"),
        _adjusted(desk, place, year, book, side, own),
        None if current is None else sum(current.values()),
        _whole(desk, place, year, book, side, stage, own, "ytd_amt"),
    )
    return SideAccount(book, side, stage, int(str(frame["month"].max())), total, tuple(parts))


def _whole(
    desk: Desk,
    place: Place,
    year: int,
    book: str,
    side: str,
    stage: str,
    own: pl.DataFrame,
    column: str,
) -> int | None:
    if not own[column].null_count():
        return int(own[column].sum())
    return stated(desk, place, year, book, side, stage) if stage else None


def _adjusted(
    desk: Desk, place: Place, year: int, book: str, side: str, own: pl.DataFrame
) -> int | None:
    if own.is_empty():
        return None
    known = (_whole(desk, place, year, book, side, at, own, "adj_amt") for at in ADJUSTED)
    return next((each for each in known if each is not None), None)


def _current(desk: Desk, place: Place, year: int, book: str, side: str) -> dict[str, int] | None:
    """变动预算 by class of expenditure; None where the year has no indicators, and for revenue."""
    if side != "支出" or book not in list(FUNDS)[:3]:
        return None
    where = (
        ("fiscal_year", "=", year),
        ("mof_div_code", "=", place.region),
        ("fund_type_code", "begins", (FUNDS[book],)),
    )
    found: dict[str, int] = {}
    for code, answer in desk.by(
        Query("budget_line", "current_amt", where), "exp_func_code"
    ).items():
        if answer.value is not None:
            found[code[:3]] = found.get(code[:3], 0) + answer.value
    return found or None
