"""Whom the office may invite to a topic: by account, by name, or out of a list of people.

The list holds deputies and members in the inviter's own regions. A name counts only where it is
the name of one of them; an account may be anybody's who can sign in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from budget_watch.access.accounts import accounts, usable
from budget_watch.casework.accounts import store_of
from budget_watch.casework.cases import Actor
from budget_watch.casework.errors import ActError
from budget_watch.casework.telling.audience import readers
from budget_watch.lake import Home
from budget_watch.opinions.opinion import OpinionDesk


@dataclass(frozen=True)
class Guest:
    """Somebody who may be invited: account, what pages call them, title of their role."""

    user: str
    name: str
    title: str

    @property
    def words(self) -> str:
        """“代表钱某（代表，qian）”."""
        return f"{self.name}（{self.title}，{self.user}）"


def guests(
    home: Home, desk: OpinionDesk, actor: Actor, now: datetime | None = None
) -> tuple[Guest, ...]:
    """Deputies and members whom this person may invite, by role and account."""
    names = {each.name: each.display for each in accounts(store_of(home))}
    mine = actor.grant.scope.regions
    found: dict[str, Guest] = {}
    for each in readers(home, now or datetime.now(UTC)):
        theirs = each.grant.scope.regions
        near = mine is None or (theirs is not None and bool(mine & theirs))
        if near and desk.flow.party.get(each.title) in ("deputies", "members"):
            found.setdefault(each.user, Guest(each.user, names[each.user], each.title))
    return tuple(found.values())


def users_of(home: Home, known: Sequence[Guest], wanted: Sequence[str]) -> list[str]:
    """The accounts meant by accounts and names, each once.

    Raises:
        ActError: a word is neither, or the name of several.
    """
    able = usable(store_of(home))
    found, unknown = [], []
    for word in wanted:
        named = [each.user for each in known if each.name == word]
        if word in able:
            found.append(word)
        elif len(named) > 1:
            raise ActError(f"“{word}”有 {len(named)} 个账号：{'、'.join(named)}；请写账号。")
        elif named:
            found.append(named[0])
        else:
            unknown.append(word)
    if unknown:
        told = "、".join(unknown)
        raise ActError(f"没有账号 {told}，或已停用，也不是可邀请的代表、委员的姓名；请核对。")
    return list(dict.fromkeys(found))
