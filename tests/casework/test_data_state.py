"""A finding's data state says how it stands against the run before."""

from datetime import date
from typing import Any

import pytest

from budget_watch.casework.data_state import data_state


def seen(
    level: str = "orange", outcome: str = "hit", period_end: str = "2026-09-30", **values: int
) -> dict[str, Any]:
    return {"outcome": outcome, "level": level, "values": values, "period_end": period_end}


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (None, seen(spent=1), "新触发"),
        (seen(spent=1), seen(spent=1), "持续"),
        (seen("yellow", spent=1), seen("red", spent=2), "加重"),
        (seen("red", spent=2), seen("blue", spent=1), "好转"),
        (seen(spent=1), seen(spent=2), "更正"),
        (seen(spent=1, period_end="2026-11-30"), seen(spent=2, period_end="2026-11-30"), "持续"),
        (seen(spent=1), None, "已恢复"),
        (seen(spent=1, outcome="cleared"), seen(spent=1), "再次触发"),
        (seen(spent=1), seen(outcome="insufficient_data"), "数据不足"),
        (seen(spent=1), seen(outcome="error"), "出错"),
    ],
)
def test_each_change_has_its_word(before: Any, now: Any, word: str) -> None:
    assert data_state(before, now, previous_as_of=date(2026, 11, 19)) == word
