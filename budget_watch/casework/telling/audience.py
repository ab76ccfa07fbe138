"""Who may be told: every person with an account, in each of the roles they hold today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from budget_watch.access import Grant
from budget_watch.access.accounts import EXAMPLE, accounts
from budget_watch.access.assigning import assignments
from budget_watch.access.granting import Capacity, grant_in
from budget_watch.casework.accounts import store_of
from budget_watch.lake import Home

PURPOSE = "通知"


@dataclass(frozen=True)
class Reader:
    """A person in one role, with what they may see in it.

    Attributes:
        title: the role's Chinese title, as the workflow names it.
    """

    grant: Grant
    title: str

    @property
    def user(self) -> str:
        """The account."""
        return self.grant.user

    @property
    def role(self) -> str:
        """The role's code."""
        return self.grant.role or ""


def readers(home: Home, at: datetime) -> tuple[Reader, ...]:
    """Everybody who may be told, by role and account; three administrators see no business data.

    Example accounts of the demo are told only where there is no real account.

    Raises:
        AccessError: the home's `permissions.yaml` cannot be read.
    """
    store = store_of(home, lambda: at)
    held = {
        (each.role, each.user): each
        for each in assignments(store)
        if each.in_force(store.today)
        and each.role in store.roles
        and not store.roles[each.role].admin
    }
    if not held:
        return ()
    known = accounts(store)
    active = {each.name for each in known if each.active}
    if any(not each.name.startswith(EXAMPLE) for each in known):
        active = {name for name in active if not name.startswith(EXAMPLE)}
    order = list(store.roles)
    found = []
    for (role, user), assignment in sorted(
        held.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
    ):
        if user in active:
            title = store.roles[role].title
            grant = grant_in(store, Capacity(assignment, None, title), PURPOSE)
            found.append(Reader(grant, title))
    return tuple(found)
