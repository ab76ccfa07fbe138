"""What POST /act does where its target is a 民生实事 project, or one still to be registered."""

from __future__ import annotations

from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.livelihood import PREFIX, STEPS
from budget_watch.casework.livelihood_acting import act_on_livelihood, register
from budget_watch.casework.livelihood_given import planned_fen
from budget_watch.lake import Home
from budget_watch.money.fen import MoneyError
from budget_watch.money.unit import Unit
from dashboard.acting_on_opinions import Asked

NEW = "livelihood-new"
_REGISTERED = ("year", "title", "goal", "lead", "projects", "planned", "decided", "others",
               "candidate")  # fmt: skip


def livelihood_own(target: str) -> bool:
    """Whether a target is a project, or one to be registered."""
    return target == NEW or target.startswith(PREFIX)


def on_livelihood(home: Home, actor: Actor, asked: Asked) -> str:
    """Take the step; the sentence that tells what was done.

    Raises:
        CaseworkError: it is not possible; says why.
    """
    given = {name: str(value) for name, value in asked.given.items()}
    planned = _fen(given.pop("planned", ""))
    if asked.target == NEW:
        if asked.step != "register" or set(given) - set(_REGISTERED):
            raise ActError("请求读不懂；请刷新页面后再办。")
        year = given.get("year", "")
        done = register(
            home,
            actor,
            int(year) if year.isdigit() else 0,
            given.get("title", ""),
            given.get("goal", ""),
            given.get("lead", ""),
            given.get("projects", "").replace("，", "、").replace(",", "、").split("、"),
            planned=planned,
            decided=given.get("decided", ""),
            others=given.get("others", ""),
            candidate=given.get("candidate") == "yes",
            request=asked.request,
        )
        return f"已登记为 {done.livelihood}。"
    filled = {**given, **({} if planned is None else {"planned": planned})}
    act_on_livelihood(
        home,
        actor,
        asked.target,
        asked.step,
        filled,
        version=asked.version,
        request=asked.request,
    )
    return f"“{STEPS.get(asked.step, asked.step)}”已办。"


def _fen(text: str) -> int | None:
    """An amount as fen, 万元 where no unit stands; None where nothing was written."""
    try:
        return planned_fen(text, Unit.WAN)
    except MoneyError as error:
        raise ActError(f"计划投资：{error}；只写数的按万元。") from error
