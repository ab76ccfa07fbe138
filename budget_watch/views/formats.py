"""How figures and days are written, once for pages, exports and digests (pages.md §1.3).

Money and ratios are `budget_watch.money`'s text; here are the forms that sentences and
tables add to it. Everything goes in exact and comes out as Chinese text.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

from budget_watch.money import (
    MISSING,
    NOT_APPLICABLE,
    format_amount,
    format_growth,
    format_multiple,
    format_points,
    format_share,
    near_limit_share,
    sentence_amount,
)
from budget_watch.views.figure import Figure
from budget_watch.views.figure import Unit as Kind

Unit = Literal["yuan", "wan", "yi"]
UNIT_TITLES: dict[Unit, str] = {"yuan": "元", "wan": "万元", "yi": "亿元"}


class Money(str):
    """An amount as a table shows it, with the exact fen behind it: what is taken away from a page
    is reckoned from these, never from the rounded text.
    """

    fen: int
    unit: Unit

    @classmethod
    def of(cls, fen: int, unit: Unit) -> Money:
        """The text of an amount in a unit."""
        made = cls(format_amount(fen, UNIT_TITLES[unit]))
        made.fen, made.unit = fen, unit
        return made


def table_money(fen: int | None, unit: Unit = "wan") -> str:
    """Money in a table column whose unit stands in the head: ``1,234,567.89``."""
    return MISSING if fen is None else Money.of(fen, unit)


def sentence_money(fen: int | None) -> str:
    """Money with its unit: 亿元 from one 亿 on, else 万元."""
    return sentence_amount(fen)


def yuan(fen: int | None) -> str:
    """A voucher's amount, always in 元."""
    return table_money(fen, "yuan")


def share(numerator: int | None, denominator: int | None, places: int = 1) -> str:
    """A part of a whole in per cent; ``—`` where there is no whole."""
    return format_share(numerator, denominator, places)


def near_limit(value: int, limit: int) -> str:
    """Value ÷ limit with as many decimals as it takes not to print 100% for what is not."""
    return near_limit_share(value, limit)


def rate(millionths: int | None, places: int = 1) -> str:
    """A ratio stored in millionths, in per cent."""
    return format_share(millionths, 1_000_000, places)


def times(numerator: int | None, denominator: int | None) -> str:
    """A multiple, two decimals, with 倍."""
    return format_multiple(numerator, denominator)


def growth(now: int | None, before: int | None) -> str:
    """Growth over last year, signed; ``—`` where last year was nothing or negative."""
    return format_growth(now, before)


def gap(part: Fraction | None, other: Fraction | None) -> Fraction | None:
    """part − other of two rates; None where one is not known."""
    return None if part is None or other is None else part - other


def ratio(numerator: int | None, denominator: int | None) -> Fraction | None:
    """An exact rate; None where there is no whole."""
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return Fraction(numerator, denominator)


def points(difference: Fraction | None) -> str:
    """A signed difference of two rates: ``-7.7个百分点``, ``+0.3个百分点``."""
    if difference is None:
        return NOT_APPLICABLE
    text = format_points((difference.numerator, difference.denominator), (0, 1))
    return text if text.startswith("-") or not text.strip("0.个百分点") else f"+{text}"


def points_sentence(difference: Fraction | None, name: str) -> str:
    """A difference of rates in words: ``低于时间进度7.6个百分点``."""
    if difference is None:
        return f"无法与{name}比较"
    text = points(abs(difference)).lstrip("+")
    if not text.strip("0.个百分点"):
        return f"与{name}持平"
    return f"{'低于' if difference < 0 else '高于'}{name}{text}"


def figure_text(figure: Figure) -> str | None:  # noqa: PLR0911
    """A view's figure with its unit, as in a headline; None where it is not known."""
    if figure.value is None:
        return None
    match figure.unit:
        case Kind.FEN:
            return sentence_money(figure.value)
        case Kind.SHARE:
            return share(figure.value, figure.over)
        case Kind.CHANGE:
            return growth(figure.value + figure.over, figure.over)
        case Kind.POINTS:
            return points(figure.exact)
        case Kind.TIMES:
            return times(figure.value, figure.over)
    return count(figure.value)


def count(number: int | None) -> str:
    """A whole number with thousands marks."""
    return MISSING if number is None else f"{number:,}"


def day(value: date | None) -> str:
    """A day in a table."""
    return MISSING if value is None else value.isoformat()


def day_sentence(value: date) -> str:
    """A day in a sentence."""
    return f"{value.year}年{value.month}月{value.day}日"


__all__ = [
    "MISSING",
    "NOT_APPLICABLE",
    "UNIT_TITLES",
    "Money",
    "Unit",
    "count",
    "day",
    "day_sentence",
    "figure_text",
    "gap",
    "growth",
    "near_limit",
    "points",
    "points_sentence",
    "rate",
    "ratio",
    "sentence_money",
    "share",
    "table_money",
    "times",
    "yuan",
]
