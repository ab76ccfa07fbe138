"""Exemptions registered by accounts (例外情形登记): what stands in the register, and since when.

Rows are only ever added: an entry, and the acts on it (confirmed, refused, ended). Its state, and
the exemption that the engine applies, follow from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from budget_watch.casework import tables as t
from budget_watch.engine.model import Exemption
from budget_watch.lake import Home
from budget_watch.lake.state import engine

CONFIRM, REFUSE, END = "confirm", "refuse", "end"
ASKED, REFUSED, ENDED = "待批准", "未批准", "已终止"
IN_FORCE, EXPIRED, WAITING = "有效", "已到期", "未开始"
BY_FILE, BY_ACCOUNT = "文件", "登记"


@dataclass(frozen=True)
class Done:
    """An act on an entry. `day`: from which on an ended one is no longer in force."""

    user: str
    name: str
    role: str
    at: str
    reason: str
    day: date | None


@dataclass(frozen=True)
class Entry:
    """One entry with what was done with it.

    Attributes:
        content: rule, scope, levels, basis, document, from, to, reason, as an exemption of a file.
        acts: `confirm`, `refuse`, `end` → who did it.
    """

    id: str
    rule: str
    content: Mapping[str, Any]
    since: date
    until: date
    user: str
    name: str
    role: str
    at: str
    acts: Mapping[str, Done]

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        ended = self.acts.get(END)
        if ended is None or ended.day is None:
            return self.until
        return min(self.until, ended.day - timedelta(1))

    @property
    def applies(self) -> bool:
        """Whether a run is to know it: confirmed, and with a day on which it holds."""
        return CONFIRM in self.acts and self.since <= self.last_day

    def state(self, day: date) -> str:
        """Its state on a day."""
        if REFUSE in self.acts:
            return REFUSED
        if CONFIRM not in self.acts:
            return ASKED
        if END in self.acts and day > self.last_day:
            return ENDED
        return in_term(self.since, self.last_day, day)

    def exemption(self) -> Exemption:
        """The entry as the engine takes it; who has not confirmed yet stands as such."""
        confirmed = self.acts.get(CONFIRM)
        return Exemption.model_validate(
            {
                **self.content,
                "id": self.id,
                "from": self.since,
                "to": max(self.since, self.last_day),
                "registered_by": f"{self.name}（{self.user}）",
                "approved_by": ASKED
                if confirmed is None
                else f"{confirmed.name}（{confirmed.user}）",
            }
        )


def in_term(since: date, until: date, day: date) -> str:
    """有效, 未开始 or 已到期 on a day."""
    if day < since:
        return WAITING
    return IN_FORCE if day <= until else EXPIRED


def entries(home: Home) -> list[Entry]:
    """All entries ever registered, by id."""
    if not home.exists:
        return []
    with engine(home).connect() as connection:
        return read_entries(connection)


def read_entries(connection: sa.Connection, only: str | None = None) -> list[Entry]:
    """All entries, or the one with this id."""
    query = sa.select(t.exemption).order_by(t.exemption.c.seq)
    acts = sa.select(t.exemption_act).order_by(t.exemption_act.c.seq)
    if only is not None:
        query = query.where(t.exemption.c.id == only)
        acts = acts.where(t.exemption_act.c.exemption == only)
    done: dict[str, dict[str, Done]] = {}
    names = ("user", "name", "role", "at", "reason", "day")
    for row in connection.execute(acts).mappings():
        act = Done(**{name: row[name] for name in names})
        done.setdefault(row["exemption"], {})[row["act"]] = act
    return [
        Entry(
            row["id"],
            row["rule"],
            json.loads(row["content"]),
            row["since"],
            row["until"],
            row["user"],
            row["name"],
            row["role"],
            row["at"],
            done.get(row["id"], {}),
        )
        for row in connection.execute(query).mappings()
    ]


def in_use(home: Home) -> list[Exemption]:
    """The exemptions that the next run is to know."""
    return [each.exemption() for each in entries(home) if each.applies]


def used_by(home: Home, run: str) -> list[Exemption] | None:
    """The exemptions of accounts that a recorded run was made with; None: no such run."""
    table = t.run_exemption
    query = sa.select(table.c.content).where(table.c.run == run, table.c.origin == BY_ACCOUNT)
    with engine(home).connect() as connection:
        for runs in (t.run, t.back_test):
            if connection.execute(sa.select(runs.c.run).where(runs.c.run == run)).first():
                found = connection.execute(query.order_by(table.c.exemption)).scalars()
                return [Exemption.model_validate_json(each) for each in found]
    return None


def fingerprint(found: Iterable[Exemption]) -> str:
    """SHA-256 over exemptions; empty where there is none."""
    said = [each.model_dump(mode="json", by_alias=True) for each in found]
    if not said:
        return ""
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
