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


class ActError(CaseworkError):
    """A step on a case is not possible now, or not by this person, or lacks something."""


class StaleError(ActError):
    """Somebody else was faster: the case is no longer as the person saw it."""


class UnknownExemptionError(CaseworkError):
    """No exemption with this number, or not in the reader's scope."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有找到例外情形登记 {number}，或您没有查看权限。"
            "请用 budget-watch exemptions list 列出可查看的登记。"
        )


class UnknownCaseError(CaseworkError):
    """No case with this id, or not in the reader's scope (the two look alike on purpose)."""

    def __init__(self, case_id: str) -> None:
        super().__init__(
            f"没有找到办理 {case_id}，或您没有查看权限。"
            "请用 budget-watch cases list 列出可查看的办理。"
        )


class WorkflowError(CaseworkError):
    """The workflow file is wrong. Says file, place and what to write instead."""
