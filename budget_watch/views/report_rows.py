"""The rows of the monthly reports that stand for one side of one budget, and their sums.

Which month, which stage, which codes count, what 上年同期 is read from, and what happens when a
published table leaves cells blank: a blank is not zero, so the sum is unknown, unless the budget's
balance table (FIN-07) states the same subtotal (row S) for the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from budget_watch.views.figure import Figure, Origin, Unit
from budget_watch.views.query import Answer, Desk, Query, Term
from budget_watch.views.sources import source_titles
from budget_watch.views.span import Place, Span

# The later a stage, the more it has been through; of one month only the last is read.
STAGES = ("快报", "月报", "决算草案", "决算批准")
# 转移性收支、债务收支 are not part of a budget's own revenue and expenditure (政府收支分类科目:
# 105 债务收入, 110 转移性收入, 230 转移性支出, 231 债务还本支出).
OUTSIDE = {"收入": ("105", "110"), "支出": ("230", "231")}
SOCIAL = "社会保险基金"
# Columns a report may do without; where it does, that is no gap.
OPTIONAL = ("adj_amt", "mtd_amt")
ADJUSTED = tuple(f"调整{number}" for number in range(5, 0, -1))


@dataclass(frozen=True)
class ReportRows:
    """One side of one budget in one place at one month.

    Attributes:
        query: the rows, asked for the cumulative amount. before: the rows of 上年同期.
        by: the column that divides the side into items. gap: why there is nothing.
        approved: the rows of the approved budget, where they stand apart.
        branches: the codes that divide the side into items.
    """

    desk: Desk
    place: Place
    span: Span
    book: str
    side: str
    query: Query
    before: Query
    origin: Origin
    by: str
    gap: str | None
    approved: Query | None = None
    branches: tuple[str, ...] = ()

    def asked(self, column: str) -> Query:
        """The query for a column.

        ``ly_ytd`` may be last year's own report; the budget of social insurance is the approved
        one (批准) where it was delivered, for a quarter's report states only the quarter's part.
        """
        if column == "budget_amt" and self.approved is not None:
            return self.approved
        return self.before if column == "ly_ytd" else self.query.of(column)

    def whole(self, id: str, label: str, column: str) -> Figure:
        """The side's amount."""
        query = self.asked(column)
        answer = Answer(None, 0, 0) if self.gap else self.desk.ask(query)
        if answer.blanks:
            stated = self._stated(column)
            if stated is not None:
                query, answer = stated, self.desk.ask(stated)
        void = column in OPTIONAL and 0 < answer.rows == answer.blanks
        why = self.gap
        if why is None and answer.value is None:
            why = f"报表未列{label}：{self.place.called}{self.book}{self.side}"
        return Figure(
            id,
            label,
            Unit.FEN,
            None if why else answer.value,
            self.origin,
            f"∑{query.column}",
            (query,),
            why=why,
            inapplicable=void,
        )

    def items(self, columns: tuple[str, ...]) -> dict[str, dict[str, Answer]]:
        """code → column → amount, for every item that has an amount other than zero."""
        if self.gap:
            return {}
        found = {column: self.desk.by(self._items(column), self.by) for column in columns}
        codes = sorted({code for answers in found.values() for code in answers})
        rows = {
            code: {column: found[column].get(code, Answer(None, 0, 0)) for column in columns}
            for code in codes
        }
        return {code: row for code, row in rows.items() if any(a.value for a in row.values())}

    def item(
        self, id: str, name: str, label: str, column: str, code: str, answer: Answer
    ) -> Figure:
        """One item's amount."""
        query = self._items(column).narrow((self.by, "=", code))
        why = None
        if answer.value is None:
            why = f"报表未列{label}：{self.place.called}{self.book}{name}"
        return Figure(
            id,
            name + label,
            Unit.FEN,
            answer.value,
            self.origin,
            f"∑{query.column}",
            (query,),
            why=why,
        )

    def names(self) -> dict[str, str]:
        """Item → name."""
        if self.by != "code":
            return {}
        rows = self.desk.rows("execution_month", *self._items("ytd_amt").where)
        pairs = rows.select("code", "item_name").unique().sort("code", "item_name")
        return {code: name or code for code, name in pairs.iter_rows()}

    def _items(self, column: str) -> Query:
        """The rows that divide the side into items."""
        query = self.asked(column)
        if self.by != "code":
            return query
        where = tuple(("code", "in", self.branches) if t[0] == "code" else t for t in query.where)
        return Query(query.table, query.column, where)

    def _stated(self, column: str) -> Query | None:
        """The year's subtotal as the balance table states it (row S), where there is one."""
        stages = {"ytd_amt": (self.origin.stage,), "budget_amt": ("批准",), "adj_amt": ADJUSTED}
        if self.span.month != 12:
            return None
        for stage in stages.get(column, ()):
            query = Query(
                "balance",
                "amt",
                (
                    *self.place.terms,
                    ("fiscal_year", "=", self.span.fiscal_year),
                    ("book", "=", self.book),
                    ("side", "=", self.side),
                    ("stage", "=", stage),
                    ("code", "=", "S"),
                ),
            )
            if self.desk.ask(query).value is not None:
                return query
        return None


def report_rows(desk: Desk, place: Place, span: Span, book: str, side: str) -> ReportRows:
    """Find the rows of one side of one budget.

    A span that ends inside a month is answered with the last closed month that has rows; so is
    social insurance, which reports by quarter. Any other closed span wants exactly its month.
    """
    where: tuple[Term, ...] = (*place.terms, ("book", "=", book), ("side", "=", side))
    within: tuple[Term, ...] = (
        *where,
        ("stage", "in", STAGES),
        ("fiscal_year", "=", span.fiscal_year),
    )
    month: int | str = span.month
    if span.until is not None or book == SOCIAL:
        months = desk.distinct(
            "execution_month", "month", *within, ("month", "<=", span.closed_month)
        )
        month = months[-1] if months else max(span.closed_month, 1)
    span = Span(span.fiscal_year, int(month))
    within += (("month", "=", span.month),)
    stages = [str(s) for s in desk.distinct("execution_month", "stage", *within)]
    stage = max(stages, key=STAGES.index, default="月报")
    where += (
        ("fiscal_year", "=", span.fiscal_year),
        ("month", "=", span.month),
        ("stage", "=", stage),
        ("level_flag", "is not", "对下转移"),
    )
    codes = _roots(desk, where, book, side)
    query = Query("execution_month", "ytd_amt", (*where, ("code", "in", codes)))
    status = [str(s) for s in desk.distinct("execution_month", "data_status", *query.where)]
    origin = Origin(
        place.region,
        place.scope_kind,
        stage,
        span.as_of,
        desk.snapshot,
        "、".join(status) or "正式",
    )
    gap = None
    if not codes:
        gap = f"缺{source_titles(query)[0]}（{span.as_of}{side}）：{place.called}"
    by = "fund_kind" if book == SOCIAL else "code"
    return ReportRows(
        desk,
        place,
        span,
        book,
        side,
        query,
        _before(desk, query),
        origin,
        by,
        gap,
        _approved(desk, query) if book == SOCIAL and span.month != 12 else None,
        _branches(desk, where, codes),
    )


def _approved(desk: Desk, query: Query) -> Query | None:
    where = tuple(
        ("stage", "=", "批准") if t[0] == "stage" else t for t in query.where if t[0] != "month"
    )
    found = Query(query.table, "budget_amt", where)
    return found if desk.ask(found).value is not None else None


def _branches(desk: Desk, where: tuple[Term, ...], roots: tuple[str, ...]) -> tuple[str, ...]:
    """The items of a side: its roots, or what a single root divides into."""
    codes = [str(code) for code in desk.distinct("execution_month", "code", *where)]
    while len(roots) == 1:
        below = [c for c in codes if c.startswith(roots[0]) and c != roots[0]]
        kept = set(below)
        direct = tuple(
            c for c in below if not any(c[:n] in kept for n in range(len(roots[0]) + 1, len(c)))
        )
        if not direct:
            break
        roots = direct
    return roots


def _before(desk: Desk, query: Query) -> Query:
    """上年同期: as the report states it, else last year's own report of that month and stage."""
    stated = query.of("ly_ytd")
    if desk.ask(stated).value is not None:
        return stated
    year = next(int(str(t[2])) for t in query.where if t[0] == "fiscal_year")
    where = tuple(
        ("fiscal_year", "=", year - 1) if t[0] == "fiscal_year" else t for t in query.where
    )
    earlier = Query(query.table, "ytd_amt", where)
    return earlier if desk.ask(earlier).value is not None else stated


def _roots(desk: Desk, where: tuple[Term, ...], book: str, side: str) -> tuple[str, ...]:
    """The codes that stand for the whole: those without a parent among the rows delivered.

    A line the code list does not know begins with ``~`` and counts as its own.
    """
    codes = [str(code) for code in desk.distinct("execution_month", "code", *where)]
    if book == SOCIAL:
        return tuple(code for code in codes if code == ("R00" if side == "收入" else "E00"))
    return outermost(codes, side)


def outermost(codes: Sequence[str], side: str) -> tuple[str, ...]:
    """Of some codes those without a parent among them; transfers and debt are outside."""
    inside = [
        code
        for code in codes
        if code[:1].isdigit() or code.startswith("~")
        if not code.startswith(OUTSIDE[side])
    ]
    kept = set(inside)
    return tuple(
        code for code in inside if not any(code[:length] in kept for length in range(3, len(code)))
    )
