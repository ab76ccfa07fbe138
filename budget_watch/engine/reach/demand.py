"""One thing that the tests of a rule should reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """What should be reached, in words that a test file may excuse, and whether it was."""

    text: str
    met: bool
