"""The rule book as pages read it: kept as long as no file of it changes."""

from __future__ import annotations

from typing import Any

from budget_watch.casework.book import book_now
from budget_watch.lake import Home
from dashboard.context import Context


def book_of(context: Context) -> Any:
    """The rule book with the home's overlay, read anew when a file of it changes."""
    return context.rule_book


def book_at(home: Home) -> Any:
    """The rule book of a home."""
    return book_now(home.root)
