"""Page views, kept back for a second and written together. Acts are never buffered."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from budget_watch.audit.entry import Note
from budget_watch.audit.key import AuditKey
from budget_watch.audit.log import append


class ViewBuffer:
    """Collects notes of what was seen; a killed process loses those of its last second at most.

    Args:
        writing: opens a writing transaction of the state database.
        key: the chain's key.
        seconds: how long a view may wait.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[sa.Connection]],
        key: AuditKey,
        seconds: float = 1.0,
    ) -> None:
        self._writing = writing
        self._key = key
        self._seconds = seconds
        self._waiting: list[Note] = []
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._timer: threading.Timer | None = None
        atexit.register(self.flush)

    def saw(self, note: Note) -> None:
        """Take a view; it is written within the second, with the time at which it was seen."""
        with self._lock:
            self._waiting.append(replace(note, at=note.at or datetime.now(UTC)))
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits, now. What cannot be written stays and is tried again.

        Raises:
            AuditError: the key is missing or wrong.
        """
        with self._flushing:
            with self._lock:
                notes = list(self._waiting)
                if self._timer is not None:
                    self._timer.cancel()
                self._timer = None
            if not notes:
                return
            with self._writing() as connection:
                append(connection, self._key, *notes)
            with self._lock:
                del self._waiting[: len(notes)]
