"""What every kind of source does: fetch, into its spool, what arrived up to a business date."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from ingest.errors import IngestError
from ingest.spool import Parcel, Spool

Tell = Callable[[str], None]


class SourceFault(IngestError):
    """A source cannot be read just now: refused, unreachable, wrong answer. Nothing was lost."""


class Stopped(IngestError):
    """The run was cancelled or the source's time is over; it goes on where it stopped next time."""


@dataclass
class Errand:
    """One fetch: up to which day, where to, and whether to go on.

    Attributes:
        day: last business date that is asked for (D, fetched on D+1).
        spool: where parcels are put. Whatever is put stays, also if the fetch fails afterwards.
        memory: a folder of the source's own for cursors and half-read pages; survives runs. Written
            atomically; losing it only costs reading again.
        stop: set when the run is cancelled or the time is over; look at it between pages.
        tell: says in Chinese what is being done.
    """

    day: date
    spool: Spool
    memory: Path
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Tell = lambda text: None

    def go_on(self) -> None:
        """Raise Stopped where the fetch must end."""
        if self.stop.is_set():
            raise Stopped("取数被取消或超过时限；下次运行从停下的地方继续。")


@dataclass(frozen=True)
class Fetched:
    """What a fetch brought: the parcels put (new or known), and what was odd but survived."""

    parcels: tuple[Parcel, ...] = ()
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """One configured source."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    def fetch(self, errand: Errand) -> Fetched:
        """Put into the spool whatever arrived up to the errand's day and is not there yet.

        A delivery is put only when it is whole. Called again after success, failure or death it
        brings the rest.

        Raises:
            SourceFault: what failed, where, what to do; retries are over.
            Stopped: see `Errand.go_on`.
        """
