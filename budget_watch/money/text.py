"""How money and shares are written: one formatter for screen, export and digest (pages.md §1.3).

Everything comes in exact (fen, whole numbers, fractions) and is rounded half up on integers.
"""

from __future__ import annotations

from budget_watch.money.unit import Unit

MISSING = "缺"
NOT_APPLICABLE = "—"


def format_amount(fen: int | None, unit: Unit | str = Unit.WAN, digits: int = 2) -> str:
    """Return an amount as in a table column whose unit stands in the head: `1,234,567.89`."""
    return MISSING if fen is None else _quotient(fen, Unit(unit).fen, digits)


def sentence_amount(fen: int | None) -> str:
    """Return an amount with its unit: from 1亿 on in 亿元, below in 万元, two decimals.

    An amount that would print as 0.00万元 without being zero is given in 元.
    """
    if fen is None:
        return MISSING
    unit = Unit.YI if abs(fen) >= Unit.YI.fen else Unit.WAN
    if 0 < abs(fen) < Unit.WAN.fen // 200:
        unit = Unit.YUAN
    return f"{format_amount(fen, unit)}{unit}"


def format_share(num: int | None, den: int | None, digits: int = 1) -> str:
    """Return num ÷ den in per cent, `81.2%`; `—` where the whole is not above zero."""
    return _ratio_text(num, den, 100, digits, "%")


def format_multiple(num: int | None, den: int | None) -> str:
    """Return num ÷ den as a multiple, `1.25倍`; `—` where the denominator is not above zero."""
    return _ratio_text(num, den, 1, 2, "倍")


def format_growth(now: int | None, before: int | None, digits: int = 1) -> str:
    """Return the growth over `before`, signed: `+7.2%`; `0.0%` bears no sign.

    `—` where `before` is not above zero.
    """
    if now is None or before is None:
        return MISSING
    text = format_share(now - before, before, digits)
    rose = now > before and text.strip("0.%") and text != NOT_APPLICABLE
    return f"+{text}" if rose else text


def format_points(share: tuple[int, int], other: tuple[int, int], digits: int = 1) -> str:
    """Return share − other, two fractions (num, den), in percentage points: `-7.7个百分点`."""
    (num, den), (other_num, other_den) = share, other
    if den <= 0 or other_den <= 0:
        return NOT_APPLICABLE
    gap = num * other_den - other_num * den
    return f"{_quotient(gap * 100, den * other_den, digits)}个百分点"


def near_limit_share(value: int, limit: int, bound: tuple[int, int] = (1, 1)) -> str:
    """Return value ÷ limit in per cent, with as many decimals as tell it from the bound.

    `bound` is the ratio the rule compares with, as a fraction. `100.003%`, never `100.0%` for what
    is above 100%; the same text as the bound only where they are equal.
    """
    num, den = bound
    if limit <= 0:
        return NOT_APPLICABLE
    text = format_share(value, limit)
    if value * den == num * limit:
        return text
    for digits in range(1, 19):
        text = format_share(value, limit, digits)
        if text != format_share(num, den, digits):
            return text
    return text


def share_and_excess(value: int, limit: int) -> str:
    """Return the share of a limit and, above it, the amount over: `100.003%，超出12.50万元`."""
    share = near_limit_share(value, limit)
    return share if value <= limit else f"{share}，{excess_sentence(value, limit)}"


def excess_sentence(value: int, limit: int) -> str:
    """Return how far an amount is from its limit in words: `超出12.50万元`, `低于…`, `等于限额`."""
    if value == limit:
        return "等于限额"
    word = "超出" if value > limit else "低于"
    return f"{word}{sentence_amount(abs(value - limit))}"


def _ratio_text(num: int | None, den: int | None, factor: int, digits: int, sign: str) -> str:
    if num is None or den is None:
        return MISSING
    return NOT_APPLICABLE if den <= 0 else f"{_quotient(num * factor, den, digits)}{sign}"


def _quotient(num: int, den: int, digits: int) -> str:
    """Return num ÷ den (den > 0) with thousands marks, half away from zero, never `-0.00`."""
    step = 10**digits
    rounded = (abs(num) * step * 2 + den) // (den * 2)
    whole, part = divmod(rounded, step)
    minus = "-" if num < 0 and rounded else ""
    return f"{minus}{whole:,}.{part:0{digits}d}" if digits else f"{minus}{whole:,}"
