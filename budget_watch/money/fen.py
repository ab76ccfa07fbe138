"""One figure in, fen out: exact from text, Decimal, int, and from the shortest text of a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from budget_watch.money.figure import plain_figure
from budget_watch.money.unit import Unit

LIMIT = 2**63 - 1
# What source files write where a figure is missing. A blank is not zero.
BLANKS = frozenset({"", "-", "--", "—", "——", "－", "/", "\\", "无", "空", "null", "None", "nan"})

_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


class MoneyError(ValueError):
    """A figure cannot be read as money. Says which figure and what would be right."""


def to_fen(value: str | Decimal | int | float, unit: Unit | str) -> int:
    """Return the amount in fen, exactly; parts of a fen are rounded half up (四舍五入).

    A float counts as its shortest decimal text (`repr`), as a spreadsheet would show it. Text may
    carry groups of three digits, full-width digits, ¥, a sign or accounting brackets.
    Raises MoneyError for blanks, text that is no number, infinities, and amounts beyond Int64.
    """
    fen = _decimal(value).scaleb(Unit(unit).digits, _EXACT)
    try:
        whole = int(fen.to_integral_value(ROUND_HALF_UP, _EXACT))
    except InvalidOperation as error:
        raise MoneyError(f"金额 {value!r} 过长，无法精确换算；请核对单位与小数点") from error
    if abs(whole) > LIMIT:
        raise MoneyError(f"金额 {value!r}{Unit(unit)} 超出可存范围（约 9.2 亿亿分）；请核对单位")
    return whole


def parse_fen(text: str, unit: Unit | str) -> int | None:
    """Return fen, or None where the text means that there is no figure (see BLANKS).

    Raises MoneyError as `to_fen` does.
    """
    return None if text.strip() in BLANKS else to_fen(text, unit)


def parse_amount(text: str, bare: Unit | None = None) -> int | None:
    """Return the fen of an amount with its unit (1200万元), or None where nothing is written.

    Args:
        bare: the unit of a number that stands without one; such a number is refused where None.

    Raises:
        MoneyError: no amount, or no unit.
    """
    plain = text.strip()
    written = next((each for each in (Unit.YI, Unit.WAN, Unit.YUAN) if plain.endswith(each)), None)
    unit, number = written or bare, plain.removesuffix(written or "")
    if not plain:
        return None
    try:
        fen = None if unit is None else parse_fen(number, unit)
    except MoneyError:
        fen = None
    if fen is None:
        raise MoneyError(f"金额“{text}”不对，请写成 1200万元、0.5亿元 或 300元 这样")
    return fen


def _decimal(value: str | Decimal | int | float) -> Decimal:
    if isinstance(value, bool):
        raise MoneyError(f"金额 {value!r} 是逻辑值；请给出数字")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        value = repr(value)
    number = value if isinstance(value, Decimal) else _from_text(value)
    if not number.is_finite():
        raise MoneyError(f"金额 {value!r} 不是有限的数；请核对来源公式")
    return number


def _from_text(text: str) -> Decimal:
    plain = plain_figure(text)
    if plain is None:
        raise MoneyError(f"“{text}”不是金额；请写成如 1234.56 或 1,234.56 的数字，单位写在表头")
    return Decimal(plain)
