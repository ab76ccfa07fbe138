"""What a topic is given: the book, one rule of it, the law texts, the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from budget_watch.engine.check import CheckedRule
from budget_watch.engine.laws import Texts
from budget_watch.engine.lint.flaw import Flaw
from budget_watch.engine.load import Book
from budget_watch.tables.strict_yaml import line_of


@dataclass(frozen=True)
class Here:
    """The book and the day.

    Attributes:
        places: parameter, word list or group → file and line of its id.
    """

    book: Book
    texts: Texts
    today: date
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def of(self, rule: CheckedRule, code: str, message: str, *keys: str | int) -> Flaw:
        """A flaw of a rule, at the line of a key."""
        path = self.book.files[rule.id]
        line = line_of(path, keys) if keys else 1
        return Flaw(code, str(path), line, f"{rule.id}：{message}", rule.id)

    def at(self, name: str, code: str, message: str) -> Flaw:
        """A flaw of a parameter or list, at the line of its id."""
        file, line = self.places.get(name, (str(self.book.folders[0]), 1))
        return Flaw(code, file, line, message, name)
