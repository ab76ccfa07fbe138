"""What can go wrong when data is brought in. Every message is one Chinese sentence for a person."""

from __future__ import annotations


class IngestError(Exception):
    """A file, sheet or delivery cannot be taken. Says what, where, and what to do."""


class Unreadable(IngestError):
    """The file cannot be opened: damaged, encrypted, empty, too large, of an unknown kind."""


class Unrecognised(IngestError):
    """The file can be read, but no table or published form fits it."""


class Refused(IngestError):
    """The table is known, but its structure or unit is wrong: nothing of it is stored.

    `table` is the code of the table.
    """

    def __init__(self, message: str, table: str | None = None) -> None:
        super().__init__(message)
        self.table = table


class FormError(IngestError):
    """A form file under ingest/forms is wrong. Says file and what to write."""
