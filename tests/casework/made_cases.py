"""Findings to work on, the people who do, and what each step needs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from budget_watch.access import Grant, Scope
from budget_watch.casework.acting import Done, act
from budget_watch.casework.cases import Actor
from budget_watch.casework.recording import Run, record_run
from budget_watch.lake import Home

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday 10:00 in Shanghai
GIVEN: dict[str, Any] = {
    "reason": "已核对凭证",
    "result": "数据问题",
    "level": "red",
    "document": "问询函",
    "addressee": "101",
    "text": "请说明支出进度滞后的原因。",
    "number": "预工〔2026〕12号",
    "objection": "口径",
    "committed": "2027-06-30",
    "clock": "answer",
    "days": 5,
    "rung": "专题询问",
}


def id_of(number: int) -> str:
    """The identity of the n-th finding."""
    return f"{number:064x}"


def fill(home: Home, count: int, *, level: str = "orange", departments: int = 2) -> None:
    """Record findings 1 … of departments 101, 102, 101 …"""
    found = [
        {
            "identity": id_of(number),
            "rule": "ZX06",
            "title": "支出进度滞后序时",
            "area": "execution",
            "outcome": "hit",
            "level": level,
            "class": "理",
            "provisional": False,
            "grain": {"dept_code": str(101 + (number - 1) % departments), "number": number},
            "values": {"spent": number},
            "period_end": "2026-09-30",
            "mof_div_code": "990100000",
            "dept_code": str(101 + (number - 1) % departments),
            "agency_code": None,
            "message": "提示",
        }
        for number in range(1, count + 1)
    ]
    day = date(2026, 11, 19)
    record_run(home, Run("r1", "S1", "b", day, frozenset(), []), found, baseline=None)


def person(user: str, role: str, departments: frozenset[str] | None = None) -> Actor:
    """Somebody in a role; of a department, if it is named."""
    grant = Grant(user=user, purpose="办理", scope=Scope(departments=departments))
    return Actor(grant, role, session=f"s-{user}")


LI = person("li", "经办")
WANG = person("wang", "审核")
ZHAO = person("zhao", "签发")
LEADER = person("leader", "常委会领导")
FINANCE = person("finance", "财政归口")
BUREAU = person("bureau", "主管部门", frozenset({"101"}))
CLERK = person("clerk", "单位经办", frozenset({"101"}))
CHIEF = person("chief", "单位财务负责人", frozenset({"101"}))
HEAD = person("head", "单位负责人", frozenset({"101"}))
STRANGER = person("stranger", "单位经办", frozenset({"102"}))
EVERYBODY = (LI, WANG, ZHAO, LEADER, FINANCE, BUREAU, CLERK, CHIEF, HEAD)

# The way to each state from a finding nobody has taken: who does what.
TO = {
    "初核": ((LI, "take"),),
    "不成立": ((LI, "take"), (LI, "dismiss")),
    "初核成立": ((LI, "take"), (LI, "uphold")),
    "拟稿": ((LI, "take"), (LI, "uphold"), (LI, "draft")),
    "审核": ((LI, "take"), (LI, "uphold"), (LI, "draft"), (WANG, "review")),
}
TO["签发"] = (*TO["审核"], (ZHAO, "sign"))
TO["已转交"] = (*TO["签发"], (LI, "transfer"))
TO["已签收"] = (*TO["已转交"], (CLERK, "receive"))
TO["待改派"] = (*TO["已签收"], (CLERK, "decline"))
TO["研究处理中"] = (*TO["已签收"], (CLERK, "start"))
TO["异议"] = (*TO["研究处理中"], (CLERK, "object"))
TO["答复拟稿"] = (*TO["研究处理中"], (CLERK, "draft_answer"))
TO["答复审核"] = (*TO["答复拟稿"], (CHIEF, "check_answer"))
TO["已反馈"] = (*TO["答复审核"], (HEAD, "issue_answer"))
TO["复核"] = (*TO["已反馈"], (WANG, "examine"))
TO["退回补充"] = (*TO["复核"], (WANG, "ask_more"))
TO["持续跟踪"] = (*TO["复核"], (WANG, "track"))
TO["办结"] = (*TO["复核"], (WANG, "close"))
TO["新触发"] = ()


def number_for(target: str) -> str:
    """A document number of the case's own."""
    return GIVEN["number"] if target == id_of(1) else f"预工〔2026〕{target[-6:]}号"


def given_for(home: Home, step: str, **more: Any) -> dict[str, Any]:
    """What a step needs, filled in."""
    from budget_watch.casework.workflow import workflow_of

    needs = workflow_of(home.root).named(step).needs
    return {**{name: GIVEN[name] for name in needs}, **more}


def do(home: Home, actor: Actor, target: str, step: str, **more: Any) -> Done:
    """Take a step with everything it needs."""
    options = {name: more.pop(name) for name in ("version", "request", "now") if name in more}
    given = given_for(home, step, **more)
    if "number" in given and "number" not in more:
        given["number"] = number_for(target)
    return act(home, actor, target, step, given, **{"now": NOW, **options})


def bring(home: Home, target: str, state: str, **more: Any) -> None:
    """Bring a finding to a state."""
    for actor, step in TO[state]:
        do(home, actor, target, step, **more)
