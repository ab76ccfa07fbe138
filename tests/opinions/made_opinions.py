"""Opinions to work on, the people who do, and what each step needs."""

from __future__ import annotations

from typing import Any

from budget_watch.access import Grant, Reached, Scope
from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.opinions.acting import Done, act, write
from budget_watch.opinions.opinion import OpinionDesk
from tests.casework.made_cases import NOW, person

DESK = OpinionDesk.of(Home("/nonexistent"))
FLOW = DESK.flow


def deputy(user: str = "dai") -> Actor:
    """A deputy as their role reads: verified findings, persons masked."""
    return Actor(Grant(user, "履职", findings=Reached.UPHELD, role="deputy"), "代表", f"s-{user}")


def in_role(user: str, role: str, code: str, scope: Scope | None = None) -> Actor:
    """Somebody signed in in a role of the installation."""
    return Actor(Grant(user, "办理", scope or Scope(), role=code), role, f"s-{user}")


DAI, QIAN = deputy(), deputy("qian")
MEMBER = in_role("member", "财经委委员", "member")
LEADER = in_role("leader", "常委会领导", "leader")
LI = in_role("li", "经办", "clerk")
WANG = in_role("wang", "审核", "reviewer")
ZHAO = in_role("zhao", "签发", "signer")
FINANCE = in_role("finance", "财政归口", "finance")
BUREAU = in_role("bureau", "主管部门", "supervisor", Scope(departments=frozenset({"101"})))
CLERK = in_role("clerk", "单位经办", "unit_clerk", Scope(units=frozenset({"101001"})))
HEAD = in_role("head", "单位负责人", "unit_head", Scope(units=frozenset({"101001"})))
STRANGER = in_role("stranger", "单位经办", "unit_clerk", Scope(units=frozenset({"102001"})))
EXPERT = in_role("expert", "专家", "expert")
ADMIN = Actor(Grant("admin", "管理", business=False, role="system_admin"), "系统管理员", "s")
EVERYBODY = (DAI, QIAN, MEMBER, LEADER, LI, WANG, ZHAO, FINANCE, BUREAU, CLERK, HEAD, STRANGER)

GIVEN: dict[str, Any] = {
    "title": "支出进度偏慢",
    "text": "水利局支出进度偏慢，请说明原因。",
    "reason": "已核对事由",
    "kind": "代表建议",
    "addressee": "101001",
    "form": "书面",
    "word": "满意",
    "published": "常委会公报2026年第6期",
    "clock": "hand",
    "days": 5,
}

# The way to each state from a draft of a deputy: who does what with what.
SUBMITTED = ((DAI, "submit", {}),)
REGISTERED = (*SUBMITTED, (LI, "register", {}))
HANDED = (*REGISTERED, (WANG, "hand_over", {}))
RECEIVED = (*HANDED, (CLERK, "receive", {}))
DRAFTED = (*RECEIVED, (CLERK, "draft_answer", {"text": "款项按合同支付，正在加快。"}))
ANSWERED = (*DRAFTED, (HEAD, "issue_answer", {}))
TO = {
    "草稿": (),
    "已提交": SUBMITTED,
    "待本人确认": (*SUBMITTED, (LI, "propose", {})),
    "已登记": REGISTERED,
    "已交办": HANDED,
    "办理中": RECEIVED,
    "答复拟稿": DRAFTED,
    "已答复": ANSWERED,
    "已评价": (*ANSWERED, (DAI, "rate", {})),
    "办结": (*ANSWERED, (DAI, "rate", {}), (WANG, "close", {})),
    "已撤回": (*SUBMITTED, (DAI, "withdraw", {})),
}
# 审议意见 go their own way between receiving and answering.
OWN = {
    "征求意见": (
        (MEMBER, "submit", {}),
        (LI, "register", {}),
        (WANG, "hand_over", {"addressee": "财政"}),
        (FINANCE, "receive", {}),
        (FINANCE, "consult", {"text": "研究处理情况（征求意见稿）"}),
    )
}
OWN["已征求意见"] = (*OWN["征求意见"], (WANG, "comment", {}))


def given_for(step: str, of_kind: str = "线上评论", /, **more: Any) -> dict[str, Any]:
    """What a step needs, filled in as the kind takes it."""
    filled = {name: GIVEN[name] for name in FLOW.named(step).needs}
    if "form" in filled:
        filled["form"] = FLOW.kind[of_kind].reply.forms[-1]
    return {**filled, **more}


def new(home: Home, actor: Actor = DAI, **more: Any) -> str:
    """A draft."""
    title, text = more.pop("title", GIVEN["title"]), more.pop("text", GIVEN["text"])
    return write(home, actor, title, text, **{"now": NOW, **more}).opinion


def do(home: Home, actor: Actor, number: str, step: str, /, **more: Any) -> Done:
    """Take a step with everything it needs."""
    from budget_watch.lake.state import engine
    from budget_watch.opinions.opinion import get

    with engine(home).connect() as connection:
        one = get(connection, DESK, number)
    kind = one.kind if one else "线上评论"
    options = {name: more.pop(name) for name in ("version", "request", "now") if name in more}
    given = given_for(step, kind, **more)
    return act(home, actor, number, step, given, **{"now": NOW, **options})


def bring(home: Home, state: str, **more: Any) -> str:
    """An opinion in a state: a deputy's, or a member's 审议意见 for the states only these have."""
    own = state in OWN
    number = new(home, MEMBER if own else DAI, **{**({"kind": "审议意见"} if own else {}), **more})
    for actor, step, given in OWN[state] if own else TO[state]:
        do(home, actor, number, step, **given)
    return number


__all__ = ["NOW", "person"]
