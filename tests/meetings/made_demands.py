"""Demands in every state, and what each step needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.meetings.acting import DemandDone, Document, act, register
from tests.opinions.made_opinions import BUREAU, FINANCE, HEAD, LI, WANG, ZHAO
from tests.views_drill.small_city import CITY

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
RESOLVED = Document(
    "决议",
    "关于2026年预算的决议",
    "2026-01-25",
    "常发〔2026〕3号",
    region=CITY,
)
HEARD = Document("审议意见", "关于2025年决算的审议意见", "2026-07-30", region=CITY)
GIVEN: dict[str, dict[str, Any]] = {
    "amend": {"reason": "文件更正", "text": "压减一般性支出百分之五"},
    "cancel": {"reason": "重复登记"},
    "hand_over": {"letter": "人预〔2026〕7号"},
    "receive": {},
    "report": {"text": "已压减一般性支出，结余收回。"},
    "send_back": {"reason": "没有说明金额"},
    "evaluate": {"word": "满意", "held": "常委会第三十次会议"},
    "again": {"reason": "仍未到位", "due": "2027-03-31"},
    "close": {"reason": "已落实"},
    "extend": {"reason": "项目跨年", "due": "2027-06-30"},
    "remind": {},
    "link": {"thing": "/exec/d101"},
    "unlink": {"thing": "/exec/d101", "reason": "挂错了"},
    "note": {"reason": "已电话联系"},
}
HANDED = ((WANG, "hand_over", {}),)
WORKING = (*HANDED, (FINANCE, "receive", {}))
REPORTED = (*WORKING, (FINANCE, "report", {}))
JUDGED = (*REPORTED, (WANG, "evaluate", {}))
TO: dict[str, tuple[tuple[Actor, str, dict[str, Any]], ...]] = {
    "已登记": (),
    "已交办": HANDED,
    "办理中": WORKING,
    "已报告": REPORTED,
    "已评价": JUDGED,
    "办结": (*JUDGED, (ZHAO, "close", {})),
    "已撤销": ((WANG, "cancel", {}),),
}


def new(home: Home, text: str = "严格控制一般性支出", **more: Any) -> str:
    """A registered demand."""
    document, whom = more.pop("document", RESOLVED), more.pop("whom", ["政府"])
    options = {"due": "2026-12-31", "now": NOW, **more}
    return register(home, LI, document, [text], whom, **options)[0].demand


def do(home: Home, actor: Actor, number: str, step: str, /, **more: Any) -> DemandDone:
    """Take a step with everything it needs."""
    options = {name: more.pop(name) for name in ("version", "request", "now") if name in more}
    return act(home, actor, number, step, {**GIVEN[step], **more}, **{"now": NOW, **options})


def bring(home: Home, state: str, **more: Any) -> str:
    """A demand in a state."""
    number = new(home, **more)
    for actor, step, given in TO[state]:
        do(home, actor, number, step, **given)
    return number


DEPARTMENT = (FINANCE, BUREAU, HEAD)
