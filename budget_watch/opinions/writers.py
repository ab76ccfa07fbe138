"""Who may write an opinion at all."""

from __future__ import annotations

from budget_watch.access import Grant
from budget_watch.casework.cases import actor_of
from budget_watch.lake import Home
from budget_watch.opinions.opinion import OpinionDesk


def may_write(home: Home, grant: Grant) -> bool:
    """Whether the reader's role writes opinions; the local operator chooses one that does."""
    if not grant.business:
        return False
    return grant.role is None or actor_of(home, grant).role in OpinionDesk.of(home).flow.authors
