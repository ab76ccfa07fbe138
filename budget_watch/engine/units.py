"""Types and units of the expression language, and its literals with units.

Numbers are exact: a stored column is a whole number over a fixed denominator (fen over 1, ratio
over 1 000 000, a figure with scale n over 10^n), a literal is a fraction. Dimensionless numbers
(counts, ratios, months of a year) mix freely; money, days and working days only meet their own
kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from budget_watch.engine.errors import ExpressionError

Base = Literal["num", "date", "text", "bool", "null"]


@dataclass(frozen=True)
class Type:
    """The type of an expression; `unit` is a product of powers, empty for dimensionless."""

    base: Base
    unit: tuple[tuple[str, int], ...] = ()
    shown: str = ""  # how a dimensionless number is best shown: "%" or "" (no part in checks)

    def __str__(self) -> str:
        """The type as a rule writer would say it."""
        if self.base != "num":
            return {"date": "日期", "text": "文字", "bool": "真假", "null": "空"}[self.base]
        if not self.unit:
            return "比率" if self.shown == "%" else "数"
        names = {"money": "金额", "day": "日数", "workday": "工作日数"}
        return "·".join(
            names.get(each, each) + (f"^{power}" if power != 1 else "") for each, power in self.unit
        )


NUMBER = Type("num")
RATIO = Type("num", (), "%")
MONEY = Type("num", (("money", 1),))
DAY = Type("num", (("day", 1),))
WORKDAY = Type("num", (("workday", 1),))
DATE = Type("date")
TEXT = Type("text")
BOOL = Type("bool")
NULL = Type("null")


def quantity(unit: str | None) -> Type:
    """The type of a figure with a unit of its own (an area); none means a plain number."""
    return Type("num", ((unit, 1),)) if unit else NUMBER


def product(left: Type, right: Type, sign: int = 1) -> Type:
    """The type of left × right (sign 1) or left ÷ right (sign −1)."""
    powers = dict(left.unit)
    for name, power in right.unit:
        powers[name] = powers.get(name, 0) + sign * power
    unit = tuple(sorted((name, power) for name, power in powers.items() if power))
    shown = "" if unit else ("%" if sign < 0 or "%" in (left.shown, right.shown) else "")
    return Type("num", unit, shown)


def same(left: Type, right: Type) -> bool:
    """Whether two types may be compared, added or stand in one CASE."""
    if "null" in (left.base, right.base):
        return True
    return left.base == right.base and left.unit == right.unit


@dataclass(frozen=True)
class Column:
    """A value a rule can name: its type, the denominator of its stored whole number, its guard.

    `bits` bounds the stored magnitude (2^bits); `nullable` false spares the count of nulls.
    """

    name: str
    type: Type
    den: int = 1
    nullable: bool = True
    personal: str | None = None
    title: str = ""
    bits: int = 63


LITERAL_UNITS: dict[str, tuple[Fraction, Type]] = {
    "元": (Fraction(100), MONEY),
    "万元": (Fraction(1_000_000), MONEY),
    "亿元": (Fraction(10_000_000_000), MONEY),
    "%": (Fraction(1, 100), RATIO),
    "个百分点": (Fraction(1, 100), RATIO),
    "日": (Fraction(1), DAY),
    "工作日": (Fraction(1), WORKDAY),
    "月": (Fraction(1), NUMBER),
}
_UNIT = "亿元|万元|元|%|个百分点|工作日|日|月"
LITERAL = re.compile(rf"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>{_UNIT})")
_WHOLE = re.compile(rf"\s*(?P<sign>-?)\s*(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>{_UNIT})?\s*")


def literal(number: str, unit: str) -> tuple[Fraction, Type]:
    """Exact value and type of a number with a unit. Raises ExpressionError for parts of a fen."""
    factor, kind = LITERAL_UNITS[unit]
    value = Fraction(number) * factor
    if kind in (MONEY, DAY, WORKDAY) and value.denominator != 1:
        raise ExpressionError(f"{number}{unit} 不是整数（金额最小到分）", "unit")
    return value, kind


def parse_value(text: object, wanted: Type, den: int = 1) -> object:
    """Read one value of a test or parameter file as the stored value of a column.

    Money, ratios and days need their unit in the text (`100元`, `20%`, `30日`).

    Returns: Int (stored, over `den`), date, str, bool or None.
    """
    if text is None:
        return None
    if wanted.base == "bool":
        if isinstance(text, bool):
            return text
        raise ExpressionError(f"“{text}”应写 true 或 false", "unit")
    if wanted.base == "date":
        return _date(text)
    if wanted.base == "text":
        if isinstance(text, str):
            return text
        raise ExpressionError(f"“{text}”是文字（代码），请加引号", "unit")
    if isinstance(text, bool):
        raise ExpressionError(f"“{text}”应为{wanted}", "unit")
    value = _number(text, wanted) * den
    if value.denominator != 1:
        raise ExpressionError(f"“{text}”的小数位数超过该列的精度（1/{den}）", "unit")
    return int(value)


def _number(text: object, wanted: Type) -> Fraction:
    found = _WHOLE.fullmatch(str(text))
    if found is None:
        raise ExpressionError(f"“{text}”不是{wanted}；请写 {_example(wanted)} 这样的", "unit")
    sign, digits = found["sign"], found["number"].replace(",", "")
    unit = found["unit"]
    if unit is None:
        if wanted.unit and wanted.unit[0][0] in ("money", "day", "workday"):
            said = f"“{text}”没有单位；请写 {text}{_UNIT_OF[wanted.unit[0][0]]}"
            raise ExpressionError(said, "unit")
        value = Fraction(digits)
    else:
        value, kind = literal(digits, unit)
        if not same(kind, wanted):
            raise ExpressionError(
                f"“{text}”是{kind}，此处要{wanted}，如 {_example(wanted)}", "unit"
            )
    return -value if sign else value


_UNIT_OF = {"money": "元", "day": "日", "workday": "工作日"}


def _example(wanted: Type) -> str:
    """How a value of a type is written."""
    if wanted.unit and wanted.unit[0][0] in _UNIT_OF:
        return f"{'50万' if wanted == MONEY else '30'}{_UNIT_OF[wanted.unit[0][0]]}"
    return "4%" if wanted.shown == "%" else "12"


def _date(text: object) -> date:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise ExpressionError(f"“{text}”不是日期；请写 2026-03-31", "unit") from error
