"""Who is told of an issue: those who may publish one that waits, and to whom it was published.

The notice is written in the transaction of the act; `casework.telling.of_digests` words it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.audience import Reader, readers
from budget_watch.casework.telling.of_digests import open_to
from budget_watch.lake import Home

PUBLISHERS = ("签发",)  # local practice: who signs for what leaves the committee
Tell = Callable[[sa.Connection], None]


def ref(number: int) -> str:
    """How a notice names an issue."""
    return f"digest/{number}"


def of_waiting(home: Home, number: int, at: datetime) -> Tell:
    """What tells those who may publish that an issue waits for them."""
    people = [p for p in readers(home, at) if p.title in PUBLISHERS and p.grant.whole]
    cause = outbox.Cause(outbox.APPROVE, ref(number), (ref(number),))
    return partial(_told, cause, people, at)


def of_published(
    home: Home, number: int, region: str, titles: Collection[str], at: datetime, by: str
) -> Tell:
    """What tells to whom an issue is published, but not whoever published it.

    Args:
        region: of the government it is about. titles: of the roles. by: the account.
    """
    people = [
        p
        for p in readers(home, at)
        if p.title in titles and p.user != by and open_to(p.grant, p.title, region, titles)
    ]
    cause = outbox.Cause(outbox.ISSUED, f"{ref(number)}:{at.isoformat()}", (ref(number),))
    return partial(_told, cause, people, at)


def _told(
    cause: outbox.Cause, people: Collection[Reader], at: datetime, connection: sa.Connection
) -> None:
    outbox.tell(connection, cause, people, at)
