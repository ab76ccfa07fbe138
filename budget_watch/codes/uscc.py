"""The unified social credit code (统一社会信用代码, GB 32100): check and make.

The check of python-stdnum refuses a letter in the first two places, which rural organisations (N)
and others (Y) carry; a test compares the two where both judge.
"""

from __future__ import annotations

import polars as pl

CHARSET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_SHAPE = f"^[{CHARSET}]{{2}}[0-9]{{6}}[{CHARSET}]{{10}}$"


class UsccError(ValueError):
    """The first 17 places of a credit code are not of its form."""


def check_digit(body: str) -> str:
    """Return the 18th place for the first 17. Raises UsccError if they are malformed."""
    if len(body) != 17 or any(sign not in CHARSET for sign in body):
        raise UsccError(f"“{body}”应为 17 位数字或大写字母（不含 I、O、S、V、Z）")
    total = sum(CHARSET.index(sign) * weight for sign, weight in zip(body, WEIGHTS, strict=True))
    return CHARSET[-total % 31]


def make(body: str) -> str:
    """Return the whole code for its first 17 places. Raises UsccError if they are malformed."""
    return body + check_digit(body)


def is_valid(code: str) -> bool:
    """Whether a code has 18 permitted places, a region in digits, and the right check digit."""
    return (
        len(code) == 18
        and all(sign in CHARSET for sign in code)
        and code[2:8].isdigit()
        and code[17] == check_digit(code[:17])
    )


def is_valid_expr(column: str) -> pl.Expr:
    """Return a Boolean expression: whether the column's codes are valid; null where it is null."""
    code = pl.col(column)
    values = {sign: str(number) for number, sign in enumerate(CHARSET)}
    total = pl.sum_horizontal(
        code.str.slice(place, 1).replace_strict(values, default=None).cast(pl.Int64) * weight
        for place, weight in enumerate((*WEIGHTS, 1))
    )
    return code.str.contains(_SHAPE) & (total % 31 == 0)
