"""Finds account codes for items that a published table names without a code (科目名称 → 编码).

Names repeat under many parents (行政运行), so items are read in their order: a name is taken to be
under the account named last, beside it, or beside one of its ancestors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from budget_watch.codes import names, years
from ingest.bind.words import item_name
from ingest.sources.grid import squeeze

_TAIL = re.compile(r"\((?:类|款|项|目|国资预算)\)$")
UNCODED = "~"  # begins the code of an item that no code list knows; its name follows


@cache
def _names(system: str, year: int) -> Mapping[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for code, name in code_names(system, year).items():
        index.setdefault(plain(squeeze(name)), []).append(code)
    return {name: tuple(sorted(codes)) for name, codes in index.items()}


@cache
def code_names(system: str, year: int) -> Mapping[str, str]:
    """Return code → name of a code list in a year, or in the nearest year that it covers."""
    known = years(system)
    return names(system, min(max(year, known[0]), known[-1]))


def plain(name: str) -> str:
    """Return an account's name as it is compared: without numbering, kind and quotes."""
    bare = _TAIL.sub("", item_name(name))
    return re.sub(r"[“”\"'‘’《》、,，]", "", bare)


class CodeFinder:
    """Walks down a table's items and gives each the code that fits its place."""

    def __init__(self, system: str, year: int) -> None:
        self.known = _names(system, year)
        self.last = ""

    def find(self, name: str) -> str | None:
        """Return the code of the next item, or None when the code list has no such name."""
        key = plain(name)
        ends = ("", "支出", "收入", "(一)")
        spellings = (*(key + end for end in ends), key.removesuffix("支出"))
        candidates = next((self.known[one] for one in spellings if one in self.known), ())
        if not candidates:
            return None
        code = max(candidates, key=lambda code: (self._nearness(code), -len(code)))
        self.last = code
        return code

    def seen(self, code: str) -> None:
        """Note a code that the table itself gave."""
        self.last = code

    def _nearness(self, code: str) -> tuple[int, int]:
        """Children of the last code first, then its brothers, then those of its ancestors."""
        parent = code[: len(code) - 2] if len(code) > 3 else ""
        if not self.last:
            return (0, -len(code))
        shared = 0
        while shared < min(len(parent), len(self.last)) and parent[shared] == self.last[shared]:
            shared += 1
        fits = self.last.startswith(parent)
        return (shared if fits else -1, 0)
