"""Who does what in a session, and in how many hours: `rules/workflow/congress.yaml`.

A home changes hours, refreshing and likeness in `<home>/rules/workflow/congress.yaml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from budget_watch.casework.flow_file import Stamp, read_flow, stamped
from budget_watch.casework.workflow import LocalBasis
from budget_watch.engine.model import Strict

FILE = Path("workflow") / "congress.yaml"


class Hours(Strict):
    """A period in hours of the clock, and whose rule it is."""

    hours: int = Field(ge=1, le=240)
    basis: LocalBasis


class Similar(Strict):
    """From which likeness on (0 to 100) opinions are suggested as one, how many groups at most."""

    least: int = Field(ge=1, le=100)
    most: int = Field(ge=1, le=200)
    basis: LocalBasis


class CongressFlow(Strict):
    """The file. `refresh_seconds`: how often the live summary is read anew."""

    id: str
    title: str
    keepers: tuple[str, ...]
    readers: tuple[str, ...]
    speakers: tuple[str, ...]
    answerers: tuple[str, ...]
    answer_hours: Hours
    refresh_seconds: int = Field(ge=5, le=3600)
    similar: Similar


class LocalCongressFlow(Strict):
    """What a home may change."""

    answer_hours: Hours | None = None
    refresh_seconds: int | None = Field(default=None, ge=5, le=3600)
    similar: Similar | None = None


def load_congress_flow(folders: Sequence[Path]) -> CongressFlow:
    """The product's file with the changes of a home.

    Raises:
        WorkflowError: a file is wrong; says where.
    """
    return _loaded(stamped(tuple(folders), FILE))


@lru_cache(maxsize=8)
def _loaded(stamp: Stamp) -> CongressFlow:
    return read_flow(stamp, CongressFlow, LocalCongressFlow, _changed)


def _changed(found: CongressFlow, local: LocalCongressFlow, _path: Path) -> CongressFlow:
    told = local.model_dump(exclude_none=True)
    return CongressFlow.model_validate({**found.model_dump(), **told})
