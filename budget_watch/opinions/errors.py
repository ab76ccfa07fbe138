"""What can go wrong with opinions beyond what casework knows, said in a sentence."""

from __future__ import annotations

from budget_watch.casework.errors import CaseworkError


class UnknownOpinionError(CaseworkError):
    """No opinion with this id, or not the reader's (the two look alike on purpose)."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有找到意见 {number}，或您没有查看权限。"
            "请用 budget-watch opinions list 列出可查看的意见。"
        )


class UnknownTopicError(CaseworkError):
    """No topic with this id, or not the reader's (the two look alike on purpose)."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有找到议题 {number}，或您没有查看权限。"
            "请用 budget-watch opinions topics list 列出可查看的议题。"
        )
