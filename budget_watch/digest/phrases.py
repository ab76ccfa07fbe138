"""How a figure reads in a sentence and in a cell: the right words for direction and size.

Amounts, rates and dates are written by `budget_watch.views.formats`; here are only the words around
them. A change that rounds to 0.0% reads 基本持平, an exact zero 持平.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from budget_watch.views import Figure, Unit, formats

MISSING = formats.MISSING
NOT_APPLICABLE = formats.NOT_APPLICABLE


def sentence(figure: Figure, form: str = "") -> str:
    """A known figure as words in a sentence.

    Args:
        figure: with a value.
        form: "" (the unit's usual wording), or one of `FORMS`.
    """
    return FORMS.get(form, _usual)(figure)


def cell(figure: Figure, unit: formats.Unit = "wan") -> str:
    """A figure in a table cell; 缺 where it is missing, — where it does not apply."""
    if figure.value is None:
        return NOT_APPLICABLE if figure.inapplicable else MISSING
    if figure.unit is Unit.FEN:
        return formats.table_money(figure.value, unit)
    if figure.unit is Unit.COUNT:
        return formats.count(figure.value)
    if figure.unit is Unit.TIMES:
        return formats.times(figure.value, figure.over)
    if figure.unit is Unit.SHARE:
        return _share(figure)
    text = _tenths(_exact(figure) * 100)
    signed = text if text.startswith("-") or text == "0.0" else f"+{text}"
    return f"{signed}%" if figure.unit is Unit.CHANGE else signed


def _usual(figure: Figure) -> str:
    value = figure.value or 0
    match figure.unit:
        case Unit.FEN:
            return formats.sentence_money(value)
        case Unit.SHARE:
            return _share(figure)
        case Unit.CHANGE:
            return _growth(figure)
        case Unit.TIMES:
            return formats.times(value, figure.over)
        case Unit.POINTS:
            return f"{_tenths(abs(_exact(figure)) * 100)}个百分点"
        case Unit.COUNT:
            return formats.count(value)


def _share(figure: Figure) -> str:
    """One decimal; against a limit as many as it takes not to print the limit itself."""
    part = figure.value or 0
    if figure.denominator is not None and "限额" in figure.denominator:
        return formats.near_limit(part, figure.over)
    return formats.share(part, figure.over)


def _growth(figure: Figure) -> str:
    exact = _exact(figure)
    if exact == 0:
        return "与上年同期持平"
    if _tenths(abs(exact) * 100) == "0.0":
        return "与上年同期基本持平"
    word = "增长" if exact > 0 else "下降"
    if exact >= 10:
        return f"同比增长{_round(exact, 2)}倍"
    return f"同比{word}{_tenths(abs(exact) * 100)}%"


def _step(figure: Figure) -> str:
    """An amount of change: 增加1.20亿元, 减少3.00万元."""
    if not figure.value:
        return "与上年同期持平"
    word = "增加" if figure.value > 0 else "减少"
    return word + formats.sentence_money(abs(figure.value))


def _pace(figure: Figure) -> str:
    """Against 时间进度: 快于序时进度7.7个百分点."""
    exact = _exact(figure)
    if _tenths(abs(exact) * 100) == "0.0":
        return "与序时进度持平" if exact == 0 else "与序时进度基本持平"
    word = "快于" if exact > 0 else "慢于"
    return f"{word}序时进度{_tenths(abs(exact) * 100)}个百分点"


def _pull(figure: Figure) -> str:
    """An item's part in the whole's growth: 拉动1.2个百分点."""
    exact = _exact(figure)
    word = "拉动" if exact > 0 else "下拉"
    return f"{word}{_tenths(abs(exact) * 100)}个百分点"


def _plain_growth(figure: Figure) -> str:
    """The same without 同比, inside brackets: 增长3.2%."""
    return _growth(figure).removeprefix("同比")


def _exact(figure: Figure) -> Fraction:
    return figure.exact if figure.exact is not None else Fraction(0)


def _tenths(value: Fraction) -> str:
    return _round(value, 1)


def _round(value: Fraction, places: int) -> str:
    """Half away from zero, exactly, on integers."""
    scaled = value * 10**places
    whole = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    text = f"{Decimal(whole).scaleb(-places):,f}"
    return f"-{text}" if value < 0 and whole else text


def _grown(figure: Figure) -> str:
    """Against whatever the sentence names: 增长3.2%, 持平."""
    return _plain_growth(figure).removeprefix("与上年同期")


def _stepped(figure: Figure) -> str:
    """An amount of change against whatever the sentence names: 增加1.20亿元, 持平."""
    return _step(figure).removeprefix("与上年同期")


FORMS: dict[str, Callable[[Figure], str]] = {
    "step": _step,
    "pace": _pace,
    "pull": _pull,
    "growth": _plain_growth,
    "grown": _grown,
    "stepped": _stepped,
}
