"""How a finding's data stand against the run before; never moves the work state.

The order of questions is the order of trust: what could not be judged is said
first, then what is no longer hit, then whether it got worse or better, and only
then whether a figure of a period that was already over has been corrected.
"""

from __future__ import annotations

from datetime import date
from typing import Any

NEW = "新触发"
LASTING = "持续"
WORSE = "加重"
BETTER = "好转"
CORRECTED = "更正"
CLEARED = "已恢复"
RETURNED = "再次触发"
INSUFFICIENT = "数据不足"
EXEMPT = "例外登记"
ERROR = "出错"

RANK = {"blue": 1, "yellow": 2, "orange": 3, "red": 4}


def data_state(  # noqa: PLR0911 - one word, one question
    before: dict[str, Any] | None, now: dict[str, Any] | None, previous_as_of: date | None
) -> str:
    """Name the data state of one finding.

    Args:
        before: the observation last recorded for it, ``None`` when it is new.
        now: this run's observation, ``None`` when the rule judged and did not hit it; ``cleared``
            when it hit an earlier period and has recovered since.
        previous_as_of: the day the last recorded run was made for.

    Returns:
        One of this module's words.
    """
    if now is None or now["outcome"] == "cleared":
        return CLEARED
    if now["outcome"] == "insufficient_data":
        return INSUFFICIENT
    if now["outcome"] == "error":
        return ERROR
    if now["outcome"] == "not_applicable":
        return EXEMPT
    if before is None:
        return NEW
    if before["outcome"] in ("cleared", "not_applicable"):
        return RETURNED
    if before["outcome"] != "hit":
        return LASTING
    rise = RANK[now["level"]] - RANK[before["level"]]
    if rise:
        return WORSE if rise > 0 else BETTER
    closed = previous_as_of is not None and _day(now.get("period_end")) < previous_as_of
    return CORRECTED if closed and now["values"] != before["values"] else LASTING


def _day(value: object) -> date:
    """A day from an observation; one without a period counts as still open."""
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if isinstance(value, str) else date.max
