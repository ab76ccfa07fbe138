"""The four budgets (四本预算): revenue, expenditure, progress, growth, structure.

Two bases, never mixed in one figure: `books` reads the monthly reports (月报) of the mart
``execution_month``; `spending` and `departments` read payment vouchers and indicators, to the
day. Progress names its denominator (年初预算, 调整预算, 变动预算; design §4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from budget_watch.views.figure import Figure, change, contribution, difference, points, share
from budget_watch.views.query import Answer, Desk
from budget_watch.views.report_rows import ReportRows, report_rows
from budget_watch.views.span import Place, Span

BOOKS = ("一般公共预算", "政府性基金", "国有资本经营", "社会保险基金")
KEYS = {
    "一般公共预算": "general",
    "政府性基金": "fund",
    "国有资本经营": "capital",
    "社会保险基金": "social",
}
SIDE_KEYS = {"收入": "revenue", "支出": "expenditure"}
FUNDS = {"一般公共预算": "11", "政府性基金": "12", "国有资本经营": "13", "社会保险基金": "14"}
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
        return (
            self.budget,
            self.adjusted,
            self.ytd,
            self.mtd,
            self.last_year,
            self.growth,
            self.yoy,
            self.progress,
            self.progress_adjusted,
            self.pace,
            self.lead,
        )

    def movers(self, up: bool, most: int = 3) -> tuple[Item, ...]:
        """The classes that pull the whole up (or down) most: “从结构看”."""
        wanted = 1 if up else -1
        moved = [
            item
            for item in self.items
            if item.growth.sign == wanted and abs(item.pull.exact or Fraction(0)) >= _FELT
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
        Book(name, side(desk, place, span, name, "收入"), side(desk, place, span, name, "支出"))
        for name in BOOKS
    )


def side(desk: Desk, place: Place, span: Span, book: str, side_name: str) -> Side:
    """One side of one budget."""
    rows = report_rows(desk, place, span, book, side_name)
    key = f"{KEYS[book]}.{SIDE_KEYS[side_name]}"
    budget = rows.whole(f"{key}.budget", "年初预算", "budget_amt")
    adjusted = rows.whole(f"{key}.adjusted", "调整预算", "adj_amt")
    ytd = rows.whole(f"{key}.ytd", "累计" + side_name, "ytd_amt")
    mtd = rows.whole(f"{key}.mtd", "当月" + side_name, "mtd_amt")
    last = rows.whole(f"{key}.last_year", "上年同期" + side_name, "ly_ytd")
    pace = rows.span.pace_figure(rows.origin)
    progress = share(f"{key}.progress", "完成年初预算", ytd, budget, "年初预算")
    names = rows.names()
    items = [
        _item(rows, f"{key}.{code}", code, names.get(code, code), answers, ytd, last)
        for code, answers in rows.items(("budget_amt", "ytd_amt", "ly_ytd")).items()
    ]
    items.sort(key=lambda item: (-(item.ytd.value or 0), item.code))
    return Side(
        book,
        side_name,
        place,
        rows.span,
        budget,
        adjusted,
        ytd,
        mtd,
        last,
        difference(f"{key}.growth", "同比增减额", ytd, last),
        change(f"{key}.yoy", "同比", ytd, last),
        progress,
        share(f"{key}.progress_adjusted", "完成调整预算", ytd, adjusted, "调整预算"),
        pace,
        points(f"{key}.lead", "进度与时间进度之差", progress, pace),
        tuple(items),
    )


def _item(
    rows: ReportRows,
    key: str,
    code: str,
    name: str,
    answers: dict[str, Answer],
    whole: Figure,
    last_whole: Figure,
) -> Item:
    budget, ytd, last = (
        rows.item(f"{key}.{short}", name, label, column, code, answers[column])
        for short, label, column in (
            ("budget", "年初预算", "budget_amt"),
            ("ytd", "累计" + rows.side, "ytd_amt"),
            ("last_year", "上年同期" + rows.side, "ly_ytd"),
        )
    )
    step = difference(f"{key}.growth", name + "同比增减额", ytd, last)
    return Item(
        code,
        name,
        budget,
        ytd,
        last,
        step,
        change(f"{key}.yoy", name + "同比", ytd, last),
        share(f"{key}.share", name + "占比", ytd, whole, f"{rows.book}{rows.side}"),
        share(f"{key}.progress", name + "完成年初预算", ytd, budget, "年初预算"),
        contribution(f"{key}.pull", name + "拉动", step, last_whole),
    )
