"""Which opinions and votes wait for whom; steps that are always there are not waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from budget_watch.casework.cases import Actor
from budget_watch.lake import Home
from budget_watch.opinions.telling import ASIDE
from budget_watch.opinions.topics import Topic, list_topics


def leads_on(told: Mapping[str, Any]) -> list[str]:
    """Titles of the steps in a record that lead on; a rating that was given is not waited for."""
    rated = any(each["round"] == told["round"] for each in told.get("ratings", ()))
    return [
        each["title"]
        for each in told.get("next", [])
        if each["step"] not in ASIDE and not (rated and each["step"] == "rate")
    ]


def waiting_topics(home: Home, actor: Actor) -> list[Topic]:
    """Topics with a vote under way to which the reader is invited and has not voted yet."""
    return [
        each
        for each in list_topics(home, actor)
        if each.vote_open and actor.user in each.invited and actor.user not in each.ballots
    ]
