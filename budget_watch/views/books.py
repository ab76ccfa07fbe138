"""The four budgets (四本预算): revenue, expenditure, progress, growth, structure.

Two bases, never mixed in one figure: `books` reads the monthly reports (月报) of the mart
``execution_month``; `spending` and `departments` read payment vouchers and indicators, to the
day. Progress names its denominator (年初预算, 调整预算, 变动预算; design §4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from budget_watch.views.figure import (
    Figure,
    Origin,
    Unit,
    change,
    contribution,
    difference,
    points,
    share,
)
from budget_watch.views.query import Answer, Desk, Query, Term
from budget_watch.views.span import Place, Span

BOOKS = ("一般公共预算", "政府性基金", "国有资本经营", "社会保险基金")
KEYS = {"一般公共预算": "general", "政府性基金": "fund", "国有资本经营": "capital",
        "社会保险基金": "social"}
SIDE_KEYS = {"收入": "revenue", "支出": "expenditure"}
FUNDS = {"一般公共预算": "11", "政府性基金": "12", "国有资本经营": "13", "社会保险基金": "14"}
# 转移性收支、债务收支 are not part of a budget's own revenue and expenditure (政府收支分类科目:
# 105 债务收入, 110 转移性收入, 230 转移性支出, 231 债务还本支出).
OUTSIDE = {"收入": ("105", "110"), "支出": ("230", "231")}
# The later a stage, the more it has been through; of one month only the last is read.
STAGES = ("快报", "月报", "决算草案", "决算批准")
# What divides a side into items; elsewhere the code itself.
_BY = {"社会保险基金": "fund_kind"}


# A pull below 0.05 个百分点 would print as 0.0.
_FELT = Fraction(5, 10_000)


@dataclass(frozen=True)
class Item:
    """One class (类) of a side: its amounts and what it adds to the whole's growth."""

    code: str
    name: str
    budget: Figure
    ytd: Figure
    last_year: Figure
    growth: Figure
    yoy: Figure
    share: Figure
    progress: Figure
    pull: Figure


@dataclass(frozen=True)
class Side:
    """Revenue or expenditure of one budget over one span.

    Attributes:
        budget: 年初预算. adjusted: 调整预算. ytd: 累计. mtd: 当月. last_year: 上年同期.
        growth: 同比增减额. yoy: 同比增幅. progress: 累计 ÷ 年初预算.
        progress_adjusted: 累计 ÷ 调整预算. pace: 时间进度. lead: progress − pace.
        items: the classes, largest first; they add up to the side's figures.
    """

    book: str
    side: str
    place: Place
    span: Span
    budget: Figure
    adjusted: Figure
    ytd: Figure
    mtd: Figure
    last_year: Figure
    growth: Figure
    yoy: Figure
    progress: Figure
    progress_adjusted: Figure
    pace: Figure
    lead: Figure
    items: tuple[Item, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The side's own figures, in order."""
        return (self.budget, self.adjusted, self.ytd, self.mtd, self.last_year, self.growth,
                self.yoy, self.progress, self.progress_adjusted, self.pace, self.lead)

    def movers(self, up: bool, most: int = 3) -> tuple[Item, ...]:
        """The classes that pull the whole up (or down) most: “从结构看”."""
        wanted = 1 if up else -1
        moved = [
            item for item in self.items
            if item.growth.sign == wanted and abs(item.pull.exact or 0) >= _FELT
        ]
        moved.sort(key=lambda item: -abs(item.growth.value or 0))
        return tuple(moved[:most])


@dataclass(frozen=True)
class Book:
    """One of the four budgets."""

    name: str
    revenue: Side
    expenditure: Side


def books(desk: Desk, place: Place, span: Span) -> tuple[Book, ...]:
    """All four budgets of a place, from the monthly reports.

    A span that ends inside a month is answered with the last closed month, and says so.
    """
    return tuple(
        Book(name, _side(desk, place, span, name, "收入"), _side(desk, place, span, name, "支出"))
        for name in BOOKS
    )


def side(desk: Desk, place: Place, span: Span, book: str, side_name: str) -> Side:
    """One side of one budget."""
    return _side(desk, place, span, book, side_name)


def _side(desk: Desk, place: Place, span: Span, book: str, side_name: str) -> Side:
    where: tuple[Term, ...] = (*place.terms, ("book", "=", book), ("side", "=", side_name))
    month = _last_month(desk, where, span, book)
    span = Span(span.fiscal_year, month or max(span.closed_month, 1))
    where += (("fiscal_year", "=", span.fiscal_year), ("month", "=", span.month))
    stage = _stage(desk, where)
    if stage is not None:
        where += (("stage", "=", stage),)
    where += (("level_flag", "is not", "对下转移"),)
    codes = _roots(desk, where, book, side_name)
    query = Query("execution_month", "ytd_amt", (*where, ("code", "in", codes)))
    status = [str(s) for s in desk.distinct("execution_month", "data_status", *query.where)]
    origin = Origin(place.region, place.scope_kind, stage or "月报", span.as_of, desk.snapshot,
                    "、".join(status) or "正式")
    gap = None
    if not codes:
        gap = f"缺{span.as_of}{book}{side_name}执行数：{place.called}"
    return _made(desk, place, span, book, side_name, query, origin, gap)


def _made(
    desk: Desk, place: Place, span: Span, book: str, side_name: str,
    query: Query, origin: Origin, gap: str | None,
) -> Side:
    key = f"{KEYS[book]}.{SIDE_KEYS[side_name]}"
    titles = {"budget_amt": ("budget", "年初预算"), "adj_amt": ("adjusted", "调整预算"),
              "ytd_amt": ("ytd", "累计" + side_name), "mtd_amt": ("mtd", "当月" + side_name),
              "ly_ytd": ("last_year", "上年同期" + side_name)}

    before = _before(desk, query)

    def money(column: str, answer: Answer | None = None, code: str | None = None,
              item: str = "") -> Figure:
        asked = before if column == "ly_ytd" else query.of(column)
        if code is not None:
            asked = asked.narrow((_BY.get(book, "code"), "=", code))
        answer = answer or (Answer(None, 0, 0) if gap else desk.ask(asked))
        short, label = titles[column]
        why = gap
        if why is None and answer.value is None:
            why = f"{item or book + side_name}的{label}未列"
        at = f"{key}.{short}" if code is None else f"{key}.{code}.{short}"
        return Figure(at, (item or "") + label, Unit.FEN, None if why else answer.value,
                      origin, f"∑{asked.column}", (asked,), why=why)

    budget, adjusted, ytd, mtd, last = (money(column) for column in titles)
    pace = span.pace_figure(origin)
    progress = share(f"{key}.progress", "完成年初预算", ytd, budget, "年初预算")
    by = _BY.get(book, "code")
    if book == "社会保险基金" and adjusted.value is None and not gap:
        adjusted = replace(adjusted, inapplicable=True, why="社会保险基金预算表不列调整预算")
    asked = ("budget_amt", "ytd_amt", "ly_ytd")
    parts = {} if gap else {column: desk.by(before if column == "ly_ytd" else
                                            query.of(column), by) for column in asked}
    names = _names(desk, query)
    items = []
    for code in sorted(parts.get("ytd_amt", {})):
        name = names.get(code, code)
        i_budget, i_ytd, i_last = (
            money(column, parts[column].get(code, Answer(None, 0, 0)), code, name)
            for column in asked
        )
        step = difference(f"{key}.{code}.growth", name + "同比增减额", i_ytd, i_last)
        items.append(Item(
            code, name, i_budget, i_ytd, i_last, step,
            change(f"{key}.{code}.yoy", name + "同比", i_ytd, i_last),
            share(f"{key}.{code}.share", name + "占比", i_ytd, ytd, f"{book}{side_name}"),
            share(f"{key}.{code}.progress", f"{name}完成年初预算", i_ytd, i_budget, "年初预算"),
            contribution(f"{key}.{code}.pull", name + "拉动", step, last),
        ))
    items.sort(key=lambda item: (-(item.ytd.value or 0), item.code))
    return Side(
        book, side_name, place, span, budget, adjusted, ytd, mtd, last,
        difference(f"{key}.growth", "同比增减额", ytd, last),
        change(f"{key}.yoy", "同比", ytd, last), progress,
        share(f"{key}.progress_adjusted", "完成调整预算", ytd, adjusted, "调整预算"),
        pace, points(f"{key}.lead", "进度与时间进度之差", progress, pace), tuple(items),
    )


def _last_month(
    desk: Desk, where: tuple[Term, ...], span: Span, book: str
) -> int | None:
    """The last month of the span that has rows.

    A closed span wants exactly its month, but for social insurance, which reports by quarter.
    """
    if span.until is None and book != "社会保险基金":
        return span.month
    months = desk.distinct(
        "execution_month", "month", *where,
        ("fiscal_year", "=", span.fiscal_year), ("month", "<=", span.closed_month),
    )
    return int(months[-1]) if months else None


def _before(desk: Desk, query: Query) -> Query:
    """上年同期: as the report states it, else last year's own report of that month and stage."""
    stated = query.of("ly_ytd")
    if desk.ask(stated).value is not None:
        return stated
    year = next(int(str(t[2])) for t in query.where if t[0] == "fiscal_year")
    where = tuple(("fiscal_year", "=", year - 1) if t[0] == "fiscal_year" else t
                  for t in query.where)
    earlier = Query(query.table, "ytd_amt", where)
    return earlier if desk.ask(earlier).value is not None else stated


def _stage(desk: Desk, where: tuple[Term, ...]) -> str | None:
    found = [str(stage) for stage in desk.distinct("execution_month", "stage", *where)]
    known = sorted((stage for stage in found if stage in STAGES), key=STAGES.index)
    return known[-1] if known else (found[-1] if found else None)


def _roots(
    desk: Desk, where: tuple[Term, ...], book: str, side_name: str
) -> tuple[str, ...]:
    """The codes that stand for the whole: those without a parent among the rows delivered."""
    codes = [str(code) for code in desk.distinct("execution_month", "code", *where)]
    if book == "社会保险基金":
        total = "R00" if side_name == "收入" else "E00"
        return tuple(code for code in codes if code.endswith(total))
    inside = [code for code in codes
              if code.isdigit() and not code.startswith(OUTSIDE[side_name])]
    kept = set(inside)
    return tuple(
        code for code in inside
        if not any(code[:length] in kept for length in range(3, len(code)))
    )


def _names(desk: Desk, query: Query) -> dict[str, str]:
    rows = desk.rows("execution_month", *query.where).select("code", "item_name").unique()
    return {code: name or code for code, name in rows.sort("code", "item_name").iter_rows()}
