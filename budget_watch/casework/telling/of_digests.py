"""Notices of reports (季刊): one that waits to be published, one that was published.

Written by the room that builds reports, in the transaction of its act; worded here, below it,
because whoever shows notices stands below it too. Of an issue only its register is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.access import Grant
from budget_watch.casework.cases import Actor
from budget_watch.casework.telling import outbox
from budget_watch.casework.telling.told import Noted, Told, told
from budget_watch.lake import Home

OF_DIGESTS = (outbox.APPROVE, outbox.ISSUED)
_ISSUE = sa.table(
    "digest_issue",
    *(sa.column(name) for name in ("seq", "period", "made", "published")),
)


@dataclass(frozen=True)
class _Standing:
    """What the register says of an issue: its title, and to whom it is published."""

    period: str
    title: str
    region: str
    roles: tuple[str, ...]


def open_to(grant: Grant, title: str, region: str, roles: Collection[str]) -> bool:
    """Whether an issue about a government, published to these roles, is open to a reader.

    It is shown whole, like a letter to its addressee, and so never to readers cut to departments,
    units, one matter or a window of time.

    Args:
        title: of the reader's role.
    """
    if grant.whole:
        return True
    cut = grant.scope.own or grant.only is not None or not grant.window.open
    regions = grant.scope.regions
    inside = regions is None or region in regions
    return grant.business and not cut and inside and title in roles


def of_digests(
    connection: sa.Connection, home: Home, actor: Actor, noted: Sequence[Noted], today: date
) -> list[Told]:
    """Notices about reports; those of issues that are no longer open to the reader are left out."""
    numbers = {int(ref.partition("/")[2]) for each in noted for ref in each.refs}
    found = _issues(connection, numbers)
    return [words for each in noted if (words := _worded(actor, each, found)) is not None]


def _worded(actor: Actor, each: Noted, found: dict[int, _Standing]) -> Told | None:
    number = int(each.refs[0].partition("/")[2])
    issue = found.get(number)
    if issue is None or not open_to(actor.grant, actor.role, issue.region, issue.roles):
        return None
    name = f"{issue.title}第{number}号"
    if each.kind == outbox.ISSUED:
        said = "已经发布，请您阅读" if issue.roles else "曾发布，已撤回"
        return told(each, "digest", f"{name}：{said}。", (issue.period, str(number)))
    said = "已经编好，等待签发" if not issue.roles else "曾等待签发，现在已经发布"
    waits = () if issue.roles else each.refs
    return told(each, "digest", f"{name}：{said}。", (issue.period, str(number)), open_=waits)


def _issues(connection: sa.Connection, numbers: Collection[int]) -> dict[int, _Standing]:
    rows = connection.execute(sa.select(_ISSUE).where(_ISSUE.c.seq.in_(sorted(numbers)))).mappings()
    return {int(row["seq"]): _standing(row) for row in rows if row["made"]}


def _standing(row: Any) -> _Standing:
    made = json.loads(row["made"])
    published = json.loads(row["published"]) if row["published"] else {}
    title = f"{made['title']}（{made['subtitle']}）"
    return _Standing(row["period"], title, made["region"], tuple(published.get("roles", ())))
