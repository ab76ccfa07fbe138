"""The draft of a year beside the year before: by 科目, by department, by version. Amounts in fen.

A budget's 科目 are read from the mart of reports (stages 初步方案, 草案, 批准), departments from
the department budget (FIN-09: 初步方案, 草案, 批复). What of the year before was done is its final
accounts, else its latest report; for departments it is their payments. None = not delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from budget_watch.views.books import BOOKS
from budget_watch.views.query import Desk, Term
from budget_watch.views.report_rows import SOCIAL, STAGES, outermost
from budget_watch.views.span import Place

REPORTS, DEPARTMENTS = "execution_month", "department_budget"
PLANS = ("初步方案", "草案", "批准")
VERSIONS = ("初步方案", "草案", "批复")
_TOTALS = {"收入": "R00", "支出": "E00"}


@dataclass(frozen=True)
class Row:
    """One 科目, department, unit or project: last year's budget, what was done of it, this year's.

    Attributes:
        code: its code; "" for the whole.
        unlisted: of the amounts those whose table came without this row: no amount, and no gap.
    """

    code: str
    name: str
    before: int | None
    done: int | None
    now: int | None
    unlisted: frozenset[str] = frozenset()

    @property
    def change(self) -> int | None:
        """This year's budget less last year's; None where one is not known."""
        return None if self.now is None or self.before is None else self.now - self.before


@dataclass(frozen=True)
class Sheet:
    """One side of one book.

    Attributes:
        plan: the stage shown; "" where none was delivered. before: that of last year's budget.
        done: what stands for last year's execution, with its month: 决算批准, 快报1—12月.
        total: of its own revenue or expenditure, without transfers and debt; parts: its 科目.
    """

    book: str
    side: str
    plan: str
    before: str
    done: str
    total: Row
    parts: tuple[Row, ...]

    def below(self, code: str = "") -> tuple[Row, ...]:
        """What one 科目 divides into, the largest first; of "" what the side divides into."""
        own = {each.code: each for each in self.parts}
        if self.book == SOCIAL:
            return () if code else self.parts
        if not code:
            return tuple(own[each] for each in outermost(tuple(own), self.side))
        inside = [each for each in own if each.startswith(code) and each != code]
        return tuple(
            own[each]
            for each in inside
            if not any(each[:length] in own for length in range(len(code) + 1, len(each)))
        )


def years(desk: Desk, place: Place) -> tuple[int, ...]:
    """The years of which a draft, a first plan or disclosed budgets came, the latest first."""
    own: Term = ("mof_div_code", "=", place.region)
    found = set(desk.distinct(REPORTS, "fiscal_year", own, ("stage", "in", PLANS[:2])))
    found |= set(desk.distinct(DEPARTMENTS, "fiscal_year", own, ("version", "in", VERSIONS[:2])))
    found |= set(desk.distinct("budget_form", "fiscal_year", own))
    found |= set(desk.distinct("balance", "fiscal_year", own, ("stage", "in", PLANS[:2])))
    return tuple(sorted((int(each) for each in found), reverse=True))


def sheets(desk: Desk, place: Place, year: int, book: str) -> tuple[Sheet, ...]:
    """Revenue and expenditure of one book, in that order."""
    return tuple(_sheet(desk, place, year, book, side) for side in ("收入", "支出"))


def stages_of(desk: Desk, place: Place, year: int) -> Mapping[str, Mapping[str, Row]]:
    """Book and side (“一般公共预算收入”) → stage → the whole as that stage had it."""
    found: dict[str, dict[str, Row]] = {}
    for book in BOOKS:
        for side in ("收入", "支出"):
            rows = side_rows(desk, place, year, book, side)
            own = found.setdefault(book + side, {})
            for stage in PLANS:
                frame = _stage(rows, stage)
                if frame is not None:
                    whole = _whole(desk, place, year, side, stage, frame, "budget_amt")
                    own[stage] = Row("", book + side, None, None, whole)
    return found


def _sheet(desk: Desk, place: Place, year: int, book: str, side: str) -> Sheet:
    rows, last = (side_rows(desk, place, at, book, side) for at in (year, year - 1))
    plan, now = first_stage(rows, ("草案", "初步方案", "批准"))
    said, before = first_stage(last, ("批准", "草案", *reversed(STAGES)))
    how, done = first_stage(last, tuple(reversed(STAGES)))
    frames = ((before, "budget_amt", said, year - 1), (done, "ytd_amt", how, year - 1))
    old, spent = (
        (_amounts(frame, column), _whole(desk, place, at, side, stage, frame, column))
        for frame, column, stage, at in frames
    )
    new = _amounts(now, "budget_amt")
    names: dict[str, str] = {}
    for frame in (before, done, now):
        if frame is not None:
            names |= dict(frame.select("code", "item_name").iter_rows())
    whole = _whole(desk, place, year, side, plan, now, "budget_amt")
    told = {"before": old[0], "done": spent[0], "now": new}
    parts = [_part(code, name, told) for code, name in names.items()]
    parts = [each for each in parts if each.before or each.done or each.now]
    parts.sort(key=lambda each: (-(each.now or 0), each.code))
    if done is not None and how not in ("决算批准", "决算草案"):
        month = int(done["month"][0])
        how = f"{how}1—{month}月" if month != 1 else f"{how}1月"
    return Sheet(
        book, side, plan, said, how, Row("", "合计", old[1], spent[1], whole), tuple(parts)
    )


def _part(code: str, name: str | None, told: Mapping[str, Mapping[str, int | None] | None]) -> Row:
    """What the stages say of one code."""
    found = {key: (own or {}).get(code) for key, own in told.items()}
    unlisted = frozenset(key for key, own in told.items() if own is not None and code not in own)
    return Row(code, name or code, found["before"], found["done"], found["now"], unlisted)


def side_rows(desk: Desk, place: Place, year: int, book: str, side: str) -> pl.DataFrame:
    """The rows of one side of one book of a year, all stages; of social insurance by its kinds."""
    where = (*place.terms, ("fiscal_year", "=", year), ("book", "=", book), ("side", "=", side))
    rows = desk.rows(REPORTS, *where).filter(
        pl.col("level_flag").fill_null("本级支出") == "本级支出"
    )
    if book != SOCIAL:
        return rows
    # a social insurance fund's rows are lines of income and outgo: its kinds are what divides it
    return rows.filter(pl.col("code") == _TOTALS[side]).with_columns(
        pl.col("fund_kind").alias("code"), pl.col("fund_kind").alias("item_name")
    )


def _stage(rows: pl.DataFrame, stage: str) -> pl.DataFrame | None:
    own = rows.filter(pl.col("stage") == stage)
    return None if own.is_empty() else own.filter(pl.col("month") == pl.col("month").max())


def first_stage(rows: pl.DataFrame, stages: tuple[str, ...]) -> tuple[str, pl.DataFrame | None]:
    """The first of some stages that was delivered, and its rows of the latest month."""
    for stage in stages:
        found = _stage(rows, stage)
        if found is not None:
            return stage, found
    return "", None


def _amounts(frame: pl.DataFrame | None, column: str) -> dict[str, int | None] | None:
    return None if frame is None else dict(frame.select("code", column).iter_rows())


def _whole(
    desk: Desk,
    place: Place,
    year: int,
    side: str,
    stage: str,
    frame: pl.DataFrame | None,
    column: str,
) -> int | None:
    """Σ of the classes; where cells are blank, the subtotal that the balance table states."""
    if frame is None:
        return None
    book = str(frame["book"][0])
    own = outer_parts(frame, book, side)
    if own.is_empty():
        return None
    if not own[column].null_count():
        return int(own[column].sum())
    wanted = "批准" if column == "budget_amt" and stage in STAGES else stage
    return stated(desk, place, year, book, side, wanted)


def outer_parts(frame: pl.DataFrame, book: str, side: str) -> pl.DataFrame:
    """Of the rows of one stage those that add up to the side, without transfers and debt."""
    if book == SOCIAL:
        return frame
    return frame.filter(pl.col("code").is_in(outermost(frame["code"].to_list(), side)))


def stated(desk: Desk, place: Place, year: int, book: str, side: str, stage: str) -> int | None:
    """The subtotal of a side that the balance table (FIN-07, row S) states for a stage."""
    rows = desk.rows(
        "balance",
        *place.terms,
        ("fiscal_year", "=", year),
        ("book", "=", book),
        ("side", "=", side),
        ("stage", "=", stage),
        ("code", "=", "S"),
    )["amt"]
    return int(rows[0]) if len(rows) and rows[0] is not None else None
