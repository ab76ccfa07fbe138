"""What a report's material is gathered in, and what it is gathered for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budget_watch.access import Grant
from budget_watch.digest.period import Period
from budget_watch.digest.writing import Material, Row
from budget_watch.lake import Home
from budget_watch.views import Desk, Figure, Place


@dataclass(frozen=True)
class Asked:
    """What a report is of.

    Attributes:
        own: the government itself. whole: with the governments below it, where it has any.
        subject: whom it is about, where a report is about one (a department, a deputy,
            a session).
    """

    desk: Desk
    home: Home
    grant: Grant
    period: Period
    own: Place
    whole: Place
    subject: str = ""


class Gatherer:
    """Collects figures under their keys while the rows are made."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.figures: dict[str, Figure] = {}
        self.lists: dict[str, list[Row]] = {}
        self.keys: dict[int, str] = {}
        self.gaps: dict[str, list[str]] = {}

    def put(self, prefix: str, figures: Iterable[Figure]) -> None:
        """Register figures below a prefix."""
        for figure in figures:
            key = f"{prefix}{figure.id}"
            self.figures[key] = figure
            self.keys[id(figure)] = key

    def row(self, prefix: str, name: str, **figures: Figure) -> dict[str, str | Figure]:
        """A row of a list; its figures are registered too."""
        self.put(prefix, figures.values())
        return {"name": name, **figures}

    def gap(self, text: str, chapter: str) -> None:
        """An input that is missing, where no figure of its own would tell."""
        self.gaps.setdefault(text, []).append(chapter)

    def material(self) -> Material:
        """What was gathered."""
        return Material(self.words, self.figures, self.lists, self.keys, self.gaps)
