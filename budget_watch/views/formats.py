"""How numbers and days are written, once for pages, exports and digests (pages.md §1.3).

Everything goes in exact (fen, millionths, dates) and comes out as Chinese text.
Nothing here is a float: rounding is half up, on integers.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Unit = Literal["yuan", "wan", "yi"]

MISSING = "缺"
NOT_APPLICABLE = "—"
UNIT_TITLES: dict[Unit, str] = {"yuan": "元", "wan": "万元", "yi": "亿元"}
_FEN_PER: dict[Unit, int] = {"yuan": 100, "wan": 1_000_000, "yi": 10_000_000_000}


def _rounded(value: Decimal, places: int) -> str:
    step = Decimal(1).scaleb(-places)
    text = f"{value.quantize(step, ROUND_HALF_UP):,f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def table_money(fen: int | None, unit: Unit = "wan") -> str:
    """Money in a table column whose unit stands in the head: ``1,234,567.89``."""
    if fen is None:
        return MISSING
    return _rounded(Decimal(fen) / _FEN_PER[unit], 2)


def sentence_money(fen: int | None) -> str:
    """Money with its unit: 亿元 from one 亿 on, else 万元; a voucher-sized sum in 元."""
    if fen is None:
        return MISSING
    unit: Unit = "yi" if abs(fen) >= _FEN_PER["yi"] else "wan"
    if fen and abs(fen) < 5_000:  # would print as 0.00万元
        unit = "yuan"
    return f"{table_money(fen, unit)}{UNIT_TITLES[unit]}"


def yuan(fen: int | None) -> str:
    """A voucher's amount, always in 元."""
    return table_money(fen, "yuan")


def share(numerator: int | None, denominator: int | None, places: int = 1) -> str:
    """A part of a whole in per cent; ``—`` where there is no whole."""
    if numerator is None or denominator is None:
        return MISSING
    if denominator <= 0:
        return NOT_APPLICABLE
    return f"{_rounded(Decimal(numerator) * 100 / denominator, places)}%"


def near_limit(value: int, limit: int) -> str:
    """Value ÷ limit with as many decimals as it takes not to print 100% for what is not."""
    if limit <= 0:
        return NOT_APPLICABLE
    for places in range(1, 9):
        text = share(value, limit, places)
        if value == limit or text != share(limit, limit, places):
            return text
    return text


def rate(millionths: int | None, places: int = 1) -> str:
    """A ratio stored in millionths, in per cent."""
    return share(millionths, 1_000_000, places)


def times(numerator: int | None, denominator: int | None) -> str:
    """A multiple, two decimals, with 倍."""
    if numerator is None or denominator is None:
        return MISSING
    if denominator <= 0:
        return NOT_APPLICABLE
    return f"{_rounded(Decimal(numerator) / denominator, 2)}倍"


def growth(now: int | None, before: int | None) -> str:
    """Growth over last year, signed; ``—`` where last year was nothing or negative."""
    if now is None or before is None:
        return MISSING
    if before <= 0:
        return NOT_APPLICABLE
    change = Decimal(now - before) * 100 / before
    text = _rounded(change, 1)
    return f"{text}%" if text.startswith("-") else f"+{text}%"


def point_gap(ahead: tuple[int, int], pace: tuple[int, int]) -> Decimal | None:
    """Percentage points between two fractions given as (numerator, denominator)."""
    if ahead[1] <= 0 or pace[1] <= 0:
        return None
    return Decimal(ahead[0]) * 100 / ahead[1] - Decimal(pace[0]) * 100 / pace[1]


def points(gap: Decimal | None) -> str:
    """A signed difference of two rates in 个百分点."""
    if gap is None:
        return NOT_APPLICABLE
    text = _rounded(gap, 1)
    return f"{text}个百分点" if text.startswith("-") else f"+{text}个百分点"


def points_sentence(gap: Decimal | None, name: str) -> str:
    """A difference of rates in words: ``低于时间进度7.6个百分点``."""
    if gap is None:
        return f"无法与{name}比较"
    text = _rounded(abs(gap), 1)
    if not text.strip("0."):
        return f"与{name}持平"
    return f"{'低于' if gap < 0 else '高于'}{name}{text}个百分点"


def count(number: int | None) -> str:
    """A whole number with thousands marks."""
    return MISSING if number is None else f"{number:,}"


def day(value: date | None) -> str:
    """A day in a table."""
    return MISSING if value is None else value.isoformat()


def day_sentence(value: date) -> str:
    """A day in a sentence."""
    return f"{value.year}年{value.month}月{value.day}日"
