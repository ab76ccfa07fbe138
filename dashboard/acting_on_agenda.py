"""What POST /act does where its target is an agenda item, or one to be registered."""

from __future__ import annotations

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.lake import Home
from budget_watch.meetings.agenda import STEPS
from budget_watch.meetings.agenda_acting import act_on_item, register_item
from dashboard.acting_on_opinions import Asked

MARK, NEW = "agenda:", "agenda-new"
_REGISTERED = ("meeting", "kind", "held", "title", "year")


def agenda_own(target: str) -> bool:
    """Whether a target is an agenda item, or one to be registered."""
    return target == NEW or target.startswith(MARK)


def on_agenda(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    if asked.target == NEW:
        if asked.step != "register" or set(given) - set(_REGISTERED):
            raise ActError("请求读不懂；请刷新页面后再办。")
        year = given.get("year", "")
        done = register_item(
            home,
            actor,
            given.get("meeting", ""),
            given.get("held", ""),
            given.get("title", ""),
            kind=given.get("kind", ""),
            year=int(year) if year.isdigit() else None,
            request=asked.request,
        )
        return f"已登记为 {done.item}。"
    number = asked.target.removeprefix(MARK)
    act_on_item(
        home, actor, number, asked.step, given, version=asked.version, request=asked.request
    )
    return f"“{STEPS.get(asked.step, asked.step)}”已办。"
