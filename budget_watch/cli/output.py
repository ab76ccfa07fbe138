"""What a command prints: one JSON object a line on stdout, words for people on stderr.

Exit status: 0 done; 1 done, but a person must look; 2 wrong usage; 3 could not run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

DONE, LOOK, USAGE, FAILED = 0, 1, 2, 3

LEAST_FOLDED = 24
UNBROKEN = ("file", "page")

say = Console(stderr=True, highlight=False)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def line(record: Mapping[str, Any]) -> None:
    """Write one JSON object as a line on stdout."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


class Printer:
    """Prints records as JSON lines or as a table, and the summary last.

    A table that is too wide for the screen is printed in lines, a record a paragraph: no sentence
    stands in a column a few signs wide, no path is broken.

    Args:
        as_json: JSON lines when true, a table for people otherwise.
        columns: record key → Chinese heading, for the table.
    """

    def __init__(self, as_json: bool, columns: Mapping[str, str], title: str = "") -> None:
        self.as_json = as_json
        self._columns = columns
        self._title = title
        self._rows: list[list[str]] = []
        self._notes: list[str] = []

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one record, now (JSON) or with the table at the end."""
        if self.as_json:
            line(record)
            return
        self._rows.append([_cell(record.get(key)) for key in self._columns])

    def records(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Print several records."""
        for record in records:
            self.record(record)

    def note(self, text: str) -> None:
        """A line for people between the table and the last sentence."""
        self._notes.append(text)

    def close(self, summary: Mapping[str, Any], sentence: str) -> None:
        """Print the summary: the last JSON line, or the table and one Chinese sentence."""
        if self.as_json:
            line({"summary": True, **summary})
            return
        console = Console(highlight=False)
        if self._rows and self._fits(console.width):
            console.print(self._table())
        elif self._rows:
            self._lines(console)
        for text in (*self._notes, sentence):
            console.print(text, soft_wrap=True, markup=False)

    def _table(self) -> Table:
        table = Table(title=self._title or None, header_style="bold")
        for heading in self._columns.values():
            table.add_column(heading, overflow="fold")
        for row in self._rows:
            table.add_row(*(Text(cell) for cell in row))
        return table

    def _widths(self) -> list[int]:
        head = [cell_len(each) for each in self._columns.values()]
        return [
            max([least, *(cell_len(row[at]) for row in self._rows)])
            for at, least in enumerate(head)
        ]

    def _fits(self, width: int) -> bool:
        """Whether the table needs no folding, or only of a column that stays wide enough."""
        widths = self._widths()
        spare = width - sum(widths) - 3 * len(widths) - 1
        if spare >= 0:
            return True
        widest = max(widths)
        key = list(self._columns)[widths.index(widest)]
        return key not in UNBROKEN and widest + spare >= LEAST_FOLDED

    def _lines(self, console: Console) -> None:
        if self._title:
            console.print(self._title, soft_wrap=True, markup=False)
        for row in self._rows:
            short: list[str] = []
            long: list[str] = []
            for heading, cell in zip(self._columns.values(), row, strict=True):
                if cell in ("", "—"):
                    continue
                said = f"{heading} {cell}"
                (long if cell_len(cell) > LEAST_FOLDED else short).append(said)
            console.print("  ".join(short), soft_wrap=True, markup=False)
            for said in long:
                console.print(f"    {said}", soft_wrap=True, markup=False)


def _cell(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return " ".join(f"{key}={item}" for key, item in value.items())
    return str(value)
