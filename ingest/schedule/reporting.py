"""Builds reports of periods that are over, between two business days, in a process of its own.

What is due is asked again only when something was published or the settings were changed. A build
that died with its process is carried on by whoever looks next, here or on another machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from budget_watch.lake import Home, LakeError, records
from budget_watch.lake.home import CONFIGURATION
from budget_watch.lake.state import engine
from ingest.schedule.clock import steady
from ingest.schedule.recorded import Halt, Show

LOOK_SECONDS, AGAIN_SECONDS = 0.2, 60.0
State = tuple[int | None, float]  # number of the last publishing; time of the settings
Build = Callable[[Home, Show, Halt], None]


@dataclass
class Reporter:
    """One reporter of one home.

    Attributes:
        build: builds what is due. seconds: go on whatever the wall clock does.
    """

    home: Home
    show: Show
    halt: Halt
    build: Build = field(default_factory=lambda: in_a_process)
    seconds: Callable[[], float] = steady
    _seen: State | None = None
    _not_before: float = 0.0

    def look(self) -> None:
        """Build what is due; what goes wrong is said, and no business day stops for it."""
        from budget_watch.digest.errors import DigestError
        from budget_watch.digest.scheduled import due

        if not self.home.exists or self.halt.event.is_set() or self.seconds() < self._not_before:
            return
        try:
            state = self._state()
            if state == self._seen:
                return
            if due(self.home):
                self.build(self.home, self.show, self.halt)
            if due(self.home):  # it died, or somebody else is at it
                self._not_before = self.seconds() + AGAIN_SECONDS
            else:
                self._seen = state
        except (DigestError, LakeError, OSError) as error:
            self._seen = self._state()
            self.show({"event": "digest", "message": f"没有定时编写季刊：{error}"})
        except SQLAlchemyError as error:  # the database is away for a moment
            self.show({"event": "digest", "message": f"没有定时编写季刊：{type(error).__name__}"})

    def _state(self) -> State:
        path = self.home.root / CONFIGURATION
        with engine(self.home).connect() as connection:
            last = connection.execute(sa.select(sa.func.max(records.snapshot.c.seq))).scalar()
        return last, path.stat().st_mtime if path.exists() else 0.0


def in_a_process(home: Home, show: Show, halt: Halt) -> None:
    """Build what is due in a process of its own: a report's memory goes with it.

    Where `halt` is set it is ended, and its issue is carried out by whoever looks next.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(str(home.root), theirs), name="digest-due")
    child.start()
    theirs.close()
    try:
        _listen(child, ours, show, halt)
    finally:
        if child.is_alive():
            child.terminate()
        child.join()
        ours.close()


def _listen(child: SpawnProcess, ours: Connection, show: Show, halt: Halt) -> None:
    while not halt.event.is_set():
        if ours.poll(LOOK_SECONDS):
            try:
                show({"event": "digest", "message": ours.recv()})
            except EOFError:
                child.join()
                return
        elif not child.is_alive():
            return


def _work(root: str, theirs: Connection) -> None:
    from budget_watch.digest.scheduled import build_due

    build_due(Home(Path(root)), theirs.send)
