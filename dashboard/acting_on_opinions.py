"""What POST /act does where its target is an opinion, a topic, or one still to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.opinions.acting import Done, act, follow, write
from budget_watch.opinions.given import YES
from budget_watch.opinions.opinion import PREFIX, OpinionDesk
from budget_watch.opinions.topic_acting import STEPS, act_on_topic, cast, make_topic, say
from budget_watch.opinions.topics import TOPIC

NEW, NEW_TOPIC = "opinion-new", "topic-new"
SAY, CAST = "say", "cast"
FOLLOW, UNFOLLOW = "follow", "unfollow"
_WRITTEN = ("title", "text", "kind", "about", "about_id", "as_of", "ask", "open", "signers")


@dataclass(frozen=True)
class Asked:
    """One request, read but not yet believed."""

    target: str
    step: str
    version: int
    request: str | None
    given: Mapping[str, str | int]


def opinions_own(target: str) -> bool:
    """Whether a target is an opinion or a topic, or one to be made."""
    return target in (NEW, NEW_TOPIC) or target.startswith((PREFIX, TOPIC))


def on_opinion(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done and what comes next.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    if asked.target == NEW_TOPIC or asked.target.startswith(TOPIC):
        return _on_topic(home, actor, asked)
    if asked.target == NEW:
        return _told(home, _written(home, actor, asked))
    if asked.step in (FOLLOW, UNFOLLOW):
        follow(home, actor, asked.target, following=asked.step == FOLLOW)
        return "已关注。" if asked.step == FOLLOW else "不再关注。"
    done = act(
        home,
        actor,
        asked.target,
        asked.step,
        asked.given,
        version=asked.version,
        request=asked.request,
    )
    return f"“{OpinionDesk.of(home).flow.named(asked.step).title}”已办，" + _stands(home, done)


def _on_topic(home: Home, actor: Actor, asked: Asked) -> str:
    given = {name: str(value) for name, value in asked.given.items()}
    if asked.target == NEW_TOPIC:
        if asked.step != "make" or set(given) - {"title", "summary", "opinions"}:
            raise ActError("请求读不懂；请刷新页面后再办。")
        chosen = given.get("opinions", "").replace("，", "、").replace(",", "、").split("、")
        title, about = given.get("title", ""), given.get("summary", "")
        done = make_topic(home, actor, title, chosen, about, request=asked.request)
        return f"已立为议题 {done.topic}。"
    if asked.step == SAY:
        say(home, actor, asked.target, given.get("text", ""), request=asked.request)
        return "已记下您的发言。"
    if asked.step == CAST:
        cast(home, actor, asked.target, given.get("choice", ""))
        return "已投票；表决结束以前可以改。"
    act_on_topic(
        home,
        actor,
        asked.target,
        asked.step,
        given,
        version=asked.version,
        request=asked.request,
    )
    return f"“{STEPS.get(asked.step, asked.step)}”已办。"


def _written(home: Home, actor: Actor, asked: Asked) -> Done:
    if asked.step != "write":
        raise ActError("请求读不懂；请刷新页面后再办。")
    given = {name: str(value) for name, value in asked.given.items()}
    extra = set(given) - {*_WRITTEN, "submit"}
    if extra:
        raise ActError("请求读不懂；请刷新页面后再办。")
    said = {name: given.get(name, "") for name in _WRITTEN}
    return write(
        home,
        actor,
        said["title"],
        said["text"],
        kind=said["kind"],
        about=said["about"] or "free",
        about_id=said["about_id"],
        as_of=said["as_of"],
        wanted=said["ask"],
        open_=said["open"] == YES,
        signers=[said["signers"]] if said["signers"] else [],
        submit=given.get("submit") == YES,
        request=asked.request,
    )


def _told(home: Home, done: Done) -> str:
    flow = OpinionDesk.of(home).flow
    if done.state == flow.start.id:
        return f"已存为草稿，编号 {done.opinion}；提交以前只有您自己看得到。"
    days = flow.clock["register"].workdays
    return f"已提交，编号 {done.opinion}。预算工作机构{days}个工作日内登记，进展见“审议意见”。"


def _stands(home: Home, done: Done) -> str:
    return f"现在是“{OpinionDesk.of(home).flow.state[done.state].title}”。"
