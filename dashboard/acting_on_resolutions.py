"""What POST /act does where its target is a 决议事项, or a document's demands to be registered."""

from __future__ import annotations

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.meetings.acting import Document, act, register
from budget_watch.meetings.demands import PREFIX, DemandDesk
from dashboard.acting_on_opinions import Asked

NEW = "resolution-new"
_REGISTERED = ("source", "title", "number", "decided", "item", "texts", "whom", "due", "things")


def resolutions_own(target: str) -> bool:
    """Whether a target is a demand, or such to be registered."""
    return target == NEW or target.startswith(PREFIX)


def on_resolution(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    if asked.target == NEW:
        if asked.step != "register" or set(given) - set(_REGISTERED):
            raise ActError("请求读不懂；请刷新页面后再办。")
        names = ("source", "title", "decided", "number", "item")
        done = register(
            home,
            actor,
            Document(**{name: given.get(name, "") for name in names}),
            given.get("texts", "").splitlines(),
            given.get("whom", ""),
            due=given.get("due", ""),
            things=given.get("things", "").split(),
            request=asked.request,
        )
        first, last = done[0].demand, done[-1].demand
        return f"已登记 {len(done)} 项：{first}{f' 至 {last}' if len(done) > 1 else ''}。"
    act(
        home,
        actor,
        asked.target,
        asked.step,
        given,
        version=asked.version,
        request=asked.request,
    )
    named = DemandDesk.of(home).flow.named(asked.step)
    return f"“{named.title if named else asked.step}”已办。"
