"""What can go wrong in this room; a reader is told the same of what is not there and not theirs."""

from __future__ import annotations

from budget_watch.casework.errors import CaseworkError


class UnknownCongressError(CaseworkError):
    """No such 会次, or not the reader's (the two look alike on purpose)."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有找到会次 {number}，或您没有查看权限。"
            "请用 budget-watch session list 列出可查看的会次。"
        )
