"""What people give for 民生实事, in the form in which it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.errors import ActError
from budget_watch.money.fen import MoneyError, parse_amount
from budget_watch.money.unit import Unit

CHOSEN = {"选上": True, "未选上": False}
VOTES = {"yes": "赞成", "no": "反对", "abstained": "弃权"}
_MOST_VOTES = 5000


def planned_fen(text: str, bare: Unit | None = None) -> int | None:
    """What a project shall cost, as people write it: 1200万元, 0.5亿元; None for nothing.

    Args:
        bare: the unit of a number that stands alone.

    Raises:
        MoneyError: no amount, or one below zero.
    """
    fen = parse_amount(text, bare)
    if fen is not None and fen < 0:
        raise MoneyError(f"金额“{text}”小于零；请核对")
    return fen


def vote_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """What came of the vote on a candidate, as the office tells it; who is chosen is not reckoned.

    Raises:
        ActError: a count is missing or no whole number, the meeting or the outcome is not said.
    """
    said: dict[str, Any] = {}
    for name, word in VOTES.items():
        count = whole(given.get(name))
        if count is None or not 0 <= count <= _MOST_VOTES:
            raise ActError(f"{word}票数应为 0 至 {_MOST_VOTES} 的整数。")
        said[name] = count
    outcome = str(given.get("outcome", ""))
    if outcome not in CHOSEN:
        raise ActError(f"票决结果“{outcome}”不对；可用 {'、'.join(CHOSEN)}。")
    return {**said, "chosen": CHOSEN[outcome], "held": text("哪次会议", given.get("held", ""), 200)}


def vote_words(vote: Mapping[str, Any]) -> str:
    """A vote in words."""
    counts = "，".join(f"{word}{vote[name]}" for name, word in VOTES.items())
    return f"{vote['held']}票决：{counts}，{'选上' if vote['chosen'] else '未选上'}"


def whole(value: Any) -> int | None:
    """A whole number; None for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return None


def text(name: str, value: Any, most: int, least: int = 2) -> str:
    """A text of a proper length.

    Raises:
        ActError: it is shorter or longer.
    """
    told = str(value).strip()
    if not least <= len(told) <= most:
        raise ActError(f"{name}应写 {least} 至 {most} 个字。")
    return told
