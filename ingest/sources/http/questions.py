"""What is asked of an interface for a stretch of days: its changes, or all rows of a slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ingest.sources.http.settings import Resource
from ingest.sources.http.slots import Slot
from ingest.sources.http.times import midnight, written

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Question:
    """One list with its conditions.

    Attributes:
        params: as sent, without those of paging.
        title: for people.
        before: milliseconds; rows updated then or later belong to the next window. None: all do.
        dated: whether every row must have an update time.
    """

    resource: Resource
    params: Pairs
    title: str
    before: int | None = None
    dated: bool = False


def changes(resource: Resource, window: Slot) -> Question:
    """What was updated within a window, and the overlap before it.

    A transaction that is committed late may carry an update time of the window before; the overlap
    brings its rows, and those that are known already change nothing.
    """
    since = midnight(window.first) - resource.overlap_minutes * 60_000
    before = midnight(window.last + timedelta(days=1))
    params = [(resource.since, written(since, resource.time_format))]
    if resource.until:
        params.append((resource.until, written(before, resource.time_format)))
    fixed = tuple(
        (name, window.filled(text))
        for name, text in resource.params.items()
        if resource.take == "increment" or "{" not in text  # those are a slot's own bounds
    )
    title = f"{resource.title} {window.period} 更新"
    return Question(resource, (*fixed, *params), title, before, dated=True)


def all_of(resource: Resource, slot: Slot) -> Question:
    """All rows of a slot."""
    params = tuple((name, slot.filled(text)) for name, text in resource.params.items())
    return Question(resource, params, f"{resource.title} {slot.period}")
