"""The rule book as pages read it: kept as long as no file of it changes."""

from __future__ import annotations

from typing import Any

from budget_watch.casework.checking import book_stamp, rule_book
from budget_watch.lake import Home
from dashboard.context import Context, kept


def book_of(context: Context) -> Any:
    """The rule book with the home's overlay, read anew when a file of it changes."""
    return book_at(context.home)


def book_at(home: Home) -> Any:
    """The rule book of a home."""
    root = home.root
    return kept(("book", str(root), book_stamp(root)), lambda: rule_book(root))
