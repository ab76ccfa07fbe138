"""决议事项 of before that the review of a year's draft asks about, each with its state."""

from __future__ import annotations

from budget_watch.casework.cases import Actor
from budget_watch.digest.gatherer import Asked, Gatherer
from budget_watch.digest.issues import role_title
from budget_watch.meetings.demands import carried


def put_demands(made: Gatherer, asked: Asked, name: str) -> None:
    """The list `name`: a row a demand of the years before, last year's reported ones too."""
    actor = Actor(asked.grant, role_title(asked.home, asked.grant.role or ""))
    made.lists[name] = [
        {
            "name": each.title,
            "number": each.id,
            "text": one_line(each.text),
            "state": each.state,
            "word": each.word or "没有评价",
            "due": each.due.isoformat(),
        }
        for each in carried(asked.home, actor, asked.period.span.fiscal_year)
    ]


def one_line(text: str) -> str:
    """A text of people without its line breaks."""
    return " ".join(text.split())
