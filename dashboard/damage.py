"""What a reader is told when files of a published table are damaged."""

from __future__ import annotations

from budget_watch.access import Grant
from budget_watch.access.roles import roles
from budget_watch.lake import DamagedError, Home
from budget_watch.lake.layout import layout

_TOLD = frozenset({"预算工委", "三员"})  # groups of permissions.yaml who are told which table


def damage(home: Home, grant: Grant, found: DamagedError) -> str:
    """Which table is damaged and what to do; for others than administrators and staff, whom to ask.

    Neither a path nor a figure of the table is said: both stand in the log under the page's number.
    """
    if grant.role is not None and roles(home.root)[grant.role].group not in _TOLD:
        return "数据文件有损坏，请联系管理员。"
    name = found.table
    which = f"报表“{layout(name).contract.title}”（{name}）的" if name else ""
    return (
        f"{which}数据文件损坏或缺失，与台账不符。请系统管理员按运行日志中的同一编号找到文件，"
        "从备份恢复（budget-watch restore）。"
    )
