"""What the pages do with exemptions (例外情形登记) through POST /act."""

from __future__ import annotations

from datetime import date

from budget_watch.casework.cases import Actor
from budget_watch.casework.exemption_acts import (
    Wanted,
    confirm,
    end,
    of_finding,
    of_place,
    refuse,
    register,
)
from budget_watch.lake import Home
from dashboard.errors import BadRequestError

EXEMPT, EXEMPT_CONFIRM = "exempt", "exempt_confirm"
EXEMPT_REFUSE, EXEMPT_END = "exempt_refuse", "exempt_end"
EXEMPTIONS = (EXEMPT, EXEMPT_CONFIRM, EXEMPT_REFUSE, EXEMPT_END)


def exempted(
    home: Home,
    actor: Actor,
    target: str,
    step: str,
    filled: dict[str, str | int],
    request: str | None,
) -> str:
    """Register an exemption for a finding, or do something with one that was registered."""
    reason = str(filled.get("reason", ""))
    if step == EXEMPT:
        wanted = _wanted(home, actor, target, filled, reason)
        return f"已登记 {register(home, actor, wanted, request=request)}，等待另一人批准。"
    if step == EXEMPT_CONFIRM:
        confirm(home, actor, target)
        return f"已批准 {target}，从下一次运行起生效。"
    if step == EXEMPT_REFUSE:
        refuse(home, actor, target, reason)
        return f"{target} 没有批准，不生效。"
    return f"{target} 自 {end(home, actor, target, reason).acts['end'].day} 起不再有效。"


def _wanted(
    home: Home, actor: Actor, finding: str, filled: dict[str, str | int], reason: str
) -> Wanted:
    places = {"unit": "agency_code", "dept": "dept_code"}
    place = places.get(str(filled.get("scope", "")))
    if place is None:
        rule, scope = of_finding(home, actor, finding)
    else:
        rule, scope = of_place(home, actor, finding, place)
    law, _, article = str(filled.get("law", "")).partition(":")
    basis = ({"law": law, "article": article or None},) if law else ()
    try:
        since, until = (date.fromisoformat(str(filled.get(name, ""))) for name in ("from", "to"))
    except ValueError:
        raise BadRequestError("起止日期写法不对，请写成 2026-11-20 这样。") from None
    document = str(filled.get("document", "")) or None
    return Wanted(rule, scope, since, until, reason, (), basis, document)
