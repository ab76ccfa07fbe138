"""What can go wrong in the lake. Every message says what, where and what to do, in Chinese."""

from __future__ import annotations

import sqlalchemy.exc


class LakeError(Exception):
    """Anything that stops a read or a write of the lake."""


class StateError(LakeError, sqlalchemy.exc.SQLAlchemyError):
    """The state database cannot be read or written: disk full, read-only, not allowed, away."""

    def __str__(self) -> str:
        return str(self.args[0])


class LeaseError(LakeError):
    """Somebody else is writing, or this writer's lease was taken over."""


class FrameError(LakeError):
    """A frame handed to the writer does not fit the table's contract."""


class UnknownTableError(LakeError):
    """No table and no mart has this name."""


class UnknownSnapshotError(LakeError):
    """No snapshot has this id, or none was published by the day asked for."""


class DamagedError(LakeError):
    """Files of a published snapshot are missing or do not add up to what the ledger says.

    Attributes:
        table: whose files, where it is one table's.
    """

    def __init__(self, said: str, table: str = "") -> None:
        super().__init__(said)
        self.table = table


class BackupError(LakeError):
    """A backup cannot be made, is not whole, or cannot be restored here."""
