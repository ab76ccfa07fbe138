"""双向评价 on the page of a case: who is offered it, and only while it counts."""

from __future__ import annotations

from typing import Any

from budget_watch.casework.acting import act
from budget_watch.casework.cases import get_case
from dashboard.app import answer
from tests.dashboard.reading import kinds, words
from tests.dashboard.test_opinions import OURS, made  # noqa: F401

TO_ANSWERED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("li", "draft", {"document": "问询函", "addressee": "财政", "text": "请说明原因。"}),
    ("wang", "review", {}),
    ("zhao", "sign", {}),
    ("li", "transfer", {"number": "预工〔2026〕31号"}),
    ("finance", "receive", {}),
    ("finance", "start", {}),
    ("finance", "answer", {"text": "已按合同支付。"}),
    ("wang", "examine", {}),
)
RATE = "评价办理情况"


def test_members_and_the_addressee_are_offered_to_rate_until_it_is_closed(made):  # noqa: F811
    finding = made.finding  # verified already

    def offered(name: str) -> list[str]:
        case = get_case(made.home, made.actor("wang"), finding).id
        shown = answer(made.home, made.actor(name).grant, f"/case/{case}", "")
        return [words(each) for each in kinds(shown, "Summary")]

    for name, step, given in TO_ANSWERED:
        act(made.home, made.actor(name), finding, step, given)
    who = ("dai", "member", "finance", "li", "wang", "zhao")
    assert [name for name in who if RATE in offered(name)] == ["dai", "member", "finance"]
    body = {"target": finding, "step": "rate", "version": 0, "given": {"word": "满意"}}
    told = made.signed("wang").post("/act", json={**body, "request": "w"}, headers=OURS)
    assert (told.status_code, "审核不参加满意度评价" in told.json["said"]) == (422, True)
    told = made.signed("dai").post("/act", json={**body, "request": "d"}, headers=OURS)
    assert told.status_code == 200, told.json
    closers = ("wang", "zhao") if get_case(made.home, made.actor("li"), finding).red else ("wang",)
    for name in closers:
        act(made.home, made.actor(name), finding, "close", {"reason": "齐全", "result": "有依据"})
    assert [name for name in who if RATE in offered(name)] == []
    told = made.signed("dai").post("/act", json={**body, "request": "e"}, headers=OURS)
    assert (told.status_code, "已经是“办结”，不再评价" in told.json["said"]) == (422, True)
