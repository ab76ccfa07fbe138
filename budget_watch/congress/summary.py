"""A session as one record, cut to its reader: by delegation, topic and state of the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from budget_watch.casework.cases import Actor, today_of
from budget_watch.congress.gathering import Tally, tally
from budget_watch.congress.session import (
    DESK,
    Congress,
    CongressDesk,
    Given,
    Question,
    given_in,
    questions_of,
    reads,
)


def questions_for(
    desk: CongressDesk, actor: Actor, one: Congress, given: list[Given], now: datetime
) -> list[Question]:
    """The questions a reader sees: the office all, who answers those put to them, deputies those
    that were answered or are of their own delegation."""
    if reads(desk, actor, one):
        return questions_of(desk.home, given)
    member = desk.part(actor, one, today_of(now))
    if member is None:
        return []
    routed = questions_of(desk.home, given, routed=True)
    if member.part == DESK:
        return routed
    return [
        each
        for each in routed
        if each.answers or any(e.delegation == member.delegation for e in each.given)
    ]


def tally_of(desk: CongressDesk, one: Congress, given: list[Given], now: datetime) -> Tally:
    """The counts of a session."""
    return tally(one.delegations, given, questions_of(desk.home, given), now)


def congress_record(
    desk: CongressDesk, actor: Actor, one: Congress, now: datetime
) -> dict[str, Any]:
    """The JSON object of a session, as this reader may see it."""
    given = given_in(desk.home, one.id)
    counts = tally_of(desk, one, given, now)
    return {
        "session": one.id,
        "title": one.title,
        "since": one.since.isoformat(),
        "until": one.until.isoformat(),
        "region": one.mof_div_code,
        "running": one.running(today_of(now)),
        "given": counts.given,
        "merged": counts.merged,
        "states": counts.by_state,
        "delegations": [
            {"delegation": name, "opinions": many, "authors": people}
            for name, (many, people) in counts.by_delegation.items()
        ],
        "questions": [
            {
                "topic": each.topic,
                "title": each.title,
                "opinions": len(each.given),
                "state": each.state(now),
                "due": each.due_at,
                "answers": [answer.__dict__ for answer in each.answers],
            }
            for each in questions_for(desk, actor, one, given, now)
        ],
    }
