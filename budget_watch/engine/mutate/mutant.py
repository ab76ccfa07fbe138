"""One change of one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.params import Parameter

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """A rule changed in one place.

    Attributes:
        keys: where in the rule's file the changed text stands; for a number of the book, its id.
        original: the text there, or the part of it that was changed.
        mutant: what it was changed into.
        rule: the changed rule.
        params: numbers of the book that were changed.
        kinds: which tests can see the change: cases, rows, tables.
        measure: the one measure that was changed; other measures' `rows` tests cannot see it.
    """

    place: str
    keys: Keys
    original: str
    mutant: str
    rule: CheckedRule
    kinds: frozenset[str]
    measure: str | None = None
    params: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a test file calls it to excuse it."""
        return f"{self.place}: {self.original} → {self.mutant}"
