"""A notice as it is stored, and as its reader may read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.telling.outbox import ASKING, KINDS, SOON
from budget_watch.lake import Home

NAMED = 5  # so many cases are named in a sentence


@dataclass(frozen=True)
class Noted:
    """A stored notice; `refs`: what it is about, see `outbox.Cause`."""

    seq: int
    kind: str
    at: str
    seen: bool
    refs: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A notice as its reader may read it.

    Attributes:
        seq: its number. kind: one of `outbox.KINDS`. at: ISO time, UTC.
        page: where one goes on: `case`, `opinion`, `topic`, `livelihood`, `exemptions`, `digest`,
            `alerts`.
        subjects: numbers of the cases, opinions, topics or projects, those the reader may see; of a
            report its period and its issue's number.
        rule: of a run's notice, the rule. count: how many findings, cases or periods.
        sentence: what it says.
        open: of what it asks, what still waits for the reader: numbers, or periods of them.
    """

    seq: int
    kind: str
    at: str
    seen: bool
    page: str
    subjects: tuple[str, ...]
    rule: str | None
    count: int
    sentence: str
    open: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether it asks for something, and nothing of that waits any more."""
        return self.kind in ASKING and not self.open

    @property
    def cases(self) -> tuple[str, ...]:
        """Numbers of the cases that it is about."""
        return self.subjects if self.page == "case" else ()

    def record(self) -> dict[str, Any]:
        """The JSON object of `notices list`."""
        return {
            "notice": self.seq,
            "kind": self.kind,
            "title": KINDS[self.kind],
            "at": self.at,
            "seen": self.seen,
            "cases": list(self.cases),
            "subjects": list(self.subjects),
            "rule": self.rule,
            "count": self.count,
            "message": self.sentence,
        }


Wording = Callable[[sa.Connection, Home, Actor, Sequence[Noted], date], list[Told]]
"""How a room words its notices: those that the reader may not see are left out."""


def told(
    noted: Noted,
    page: str,
    sentence: str,
    subjects: Sequence[str] = (),
    *,
    rule: str | None = None,
    count: int = 1,
    open_: Sequence[str] = (),
) -> Told:
    """A notice with its words."""
    return Told(
        **{name: getattr(noted, name) for name in ("seq", "kind", "at", "seen")},
        page=page,
        subjects=tuple(subjects),
        rule=rule,
        count=count,
        sentence=sentence,
        open=tuple(open_),
    )


@dataclass(frozen=True)
class Standing:
    """How one of the things that a notice names stands now.

    Attributes:
        name: “办理 2026-0001 …”. state: the title of where it is. over: whether that is an end.
        open: whether what was told still holds: it waits for the reader, or is the latest news.
    """

    number: str
    name: str
    state: str
    over: bool
    open: bool


def standing(noun: str, said: str, past: str, found: Sequence[Standing]) -> str:
    """What is said of things as they stand; what has moved on is told in the past."""
    held = [each for each in found if each.open]
    if len(found) == 1:
        (one,) = found
        if held:
            return f"{one.name}：{said}，现在是“{one.state}”。"
        now = "已经办完，现在是" if one.over else "现在已经是"
        return f"{one.name}：{past}，{now}“{one.state}”。"
    if not held:
        now = "已经办完" if all(each.over for each in found) else "现在都有了进展"
        numbers = named([each.number for each in found])
        return f"{len(found)} 件{noun}（{numbers}）{past}，{now}。"
    more = len(found) - len(held)
    rest = f"；另有 {more} 件{past}，现在有了进展" if more else ""
    return f"{len(held)} 件{noun}（{named([e.number for e in held])}）{said}{rest}。"


def running(prefix: str, clocks: Collection[Any]) -> set[str]:
    """Those periods of a case or an opinion that count now, as notices name them."""
    counting = (one for one in clocks if one.open and one.paused is None)
    return {f"{prefix}/{one.number}/{one.due}" for one in counting}


def numbers_in(noted: Noted) -> list[str]:
    """The numbers that a notice names, each once; a period `2026-0001/2/2026-12-01` names one."""
    return list(dict.fromkeys(ref.partition("/")[0] for ref in noted.refs))


def named(numbers: Sequence[str]) -> str:
    """The first of many numbers."""
    return "、".join(numbers[:NAMED]) + ("……" if len(numbers) > NAMED else "")


def periods(kind: str, refs: Sequence[str], today: date) -> str:
    """What is said of periods by their last days."""
    days = sorted(date.fromisoformat(ref.rpartition("/")[2]) for ref in refs)
    first = "今天" if days[0] == today else str(days[0])
    if kind == SOON:
        return f"{first}到期" if len(days) == 1 else f"有 {len(days)} 项期限将到，最早{first}"
    return f"已逾期，期限{first}" if len(days) == 1 else f"有 {len(days)} 项期限已过"
