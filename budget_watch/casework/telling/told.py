"""A notice as it is stored, and as its reader may read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from budget_watch.casework.cases import Actor
from budget_watch.casework.telling.outbox import KINDS, SOON
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
        page: where one goes on: `case`, `opinion`, `topic`, `livelihood`, `exemptions`, `alerts`.
        subjects: numbers of the cases, opinions, topics or projects, those the reader may see.
        rule: of a run's notice, the rule. count: how many findings, cases or periods.
        sentence: what it says.
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
) -> Told:
    """A notice with its words."""
    return Told(
        **{name: getattr(noted, name) for name in ("seq", "kind", "at", "seen")},
        page=page,
        subjects=tuple(subjects),
        rule=rule,
        count=count,
        sentence=sentence,
    )


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
