"""What a finished report says, read back from its file: passages of words and machine figures.

The same form for Word and HTML, so that a file a person has worked on can be held against the one
that was built. `word_back` and `html_back` make it; nothing here knows a file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

HOLE = "\ufffc"  # stands for a figure in a passage's own words


@dataclass(frozen=True)
class Part:
    """Words, or a machine's figure with its key; an empty key means words."""

    text: str
    key: str = ""


@dataclass(frozen=True)
class Passage:
    """A paragraph or a table cell.

    Attributes:
        chapter: headings above it. cell: of a table's cell, table, row and column in words.
    """

    chapter: str
    parts: tuple[Part, ...]
    cell: str = ""

    @property
    def text(self) -> str:
        """All of it, as printed."""
        return "".join(part.text for part in self.parts)

    @property
    def words(self) -> str:
        """What stands outside the figures, each figure as one sign."""
        return "".join(HOLE if part.key else part.text for part in self.parts)

    @property
    def shape(self) -> tuple[str, ...]:
        """What two passages agree in that differ at most in what their figures print."""
        return tuple(f"{HOLE}{part.key}" if part.key else part.text for part in self.parts)

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.chapter} · {self.cell}" if self.cell else self.chapter


@dataclass(frozen=True)
class Copy:
    """A report read back.

    Attributes:
        ledger: what stands in the file for programs (`ledger.as_json`), parsed.
        format: docx or html.
        passages: in reading order.
    """

    ledger: Mapping[str, Any]
    format: str
    passages: tuple[Passage, ...] = field(default=(), repr=False)

    @property
    def figures(self) -> Mapping[str, Any]:
        """Key → label, unit, value, over, formula, scope, queries."""
        return dict(self.ledger["figures"])


def passage(chapter: str, parts: Iterable[Part], cell: str = "") -> Passage | None:
    """A passage of these parts, words joined and blanks evened; None where nothing is said."""
    joined: list[Part] = []
    for part in parts:
        if joined and joined[-1].key == part.key:
            joined[-1] = Part(joined[-1].text + part.text, part.key)
        elif part.text:
            joined.append(part)
    evened = [Part(re.sub(r"\s+", " ", p.text), p.key) for p in joined]
    if not evened or not "".join(p.text for p in evened).strip():
        return None
    return Passage(chapter, tuple(evened), cell)


def headed(chapters: Mapping[int, str]) -> str:
    """Headings by level as one place: “二、一般公共预算（一）收入”."""
    return "".join(chapters[level] for level in sorted(chapters)) or "首页"


def known_ledger(found: Any) -> bool:
    """Whether a parsed text is a ledger of ours."""
    figures = found.get("figures") if isinstance(found, dict) else None
    return isinstance(figures, dict) and isinstance(found.get("snapshot"), str)
