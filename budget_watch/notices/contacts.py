"""Where a person's messages go: their mail address, their number at the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.access.accounts import row_of
from budget_watch.access.granting import require
from budget_watch.audit import Note, append, key_of
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import Actor
from budget_watch.casework.stored import iso
from budget_watch.casework.telling import tables as t
from budget_watch.lake import Home
from budget_watch.lake.state import engine, writing
from budget_watch.notices.settings import MAIL, WEBHOOK, NoticeError, address

_LONGEST = 200


@dataclass(frozen=True)
class Contact:
    """A person's addresses, by channel."""

    user: str
    mail: str | None
    gateway: str | None

    def at(self, channel: str) -> str | None:
        """The address for a channel."""
        return {MAIL: self.mail, WEBHOOK: self.gateway}[channel]


def set_contact(home: Home, by: Actor, user: str, mail: str | None, gateway: str | None) -> Contact:
    """Say where a person's messages go; an empty text takes an address away, None leaves it.

    Raises:
        ForbiddenError: not by a system administrator. UnknownUserError: no such account.
        NoticeError: that is no address.
    """
    require(store_of(home), by.grant.role, "accounts")
    try:
        checked = address(mail) if mail else mail
    except ValueError as error:
        raise NoticeError(f"{error}。") from error
    if gateway and (len(gateway) > _LONGEST or not gateway.isprintable()):
        raise NoticeError("网关上的账号写法不对：应是一行文字。")
    at = datetime.now(UTC)
    with writing(home) as connection:
        row_of(connection, user)
        old = contacts(connection).get(user) or Contact(user, None, None)
        new = Contact(
            user,
            old.mail if checked is None else checked or None,
            old.gateway if gateway is None else gateway.strip() or None,
        )
        table = t.notice_contact
        values = {"mail": new.mail, "gateway": new.gateway}
        values |= {"changed_at": iso(at), "changed_by": by.user}
        mine = table.update().where(table.c.user == user).values(values)
        if not connection.execute(mine).rowcount:
            connection.execute(table.insert().values(user=user, **values))
        said = {"mail": new.mail, "gateway": new.gateway}
        note = Note(by.who, "notice.address", "user", user, said, at)
        append(connection, key_of(home.root), note)
    return new


def contacts(connection: sa.Connection) -> dict[str, Contact]:
    """Everybody's addresses, by account."""
    table = t.notice_contact
    rows = connection.execute(sa.select(table.c.user, table.c.mail, table.c.gateway))
    return {user: Contact(user, mail, gateway) for user, mail, gateway in rows}


def all_contacts(home: Home, by: Actor) -> list[Contact]:
    """Everybody's addresses. Raises ForbiddenError: not for a system administrator."""
    require(store_of(home), by.grant.role, "accounts")
    with engine(home).connect() as connection:
        return sorted(contacts(connection).values(), key=lambda each: each.user)
