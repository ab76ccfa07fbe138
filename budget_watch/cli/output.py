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

from rich.console import Console
from rich.table import Table

DONE, LOOK, USAGE, FAILED = 0, 1, 2, 3

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

    Args:
        as_json: JSON lines when true, a table for people otherwise.
        columns: record key → Chinese heading, for the table.
    """

    def __init__(self, as_json: bool, columns: Mapping[str, str], title: str = "") -> None:
        self.as_json = as_json
        self._columns = columns
        self._table = Table(title=title or None, header_style="bold")
        for heading in columns.values():
            self._table.add_column(heading, overflow="fold")

    def record(self, record: Mapping[str, Any]) -> None:
        """Print one record, now (JSON) or with the table at the end."""
        if self.as_json:
            line(record)
            return
        self._table.add_row(*(_cell(record.get(key)) for key in self._columns))

    def records(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Print several records."""
        for record in records:
            self.record(record)

    def close(self, summary: Mapping[str, Any], sentence: str) -> None:
        """Print the summary: the last JSON line, or the table and one Chinese sentence."""
        if self.as_json:
            line({"summary": True, **summary})
            return
        if self._table.row_count:
            Console(highlight=False).print(self._table)
        Console(highlight=False).print(sentence)


def _cell(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return " ".join(f"{key}={item}" for key, item in value.items())
    return str(value)
