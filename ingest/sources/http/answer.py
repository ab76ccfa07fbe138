"""Reads JSON answers exactly: numbers keep the digits they were sent with, never a float."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from ingest.sources.http.faults import WrongAnswer

_LONGEST = 60  # digits of a figure written out; more is no figure of ours


class Figure(str):
    """A number of the answer, as the text it was sent with (`Decimal` writes out exponents)."""

    __slots__ = ()


def parsed(body: bytes) -> Any:
    """The answer's content; numbers are `Figure`.

    Raises WrongAnswer when it is cut, not JSON, not UTF-8, or holds a name twice.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=_figure,
            parse_int=_figure,
            parse_constant=_no_figure,
            object_pairs_hook=_once,
        )
    except (ValueError, RecursionError) as error:
        raise WrongAnswer(f"答复不是完整的 JSON（{str(error)[:80]}）") from error


def _figure(text: str) -> Figure:
    if "e" not in text and "E" not in text:
        return Figure(text)
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]} 不是数") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _LONGEST:
        raise ValueError(f"{text[:40]} 超出范围")
    return Figure(format(number, "f"))


def _no_figure(text: str) -> Any:
    raise ValueError(f"{text} 不是数")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("同一名称出现两次")
    return found


def at(content: Any, path: str) -> Any:
    """What stands at a dotted path (`data.rows`; empty: the whole); None where there is nothing."""
    for name in path.split(".") if path else ():
        if not isinstance(content, dict):
            return None
        content = content.get(name)
    return content


def whole_number(value: Any, what: str) -> int | None:
    """A count of the answer; None where it has none. Raises WrongAnswer where it is no count."""
    if value is None:
        return None
    try:
        count = int(str(value))
    except ValueError as error:
        raise WrongAnswer(f"{what}“{str(value)[:40]}”不是整数") from error
    if count < 0 or isinstance(value, bool):
        raise WrongAnswer(f"{what}“{value}”不是条数")
    return count
