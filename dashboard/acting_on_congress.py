"""What POST /act does where its target is a session of 人代会, or one to be opened."""

from __future__ import annotations

import re

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.congress.acting import (
    ANSWER,
    OPEN,
    ROUTE,
    answer,
    close_congress,
    give,
    join,
    merge,
    open_congress,
    route,
)
from budget_watch.congress.roll import day_of
from budget_watch.congress.session import CLOSE, PREFIX
from budget_watch.lake import Home
from dashboard.acting_on_opinions import Asked

NEW = "congress-new"
_SPLIT = re.compile(r"[\s,，、]+")
_STRANGE = "请求读不懂；请刷新页面后再办。"


def congress_own(target: str) -> bool:
    """Whether a target is a session, or one to be opened."""
    return target == NEW or re.fullmatch(rf"{PREFIX}\d{{4}}-\d+", target) is not None


def on_congress(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    if asked.target == NEW:
        return _opened(home, actor, asked, given)
    number, request = asked.target, asked.request
    topic, text = given.get("topic", ""), given.get("text", "")
    if asked.step == "give":
        done = give(home, actor, number, text, page=given.get("page", ""), request=request)
        return f"{'此前已收到' if done.repeated else '已收到'}，编号 {done.opinion}。"
    if asked.step in ("merge", "join"):
        opinions = [each for each in _SPLIT.split(given.get("opinions", "")) if each]
        if asked.step == "merge":
            made = merge(home, actor, number, given.get("title", ""), opinions, request=request)
        else:
            made = join(home, actor, number, topic, opinions, request=request)
        return f"已并入议题 {made.topic}。"
    if asked.step == ROUTE:
        route(home, actor, number, topic, request=request)
        return "已转财政解答组，解答时限起计。"
    if asked.step == ANSWER:
        answer(home, actor, number, topic, text, request=request)
        return "已解答。"
    if asked.step == CLOSE:
        close_congress(home, actor, number, given.get("reason", ""), request=request)
        return "已闭会。"
    raise ActError(_STRANGE)


def _opened(home: Home, actor: Actor, asked: Asked, given: dict[str, str]) -> str:
    if asked.step != OPEN:
        raise ActError(_STRANGE)
    hours = given.get("hours", "").strip()
    if hours and not hours.isdecimal():
        raise ActError("解答时限应为小时数。")
    done = open_congress(
        home,
        actor,
        given.get("title", ""),
        day_of(given.get("since", "")),
        day_of(given.get("until", "")),
        given.get("roll", ""),
        region=given.get("region", ""),
        hours=int(hours) if hours else None,
        request=asked.request,
    )
    return f"会次 {done.congress} 已开；名单上的人的角色由安全管理员授。"
