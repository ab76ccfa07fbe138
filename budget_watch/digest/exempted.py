"""The exemptions (例外情形登记) in force on the snapshot's business date: all are listed.

Reasons are people's words and stand in the register; here are rule, scope, basis, who and how long.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from budget_watch.access import Grant
from budget_watch.casework.book import book_now
from budget_watch.casework.exemption_entries import BY_FILE
from budget_watch.casework.exemptions import register
from budget_watch.lake import Home
from budget_watch.views import formats

COLUMNS = ("编号", "规则", "范围", "依据", "登记、批准", "有效期", "排除疑点")
WIDTHS = (4, 7, 7, 8, 5, 6, 3)
TITLE = "附录　例外情形登记"
NONE = "没有在业务日有效的例外情形登记。"


def note(count: int, day: str) -> str:
    """The sentence above the list."""
    return (
        f"{day}有效的登记共{count}条。登记只免去通知，观测照样留存；"
        "“排除疑点”是最近一次运行里的条数。"
    )


def in_force(home: Home, grant: Grant, day: date) -> tuple[tuple[str, ...], ...]:
    """One row an entry, in the order of their numbers."""
    book = book_now(home.root)
    return tuple(
        _row(each, book.rules[each["rule"]].title if each["rule"] in book.rules else "")
        for each in register(home, book, grant)
        if _holds(each, day.isoformat())
    )


def _holds(each: dict[str, Any], day: str) -> bool:
    """Whether an entry holds on a day; one of an account only when another has confirmed it."""
    ended = each.get("ended")
    return (
        each["from"] <= day <= each["to"]
        and (each["origin"] == BY_FILE or each["approved_by"] is not None)
        and (ended is None or day < ended)
    )


def _row(each: dict[str, Any], title: str) -> tuple[str, ...]:
    scope = "；".join(f"{name}：{value}" for name, value in each["scope"].items())
    until = f"{each['from']}至{each['to']}"
    if each.get("ended"):
        until += f"，自{each['ended']}起终止"
    return (
        str(each["exemption"]),
        f"{each['rule']} {title}".strip(),
        scope or "全部",
        each["basis"] or formats.NOT_APPLICABLE,
        f"{each['registered_by']}、{each['approved_by'] or formats.NOT_APPLICABLE}",
        until,
        formats.count(each["used"]) if each["used"] is not None else formats.NOT_APPLICABLE,
    )
