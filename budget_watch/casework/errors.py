"""What can go wrong in casework, said in a sentence."""


class CaseworkError(Exception):
    """A finding or a run could not be read or recorded."""


class UnknownFindingError(CaseworkError):
    """No finding with this id, or not in the reader's scope (the two look alike on purpose)."""

    def __init__(self, finding_id: str) -> None:
        super().__init__(
            f"没有找到疑点 {finding_id}，或您没有查看权限。"
            "请用 budget-watch findings 列出可查看的疑点。"
        )
